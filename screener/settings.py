"""Environment and options -> one frozen `Settings` for the worker; all problems are told at once, before it starts.

A command that only needs the cluster takes a `Cluster`, which is the part of the settings that says how to reach it.

An option goes before its environment variable, `SCREENER_` and the field's name in capitals. Nothing is read anywhere
else, so that what a worker runs with is what this module says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PREFIX = "SCREENER_"
TEXT_LENGTH_MAX = 1_000
_SECRET = frozenset({"sasl_password"})
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})
_NAME = re.compile(r"[A-Za-z0-9._-]*")
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_SERVER = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5}")


@dataclass(frozen=True)
class Cluster:
    """How to reach the Kafka cluster; files are read whenever a client is made, so that renewed ones are taken.

    The password is in a file, or else in the environment. Without `ssl_ca_file` the system's authorities count;
    `ssl_certificate_file` and `ssl_key_file` are the client's own, for TLS that is mutual.
    """

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    sasl_password_file: Path | None = None
    ssl_ca_file: Path | None = None
    ssl_certificate_file: Path | None = None
    ssl_key_file: Path | None = None
    ssl_key_password_file: Path | None = None

    @property
    def logs_in(self) -> bool:
        """Whether clients log in with a name and a password."""
        return self.security_protocol.startswith("SASL_")

    @property
    def encrypted(self) -> bool:
        """Whether connections are TLS."""
        return self.security_protocol.endswith("SSL")

    def problems(self) -> list[str]:
        """What does not go together, each in a phrase."""
        found = []
        unused = f"and SCREENER_SECURITY_PROTOCOL={self.security_protocol} does not use it"
        if self.logs_in and not (self.sasl_username and (self.sasl_password or self.sasl_password_file)):
            found.append(f"{self.security_protocol} needs a SCREENER_SASL_USERNAME and a SCREENER_SASL_PASSWORD_FILE")
        if self.sasl_password and self.sasl_password_file:
            found.append("SCREENER_SASL_PASSWORD and SCREENER_SASL_PASSWORD_FILE are both set: expected one of them")
        if (self.ssl_certificate_file is None) != (self.ssl_key_file is None):
            found.append("SCREENER_SSL_CERTIFICATE_FILE and SCREENER_SSL_KEY_FILE go together: only one is set")
        if not self.encrypted and (self.ssl_ca_file or self.ssl_certificate_file):
            found.append(f"TLS is set up, {unused}")
        if not self.logs_in and (self.sasl_username or self.sasl_password or self.sasl_password_file):
            found.append(f"a login is set, {unused}")
        return found


ENVIRONMENT_ONLY = frozenset(row.name for row in fields(Cluster)) - {"bootstrap_servers"}
"""Settings that no command has an option for: who can list processes could read it."""


@dataclass(frozen=True)
class FleetSettings(Cluster):
    """Settings that all workers and whoever publishes snapshots share: they decide which snapshots are taken.

    `sample` allows the shipped sample lists, which are not for compliance use.
    """

    profile: str = "us"
    sample: bool = False


@dataclass(frozen=True)
class Settings(FleetSettings):
    """What a worker runs with.

    `max_list_age` is in days, None: as the rules say. `slot` numbers the workers of a group from 0 and names the
    transactional id. `snapshot` None: the one that is announced on `screener.snapshots`.
    """

    snapshot: Path | None = None
    topic_prefix: str = ""
    group: str = "screener"
    slot: int = 0
    metrics_host: str = "0.0.0.0"  # noqa: S104  scraped from outside the pod; serves metrics and health only
    metrics_port: int = 9464
    max_list_age: int | None = None
    allow_stale: bool = False
    shadow: bool = False
    log_format: str = "text"

    @property
    def transactional_id(self) -> str:
        """Stable a worker slot, so that a successor ends its predecessor's open transaction at once."""
        return f"{self.topic_prefix}{self.group}-{'shadow-' if self.shadow else ''}{self.slot}"

    @property
    def consumer_group(self) -> str:
        """The group whose members share the partitions of orders; a trial has a group of its own."""
        return f"{self.topic_prefix}{self.group}{'-shadow' if self.shadow else ''}"


