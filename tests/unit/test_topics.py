"""The declared topics and what can be decided about them without a broker."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from screener.errors import OperatorError
from screener.runners import declaration, topics
from screener.runners.cluster import partition_counts
from screener.runners.durability import Durability, offsets_warning, replica_warnings
from screener.runners.topics import Change, Report, Topic
from screener.settings import Cluster

DECLARATION = Path(__file__).resolve().parents[2] / "topics" / "topics.toml"
NAMES = [
    "orders",
    "orders.cleared",
    "orders.review",
    "orders.blocked",
    "orders.quarantine",
    "screener.snapshots",
    "screener.workers",
    "screener.shadow",
    "screener.license-usage",
    "screener.license-drawn",
]


def by_name(prefix: str = "") -> dict[str, Topic]:
    return {topic.name: topic for topic in topics.load(prefix)}


def edited(folder: Path, old: str, new: str) -> Path:
    """The shipped declaration with one text replaced."""
    text = DECLARATION.read_text(encoding="utf-8")
    assert old in text
    path = folder / "topics.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_declared_topics() -> None:
    """The ten topics in use are declared, in the order they are described in, and no others."""
    assert list(by_name()) == NAMES


def test_every_topic_says_what_it_carries() -> None:
    """Each topic has a meaning of one line that ends as a sentence does, a key and an explicit cleanup policy."""
    for topic in topics.load():
        assert topic.meaning.endswith(".")
        assert "\n" not in topic.meaning
        assert topic.key
        assert topic.config["cleanup.policy"] == (
            "compact" if topic.role in {"announcements", "workers", "drawn"} else "delete"
        )


def test_broker_time_dates_an_order() -> None:
    """The in topic takes the broker's clock and a batch around an order of 1,000,000 bytes."""
    config = by_name()["orders"].config
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert config["max.message.bytes"] == "1048588"


def test_outputs_take_whatever_an_order_becomes() -> None:
    """Each output takes twice the largest order and 64 KiB, and has a partition for each of the orders'."""
    declared = by_name()
    outputs = [topic for topic in declared.values() if topic.role in {"out", "shadow"}]
    assert len(outputs) == 5
    for topic in outputs:
        assert topic.message_bytes_max >= 2 * declared["orders"].message_bytes_max + 64 * 1024
        assert topic.partitions >= declared["orders"].partitions


def test_each_outcome_has_its_topic() -> None:
    """The four outcomes lead to four topics."""
    assert {topic.outcome: topic.name for topic in topics.load() if topic.outcome} == {
        "clear": "orders.cleared",
        "review": "orders.review",
        "block": "orders.blocked",
        "quarantine": "orders.quarantine",
    }


def test_decisions_are_kept_ten_years_unless_told_otherwise() -> None:
    """Retention is given on creation only; decisions are kept at least ten years, announcements for ever."""
    ten_years_ms = 10 * 365 * 24 * 60 * 60 * 1000
    for topic in topics.load():
        assert "retention.ms" not in topic.config
        if topic.role == "out":
            assert int(topic.on_creation["retention.ms"]) >= ten_years_ms
    assert by_name()["screener.snapshots"].on_creation == by_name()["screener.license-drawn"].on_creation == {}


def test_one_log_decides_who_draws_first() -> None:
    """Uses have one partition, kept as long as decisions; their sums are the changelog of a table and compacted."""
    declared = by_name()
    usage = declared["screener.license-usage"]
    assert usage.partitions == declared["screener.license-drawn"].partitions == 1
    assert usage.on_creation == declared["orders.cleared"].on_creation
    assert usage.config["compression.type"] == "uncompressed"


def test_prefix_stands_before_the_whole_name() -> None:
    """A prefix is put before each name as it is, without a separator of its own."""
    assert list(by_name("acme.")) == ["acme." + name for name in NAMES]


@pytest.mark.parametrize("prefix", ["a b", "a/", "ä", "x" * 101])
def test_bad_prefix_is_refused(prefix: str) -> None:
    """A prefix that Kafka would not take in a name is refused before any broker is asked."""
    with pytest.raises(OperatorError, match="topic prefix"):
        topics.load(prefix)


def test_required_of_a_worker() -> None:
    """A worker needs everything but the shadow topic; a shadow worker the shadow topic instead of the outputs."""
    assert {topic.role for topic in topics.required("p.")} == {
        "in",
        "out",
        "announcements",
        "workers",
        "usage",
        "drawn",
    }
    assert {topic.name for topic in topics.required("p.", shadow=True)} == {
        "p.orders",
        "p.screener.snapshots",
        "p.screener.workers",
        "p.screener.shadow",
        "p.screener.license-usage",
        "p.screener.license-drawn",
    }


