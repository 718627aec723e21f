"""The example of a gate: the rule without Kafka, and what is hostile holds an order and never ships it."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.runners import log_reader, topics
from topics.examples import gate as gates
from topics.examples.gate import Gate, Headers, is_newer, order_id_of, place_of

NOW_MS = 1_800_000_000_000
AGE_MS_MAX = 3_600_000
A, B = b'{"order_id":"O-1","v":"A"}', b'{"order_id":"O-1","v":"B"}'
ID = "O-1"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "consumers.md"


class Record(NamedTuple):
    """A record of the topic of an outcome."""

    outcome: str
    key: bytes | None
    value: bytes | None
    headers: Headers | None


def place(
    offset: int = 0, *, topic: str = "T1", partition: int = 0, age_ms: int = 1_000, round_: int = 0
) -> dict[str, bytes]:
    """The headers of a decision."""
    return {
        "screener-source": b"orders[%d]@%d" % (partition, offset),
        "screener-topic-id": topic.encode(),
        "screener-source-timestamp-ms": b"%d" % (NOW_MS - age_ms),
        "screener-round": b"%d" % round_,
        "traceparent": b"x",
    }


def decided(outcome: str, order: bytes, headers: dict[str, bytes], /, **fields: Any) -> Record:
    """A decision on an order."""
    body = {
        "schema_version": 1,
        "decision_id": hashlib.sha256(order + outcome.encode()).hexdigest()[:32],
        "order_id": ID,
        "order_sha256": hashlib.sha256(order).hexdigest(),
        "outcome": outcome,
        "reasons": [],
    }
    return Record(outcome, ID.encode(), json.dumps(body | fields).encode(), list(headers.items()))


def gate_of(*records: Record, **options: Any) -> Gate:
    gate = Gate(AGE_MS_MAX, **options)
    for record in records:
        gate.take(*record)
    return gate


def ships(order: bytes, *records: Record, **options: Any) -> bool:
    """Whether these bytes ship, whatever the order in which the decisions come."""
    forward, backward = gate_of(*records, **options), gate_of(*reversed(records), *records, **options)
    verdict = forward.verdict(ID, order, NOW_MS)
    assert verdict == backward.verdict(ID, order, NOW_MS)
    return verdict.ships


# --- which decision is the newest ------------------------------------------------------------------------------------


def test_an_order_without_a_decision_is_held() -> None:
    """No answer means hold, and so does an answer on another order."""
    assert not ships(A)
    other = decided("clear", A, place(), order_id="O-2")._replace(key=b"O-2")
    assert not ships(A, other)


def test_a_clear_decision_ships_its_own_bytes_only() -> None:
    """Other bytes of the same order id are held."""
    assert ships(A, decided("clear", A, place()))
    assert not ships(B, decided("clear", A, place()))


def test_an_order_that_is_sent_again_as_it_was_is_answered_again() -> None:
    """A is blocked, B is clear, A again is blocked: neither ships; the third decision has the first one's id."""
    decisions = [decided(outcome, order, place(n)) for n, (outcome, order) in enumerate([("block", A), ("clear", B)])]
    assert ships(B, *decisions)
    again = decided("block", A, place(2))
    assert again.value == decisions[0].value
    assert not ships(A, *decisions, again)
    assert not ships(B, *decisions, again)


def test_an_order_that_becomes_clear_again_ships() -> None:
    """The same the other way round."""
    decisions = [decided("clear", A, place(0)), decided("block", B, place(1)), decided("clear", A, place(2))]
    assert not ships(A, *decisions[:2])
    assert ships(A, *decisions)
    assert not ships(B, *decisions)


def test_a_topic_that_was_created_again_begins_at_0_and_is_newer() -> None:
    """Its decisions stand over those with higher offsets in the topic before."""
    before = decided("clear", A, place(90, age_ms=2_000))
    assert not ships(A, before, decided("block", A, place(0, topic="T2")))
    assert ships(A, decided("block", A, place(90, age_ms=2_000)), decided("clear", A, place(0, topic="T2")))


def test_an_order_id_that_moved_to_another_partition_goes_by_time() -> None:
    """Offsets of different partitions say nothing."""
    before = decided("clear", A, place(90, age_ms=2_000))
    assert not ships(A, before, decided("block", A, place(3, partition=2)))
    assert ships(A, decided("block", A, place(90, age_ms=2_000)), decided("clear", A, place(3, partition=2)))
    same_time = decided("block", A, place(3, partition=2, age_ms=2_000))
    assert not ships(A, before, same_time)


