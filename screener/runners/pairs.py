"""Labelled pairs of names: read from CSV one at a time, and written again with their scores.

Promises: memory does not grow with the file; a fault (not UTF-8, a NUL byte, a huge line or cell, a quote left open, a
wrong cell) is a `ListError` with file and line; a file of scores is written whole or not at all, and the score as
written is on the same side of the threshold as the score itself. Names come and go as they are written. Not a place
that scores or counts.
"""

from __future__ import annotations

import csv
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TextIO

from screener.errors import ListError, OperatorError
from screener.lists.reading import CELL_CHARS_MAX, csv_expectation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.model import Kind

REQUIRED: Final = ("name1", "name2", "schema", "is_match")
GROUPS: Final = ("category", "case_group", "quality")
SCORED: Final = (*REQUIRED, "score", "predicted")
LINE_BYTES_MAX: Final = 1_048_576
PAIRS_MAX: Final = 10_000_000
SCORE_DECIMALS: Final = (4, 6, 9, 12)

KINDS: Final[dict[str, Kind]] = {
    "person": "person",
    "company": "organization",
    "organization": "organization",
    "publicbody": "organization",
    "legalentity": "",
    "": "",
    "vessel": "vessel",
    "airplane": "aircraft",
    "aircraft": "aircraft",
}
"""Schema of a pair, in lower case -> the kind that its names are compared as."""

SCHEMAS: Final = "Person, Company, Organization, PublicBody, LegalEntity, Vessel, Airplane, Aircraft or nothing"
LABELS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Pair(NamedTuple):
    """Two names and whether they are one party's; `label` as written, `groups` in the order of the file's columns."""

    name1: str
    name2: str
    schema: str
    label: str
    kind: Kind
    is_match: bool
    groups: tuple[str, ...]


class Pairs:
    """The pairs of a file that is open; `group_columns` are those of `GROUPS` that the file has."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = str(path)
        self._rows = _rows(self._path, file)
        line, header = next(self._rows, (None, None))
        if line is None or header is None:
            raise ListError(self._path, None, f"expected the columns {','.join(REQUIRED)}, found an empty file")
        self._columns = [cell.strip().lower() for cell in header]
        self._check_header(line)
        self.group_columns = tuple(name for name in GROUPS if name in self._columns)

    def _check_header(self, line: int) -> None:
        missing = [name for name in REQUIRED if name not in self._columns]
        if missing:
            expected = f"expected the columns {','.join(REQUIRED)}; missing: {', '.join(missing)}"
            raise ListError(self._path, line, expected)
        twice = [name for name in (*REQUIRED, *GROUPS) if self._columns.count(name) > 1]
        if twice:
            raise ListError(self._path, line, f"expected the column {twice[0]} once")

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; at most `PAIRS_MAX`, and at least one."""
        at = [self._columns.index(name) for name in (*REQUIRED, *self.group_columns)]
        count = 0
        for line, cells in self._rows:
            count += 1
            if count > PAIRS_MAX:
                raise ListError(self._path, line, f"expected at most {PAIRS_MAX} pairs")
            if len(cells) != len(self._columns):
                raise ListError(self._path, line, f"expected {len(self._columns)} columns, found {len(cells)}")
            yield self._pair(line, [cells[position] for position in at])
        if not count:
            raise ListError(self._path, None, "expected at least one pair below the header")

    def _pair(self, line: int, cells: list[str]) -> Pair:
        name1, name2, schema, label, *groups = cells
        kind = KINDS.get(schema.strip().lower())
        if kind is None:
            raise ListError(self._path, line, f"expected {SCHEMAS} as schema, found {schema[:100]!r}")
        is_match = LABELS.get(label.strip().lower())
        if is_match is None:
            raise ListError(self._path, line, f"expected true or false as is_match, found {label[:100]!r}")
        return Pair(name1, name2, schema, label, kind, is_match, tuple(groups))


@contextmanager
def open_pairs(path: Path) -> Iterator[Pairs]:
    """Open a file of pairs and read its header."""
    try:
        file = path.open("rb")
    except IsADirectoryError:
        raise ListError(str(path), None, "expected a file, found a directory") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise ListError(str(path), None, f"expected a readable file ({_reason(error)})") from None
    with file:
        yield Pairs(path, file)


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


# --- rows ------------------------------------------------------------------------------------------------------------


def _rows(path: str, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line it starts on."""
    reader = csv.reader(_lines(path, file), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ListError(path, line, csv_expectation(error)) from None
        if cells is None:
            return
        if max(map(len, cells), default=0) > CELL_CHARS_MAX:
            raise ListError(path, line, csv_expectation(csv.Error("field larger")))
        if cells:
            yield line, cells


def _lines(path: str, file: BinaryIO) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        try:
            line = file.readline(LINE_BYTES_MAX + 1)
        except OSError as error:
            raise ListError(path, number, f"expected a readable file ({_reason(error)})") from None
        if not line:
            return
        yield _decoded(path, number, line)


def _decoded(path: str, number: int, line: bytes) -> str:
    if len(line) > LINE_BYTES_MAX:
        raise ListError(path, number, f"expected at most {LINE_BYTES_MAX} bytes in a line")
    if b"\0" in line:
        raise ListError(path, number, "expected text, found a NUL byte")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ListError(path, number, f"expected UTF-8, found the byte 0x{line[error.start]:02x}") from None
    return text.removeprefix("\ufeff") if number == 1 else text


# --- scores ----------------------------------------------------------------------------------------------------------


def scored_line(pair: Pair, score: float, threshold: float) -> str:
    """A line of the file of scores, without its end."""
    predicted = "true" if score >= threshold else "false"
    names = (pair.name1, pair.name2, pair.schema, pair.label)
    return ",".join([*map(_cell, names), score_text(score, threshold), predicted])


def score_text(score: float, threshold: float) -> str:
    """The score with four decimals, or with as many as it takes to be on its own side of the threshold."""
    predicted = score >= threshold
    texts = (f"{score:.{decimals}f}" for decimals in SCORE_DECIMALS)
    return next((text for text in texts if (float(text) >= threshold) is predicted), repr(score))


def _cell(text: str) -> str:
    """A cell as CSV. The csv module leaves a lone carriage return without quotes and then can't read it."""
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text to write that takes the place of the file when it is finished, and leaves it alone when it is not.

    What is no regular file, such as a pipe, is written to as it stands.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8", newline="") as file:
                yield file
            return
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: can't be written ({_reason(error)})") from None
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise OperatorError(f"{path}: can't be written ({_reason(error)})") from None
    finally:
        Path(name).unlink(missing_ok=True)
