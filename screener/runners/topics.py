"""The declared topics compared with a cluster, and applied to it: `screener topics`.

Promises: `apply` is idempotent, only ever adds (topics, partitions, bytes a message may have) and prepares the
outputs before `orders` grows, because a decision is written to the partition number of its order; `check` only
reads. Every fault of the file, the options or the cluster is an OperatorError of one sentence.

Not for producing or consuming: the worker takes the names (`required`) and compares partition counts on every
assignment (`partition_problems`), it never creates a topic.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

from confluent_kafka import KafkaError, KafkaException
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
from screener.runners.cluster import Reached, partition_counts, reason_of
from screener.runners.declaration import (
    MAX_BYTES,
    PARTITIONS_MAX,
    Role,
    Topic,
    load,
    named,
    output_bytes,
    outputs,
    required,
)
from screener.runners.durability import Durability, durability, offsets_warning, replica_warnings
from screener.settings import load_cluster

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from confluent_kafka.admin import ClusterMetadata  # type: ignore[attr-defined]  # as above

    from screener.settings import Cluster

__all__ = [
    "Change",
    "Report",
    "Topic",
    "add_commands",
    "apply",
    "check",
    "load",
    "missing",
    "named",
    "partition_problems",
    "partitions_covered",
    "report",
    "required",
    "start_problems",
]

Action = Literal["created", "changed", "unchanged"]
Configs = dict[str, dict[str, str]]  # topic -> name of a setting -> its value
_T = TypeVar("_T")

VISIBLE_SECONDS_MAX: Final = 15.0  # until a topic that was created or grown shows in the cluster's metadata
REPLICATION_FACTOR_MAX: Final = 32_767  # Kafka's own limit
_DEFAULT_FACTOR: Final = -1  # Kafka's sign for the broker's default
_APPLY_ORDER: Final[tuple[Role, ...]] = ("out", "shadow", "announcements", "workers", "usage", "drawn", "in")


class Change(NamedTuple):
    """What `apply` did to one topic, and how safely it is kept now; `details` are phrases for a person."""

    topic: str
    action: Action
    details: tuple[str, ...] = ()
    durability: Durability | None = None

    def __str__(self) -> str:
        phrases = [*self.details, *(self.durability.phrases if self.durability else ())]
        return f"{self.topic}: {self.action}" + (f" ({'; '.join(phrases)})" if phrases else "")


class Report(NamedTuple):
    """What `topics check` shows: a line for each topic that is there, what is wrong, and what may be unwise."""

    topics: list[str]
    problems: list[str]
    warnings: list[str]


# --- partition counts, for every assignment --------------------------------------------------------------------------


def partition_problems(topics: Sequence[Topic], counts: Mapping[str, int], *, hidden: bool = False) -> list[str]:
    """Name topics that are missing or have fewer partitions than the in topic; `hidden` as for `missing`."""
    orders = named(topics, "in")
    fewest = counts.get(orders.name, 0)
    short = [topic for topic in outputs(topics) if 0 < counts.get(topic.name, 0) < fewest]
    return missing(topics, counts, hidden=hidden) + [
        f"{topic.name}: {counts[topic.name]} partitions, {orders.name} has {fewest}; `screener topics apply` adds them"
        for topic in short
    ]


def missing(topics: Sequence[Topic], counts: Mapping[str, int], *, hidden: bool = False) -> list[str]:
    """Name topics that are not there.

    A cluster that asks who comes shows a user only what it has rights to: a missing topic may be `hidden`.
    """
    return [
        f"{topic.name}: missing{', or hidden from this user' * hidden}; `screener topics apply` creates it"
        for topic in topics
        if not counts.get(topic.name)
    ]


def partitions_covered(topics: Sequence[Topic], counts: Mapping[str, int]) -> int:
    """How many partitions every outgoing topic has: an order of a later one has no place for its decision."""
    return min(counts.get(topic.name, 0) for topic in outputs(topics))


# --- compare and apply -----------------------------------------------------------------------------------------------


def apply(
    cluster: Cluster, prefix: str = "", partitions: int | None = None, replication_factor: int | None = None
) -> list[Change]:
    """Create, configure and grow the topics, outputs first; one Change a topic, in the order they were made.

    `replication_factor` is for topics that are created; without it they get the broker's default.
    """
    asked = _asked(partitions)
    factor = _asked_factor(replication_factor)
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
            changes.append(_create(admin, topic, factor))
        _metadata_with(reached, {topic.name: topic.partitions})
    return _with_durability(changes, reached, factor)


def check(
    cluster: Cluster, prefix: str = "", partitions: int | None = None, *, shadow: bool | None = None
) -> list[str]:
    """Name what is wrong on the cluster, a line each; only reads.

    `partitions` also asks for at least so many; `shadow` narrows the check to what a worker of that kind requires.
    """
    return _Cluster(cluster, prefix, shadow).problems(_asked(partitions))


def start_problems(cluster: Cluster, prefix: str, *, shadow: bool) -> list[str]:
    """Name what keeps a worker from starting; a partition without a counterpart does not, its orders wait."""
    seen = _Cluster(cluster, prefix, shadow)
    return seen.missing() + seen.drift()


def report(cluster: Cluster, prefix: str = "", partitions: int | None = None) -> Report:
    """Show each topic that is there, what is wrong as `check` does, and warn of what may lose records or positions."""
    seen = _Cluster(cluster, prefix, None)
    problems = seen.problems(_asked(partitions))
    metadata = _metadata_with(seen.reached, dict.fromkeys(seen.configs, 1))
    durabilities = {name: durability(metadata, name, config) for name, config in seen.configs.items()}
    lines = [f"{name}: {'; '.join((_plural(seen.counts[name]), *one.phrases))}" for name, one in durabilities.items()]
    warnings = replica_warnings(durabilities)
    orders = named(seen.declared, "in").name
    if orders in seen.configs:
        retention_ms = int(seen.configs[orders]["retention.ms"])
        offsets = offsets_warning(seen.reached.admin, metadata, orders, retention_ms)
        warnings += [offsets] if offsets else []
    return Report(lines, problems, warnings)


class _Cluster:
    """The topics as they are on a cluster, beside the declared ones."""

    def __init__(self, cluster: Cluster, prefix: str, shadow: bool | None) -> None:
        self.declared = load(prefix) if shadow is None else required(prefix, shadow=shadow)
        self.reached = Reached(cluster)
        self.counts = self.reached.counts
        self.configs = _configs(
            self.reached.admin, [topic.name for topic in self.declared if topic.name in self.counts]
        )
        self._hidden = cluster.security_protocol != "PLAINTEXT"

    def missing(self) -> list[str]:
        return missing(self.declared, self.counts, hidden=self._hidden)

    def problems(self, asked: int | None) -> list[str]:
        few = [
            f"{topic.name}: {self.counts[topic.name]} partitions, {asked} asked for"
            for topic in self.declared
            if asked and topic.role in {"in", "out", "shadow"} and 0 < self.counts.get(topic.name, 0) < asked
        ]
        return partition_problems(self.declared, self.counts, hidden=self._hidden) + few + self.drift()

    def drift(self) -> list[str]:
        return [
            f"{topic.name}: {field} is {self.configs[topic.name].get(field)},"
            f" {'at least ' if field == MAX_BYTES else ''}{wanted} expected"
            for topic in _sized(self.declared, self.configs)
            if topic.name in self.configs
            for field, wanted in _drift(topic, self.configs[topic.name]).items()
        ]


def _asked(partitions: int | None) -> int | None:
    if partitions is not None and not 1 <= partitions <= PARTITIONS_MAX:
        raise OperatorError(f"--partitions must be 1 to {PARTITIONS_MAX}, not {partitions}.")
    return partitions


def _asked_factor(factor: int | None) -> int | None:
    if factor is not None and not 1 <= factor <= REPLICATION_FACTOR_MAX:
        raise OperatorError(f"--replication-factor must be 1 to {REPLICATION_FACTOR_MAX}, not {factor}.")
    return factor


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
    least = output_bytes(max(actual, orders.message_bytes_max))
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


def _create(admin: AdminClient, topic: Topic, factor: int | None) -> Change:
    config = topic.config | topic.on_creation
    wish = NewTopic(topic.name, topic.partitions, replication_factor=factor or _DEFAULT_FACTOR, config=config)
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


def _with_durability(changes: Sequence[Change], reached: Reached, factor: int | None) -> list[Change]:
    """Add to each change how safely its topic is kept, and that a factor other than the one asked for stays."""
    names = [change.topic for change in changes]
    metadata, configs = _metadata_with(reached, dict.fromkeys(names, 1)), _configs(reached.admin, names)
    complete = []
    for change in changes:
        kept = durability(metadata, change.topic, configs[change.topic])
        differs = factor is not None and kept.replication_factor != factor
        note = (f"keeps its replication factor, {factor} asked for",) if differs else ()
        complete.append(change._replace(details=change.details + note, durability=kept))
    return complete


def _plural(partitions: int) -> str:
    return f"{partitions} partition{'' if partitions == 1 else 's'}"


# --- the cluster -----------------------------------------------------------------------------------------------------


def _metadata_with(reached: Reached, wanted: Mapping[str, int]) -> ClusterMetadata:
    """The cluster's metadata, once it shows topics with so many partitions.

    A broker learns of topics after the controller, and each question may be answered by another broker.
    """
    deadline = time.monotonic() + VISIBLE_SECONDS_MAX
    while True:
        metadata = reached.metadata()
        counts = partition_counts(metadata)
        late = next((name for name, partitions in wanted.items() if counts.get(name, 0) < partitions), None)
        if late is None:
            return metadata
        if time.monotonic() > deadline:
            raise OperatorError(f"{late} did not show {_plural(wanted[late])} in {VISIBLE_SECONDS_MAX:.0f} s.")
        time.sleep(0.05)


def _configs(admin: AdminClient, names: Sequence[str]) -> Configs:
    """The settings of topics, asked for again where a broker has not learnt of a topic yet."""
    deadline = time.monotonic() + VISIBLE_SECONDS_MAX
    configs: Configs = {}
    late = list(names)
    while late:
        futures = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in late])
        late = []
        for resource, future in futures.items():
            if _is_unknown_topic(future) and time.monotonic() < deadline:
                late.append(resource.name)
            else:
                entries = _done(future, f"describe topic {resource.name}")
                configs[resource.name] = {field: entry.value for field, entry in entries.items()}
        if late:
            time.sleep(0.05)
    return {name: configs[name] for name in names}


def _is_unknown_topic(future: Future[_T]) -> bool:
    error = future.exception()
    return isinstance(error, KafkaException) and error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART


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
    purpose = "create, configure and grow the topics; running it again changes nothing"
    applying = _add_action(actions, "apply", _run_apply, purpose)
    text = "replicas of topics that are created (default: the broker's default)"
    applying.add_argument("--replication-factor", type=int, metavar="N", help=text)
    _add_action(actions, "check", _run_check, "compare the topics with what the screener needs; only reads")


def _add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    purpose: str,
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=purpose, description=purpose)
    parser.add_argument(
        "--bootstrap-servers", metavar="S", help="host:port, comma separated (default: $SCREENER_BOOTSTRAP_SERVERS)"
    )
    parser.add_argument("--topic-prefix", metavar="P", help="put before each name (default: $SCREENER_TOPIC_PREFIX)")
    parser.add_argument("--partitions", type=int, metavar="N", help="at least N for orders and its outputs")
    parser.set_defaults(run=run)
    return parser


def _run_apply(namespace: argparse.Namespace) -> int:
    changes = apply(*_target(namespace), namespace.partitions, namespace.replication_factor)
    for change in changes:
        print(change)
    for warning in replica_warnings({change.topic: change.durability for change in changes if change.durability}):
        print(f"screener: warning: {warning}", file=sys.stderr)
    return 0


def _run_check(namespace: argparse.Namespace) -> int:
    seen = report(*_target(namespace), namespace.partitions)
    for line in [*seen.topics, *seen.problems, *(f"warning: {warning}" for warning in seen.warnings)]:
        print(line)
    return 1 if seen.problems else 0


def _target(namespace: argparse.Namespace) -> tuple[Cluster, str]:
    """The cluster and the prefix: the options, else the environment."""
    prefix = os.environ.get("SCREENER_TOPIC_PREFIX", "") if namespace.topic_prefix is None else namespace.topic_prefix
    return load_cluster(namespace.bootstrap_servers, os.environ), prefix
