"""What else is known of a party raises a similar name in the queue or lowers it, and never hides it."""

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from screener.core import screen
from screener.core.names.evidence import IDENTIFIER_CHARS_MIN, weigh
from screener.lists.build import Inputs, build
from screener.model import Party, Terms
from screener.protocols import Likeness

LISTS = Path(__file__).parents[3] / "cases" / "screening" / "lists"
TERMS = Terms(received_on="2026-11-22")
NAME = "Veskarim Semiconductor Technology"


@cache
def snapshot():
    return build(Inputs(lists=[LISTS / "similar_2026-11-20.csv"])).snapshot


def like(entry_id="el-veskarin", value=0.9, bits=30.0, *, person=False):
    number = next(at for at, entry in enumerate(snapshot().entries) if entry.entry_id == entry_id)
    return Likeness(number, 0, person, value, 0.8, bits, ("veskarim ~ veskarin",), complete=True, edits=1)


def party(name=NAME, **fields):
    empty = {"role": "", "other_names": [], "kind": "", "address": "", "country": "", "identifiers": {}}
    return Party(name=name, **empty | fields)


def weighed(given_like=None, **fields):
    return weigh(given_like or like(), party(**fields), snapshot())


ADDRESS = "18 Gullwing West Road, Shenzhen"
REGISTRATION = {"registration": "91440300-MA5Z XK17Q2"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"country": "CN"}, "same country"),
        ({"address": ADDRESS}, "same address"),
        ({"identifiers": REGISTRATION}, "same identifier"),
    ],
)
def test_what_agrees_lifts_the_score_and_is_told(fields, reason):
    """A country, an address or an identifier of the entry lifts the score, below 1, and is a reason."""
    told = weighed(**fields)
    assert weighed().score < told.score < 1.0
    assert told.reasons == ("veskarim ~ veskarin", reason)


def test_an_identifier_says_more_than_an_address_and_that_more_than_a_country():
    """What tells a party from others better lifts more, and all together the most."""
    ways = ({}, {"country": "CN"}, {"address": ADDRESS}, {"identifiers": REGISTRATION})
    scores = [weighed(**way).score for way in ways]
    scores.append(weighed(country="CN", address=ADDRESS, identifiers=REGISTRATION).score)
    assert all(less < more for less, more in pairwise(scores)), scores


def test_another_country_lowers_the_score_never_below_the_threshold():
    """A party of another country stands behind in the queue, and is an alert all the same."""
    told = weighed(country="US")
    assert told.score < weighed().score
    assert told.alert
    assert "another country" in told.reasons
    assert weighed(like(value=0.8), country="US").score == 0.8
    assert weighed(like(value=0.805), country="US").score == 0.8


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "9 Meadow Lane, Boise, ID, US"},
        {"identifiers": {"tax": "88-1234567"}},
        {"kind": "person"},
        {"kind": "vessel", "address": "x", "identifiers": {"": ""}},
    ],
)
def test_what_differs_changes_nothing(fields):
    """Another address, identifier or kind takes nothing away."""
    assert weighed(**fields) == weighed()


def test_evidence_decides_whether_a_likeness_is_an_alert():
    """A likeness of too little evidence is none; what agrees with the entry makes up for it, exactly to the limit."""
    rule = snapshot().rules.alert
    for person, least, entry_id, country in (
        (False, rule.other_bits_min, "el-veskarin", "CN"),
        (True, rule.person_bits_min, "sdn-smith", "GB"),
    ):
        assert weighed(like(entry_id, bits=least, person=person)).alert
        assert not weighed(like(entry_id, bits=least - 0.1, person=person)).alert
        assert weighed(like(entry_id, bits=least - rule.country_bits, person=person), country=country).alert
        assert not weighed(like(entry_id, bits=least - rule.country_bits, person=person), country="US").alert
        assert not weighed(like(entry_id, bits=least - rule.country_bits - 0.1, person=person), country=country).alert


@pytest.mark.parametrize(
    ("given", "agrees"),
    [
        ("91440300MA5ZXK17Q2", True),
        ("91440300-ma5zxk17q2", True),
        ("440300MA5ZXK17Q2", False),
        ("91440", False),
        ("Social", False),
        ("17Q2", False),
        ("", False),
    ],
)
def test_identifiers_agree_as_wholes(given, agrees):
    """An identifier agrees however it is punctuated, and a part of one, a word or a short one does not."""
    assert ("same identifier" in weighed(identifiers={"registration": given}).reasons) == agrees


def test_an_identifier_has_so_many_letters_at_least():
    """From IDENTIFIER_CHARS_MIN letters and digits on an identifier can agree."""
    held = snapshot()
    for size, agrees in ((IDENTIFIER_CHARS_MIN, True), (IDENTIFIER_CHARS_MIN - 1, False)):
        number = "1234567890"[:size]
        entries = tuple(replace(entry, identifiers=(f"Tax ID No. {number}",)) for entry in held.entries)
        told = weigh(like(), party(identifiers={"tax": number}), replace(held, entries=entries))
        assert ("same identifier" in told.reasons) == agrees


def test_the_queue_is_in_order():
    """The priority of a review follows the score: exact evidence first, another country behind, more errors last."""

    def asked(name, **fields):
        order = {"order_id": "O-1", "parties": [{"name": name, **fields}]}
        told = orjson.loads(screen(json.dumps(order).encode(), snapshot(), TERMS).value)
        assert told["outcome"] == "review"
        [finding] = told["findings"]
        return finding["score"], told["priority"]

    queue = [
        asked(NAME, identifiers=REGISTRATION, country="CN"),
        asked(NAME, identifiers=REGISTRATION),
        asked(NAME, country="CN"),
        asked(NAME),
        asked(NAME, country="US"),
        asked("Veskarim Semiconducter Tecnology", country="US"),
    ]
    scores = [score for score, _ in queue]
    assert scores == sorted(set(scores), reverse=True)
    rule = snapshot().rules.findings["name_similar"]
    assert [priority for _, priority in queue] == [round(rule.priority * score) for score in scores]
    assert len({priority for _, priority in queue}) > 3
