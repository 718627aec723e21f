"""Write what Kubernetes is told of topics, their users and alerts, from the files that say it for all installations.

    python k8s/generate.py [--check]

    topics/topics.toml            -> k8s/components/strimzi/topics.yaml       KafkaTopic, one a topic
    topics/access.toml            -> k8s/components/strimzi/users.yaml        KafkaUser, one a user, with its rights
    k8s/monitoring/rules.yaml     -> k8s/monitoring/prometheus-rule.yaml      the same groups as a PrometheusRule

`users` gives the rights as plain rows too, with a topic prefix if need be: a test applies them to a real broker.
`tests/ops/test_k8s.py` compares the files with what this script would write.
"""
# ruff: noqa: INP001  a script and no package

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from screener.runners import topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screener.runners.topics import Topic

ROOT: Final = Path(__file__).resolve().parents[1]
ACCESS: Final = ROOT / "topics" / "access.toml"
RULES: Final = ROOT / "k8s" / "monitoring" / "rules.yaml"
CLUSTER: Final = "kafka"
"""The name of the Kafka resource that Strimzi's operators look after; an overlay may name another."""
NOTE: Final = "# Written by k8s/generate.py from {}; a test compares it with that.\n"

OPERATIONS: Final = frozenset({"Read", "Write", "Describe", "DescribeConfigs"})
AUTHENTICATIONS: Final = frozenset({"scram-sha-512", "tls"})
PARTITIONED: Final = frozenset({"in", "out", "shadow"})
_MANDATORY: Final = dict.fromkeys(("name", "purpose", "authentication", "topics")).keys()
_OPTIONAL: Final = dict.fromkeys(("groups", "transactional_ids")).keys()


class Misdeclared(Exception):  # noqa: N818  a sentence for whoever wrote the file
    """`topics/access.toml` says something that can't be meant."""


class Right(NamedTuple):
    """What is allowed on one resource: a topic, group or transactionalId, or all whose names begin with `name`."""

    resource: str
    name: str
    prefix: bool
    operations: tuple[str, ...]


class User(NamedTuple):
    """One user of the cluster and all that it may do."""

    name: str
    purpose: str
    authentication: str
    rights: tuple[Right, ...]


# --- the declaration -------------------------------------------------------------------------------------------------


def users(prefix: str = "", path: Path = ACCESS) -> list[User]:
    """Read who may do what on the topics with this prefix; raises Misdeclared."""
    declared = tomllib.loads(path.read_text(encoding="utf-8"))
    if declared.keys() != {"user"}:
        raise Misdeclared(f"{path}: [[user]] tables expected, and nothing else")
    known = topics.load(prefix)
    found = [_user(entry, known, prefix) for entry in declared["user"]]
    names = [user.name for user in found]
    if len(names) != len(set(names)):
        raise Misdeclared(f"{path}: a user is declared twice")
    return found


def _user(entry: dict[str, Any], known: Sequence[Topic], prefix: str) -> User:
    name = entry.get("name", "a user without a name")
    if not _MANDATORY <= entry.keys() <= _MANDATORY | _OPTIONAL:
        raise Misdeclared(f"{name} must have {', '.join(_MANDATORY)} and may have {', '.join(_OPTIONAL)}")
    if entry["authentication"] not in AUTHENTICATIONS:
        raise Misdeclared(f"{name}: authentication must be one of {', '.join(sorted(AUTHENTICATIONS))}")
    rights = [right for row in entry["topics"] for right in _on_topics(name, row, known)]
    for field, resource in (("groups", "group"), ("transactional_ids", "transactionalId")):
        rights += [_on_names(name, resource, row, prefix) for row in entry.get(field, [])]
    return User(name, entry["purpose"], entry["authentication"], tuple(rights))


