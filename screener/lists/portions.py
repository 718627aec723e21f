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
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Taker = Callable[[list[Any]], None]

PORTION_BYTES_MAX = 262_144
"""Of a portion as JSON; one element or member that is no container may be larger."""

Path = tuple[str | int, ...]


def dumps(value: object) -> bytes:
    """The lines of a value; objects have their members in the order of names."""
    return b"".join(_lines(orjson.loads(_dump(value)), ()))


def loads(lines: Iterable[bytes], takers: Mapping[str, Taker] | None = None) -> Any:  # noqa: ANN401  any JSON value
    """The value of the lines; ValueError, KeyError, IndexError or TypeError for what are none.

    Members of an object that have one of the `takers` are arrays: it is given their elements, some at a time and in
    their order, and they are not in the value. So no more of them than a portion is there at once.
    """
    takers = takers or {}
    top: list[Any] = []
    large: list[Any] = []
    of_large: list[Any] = []  # whose element it is, and which one
    for line in lines:
        path, portion = orjson.loads(line)
        if large and path[:2] != of_large:
            takers[of_large[0]]([large.pop()])
        if not path or path[0] not in takers:
            _put(top, [0, *path], portion)
        elif len(path) == 1:
            takers[path[0]](portion)
        else:
            of_large = path[:2]
            _put(large, [0, *path[2:]], portion)
        pace.rest()
    if large:
        takers[of_large[0]](large)
    (value,) = top
    for name in takers.keys() & value if takers else ():
        takers[name](value.pop(name))
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
