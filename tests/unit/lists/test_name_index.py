"""The index of list names: which aliases are filed, as what, and under what."""

import pytest

from screener.core.names.candidates import SAID_TWICE
from screener.core.names.list_words import pieces, shortened
from screener.core.names.score import LONG_CHARS_MIN
from screener.lists.name_index import PAIR_NAMES_MAX
from screener.model import Alias
from tests.oracle import similar as oracle


def kinds(*names, kind=""):
    """As what the names of one entry are filed: True for a person's."""
    held = oracle.shelves([oracle.entry(0, *names, kind=kind)]).names
    return [(alias, bool(person)) for alias, person in zip(held.aliases, held.person, strict=True)]


def test_a_name_of_known_kind_is_filed_as_that():
    """A person's name is filed as a person's, any other's as another's."""
    assert kinds("Oswin Fennickdale", kind="person") == [(0, True)]
    assert kinds("Oswin Fennickdale", kind="organization") == [(0, False)]
    assert kinds("Oswin Fennickdale", kind="vessel") == [(0, False)]


def test_a_name_of_unknown_kind_is_filed_as_both_unless_its_words_tell():
    """An alias of an entry of unknown kind is scored both ways; a legal form or a trade says that it is no person."""
    assert kinds("Oswin Fennickdale") == [(0, False), (0, True)]
    assert kinds("Fennickdale Ltd") == [(0, False)]
    assert kinds("Fennickdale Semiconductor") == [(0, False)]


def test_weak_aliases_and_names_without_evidence_are_not_filed():
    """What can't be an alert is not in the index: weak aliases, names of common words only, names without a word."""
    weak = Alias("Quorbley Fennickdale", "weak")
    assert kinds("Quorbley Fennickdale", weak, kind="organization") == [(0, False)]
    assert kinds("Technology Company", kind="organization") == []
    assert kinds("---", kind="organization") == []


def spelled(index, word):
    """The stems that a word of a list name stands for."""
    return {index.stems[stem] for stem in index.spelled[[*index.stems, *index.words].index(word)]}


def test_spellings_lead_to_the_word_they_stand_for():
    """An abbreviated word of a list name is filed under the whole word, and leads there itself."""
    index = oracle.shelves([oracle.entry(0, "Quorbley Mfg", kind="organization")])
    assert "manufacturing" in index.stems
    assert spelled(index, "mfg") == {"manufacturing"}


TOGETHER = {
    "abdal": {"abd", "al"},
    "alkarim": {"al", "karim"},
    "abdalkarim": {"abd", "al", "karim"},
    "yusufkarim": set(),
}


def test_neighboring_words_are_filed_as_one():
    """Two and three neighboring words lead as one word to the stems of all, in the usual spelling too."""
    index = oracle.shelves([oracle.entry(0, "Yusuf Abd al-Karim Quorbley", kind="person")])
    joined = {text: {index.stems[stem] for stem in index.joined.get(text)} for text in TOGETHER}
    assert joined == TOGETHER
    assert spelled(index, "abdul") == {"abd", "al"}
    assert spelled(index, "abdulkarim") == {"abd", "al", "karim"}


def test_a_name_is_filed_under_a_pair_of_its_words_or_under_one_alone():
    """Every filed name can be reached: by a word that carries it, or by two of its words."""
    listed = [
        oracle.entry(0, "Quorbley"),
        oracle.entry(1, "Quorbley Technology"),
        oracle.entry(2, "Veskarin Quorbley Optics"),
    ]
    index = oracle.shelves(listed)
    alone = {name for names in index.alone.values() for name in names}
    paired = {name for names in index.filed for name in names}
    assert alone | paired == set(range(len(index.names.entries)))
    assert all([*row] == sorted(set(row)) for row in index.beside)
    assert len(index.beside) == len(index.stems)
    assert len(index.beside.numbers) == len(index.filed)
    assert index.crowded == []


def test_a_pair_is_filed_under_the_rarer_word_and_a_letter_is_the_commonest():
    """What is looked up is a short row: that of "quorbley" and not that of "optics", which several names have."""
    names = ["Quorbley Optics", "Veskarin Optics"]
    index = oracle.shelves([oracle.entry(at, name, kind="person") for at, name in enumerate(names)])
    stem = {text: number for number, text in enumerate(index.stems)}
    assert stem["optics"] in index.beside[stem["quorbley"]]
    assert not {stem["quorbley"], stem["veskarin"]}.intersection(index.beside[stem["optics"]])
    assert stem["q"] in index.beside[stem["optics"]]
    assert len(index.beside[stem["q"]]) == 0


def crowd(count, *more):
    """The index of so many names that share three rare words and have a fourth of their own."""
    fourths = "precision optics machinery plastics chemical textile import medical energy".split()[:count]
    names = [*more, *(f"quorbley veskarin fennickdale {fourth}" for fourth in fourths)]
    return oracle.shelves([oracle.entry(at, name, kind="organization") for at, name in enumerate(names)])


def test_names_that_share_a_pair_of_words_are_filed_under_a_third_where_they_are_many():
    """A pair of more than PAIR_NAMES_MAX names keeps those that score by the two; the others are with their third."""
    assert crowd(PAIR_NAMES_MAX).crowded == []
    index = crowd(PAIR_NAMES_MAX + 1, "quorbley veskarin", "fennickdale brimstead")
    stem = {text: number for number, text in enumerate(index.stems)}
    pair = (stem["quorbley"], stem["veskarin"])
    ((thirds, names),) = [row[2:] for row in index.crowded if row[:2] == pair]
    held = dict(zip(thirds, names, strict=True))
    assert held[stem["fennickdale"]] == list(range(2, PAIR_NAMES_MAX + 3))
    at = index.beside.begins[pair[0]] + [*index.beside[pair[0]]].index(pair[1])
    assert [*index.filed[at]] == [0]


def test_a_name_that_says_a_word_twice_has_no_weight():
    """The weight of a name is that of its words; where a word is said twice it is told by a mark."""
    listed = [oracle.entry(at, name, kind="vessel") for at, name in enumerate(["Quorbley Optics", "Quorbley Quorbley"])]
    worth = oracle.parts().words.worth
    weights = oracle.shelves(listed).names.weights
    assert [*weights] == [sum(worth(word, person=False)[0] for word in ("quorbley", "optics")), SAID_TWICE]


def test_the_same_list_gives_the_same_index():
    """The index does not depend on anything but the entries and the rules."""
    listed = [oracle.entry(0, "Veskarin Quorbley Optics"), oracle.entry(1, "Oswin Abd al-Fennickdale", kind="person")]
    assert oracle.shelves(listed) == oracle.shelves(listed)


def test_short_words_have_no_pieces_and_long_ones_have():
    """From LONG_CHARS_MIN letters on a word is cut into pieces; a shorter one and a number are not."""
    assert pieces("a" * (LONG_CHARS_MIN - 1)) == []
    assert pieces("1" * LONG_CHARS_MIN) == []
    assert pieces("abcdefghi")[:3] == [" abc", "def", "ghi "]


@pytest.mark.parametrize(("word", "forms"), [("", [""]), ("ab", ["ab", "b", "a"]), ("aab", ["aab", "ab", "ab", "aa"])])
def test_a_word_shortened(word, forms):
    """A word with each of its letters left out, the word itself first."""
    assert list(shortened(word)) == forms
