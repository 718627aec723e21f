"""Misspelt forms of names as the benchmarks use them: what each treatment does, and that runs repeat."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.treatments import NO_BREAK_SPACE, TREATMENTS, VARIANTS_MAX, VOWELS, variants

NAMES = (
    "Ümit Özgür Demir",
    "JSC Arktur",
    "Long-Wave Electronics Co., Ltd.",
    "ABD AL-RAHMAN",
    "Jérôme Kakwavu",
    "Li Wei",
)


def differing(one: str, two: str) -> list[int]:
    return [at for at, (left, right) in enumerate(zip(one, two, strict=True)) if left != right]


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_a_form_is_never_the_name_and_never_twice_the_same(treatment: str) -> None:
    """Forms differ from the name and from each other, and there are no more of them than asked for."""
    for name in NAMES:
        forms = variants(name, treatment)
        assert name not in forms
        assert len(set(forms)) == len(forms) <= VARIANTS_MAX
        assert variants(name, treatment, 1) == forms[:1]


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("name", ["", " ", "X", "12 34", "北京", "??", "\ud800"])
def test_names_with_nothing_to_treat_give_forms_or_none(treatment: str, name: str) -> None:
    """A name without words of three letters makes no treatment fail, and no form is without a letter or digit."""
    assert all(any(map(str.isalnum, form)) for form in variants(name, treatment))


def test_swapped_letters_are_neighbors_of_one_word() -> None:
    """Two letters side by side change places, and nothing else."""
    for name in NAMES:
        for form in variants(name, "letters swapped", 20):
            one, two = differing(name, form)
            assert two == one + 1
            assert (form[one], form[two]) == (name[two], name[one])
            assert name[one : two + 1].isalpha()


def test_a_letter_is_doubled_or_dropped_in_place() -> None:
    """A doubled letter stands twice in a row, a dropped one is gone, and all others stay."""
    for name in NAMES:
        for form in variants(name, "letter doubled", 20):
            assert any(name[: at + 1] + name[at:] == form for at in range(len(name)) if name[at].isalpha())
        for form in variants(name, "letter dropped", 20):
            assert any(name[:at] + name[at + 1 :] == form for at in range(len(name)) if name[at].isalpha())


def test_a_vowel_becomes_another_vowel_of_its_case() -> None:
    """One vowel is another one afterwards, a capital a capital."""
    for name in NAMES:
        for form in variants(name, "vowel changed", 20):
            (at,) = differing(name, form)
            assert name[at].lower() in VOWELS
            assert form[at].lower() in VOWELS
            assert name[at].isupper() == form[at].isupper()


def test_word_order_keeps_the_words() -> None:
    """The same words in another order; a name of one word has none."""
    for name in NAMES:
        assert all(Counter(form.split()) == Counter(name.split()) for form in variants(name, "word order"))
    assert variants("Li Wei", "word order") == ["Wei Li"]
    assert variants("Huawei", "word order") == []


def test_blanks_become_no_break_spaces() -> None:
    """Every blank is a no-break space afterwards; a name of one word has no such form."""
    assert variants("Li Wei Min", "no-break spaces") == [f"Li{NO_BREAK_SPACE}Wei{NO_BREAK_SPACE}Min"]
    assert variants("Huawei", "no-break spaces") == []


def test_letters_beyond_ascii_are_lost_or_question_marks() -> None:
    """Letters beyond ASCII are left out or become question marks; a name in ASCII has no such form."""
    assert set(variants("Jérôme", "non-ASCII lost")) == {"Jrme", "J?r?me"}
    assert variants("Jerome", "non-ASCII lost") == []


def test_the_same_seed_gives_the_same_forms() -> None:
    """Forms depend on name, treatment and seed alone."""
    assert variants("Mohammad Eshaq Akhunzada", "letter dropped", 3, seed=1) == variants(
        "Mohammad Eshaq Akhunzada", "letter dropped", 3, seed=1
    )
    assert variants("Mohammad Eshaq Akhunzada", "letter dropped", 3, seed=1) != variants(
        "Mohammad Eshaq Akhunzada", "letter dropped", 3, seed=2
    )