def test_a_later_round_replaces_the_answer_on_the_same_order_only() -> None:
    """Screened again it is blocked; what came after that order stands over any round of it."""
    first, again = decided("clear", A, place(5)), decided("block", A, place(5, round_=70))
    assert not ships(A, first, again)
    assert ships(A, decided("block", A, place(5)), decided("clear", A, place(5, round_=70)))
    assert not ships(A, decided("block", A, place(5)), decided("block", B, place(6)), decided("clear", A, place(5)))
    assert ships(B, again, decided("clear", B, place(6)))
    moved = decided("block", A, place(1, partition=1))
    assert not ships(A, decided("clear", A, place(5, round_=70)), moved), "a round does not tell which order is newer"


def test_two_answers_of_one_place_and_round_both_stand() -> None:
    """A group that begins anew, or announcements that begin at 0 again, repeat a place: it ships if both are clear."""
    first = decided("clear", A, place(5))
    assert not ships(A, first, decided("block", A, place(5)))
    assert ships(A, first, decided("clear", A, place(5), decision_id="of another snapshot"))


def test_a_log_that_was_cut_off_repeats_offsets_with_other_orders() -> None:
    """The later record at the same offset is the newer one; where offset and time disagree, both stand."""
    lost = decided("clear", A, place(5, age_ms=9_000))
    assert not ships(A, lost, decided("block", A, place(5)))
    assert ships(B, lost, decided("clear", B, place(5)))
    assert not ships(A, lost, decided("block", A, place(3)))
    assert not ships(A, decided("block", A, place(5, age_ms=9_000)), decided("clear", A, place(3)))
    assert ships(A, decided("block", A, place(5, age_ms=9_000)), decided("clear", A, place(6)))


def test_no_order_of_arrival_changes_what_stands() -> None:
    """A decision that is replaced still replaces what is older than it, whichever of them comes last."""
    records = [
        decided("block", A, place(10, age_ms=3_000)),
        decided("block", B, place(0, topic="T2", age_ms=2_000)),
        decided("clear", A, place(5, age_ms=1_000)),
    ]
    assert {ships(A, *some) for some in itertools.permutations(records)} == {True}
    assert {len(gate_of(*some, *some).standing(ID)) for some in itertools.permutations(records)} == {1}
    assert {gate_of(*some).verdict(ID, A, NOW_MS).ships for some in itertools.permutations(records)} == {True}


def test_decisions_of_older_versions_go_by_time() -> None:
    """They have no topic id and no round."""

    def of_before(headers: dict[str, bytes]) -> dict[str, bytes]:
        return {k: v for k, v in headers.items() if k not in {"screener-topic-id", "screener-round"}}

    old = decided("clear", A, of_before(place(9)))
    assert ships(A, old)
    assert ships(A, old, decided("block", A, of_before(place(10, age_ms=2_000)))), "of a topic before, or a cut-off log"
    assert not ships(A, old, decided("block", A, of_before(place(8, age_ms=900))))
    assert ships(A, old, decided("block", A, place(0, age_ms=1_001)))
    assert not ships(A, old, decided("block", A, place(0, age_ms=999)))
    assert not ships(A, old, decided("block", A, place(0))), "the same time: both stand"


# --- what a clear decision must be -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["CANCELLED", "SAMPLE", "ALLOW_STALE"])
def test_some_clear_decisions_ship_nothing(reason: str) -> None:
    """Cancelled, of sample lists, of lists that may be stale; which ones is the gate's to say."""
    decision = decided("clear", A, place(), reasons=["NEW_CODE", reason])
    assert not ships(A, decision)
    assert ships(A, decision, refused_reasons={"OTHER"})


@pytest.mark.parametrize(
    ("age_ms", "fresh"),
    [(0, True), (AGE_MS_MAX, True), (AGE_MS_MAX + 1, False), (-60_000, True), (-60_001, False)],
)
def test_a_decision_has_an_age(age_ms: int, fresh: bool) -> None:
    """An order that was answered too long ago is held, and one that comes from the future."""
    assert ships(A, decided("clear", A, place(age_ms=age_ms))) is fresh


@pytest.mark.parametrize("outcome", ["review", "block", "quarantine"])
def test_other_outcomes_hold(outcome: str) -> None:
    """Nothing but clear ships."""
    assert not ships(A, decided(outcome, A, place()))


def test_a_quarantine_holds_the_orders_of_its_key_and_of_its_id() -> None:
    """The key of a mismatched record names another order; one without an id is known by its key."""
    clear = decided("clear", A, place(0))
    assert not ships(A, clear, decided("quarantine", B, place(1), order_id="O-2"))
    assert not ships(A, clear, decided("quarantine", B, place(1))._replace(key=b"O-2"))
    assert not ships(A, clear, decided("quarantine", B, place(1), order_id=None))
    assert gate_of(decided("quarantine", B, place(1), order_id=None)._replace(key=None)).standing(ID) == []


