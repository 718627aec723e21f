"""Similar names: the scorer is symmetric and total, the index finds what the scorer would, more data hides nothing."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from screener.core import screen
from screener.core.decode import NAME_CHARS_MAX, PARTIES_MAX
from screener.core.fold import words
from screener.core.names.candidates import _against, _missing_max
from screener.core.names.score import ACRONYM_LETTERS_MIN, JOINED_CHARS_MIN, edits_between
from screener.lists.build import Inputs, build
from screener.model import Terms
from tests.costs import assert_growth
from tests.oracle import similar as oracle

LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"
TERMS = Terms(received_on="2026-11-22")
STERNNESS = {"clear": 0, "review": 1, "block": 2}

ANY = st.text(max_size=60) | st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
SYLLABLES = (
    "ve",
    "ska",
    "rin",
    "tor",
    "lux",
    "dra",
    "ven",
    "ko",
    "or",
    "ban",
    "ek",
    "glu",
    "khar",
    "quor",
    "bley",
    "ost",
)
INVENTED = st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=4).map("".join)
SAID = (
    *(
        "technology",
        "semiconductor",
        "international",
        "institute",
        "no",
        "14",
        "trading",
        "precision",
        "optics",
        "tech",
    ),
    *("abd", "al", "karim", "yusuf", "youssef", "grigory", "smith", "china", "of", "mfg", "intl", "dr", "b", "g"),
)
WORD = INVENTED | st.sampled_from(SAID)
NAME = st.lists(WORD, min_size=1, max_size=6)
LISTED = st.lists(WORD, min_size=1, max_size=6, unique=True)  # of a word said twice the index hears one
LETTERS = "abcdefghijklmnopqrstuvwxyz"


# --- the scorer ------------------------------------------------------------------------------------------------------


def scored(one, two, *, person):
    scorer = oracle.parts().scorer
    return scorer.score(scorer.analyze(one, person=person), scorer.analyze(two, person=person))


@given(ANY | NAME.map(" ".join), ANY | NAME.map(" ".join), st.booleans())
@example("al badrani yusuf abd al karim", "yusuf al karim al abd", True)
@example("north wind", "northwind", False)
@settings(max_examples=400)
def test_score_is_symmetric_and_in_bounds(name1, name2, person):
    """Whatever two names are, the score is from 0 to 1, and it is the same whichever is asked first."""
    one, two = words(name1), words(name2)
    score, other = scored(one, two, person=person), scored(two, one, person=person)
    assert (score.value, score.bits, score.complete) == (other.value, other.bits, other.complete)
    assert len(score.reasons) == len(other.reasons)
    assert 0.0 <= score.value <= 1.0
    assert score.bits >= 0.0


@given(NAME, st.booleans())
@settings(max_examples=200)
def test_a_name_scores_1_with_itself(name, person):
    """The same words score 1, whatever they are."""
    score = scored(name, name, person=person)
    assert score.value == 1.0
    assert score.complete


@given(NAME, NAME, st.booleans())
@settings(max_examples=400)
def test_only_the_same_words_score_1(name1, name2, person):
    """Two names of which a word has no equal score below 1, light words (titles, particles, "the") left aside."""
    scorer = oracle.parts().scorer
    one, two = (scorer.analyze(name, person=person) for name in (name1, name2))
    telling = [sorted(word.canon for word in name.words if word.weight > 0.1) for name in (one, two)]
    assume(telling[0] != telling[1] and one.key != two.key)
    assert scorer.score(one, two).value < 1.0


@given(st.lists(WORD.filter(lambda word: len(word) > 1), min_size=1, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_order_of_a_persons_names_makes_no_difference(name, draw):
    """A person's names in any order are the same person: the score is that of the same words."""
    turned = name[:]
    draw.shuffle(turned)
    assert scored(name, turned, person=True).value > 0.95


# --- words within reach ----------------------------------------------------------------------------------------------


@st.composite
def misspelt(draw, word, errors):
    """A word with so many typing errors: insert, drop, change, swap."""
    for _ in range(errors):
        at = draw(st.integers(0, len(word) - 1))
        letter = draw(st.sampled_from(LETTERS))
        way = draw(st.integers(0, 3))
        swapped = word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        word = (
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at + 1 :],
            swapped,
        )[way]
        assume(word)
    return word


@given(
    st.data(), st.text(alphabet="abcde", min_size=3, max_size=16) | st.text(alphabet=LETTERS, min_size=3, max_size=20)
)
@example(None, "semiconductor")
@settings(max_examples=600)
def test_every_word_within_the_errors_allowed_is_found(data, word):
    """The recall promise for a word: whatever errors the scorer bears between it and a list word, it leads there."""
    if data is None:
        wrong = "esmicondutcor"
    else:
        wrong = data.draw(misspelt(word, data.draw(st.integers(1, 2))))
    assume(oracle.parts().fold.core([word, "quorbley"])[0] == word)  # legal forms are no words of a name
    edits = edits_between(wrong, word)
    near = dict(only(word).words.near(wrong))
    assert near.get(word, 0) == edits


