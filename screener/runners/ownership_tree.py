"""An affiliation -> the tree of its owners, with what each holds, where each stands and what their shares come to.

The company is the root, its owners are its branches, theirs the branches of those, up to listed parties. All of it is
read from the snapshot: the holdings of the affiliation's path, and for an owner of whom the path tells no holdings
those of the owner's own affiliation. Shares are exact. A company that is met again is named and not opened again, so
that every tree ends. Not the engine: what a company is comes from the snapshot, the tree says how that comes about.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from screener.core.fold import glue
from screener.owners import CAPTURED
from screener.runners.terminal import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from screener.model import ListEntry, Reference, Snapshot
    from screener.owners import Affiliation, Holding
    from screener.rulings import Regime

HOLDINGS_MAX: Final = 1_000
"""Of one tree beyond those that the affiliation brings along; further owners are not opened."""
DEPTH_MAX: Final = 60
HUNDRED: Final = Decimal(100)
UNITS_OF_A_PERCENT: Final = Decimal(1_000_000_000)
UNKNOWN_SHARE: Final = "?"
PARTS_MAX: Final = 20
"""Of a sum that are spelled out."""
LABEL_CHARS_MAX: Final = 40

Again = Literal["", "circle", "elsewhere", "cut"]


class Mark(NamedTuple):
    """A list entry that an owner is; `counts` says whether the regime counts its holdings."""

    list: str
    entry_id: str
    counts: bool


class Share(NamedTuple):
    """What an owner holds of a company, in percent: `text` as a person reads it, `note` how it was said."""

    low: Decimal
    high: Decimal
    text: str
    note: str = ""


class Part(NamedTuple):
    """A share in a sum with whose it is; `is_possible`: whether it counts is not known."""

    share: str
    owner: str
    is_possible: bool = False

    def spelled(self, unit: str = "") -> str:
        """The part as a person reads it, with a unit behind a share that is known."""
        possible = " (possible)" if self.is_possible else ""
        return f"{with_unit(self.share, unit)} {self.owner}{possible}"


class Total(NamedTuple):
    """What the shares that count come to; `passed_over` are those of owners that do not count."""

    parts: tuple[Part, ...]
    low: Decimal
    high: Decimal
    asked: Decimal
    passed_over: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The sum spelled out, in percent."""
        return self.spelled()

    def spelled(self, unit: str = "") -> str:
        """The sum spelled out, with a unit behind each share."""
        if not self.parts:
            return "no owner counts"
        parts = _joined([part.spelled(unit) for part in self.parts], " + ")
        return f"{parts} = {with_unit(band(self.low, self.high), unit)}"

    def agrees(self, standing: str) -> bool:
        """Whether the sum alone shows how a company stands; share classes, joint holdings and nominees do not show."""
        if standing == "captured":
            return self.low >= self.asked
        if standing == "possible":
            return self.low < self.asked <= self.high
        return standing != "minority" or self.high < self.asked


class Branch(NamedTuple):
    """One owner of a company; `is_right`: by votes, an option or a trust, which are no shares."""

    share: Share
    sources: tuple[str, ...]
    owner: Company
    is_right: bool


@dataclass(slots=True)
class Company:
    """A company or party of a tree.

    `standing` is listed, captured, passed through, possible, minority, control, circular, or untold where the snapshot
    says nothing; `tier` the steps from a listed party (0: listed), None where it is not captured. `again` says why its
    owners are not shown here.
    """

    name: str
    marks: tuple[Mark, ...] = ()
    standing: str = ""
    tier: int | None = None
    total: Total | None = None
    branches: list[Branch] = field(default_factory=list)
    again: Again = ""


# --- who a name is ---------------------------------------------------------------------------------------------------