def _on_topics(user: str, row: dict[str, Any], known: Sequence[Topic]) -> list[Right]:
    """The rights of a row on each topic of its role."""
    _must_have(user, row, {"role", "operations"}, {"outcomes"})
    outcomes = row.get("outcomes")
    found = [topic for topic in known if topic.role == row["role"] and (not outcomes or topic.outcome in outcomes)]
    if len(found) < len(outcomes or [""]):
        raise Misdeclared(f"{user}: topics.toml has no topic for {row}")
    return [Right("topic", topic.name, prefix=False, operations=tuple(row["operations"])) for topic in found]


def _on_names(user: str, resource: str, row: dict[str, Any], prefix: str) -> Right:
    _must_have(user, row, {"name", "operations"}, {"prefix"})
    name = row["name"].replace("{prefix}", prefix)
    return Right(resource, name, row.get("prefix", False), tuple(row["operations"]))


def _must_have(user: str, row: dict[str, Any], needed: set[str], allowed: set[str]) -> None:
    if not needed <= row.keys() <= needed | allowed:
        raise Misdeclared(f"{user}: {row} must have {', '.join(sorted(needed))} and may have {', '.join(allowed)}")
    if not row["operations"] or not OPERATIONS.issuperset(row["operations"]):
        raise Misdeclared(f"{user}: {row}: operations must be some of {', '.join(sorted(OPERATIONS))}")


# --- the files -------------------------------------------------------------------------------------------------------


def files() -> dict[Path, str]:
    """Path -> content, for every file that is written."""
    strimzi = ROOT / "k8s" / "components" / "strimzi"
    return {
        strimzi / "topics.yaml": _documents("topics/topics.toml", [_kafka_topic(topic) for topic in topics.load()]),
        strimzi / "users.yaml": _documents("topics/access.toml", [_kafka_user(user) for user in users()]),
        RULES.with_name("prometheus-rule.yaml"): _prometheus_rule(),
    }


def _kafka_topic(topic: Topic) -> dict[str, Any]:
    """The replication factor is the broker's default, so that it is not named."""
    labels = {"strimzi.io/cluster": CLUSTER}
    if topic.role in PARTITIONED:
        labels["screener/partitioned"] = "true"
    spec = {"partitions": topic.partitions, "config": topic.config | topic.on_creation}
    return _resource("KafkaTopic", topic.name, labels, topic.meaning, spec)


def _kafka_user(user: User) -> dict[str, Any]:
    spec = {
        "authentication": {"type": user.authentication},
        "authorization": {"type": "simple", "acls": [_acl(right) for right in user.rights]},
    }
    return _resource("KafkaUser", user.name, {"strimzi.io/cluster": CLUSTER}, user.purpose, spec)


def _acl(right: Right) -> dict[str, Any]:
    pattern = "prefix" if right.prefix else "literal"
    return {
        "resource": {"type": right.resource, "name": right.name, "patternType": pattern},
        "operations": list(right.operations),
    }


def _resource(kind: str, name: str, labels: dict[str, str], text: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": labels, "annotations": {"kubernetes.io/description": text}},
        "spec": spec,
    }


def _documents(source: str, resources: list[dict[str, Any]]) -> str:
    return NOTE.format(source) + yaml.safe_dump_all(resources, sort_keys=False, width=120, allow_unicode=True)


def _prometheus_rule() -> str:
    """The rules word for word, comments too, one level deeper."""
    head = (
        "apiVersion: monitoring.coreos.com/v1\n"
        "kind: PrometheusRule\n"
        "metadata:\n"
        "  name: screener\n"
        "  labels:\n"
        "    app.kubernetes.io/name: screener\n"
        "spec:\n"
    )
    lines = RULES.read_text(encoding="utf-8").splitlines()
    return NOTE.format("rules.yaml") + head + "".join(f"  {line}".rstrip() + "\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with --check say which differ (status 1)."""
    parser = argparse.ArgumentParser(description="Write the Kubernetes resources that other files say.")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 when a file differs")
    check = parser.parse_args(arguments).check
    differing = {path: text for path, text in files().items() if _written(path) != text}
    for path, text in differing.items():
        sys.stdout.write(f"{path.relative_to(ROOT)}: {'differs from its source' if check else 'written'}\n")
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(differing))


def _written(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
