"""Shows how a long build goes on: phase, rows, time and memory.

On a terminal each phase has a line that moves while it works; elsewhere one line at the end says what took how long.
Both are on standard error, so that what a command prints stays as it is. Not for commands that answer at once.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Self, TextIO

from screener.lists.progress import Progress
from screener.runners.terminal import cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable

REFRESH_SECONDS = 0.5
PHASE_CHARS_MAX = 34
SUMMARY_SECONDS_MIN = 1.0
"""A phase that read no rows and was shorter is left out of the summary."""
MEBIBYTE = 1024 * 1024


class _Phase(NamedTuple):
    """A phase that is over."""

    name: str
    rows: int
    seconds: float


class BuildProgress(Progress):
    """Tells of the phases of one build; a context manager, so that the last phase ends with the build."""

    def __init__(
        self,
        says: str,
        stream: TextIO | None = None,
        seconds: Callable[[], float] = time.monotonic,
        memory_bytes: Callable[[], int] | None = None,
    ) -> None:
        """`says` begins the summary ("built"); a clock and a measure of memory may be given."""
        self._says = says
        self._stream = sys.stderr if stream is None else stream
        self._seconds = seconds
        self._memory_bytes = memory_bytes or resident_bytes
        self._moves = self._stream.isatty()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._done: list[_Phase] = []
        self._name, self._rows, self._begun = "", 0, seconds()
        self._memory_max = 0

    def __enter__(self) -> Self:
        if self._moves:
            threading.Thread(target=self._refresh, name="build-progress", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        with self._lock:
            self._end()
            if not self._moves and kind is None:
                print(f"screener: {self._summary()}", file=self._stream)

    def begin(self, phase: str) -> None:
        """End the phase before this one, and show this one."""
        with self._lock:
            self._end()
            self._name, self._rows, self._begun = cut(printable(phase), PHASE_CHARS_MAX), 0, self._seconds()
            self._show()

    def add_rows(self, count: int) -> None:
        """Count rows of the phase; they are shown when the line moves next."""
        self._rows += count

    def _end(self) -> None:
        if self._name:
            self._show(end="\n")
            self._done.append(_Phase(self._name, self._rows, self._seconds() - self._begun))
            self._name = ""

    def _refresh(self) -> None:
        while not self._over.wait(REFRESH_SECONDS):
            with self._lock:
                self._show()

    def _show(self, end: str = "") -> None:
        memory = self._memory_bytes()
        self._memory_max = max(self._memory_max, memory)
        if self._moves and self._name:
            rows = f"{self._rows:,} rows" if self._rows else ""
            seconds = self._seconds() - self._begun
            line = f"{self._name:<{PHASE_CHARS_MAX}}  {rows:>18}  {seconds:>8.1f} s  {memory // MEBIBYTE:>7,} MiB"
            print(f"\r{line}", end=end, file=self._stream, flush=True)

    def _summary(self) -> str:
        told = [phase for phase in self._done if phase.rows or phase.seconds >= SUMMARY_SECONDS_MIN]
        phases = ", ".join(
            f"{phase.name} {phase.seconds:.1f} s" + (f" ({phase.rows:,} rows)" if phase.rows else "") for phase in told
        )
        total = sum(phase.seconds for phase in self._done)
        memory = f"with at most {max(self._memory_max, self._memory_bytes()) // MEBIBYTE:,} MiB in memory"
        return f"{self._says} in {total:.1f} s, {memory}" + (f": {phases}" if phases else "")


def resident_bytes() -> int:
    """The memory that this process has at the moment, in bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  no path of a user's
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
