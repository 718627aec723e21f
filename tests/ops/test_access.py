"""Who may do what on the topics: `topics/access.toml` gives each program what it does, and nothing more.

The rows are held against the code here; that a broker lets the programs work with them is an integration test's matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from screener.runners import clients, topics
from screener.settings import Settings
from tests.ops.rendering import GENERATE, ROOT, of_kind

if TYPE_CHECKING:
    from pathlib import Path


def _settings(**options: Any) -> Settings:
    return Settings(bootstrap_servers="kafka:9092", **options)


def rights(prefix: str = "") -> set[tuple[str, str, str, str]]:
    """User, kind of resource, name and operation, a row for each; a name that ends with `*` is a beginning."""
    return {
        (user.name, right.resource, right.name + "*" * right.prefix, operation)
        for user in GENERATE.users(prefix)
        for right in user.rights
        for operation in right.operations
    }


def who(operation: str, role: str) -> set[str]:
    """The users that are allowed an operation on any topic of a role."""
    names = {topic.name for topic in topics.load() if topic.role == role}
    return {
        user for user, resource, name, what in rights() if resource == "topic" and name in names and what == operation
    }


@pytest.mark.parametrize(
    ("role", "writers", "readers"),
    [
        ("in", {"order-system"}, {"screener-worker", "screener-shadow"}),
        ("out", {"screener-worker"}, {"order-system-answers", "reviewers", "screener-worker"}),
        ("shadow", {"screener-shadow"}, {"screener-shadow"}),
        (
            "announcements",
            {"screener-publisher"},
            {"screener-publisher", "screener-operator", "screener-worker", "screener-shadow"},
        ),
        (
            "workers",
            {"screener-worker", "screener-shadow", "screener-operator"},
            {"screener-publisher", "screener-operator", "screener-worker", "screener-shadow"},
        ),
        ("usage", {"screener-worker"}, {"screener-worker", "screener-shadow", "screener-license-sums"}),
        ("drawn", {"screener-license-sums"}, {"screener-worker", "screener-shadow", "screener-license-sums"}),
    ],
)
def test_topics_have_one_writer(role: str, writers: set[str], readers: set[str]) -> None:
    """Each topic is written by one program, and read by those that need it: nobody answers their own order.

    Only what workers report of themselves is written by workers on trial as well, and an operator instructs them there.
    """
    assert (who("Write", role), who("Read", role)) == (writers, readers)


def test_rights_are_few() -> None:
    """No user may create, change or delete a topic, or do anything to the cluster or to topics by a prefix."""
    assert {operation for *_, operation in rights()} == {"Read", "Write", "Describe", "DescribeConfigs"}
    assert not any(resource == "topic" and name.endswith("*") for _, resource, name, _ in rights())
    assert {resource for _, resource, *_ in rights()} == {"topic", "group", "transactionalId"}


def test_reviewers_see_no_cleared_order() -> None:
    """Who reviews reads what needs a person, and not the orders that are clear."""
    read = {name for user, resource, name, _ in rights() if (user, resource) == ("reviewers", "topic")}
    assert read == {topic.name for topic in topics.load() if topic.outcome in {"review", "block", "quarantine"}}


@pytest.mark.parametrize(("user", "shadow"), [("screener-worker", False), ("screener-shadow", True)])
@pytest.mark.parametrize("prefix", ["", "trial."])
def test_a_worker_may_do_what_it_does(user: str, prefix: str, *, shadow: bool) -> None:
    """A worker may compare the topics it requires, read and write them, join its group, take its transactional id."""
    own = {row[1:] for row in rights(prefix) if row[0] == user}
    held = _settings(topic_prefix=prefix, shadow=shadow, slot=2)
    required = topics.required(prefix, shadow=shadow)
    written = {"shadow", "workers"} if shadow else {"out", "workers", "usage"}
    assert {name for resource, name, _ in own if resource == "topic"} == {topic.name for topic in required}
    for topic in required:
        assert ("topic", topic.name, "DescribeConfigs") in own
        assert ("topic", topic.name, "Read") in own
        assert (("topic", topic.name, "Write") in own) == (topic.role in written), topic.name
    assert ("group", clients.consumer_settings(held, print)["group.id"], "Read") in own
    (beginning,) = {name.rstrip("*") for resource, name, _ in own if resource == "transactionalId"}
    assert held.transactional_id.startswith(beginning)


def test_an_operator_reads_neither_orders_nor_decisions() -> None:
    """Who says from where to go on sees how long the log is and what workers report."""
    own = {row[1:] for row in rights() if row[0] == "screener-operator"}
    contents = {topic.name for topic in topics.load() if topic.role in {"in", "out", "shadow", "usage"}}
    assert {(name, what) for _, name, what in own if name in contents} == {("orders", "Describe")}


def test_groups_that_are_never_joined_are_known() -> None:
    """The names that readers without a group give the client library are those of the code, to be described only."""
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "screener" / "runners").glob("*.py"))]
    named = {name for text in sources for name in re.findall(r'"(screener-[a-z-]+-unused)"', text)}
    assert named == {name for _, resource, name, _ in rights() if resource == "group" and name.endswith("-unused")}
    assert {what for _, resource, name, what in rights() if name.endswith("-unused")} == {"Describe"}


def test_users_of_pods_and_of_scaling_are_declared() -> None:
    """Strimzi makes each user of access.toml, with a password."""
    made = of_kind("production", "KafkaUser")
    assert made.keys() == {user.name for user in GENERATE.users()}
    assert {entry["spec"]["authentication"]["type"] for entry in made.values()} == {"scram-sha-512"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('role = "in"', 'role = "inn"', "no topic"),
        ('"review", "block"', '"reviewed", "block"', "no topic"),
        ('operations = ["Write"]', 'operations = ["All"]', "operations must be"),
        ('operations = ["Write"]', 'operation = ["Write"]', "must have"),
        ('authentication = "scram-sha-512"', 'authentication = "none"', "authentication must be"),
        ("purpose = ", "porpose = ", "must have"),
        ('name = "reviewers"', 'name = "order-system"', "declared twice"),
    ],
)
def test_faults_of_the_table_are_told(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """A role, an outcome, an operation or a field that is not known stops the generator with a sentence."""
    text = (ROOT / "topics" / "access.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "access.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GENERATE.Misdeclared, match=sentence):
        GENERATE.users(path=path)
