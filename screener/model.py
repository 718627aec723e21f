"""The nouns: what lists, orders and decisions are made of.

Plain values without behaviour beyond what their names promise. Shapes of the order and the decision follow
`topics/schemas/`; terms follow `docs/glossary.md`. Per-order values are slots dataclasses or NamedTuples (cheap);
nothing here reads a file, a clock or a socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["organization", "person", "vessel", "aircraft", ""]
Quality = Literal["strong", "weak"]


# --- lists -----------------------------------------------------------------------------------------------------------


class Alias(NamedTuple):
    """One name of a list entry as its publisher writes it; the primary name is one too."""

    name: str
    quality: Quality = "strong"
    primary: bool = False


@dataclass(slots=True)
class ListEntry:
    """One row of a source list.

    `list` is the short code (EL, MEU, SDN, DPL, ...; private lists have their own). `entry_id` is the publisher's
    id where there is one. Dates are ISO days, half-open (`effective_from` <= day < `effective_to`), or None.
    """

    list: str
    entry_id: str
    aliases: tuple[Alias, ...]
    kind: Kind = ""
    addresses: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    license_requirement: str = ""
    license_review_policy: str = ""
    citation: str = ""
    effective_from: str | None = None
    effective_to: str | None = None
    identifiers: tuple[str, ...] = ()
    confidential: bool = False

    @property
    def name(self) -> str:
        """The primary name."""
        return self.aliases[0].name


@dataclass(slots=True)
class SourceFile:
    """One file that went into a snapshot: what it was, how many rows it gave, and how old it is."""

    name: str
    sha256: str
    layout: str
    rows: int
    edition: str  # ISO day


@dataclass(slots=True)
class SourceList:
    """The entries read from one file, with the file's facts. `rows_by_list` counts rows as published."""

    file: SourceFile
    entries: list[ListEntry] = field(default_factory=list)
    rows_by_list: dict[str, int] = field(default_factory=dict)
