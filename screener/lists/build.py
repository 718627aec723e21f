"""Files -> Snapshot: read lists, private lists, ownership and rules, grade, compile, close, and assemble.

A list that is missing rows which an earlier snapshot had stops the build (`check_against`); nothing is dropped in
silence. The result is the same, byte for byte, for the same inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from screener.core.policy import age_days_max, is_stale
from screener.errors import ListError, OperatorError
from screener.lists import (
    addresses,
    affiliates,
    good_list,
    history,
    license_terms,
    licenses,
    patterns,
    private,
    read,
    rules,
    scoring,
    snapshot,
)
from screener.lists.authorities import authorities
from screener.lists.holdings.options import SourceOptions
from screener.lists.holdings.read import check_doubts, read_ownership
from screener.lists.holdings.shares import share_rules
from screener.lists.progress import SILENT, Progress
from screener.owners import AFFILIATE_LIST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from screener.core.fold import Folder
    from screener.core.names.candidates import Shelves
    from screener.lists.holdings.edges import Edges
    from screener.lists.holdings.shares import ShareUnit
    from screener.model import ListEntry, ListFacts, Snapshot, SourceList, Terms
    from screener.owners import OwnershipEdge
    from screener.rulings import Rules

SAMPLE = Path(__file__).parents[1] / "sample"
MAIN_LISTS = ("EL", "MEU", "SDN")
ROWS_LOST_SHARE_MAX = 0.5
CSL_ROWS_FULL = 1_000  # a file of fewer rows is an extract and may lack lists


@dataclass(slots=True)
class Inputs:
    """What to build from; paths as given by the operator, and how ownership files are to be read.

    `shares`: what a number without a percent sign is, None where nobody said. `accept_left_out`: build although many
    rows of an ownership file are left out. `ownership_rows_max`: how many rows such a file may hold, None for the
    limit of all tables.
    """

    lists: Sequence[Path] = ()
    private: Sequence[Path] = ()
    ownership: Sequence[Path] = ()
    rules: Path | None = None
    sample: bool = False
    good_list: Sequence[Path] = ()
    licenses: Sequence[Path] = ()
    history: Sequence[Path] = ()
    shares: ShareUnit | None = None
    accept_left_out: bool = False
    ownership_rows_max: int | None = None

    @property
    def holdings(self) -> list[Path]:
        """The files of ownership, with the shipped sample where that is asked for."""
        return [*self.ownership, *([SAMPLE / "ownership.csv"] if self.sample else [])]


def source_options(inputs: Inputs, tables: rules.Tables, progress: Progress = SILENT) -> SourceOptions:
    """How ownership files are read: as the operator chose, with the words and limits of the rules."""
    words = share_rules(tables["shares"])
    return SourceOptions(words, inputs.shares, inputs.accept_left_out, inputs.ownership_rows_max, progress)


@dataclass(slots=True)
class Built:
    """A snapshot with the bytes of its file and what an operator should hear about the inputs."""

    snapshot: Snapshot
    content: bytes
    problems: list[str] = field(default_factory=list)


def build(inputs: Inputs, progress: Progress = SILENT, holdings: Sequence[Edges] | None = None) -> Built:
    """Read everything and build the snapshot; ListError or OperatorError when an input can't be taken.

    `progress` hears of the phases and of the rows read. `holdings` is what the ownership files hold, where they have
    been read and looked at before.
    """
    tables = rules.read_tables(inputs.rules)
    if not inputs.lists and not inputs.private and not inputs.sample:
        raise OperatorError("no lists were named: give --lists or --private, or --sample for the shipped sample")
    progress.begin("reading lists")
    official = [source for path in inputs.lists for source in read.read_lists(path)]
    own = [private.read_private(path) for path in inputs.private]
    own += read.read_lists(SAMPLE / "consolidated.csv") if inputs.sample else []
    progress.add_rows(sum(source.file.rows for source in (*official, *own)))
    for source in official:
        _check_whole(source, tables)
    held = holdings
    if held is None:
        held = read_ownership(inputs.holdings, source_options(inputs, tables, progress))
        check_doubts(held)
    problems = [problem for source in held for problem in source.told()]
    progress.begin("reading good lists, licenses and history")
    days_max = tables["matching"]["good_list"]["days_max"]
    good = [good_list.read_good_list(path, days_max) for path in inputs.good_list]
    fold = patterns.folder(tables)
    authorized = [licenses.read_licenses(path, authorities(tables["licenses"]), fold) for path in inputs.licenses]
    profiles = [history.read_history(path, fold) for path in inputs.history]
    sources = _Sources(official, own, held, good, authorized, profiles)
    content, told = _content(sources, tables, progress, sample=inputs.sample)
    problems += told
    progress.begin("reading the snapshot again")
    return Built(snapshot.loads(content), content, problems)


def _check_whole(source: SourceList, tables: rules.Tables) -> None:
    """Refuse an edition of the future, and a published file of full size in which a list is missing."""
    file = source.file
    if file.edition > (datetime.now(UTC) + timedelta(days=1)).date().isoformat():
        raise ListError(file.name, None, f"expected an edition of today or before, found {file.edition}")
    if file.layout.startswith("csl") and file.rows >= CSL_ROWS_FULL:
        for code, rule in tables["lists"].items():
            since = rule.get("published_since")
            if since is not None and since <= file.edition and not source.rows_by_list.get(code):
                raise ListError(
                    file.name, None, f"expected rows of {code}, which is published since {since}, found none"
                )


class _Sources(NamedTuple):
    """Everything that was read."""

    official: Sequence[SourceList]
    own: Sequence[SourceList]
    held: Sequence[Edges]
    good: Sequence[good_list.GoodList]
    authorized: Sequence[licenses.Held]
    profiles: Sequence[history.Profiles]


def _content(sources: _Sources, tables: rules.Tables, progress: Progress, *, sample: bool) -> tuple[bytes, list[str]]:
    """The snapshot's bytes, what holdings contradict each other, and what was left out of the good lists."""
    progress.begin("preparing names")
    parsed = rules.parse(tables)
    fold = patterns.folder(tables)
    official, own, held, good, authorized, profiles = sources
    reader = license_terms.Reader(tables)
    published = [reader.with_terms(entry) for source in (*official, *own) for entry in source.entries]
    entries = patterns.with_bare_names(patterns.grade(published, tables, fold), tables, fold)
    graph = [edge for source in held for edge in source.edges]
    grants, stale = good_list.bind(good, entries, fold)
    files = [source.file for kind in sources for source in kind]
    try:
        authorizations = licenses.by_number(authorized)
    except ValueError as error:
        raise OperatorError(f"--licenses: {error}: expected each number once") from None
    owned, shelves, contradicting = _owned(graph, entries, parsed, fold, tables, progress)
    progress.begin("writing the snapshot")
    content = snapshot.dumps(
        snapshot.Parts(
            sources=files,
            lists=_facts(official, own),
            entries=entries,
            patterns=patterns.compile_patterns(entries, tables, parsed, fold),
            addresses=addresses.compile_addresses(entries, tables),
            shelves=shelves,
            owned=owned,
            tables=tables,
            sample=sample,
            grants=grants,
            authorizations=list(authorizations.values()),
            history=history.joined(profiles),
        )
    )
    return content, [*contradicting, *(f"left out: {told}" for told in stale)]


