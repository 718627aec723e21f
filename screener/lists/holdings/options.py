"""What an operator chose about ownership files, and the rules by which their shares are read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from screener.lists import reading, rules
from screener.lists.holdings.shares import share_rules
from screener.lists.progress import SILENT, Progress

if TYPE_CHECKING:
    from screener.lists.holdings.shares import ShareRules, ShareUnit

BYTES_OF_A_ROW = reading.FILE_BYTES_MAX // reading.ROWS_MAX


class SourceOptions(NamedTuple):
    """How ownership files are read.

    `unit` says what a number without a percent sign is, None where nobody said. `rows_max` is how many rows, statements
    or records a file may hold, None for the limit of all tables; where it is more than that, a file may hold more bytes
    in proportion.
    """

    rules: ShareRules
    unit: ShareUnit | None = None
    accept_left_out: bool = False
    rows_max: int | None = None
    progress: Progress = SILENT

    @property
    def rows_limit(self) -> int:
        """How many rows a file may hold."""
        return reading.ROWS_MAX if self.rows_max is None else self.rows_max

    def raised(self, limit: int) -> int:
        """Another limit of a file, raised where the operator allows more rows than that."""
        return limit if self.rows_max is None else max(limit, self.rows_max)

    @property
    def bytes_limit(self) -> int:
        """How many bytes a file may hold, uncompressed."""
        return max(reading.FILE_BYTES_MAX, BYTES_OF_A_ROW * (self.rows_max or 0))


@cache
def shipped_options() -> SourceOptions:
    """The options of an operator who chose nothing, with the shipped rules."""
    return SourceOptions(share_rules(rules.shipped_table("shares")))
