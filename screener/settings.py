"""Environment and options -> one frozen `Settings` for the worker; all problems are told at once, before it starts.

An option goes before its environment variable, `SCREENER_` and the field's name in capitals. Nothing is read anywhere
else, so that what a worker runs with is what this module says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "SCREENER_"
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})
_NAME = re.compile(r"[A-Za-z0-9._-]*")
_SERVER = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5}")


@dataclass(frozen=True)
class Settings:
    """What a worker runs with.

    `max_list_age` is in days, None: as the rules say. `slot` numbers the workers of a group from 0 and names the
    transactional id. `snapshot` None: the one that is announced on `screener.snapshots`.
    """

    bootstrap_servers: str
    snapshot: Path | None = None
    topic_prefix: str = ""
    group: str = "screener"
    slot: int = 0
    metrics_host: str = "0.0.0.0"  # noqa: S104  scraped from outside the pod; serves metrics and health only
    metrics_port: int = 9464
    max_list_age: int | None = None
    allow_stale: bool = False
    profile: str = "us"
    shadow: bool = False

    @property
    def transactional_id(self) -> str:
        """Stable a worker slot, so that a successor ends its predecessor's open transaction at once."""
        return f"{self.topic_prefix}{self.group}-{'shadow-' if self.shadow else ''}{self.slot}"


def env_name(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def load(options: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """Read the settings; `options` maps fields to what the command line gave (None: not given).

    Raises OperatorError that lists every setting that is wrong or unknown.
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for field in fields(Settings):
        given = options.get(field.name)
        text = environment.get(env_name(field.name)) if given is None else given
        if text is None:
            continue
        try:
            values[field.name] = _READERS[field.name](text.strip())
        except ValueError as error:
            problems.append(f"{env_name(field.name)}={text!r}: expected {error}")
    if "bootstrap_servers" not in values and not any("BOOTSTRAP" in problem for problem in problems):
        problems.append(f"{env_name('bootstrap_servers')} is not set: expected host:port of a Kafka broker")
    known = {env_name(field.name) for field in fields(Settings)}
    problems += [f"{name}: no such setting" for name in sorted(environment) if _is_stray(name, known)]
    if problems:
        raise OperatorError(f"{len(problems)} setting(s) can't be used: " + "; ".join(problems))
    return Settings(**values)  # type: ignore[arg-type]


def _is_stray(name: str, known: set[str]) -> bool:
    """A misspelt setting must not go unnoticed; SCREENER_DATA and SCREENER_JARS belong to the tests and the broker."""
    return name.startswith(PREFIX) and name not in known | {"SCREENER_DATA", "SCREENER_JARS"}


def _servers(text: str) -> str:
    if not text or not all(_SERVER.fullmatch(server.strip()) for server in text.split(",")):
        raise ValueError("host:port, or several with commas between")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or len(text) > 100:
        raise ValueError("at most 100 letters, digits, dots, dashes or underscores")
    return text


def _group(text: str) -> str:
    if not text:
        raise ValueError("a name that is not empty")
    return _name(text)


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _flag(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("true or false")
    return text.lower() in _TRUE


def _file(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text)
    if not path.is_file():
        raise ValueError("a snapshot file that exists")
    return path


def _host(text: str) -> str:
    if not text:
        raise ValueError("an address to listen on")
    return text


_READERS: dict[str, Callable[[str], object]] = {
    "bootstrap_servers": _servers,
    "snapshot": _file,
    "topic_prefix": _name,
    "group": _group,
    "slot": _number(0, 9_999),
    "metrics_host": _host,
    "metrics_port": _number(1, 65_535),
    "max_list_age": _number(0, 36_500),
    "allow_stale": _flag,
    "profile": _group,
    "shadow": _flag,
}
