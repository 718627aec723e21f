"""The topics: what `topics/topics.toml` declares, compared with a cluster and applied to it.

Promises: `apply` is idempotent, only ever adds (topics, partitions, bytes a message may have) and prepares the
outputs before `orders` grows, because a decision is written to the partition number of its order; `check` only
reads. Every fault of the file, the options or the cluster is an OperatorError of one sentence.

Not for producing or consuming: the worker takes the names (`required`) and compares partition counts on every
assignment (`partition_problems`), it never creates a topic.
"""

from __future__ import annotations

import os
import re
import time
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar, cast, get_args

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it re-exports without __all__
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from screener.errors import OperatorError
from screener.runners.cluster import Reached, reason_of
from screener.settings import load_cluster

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from screener.settings import Cluster

Role = Literal["in", "out", "shadow", "announcements", "workers", "usage", "drawn"]
Action = Literal["created", "changed", "unchanged"]
Configs = dict[str, dict[str, str]]  # topic -> name of a setting -> its value
_T = TypeVar("_T")

VISIBLE_SECONDS_MAX: Final = 15.0  # until a topic that was created or grown shows in the cluster's metadata
PARTITIONS_MAX: Final = 1_000
PREFIX_CHARACTERS_MAX: Final = 100
NAME_CHARACTERS_MAX: Final = 249  # Kafka's own limit
FINDINGS_BYTES: Final = 64 * 1024  # room for the findings beside an order in an output record

OUTCOMES: Final = frozenset({"clear", "review", "block", "quarantine"})
MAX_BYTES: Final = "max.message.bytes"
_BROKER_MAX_BYTES: Final = 1_048_588  # Kafka's default, where topics.toml names none
_DAY_MS: Final = 24 * 60 * 60 * 1000
_APPLY_ORDER: Final[tuple[Role, ...]] = ("out", "shadow", "announcements", "workers", "usage", "drawn", "in")
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


class Change(NamedTuple):
    """What `apply` did to one topic; `details` are phrases for a person."""

    topic: str
    action: Action
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.topic}: {self.action}" + (f" ({'; '.join(self.details)})" if self.details else "")


# --- the declaration -------------------------------------------------------------------------------------------------


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
    for topic in _outputs(topics):
        if topic.message_bytes_max < _output_bytes(orders.message_bytes_max):
            least = _output_bytes(orders.message_bytes_max)
            raise OperatorError(f"{path}: {topic.name}: {MAX_BYTES} must be at least {least}, or orders can get stuck")
        if topic.partitions < orders.partitions:
            raise OperatorError(f"{path}: {topic.name}: needs at least the {orders.partitions} partitions of orders")


def named(topics: Iterable[Topic], role: str) -> Topic:
    """The topic of a role that one topic has."""
    return next(topic for topic in topics if topic.role == role)


def _outputs(topics: Iterable[Topic]) -> list[Topic]:
    return [topic for topic in topics if topic.role in {"out", "shadow"}]


def _output_bytes(order_bytes: int) -> int:
    """Compute what an output must take so that base64 of the largest order and its findings fit."""
    return 2 * order_bytes + FINDINGS_BYTES


# --- partition counts, for every assignment --------------------------------------------------------------------------


def partition_problems(topics: Sequence[Topic], counts: Mapping[str, int], *, hidden: bool = False) -> list[str]:
    """Name topics that are missing or have fewer partitions than the in topic; none when the worker may go on.

    A cluster that asks who comes shows a user only what it has rights to: a missing topic may be `hidden`.
    """
    missing = [
        f"{topic.name}: missing{', or hidden from this user' * hidden}; `screener topics apply` creates it"
        for topic in topics
        if not counts.get(topic.name)
    ]
    orders = named(topics, "in")
    fewest = counts.get(orders.name, 0)
    short = [topic for topic in _outputs(topics) if 0 < counts.get(topic.name, 0) < fewest]
    return missing + [
        f"{topic.name}: {counts[topic.name]} partitions, {orders.name} has {fewest}; `screener topics apply` adds them"
        for topic in short
    ]


