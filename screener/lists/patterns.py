"""List entries -> the patterns that are looked for, each with where it counts.

Every alias becomes a pattern, folded. A person's "LAST, First" becomes one in both orders; a name with its own acronym
or short form in parentheses becomes one without it too; the company after "Affiliated Entity:" stands for itself; and
every name is folded without its punctuation as well. An alias (never a primary name) that is too short or too common to
stand alone is marked weak. A strong name is looked for inside longer text only when it is distinctive enough, by the
numbers of `rules/matching.toml` and the words of `rules/common_words.toml`; otherwise it counts as the whole of a name
only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from screener.core.fold import Folder, glue, words
from screener.lists.names import union
from screener.lists.rules import FORM_PLACES
from screener.lists.word_tables import word_tables
from screener.model import Alias, ListEntry, Reference, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from screener.core.names.score import WordTables
    from screener.lists.rules import Tables
    from screener.rulings import ListRule, Rules

_SHORT_FORM = re.compile(r"\s*\(([^\s()]{2,20})\)")
_AFFILIATED = re.compile(r"\bAffiliated Entit(?:y|ies):\s*(.+)", re.IGNORECASE)
_ADDRESS_ONLY = re.compile(r"address \d+")
_COMMA = re.compile(r",\s*")
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
PLACE_WORDS_MAX = 6
ADDRESS_WORDS_MAX = 12
PLACE_CHARS_MIN = 3
PLACE_ENTRIES_MIN = 3  # a word in the addresses of so many entries is one of places


class Patterns(NamedTuple):
    """`texts[i]` has one blank before and behind; `references[i]` says whose it is."""

    texts: tuple[str, ...]
    references: tuple[tuple[Reference, ...], ...]


class _Strength(NamedTuple):
    """The numbers of matching.toml with the common words, folded."""

    common: frozenset[str]
    ordinary: frozenset[str]
    tables: WordTables
    weak: dict[str, Any]
    inside: dict[str, Any]

    def evidence(self, name: Sequence[str]) -> float:
        """Bits, each word as common as it is among organizations or people, whichever is more."""
        return sum(min(self.tables.spoken(word, person=person)[1] for person in (False, True)) for word in name)

    def is_common(self, name: Sequence[str], words_max: int) -> bool:
        return len(name) <= words_max and all(word in self.common or word.isdigit() or len(word) == 1 for word in name)

    def is_weak(self, name: Sequence[str]) -> bool:
        letters = sum(map(len, name))
        return (
            letters <= self.weak["letters_max"]
            or (len(name) == 1 and letters <= self.weak["word_letters_max"])
            or self.is_common(name, self.weak["common_words_max"])
        )


def folder(tables: Tables) -> Folder:
    """The fold with the legal forms of the rules."""
    sections = tables["legal_forms"].values()
    return Folder(*([f for row in sections if row.get("place", "") == at for f in row["forms"]] for at in FORM_PLACES))


def grade(entries: Iterable[ListEntry], tables: Tables, fold: Folder) -> list[ListEntry]:
    """The entries with their too short and too common aliases marked weak; primary names stay strong.

    Legal forms count here: "JSC VAD" is a company's full name, "VAD" alone is three letters.
    """
    strength = _strength(tables, fold)

    def graded(alias: Alias) -> Alias:
        weak = not alias.primary and strength.is_weak(words(alias.name))
        return alias._replace(quality="weak") if weak else alias

    return [replace(entry, aliases=tuple(map(graded, entry.aliases))) for entry in entries]


def with_bare_names(entries: Iterable[ListEntry], tables: Tables, fold: Folder) -> list[ListEntry]:
    """The (graded) entries with one more alias for each name that ends with where the party is: the name without that.

    "Long Wave Co., Ltd., Suzhou, Jiangsu" is "Long Wave Co., Ltd." as well: publishers add and drop such a clause, and
    it is no part of who somebody is. It has to follow a legal form, or to be an address of a street and a number, and
    to hold no word for a kind of body or trade ("Branch", "Institute"): a part of a company is another party. The new
    alias is never the primary one, but as strong as the name it was made from, even where it is listed as a weak one.
    It is weak where the clause is of several words and none is known for a place, from the rules, the addresses of
    several entries or the entry's, and where an alias that is no primary name is left too short or too common.
    """
    words_of = _ClauseWords.read(tables)
    strength = _strength(tables, fold)
    entries = list(entries)
    spread = Counter(word for entry in entries for word in {word for text in entry.addresses for word in words(text)})
    known = {word for word, times in spread.items() if times >= PLACE_ENTRIES_MIN}
    words_of = words_of._replace(places=words_of.places | (known - words_of.telling))

    def extended(entry: ListEntry) -> ListEntry:
        own = {word for text in entry.addresses for word in words(text) if len(word) >= PLACE_CHARS_MIN}
        heard = words_of._replace(places=words_of.places | own) if own else words_of
        bare = [found for alias in entry.aliases if (found := _bare(alias, entry.kind, heard, strength, fold))]
        return replace(entry, aliases=union([*entry.aliases, *bare])) if bare else entry

    return [extended(entry) for entry in entries]


class _ClauseWords(NamedTuple):
    """The words of clauses: known for places, for a kind of body or trade, of streets, and any of addresses."""

    places: frozenset[str]
    telling: frozenset[str]
    streets: frozenset[str]
    addresses: frozenset[str]

    @classmethod
    def read(cls, tables: Tables) -> _ClauseWords:
        """As the rules have them; a word that only says what kind of area is named tells no trade."""
        places, telling = (
            frozenset(word for canon, variants in rows for text in (canon, *variants) for word in words(text))
            for rows in (tables["name_words"][section].items() for section in ("places", "abbreviations"))
        )
        table = tables["address_words"]
        streets = _said(*table["street"].values())
        areas = _said(table["area"])
        return cls(
            places, telling - areas, streets, areas | streets | _said(table["block"], table["unit"], table["floor"])
        )


def _said(*rows: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The words that come before or behind what they describe; the shortest may be anything."""
    texts = (text for row in rows for text in (*row["before"], *row["after"]))
    return frozenset(text for text in texts if text.isalpha() and len(text) >= PLACE_CHARS_MIN)


