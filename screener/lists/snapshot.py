"""The Snapshot's file: one line that names parts and hashes, then the parts as JSON.

    {"format":"screener-snapshot","version":1,"sha256":"<hash over all>","parts":[["lists",<bytes>,"<sha256>"],...]}

`loads` verifies every hash before a byte is interpreted; nothing native or pickled is in the file, the automaton is
built from the patterns. Same parts, same bytes, same hash, wherever and whenever they were built.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import io
import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import orjson

from screener.authorizations import Authorization, NamedParty
from screener.core import fold as folding
from screener.errors import OperatorError
from screener.lists import addresses, name_index, pace, patterns, portions, rules, scoring, signals
from screener.lists.automaton import Automaton
from screener.lists.held import Affiliations, Entries, References, WholeNames
from screener.model import Grant, History, ListEntry, ListFacts, Purchases, Reference, Snapshot, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from screener.core.names.candidates import Shelves
    from screener.lists.patterns import Patterns
    from screener.owners import Affiliation, Holding

VERSION = 8
SNAPSHOT_BYTES_MAX = 1_073_741_824
HEADER_BYTES_MAX = 65_536
PARTS = ("lists", "names", "ownership", "history", "rules")

ELEMENTS_AT_ONCE = 10_000

Facts = ListFacts
_OWN = ("screener.", "ahocorasick.")
_CONTAINERS = frozenset({dict, frozenset, list, set, tuple})


class Owned(NamedTuple):
    """What a snapshot keeps of the graph: companies as entries that stand behind those of lists, with their patterns.

    `affiliations[i]` are those of `entries[i]`; `known` are all glued names that the graph knows.
    """

    entries: list[ListEntry]
    affiliations: list[tuple[Affiliation, ...]]
    patterns: Patterns
    known: set[str]


NOBODY_OWNED = Owned([], [], patterns.Patterns((), ()), set())


class Parts(NamedTuple):
    """What a snapshot is made of."""

    sources: list[SourceFile]
    lists: dict[str, ListFacts]
    entries: list[ListEntry]
    patterns: Patterns
    addresses: addresses.AddressTable
    owned: Owned
    tables: rules.Tables
    sample: bool
    shelves: Shelves
    grants: Sequence[Grant] = ()
    authorizations: Sequence[Authorization] = ()
    history: History | None = None


def dumps(parts: Parts) -> bytes:
    """The bytes of the snapshot file."""
    bodies = {
        "lists": portions.dumps(
            {
                "fold": folding.VERSION,
                "sample": parts.sample,
                "sources": [_row(source) for source in parts.sources],
                "lists": {code: _row(facts) for code, facts in sorted(parts.lists.items())},
                "entries": [_row(entry) for entry in parts.entries],
                "patterns": parts.patterns.texts,
                "references": parts.patterns.references,
                "addresses": parts.addresses,
                "grants": parts.grants,
                "authorizations": parts.authorizations,
            }
        ),
        "names": portions.dumps(name_index.dumped(parts.shelves)),
        "ownership": portions.dumps(
            {
                "entries": [_row(entry) for entry in parts.owned.entries],
                **_dumped_affiliations(parts.owned.affiliations),
                "patterns": parts.owned.patterns.texts,
                "references": parts.owned.patterns.references,
                "known": sorted(parts.owned.known),
            }
        ),
        "history": portions.dumps(parts.history._asdict() if parts.history else {"reaches": "", "purchases": {}}),
        "rules": portions.dumps(parts.tables),
    }
    index = [[name, len(bodies[name]), hashlib.sha256(bodies[name]).hexdigest()] for name in PARTS]
    header = {"format": "screener-snapshot", "version": VERSION, "sha256": _overall(index), "parts": index}
    return b"".join([orjson.dumps(header), b"\n", *(bodies[name] for name in PARTS)])


def _row(value: Any) -> list[Any]:  # noqa: ANN401  any of the slots dataclasses
    return [getattr(value, name) for name in value.__slots__]


def _overall(index: list[list[Any]]) -> str:
    return hashlib.sha256("".join(f"{name} {sha256}\n" for name, _, sha256 in index).encode()).hexdigest()


def save(content: bytes, path: Path) -> None:
    """Write the file whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise OperatorError(f"{path}: can't write the snapshot ({error.strerror})") from None


def load(path: Path) -> Snapshot:
    """Read, verify and assemble a snapshot file; OperatorError in one sentence when it can't be taken."""
    try:
        if not path.is_file():
            raise OperatorError("expected a snapshot file, found none")
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: can't read the snapshot ({error})") from None
    except OperatorError as error:
        raise OperatorError(f"{path}: {error}") from None


def loads(content: bytes) -> Snapshot:
    """Verify and assemble the bytes of a snapshot file; OperatorError when they are not one, whole and unchanged."""
    return _read(io.BytesIO(content), len(content))