@cache
def only(word):
    """A finder whose list has one name: this word, which alone is evidence enough when it stands with another."""
    return oracle.candidates([oracle.entry(0, f"{word} Quorbleyvantekostwind Zorvantekdraluxen", kind="organization")])


@given(st.lists(INVENTED, min_size=1, max_size=30, unique=True), st.data())
@settings(max_examples=200)
def test_near_words_are_those_that_a_search_letter_by_letter_finds(listed, data):
    """Of many list words exactly those within the errors allowed are found, with how many errors."""
    finder = oracle.candidates(
        [oracle.entry(at, f"{word} Zorvantekdraluxen Quorblum") for at, word in enumerate(listed)]
    )
    asked = data.draw(misspelt(data.draw(st.sampled_from(listed)), data.draw(st.integers(0, 2))))
    near = {word: edits for word, edits in finder.words.near(asked) if word in listed}
    assert near == {word: edits for word in listed if (edits := edits_between(asked, word))}


# --- candidates against the scorer asked about every name ------------------------------------------------------------


@st.composite
def differing(draw, name):
    """A name as somebody may write it: words misspelt, left out, added, in another order, as an initial."""
    found = []
    for word in name:
        way = draw(st.integers(0, 9))
        if way == 0:
            continue
        if way in {1, 2, 3} and word.isalpha():
            word = draw(misspelt(word, draw(st.integers(1, 2))))  # noqa: PLW2901
        elif way == 4 and word.isalpha():
            word = word[0]  # noqa: PLW2901
        found.append(word)
    if draw(st.booleans()):
        found = draw(st.permutations(found))
    if draw(st.integers(0, 4)) == 0:
        found.append(draw(WORD))
    return found


def promised(score):
    """Whether a score rests on nothing but what the index promises: no acronym, no error in words written together."""
    for reason in score.reasons:
        left, _, right = reason.partition(" = ")
        sides = [side.split() for side in (left, right)]
        if not right or [len(side) for side in sides] == [1, 1]:
            continue
        short = next(side for side in sides if len(side) == 1)[0]
        run = next((side for side in sides if len(side) > 1), [])
        if short != "".join(run):
            return False  # an acronym, or a spelling of the words written together
    return True


@given(
    st.lists(st.tuples(LISTED, st.sampled_from(["person", "organization", "vessel", ""])), min_size=1, max_size=6),
    st.data(),
)
@settings(max_examples=500)
def test_what_would_score_is_a_candidate(rows, data):
    """Every name that scores its threshold with the evidence for an alert, by what the index promises, is found."""
    assert_all_found(rows, data)


@given(
    st.lists(st.tuples(LISTED, st.sampled_from(["person", "organization", "vessel", ""])), min_size=1, max_size=6),
    st.data(),
)
@settings(max_examples=500)
def test_what_would_score_is_a_candidate_where_every_pair_of_words_is_crowded(rows, data):
    """So is every name if all pairs of words are filed as those of many names are."""
    with patch("screener.lists.name_index.PAIR_NAMES_MAX", 0):
        assert_all_found(rows, data)


def test_a_light_word_where_another_one_is_left_out_is_still_a_candidate():
    """The word "do" weighs nearly nothing, and stands for a part of what "no" (number) weighs."""
    assert_found([oracle.entry(0, "no veve veveve", kind="organization")], words("do veve veveve"))


def assert_all_found(rows, data):
    listed = [oracle.entry(at, " ".join(name), kind=kind) for at, (name, kind) in enumerate(rows)]
    found = data.draw(differing(data.draw(st.sampled_from(rows))[0]))
    assume(found)
    assert_found(listed, words(" ".join(found)))


def assert_found(listed, found):
    finder = oracle.candidates(listed)
    numbers = finder.find(oracle.parts().fold.core(found))
    given_out = {finder.name(number) for number in numbers}
    expected = {key: score for key, score in oracle.scored(listed, found).items() if promised(score)}
    missed = {key: score for key, score in expected.items() if key not in given_out}
    assert missed == {}, (found, [entry.name for entry in listed])


WEIGHT = st.floats(0.0, 4.0)


@given(WEIGHT, WEIGHT, WEIGHT, st.booleans())
@settings(max_examples=500)
def test_the_most_that_may_be_missing_is_no_less_than_what_the_bound_bears(missing, over, most, person):
    """Whatever may be left of a list name by what stands against it is within the limit that is worked out for it."""
    costs = oracle.parts().costs[person]
    if _against(missing, over, costs) <= most:
        assert missing <= _missing_max(most, over, costs) + 1e-9


