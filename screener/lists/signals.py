"""Words and chips that rules ask for (`rules/signals.toml`) -> entries and patterns behind all others of a snapshot.

They are found by the same automaton as names, inside any text, and mean nothing by themselves. They come with the
rules, not with the lists: a snapshot is put together with those that its rules have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.lists.patterns import spellings
from screener.model import Alias, ListEntry
from screener.rulings import SIGNAL_LIST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.core.fold import Folder
    from screener.lists.rules import Tables


def as_entries(tables: Tables) -> list[ListEntry]:
    """One entry a signal; its id is the signal's."""
    return [
        ListEntry(SIGNAL_LIST, name, tuple(Alias(text, primary=at == 0) for at, text in enumerate(row["names"])))
        for name, row in sorted(tables["signals"].items())
    ]


def texts(entry: ListEntry, tables: Tables, fold: Folder) -> Iterator[tuple[int, str]]:
    """Number of the alias and folded text of everything that an entry is found by; glued where its row says so."""
    glued = tables["signals"][entry.entry_id].get("glued", False)
    for at, alias in enumerate(entry.aliases):
        for text in spellings(alias.name, "", fold):
            yield at, text
            if glued and " " in text:
                yield at, text.replace(" ", "")
