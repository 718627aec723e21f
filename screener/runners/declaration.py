"""The declaration of the topics: `topics/topics.toml`, read and validated.

Promises: what is read fits together (each role and outcome has its topic, outputs take whatever an order becomes);
every fault of the file is an OperatorError of one sentence that names the file and the topic.

Not for asking a cluster: `topics` compares the declaration with one.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Role = Literal["in", "out", "shadow", "announcements", "workers", "usage", "drawn"]

PARTITIONS_MAX: Final = 1_000
PREFIX_CHARACTERS_MAX: Final = 100
NAME_CHARACTERS_MAX: Final = 249  # Kafka's own limit
FINDINGS_BYTES: Final = 64 * 1024  # room for the findings beside an order in an output record

OUTCOMES: Final = frozenset({"clear", "review", "block", "quarantine"})
MAX_BYTES: Final = "max.message.bytes"
_BROKER_MAX_BYTES: Final = 1_048_588  # Kafka's default, where topics.toml names none
_DAY_MS: Final = 24 * 60 * 60 * 1000
_LEGAL: Final = re.compile(r"[A-Za-z0-9._-]*")
_MANDATORY: Final[dict[str, type]] = {
    "name": str,
    "role": str,
    "partitions": int,
    "config": dict,
    "key": str,
    "meaning": str,
}
_OPTIONAL: Final[dict[str, type]] = {"retention_days": int, "outcome": str}
_WORDS: Final[dict[type, str]] = {str: "a text", int: "a whole number", dict: "a table"}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as declared, its name with the prefix.

    `config` is what the screener relies on; `on_creation` is given once and is the operator's from then on.
    `outcome` is set for role `out` only: the outcome whose decisions the topic carries.
    """

    name: str
    role: Role
    partitions: int
    config: dict[str, str]
    on_creation: dict[str, str]
    key: str
    meaning: str
    outcome: str | None = None

    @property
    def message_bytes_max(self) -> int:
        """The largest record batch that the declared configuration takes."""
        return int(self.config.get(MAX_BYTES, _BROKER_MAX_BYTES))


def topics_file() -> Path:
    """Find the declaration in the installed package, else in the checkout that the package lies in."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "_topics"
    return (packaged if packaged.is_dir() else package.parent / "topics") / "topics.toml"


def load(prefix: str = "", path: Path | None = None) -> list[Topic]:
    """Read and validate the declaration: all topics in the file's order, each name behind the prefix."""
    if not _LEGAL.fullmatch(prefix) or len(prefix) > PREFIX_CHARACTERS_MAX:
        raise OperatorError(
            f"The topic prefix {prefix!r} must be at most {PREFIX_CHARACTERS_MAX} of A-Z a-z 0-9 . _ and -."
        )
    path = path or topics_file()
    topics = [_topic(entry, number, path) for number, entry in enumerate(_entries(path), 1)]
    _together(topics, path)
    return [replace(topic, name=prefix + topic.name) for topic in topics]


def required(prefix: str = "", *, shadow: bool = False) -> list[Topic]:
    """Name the topics a worker cannot do without; a shadow worker writes to the shadow topic, not to the outputs."""
    unused = "out" if shadow else "shadow"
    return [topic for topic in load(prefix) if topic.role != unused]


def _entries(path: Path) -> list[Any]:
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: cannot be read as TOML: {error}") from error
    entries = declared.get("topic")
    if not isinstance(entries, list) or not entries or declared.keys() != {"topic"}:
        raise OperatorError(f"{path}: [[topic]] tables expected, and nothing else")
    return entries


def _topic(entry: Any, number: int, path: Path) -> Topic:  # noqa: ANN401 - whatever TOML holds
    name = entry.get("name", f"topic {number}") if isinstance(entry, dict) else f"topic {number}"
    fault = _shape_fault(entry) or _value_fault(entry)
    if fault:
        raise OperatorError(f"{path}: {name}: {fault}")
    days = entry.get("retention_days")
    return Topic(
        name=entry["name"],
        role=cast("Role", entry["role"]),
        partitions=entry["partitions"],
        config=entry["config"],
        on_creation={} if days is None else {"retention.ms": str(days * _DAY_MS)},
        key=entry["key"],
        meaning=entry["meaning"],
        outcome=entry.get("outcome"),
    )