# --- hostile records -------------------------------------------------------------------------------------------------

VALUES = [
    None,
    b"",
    b"\xff",
    b"null",
    b"[1]",
    b"{",
    b'{"order_id":"O-1"}',
    b"[" * 3_000,
    b'{"a":' + b"9" * 5_000 + b"}",
]
FIELDS: list[dict[str, Any]] = [
    {"schema_version": 2},
    {"outcome": "block"},
    {"outcome": None},
    {"order_sha256": hashlib.sha256(A).hexdigest().upper()},
    {"order_sha256": 5},
    {"reasons": "CLEAR"},
    {"reasons": None},
    {"reasons": [["CANCELLED"]]},
    {"decision_id": None},
    {"order_id": None},
    {"order_id": ["O-1"]},
    {"order_id": "O-2"},
    {"order_id": "\ud800"},
]
BAD_HEADERS: list[Headers | None] = [
    None,
    [],
    [(name, value) for name, value in place().items() if name != "screener-source"],
    [(name, value) for name, value in place().items() if name != "screener-source-timestamp-ms"],
    [(name, value) for name, value in place().items() if name != "screener-round"],
    [*place().items(), ("screener-round", b"0")],
    list((place() | {"screener-source": b"orders[0]@-1"}).items()),
    list((place() | {"screener-source": "orders[0]@\u0661".encode()}).items()),
    list((place() | {"screener-source-timestamp-ms": b"1e9"}).items()),
    list((place() | {"screener-source-timestamp-ms": b"9" * 5_000}).items()),
    [*place().items(), ("screener-topic-id", None)],
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_a_value_that_is_no_decision_holds_until_a_newer_decision(value: bytes | None) -> None:
    """Its place is readable, so that the next answer replaces it."""
    bad = decided("clear", A, place(1))._replace(value=value)
    assert not ships(A, bad)
    assert not ships(A, decided("clear", A, place(0)), bad)
    assert ships(A, decided("clear", A, place(0)), bad, decided("clear", A, place(2)))


@pytest.mark.parametrize("fields", FIELDS, ids=str)
def test_a_field_that_is_wrong_holds_until_a_newer_decision(fields: dict[str, Any]) -> None:
    """Of a later schema, of another topic's outcome, or of a wrong type."""
    bad = decided("clear", A, place(1), **fields)
    assert not ships(A, bad)
    assert not ships(A, decided("clear", A, place(0)), bad)
    assert ships(A, decided("clear", A, place(0)), bad, decided("clear", A, place(2)))


@pytest.mark.parametrize("headers", BAD_HEADERS, ids=lambda headers: str(headers)[-40:])
def test_headers_that_name_no_place_hold_for_good(headers: Headers | None) -> None:
    """It can't be known which decision is the newer one: a person must look."""
    assert place_of(headers) is None
    bad = decided("clear", A, place())._replace(headers=headers)
    assert not ships(A, bad)
    assert not ships(A, bad, decided("clear", A, place(7)))


def test_headers_are_read_by_a_call_that_finds_each_error() -> None:
    """As often as it takes for the interpreter to specialize it."""

    class Poisoned:
        def headers(self) -> Headers:
            raise SystemError

    class Plain:
        def headers(self) -> Headers | None:
            return None

    assert {gates.headers_of(Poisoned()) is None for _ in range(100)} == {True}  # type: ignore[arg-type]
    assert gates.headers_of(Plain()) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [b"", b"\xff", b"[]", b"{}", b'{"order_id":1}', b"[" * 100_000])
def test_bytes_that_are_no_order_have_no_id(order: bytes) -> None:
    """And are held."""
    assert order_id_of(order) == ""
    assert not gate_of(decided("clear", A, place())).verdict("", order, NOW_MS).ships


# --- any decisions, in any order -------------------------------------------------------------------------------------

SMALL = st.integers(0, 2)
PLACES = st.builds(
    place,
    SMALL,
    topic=st.sampled_from(["T1", "T2", ""]),
    partition=st.integers(0, 1),
    age_ms=st.sampled_from([1_000, 2_000, 3_000, AGE_MS_MAX + 1]),
    round_=SMALL,
)
GOOD = st.builds(
    decided,
    st.sampled_from(["clear", "clear", "clear", "review", "block", "quarantine"]),
    st.sampled_from([A, B]),
    PLACES,
)
BAD = st.one_of(
    st.builds(lambda record, value: record._replace(value=value), GOOD, st.sampled_from(VALUES) | st.binary()),
    st.builds(lambda record, headers: record._replace(headers=headers), GOOD, st.sampled_from(BAD_HEADERS)),
    st.builds(
        lambda outcome, headers, fields: decided(outcome, A, headers, **fields),
        st.sampled_from(["clear", "block"]), PLACES, st.sampled_from(FIELDS),
    ),
    st.builds(
        Record,
        st.sampled_from(["clear", "block"]),
        st.none() | st.just(b"O-1") | st.binary(max_size=3),
        st.none() | st.binary(),
        st.none() | st.lists(st.tuples(st.sampled_from(list(place())), st.none() | st.binary()), max_size=5),
    ),
)  # fmt: skip


