"""Candidates: which list names a name's words lead to, one rule of the index at a time."""

import pytest

from screener.core.names import LIKENESSES_MAX
from screener.core.names.candidates import CANDIDATES_MAX
from screener.core.names.score import WORDS_MAX
from screener.model import Alias
from tests.oracle import similar as oracle

LISTED = [
    oracle.entry(0, "Veskarin Semiconductor Technology Co., Ltd."),
    oracle.entry(1, "Tarnolux Precision Optics GmbH", "Brimstead Lenses"),
    oracle.entry(2, "SHCHERBANOV, Grigory Dmitrievich", kind="person"),
    oracle.entry(3, "AL-BADRANI, Yusuf Abd al-Karim", kind="person"),
    oracle.entry(4, "Plovercraft Rotor Manufacturing Company"),
    oracle.entry(5, "Dravenko No. 14 Research Institute"),
    oracle.entry(6, "GLENVORRA KESTREL", kind="vessel"),
    oracle.entry(7, "QUORBLEY, Abdulkarim", kind="person"),
]
FIND = oracle.candidates(LISTED)


def found(name):
    """The entries of the candidates for a name."""
    held = oracle.parts()
    return {FIND.name(number)[0] for number in FIND.find(held.fold(name).split())}


LEADS = {
    "the name": ("Veskarin Semiconductor Technology", 0),
    "a second alias": ("Brimsted Lenses", 1),
    "a letter less": ("Veskrin Semiconductor Technology", 0),
    "a letter more": ("Veskarine Semiconductor Technology", 0),
    "another letter": ("Veskarin Semiconductor Technolagy", 0),
    "two letters that changed places": ("Vesakrin Semiconductor Technology", 0),
    "two errors in a long word": ("Shcerbanof Grigory Dmitrievich", 2),
    "errors in two words": ("Tarnolx Precison Optics", 1),
    "another order": ("Optics Precision Tarnolux", 1),
    "a common word missing": ("Tarnolux Optics", 1),
    "a word more": ("Tarnolux Precision Optics Works", 1),
    "an abbreviation": ("Plovercraft Rotor Mfg", 4),
    "a spelling of a given name": ("Youssef Abd al-Karim al-Badrani", 3),
    "a name in other vowels": ("Yusuf Abd al-Karim al-Bedrani", 3),
    "a particle written together": ("Youssef Abd al-Karim Albadrani", 3),
    "two words written together": ("Yusuf Abdul Karim al-Badrani", 3),
    "three words written together": ("Yusuf Abdulkarim Badrani", 3),
    "words written apart in another spelling": ("Abd al-Karim Quorbley", 7),
    "two initials": ("G. D. Shcherbanov", 2),
    "one initial alone": ("Shcherbanov G.", 2),
    "a word torn apart": ("Plover Craft Rotor Mfg", 4),
    "a number in words": ("Dravenko Fourteenth Research Institute", 5),
    "a patronymic missing": ("Grigory Shcherbanov", 2),
    "an initial": ("Grigory D Shcherbanov", 2),
    "a ship": ("Glenvora Kestral", 6),
}


@pytest.mark.parametrize("way", LEADS)
def test_a_name_leads_to_the_listed_one(way):
    """Each way to miswrite a name that the module promises to bear leads to the entry."""
    name, number = LEADS[way]
    assert number in found(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Technology",
        "International Technology Institute",
        "Belmarsh Precision Machine Works",
        "Dravenko",
        "Grigory Oswin",
        "Quillfeather Haberdashery",
        "x",
        "14",
    ],
)
def test_what_could_not_score_is_no_candidate(name):
    """A name of common words, of one word of several, or of unknown words leads nowhere."""
    assert found(name) == set()


def test_a_weak_alias_is_no_candidate():
    """Weak aliases are not in the index."""
    weak = Alias("Veskarin Quorbley", "weak")
    for alias, numbers in ((weak, []), (weak._replace(quality="strong"), [0])):
        listed = [oracle.entry(0, alias, kind="organization")]
        assert oracle.candidates(listed).find(["veskarin", "quorbley"]) == numbers