def _read(file: BinaryIO, size: int) -> Snapshot:
    """Verify the hashes of all parts, then assemble what is read once more, part by part and line by line.

    So it is never in memory as a whole. It is hashed while it is read again, for a file may change in between.
    """
    if size > SNAPSHOT_BYTES_MAX:
        raise OperatorError(f"expected a snapshot of at most {SNAPSHOT_BYTES_MAX} bytes")
    header, places = _verified(file, size)
    with _collector_paused():
        try:
            made = _assembled(header, lambda name: _lines(file, places[name]))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise OperatorError(f"whole, but not what a snapshot holds ({error!r}): build it again") from None
    _give_back()
    return made


def let_go(last: list[Snapshot]) -> None:
    """Free a snapshot that is not used any more, in steps: at once would hold the interpreter for a tenth of a second.

    `last` is a list of the last reference to it, which is taken out. Every container in it is named by a list first,
    then they are freed one by one, the outer ones before what they hold.
    """
    parts: list[Any] = [last.pop()]
    known: list[set[int]] = [set() for _ in range(64)]  # one set of them all would be slow to grow
    for number, part in enumerate(parts):
        for inner in gc.get_referents(part):
            seen = known[id(inner) >> 4 & 63]
            if id(inner) not in seen and _is_freed_apart(inner):
                seen.add(id(inner))
                parts.append(inner)
        pace.rest_at(number)
    part = inner = None
    parts.reverse()
    while parts:
        _emptied(parts.pop)
        pace.rest_at(len(parts))
    while known:
        known.pop()
        pace.rest()
    _give_back()


def _give_back() -> None:
    """Give what is free back to the system: of the automaton's many small nodes glibc keeps it, 75 MB after a swap."""
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _emptied(taken: Callable[[], Any]) -> None:
    """Free a container, a large one that nobody else has element by element."""
    part = taken()
    if type(part) in _CONTAINERS and len(part) > ELEMENTS_AT_ONCE and sys.getrefcount(part) == 2:
        rest: Any = part if type(part) in {dict, list, set} else list(part)
        take = rest.popitem if type(rest) is dict else rest.pop
        part = None
        while rest:
            take()
            pace.rest_at(len(rest))


def _is_freed_apart(value: object) -> bool:
    """Whether a value is a container of a snapshot's, or a shard of its automaton, and no program."""
    kind = type(value)
    own = f"{kind.__module__}.{kind.__name__}".startswith(_OWN)
    return kind in _CONTAINERS or (own and not isinstance(value, type))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection while half a million objects come to stay, and none that walks them again and again after.

    What is frozen is still freed when nothing refers to it any more, as the parts of a snapshot that was replaced.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _assembled(header: dict[str, Any], lines: Callable[[str], Iterable[bytes]]) -> Snapshot:
    entries, references, affiliations = Entries(), References(), Affiliations()
    lists = portions.loads(
        lines("lists"),
        {"entries": entries.add_listed, "references": references.extend},
    )
    if lists["fold"] != folding.VERSION:
        raise OperatorError("the snapshot was built by a version that folds names differently: build it again")
    listed, of_owned = len(entries), References()
    owned = portions.loads(
        lines("ownership"),
        {
            "affiliations": affiliations.extend,
            "entries": entries.add_owned,
            "holdings": affiliations.add_holdings,
            "references": lambda rows: of_owned.extend(rows, listed),
        },
    )
    affiliations.check()
    tables = portions.loads(lines("rules"))
    parsed, fold = rules.parse(tables), patterns.folder(tables)
    words = signals.as_entries(tables)
    found = [[(at, text) for at, text in signals.texts(entry, tables, fold)] for entry in words]
    texts = _patterns(lists, references, owned, of_owned, found, len(entries))
    entries.add_signals(words)
    known = frozenset(owned["known"])
    return Snapshot(
        sha256=f"sha256:{header['sha256']}",
        components={name: f"sha256:{sha256}" for name, _, sha256 in header["parts"]},
        sources=tuple(SourceFile(*row) for row in lists["sources"]),
        lists={code: ListFacts(*row) for code, row in lists["lists"].items()},
        entries=entries,
        patterns=texts,
        references=references,
        whole=WholeNames(texts, references, entries, known),
        listed=listed,
        affiliations=affiliations,
        ownership_known=known,
        rules=parsed,
        fold=fold,
        engine=Automaton(texts, references.inside()),
        sample=lists["sample"],
        premises=addresses.premises(lists["addresses"], entries, tables),
        similar=scoring.similar(name_index.loaded(portions.loads(lines("names"))), tables, entries, fold),
        history=_history(**portions.loads(lines("history"))),
        grants=_grants(lists.get("grants", ()), listed),
        authorizations={row.number: row for row in map(_authorization, lists["authorizations"])},
    )


