"""What a snapshot holds of entries, patterns and owned companies: much of it packed, and made again for who asks.

A hundred thousand companies as tuples of tuples would take more than all lists do, and an order asks for a few.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from operator import eq
from typing import TYPE_CHECKING, Any, TypeVar, overload

import orjson

from screener.core.fold import glue
from screener.licensing import LicenseTerms, Term
from screener.lists import pace
from screener.model import Alias, ListEntry, Reference
from screener.owners import Affiliation, Holding
from screener.packed import NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from screener.model import Scope

REMEMBERED_MAX = 4_096
_SCOPES: tuple[Scope, ...] = ("whole", "inside", "word")
_NUMBER_OF = {scope: number for number, scope in enumerate(_SCOPES)}

Row = TypeVar("Row")
Kept = TypeVar("Kept")


class _Rows(Sequence[Row]):
    """A sequence whose rows are made one by one."""

    __slots__ = ()

    def _made(self, at: int) -> Row:
        raise NotImplementedError

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        """A row, or those of a slice as a tuple; IndexError outside."""
        if isinstance(at, slice):
            return tuple(map(self._made, range(len(self))[at]))
        return self._made(range(len(self))[at])

    def __iter__(self) -> Iterator[Row]:
        """The rows in their order."""
        return map(self._made, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether another sequence has the same rows."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]


class _Json:
    """Values as JSON, one behind the other."""

    __slots__ = ("_content", "_ends")

    def __init__(self) -> None:
        self._content = bytearray()
        self._ends = array("Q", [0])

    def append(self, value: object) -> None:
        self._content += orjson.dumps(value)
        self._ends.append(len(self._content))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, at: int) -> Any:  # noqa: ANN401  any JSON value
        return orjson.loads(memoryview(self._content)[self._ends[at] : self._ends[at + 1]])


class _Remade(_Rows[Row]):
    """Rows that are kept as JSON; those asked for last are remembered."""

    __slots__ = ("_json", "_remembered")

    def __init__(self) -> None:
        self._json = _Json()
        self._remembered: dict[int, Row] = {}

    def _of(self, value: Any) -> Row:  # noqa: ANN401  any JSON value
        raise NotImplementedError

    def __len__(self) -> int:
        """How many rows."""
        return len(self._json)

    def _made(self, at: int) -> Row:
        found = self._remembered.get(at)
        if found is None:
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            found = self._remembered[at] = self._of(self._json[at])
        return found


class _OwnedEntries(_Remade[ListEntry]):
    """The entries of owned companies."""

    __slots__ = ()

    def append(self, row: Sequence[Any]) -> None:
        _entry(row, {})
        self._json.append(row)

    def _of(self, value: Any) -> ListEntry:  # noqa: ANN401
        return _entry(value, {})


class Entries(_Rows[ListEntry]):
    """All entries: those of lists as they are, behind them those of owned companies, and those of signals."""

    __slots__ = ("_listed", "_owned", "_share", "_signals")

    def __init__(self) -> None:
        """Begin without an entry."""
        self._listed: list[ListEntry] = []
        self._owned = _OwnedEntries()
        self._signals: tuple[ListEntry, ...] = ()
        self._share: dict[Any, Any] = {}

    def add_listed(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take entries of lists, before all others; TypeError or ValueError for what are none."""
        self._listed += [_entry(row, self._share) for row in rows]

    def add_owned(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take entries of owned companies, before those of signals; TypeError or ValueError for what are none."""
        for row in rows:
            self._owned.append(row)

    def add_signals(self, entries: Iterable[ListEntry]) -> None:
        """Take the entries of signals, the last ones."""
        self._signals = tuple(entries)
        self._share.clear()

    def __len__(self) -> int:
        """How many entries."""
        return len(self._listed) + len(self._owned) + len(self._signals)

    def _made(self, at: int) -> ListEntry:
        behind = at - len(self._listed)
        if behind < 0:
            return self._listed[at]
        return self._owned[behind] if behind < len(self._owned) else self._signals[behind - len(self._owned)]


def _entry(row: Sequence[Any], share: dict[Any, Any]) -> ListEntry:
    """An entry; texts and terms that many of them have are one object, which `share` holds."""
    one = share.setdefault
    entry = ListEntry(*(one(value, value) if type(value) is str else value for value in row))
    entry.aliases = tuple(Alias(one(name, name), one(quality, quality), flag) for name, quality, flag in entry.aliases)
    entry.addresses, entry.identifiers = tuple(entry.addresses), tuple(entry.identifiers)
    countries, programs = tuple(entry.countries), tuple(entry.programs)
    entry.countries, entry.programs = one(countries, countries), one(programs, programs)
    if entry.terms is not None:
        terms, footnotes, unparsed = entry.terms
        said = LicenseTerms(tuple(Term(*term) for term in terms), tuple(footnotes), tuple(unparsed))
        entry.terms = one(said, said)
    return entry


class References(_Rows[tuple[Reference, ...]]):
    """The references of each pattern."""

    __slots__ = ("_aliases", "_begins", "_entries", "_more", "_scopes")

    def __init__(self) -> None:
        """Begin without a pattern."""
        self._begins = array(NUMBER, [0])
        self._entries, self._aliases, self._scopes = array(NUMBER), array(NUMBER), array("B")
        self._more: dict[int, tuple[Reference, ...]] = {}

    def extend(self, patterns: Iterable[Iterable[Sequence[Any]]], first: int = 0) -> None:
        """Add patterns, each with its rows of entry, alias and scope; entries are counted from `first`."""
        for rows in patterns:
            for entry, alias, scope in rows:
                self._entries.append(first + entry)
                self._aliases.append(alias)
                self._scopes.append(_NUMBER_OF[scope])
            self._begins.append(len(self._entries))

    def add(self, pattern: int, rows: Iterable[Reference]) -> None:
        """Add references to a pattern that has some."""
        self._more[pattern] = (*self._more.get(pattern, ()), *rows)

    def inside(self) -> list[int]:
        """The patterns that count inside longer texts; all others are only looked up whole."""
        return [at for at, rows in enumerate(self) if any(row.scope != "whole" for row in rows)]

    def __len__(self) -> int:
        """How many patterns."""
        return len(self._begins) - 1

    def _made(self, at: int) -> tuple[Reference, ...]:
        rows = range(self._begins[at], self._begins[at + 1])
        held = [Reference(self._entries[row], self._aliases[row], _SCOPES[self._scopes[row]]) for row in rows]
        return (*held, *self._more.get(at, ()))


class WholeNames(Mapping[str, tuple[Reference, ...]]):
    """Glued name -> references over all patterns that are names: one an entry, by a strong alias where it has one."""

    __slots__ = ("_merged", "_pattern", "_references")

    def __init__(
        self,
        patterns: Sequence[str],
        references: Sequence[tuple[Reference, ...]],
        entries: Sequence[ListEntry],
        known: Iterable[str] = (),
    ) -> None:
        """Glue the patterns; of names that are `known` no second text is kept."""
        shared = {name: name for name in known}
        self._references = references
        self._pattern: dict[str, int] = {}
        self._merged: dict[str, tuple[Reference, ...]] = {}
        for at, text in enumerate(patterns):
            key = glue(text)
            first = self._pattern.setdefault(shared.get(key, key), at)
            if first != at:
                rows = self._merged.get(key) or references[first]
                self._merged[key] = _one_an_entry(rows + references[at], entries)
            pace.rest_at(at)

    @overload
    def get(self, key: str, /) -> tuple[Reference, ...] | None: ...
    @overload
    def get(self, key: str, /, default: Kept) -> tuple[Reference, ...] | Kept: ...
    def get(self, key: str, /, default: Kept | None = None) -> tuple[Reference, ...] | Kept | None:
        """The references of a glued name."""
        at = self._pattern.get(key)
        return default if at is None else self._merged.get(key) or self._references[at]

    def __getitem__(self, key: str) -> tuple[Reference, ...]:
        """The references of a glued name; KeyError without any."""
        return self._merged.get(key) or self._references[self._pattern[key]]

    def __iter__(self) -> Iterator[str]:
        """The glued names."""
        return iter(self._pattern)

    def __len__(self) -> int:
        """How many names."""
        return len(self._pattern)


def _one_an_entry(rows: tuple[Reference, ...], entries: Sequence[ListEntry]) -> tuple[Reference, ...]:
    kept: dict[int, Reference] = {}
    for row in sorted(rows, key=lambda row: entries[row.entry].aliases[row.alias].quality == "weak"):
        kept.setdefault(row.entry, row)
    return tuple(kept.values())


class Affiliations(_Remade[tuple[Affiliation, ...]]):
    """The affiliations of each company. Each holding is kept once, and affiliations have its number."""

    __slots__ = ("_holdings", "_steps_max")

    def __init__(self) -> None:
        """Begin without a company."""
        super().__init__()
        self._holdings = _Json()
        self._steps_max = -1

    def add_holdings(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take holdings; TypeError for what are none."""
        for row in rows:
            Holding(*row)
            self._holdings.append(row)

    def extend(self, companies: Iterable[Sequence[Sequence[Any]]]) -> None:
        """Take the affiliations of companies; TypeError or ValueError for what are none."""
        for rows in companies:
            for row in rows:
                steps: Any = Affiliation(*row).path
                self._steps_max = max(self._steps_max, -1, *map(int, steps))
            self._json.append(rows)

    def check(self) -> None:
        """IndexError unless every holding of a path is there."""
        if self._steps_max >= len(self._holdings):
            raise IndexError(f"holding {self._steps_max}")

    def _of(self, value: Any) -> tuple[Affiliation, ...]:  # noqa: ANN401
        return tuple(map(self._one, value))

    def _one(self, row: Sequence[Any]) -> Affiliation:
        regime, entity, basis, path, numbers, begin, end = row
        steps = tuple(Holding(*self._holdings[step]) for step in path)
        return Affiliation(regime, entity, basis, steps, tuple(numbers), begin, end)
