"""What the core asks of the parts of a snapshot, and what they answer.

The parts are made by the control plane and reach the core inside the snapshot; the tests have slow twins of some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.authorizations import Drawn


class Fold(Protocol):
    """The fold with its tables; see `screener.core.fold.Folder`."""

    def __call__(self, text: str) -> str:
        """Fold a text."""

    def core(self, found: list[str]) -> list[str]:
        """Folded words without legal forms."""

    def marks(self, text: str) -> list[tuple[int, int]]:
        """For each character of the folded text, the slice of `text` it came from."""

    def readings(self, text: str) -> list[str]:
        """A text in the ways it may be read, all of its length; as written first."""

    def plain(self, text: str) -> list[str] | None:
        """The words of a name that can be read in one way only, no part of which says more; None if not for certain."""

    def has_guesses(self, found: Iterable[str]) -> bool:
        """Whether there may be guesses at a plain text of these words."""

    def guesses(self, text: str) -> list[str]:
        """Bolder readings, for a person to judge."""


class Engine(Protocol):
    """Finds patterns in a text. The automaton is one; the tests have a slow one."""

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the pattern's last character, pattern number) of every occurrence, overlapping ones too."""


class Likeness(NamedTuple):
    """One alias of one entry that a name is like: the score, the threshold it passed, bits of evidence, and why.

    `complete`: every word of either has its like. `edits` counts those that are not spelled alike.
    """

    entry: int
    alias: int
    person: bool
    value: float
    value_min: float
    bits: float
    reasons: tuple[str, ...]
    complete: bool
    edits: int


class DrawnSoFar(Protocol):
    """What orders have drawn of a license before; see `screener.runners.license_use`."""

    def __call__(self, number: str) -> Drawn | None:
        """What is drawn of the license of this number; None where that is not known."""


class SimilarNames(Protocol):
    """Finds listed names that a name is like; see `screener.core.names.Similar`."""

    def __call__(self, found: Sequence[str], doubt: float = 0.0) -> list[Likeness]:
        """For the words of a name, as folded: the aliases that score their threshold, the best first."""

    def compare(self, found: Sequence[str], entry: int, alias: int, *, person: bool) -> Likeness:
        """How one alias is like the words of a name, whatever comes of it."""

    def read(self, text: str) -> Sequence[str]:
        """The readings in Latin letters of a text in another script."""


class AtAddress(NamedTuple):
    """A listed address that a text is at: of which entry, its number there, and how far they agree.

    `nameless`: the entry lists an address and no name. `level`: "unit" the same room, or all of a listed house;
    "building" the same house, with a room on one side only; "other_unit" another room of the house. `score` (0 to 1)
    rises with the `parts` that agree.
    """

    entry: int
    alias: int
    nameless: bool
    level: Literal["unit", "building", "other_unit"]
    score: float
    parts: tuple[str, ...]


class ListedPlaces(Protocol):
    """Finds listed addresses; see `screener.core.premises.Premises`."""

    def find(self, text: str) -> tuple[AtAddress, ...]:
        """The listed addresses that a text is at, those that agree most first."""

    def find_within(self, text: str) -> tuple[AtAddress, ...]:
        """The addresses of entries without a name that a longer text holds, to the room."""

    def corroborates(self, text: str, entry: int) -> float:
        """How far a text is at an address of an entry: 0 (not) to 1."""