def test_packaged_declaration_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The declaration in the installed package is taken, and without one that of the checkout."""
    module = tmp_path / "screener" / "runners" / "declaration.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(declaration, "__file__", str(module))
    assert declaration.topics_file() == tmp_path / "topics" / "topics.toml"
    (tmp_path / "screener" / "_topics").mkdir()
    assert declaration.topics_file() == tmp_path / "screener" / "_topics" / "topics.toml"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[[topic]]", "[[topic", "cannot be read as TOML"),
        ("[[topic]]", "[other]\n[[topic]]", r"\[\[topic\]\] tables expected"),
        ('key = "order id"\n', "", "orders: field 'key' is missing"),
        ('role = "in"', 'roll = "in"', "orders: unknown field 'roll'"),
        ('role = "in"', 'role = "inn"', "orders: role must be one of in, out, shadow, announcements"),
        ("partitions = 3", "partitions = true", "orders: partitions must be a whole number, not True"),
        ("partitions = 3", "partitions = 0", "orders: partitions must be 1 to 1000"),
        ("partitions = 3", "partitions = 4", "orders.cleared: needs at least the 4 partitions"),
        ("retention_days = 30 ", "retention_days = 0 ", "orders: retention_days must be 1 or more"),
        ("retention_days = 30 ", "# ", "orders: retention_days goes with cleanup.policy delete"),
        ('"1048588"', "1048588", "orders: config values must be texts"),
        ('"1048588"', '"1 MB"', "orders: max.message.bytes must be a positive number"),
        ('"1048588"', '"1048589"', "orders.cleared: max.message.bytes must be at least 2162714"),
        ('"cleanup.policy" = "delete"', '"cleanup.policy" = "none"', "orders: config must name cleanup.policy"),
        ('name = "orders"', 'name = "my orders"', "my orders: name must be"),
        ('name = "orders.cleared"', 'name = "orders"', "orders: declared twice"),
        ('outcome = "clear"', 'outcome = "block"', "each outcome needs exactly one topic"),
        ('outcome = "clear"', "", "orders.cleared: outcome goes with role out"),
        ('role = "shadow"', 'role = "announcements"', "exactly one topic must have role announcements, not 2"),
        ('key = "order id"', 'key = " "', "orders: key must say"),
    ],
)
def test_faulty_declaration_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    """A fault in the file becomes one sentence with the file, the topic and what was expected."""
    with pytest.raises(OperatorError, match=f"topics.toml: .*{says}"):
        topics.load(path=edited(tmp_path, old, new))


def test_missing_declaration_is_named(tmp_path: Path) -> None:
    """A declaration that is not there is an operator's fault, not a traceback."""
    with pytest.raises(OperatorError, match="cannot be read as TOML"):
        topics.load(path=tmp_path / "topics.toml")


def test_partition_problems() -> None:
    """Missing topics and outputs with fewer partitions than orders are named; more partitions are no problem."""
    needed = topics.required("p.")
    counts = {topic.name: 3 for topic in needed}
    assert topics.partition_problems(needed, counts) == []
    assert topics.partition_problems(needed, counts | {"p.orders.review": 9}) == []
    assert topics.partition_problems(needed, counts | {"p.orders": 2}) == []
    short = topics.partition_problems(needed, counts | {"p.orders": 4, "p.orders.review": 4, "p.orders.blocked": 6})
    assert [problem.split(":")[0] for problem in short] == ["p.orders.cleared", "p.orders.quarantine"]
    del counts["p.orders"], counts["p.orders.cleared"]
    assert [problem.split(";")[0] for problem in topics.partition_problems(needed, counts)] == [
        "p.orders: missing",
        "p.orders.cleared: missing",
    ]


def test_partition_counts_leave_out_topics_in_error() -> None:
    """A topic that the broker answered with an error for counts as missing."""
    fine = SimpleNamespace(partitions={0: None, 1: None}, error=None)
    unknown = SimpleNamespace(partitions={}, error="UNKNOWN_TOPIC_OR_PART")
    cluster = cast("Any", SimpleNamespace(topics={"a": fine, "b": unknown}))
    assert partition_counts(cluster) == {"a": 2}


def test_change_reads_as_a_line() -> None:
    """A change prints its topic, what was done and the details."""
    assert str(Change("orders", "unchanged")) == "orders: unchanged"
    assert str(Change("orders", "changed", ("partitions 1 -> 3", "x"))) == "orders: changed (partitions 1 -> 3; x)"


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    topics.add_commands(parser.add_subparsers())
    return parser.parse_args(["topics", *arguments])


