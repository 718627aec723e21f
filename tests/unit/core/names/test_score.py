"""The scorer says of the pairs of names in tests/cases/names/scores.csv what each row says, and why."""

import csv
from itertools import pairwise, permutations
from pathlib import Path

import pytest

from screener.core.fold import words
from screener.core.names.score import EDITS_MAX, LONG_CHARS_MIN, WORD_CHARS_MAX, WORDS_MAX, edits_between, skeleton
from screener.lists import rules, scoring

PAIRS = Path(__file__).parents[3] / "cases" / "names" / "scores.csv"
TABLES = rules.read_tables()
SCORER = scoring.scorer(TABLES)
THRESHOLD = {
    "other": TABLES["matching"]["threshold"]["organization"],
    "person": TABLES["matching"]["threshold"]["person"],
}


def pairs():
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def score(one, two, kind="other"):
    person = kind == "person"
    return SCORER.score(SCORER.analyze(words(one), person=person), SCORER.analyze(words(two), person=person))


@pytest.mark.parametrize("row", pairs(), ids=lambda row: f"{row['kind']}:{row['name1']} | {row['name2']}")
def test_pair_scores_as_its_row_says(row):
    """Two names of one party reach the threshold, two of different parties do not, the same words score 1."""
    value = score(row["name1"], row["name2"], row["kind"]).value
    threshold = THRESHOLD[row["kind"]]
    holds = {"same": value == 1.0, "match": threshold <= value <= 1.0, "apart": value < threshold}
    assert holds[row["relation"]], f"{value:.3f}: {row['what it shows']}"


def test_every_pair_scores_the_same_the_other_way_round():
    """Which of two names is asked first changes neither score nor evidence."""
    for row in pairs():
        one = score(row["name1"], row["name2"], row["kind"])
        other = score(row["name2"], row["name1"], row["kind"])
        assert (one.value, one.bits, one.complete) == (other.value, other.bits, other.complete), row


def test_the_table_of_pairs_shows_both_sides():
    """The table holds pairs of one party and of two, of people and of others, and no row twice."""
    rows = pairs()
    kinds = {(row["kind"], row["relation"]) for row in rows}
    assert kinds == {(kind, relation) for kind in ("other", "person") for relation in ("same", "match", "apart")}
    assert len({(row["name1"], row["name2"], row["kind"]) for row in rows}) == len(rows)


LADDERS = {
    "errors": (
        "other",
        "Veskarin Semiconductor Technology",
        ("Veskarin Semiconductor Technology", "Veskarin Semiconducter Technology", "Veskarim Semiconducter Technology"),
    ),
    "where": (
        "other",
        "Veskarin Semiconductor Technology",
        ("Veskarin Semiconductor Technolgy", "Vskarin Semiconductor Technology"),
    ),
    "missing": ("other", "Tarnolux Precision Optics", ("Tarnolux Precision Optics", "Tarnolux Precision", "Tarnolux")),
    "names": (
        "person",
        "Grigory Dmitrievich Shcherbanov",
        ("Grigory D. Shcherbanov", "Grigory Shcherbanov", "Shcherbanov"),
    ),
}


@pytest.mark.parametrize("ladder", LADDERS)
def test_the_farther_name_scores_less(ladder):
    """More errors, errors in words that tell more, and more words left out each score less."""
    kind, listed, names = LADDERS[ladder]
    values = [score(name, listed, kind).value for name in names]
    assert all(near > far for near, far in pairwise(values)), values


def test_a_shared_rare_word_is_evidence_and_shared_common_words_are_little():
    """Bits of evidence tell a rare word that agrees from common ones."""
    rare = score("Veskarin Trading", "Veskarin Trading").bits
    common = score("International Trading Technology", "International Trading Technology").bits
    assert rare > common + 10


def test_errors_take_evidence_away():
    """A misspelt word is less evidence than the word, and a swap or a doubled letter takes less than another letter."""
    exact, slip, edit = (
        score(f"{word} Works", "Veskarin Works").bits for word in ("Veskarin", "Vesskarin", "Veskarib")
    )
    assert exact > slip > edit > 0