# --- more about a party hides nothing --------------------------------------------------------------------------------


@cache
def snapshot():
    return build(Inputs(lists=[LISTS / "similar_2026-11-20.csv"], private=[LISTS / "private_2026-11-20.csv"])).snapshot


def answered(party):
    """Outcome, priority and entries of an order with this party."""
    told = orjson.loads(screen(json.dumps({"order_id": "O-1", "parties": [party]}).encode(), snapshot(), TERMS).value)
    return told["outcome"], {(row["entry_id"], row["code"]) for row in told.get("findings", ()) if "entry_id" in row}


@cache
def listed_names():
    return sorted(alias.name for entry in snapshot().entries for alias in entry.aliases)


@st.composite
def party_names(draw):
    """A listed name, as it stands or with errors, or a name of nobody."""
    name = draw(st.sampled_from(listed_names()))
    return " ".join(draw(differing(words(name)))) or name if draw(st.integers(0, 3)) else name


MORE = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["CN", "RU", "GB", "US", "DE", "SY"]),
        "kind": st.sampled_from(["person", "organization", "vessel", "aircraft"]),
        "address": st.sampled_from(["18 Gullwing West Road, Shenzhen", "9 Meadow Lane, Boise, ID", "CN", "14"])
        | st.text(max_size=20),
        "identifiers": st.dictionaries(
            st.sampled_from(["lei", "tax", "registration", "passport"]),
            st.sampled_from(["91440300MA5ZXK17Q2", "715502986", "HRB 30311", "-"]),
            max_size=2,
        ),
        "other_names": st.lists(party_names(), max_size=2),
    },
)


@given(party_names(), MORE)
@settings(max_examples=400)
def test_more_about_a_party_never_hides_a_finding(name, more):
    """Whatever is added to a party, every finding stays or becomes a sterner one, and the outcome is no softer."""
    outcome, findings = answered({"name": name})
    with_more, more_findings = answered({"name": name} | more)
    assert STERNNESS[with_more] >= STERNNESS[outcome]
    assert findings <= more_findings


# --- time ------------------------------------------------------------------------------------------------------------

SCRIPTS = {
    "latin": "Veskarin Semiconducter ",
    "letters": "a b c d e f ",
    "one word": "vesakrin",
    "cyrillic": "Щербанов Григорий ",
    "arabic": "يوسف عبد الكريم ",
    "han": "成都云雀科技",
    "hangul": "박영필",
    "kana": "キコリ タヌキ ",
    "mixed": "Tarnolux Оптика 云雀 ",
    "marks": "e\u0301\u0302\u0303",
    "borders": "Tarnolux, (Optcs) / ",
    "emoji": "\U0001f600 ",
}


def screening(parties):
    """A call that screens these parties with an empty memory."""
    raw, fresh = json.dumps({"order_id": "O-1", "parties": parties}).encode(), replace(snapshot())
    return lambda: screen(raw, fresh, TERMS)


def name_of(text, chars, number):
    """A name of so many characters; each round has one that no cache has seen."""
    return f"{LETTERS[number]} {text * (chars // len(text) + 1)}"[:chars]


@pytest.mark.parametrize("script", SCRIPTS)
def test_cost_of_a_name_grows_with_its_length_only(script):
    """A name in any script costs as its length, up to the longest; a longer one is quarantined."""
    text = SCRIPTS[script]
    assert_growth(lambda chars, number: screening([{"name": name_of(text, chars, number)}]), NAME_CHARS_MAX // 4)
    assert screening([{"name": name_of(text, 100_000, 0)}])().outcome == "quarantine"


@pytest.mark.parametrize("script", SCRIPTS)
def test_scoring_a_name_costs_as_its_length(script):
    """The scorer and the index hear the first words of a name, and the letters of a long one cost as many as it has."""

    def prepare(chars, number):
        found = words(name_of(SCRIPTS[script], chars, number))

        def call():
            snapshot().similar(found)
            scored(found, found[::-1], person=True)

        return call

    assert_growth(prepare, 25_000)


def test_time_grows_with_the_number_of_parties():
    """Parties cost as many of them as there are, up to the most that an order may hold; 1,000 are quarantined."""

    def prepare(count, number):
        return screening(
            [
                {"name": f"Veskar{LETTERS[at % 26]}n Semiconductor Tech{at} (Tarnolx Optics {count}{number}{at})"}
                for at in range(count)
            ]
        )

    assert_growth(prepare, PARTIES_MAX // 4)
    assert screening([{"name": "Veskarim Works"}] * 1_000)().outcome == "quarantine"


def test_the_limits_of_the_promise_are_those_of_the_scorer():
    """The index promises joined words and initials as the scorer pairs them."""
    assert (JOINED_CHARS_MIN, ACRONYM_LETTERS_MIN) == (4, 3)
