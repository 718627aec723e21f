"""What a process that serves writes to standard error: a line a record, for a person or as JSON.

`source` names the record of Kafka that a line is about, `topic[partition]@offset`. No line has the value of an order:
parties are in topics, whose readers are chosen, and not in logs.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import orjson

from screener.runners.terminal import printable


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
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": log_format}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {name: {"level": "WARNING"} for name in ("aiohttp.access", "faust", "mode")},
    }
