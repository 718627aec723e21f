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
from screener.model import Alias, ListEntry, Reference, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.lists.rules import Tables
    from screener.model import ListRule, Rules

_SHORT_FORM = re.compile(r"\s*\(([^\s()]{2,20})\)")
_AFFILIATED = re.compile(r"\bAffiliated Entit(?:y|ies):\s*(.+)", re.IGNORECASE)
_ADDRESS_ONLY = re.compile(r"address \d+")
_COUNTRY_TAIL = re.compile(r"(,\s*Hong Kong)*(,\s*[A-Z]{2})?\s*$")
ADDRESS_WORDS_MIN = 4


class Patterns(NamedTuple):
    """`texts[i]` has one blank before and behind; `references[i]` says whose it is."""

    texts: tuple[str, ...]
    references: tuple[tuple[Reference, ...], ...]


class _Strength(NamedTuple):
    """The numbers of matching.toml with the common words, folded."""

    common: frozenset[str]
    weak: dict[str, Any]
    inside: dict[str, Any]

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
    return Folder(form for section in tables["legal_forms"].values() for form in section["forms"])


def grade(entries: Iterable[ListEntry], tables: Tables, fold: Folder) -> list[ListEntry]:
    """The entries with their too short and too common aliases marked weak; primary names stay strong.

    Legal forms count here: "JSC VAD" is a company's full name, "VAD" alone is three letters.
    """
    strength = _strength(tables, fold)

    def graded(alias: Alias) -> Alias:
        weak = not alias.primary and strength.is_weak(words(alias.name))
        return alias._replace(quality="weak") if weak else alias

    return [replace(entry, aliases=tuple(map(graded, entry.aliases))) for entry in entries]


def _strength(tables: Tables, fold: Folder) -> _Strength:
    common = frozenset(fold(word) for word in tables["common_words"]["words"])
    return _Strength(common, tables["matching"]["weak"], tables["matching"]["inside"])


def compile_patterns(entries: Sequence[ListEntry], tables: Tables, parsed: Rules, fold: Folder) -> Patterns:
    """Fold every alias of every (graded) entry, in the order of entries."""
    strength = _strength(tables, fold)
    spread = _spread(entries, fold)
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
    for number, entry in enumerate(entries):
        for at, text in _addresses(entry, fold):
            _add(found, text, Reference(number, at, "address"), entries)
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
    if len(name) > 1 and letters >= inside["letters_min"]:
        return "word" if entry.kind in {"vessel", "aircraft"} else "inside"
    rare = letters >= inside["word_letters_min"] and others <= inside["word_entries_max"]
    return "word" if len(name) == 1 and rare and entry.kind in {"organization", ""} else "whole"


def _addresses(entry: ListEntry, fold: Folder) -> Iterable[tuple[int, str]]:
    if entry.list != "EL" or not _ADDRESS_ONLY.fullmatch(fold(entry.name)):
        return
    for at, address in enumerate(entry.addresses):
        text = fold(_COUNTRY_TAIL.sub("", address))
        if len(text.split()) >= ADDRESS_WORDS_MIN:
            yield at, text


def _add(found: dict[str, dict[int, Reference]], text: str, new: Reference, entries: Sequence[ListEntry]) -> None:
    """One reference an entry and pattern: a strong alias goes before a weak one."""
    rows = found.setdefault(text, {})
    old = rows.get(new.entry)
    if old is None or (entries[old.entry].aliases[old.alias].quality == "weak" and new.scope != "address"):
        rows[new.entry] = new
