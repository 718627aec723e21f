"""Takes what `--lists` names, a file or a directory, and gives each list in it to the reader of its layout.

Promises: a layout is recognized by what a file contains (OFAC's set, which has no header, also by its names); a file
of an unknown layout is refused with the layouts that are known, in a directory too: a list that is overlooked would
clear orders. Not for private lists and ownership, which have options of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.errors import ListError
from screener.lists import csl, ofac, supplement
from screener.lists.reading import MANIFEST_NAME, open_published, parsed_json

if TYPE_CHECKING:
    from pathlib import Path

    from screener.lists.reading import PublishedFile
    from screener.model import SourceList

DIRECTORY_FILES_MAX = 1000
FIRST_LINE_CHARS_MAX = 4096
KNOWN = "consolidated.csv (2019, 2022 to 2026), OFAC's set of sdn.csv, alt.csv and add.csv, or a Supplement 4 or 7 JSON"

_LIST_SUFFIXES = (".csv", ".json")
_RECOGNIZED_COLUMNS = 5
"""So many of the publisher's column names make a header that of the Consolidated Screening List, if a damaged one."""


def read_lists(path: Path) -> list[SourceList]:
    """Read the lists of a file, or of every file in a directory; OFAC's files are read as a set from any of them."""
    return _read_directory(path) if path.is_dir() else [_read(open_published(path))]


def _read(file: PublishedFile) -> SourceList:
    layout = _layout(file)
    if layout == csl.LAYOUT:
        return csl.read_csl(file)
    if layout == ofac.LAYOUT:
        return ofac.read_ofac(file.path)
    return supplement.read_supplement(file)


def _layout(file: PublishedFile) -> str:
    first_line = file.text[:FIRST_LINE_CHARS_MAX].partition("\n")[0]
    columns = {column.strip(' "\r') for column in first_line.split(",")}
    if len(columns.intersection(csl.COLUMNS_2022)) >= _RECOGNIZED_COLUMNS:
        return csl.LAYOUT
    if ofac.is_ofac_row(first_line):
        return ofac.LAYOUT
    if file.text.lstrip().startswith("{") and supplement.is_supplement(parsed_json(file)):
        return supplement.LAYOUT
    raise file.fault(1, f"expected a layout that is known: {KNOWN}")


def _read_directory(directory: Path) -> list[SourceList]:
    """Read every .csv and .json of a directory (other files are no lists); each OFAC set once."""
    read: dict[object, SourceList] = {}
    names: set[str] = set()
    for path in _files(directory):
        name = path.name.lower().removesuffix(".gz")
        if name == MANIFEST_NAME or not name.endswith(_LIST_SUFFIXES):
            continue
        if name in names:
            raise ListError(str(path), None, "expected each list once, found it compressed and not compressed")
        names.add(name)
        file = open_published(path)
        unit = _unit(file)
        if unit not in read:
            read[unit] = _read(file)
    if not read:
        raise ListError(str(directory), None, f"expected at least one list: {KNOWN}")
    return list(read.values())


def _unit(file: PublishedFile) -> object:
    """Return what is read at once: a file, or the whole set that a file of OFAC's belongs to."""
    member = ofac.member_name(file.path.name) if _layout(file) == ofac.LAYOUT else None
    return file.path.name if member is None else member.set_key


def _files(directory: Path) -> list[Path]:
    try:
        paths = sorted(path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise ListError(str(directory), None, "expected a readable directory") from error
    if len(paths) > DIRECTORY_FILES_MAX:
        raise ListError(str(directory), None, f"expected at most {DIRECTORY_FILES_MAX} files in a directory of lists")
    return paths