class Directory:
    """Names and entry ids as the ownership graph reads them: entries of one primary name are one company."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Index the entries of a snapshot by their ids."""
        self.snapshot = snapshot
        self._ids: dict[str, list[int]] = {}
        for number, entry in enumerate(snapshot.listings):
            self._ids.setdefault(entry.entry_id, []).append(number)

    def numbers(self, name: str) -> list[int]:
        """The list entries that a name or entry id stands for."""
        stripped = name.strip()
        by_id = self._ids.get(stripped)
        if by_id is not None:
            return by_id
        return sorted({row.entry for row in self._references(stripped)})

    def is_weak(self, name: str) -> bool:
        """Whether a name is a weak alias only, so that nobody knows whether it is the listed party."""
        stripped = name.strip()
        rows = self._references(stripped)
        entries = self.snapshot.entries
        weak = all(entries[row.entry].aliases[row.alias].quality == "weak" for row in rows)
        return bool(rows) and weak and stripped not in self._ids

    def shown(self, name: str) -> str:
        """A name as it is shown: an entry id by the entry's name, where that may be told and is only one."""
        entries = [self.snapshot.entries[number] for number in self._ids.get(name.strip(), ())]
        is_open = len(entries) == 1 and not entries[0].confidential
        return entries[0].name if is_open else name

    def key(self, name: str) -> str:
        """One key for all names of a company; a name of several companies is a company of its own."""
        companies = {self._glued(self.snapshot.entries[number].name) for number in self.numbers(name)}
        return companies.pop() if len(companies) == 1 else self._glued(name.strip())

    def _references(self, name: str) -> list[Reference]:
        """The names of list entries that a name is."""
        rows = self.snapshot.whole.get(self._glued(name), ())
        return [row for row in rows if row.entry < self.snapshot.listed]

    def _glued(self, name: str) -> str:
        return glue(self.snapshot.fold(name)) or name


def counts(entry: ListEntry, regime: Regime) -> bool:
    """Whether a regime counts the holdings of a list entry."""
    return any(map(entry.is_seed, regime.seeds))


# --- the tree --------------------------------------------------------------------------------------------------------


def tree(affiliation: Affiliation, directory: Directory) -> Company:
    """The tree of an affiliation."""
    return _Grower(affiliation, directory).grown()


