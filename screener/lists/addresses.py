"""Entries -> the table by which an order's addresses find listed ones.

One row an address, however many entries have it; keys of a name and a house number to rows. An address that names no
street or place, no number or no town is too vague to tell a party by and is left out. An entry of the Entity List that
lists an address and no name ("Address 07") is found by a name alone as well: everyone there needs the license.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from screener.core.address import Lexicon
from screener.core.premises import Premises, beginnings, keys, needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screener.core.address import Address
    from screener.lists.rules import Tables
    from screener.model import ListEntry

_NAMELESS = re.compile(r"address \d+", re.IGNORECASE)
_COUNTRY = re.compile(r",\s*[A-Z]{2}\s*$")


class AddressTable(NamedTuple):
    """What a snapshot keeps of listed addresses; see `Premises`."""

    rows: Sequence[Sequence[Sequence[int]]]
    needs: Sequence[str]
    found_by: dict[str, list[int]]
    names: Sequence[str]
    alone: dict[str, list[int]]


def is_nameless(entry: ListEntry) -> bool:
    """Whether an entry lists an address and no name."""
    return entry.list == "EL" and bool(_NAMELESS.fullmatch(entry.name.strip()))


def compile_addresses(entries: Sequence[ListEntry], tables: Tables) -> AddressTable:
    """The table of the entries' addresses, in the order of entries."""
    lexicon = Lexicon(tables["address_words"])
    lists = frozenset(tables["address_words"]["listed"]["lists"])
    rows: dict[tuple[str, bool], list[list[int]]] = {}
    for number, entry in enumerate(entries):
        if entry.list in lists and not entry.confidential:
            nameless = is_nameless(entry)
            for at, text in enumerate(entry.addresses):
                rows.setdefault((_COUNTRY.sub("", text).casefold(), nameless), []).append([number, at])
    kept: list[list[list[int]]] = []
    needs: list[str] = []
    found_by: dict[str, list[int]] = {}
    alone: dict[str, list[int]] = {}
    for (_, nameless), held in rows.items():
        first, at = held[0]
        address = lexicon.read(entries[first].addresses[at])
        if not nameless and not is_specific(address):
            continue
        row = len(kept)
        kept.append(held)
        needs.append(needed(address, lexicon.respelled, nameless=nameless))
        for key in sorted(set(keys(address))):
            found_by.setdefault(key, []).append(row)
        for name in sorted(beginnings(address)) if nameless else ():
            alone.setdefault(name, []).append(row)
    names = {key.rstrip("0123456789") for key in found_by} | alone.keys()
    return AddressTable(kept, needs, found_by, sorted(names), alone)


def is_specific(address: Address) -> bool:
    """Whether an address says a house in a town: a name, a number and where it is."""
    numbered = bool(address.numbers or address.units)
    return bool(address.phrases) and numbered and bool(address.areas or address.postcodes)


def premises(table: Any, entries: Sequence[ListEntry], tables: Tables) -> Premises:  # noqa: ANN401  parsed JSON
    """The table of a snapshot's file, ready to be asked."""
    rows, needs, found_by, names, alone = table
    return Premises(rows, needs, found_by, names, alone, entries, Lexicon(tables["address_words"]))