def _shape_fault(entry: Any) -> str:  # noqa: ANN401 - whatever TOML holds
    if not isinstance(entry, dict):
        return "a [[topic]] table expected"
    known = _MANDATORY | _OPTIONAL
    for field in sorted(entry.keys() - known.keys()):
        return f"unknown field {field!r}; known are {', '.join(known)}"
    for field in _MANDATORY:
        if field not in entry:
            return f"field {field!r} is missing"
    for field, value in entry.items():
        if type(value) is not known[field]:  # a bool is no whole number here
            return f"{field} must be {_WORDS[known[field]]}, not {value!r}"
    return ""


def _value_fault(entry: dict[str, Any]) -> str:
    policy = entry["config"].get("cleanup.policy")
    size = entry["config"].get(MAX_BYTES, "1")
    rules = (
        (_is_name(entry["name"]), f"name must be at most {NAME_CHARACTERS_MAX} of A-Z a-z 0-9 . _ and -"),
        (entry["role"] in get_args(Role), f"role must be one of {', '.join(get_args(Role))}"),
        (1 <= entry["partitions"] <= PARTITIONS_MAX, f"partitions must be 1 to {PARTITIONS_MAX}"),
        (all(isinstance(value, str) for value in entry["config"].values()), "config values must be texts"),
        (policy in {"delete", "compact"}, "config must name cleanup.policy, delete or compact"),
        ((policy == "delete") == ("retention_days" in entry), "retention_days goes with cleanup.policy delete"),
        (entry.get("retention_days", 1) >= 1, "retention_days must be 1 or more"),
        (isinstance(size, str) and size.isdecimal() and int(size) > 0, f"{MAX_BYTES} must be a positive number"),
        (bool(entry["key"].strip()), "key must say what the record key is"),
        (bool(entry["meaning"].strip()), "meaning must be a sentence"),
        ((entry["role"] == "out") == ("outcome" in entry), "outcome goes with role out"),
    )
    return next((fault for holds, fault in rules if not holds), "")


def _is_name(name: str) -> bool:
    room = NAME_CHARACTERS_MAX - PREFIX_CHARACTERS_MAX
    return name not in {"", ".", ".."} and len(name) <= room and bool(_LEGAL.fullmatch(name))


def _together(topics: Sequence[Topic], path: Path) -> None:
    """Refuse a file whose topics do not fit together."""
    names = [topic.name for topic in topics]
    roles = [topic.role for topic in topics]
    for name in names:
        if names.count(name) > 1:
            raise OperatorError(f"{path}: {name}: declared twice")
    for role in ("in", "announcements", "workers", "shadow", "usage", "drawn"):
        if roles.count(role) != 1:
            raise OperatorError(f"{path}: exactly one topic must have role {role}, not {roles.count(role)}")
    if sorted(filter(None, (topic.outcome for topic in topics))) != sorted(OUTCOMES):
        raise OperatorError(f"{path}: each outcome needs exactly one topic: {', '.join(sorted(OUTCOMES))}")
    for topic in topics:
        if topic.role in {"usage", "drawn"} and topic.partitions != 1:
            raise OperatorError(f"{path}: {topic.name}: must have one partition: its order decides who draws first")
    _outputs_fit(topics, path)


def _outputs_fit(topics: Sequence[Topic], path: Path) -> None:
    """Refuse outputs that can't take whatever an order becomes."""
    orders = named(topics, "in")
    for topic in outputs(topics):
        if topic.message_bytes_max < output_bytes(orders.message_bytes_max):
            least = output_bytes(orders.message_bytes_max)
            raise OperatorError(f"{path}: {topic.name}: {MAX_BYTES} must be at least {least}, or orders can get stuck")
        if topic.partitions < orders.partitions:
            raise OperatorError(f"{path}: {topic.name}: needs at least the {orders.partitions} partitions of orders")


def named(topics: Iterable[Topic], role: str) -> Topic:
    """The topic of a role that one topic has."""
    return next(topic for topic in topics if topic.role == role)


def outputs(topics: Iterable[Topic]) -> list[Topic]:
    """The topics that decisions go to, the shadow topic among them."""
    return [topic for topic in topics if topic.role in {"out", "shadow"}]


def output_bytes(order_bytes: int) -> int:
    """Compute what an output must take so that base64 of the largest order and its findings fit."""
    return 2 * order_bytes + FINDINGS_BYTES
