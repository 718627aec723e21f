"""Ways from `orders` to the outgoing topics that the worker is compared with, each a script in a process of its own.

Each takes the broker, the consumer group and a snapshot file, and runs until it gets SIGTERM. What they share is here.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from screener.lists import snapshot
from screener.runners import topics
from screener.settings import Settings, load

if TYPE_CHECKING:
    from screener.model import Snapshot

BATCH_ORDERS = 2_000
BATCH_SECONDS = 0.2
COMPRESSION = "lz4"
LINGER_MS = 1
RETRY_BACKOFF_MS = 2
OUTPUT_BYTES_MAX = 3_000_000


class Run(NamedTuple):
    """What a way is started with: settings, the snapshot where it screens, and the topics by outcome."""

    settings: Settings
    held: Snapshot | None
    orders: str
    outputs: dict[str | None, str]


def arguments() -> Run:
    """Read the command line: BOOTSTRAP GROUP [SNAPSHOT]."""
    bootstrap, group, *path = sys.argv[1:]
    settings = load({"bootstrap_servers": bootstrap, "group": group, "allow_stale": "yes"}, {})
    rows = topics.load(settings.topic_prefix)
    return Run(
        settings,
        snapshot.load(Path(*path)) if path else None,
        topics.named(rows, "in").name,
        {row.outcome: row.name for row in rows if row.role == "out"},
    )


class Ending:
    """Whether SIGTERM came."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_signal: object) -> None:
        self.asked = True
