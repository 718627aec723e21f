"""Orders in a file, decisions on a stream: newline-delimited JSON in, one decision a line out, in the same order.

Every line gets a decision, an empty one too (it is no order); only a blank last line is passed over. Of a line beyond
`LINE_BYTES_MAX`, far more than an order may have, the rest is skipped, so that memory stays bounded; it is quarantined.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from screener.core import screen
from screener.core.licenses import not_known
from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from screener.model import Snapshot, Terms
    from screener.runners.license_use import Counted

PROGRESS_SECONDS = 0.5
LINE_BYTES_MAX = 16_777_216


class Tally(NamedTuple):
    """How many orders got which outcome."""

    clear: int = 0
    review: int = 0
    block: int = 0
    quarantine: int = 0


def screen_file(
    path: Path | None, out: BinaryIO, snapshot: Snapshot, terms: Terms, counted: Counted | None = None
) -> Tally:
    """Screen the orders of a file (None: standard input) and write the decisions to `out`.

    `counted` keeps what orders draw of licenses; without it that is not known. Raises OperatorError when the file can't
    be read or the output can't be written.
    """
    if path is None:
        return _screen_lines(sys.stdin.buffer, out, snapshot, terms, counted)
    try:
        with path.open("rb") as lines:
            return _screen_lines(lines, out, snapshot, terms, counted)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OperatorError(f"{path}: can't be read ({error.strerror})") from None


def _screen_lines(lines: BinaryIO, out: BinaryIO, snapshot: Snapshot, terms: Terms, counted: Counted | None) -> Tally:
    counts = dict.fromkeys(Tally._fields, 0)
    progress = _Progress()
    for line in read_lines(lines):
        decision = screen(line, snapshot, terms, drawn=counted or not_known)
        if counted is not None:
            counted.keep(decision)
        out.write(decision.value + b"\n")
        counts[decision.outcome] += 1
        progress.step()
    out.flush()
    progress.end()
    return Tally(**counts)


def read_lines(lines: BinaryIO) -> Iterator[bytes]:
    """The lines without their ends, each of at most `LINE_BYTES_MAX` bytes."""
    while line := lines.readline(LINE_BYTES_MAX):
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            _skip_line(lines)
        kept = line.rstrip(b"\r\n")
        if kept or not _at_end(lines):
            yield kept


def _skip_line(lines: BinaryIO) -> None:
    while (piece := lines.readline(LINE_BYTES_MAX)) and not piece.endswith(b"\n"):
        pass


def _at_end(lines: BinaryIO) -> bool:
    peek = getattr(lines, "peek", None)
    return peek is not None and not peek(1)


class _Progress:
    """A count on standard error while it is a terminal; nothing in a pipe."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._count = 0
        self._due = time.monotonic() + PROGRESS_SECONDS

    def step(self) -> None:
        self._count += 1
        if self._shown and time.monotonic() >= self._due:
            self._due = time.monotonic() + PROGRESS_SECONDS
            print(f"\r{self._count:,} orders", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print(f"\r{self._count:,} orders", file=sys.stderr)