def _owned(
    graph: list[OwnershipEdge],
    entries: list[ListEntry],
    parsed: Rules,
    fold: Folder,
    tables: rules.Tables,
    progress: Progress,
) -> tuple[snapshot.Owned, Shelves, list[str]]:
    """What the holdings make of the companies in them, the index of all names, and what contradicts each other."""
    progress.begin("indexing names")
    shelves = scoring.shelves(entries, tables)
    if not graph:
        return snapshot.NOBODY_OWNED, shelves, []
    from screener.lists import ownership  # noqa: PLC0415  loads Polars, which nothing else needs and a worker never has

    resembled = scoring.resembling(shelves, tables, parsed, entries, fold)
    progress.begin("following holdings")
    closed = ownership.affiliations(graph, entries, parsed.regimes, fold, resembled)
    progress.begin("indexing owned companies")
    companies = affiliates.as_entries(closed.companies, tables, fold)
    texts = patterns.compile_patterns(companies, tables, parsed, fold, before=entries)
    alike = [company for company in companies if company.list == AFFILIATE_LIST]  # the first ones
    shelves = scoring.shelves([*entries, *alike], tables)
    affiliations = [company.affiliations for company in closed.companies]
    return snapshot.Owned(companies, affiliations, texts, closed.known), shelves, closed.problems