class _Grower:
    """Collects holdings between companies, finds where each stands, and opens them from the root on."""

    def __init__(self, affiliation: Affiliation, directory: Directory) -> None:
        self._affiliation = affiliation
        self._directory = directory
        self._regime = next(one for one in directory.snapshot.rules.regimes if one.id == affiliation.regime)
        self._asked = Decimal(self._regime.share_units) / UNITS_OF_A_PERCENT
        self._root = directory.key(affiliation.entity)
        self._names: dict[str, str] = {self._root: affiliation.entity}
        self._holdings: dict[str, dict[str, list[Holding]]] = {}
        self._looked_up = 0
        self._cut: set[str] = set()
        self._bases: dict[str, str | None] = {self._root: affiliation.basis}
        self._marks: dict[str, tuple[Mark, ...]] = {}
        self._collect()
        self._shares = {owned: self._shares_of(owned, rows) for owned, rows in self._holdings.items()}
        listed = {key: 0 for key in self._names if any(mark.counts for mark in self._marked(key))}
        self._tiers = self._fixed_point(listed, "low")
        self._possible = self._fixed_point(dict.fromkeys(self._tiers, 0), "high")

    def grown(self) -> Company:
        root = self._company(self._root)
        opened = {self._root}
        queue: deque[tuple[Company, str, tuple[str, ...]]] = deque([(root, self._root, (self._root,))])
        while queue:
            company, key, line = queue.popleft()
            for owner in self._ordered(key):
                above = self._company(owner)
                if owner in line:
                    above.again = "circle"
                elif owner in opened and owner in self._holdings:
                    above.again = "elsewhere"
                elif owner in self._cut or (len(line) >= DEPTH_MAX and owner in self._holdings):
                    above.again = "cut"
                else:
                    opened.add(owner)
                    queue.append((above, owner, (*line, owner)))
                sources = sorted({row.source for row in self._holdings[key][owner] if row.source})
                company.branches.append(Branch(self._shares[key][owner], tuple(sources), above, self._is_right(key)))
            company.total = self._total(key) if company.branches and not self._is_right(key) else None
        return root

    # --- holdings

    def _collect(self) -> None:
        self._add(self._affiliation.path)
        queue, seen = deque([self._root]), {self._root}
        while queue:
            key = queue.popleft()
            is_whole = key == self._root or (key in self._holdings and self._basis(key) in CAPTURED)
            if not is_whole and not any(mark.counts for mark in self._marked(key)):
                self._look_up(key)
            for owner in self._holdings.get(key, ()):
                if owner not in seen:
                    seen.add(owner)
                    queue.append(owner)

    def _look_up(self, key: str) -> None:
        """Take an owner's holders from its own affiliation: of an owner that is not captured the path lacks some."""
        own = self._own_affiliation(key)
        rows = [row for row in (own.path if own else ()) if self._directory.key(row.owned) == key]
        self._looked_up += len(rows)
        if self._looked_up > HOLDINGS_MAX:
            self._cut.add(key)
        elif rows:
            self._holdings.pop(key, None)
            self._add(rows)

    def _add(self, holdings: Iterable[Holding]) -> None:
        for row in holdings:
            owned, owner = self._directory.key(row.owned), self._directory.key(row.owner)
            self._names.setdefault(owned, row.owned)
            self._names.setdefault(owner, row.owner)
            rows = self._holdings.setdefault(owned, {}).setdefault(owner, [])
            rows.append(row)

    def _own_affiliation(self, key: str) -> Affiliation | None:
        """What the snapshot says of an owner under the same regime and on some of the same days, shares first."""
        rows = self._directory.snapshot.affiliations_of(key)
        same = [row for row in rows if row.regime == self._regime.id and _overlap(row, self._affiliation)]
        by_shares = [row for row in same if row.basis != "control"]
        return min(by_shares, key=lambda row: row.basis not in CAPTURED, default=None)

    def _basis(self, key: str) -> str | None:
        if key not in self._bases:
            own = self._own_affiliation(key)
            self._bases[key] = own.basis if own else None
        return self._bases[key]

    def _is_right(self, owned: str) -> bool:
        return owned == self._root and self._affiliation.basis == "control"

    # --- shares

    def _shares_of(self, owned: str, rows: Mapping[str, Sequence[Holding]]) -> dict[str, Share]:
        """What each owner holds; holdings of one source are classes that add up where the basis rests on that."""
        shares = {owner: self._share(held, adds_up=False) for owner, held in rows.items()}
        basis = self._basis(owned)
        reached = _sum(share.low if basis in CAPTURED else share.high for share in shares.values())
        if (basis in CAPTURED or basis == "unknown") and reached < self._asked:
            return {owner: self._share(held, adds_up=True) for owner, held in rows.items()}
        return shares

    def _share(self, rows: Sequence[Holding], *, adds_up: bool) -> Share:
        if self._directory.is_weak(rows[0].owner):
            return Share(Decimal(0), HUNDRED, UNKNOWN_SHARE, "the name alone does not say that it is the listed party")
        by_source: dict[str, list[tuple[Decimal, Decimal]]] = {}
        for row in rows:
            by_source.setdefault(row.source, []).append(_ends(row.share))
        join: Callable[[Iterable[Decimal]], Decimal] = _sum if adds_up else max
        low, high = (max(join([ends[at] for ends in said]) for said in by_source.values()) for at in (0, 1))
        text = UNKNOWN_SHARE if not any(row.share for row in rows) else band(low, min(high, HUNDRED))
        said = [row.share or UNKNOWN_SHARE for row in rows]
        if adds_up and len(said) > 1 and len(by_source) == 1:
            return Share(low, high, text, " + ".join(said))
        others = [share for share in dict.fromkeys(said) if share != text]
        return Share(low, high, text, f"also said: {', '.join(others)}" if others and len(said) > 1 else "")

    def _fixed_point(self, begin: dict[str, int], end: Literal["low", "high"]) -> dict[str, int]:
        """Company -> step at which the owners that count reach the share, from those in `begin` on."""
        steps = dict(begin)
        step = 0
        while True:
            step += 1
            fresh = [
                owned
                for owned, rows in self._shares.items()
                if owned not in steps
                and not self._is_right(owned)
                and sum(getattr(share, end) for owner, share in rows.items() if owner in steps) >= self._asked
            ]
            if not fresh:
                return steps
            steps |= dict.fromkeys(fresh, step)

    def _total(self, owned: str) -> Total | None:
        parts: list[Part] = []
        passed_over: list[Part] = []
        low = high = Decimal(0)
        for owner in self._ordered(owned):
            share = self._shares[owned][owner]
            if owner not in self._possible:
                passed_over.append(Part(share.text, self._label(owner)))
                continue
            parts.append(Part(share.text, self._label(owner), owner not in self._tiers))
            low += share.low if owner in self._tiers else 0
            high += share.high
        high = max(low, min(high, HUNDRED))
        return Total(tuple(parts), low, high, self._asked, tuple(passed_over))

    def _label(self, owner: str) -> str:
        codes = dict.fromkeys(mark.list for mark in self._marked(owner) if mark.counts)
        return "/".join(codes) or cut(self._directory.shown(self._names[owner]).strip(), LABEL_CHARS_MAX)

    # --- companies

    def _ordered(self, owned: str) -> list[str]:
        """The owners of a company, those that count first, the greater shares first."""
        shares = self._shares.get(owned, {})

        def place(owner: str) -> tuple[bool, Decimal, Decimal, str, str]:
            share = shares[owner]
            return owner not in self._tiers, -share.low, -share.high, self._label(owner), self._names[owner]

        return sorted(shares, key=place)

    def _company(self, key: str) -> Company:
        name = self._directory.shown(self._names[key])
        return Company(name, self._marked(key), self._standing(key), self._tiers.get(key))

    def _standing(self, key: str) -> str:
        if key == self._root:
            return standing(self._affiliation.basis)
        tier = self._tiers.get(key)
        if tier is not None:
            is_told = self._basis(key) is not None or self._regime.captures_us
            return "listed" if tier == 0 else "captured" if is_told else "passed through"
        basis = self._basis(key)
        if basis is not None and basis not in CAPTURED:
            return standing(basis)
        if basis is None and key not in self._holdings:
            return "untold"
        return "possible" if key in self._possible else "minority"

    def _marked(self, key: str) -> tuple[Mark, ...]:
        """The entries that a company is; beside others, confidential ones are not told by a name."""
        if key not in self._marks:
            entries = [self._directory.snapshot.entries[at] for at in self._directory.numbers(self._names[key])]
            open_ones = [entry for entry in entries if not entry.confidential]
            rows = (Mark(row.list, row.entry_id, counts(row, self._regime)) for row in open_ones or entries)
            self._marks[key] = tuple(dict.fromkeys(rows))
        return self._marks[key]