def newest(records: list[Record]) -> list[Record]:
    """The newest by the contract's sentence, read plainly: by offset in one log, else by time, then by round."""

    def precedes(one: Record, other: Record) -> bool:
        a, b = place_of(one.headers), place_of(other.headers)
        assert a is not None
        assert b is not None
        if a.topic_id and a[:2] == b[:2] and a.offset != b.offset:
            return a.offset < b.offset
        return (a.timestamp_ms, a.round) < (b.timestamp_ms, b.round)

    return [row for row in records if not any(precedes(row, other) for other in records)]


def is_clear(record: Record) -> bool:
    """Whether a record clears A, and may ship it."""
    try:
        body = json.loads(record.value or b"")
    except (ValueError, RecursionError):
        return False
    at = place_of(record.headers)
    return (
        isinstance(body, dict)
        and record.outcome == body.get("outcome") == "clear"
        and body.get("order_sha256") == hashlib.sha256(A).hexdigest()
        and not any(reason in str(body.get("reasons")) for reason in gates.REFUSED_REASONS)
        and at is not None
        and NOW_MS - at.timestamp_ms <= AGE_MS_MAX
    )


@settings(max_examples=500)
@given(st.lists(GOOD | BAD, max_size=6), st.randoms(use_true_random=False))
def test_nothing_ships_but_under_the_newest_decision(records: list[Record], random: Any) -> None:
    """Whatever is sent in whatever order: what ships has a clear decision on these bytes and none newer that is not."""
    verdict = gate_of(*records).verdict(ID, A, NOW_MS)
    shuffled = [*records, *records]
    random.shuffle(shuffled)
    assert gate_of(*shuffled).verdict(ID, A, NOW_MS).ships is verdict.ships
    if verdict.ships:
        about = [record for record in records if ID.encode() in gates.decision_of(*record)[0]]
        assert all(place_of(record.headers) for record in about)
        assert any(is_clear(record) for record in about)
        assert all(is_clear(record) for record in newest(about))


@settings(max_examples=300)
@given(st.lists(GOOD, min_size=1, max_size=6))
def test_one_decision_at_least_stands(records: list[Record]) -> None:
    """No decisions replace each other in a circle, and none replaces itself."""
    decisions = [gates.decision_of(*record)[1] for record in records]
    assert not any(is_newer(decision, decision) for decision in decisions)
    standing = gate_of(*records).standing(ID)
    assert standing
    assert set(standing) == {row for row in decisions if not any(is_newer(other, row) for other in decisions)}


@given(st.binary())
def test_any_bytes_are_taken(junk: bytes) -> None:
    """Key, value and headers of any bytes raise nothing and ship nothing."""
    gate = gate_of(Record("clear", junk, junk, [(name, junk) for name in place()]))
    assert not gate.verdict(ID, junk, NOW_MS).ships


# --- what it is written for ------------------------------------------------------------------------------------------


def test_the_gate_reads_the_headers_and_topics_that_there_are() -> None:
    """Its names are those of the worker and of topics.toml."""
    assert {gates.SOURCE, gates.TOPIC_ID, gates.ROUND, gates.TIMESTAMP} == {
        log_reader.SOURCE_HEADER,
        log_reader.TOPIC_ID_HEADER,
        log_reader.ROUND_HEADER,
        log_reader.TIMESTAMP_HEADER,
    }
    assert {topic.name: topic.outcome for topic in topics.load() if topic.role == "out"} == gates.OUTCOMES


def test_the_page_for_consumers_names_the_headers_and_leads_somewhere() -> None:
    """Each header has a row, each reason that holds is named, each link leads to a file and a heading."""
    text = PAGE.read_text(encoding="utf-8")
    for name in (gates.SOURCE, gates.TOPIC_ID, gates.ROUND, gates.TIMESTAMP):
        assert f"| `{name}` |" in text
    assert all(f"`{reason}`" in text for reason in gates.REFUSED_REASONS)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        name, _, heading = target.partition("#")
        path = PAGE.parent / name
        assert path.exists(), target
        assert not heading or f"# {heading.replace('-', ' ')}" in path.read_text(encoding="utf-8").lower(), target
