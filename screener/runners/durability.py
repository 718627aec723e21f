"""How safely a cluster keeps records and the positions of groups: replicas, replicas in sync, retention of offsets.

Promises: only reads, and warns without judging: which losses an installation can bear is the operator's choice. Where
the user has no right to see a setting, a sentence says that it could not be checked.

Not for changing replicas: Kafka moves them by its own tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]  # no __all__

from screener.runners.cluster import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined]  # as above

MIN_INSYNC: Final = "min.insync.replicas"
OFFSETS_MINUTES: Final = "offsets.retention.minutes"
ASK_SECONDS_MAX: Final = 10.0
_MINUTE_MS: Final = 60_000
_DAY_MINUTES: Final = 24 * 60


class Durability(NamedTuple):
    """The replicas that a topic has, and how many of them must have a record before it counts as written."""

    replication_factor: int
    min_insync: int

    @property
    def phrases(self) -> tuple[str, str]:
        """Both figures for a person."""
        return f"replication factor {self.replication_factor}", f"{MIN_INSYNC} {self.min_insync}"


def durability(metadata: ClusterMetadata, topic: str, config: Mapping[str, str]) -> Durability:
    """Read the figures of one topic: the factor is that of its partition with the fewest replicas."""
    partitions = metadata.topics[topic].partitions.values()
    return Durability(min(len(partition.replicas) for partition in partitions), int(config[MIN_INSYNC]))


def replica_warnings(durabilities: Mapping[str, Durability]) -> list[str]:
    """Warn of topics that lose records with one disk."""
    unreplicated = [name for name, one in durabilities.items() if one.replication_factor == 1]
    unconfirmed = [name for name, one in durabilities.items() if one.min_insync == 1 < one.replication_factor]
    warnings = []
    if unreplicated:
        warnings.append(f"{', '.join(unreplicated)}: replication factor 1: a lost disk loses orders and decisions")
    if unconfirmed:
        why = "a record counts as written when one broker has it, and is lost with that broker's disk"
        warnings.append(f"{', '.join(unconfirmed)}: {MIN_INSYNC} 1: {why}")
    return warnings


def offsets_warning(admin: AdminClient, metadata: ClusterMetadata, orders: str, retention_ms: int) -> str | None:
    """Warn where the position of a group without workers is forgotten before the orders are deleted."""
    try:
        minutes = min(_offsets_minutes(admin, broker) for broker in metadata.brokers)
    except (KafkaException, KeyError, ValueError) as error:
        why = reason_of(error) if isinstance(error, KafkaException) else "the broker does not tell it"
        return f"{OFFSETS_MINUTES} of the brokers could not be checked ({why}): it must not be less than {orders} keeps"
    if 0 <= retention_ms <= minutes * _MINUTE_MS:
        return None
    kept = "for ever" if retention_ms < 0 else f"for {_duration(retention_ms // _MINUTE_MS)}"
    return (
        f"{OFFSETS_MINUTES} is {minutes}, and {orders} keeps records {kept}: when no worker has run for"
        f" {_duration(minutes)}, the group's position is forgotten, and all orders are answered again"
    )


def _offsets_minutes(admin: AdminClient, broker: int) -> int:
    resource = ConfigResource(ResourceType.BROKER, str(broker))
    config = admin.describe_configs([resource], request_timeout=ASK_SECONDS_MAX)[resource].result()
    return int(config[OFFSETS_MINUTES].value)


def _duration(minutes: int) -> str:
    count, unit = (minutes // _DAY_MINUTES, "day") if minutes >= _DAY_MINUTES else (minutes, "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