def partitions_covered(topics: Sequence[Topic], counts: Mapping[str, int]) -> int:
    """How many partitions every outgoing topic has: an order of a later one has no place for its decision."""
    return min(counts.get(topic.name, 0) for topic in _outputs(topics))


# --- compare and apply -----------------------------------------------------------------------------------------------


def apply(cluster: Cluster, prefix: str = "", partitions: int | None = None) -> list[Change]:
    """Create, configure and grow the topics, outputs first; one Change a topic, in the order they were made."""
    asked = _asked(partitions)
    declared = load(prefix)
    reached = Reached(cluster)
    admin, counts = reached.admin, reached.counts
    configs = _configs(admin, [topic.name for topic in declared if topic.name in counts])
    topics = _scaled(_sized(declared, configs), counts, asked)
    changes = []
    for topic in sorted(topics, key=lambda topic: _APPLY_ORDER.index(topic.role)):
        if topic.name in counts:
            changes.append(_adjust(admin, topic, counts[topic.name], configs[topic.name], asked))
        else:
            changes.append(_create(admin, topic))
        _wait_visible(reached, topic)
    return changes


def check(
    cluster: Cluster, prefix: str = "", partitions: int | None = None, *, shadow: bool | None = None
) -> list[str]:
    """Tell what is wrong on the cluster, a line each; only reads.

    `partitions` also asks for at least so many; `shadow` narrows the check to what a worker of that kind requires.
    """
    asked = _asked(partitions)
    declared = load(prefix) if shadow is None else required(prefix, shadow=shadow)
    reached = Reached(cluster)
    admin, counts = reached.admin, reached.counts
    configs = _configs(admin, [topic.name for topic in declared if topic.name in counts])
    problems = partition_problems(declared, counts, hidden=cluster.security_protocol != "PLAINTEXT")
    for topic in _sized(declared, configs):
        if topic.name not in counts:
            continue
        if asked and topic.role in {"in", "out", "shadow"} and counts[topic.name] < asked:
            problems.append(f"{topic.name}: {counts[topic.name]} partitions, {asked} asked for")
        for field, wanted in _drift(topic, configs[topic.name]).items():
            at_least = "at least " if field == MAX_BYTES else ""
            problems.append(f"{topic.name}: {field} is {configs[topic.name].get(field)}, {at_least}{wanted} expected")
    return problems


def _asked(partitions: int | None) -> int | None:
    if partitions is not None and not 1 <= partitions <= PARTITIONS_MAX:
        raise OperatorError(f"--partitions must be 1 to {PARTITIONS_MAX}, not {partitions}.")
    return partitions


def _scaled(topics: Sequence[Topic], counts: Mapping[str, int], asked: int | None) -> list[Topic]:
    """Give partitioned topics what was asked for, and outputs no fewer than orders will have."""
    orders = named(topics, "in")
    least = {"in": 1, "out": max(counts.get(orders.name, 0), asked or orders.partitions)}
    least["shadow"] = least["out"]
    return [
        replace(topic, partitions=max(least[topic.role], asked or topic.partitions)) if topic.role in least else topic
        for topic in topics
    ]


def _sized(topics: Sequence[Topic], configs: Configs) -> list[Topic]:
    """Make the outputs large enough for orders as this cluster takes them, which may be above the declared."""
    orders = named(topics, "in")
    actual = int(configs.get(orders.name, {}).get(MAX_BYTES, 0))
    least = _output_bytes(max(actual, orders.message_bytes_max))
    return [
        replace(topic, config=topic.config | {MAX_BYTES: str(max(least, topic.message_bytes_max))})
        if topic.role in {"out", "shadow"}
        else topic
        for topic in topics
    ]


def _drift(topic: Topic, actual: Mapping[str, str]) -> dict[str, str]:
    """Find the settings to set again: those that differ; a size only where it is smaller."""
    return {
        field: wanted
        for field, wanted in topic.config.items()
        if (int(actual.get(field, 0)) < int(wanted) if field == MAX_BYTES else actual.get(field) != wanted)
    }


