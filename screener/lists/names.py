"""Takes apart the names as publishers write them: cells of several names, clauses and names within a name.

Promises: the name as published stays (first, primary); everything found inside it is added as a further alias, so a
name is never lost by cleaning. Characters inside a name stay as they are: making names comparable is folding, and
that lives in the core. A comma never separates two names, because it also stands before "Ltd." and given names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from screener.model import Alias, Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INNER_CHARS_MIN = 3

# Every repetition that a longer match could follow is bounded: a cell may hold 100,000 characters of anything.
_STRAY = ",;" + "".join(filter(str.isspace, map(chr, range(0x3001))))
_LINE_BREAK = re.compile(r"[\t\r\n]+")
_BETWEEN_NAMES = re.compile(r";\s*")
_LEADING_AND = re.compile(r"and\s+(?=\S)")
_LEADING_MARK = re.compile(r"[afn]\.k\.a\.?,?\s+", re.IGNORECASE)
_SUCCESSORS_ALONE = re.compile(r"(?:and\s{1,4})?(?:any|its)\s{1,4}(?:successor|sub-?unit|subsidiar)", re.IGNORECASE)
_SUCCESSORS = re.compile(
    r"[;,]?\s{1,4}and\s{1,4}(?:any|its)\s{1,4}(?:successor|sub-?unit|subsidiar).*$", re.IGNORECASE | re.DOTALL
)
_NATIONALITY = re.compile(r"\([A-Z][\w.' ]{1,40} (?:entity|individual|national)(?: in [\w ]{1,40})?\)$", re.IGNORECASE)
_ALSO_KNOWN = re.compile(
    r"""[\s,;(\[-]{0,8}                           # what leads up to the mark
        (?: (?<![a-z]) [afn]\.k\.a (?![a-z]) \.?    # "a.k.a." anywhere
          | (?<=[(\[;,]) \s{0,4} [afn]ka (?=[:,\s]) # "(aka X", ", aka X": undotted it may be a name of its own
          | (?<=-) \s{0,4} aka \s{0,4} (?=-)         # "X -AKA- Y"
        ) [:,\s-]*""",
    re.IGNORECASE | re.VERBOSE,
)


def aliases_of(primary: str, others: Iterable[str]) -> tuple[Alias, ...]:
    """Return the primary name and every other name, each once, with the names found inside them."""
    published = clean(primary)
    found = [Alias(published, primary=True)]
    found.extend(Alias(*inner) for inner in inner_names(published))
    for other in others:
        name = other_name(other)
        if name:
            found.append(Alias(name))
            found.extend(Alias(*inner) for inner in inner_names(name))
    return union(found)


def union(aliases: Iterable[Alias]) -> tuple[Alias, ...]:
    """Keep each name once, in order, primary if the first is, and strong if any of its occurrences is."""
    kept: dict[str, Alias] = {}
    for alias in aliases:
        earlier = kept.get(alias.name)
        if earlier is None:
            kept[alias.name] = alias if not (alias.primary and kept) else alias._replace(primary=False)
        elif earlier.quality == "weak" and alias.quality == "strong":
            kept[alias.name] = earlier._replace(quality="strong")
    return tuple(kept.values())


def split_names(cell: str) -> list[str]:
    """Split a cell of names at its semicolons; some rows of the Entity List lack the blank after them."""
    return _BETWEEN_NAMES.split(cell) if cell else []


def clean(name: str) -> str:
    """Drop the blanks around a name, stray commas and semicolons behind it, and line breaks within it."""
    if _LINE_BREAK.search(name):
        name = " ".join(filter(None, (part.strip() for part in _LINE_BREAK.split(name))))
    return name.strip().rstrip(_STRAY)


def other_name(part: str) -> str:
    """Return one part of a cell of names as a name, or nothing where it is only a clause or punctuation."""
    name = clean(part)
    name = _LEADING_AND.sub("", name, count=1) if name.startswith("and ") else name
    if name == "and" or _SUCCESSORS_ALONE.match(name) or not any(map(str.isalnum, name)):
        return ""
    return _LEADING_MARK.sub("", name, count=1) if _LEADING_MARK.match(name) else name


def inner_names(published: str) -> Iterator[tuple[str, Quality]]:
    """Yield the names inside a published name: without its clauses, those after an "a.k.a.", those between semicolons.

    A single word between semicolons ("Kreig; a.k.a. Cow Craig") is weak: it was written to be read with the rest. So
    is one of fewer than three characters ("K (AKA: ...)"). Any other is as strong as the name it stands in.
    """
    bare = clean(_NATIONALITY.sub("", clean(_SUCCESSORS.sub("", published))))
    if bare != published and bare:
        yield bare, "strong"
    parts = list(_also_known(bare)) if _ALSO_KNOWN.search(bare) else [bare]
    names = [other_name(part) for text in parts for part in split_names(text)]
    if names == [bare]:
        return
    in_pieces = ";" in bare
    for name in names:
        if name and not name.startswith("the following"):
            yield name, "weak" if (in_pieces and " " not in name) or len(name) < INNER_CHARS_MIN else "strong"


def _also_known(name: str) -> Iterator[str]:
    """Yield the name without its marked parts, then each marked part: "X (a.k.a. Y) Z" is "X Z" and "Y"."""
    head, *marked = _ALSO_KNOWN.split(name)
    inner = []
    for part in marked:
        inside, rest = _up_to_close(part)
        inner.append(inside)
        head += rest
    yield head
    yield from inner


def _up_to_close(text: str) -> tuple[str, str]:
    """Split at the bracket that closes what was opened before the text; without one, all of it is inside."""
    depth = 0
    for position, character in enumerate(text):
        if character in "([":
            depth += 1
        elif character in ")]":
            if depth == 0:
                return text[:position], text[position + 1 :]
            depth -= 1
    return text, ""