def test_near_words_are_those_within_the_errors_allowed():
    """A word is led to list words with one error, long ones with two, and never to itself or to a number."""
    assert FIND.words.near("tarnolux") == []
    assert FIND.words.near("tarnolix") == [("tarnolux", 1)]
    assert FIND.words.near("tarnolixx") == []
    assert FIND.words.near("semicondcutro") == [("semiconductor", 2)]
    assert FIND.words.near("15") == []
    assert FIND.words.near("") == []


def test_an_empty_list_leads_nowhere():
    """Without names there are no candidates."""
    assert oracle.candidates([]).find(["veskarin", "semiconductor"]) == []
    assert oracle.similar([])(["veskarin", "semiconductor"]) == []


def test_so_many_candidates_and_likenesses_are_given():
    """Of more names than that, CANDIDATES_MAX are candidates, and LIKENESSES_MAX entries are told."""
    for count in (CANDIDATES_MAX, CANDIDATES_MAX + 1):
        many = [oracle.entry(at, "Veskarin Semiconducter", kind="vessel") for at in range(count)]
        assert len(oracle.candidates(many).find(["veskarin", "semiconductor"])) == CANDIDATES_MAX
    for count in (LIKENESSES_MAX, LIKENESSES_MAX + 1):
        likenesses = oracle.similar(many[:count])(["veskarin", "semiconductor"])
        assert [like.entry for like in likenesses] == list(range(LIKENESSES_MAX))


def test_one_likeness_an_entry_the_best_first():
    """Of the aliases of an entry the best one is told, and of the entries the best first."""
    listed = [
        oracle.entry(0, "Veskarin Semiconducter Works", "Veskarin Semiconductor Works", "Veskarin Works"),
        oracle.entry(1, "Veskarin Semiconductor Wroks"),
    ]
    likenesses = oracle.similar(listed)(["veskarin", "semiconductor", "works"])
    assert [(like.entry, like.alias) for like in likenesses] == [(0, 1), (1, 0)]
    assert likenesses[0].value > likenesses[1].value >= likenesses[1].value_min


def test_an_alias_that_says_little_hides_no_other_of_its_entry():
    """Of an entry's aliases the one with the most evidence is told too, where another scores more on less."""
    held = oracle.parts()
    listed = [oracle.entry(0, "Kim Lee Q.", "Kim Lee Quorbleyvan", kind="person")]
    best = oracle.scored(listed, ["kim", "lee", "quorblevan"])
    assert best
    bits = max(score.bits for score in best.values())
    assert bits >= held.demands[True].bits_min
    assert bits in {like.bits for like in oracle.similar(listed)(["kim", "lee", "quorblevan"])}


def test_of_a_long_name_the_first_words_are_heard():
    """A name of more words than the limit is heard up to it."""
    find = oracle.similar(LISTED)
    assert find(["tarnolux", "precision", "optics"])
    assert [like.entry for like in find(["veskarin", "semiconductor", "technology"] + ["gmbh"] * WORDS_MAX)] == [0]
    assert find(["gmbh"] * WORDS_MAX + ["veskarin", "semiconductor", "technology"]) == []


def test_asking_again_gives_the_same():
    """What is remembered of words changes no answer."""
    find, fresh = oracle.similar(LISTED), oracle.similar(LISTED)
    names = [name.lower().replace("-", " ").split() for name, _ in LEADS.values()]
    first = [find(name) for name in names]
    assert [find(name) for name in names] == first
    assert [fresh(name) for name in reversed(names)] == first[::-1]


PEOPLE = oracle.candidates(
    [
        oracle.entry(0, "Quorbley, Georgy S", kind="person"),
        oracle.entry(1, "Fennickdalevant, Jun Chen", kind="person"),
        oracle.entry(2, "Veskarintor, Chen Fennickdale", kind="person"),
        oracle.entry(3, "Quorbley, Fennickdale", kind="person"),
    ]
)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("quorbley g sergeyevich", [0]),
        ("quorbley georgy sergeyevich", [0]),
        ("quorbley georgy tarasovich brimstead", []),
        ("fennickdalevant jc", [1]),
        ("vc fennickdale", [2]),
        ("fennickdalevant xq works", []),
    ],
)
def test_initials_of_either_name_stand_for_words_of_the_other(name, numbers):
    """A letter of a person's listed name stands for a word that begins with it, two letters for two words."""
    assert PEOPLE.find(name.split()) == numbers