def _bare(alias: Alias, kind: str, known: _ClauseWords, strength: _Strength, fold: Folder) -> Alias | None:
    """A name without the clause that says where the party is."""
    cut = _street_clause(alias.name, known)
    placed = cut is not None
    if cut is None:
        cut = _place_clause(alias.name, known, fold)
        if cut is None:
            return None
        tail = words(alias.name[cut:])
        placed = not known.places.isdisjoint(tail) or (len(tail) == 1 and kind != "person")
    name = alias.name[:cut].rstrip()
    weak = not placed or (not alias.primary and strength.is_weak(words(name)))
    return Alias(name, "weak" if weak else alias.quality)


def _street_clause(name: str, known: _ClauseWords) -> int | None:
    """Where the address that ends a name begins: behind a comma, with a number and a word for a street."""
    for comma in _COMMA.finditer(name):
        head, tail = words(name[: comma.start()]), words(name[comma.start() :])
        if (
            any(map(str.isalpha, head))
            and len(tail) <= ADDRESS_WORDS_MAX
            and any(map(str.isdigit, tail))
            and not known.streets.isdisjoint(tail)
            and (known.telling - known.places - known.addresses).isdisjoint(tail)
        ):
            return comma.start()
    return None


def _place_clause(name: str, known: _ClauseWords, fold: Folder) -> int | None:
    """Where the places that end a name begin: behind its last legal form, a short form in brackets, and a comma."""
    for comma in reversed(list(_COMMA.finditer(name))):
        tail, head = words(name[comma.start() :]), words(_IN_BRACKETS.sub("", name[: comma.start()]))
        has_form = len(fold.core(["x", *tail])) <= len(tail)
        if len(tail) > PLACE_WORDS_MAX or has_form or not (known.telling - known.places).isdisjoint(tail):
            return None
        core = fold.core(head)
        if tail and 0 < len(core) < len(head) and core[-1] != head[-1]:
            return comma.start()
    return None


def _strength(tables: Tables, fold: Folder) -> _Strength:
    words_of = tables["common_words"]
    common, ordinary = (frozenset(fold(word) for word in words_of[name]) for name in ("words", "ordinary"))
    weak, inside = tables["matching"]["weak"], tables["matching"]["inside"]
    return _Strength(common, common | ordinary, word_tables(tables), weak, inside)


