"""A large JSON value as lines that are read one by one, so that no reading holds the interpreter for long.

Reading 14 MB of JSON at once would keep all other threads waiting for a sixth of a second, those that answer orders
too. Each line is an array of a path (member names and indices, from the top) and a portion of what stands there: some
members of an object, some elements of an array, or a value that is not divided. The same value gives the same lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from screener.lists import pace

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTION_BYTES_MAX = 262_144
"""Of a portion as JSON; one element or member that is no container may be larger."""

Path = tuple[str | int, ...]


def dumps(value: object) -> bytes:
    """The lines of a value; objects have their members in the order of names."""
    return b"".join(_lines(orjson.loads(_dump(value)), ()))


def loads(lines: memoryview) -> Any:  # noqa: ANN401  any JSON value
    """The value of the lines; ValueError, KeyError, IndexError or TypeError for what are none."""
    top: list[Any] = []
    for line in bytes(lines).splitlines():
        path, portion = orjson.loads(line)
        _put(top, [0, *path], portion)
        pace.rest()
    (value,) = top
    return value


def _put(top: list[Any], path: list[Any], portion: Any) -> None:  # noqa: ANN401
    place: Any = top
    for step in path[:-1]:
        place = place[step]
    last = path[-1]
    known = last < len(place) if isinstance(place, list) else last in place
    if not known and isinstance(place, list):
        place.append(portion)
    elif not known:
        place[last] = portion
    elif isinstance(portion, list):
        place[last].extend(portion)
    else:
        place[last].update(portion)


def _lines(value: Any, path: Path) -> Iterator[bytes]:  # noqa: ANN401
    if not isinstance(value, dict | list) or len(_dump(value)) <= PORTION_BYTES_MAX:
        yield _line(path, value)
        return
    empty: Any = type(value)()
    yield _line(path, empty)
    portion: list[tuple[Any, Any]] = []
    size = 0
    for key, element in value.items() if isinstance(value, dict) else enumerate(value):
        length = len(_dump(element)) + len(_dump(str(key))) + 2
        if portion and size + length > PORTION_BYTES_MAX:
            yield _line(path, _made(portion, value))
            portion, size = [], 0
        if length > PORTION_BYTES_MAX:
            yield from _lines(element, (*path, key))
        else:
            portion.append((key, element))
            size += length
    if portion:
        yield _line(path, _made(portion, value))


def _made(portion: list[tuple[Any, Any]], of: object) -> Any:  # noqa: ANN401
    return dict(portion) if isinstance(of, dict) else [element for _, element in portion]


def _line(path: Path, portion: Any) -> bytes:  # noqa: ANN401
    return _dump([path, portion]) + b"\n"


def _dump(value: object) -> bytes:
    return orjson.dumps(value, default=list, option=orjson.OPT_SORT_KEYS)
