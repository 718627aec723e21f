"""Opens a published file and gives its text, its sha256 and its edition, or one sentence that says what is wrong.

Promises: strict UTF-8 (a byte order mark is allowed), plain or gzip by content, never more than the limits below, and
every fault of a file (missing, a directory, empty, cut off, not text, too large) is a `ListError` with file and line.
A file is read whole before its first row is believed, so a damaged end refuses the whole file.
Not for orders, and not a place that knows any layout.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zlib
from contextlib import contextmanager
from datetime import UTC, date, datetime
from gzip import BadGzipFile, GzipFile
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from screener.errors import ListError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_BYTES_MAX = 512 * 1024 * 1024
"""Of the stored bytes and of what they uncompress to; the largest published list is about 25 MiB."""
MANIFEST_NAME = "manifest.json"
CELL_CHARS_MAX = 100_000
"""Below the csv module's own default (131,072), so that its process-wide setting is never touched: were it lowered by
another library, a file is refused with a sentence, never misread."""
ROW_CHARS_MAX = 10_000_000
"""Of a row as written, before it is taken apart: each cell costs eight bytes, a comma one."""
COLUMNS_MAX = 100_000
ROWS_MAX = 5_000_000
"""Of a table. Ownership files may hold more where the operator says so (`--max-ownership-rows`)."""
YEAR_MIN, YEAR_MAX = 1900, 2200

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CHUNK_BYTES = 1024 * 1024
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_IN_NAME = re.compile(r"(?<![0-9])([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?|([0-9]{2})([0-9]{2}))(?![0-9])")


class PublishedFile(NamedTuple):
    """The text of a file with the facts that go into its `SourceFile`."""

    path: Path
    text: str
    sha256: str
    edition: str

    def fault(self, line: int | None, expected: str) -> ListError:
        """Return a `ListError` about this file."""
        return ListError(str(self.path), line, expected)


class Row(NamedTuple):
    """The cells of one row and the number of the line on which it starts.

    `unfinished`: it is the last row and its line has no end, so it may have been cut off.
    """

    line: int
    cells: list[str]
    unfinished: bool


# --- the file ---------------------------------------------------------------------------------------------------------


def open_published(path: Path, bytes_max: int | None = None) -> PublishedFile:
    """Read a file whole; the sha256 is of its bytes as stored (of the .gz file, not of what is in it).

    `bytes_max` is what it may hold, stored and uncompressed (default: FILE_BYTES_MAX).
    """
    most = FILE_BYTES_MAX if bytes_max is None else bytes_max
    stored = _stored_bytes(path, most)
    content = _uncompressed(path, stored, most) if stored.startswith(_GZIP_MAGIC) else stored
    text = _decoded(path, content.removeprefix(_BYTE_ORDER_MARK))
    if not text.strip():
        raise ListError(str(path), None, "expected a list, found an empty file")
    return PublishedFile(path, text, hashlib.sha256(stored).hexdigest(), edition_of(path))


def _stored_bytes(path: Path, bytes_max: int) -> bytes:
    with _readable(path), path.open("rb") as file:
        stored = file.read(bytes_max + 1)
    if len(stored) > bytes_max:
        raise _too_large(path, bytes_max)
    return stored


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ListError(str(path), None, "expected a file, found nothing there") from error
    except IsADirectoryError as error:
        raise ListError(str(path), None, "expected a file, found a directory") from error
    except (OSError, ValueError) as error:
        # ValueError: a path with a NUL character in it
        reason = getattr(error, "strerror", None) or str(error)
        raise ListError(str(path), None, f"expected a readable file ({reason})") from error


def _uncompressed(path: Path, stored: bytes, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    bytes_total = 0
    try:
        with GzipFile(fileobj=io.BytesIO(stored)) as file:
            while chunk := file.read(_CHUNK_BYTES):
                bytes_total += len(chunk)
                if bytes_total > bytes_max:
                    raise _too_large(path, bytes_max)
                chunks.append(chunk)
    except EOFError as error:
        raise ListError(str(path), None, "expected a whole gzip file, found one that is cut off") from error
    except (BadGzipFile, zlib.error) as error:
        raise ListError(str(path), None, "expected a whole gzip file, found one that is damaged") from error
    return b"".join(chunks)


def _too_large(path: Path, bytes_max: int) -> ListError:
    return ListError(str(path), None, f"expected at most {bytes_max} bytes uncompressed")


def _decoded(path: Path, content: bytes) -> str:
    nul = content.find(b"\0")
    if nul >= 0:
        raise ListError(str(path), _line_at(content, nul), "expected text, found a NUL byte")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_at(content, error.start)
        raise ListError(str(path), line, f"expected UTF-8, found the byte 0x{content[error.start]:02x}") from error


def _line_at(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


# --- rows -------------------------------------------------------------------------------------------------------------


def rows(file: PublishedFile, rows_max: int | None = None) -> Iterator[Row]:
    """Yield the rows of a comma-separated file with the line each starts on; blank lines are skipped.

    `rows_max` is how many there may be (default: ROWS_MAX).
    """
    most = ROWS_MAX if rows_max is None else rows_max
    lines = io.StringIO(file.text, newline="")
    chars_unfinished = None if file.text.endswith(("\n", "\r")) else len(file.text)
    begin = count = 0
    line = 1

    def bounded() -> Iterator[str]:
        for written in lines:
            if lines.tell() - begin > ROW_CHARS_MAX:
                raise file.fault(line, f"expected at most {ROW_CHARS_MAX} characters in a row (is a quote left open?)")
            yield written

    reader = csv.reader(bounded(), strict=True)
    while True:
        begin, line = lines.tell(), reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise file.fault(line, csv_expectation(error)) from error
        if cells is None:
            return
        if not cells:
            continue
        count += 1
        _check_limits(file, line, cells)
        if count > most:
            raise file.fault(line, f"expected at most {most} rows")
        yield Row(line, cells, lines.tell() == chars_unfinished)


def csv_expectation(error: csv.Error) -> str:
    """What a row of a CSV file should have been, for the fault that `csv` found in it."""
    reason = str(error)
    if "unexpected end" in reason:
        return "expected the quote that opens in this row to be closed, found the end of the file"
    if "field larger" in reason:
        return f"expected at most {CELL_CHARS_MAX} characters in a cell (is a quote left open?)"
    return f"expected a row of comma-separated cells ({reason})"


def _check_limits(file: PublishedFile, line: int, cells: list[str]) -> None:
    if len(cells) > COLUMNS_MAX:
        raise file.fault(line, f"expected at most {COLUMNS_MAX} columns")
    if max(map(len, cells)) > CELL_CHARS_MAX:
        raise file.fault(line, f"expected at most {CELL_CHARS_MAX} characters in a cell (is a quote left open?)")


def check_columns(file: PublishedFile, row: Row, columns: int) -> None:
    """Refuse a row that has not exactly so many cells, and say so if it looks like the end of a cut file."""
    found = len(row.cells)
    if found != columns:
        cut = " (the last line is cut off)" if found < columns and row.unfinished else ""
        raise file.fault(row.line, f"expected {columns} columns, found {found}{cut}")


# --- JSON -------------------------------------------------------------------------------------------------------------


def parsed_json(file: PublishedFile) -> Any:  # noqa: ANN401 (JSON is any value until its layout is checked)
    """Parse the file as JSON."""
    try:
        return orjson.loads(file.text)
    except orjson.JSONDecodeError as error:
        raise file.fault(error.lineno, f"expected JSON ({error.msg})") from error


# --- days -------------------------------------------------------------------------------------------------------------


def iso_day(text: str) -> str | None:
    """Return an ISO day of a plausible year, or None for everything else."""
    if not _ISO_DAY.fullmatch(text):
        return None
    return _valid_day(int(text[:4]), int(text[5:7]), int(text[8:]))


def edition_of(path: Path) -> str:
    """Return a file's edition: from the manifest beside it, else a date in its name, else its own UTC day."""
    return _edition_in_manifest(path) or _edition_in_name(path.name) or _modified_on(path)


def _edition_in_manifest(path: Path) -> str | None:
    manifest = path.parent / MANIFEST_NAME
    if not manifest.is_file():
        return None
    try:
        named = orjson.loads(_stored_bytes(manifest, FILE_BYTES_MAX))["files"].get(path.name)
        edition = None if named is None else named.get("edition")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        expected = 'expected {"files": {"NAME": {"edition": "YYYY-MM-DD"}}}'
        raise ListError(str(manifest), None, expected) from error
    if edition is None:
        return None
    if not isinstance(edition, str) or iso_day(edition) is None:
        raise ListError(str(manifest), None, f"expected the edition of {path.name} as YYYY-MM-DD, found {edition!r}")
    return edition


def _edition_in_name(name: str) -> str | None:
    for year, month, day, month_solid, day_solid in _DATE_IN_NAME.findall(name):
        edition = _valid_day(int(year), int(month or month_solid), int(day or day_solid or 1))
        if edition is not None:
            return edition
    return None


def _modified_on(path: Path) -> str:
    with _readable(path):
        return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date().isoformat()


def _valid_day(year: int, month: int, day: int) -> str | None:
    if not YEAR_MIN <= year <= YEAR_MAX:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