def compile_patterns(
    entries: Sequence[ListEntry], tables: Tables, parsed: Rules, fold: Folder, before: Sequence[ListEntry] = ()
) -> Patterns:
    """Fold every alias of every (graded) entry, in the order of entries.

    Words are as common as they are among these entries and those `before` them, whose patterns are compiled apart.
    """
    strength = _strength(tables, fold)
    spread = _spread([*before, *entries], fold)
    found: dict[str, dict[int, Reference]] = {}
    bearers: Counter[str] = Counter()
    spelled: list[tuple[int, int, str]] = []
    for number, entry in enumerate(entries):
        texts = {
            (at, text) for at, alias in enumerate(entry.aliases) for text in spellings(alias.name, entry.kind, fold)
        }
        spelled.extend((number, at, text) for at, text in sorted(texts))
        bearers.update({text for _, text in texts})
    for number, at, text in spelled:
        entry = entries[number]
        rule = parsed.of_list(entry.list)
        scope = _scope(text, entry, entry.aliases[at], rule, strength, spread[text] - bearers[text])
        _add(found, text, Reference(number, at, scope), entries)
    return Patterns(tuple(f" {text} " for text in found), tuple(tuple(rows.values()) for rows in found.values()))


def spellings(name: str, kind: str, fold: Folder) -> list[str]:
    """The folded texts that stand for a name; none when nothing in it folds to a letter or digit."""
    names = [name]
    last, comma, first = name.partition(", ")
    if comma and kind == "person":
        names.append(f"{first} {last}")
    short = _SHORT_FORM.search(name)
    if short:
        bare = name[: short.start()] + name[short.end() :]
        if _abbreviates(glue(fold(short.group(1))), glue(fold(bare))):
            names.append(bare)
    affiliated = _AFFILIATED.search(name)
    if affiliated:
        names.append(affiliated.group(1))
    names += [read for written in names for read in fold.readings(written)[1:]]
    names += [form for written in names for form in _without_punctuation(written)]
    return list(dict.fromkeys(filter(None, map(fold, names))))


def _without_punctuation(name: str) -> list[str]:
    """A name as it is typed without its marks: left out ("Joint-Stock": "JointStock"), or a blank in their place."""
    marks = {ord(c): None for c in name if unicodedata.category(c).startswith("P")}
    return [name.translate(marks), name.translate(dict.fromkeys(marks, " "))] if marks else []


def _abbreviates(short: str, name: str) -> bool:
    """Whether the letters of the short form stand in the name in their order, the first ones first."""
    rest = iter(name)
    return short[:1] == name[:1] and bool(short) and all(letter in rest for letter in short)


def _spread(entries: Iterable[ListEntry], fold: Folder) -> Counter[str]:
    """In how many entries' names and addresses each word occurs."""
    spread: Counter[str] = Counter()
    for entry in entries:
        texts = [alias.name for alias in entry.aliases] + list(entry.addresses)
        spread.update({word for text in texts for word in fold(text).split()})
    return spread


def _scope(text: str, entry: ListEntry, alias: Alias, rule: ListRule, strength: _Strength, others: int) -> Scope:
    name = text.split()
    inside = strength.inside
    common = strength.is_common(name, inside["common_words_max"])
    if alias.quality == "weak" or not rule.names_inside or common or _ADDRESS_ONLY.fullmatch(text):
        return "whole"
    letters = sum(map(len, name))
    if len(name) > 1 and letters >= inside["letters_min"] and strength.evidence(name) >= inside["bits_min"]:
        return "word" if entry.kind in {"vessel", "aircraft"} else "inside"
    rare = letters >= inside["word_letters_min"] and others <= inside["word_entries_max"]
    alone = len(name) == 1 and rare and text not in strength.ordinary
    return "word" if alone and entry.kind in {"organization", ""} else "whole"


def _add(found: dict[str, dict[int, Reference]], text: str, new: Reference, entries: Sequence[ListEntry]) -> None:
    """One reference an entry and pattern: a strong alias goes before a weak one."""
    rows = found.setdefault(text, {})
    old = rows.get(new.entry)
    if old is None or entries[old.entry].aliases[old.alias].quality == "weak":
        rows[new.entry] = new