def env_name(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


Kind = TypeVar("Kind", bound=Cluster)


def load(options: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """Read the settings; `options` maps fields to what the command line gave (None: not given).

    Raises OperatorError that lists every setting that is wrong or unknown.
    """
    known = {env_name(row.name) for row in fields(Settings)}
    strays = [f"{name}: no such setting" for name in sorted(environment) if _is_stray(name, known)]
    return _load(Settings, options, environment, strays)


def load_cluster(bootstrap_servers: str | None, environment: Mapping[str, str]) -> Cluster:
    """How to reach the cluster; `bootstrap_servers` goes before the environment's. Raises OperatorError as `load`."""
    return _load(Cluster, {"bootstrap_servers": bootstrap_servers}, environment, [])


def load_fleet(options: Mapping[str, str | None], environment: Mapping[str, str]) -> FleetSettings:
    """Read what publishing has in common with the workers; `options` and OperatorError as for `load`."""
    return _load(FleetSettings, options, environment, [])


def _load(
    kind: type[Kind], options: Mapping[str, str | None], environment: Mapping[str, str], strays: list[str]
) -> Kind:
    problems: list[str] = []
    values: dict[str, object] = {}
    for row in fields(kind):
        given = options.get(row.name)
        text = environment.get(env_name(row.name)) if given is None else given
        if text is None:
            continue
        try:
            values[row.name] = _READERS[row.name](text if row.name in _SECRET else text.strip())
        except ValueError as error:
            shown = "" if row.name in _SECRET else f"={text!r}"
            problems.append(f"{env_name(row.name)}{shown}: expected {error}")
    if "bootstrap_servers" not in values and not any("BOOTSTRAP" in problem for problem in problems):
        problems.append(
            f"no --bootstrap-servers and no {env_name('bootstrap_servers')}: expected host:port of a Kafka broker"
        )
    problems += strays
    made = None if problems else kind(**values)  # type: ignore[arg-type]
    if made is not None:
        problems += made.problems()
    if made is None or problems:
        raise OperatorError(f"{len(problems)} setting(s) can't be used: " + "; ".join(problems))
    return made


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


def _file(what: str) -> Callable[[str], Path | None]:
    def read(text: str) -> Path | None:
        if not text:
            return None
        path = Path(text)
        if "\0" in text or not path.is_file():
            raise ValueError(f"a {what} that exists")
        return path

    return read


def _one_of(allowed: Sequence[str]) -> Callable[[str], str]:
    by_lower = {word.lower(): word for word in allowed}

    def read(text: str) -> str:
        if text.lower() not in by_lower:
            raise ValueError(f"one of {', '.join(allowed)}")
        return by_lower[text.lower()]

    return read


def _text(text: str) -> str:
    if len(text) > TEXT_LENGTH_MAX or not text.isprintable():
        raise ValueError(f"at most {TEXT_LENGTH_MAX} characters that can be printed")
    return text


def _host(text: str) -> str:
    if not text:
        raise ValueError("an address to listen on")
    return text


_READERS: dict[str, Callable[[str], object]] = {
    "bootstrap_servers": _servers,
    "security_protocol": _one_of(_PROTOCOLS),
    "sasl_mechanism": _one_of(_MECHANISMS),
    "sasl_username": _text,
    "sasl_password": _text,
    "sasl_password_file": _file("file"),
    "ssl_ca_file": _file("PEM file"),
    "ssl_certificate_file": _file("PEM file"),
    "ssl_key_file": _file("PEM file"),
    "ssl_key_password_file": _file("file"),
    "snapshot": _file("snapshot file"),
    "topic_prefix": _name,
    "group": _group,
    "slot": _number(0, 9_999),
    "metrics_host": _host,
    "metrics_port": _number(1, 65_535),
    "max_list_age": _number(0, 36_500),
    "allow_stale": _flag,
    "profile": _group,
    "sample": _flag,
    "shadow": _flag,
    "log_format": _one_of(("text", "json")),
}
