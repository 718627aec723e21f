"""What all list layouts share: entry ids, merging of rows, column checks and the finished `SourceList`.

Promises: rows with the same list and id become one entry that has every name, address, country and citation of all of
them and is in effect for as long as any of them. Not a place that knows any one layout.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from screener.lists.names import union
from screener.model import ListEntry, SourceFile, SourceList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from screener.lists.reading import PublishedFile

HASH_CHARS = 16
_NOT_WORD = re.compile(r"\W+")


def hashed_id(list_code: str, *parts: str) -> str:
    """Return an id for an entry whose publisher gives none: the same parts give the same id in every edition."""
    digest = hashlib.sha256("\x1f".join((list_code, *parts)).encode()).hexdigest()
    return f"{list_code}-{digest[:HASH_CHARS]}"


def source_list(file: PublishedFile, layout: str, entries: Iterable[ListEntry]) -> SourceList:
    """Merge the entries of the rows of one file and count the rows; a file without rows is refused."""
    rows_by_entry: dict[tuple[str, str], list[ListEntry]] = {}
    rows_by_list: Counter[str] = Counter()
    for entry in entries:
        rows_by_list[entry.list] += 1
        rows_by_entry.setdefault((entry.list, entry.entry_id), []).append(entry)
    if not rows_by_entry:
        raise file.fault(None, "expected at least one row, found none")
    source = SourceFile(file.path.name, file.sha256, layout, rows_by_list.total(), file.edition)
    merged = [rows[0] if len(rows) == 1 else _merged(rows) for rows in rows_by_entry.values()]
    return SourceList(source, merged, dict(rows_by_list))


def joined(texts: Iterable[str]) -> str:
    """Join texts the way the publisher does, each once; case and punctuation make no difference between two."""
    distinct: dict[str, str] = {}
    for text in texts:
        distinct.setdefault(_NOT_WORD.sub("", text).casefold(), text)
    return "; ".join(text for text in distinct.values() if text)


def once(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return every text of all groups once, in order."""
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def _merged(rows: list[ListEntry]) -> ListEntry:
    """Merge the rows of one entry; requirements and policies that differ are all kept, as any may be the stricter."""
    return ListEntry(
        list=rows[0].list,
        entry_id=rows[0].entry_id,
        aliases=union(chain.from_iterable(row.aliases for row in rows)),
        kind=next((row.kind for row in rows if row.kind), ""),
        addresses=once(row.addresses for row in rows),
        countries=once(row.countries for row in rows),
        programs=once(row.programs for row in rows),
        license_requirement=joined(row.license_requirement for row in rows),
        license_review_policy=joined(row.license_review_policy for row in rows),
        citation=joined(row.citation for row in rows),
        effective_from=_bound(min, [row.effective_from for row in rows]),
        effective_to=_bound(max, [row.effective_to for row in rows]),
        identifiers=once(row.identifiers for row in rows),
        confidential=any(row.confidential for row in rows),
    )


def _bound(widest: Callable[[list[str]], str], days: list[str | None]) -> str | None:
    """Return the widest of the days; one that is open (None) leaves the whole entry open."""
    known = [day for day in days if day is not None]
    return widest(known) if len(known) == len(days) else None
