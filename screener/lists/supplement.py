"""Supplements 4 and 7 to 15 CFR Part 744 as JSON: the Entity List and the MEU List as the eCFR prints them.

Promises: the `list_id` decides the list (bis-entity-list is EL, bis-meu is MEU) and `count` must agree with the
entries, so a shortened file is refused. The notes of the Entity List are its license requirement; those of the MEU
List name a parent institution and are no requirement, so they are not read as one. Ids are hashes of list, name,
country and address: the eCFR gives none, and repeats a name under every country.
Not for the republished `entities` files of other sites, whose aliases are split at commas ("Ltd" is none).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from screener.lists.countries import code_of, codes_in
from screener.lists.entries import hashed_id, once, source_list
from screener.lists.names import aliases_of, clean
from screener.lists.reading import iso_day, parsed_json
from screener.model import ListEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.lists.reading import PublishedFile
    from screener.model import SourceList

LAYOUT = "supplement"
LIST_CODES = {"bis-entity-list": "EL", "bis-meu": "MEU"}

_BETWEEN_ADDRESSES = re.compile(r";\s*(?:and\s+)?")
_TEXT_FIELDS = ("country", "address", "effective_date", "federal_register", "notes")


def is_supplement(content: object) -> bool:
    """Whether parsed JSON has the shape of a supplement, whichever list it says it is."""
    return isinstance(content, dict) and "list_id" in content and "entities" in content


def read_supplement(file: PublishedFile) -> SourceList:
    """Read a Supplement 4 or Supplement 7 JSON."""
    content = parsed_json(file)
    if not is_supplement(content):
        raise file.fault(None, "expected an object with list_id and entities")
    return source_list(file, LAYOUT, _entries(file, content))


def _entries(file: PublishedFile, content: dict[str, Any]) -> Iterator[ListEntry]:
    list_code = LIST_CODES.get(content["list_id"]) if isinstance(content["list_id"], str) else None
    if list_code is None:
        raise file.fault(None, f"expected the list_id {' or '.join(LIST_CODES)}, found {content['list_id']!r:.80}")
    published = content["entities"]
    if not isinstance(published, list):
        raise file.fault(None, "expected entities as an array")
    if content.get("count", len(published)) != len(published):
        raise file.fault(None, f"expected {content['count']!r:.20} entities as its count says, found {len(published)}")
    for number, entity in enumerate(published, start=1):
        _check_entity(file, number, entity)
        yield _entry(list_code, entity)


def _check_entity(file: PublishedFile, number: int, entity: object) -> None:
    where = f"entity {number} of {file.path.name}"
    if not isinstance(entity, dict):
        raise file.fault(None, f"expected an object as {where}")
    name, aliases = entity.get("name"), entity.get("aliases", [])
    if not isinstance(name, str) or not any(map(str.isalnum, name)):
        raise file.fault(None, f"expected a name in {where}")
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise file.fault(None, f"expected aliases as an array of texts in {where}")
    for field in _TEXT_FIELDS:
        if not isinstance(entity.get(field), str | None):
            raise file.fault(None, f"expected {field} as a text or null in {where}")


def _entry(list_code: str, entity: dict[str, Any]) -> ListEntry:
    text = {field: (entity.get(field) or "").strip() for field in _TEXT_FIELDS}
    addresses = _addresses(text["address"])
    listed_under = code_of(text["country"])
    return ListEntry(
        list=list_code,
        entry_id=hashed_id(list_code, clean(entity["name"]), text["country"], text["address"]),
        aliases=aliases_of(entity["name"], entity.get("aliases", [])),
        addresses=addresses,
        countries=once([(listed_under,) if listed_under else (), codes_in(addresses)]),
        license_requirement=text["notes"] if list_code == "EL" else "",
        citation=text["federal_register"],
        effective_from=iso_day(text["effective_date"]),
    )


def _addresses(text: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in _BETWEEN_ADDRESSES.split(text))
    return tuple(dict.fromkeys(part for part in parts if part))