def _create(admin: AdminClient, topic: Topic) -> Change:
    config = topic.config | topic.on_creation
    wish = NewTopic(topic.name, num_partitions=topic.partitions, config=config)
    _done(admin.create_topics([wish])[topic.name], f"create topic {topic.name}")
    settings = (f"{field}={value}" for field, value in config.items())
    return Change(topic.name, "created", (_plural(topic.partitions), *settings))


def _adjust(admin: AdminClient, topic: Topic, count: int, actual: Mapping[str, str], asked: int | None) -> Change:
    details = []
    drift = _drift(topic, actual)
    if drift:
        entries = [
            ConfigEntry(field, value, incremental_operation=AlterConfigOpType.SET) for field, value in drift.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries)
        _done(admin.incremental_alter_configs([resource])[resource], f"configure topic {topic.name}")
        details += [f"{field} {actual.get(field)} -> {value}" for field, value in drift.items()]
    if count < topic.partitions:
        grown = admin.create_partitions([NewPartitions(topic.name, topic.partitions)])
        _done(grown[topic.name], f"add partitions to topic {topic.name}")
        details.append(f"partitions {count} -> {topic.partitions}")
    action: Action = "changed" if details else "unchanged"
    if asked and count > topic.partitions:
        details.append(f"keeps its {_plural(count)}, Kafka removes none")
    return Change(topic.name, action, tuple(details))


def _plural(partitions: int) -> str:
    return f"{partitions} partition{'' if partitions == 1 else 's'}"


# --- the cluster -----------------------------------------------------------------------------------------------------


def _wait_visible(reached: Reached, topic: Topic) -> None:
    """Return once the metadata shows the topic with its partitions: a broker learns of them after the controller."""
    deadline = time.monotonic() + VISIBLE_SECONDS_MAX
    while reached.partition_counts().get(topic.name, 0) < topic.partitions:
        if time.monotonic() > deadline:
            raise OperatorError(
                f"{topic.name} did not show {_plural(topic.partitions)} in {VISIBLE_SECONDS_MAX:.0f} s."
            )
        time.sleep(0.05)


def _configs(admin: AdminClient, names: Sequence[str]) -> Configs:
    if not names:
        return {}
    futures = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names])
    return {
        resource.name: {field: entry.value for field, entry in _done(future, f"describe topic {resource.name}").items()}
        for resource, future in futures.items()
    }


def _done(future: Future[_T], intent: str) -> _T:
    try:
        return future.result()
    except KafkaException as error:
        raise OperatorError(f"Kafka did not {intent}: {reason_of(error)}.") from error


# --- commands --------------------------------------------------------------------------------------------------------


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `topics apply` and `topics check` to the command line."""
    parser = subparsers.add_parser("topics", help="create or check the Kafka topics")
    actions = parser.add_subparsers(required=True, metavar="apply|check")
    _add_action(actions, "apply", _run_apply, "create, configure and grow the topics; running it again changes nothing")
    _add_action(actions, "check", _run_check, "compare the topics with what the screener needs; only reads")


def _add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    purpose: str,
) -> None:
    parser = actions.add_parser(name, help=purpose, description=purpose)
    parser.add_argument(
        "--bootstrap-servers", metavar="S", help="host:port, comma separated (default: $SCREENER_BOOTSTRAP_SERVERS)"
    )
    parser.add_argument("--topic-prefix", metavar="P", help="put before each name (default: $SCREENER_TOPIC_PREFIX)")
    parser.add_argument("--partitions", type=int, metavar="N", help="at least N for orders and its outputs")
    parser.set_defaults(run=run)


def _run_apply(namespace: argparse.Namespace) -> int:
    for change in apply(*_target(namespace), namespace.partitions):
        print(change)
    return 0


def _run_check(namespace: argparse.Namespace) -> int:
    problems = check(*_target(namespace), namespace.partitions)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _target(namespace: argparse.Namespace) -> tuple[Cluster, str]:
    """The cluster and the prefix: the options, else the environment."""
    prefix = os.environ.get("SCREENER_TOPIC_PREFIX", "") if namespace.topic_prefix is None else namespace.topic_prefix
    return load_cluster(namespace.bootstrap_servers, os.environ), prefix
