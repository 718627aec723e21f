"""`screener explain`: one order and its decision, told in plain sentences for the person who has to answer for it.

The order is screened, or a recorded decision on it is taken as it stands; then, where a snapshot is given, the order is
screened again and every difference is told. All that is said comes from the decision and the order; nothing is looked
up that the decision does not hold, so a confidential entry stays confidential. A recorded decision may be of another
version and hold more or less than this one writes: what is not known is shown as it stands. Not a place that judges.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any, Final

import orjson

from screener.authorizations import Drawn, units
from screener.core import screen
from screener.errors import OperatorError
from screener.lists.reading import iso_day
from screener.runners.explain_text import sentences, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from screener.model import Snapshot, Terms
    from screener.protocols import DrawnSoFar

FILE_BYTES_MAX: Final = 16_777_216
COMPARED: Final = (
    *("outcome", "priority", "reasons", "reason", "findings", "grants", "license_requirement"),
    *("license_review_policy", "missing", "not_evaluated", "unverified", "regimes", "as_of"),
)
"""Members of a decision that are compared; the others name it, its makers or the order."""
DAY_CHOSEN: Final = "AS_OF_OVERRIDES_DATES"
DAYS_ANY: Final = 36_500
"""Stands for the age of lists that the operator allowed: the decision does not hold the number."""


def explain(path: Path | None, recorded: Path | None, snapshot: Snapshot | None, terms: Terms) -> int:
    """Tell of one order (None: from standard input); 1 when the recorded decision would be another one now.

    Without `recorded` the order is screened with the snapshot, which must be given then.
    """
    raw = read_order(path)
    if recorded is None:
        if snapshot is None:
            raise OperatorError("expected lists or a snapshot to screen with, or a decision to explain")
        _tell(sentences(_parsed(screen(_stripped(raw), snapshot, terms).value), _parsed(raw)))
        return 0
    decision = read_decision(recorded, raw)
    _tell(sentences(decision, _parsed(raw)))
    if not _is_of(decision, raw):
        print("\nThe decision is on other bytes than those of the order given: an amendment, or another order.")
        return 1
    if snapshot is None:
        return 0
    print()
    differences = list(compare(decision, _screened_as(decision, raw, snapshot, terms)))
    _tell(iter(differences or [f"Screened again with snapshot {snapshot.sha256}: the decision is the same."]))
    return int(bool(differences))


def _tell(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)


# --- files -----------------------------------------------------------------------------------------------------------


def read_order(path: Path | None) -> bytes:
    """The bytes of the order's file, whatever they are: what is no order gets a decision too."""
    raw = _read(path)
    if not raw.strip():
        raise OperatorError(f"{path or 'standard input'}: expected an order, found nothing")
    return raw


def read_decision(path: Path, raw: bytes) -> dict[str, Any]:
    """A decision from a file that holds it alone, or one a line: then the last one on the order's bytes."""
    content = _read(path)
    alone: dict[str, Any] = _parsed(content)
    if _is_decision(alone):
        return alone
    found: dict[str, Any] | None = None
    for number, line in enumerate(content.splitlines(), 1):
        decision = _parsed(line)
        if line.strip() and not _is_decision(decision):
            raise OperatorError(f"{path}:{number}: expected a decision (a JSON object with outcome and order_sha256)")
        if _is_decision(decision) and _is_of(decision, raw):
            found = decision
    if found is None:
        raise OperatorError(f"{path}: expected a decision on the order given, found none")
    return found


def _read(path: Path | None) -> bytes:
    try:
        if path is None:
            content = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        else:
            with path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OperatorError(f"{path or 'standard input'}: can't be read ({reason})") from None
    if len(content) > FILE_BYTES_MAX:
        raise OperatorError(f"{path or 'standard input'}: expected at most {FILE_BYTES_MAX} bytes")
    return content


def _parsed(content: bytes) -> Any:  # noqa: ANN401  any JSON value; None where it is none
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _is_decision(value: object) -> bool:
    return (
        isinstance(value, dict) and isinstance(value.get("outcome"), str) and isinstance(value.get("order_sha256"), str)
    )