def _joined(parts: Sequence[str], sign: str) -> str:
    """The parts, the first of them if there are many, with a sign between."""
    more = [f"{len(parts) - PARTS_MAX} more"] if len(parts) > PARTS_MAX else []
    return sign.join([*parts[:PARTS_MAX], *more])


def standing(basis: str) -> str:
    """What a company is by the basis that the engine gave."""
    return "captured" if basis in CAPTURED else "possible" if basis == "unknown" else basis


def _overlap(one: Affiliation, other: Affiliation) -> bool:
    def begins_before_end(first: Affiliation, second: Affiliation) -> bool:
        return first.effective_from is None or second.effective_to is None or first.effective_from < second.effective_to

    return begins_before_end(one, other) and begins_before_end(other, one)


def _sum(shares: Iterable[Decimal]) -> Decimal:
    return sum(shares, Decimal(0))


def _ends(share: str) -> tuple[Decimal, Decimal]:
    """The ends of a share as a `Holding` has it; one that is not known may be anything."""
    if not share:
        return Decimal(0), HUNDRED
    low, _, high = share.partition("-")
    return Decimal(low), Decimal(high or low)


def band(low: Decimal, high: Decimal) -> str:
    """A share as text: exact, without zeros that say nothing, or its two ends."""
    return number(low) if low == high else f"{number(low)}-{number(high)}"


def with_unit(share: str, unit: str) -> str:
    """A share as text with a unit behind it, where it is known."""
    return share if share == UNKNOWN_SHARE else f"{share}{unit}"


def number(share: Decimal) -> str:
    """A decimal without zeros that say nothing."""
    text = f"{share:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
