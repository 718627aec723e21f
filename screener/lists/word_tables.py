"""The rules' tables of words in names, folded: titles, particles, spellings, rarity and the classes of legal forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.fold import words
from screener.core.names.score import WordTables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from screener.lists.rules import Tables


def word_tables(tables: Tables) -> WordTables:
    """Fold the tables of words in names."""
    names = tables["name_words"]
    prefixes = names["vessel_prefixes"]["words"]
    return WordTables(
        titles=folded([*names["honorifics"]["words"], *prefixes]),
        particles=folded(names["particles"]["words"]),
        stop_words=folded([*names["stop_words"]["words"], *prefixes]),
        person_spellings=spellings(names["variants"], names["numbers"]),
        other_spellings=spellings(names["abbreviations"], names["numbers"], names["places"]),
        person_bits=_bits(tables["rarity"]["person"]),
        other_bits=_bits(tables["rarity"]["organization"]),
        bits_max=tables["rarity"]["bits_max"],
        places=folded([*names["places"], *tables["address_words"]["area"]["words"]]),
        form_classes={
            " ".join(words(form)): section["class"]
            for section in tables["legal_forms"].values()
            for form in section["forms"]
            if section.get("class", "company") != "company"
        },
    )


def folded(texts: Iterable[str]) -> frozenset[str]:
    """All words of some texts."""
    return frozenset(word for text in texts for word in words(text))


def spellings(*sections: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Folded variant -> folded canonical word, of some sections of `name_words.toml`."""
    return {
        "".join(words(variant)): "".join(words(canon))
        for section in sections
        for canon, variants in section.items()
        for variant in variants
    }


def _bits(rows: Mapping[str, str]) -> dict[str, float]:
    return {word: float(bits) for bits, row in rows.items() for word in row.split()}
