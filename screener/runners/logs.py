"""What a process that serves writes to standard error: a line a record, for a person or as JSON.

`source` names the record of Kafka that a line is about, `topic[partition]@offset`. No line has the value of an order:
parties are in topics, whose readers are chosen, and not in logs.
"""

from __future__ import annotations

import logging
import math
import re
from datetime import UTC, datetime
from typing import Any

import orjson

from screener.runners.terminal import printable

CLIENT_FORMAT = "%s [%s] %s"
"""The format of all lines of librdkafka, as its Python client hands them over."""
SELDOM_SECONDS = 10.0
ALIKE_MAX = 1_000
_NUMBER = re.compile("[0-9]+")


class Seldom(logging.Filter):
    """Lets pass one line in SELDOM_SECONDS of those that come again and again, as in an outage.

    These are the lines of the Kafka client, and those that are logged with `extra={"seldom": True}`.

    Lines are alike that differ in numbers only. The next one tells how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a record."""
        if record.msg != CLIENT_FORMAT and not getattr(record, "seldom", False):
            return True
        alike = _NUMBER.sub("", record.getMessage())
        told_at, left_out = self._told.get(alike, (-math.inf, 0))
        if record.created - told_at < SELDOM_SECONDS:
            self._told[alike] = (told_at, left_out + 1)
            return False
        if len(self._told) >= ALIKE_MAX:
            self._told.clear()
        self._told[alike] = (record.created, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} like it)", ()
        return True


class TextLines(logging.Formatter):
    """One line for a person: what a message holds that does not print is shown by its escape."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """The line of a record, without its trace."""
        return printable(super().formatMessage(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message; source and trace where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        at = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if source := getattr(record, "source", None):
            told["source"] = source
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(told).decode()


def config(log_format: str) -> dict[str, Any]:
    """The configuration for `logging.config`, which is handed to Faust too: it would set up its own."""
    formatters: dict[str, dict[str, Any]] = {
        "text": {"()": TextLines, "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": JsonLines},
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "filters": {"seldom": {"()": Seldom}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": log_format, "filters": ["seldom"]}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {name: {"level": "WARNING"} for name in ("aiohttp.access", "faust", "mode")},
    }
