"""`screener match`: the list entries that a name hits, and those that it misses by little, with scores and reasons.

For a person at a terminal who wants to know what the screening sees; `--json` for programs, one object a line. How
candidates are found, scored and ordered is the caller's: `find` is a function of the control plane. It decides nothing:
what a hit does to an order depends on rules and lists. Of a confidential entry only list, id and score are told.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import orjson

from screener.core.decode import ADDRESS_CHARS_MAX, NAME_CHARS_MAX
from screener.errors import OperatorError
from screener.runners.terminal import columns, cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from screener.model import ListEntry, Snapshot

LIMIT: Final = 20
LIMIT_MAX: Final = 10_000
NAME_COLUMNS: Final = (28, 40)
"""Characters of a name that are shown, on a terminal of usual width and on a wide one."""
WIDE_COLUMNS_MIN: Final = 150
CONFIDENTIAL: Final = "(confidential)"


class Candidate(Protocol):
    """An entry that the name may stand for, by one of its aliases."""

    @property
    def entry(self) -> ListEntry:
        """The entry."""

    @property
    def alias(self) -> str:
        """The alias that was compared, as published."""

    @property
    def score(self) -> float:
        """How alike name and alias are, from 0 to 1."""

    @property
    def rule(self) -> str:
        """The row of outcomes.toml that a hit of this kind has, or that it is none."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for and against it."""


class Query(NamedTuple):
    """What is asked for; empty texts are not known."""

    name: str
    kind: str = ""
    country: str = ""
    address: str = ""


def match(
    query: Query,
    snapshot: Snapshot,
    find: Callable[[Snapshot, str, str, str, str], Sequence[Candidate]],
    *,
    limit: int = LIMIT,
    as_json: bool = False,
) -> int:
    """Print the candidates; the status is 0 whether there are any or none."""
    check(query)
    found = find(snapshot, *query)
    for line in json_lines(found[:limit]) if as_json else _report(query, found, limit):
        print(line)
    return 0


def check(query: Query) -> None:
    """Refuse what no order could hold."""
    limits = {"name": NAME_CHARS_MAX, "country": NAME_CHARS_MAX, "address": ADDRESS_CHARS_MAX}
    for field, chars_max in limits.items():
        text = getattr(query, field)
        if len(text) > chars_max:
            raise OperatorError(f"the {field} has {len(text)} characters, expected at most {chars_max}")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise OperatorError(f"expected the {field} in UTF-8")
    if not query.name.strip():
        raise OperatorError("expected a name to look for, found an empty one")


def json_lines(found: Sequence[Candidate]) -> Iterator[str]:
    """A JSON object for each candidate."""
    for candidate in found:
        yield orjson.dumps(_row(candidate)).decode()


def _row(candidate: Candidate) -> dict[str, Any]:
    entry = candidate.entry
    row = {"score": candidate.score, "list": entry.list, "entry_id": entry.entry_id, "rule": candidate.rule}
    if entry.confidential:
        return row
    row |= {"entry_name": entry.name, "alias": candidate.alias, "reasons": list(candidate.reasons)}
    return row | {"kind": entry.kind, "countries": list(entry.countries)}


def _report(query: Query, found: Sequence[Candidate], limit: int) -> Iterator[str]:
    if not found:
        yield f"No candidate for {printable(query.name)}."
        return
    yield from table(found[:limit], shutil.get_terminal_size((WIDE_COLUMNS_MIN, 24)).columns)
    if len(found) > limit:
        yield f"{len(found) - limit} more: give a higher --limit."


def table(found: Sequence[Candidate], terminal_columns: int) -> list[str]:
    """The lines of an aligned table."""
    chars_max = NAME_COLUMNS[terminal_columns >= WIDE_COLUMNS_MIN]
    rows = [("score", "list", "entry", "alias", "name", "rule", "why")]
    for candidate in found:
        row = _row(candidate)
        names = [printable(cut(row.get(key, CONFIDENTIAL), chars_max)) for key in ("alias", "entry_name")]
        why = printable("; ".join(row.get("reasons", [])))
        listed = [printable(cut(row[key], chars_max)) for key in ("list", "entry_id")]
        rows.append((f"{candidate.score:.4f}", listed[0], listed[1], names[0], names[1], candidate.rule, why))
    return columns(rows)