def test_commands_take_options_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers and prefix come from the options, else from the environment; an empty prefix option counts."""
    seen: list[tuple[Any, ...]] = []

    def remember(*arguments: Any) -> Report:
        seen.append(arguments)
        return Report([], [], [])

    monkeypatch.setattr(topics, "report", remember)
    monkeypatch.setenv("SCREENER_BOOTSTRAP_SERVERS", "env:1")
    monkeypatch.setenv("SCREENER_TOPIC_PREFIX", "env.")
    for arguments in (["check"], ["check", "--bootstrap-servers", "o:2", "--topic-prefix", "", "--partitions", "6"]):
        namespace = parse(*arguments)
        assert namespace.run(namespace) == 0
    assert seen == [(Cluster("env:1"), "env.", None), (Cluster("o:2"), "", 6)]


def test_check_exits_with_1_when_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Topics, problems and warnings are a line each; the exit code is 1 for a problem, and 0 for a warning alone."""
    monkeypatch.setattr(topics, "report", lambda *_: Report(["x: 3"], ["orders: missing", "x: y"], ["x: 1 replica"]))
    namespace = parse("check", "--bootstrap-servers", "o:2")
    assert namespace.run(namespace) == 1
    assert capsys.readouterr().out == "x: 3\norders: missing\nx: y\nwarning: x: 1 replica\n"
    monkeypatch.setattr(topics, "report", lambda *_: Report([], [], ["x: 1 replica"]))
    assert namespace.run(namespace) == 0


def test_apply_warns_on_standard_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What was done goes to standard output with the figures, a warning to standard error; the exit code is 0."""
    asked: list[tuple[Any, ...]] = []

    def applied(*arguments: Any) -> list[Change]:
        asked.append(arguments)
        return [Change("orders", "created", ("3 partitions",), Durability(1, 1))]

    monkeypatch.setattr(topics, "apply", applied)
    namespace = parse("apply", "--bootstrap-servers", "o:2", "--topic-prefix", "", "--replication-factor", "3")
    assert namespace.run(namespace) == 0
    assert asked == [(Cluster("o:2"), "", None, 3)]
    written = capsys.readouterr()
    assert written.out == "orders: created (3 partitions; replication factor 1; min.insync.replicas 1)\n"
    assert written.err == "screener: warning: orders: replication factor 1: a lost disk loses orders and decisions\n"


def test_replicas_that_lose_records_are_warned_of() -> None:
    """One replica, and several of which one may confirm alone; three of which two must have a record are fine."""
    assert replica_warnings({"a": Durability(3, 2), "b": Durability(2, 2)}) == []
    warnings = replica_warnings({"a": Durability(1, 1), "b": Durability(3, 1), "c": Durability(1, 2)})
    assert [warning.split(": ")[:2] for warning in warnings] == [
        ["a, c", "replication factor 1"],
        ["b", "min.insync.replicas 1"],
    ]


DAY_MS = 24 * 60 * 60 * 1000


@pytest.mark.parametrize(
    ("retention_ms", "says"),
    [
        (7 * DAY_MS, None),
        (7 * DAY_MS + 1, "orders keeps records for 7 days: when no worker has run for 7 days"),
        (30 * DAY_MS, "is 10080, and orders keeps records for 30 days: when no worker has run for 7 days"),
        (-1, "orders keeps records for ever"),
        (0, None),
    ],
)
def test_positions_that_are_forgotten_before_the_orders_are_warned_of(retention_ms: int, says: str | None) -> None:
    """The shortest retention of offsets on any broker counts; as long as the orders is long enough."""
    minutes = {"1": "10080", "2": "43200"}

    def describe(resources: list[Any], **_: Any) -> dict[Any, Any]:
        config = {"offsets.retention.minutes": SimpleNamespace(value=minutes[resources[0].name])}
        return {resources[0]: SimpleNamespace(result=lambda: config)}

    admin, metadata = SimpleNamespace(describe_configs=describe), SimpleNamespace(brokers={1: None, 2: None})
    warning = offsets_warning(cast("Any", admin), cast("Any", metadata), "orders", retention_ms)
    assert warning is None if says is None else says in str(warning)


def test_no_broker_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without servers in options and environment the operator is told where to name them."""
    monkeypatch.delenv("SCREENER_BOOTSTRAP_SERVERS", raising=False)
    namespace = parse("apply")
    with pytest.raises(OperatorError, match="--bootstrap-servers and no SCREENER_BOOTSTRAP_SERVERS"):
        namespace.run(namespace)


def test_broker_that_does_not_answer() -> None:
    """Nothing listens: the operator gets one sentence with the address and how long it was tried."""
    with pytest.raises(OperatorError, match=r"^No Kafka broker answers at 127\.0\.0\.1:1 within 8 s: [^\n]+\.$"):
        topics.check(Cluster("127.0.0.1:1"))


@pytest.mark.parametrize("factor", [0, -1, 32_768])
def test_replication_factors_have_a_limit(factor: int) -> None:
    """A factor that Kafka can't have is refused before any broker is asked."""
    with pytest.raises(OperatorError, match="--replication-factor must be 1 to 32767"):
        topics.apply(Cluster("127.0.0.1:1"), replication_factor=factor)


@pytest.mark.parametrize("partitions", [0, -1, 1001])
def test_partitions_have_a_limit(partitions: int) -> None:
    """A count of partitions outside 1 to 1000 is refused before any broker is asked."""
    with pytest.raises(OperatorError, match="--partitions must be 1 to 1000"):
        topics.apply(Cluster("127.0.0.1:1"), partitions=partitions)