def _stripped(raw: bytes) -> bytes:
    """Without the end of its line, as `screener screen` reads it."""
    return raw.rstrip(b"\r\n")


def _is_of(decision: Mapping[str, Any], raw: bytes) -> bool:
    return decision["order_sha256"] in {hashlib.sha256(form).hexdigest() for form in (raw, _stripped(raw))}


# --- screened again --------------------------------------------------------------------------------------------------


def _screened_as(decision: Mapping[str, Any], raw: bytes, snapshot: Snapshot, terms: Terms) -> dict[str, Any]:
    """The order screened on the recorded day, or on the days that the order itself gives where that comes to it."""
    form = next(one for one in (raw, _stripped(raw)) if hashlib.sha256(one).hexdigest() == decision["order_sha256"])
    if "ALLOW_STALE" in _texts(decision.get("reasons")):
        terms = terms._replace(allow_stale=True)
    if "LIST_AGE_ALLOWED" in _texts(decision.get("reasons")) and terms.list_age_days_max is None:
        terms = terms._replace(list_age_days_max=DAYS_ANY)
    if isinstance(profile := decision.get("profile"), str):
        terms = terms._replace(profile=profile)
    drawn = _drawn_then(decision)
    first: dict[str, Any] = _parsed(screen(form, snapshot, terms, drawn=drawn).value)
    as_of = decision.get("as_of")
    if terms.as_of is not None or first["as_of"] == as_of or not isinstance(as_of, str) or iso_day(as_of) is None:
        return first
    again: dict[str, Any] = _parsed(screen(form, snapshot, terms._replace(as_of=as_of), drawn=drawn).value)
    if DAY_CHOSEN not in _texts(decision.get("reasons")):  # the day is the recorded one, which nobody chose then
        again["reasons"] = [code for code in again["reasons"] if code != DAY_CHOSEN]
    return again


def _drawn_then(decision: Mapping[str, Any]) -> DrawnSoFar:
    """What a decision says was drawn of licenses when it was made."""
    told = {row.get("id"): units(row.get("drawn")) for row in _rows(decision.get("grants"))}

    def drawn(number: str) -> Drawn | None:
        total = told.get(number, 0)
        return None if total is None else Drawn(total, {})

    return drawn


def compare(recorded: Mapping[str, Any], fresh: Mapping[str, Any]) -> Iterator[str]:
    """What differs, in sentences; nothing where the two decisions say the same."""
    changed = [name for name in COMPARED if recorded.get(name) != fresh.get(name)]
    if not changed:
        return
    yield f"Screened again with snapshot {fresh['snapshot']}, the decision is another one."
    for name, was in (("snapshot", "lists, ownership and rules"), ("rules", "rules"), ("screener", "the program")):
        if recorded.get(name) == fresh.get(name):
            yield f"The {name} is the same."
        else:
            yield f"The {name} is not the same ({was}): {_value(recorded.get(name))} then, {_value(fresh[name])} now."
    for name in changed:
        if name == "findings":
            yield from _changed_findings(recorded.get(name), fresh.get(name))
        else:
            yield f"{name}: {_value(recorded.get(name))} then, {_value(fresh.get(name))} now."
    if "LIST_STALE" in {*_texts(recorded.get("reasons"))} ^ {*_texts(fresh.get("reasons"))}:
        yield "A decision does not hold the day and the limit that the age of lists was measured with."


def _changed_findings(recorded: object, fresh: object) -> Iterator[str]:
    before, now = _rows(recorded), _rows(fresh)
    for told, rows, others in (("only then", before, now), ("only now", now, before)):
        for row in rows:
            if row not in others:
                named = ", ".join(shown(row[key]) for key in ("list", "entry_id", "text") if row.get(key))
                yield f"finding {told}: {shown(row.get('code'))}" + (f" ({named})" if named else "")


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _value(value: object) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ", ".join(value) or "none"
    return shown(value)