def _patterns(
    lists: dict[str, Any],
    references: References,
    owned: dict[str, Any],
    of_owned: References,
    words: Sequence[Sequence[tuple[int, str]]],
    first: int,
) -> tuple[str, ...]:
    """The patterns of list entries, owned companies and signals, numbered in this order; each text stands once.

    The references of those behind the first ones are added to them. Signals are the entries from the `first` number on.
    """
    texts: list[str] = lists["patterns"]
    number = {text: at for at, text in enumerate(texts)}

    def add(text: str, of: tuple[Reference, ...]) -> None:
        at = number.setdefault(text, len(texts))
        if at == len(texts):
            texts.append(text)
            references.extend([of])
        else:
            references.add(at, of)
        pace.rest_at(at)

    if len(texts) != len(references):
        raise ValueError(f"{len(texts)} patterns with references of {len(references)}")
    for text, rows in zip(owned["patterns"], of_owned, strict=True):
        add(text, rows)
    for entry, found in enumerate(words, first):
        for text, alias in {f" {text} ": alias for alias, text in reversed(found)}.items():
            add(text, (Reference(entry, alias, "inside"),))
    return tuple(texts)


class _Place(NamedTuple):
    """Where a part stands in the file."""

    name: str
    begin: int
    size: int
    sha256: str


def _verified(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, _Place]]:
    """The header and where the parts are, each of which has the hash that the header says."""
    content = file.read(HEADER_BYTES_MAX)
    line, newline, _ = content.partition(b"\n")
    try:
        header = orjson.loads(line)
        version, index = header["version"], header["parts"]
        known = header["format"] == "screener-snapshot" and bool(newline)
        names = [name for name, _, _ in index]
        sizes = [int(part) for _, part, _ in index]
    except (ValueError, KeyError, TypeError):
        raise OperatorError("not a snapshot file: expected its header in the first line") from None
    if not known or version != VERSION or names != list(PARTS) or min(sizes) < 0:
        raise OperatorError(f"a snapshot of another layout: expected version {VERSION} with parts {', '.join(PARTS)}")
    begins = list(accumulate(sizes, initial=len(line) + 1))
    if begins[-1] != size:
        raise OperatorError(f"{size} bytes, expected {begins[-1]}: the file is cut off or longer")
    places = [_Place(name, begin, part, sha256) for begin, (name, part, sha256) in zip(begins, index, strict=False)]
    for place in places:
        for _ in _lines(file, place):
            pass
    if header.get("sha256") != _overall(index):
        raise OperatorError("the header's hash is not that of its parts: the file was changed")
    return header, {place.name: place for place in places}


def _lines(file: BinaryIO, place: _Place) -> Iterator[bytes]:
    """The lines of a part; OperatorError behind the last one when they do not have its hash."""
    file.seek(place.begin)
    digest, left = hashlib.sha256(), place.size
    while left and (line := file.readline(left)):
        digest.update(line)
        left -= len(line)
        yield line
    if left or digest.hexdigest() != place.sha256:
        raise OperatorError(f"part {place.name} does not have the hash that the header names: the file was changed")


def _grants(rows: Sequence[Sequence[Any]], entries: int) -> dict[tuple[str, int], tuple[Grant, ...]]:
    """Glued name and entry -> the grants for them, in the order of the good lists."""
    grants: dict[tuple[str, int], list[Grant]] = {}
    for grant in map(Grant._make, rows):
        if not 0 <= grant.entry < entries:
            raise IndexError(f"grant of entry {grant.entry}")
        grants.setdefault((grant.name, grant.entry), []).append(grant)
    return {key: tuple(held) for key, held in grants.items()}


def _history(reaches: str, purchases: dict[str, dict[str, list[Any]]]) -> History | None:
    """The profiles, None where none were given; what buyers bought alike is one object."""
    known: dict[Purchases, Purchases] = {}
    for kinds in purchases.values():
        for kind, row in kinds.items():
            made = Purchases._make(row)
            kinds[kind] = known.setdefault(made, made)  # type: ignore[assignment]
    return History(reaches, purchases) if reaches else None  # type: ignore[arg-type]


def _authorization(row: Sequence[Any]) -> Authorization:
    held = Authorization._make(row)
    return held._replace(
        parties=tuple(map(NamedParty._make, held.parties)),
        items=tuple(held.items),
        models=tuple(held.models),
        destinations=tuple(held.destinations),
    )


def _dumped_affiliations(companies: Iterable[Sequence[Affiliation]]) -> dict[str, Any]:
    """Each holding once, for many companies are owned by one line of others, and the affiliations with its number."""
    number: dict[Holding, int] = {}
    rows = [
        [row._replace(path=[number.setdefault(step, len(number)) for step in row.path]) for row in company]  # type: ignore[arg-type]
        for company in companies
    ]
    return {"affiliations": rows, "holdings": list(number)}