def test_reasons_begin_with_the_first_name():
    """In a reason the first name's word stands before the sign and the second's behind it."""
    assert "semiconducter ~ semiconductor" in score("Veskarin Semiconducter", "Veskarin Semiconductor").reasons
    assert "semiconductor ~ semiconducter" in score("Veskarin Semiconductor", "Veskarin Semiconducter").reasons
    assert "tech = technology" in score("Veskarin Tech", "Veskarin Technology").reasons
    assert "+ optics" in score("Veskarin Works Optics", "Veskarin Works").reasons


def test_legal_forms_of_different_classes_take_a_little():
    """A name that differs in the class of its legal form only is below 1 and far above the threshold."""
    told = score("Northwind Photonics University", "Northwind Photonics University")
    assert told.value == 1.0
    forms = {form: kind for form, kind in scoring.word_tables(TABLES).form_classes.items() if kind != "company"}
    one, two = next((one, two) for one, two in permutations(forms, 2) if forms[one] != forms[two])
    apart = score(f"Northwind Photonics {one}", f"Northwind Photonics {two}")
    assert THRESHOLD["other"] < apart.value < 1.0
    assert "legal form differs" in apart.reasons


def test_complete_says_that_no_word_is_left():
    """A name of which every word has its like is complete, one with a word more is not."""
    assert score("Veskarin Semiconducter", "Veskarin Semiconductor").complete
    assert not score("Veskarin Semiconductor Works", "Veskarin Semiconductor").complete
    assert not score("Belmarsh", "Veskarin").complete


def test_a_name_has_so_many_words_and_a_word_so_many_letters():
    """Of a longer name the first words are heard, of a longer word the first letters."""
    many = [f"word{'abcdefghijklmnopqrstuvwxyz'[at]}x" for at in range(WORDS_MAX)]
    kept = SCORER.analyze(many, person=False)
    assert len(kept.words) == WORDS_MAX
    assert SCORER.analyze([*many, "another"], person=False) == kept
    long = SCORER.analyze(["b" * WORD_CHARS_MAX], person=False)
    assert SCORER.analyze(["b" * WORD_CHARS_MAX + "c"], person=False) == long


@pytest.mark.parametrize(
    ("one", "two", "edits"),
    [
        ("photonics", "photonics", 0),
        ("kestrel", "kestral", 1),
        ("kestrel", "kesterl", 1),
        ("kestrel", "kestrels", 1),
        ("kestrel", "kestre", 1),
        ("kestrel", "kastral", 0),
        ("lithography", "litograhpy", 2),
        ("lithography", "litogrhpay", 0),
        ("1234", "1243", 0),
    ],
)
def test_errors_between_two_words(one, two, edits):
    """One typing error in a word, two in a long one, none in a number; more are another word, which is 0 as well."""
    assert edits_between(one, two) == edits_between(two, one) == edits


def test_long_words_begin_where_the_limit_says():
    """A word of LONG_CHARS_MIN letters may have two errors, one of a letter less may not."""
    word = "abcdefghijklmnop"
    for size, allowed in ((LONG_CHARS_MIN, EDITS_MAX), (LONG_CHARS_MIN - 1, 0)):
        assert edits_between(word[:size], "z" + word[1 : size - 1] + "y") == allowed


@pytest.mark.parametrize(
    ("one", "two"), [("usama", "osama"), ("yusuf", "youssef"), ("muhammad", "mohammed"), ("hussein", "husayn")]
)
def test_skeletons_of_spellings_are_equal(one, two):
    """Spellings of one name that differ in vowels, doubled letters, h, w and y have one skeleton."""
    assert skeleton(one) == skeleton(two) != ""


@pytest.mark.parametrize("word", ["", "ab", "12345", "a1b2", "aeiou", "yyy"])
def test_some_words_have_no_skeleton(word):
    """A word that is short, holds digits or has no consonant left has none."""
    assert skeleton(word) == ""