def _facts(official: Iterable[SourceList], own: Iterable[SourceList]) -> dict[str, snapshot.Facts]:
    """Facts by list: rows and entries add up over files; the edition is the oldest of the files that age."""
    facts: dict[str, snapshot.Facts] = {}
    for source, ages in [*((source, True) for source in official), *((source, False) for source in own)]:
        for code, rows in source.rows_by_list.items():
            old = facts.get(code, snapshot.Facts(0, 0, ""))
            entries = sum(entry.list == code for entry in source.entries)
            edition = min(filter(None, (old.edition, source.file.edition))) if ages else old.edition
            facts[code] = snapshot.Facts(old.rows + rows, old.entries + entries, edition)
    return facts


def check_against(old: Snapshot, new: Snapshot, command: str = "build") -> None:
    """Refuse a snapshot in which a list of the old one has no rows or less than half, or whose ownership is gone.

    Raises OperatorError naming the list, the rows that were and the rows that are.
    """
    where = f"snapshot {old.sha256[:19]}"
    check_ownership(len(old.ownership_known), new, where, command)
    check_rows(published_rows(old), new, where, command)


def check_ownership(names_before: int, new: Snapshot, where: str, command: str) -> None:
    """Refuse a snapshot whose ownership graph knows less than half of the names that one knew before, in `where`."""
    names = len(new.ownership_known)
    if names < names_before * ROWS_LOST_SHARE_MAX:
        raise OperatorError(
            f"the ownership graph knows {names} names and knew {names_before} in {where}: expected at least half;"
            f" check --ownership, or {command} with --accept-losses"
        )


def published_rows(held: Snapshot) -> dict[str, int]:
    """List -> rows, of the lists that age: a private list is its owner's to shorten."""
    return {code: facts.rows for code, facts in held.lists.items() if facts.edition}


def check_rows(before: Mapping[str, int], new: Snapshot, where: str, command: str) -> None:
    """Refuse a snapshot in which lists have less than half of the rows that they had `before`, in `where`."""
    lost = [
        f"list {code} has {now} rows and had {was}"
        for code, was in sorted(before.items(), key=lambda row: (row[0] not in MAIN_LISTS, row[0]))
        if (now := _rows(new.lists.get(code))) < was * ROWS_LOST_SHARE_MAX
    ]
    if lost:
        raise OperatorError(
            f"{'; '.join(lost)} in {where}: expected at least half; check the list file,"
            f" or {command} with --accept-losses if the publisher really removed them"
        )


def _rows(facts: ListFacts | None) -> int:
    return 0 if facts is None else facts.rows


def lists_without_rows(built: Snapshot) -> list[str]:
    """Which of the lists that the product is about have no rows in a snapshot."""
    return [code for code in MAIN_LISTS if _rows(built.lists.get(code)) == 0]


def doubts(held: Snapshot, terms: Terms, today: str) -> Iterator[str]:
    """What of a snapshot an operator would not expect: main lists without rows, lists that are too old."""
    missing = lists_without_rows(held)
    if missing:
        yield f"no rows for {', '.join(missing)}: orders are not screened against them"
    if is_stale(held, terms, today):
        allowed = f"older than the {age_days_max(held, terms)} days allowed"
        yield f"the oldest list is of {held.edition}, {allowed}: nothing is cleared (LIST_STALE)"


def weak_aliases(built: Snapshot) -> Iterable[tuple[ListEntry, str]]:
    """Every weak alias with its entry, in the order of the lists."""
    for entry in built.listings:
        for alias in entry.aliases:
            if alias.quality == "weak":
                yield entry, alias.name
