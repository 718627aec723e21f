"""A fresh snapshot meets the parties and texts that the one in use remembers, before it takes over.

What a snapshot has worked out goes with it, and a name that is new costs many times one that is known: a worker that
swaps to an empty memory answers a fraction of what it did until its customers have come by again. So those that came
last are screened once more, for nothing but the memory, and with rests between them: the lane goes first.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson

from screener.core import screen
from screener.lists import pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from screener.model import Snapshot

SECONDS_MAX = 20.0
_NOBODY = b'{"role":"","name":"-"}'


def warm(fresh: Snapshot, used: Snapshot, stopping: Callable[[], bool], seconds_max: float = SECONDS_MAX) -> int:
    """Screen what `used` remembers with `fresh`, the latest first; how many pieces, in at most so many seconds."""
    deadline = time.monotonic() + seconds_max
    count = 0
    for raw in _orders(used):
        if stopping() or time.monotonic() > deadline:
            break
        screen(raw, fresh)
        count += 1
        pace.rest()
    return count


def _orders(used: Snapshot) -> Iterator[bytes]:
    """An order for each text and each party that is remembered; the lists of them are copied in one step.

    A party that is known in no role is known in all of them, but for the reading of a few bytes.
    """
    memory = used.memory
    for field in ("description", "maker", "model"):
        yield from (_with(b'"items":[{"%b":%b}]', field, text) for text in reversed(list(memory.texts[field])))
    for field in ("end_use", "notes"):
        yield from (_with(b'"%b":%b', field, text) for text in reversed(list(memory.texts[field])))
    for body in reversed(list(memory.bodies)):
        yield b'{"schema_version":1,"order_id":"-","parties":[{%b}]}' % body


def _with(member: bytes, field: str, text: str) -> bytes:
    said = member % (field.encode(), orjson.dumps(text))
    return b'{"schema_version":1,"order_id":"-","parties":[%b],%b}' % (_NOBODY, said)
