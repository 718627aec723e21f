"""A Kafka that asks who comes: logins, certificates, rights. Refused in one sentence; nothing lost, nothing cleared."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

from screener.runners import topics
from screener.runners.announcements import announce
from screener.runners.children import unset
from screener.runners.cluster import connection
from screener.runners.worker_reports import Reporter
from screener.settings import Cluster, load_cluster, load_fleet
from tests.integration.kafka import CLEAN, LISTED, Worker, committed, order, outputs, publish, reading, running
from tests.integration.log_ordeals import paused_of, recreate, wait_until
from tests.integration.test_log_changes import forget_offsets
from tests.ops.secure import PASSWORD, Secured, secured
from tests.scripts import script
from topics.examples.gate import DecisionReader, Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENERATE = script("k8s/generate.py")
SETTLE_SECONDS = 0.3
"""After which the broker has taken a right over."""


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """The broker, with users who may log in."""
    with secured(tmp_path_factory.mktemp("secured"), ("screener-worker",)) as made:
        made.add_user("screener-worker")
        yield made


@pytest.fixture(autouse=True)
def plain(kafka: Secured, topic_prefix: str) -> str:
    """The address of the test's own hand; the topics of the prefix exist."""
    topics.apply(Cluster(kafka.addresses["PLAINTEXT"]), topic_prefix, 2)
    return kafka.addresses["PLAINTEXT"]


def said_by_check(environment: dict[str, str]) -> tuple[int, str]:
    """Exit status and words of `screener topics check` with these settings."""
    return output_of(["topics", "check"], environment)


def output_of(arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Exit status and words of a command with these settings."""
    done = subprocess.run(
        [sys.executable, "-m", "screener", *arguments],
        env=unset() | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


REFUSALS: dict[str, tuple[str, dict[str, str], str]] = {
    "wrong password": ("LOGIN", {"SASL_PASSWORD": "guessed", "SASL_PASSWORD_FILE": ""}, "refuses the login of"),
    "unknown user": ("LOGIN", {"SASL_USERNAME": "ghost"}, "refuses the login of ghost"),
    "mechanism that the user does not have": ("LOGIN", {"SASL_MECHANISM": "SCRAM-SHA-256"}, "refuses the login of"),
    "authority that is not believed": ("LOGIN", {"SSL_CA_FILE": "{folder}/other-ca.pem"}, "unable to get local issuer"),
    "expired certificate": ("EXPIRED", {}, "certificate has expired"),
    "certificate of another host": ("ELSEWHERE", {}, "certificate is not valid for"),
    "client's certificate of another authority": (
        "CERTIFICATE",
        {"SSL_CERTIFICATE_FILE": "{folder}/stranger.pem", "SSL_KEY_FILE": "{folder}/stranger.key"},
        "refuses the certificate of this client",
    ),
    "no certificate of the client": (
        "CERTIFICATE",
        {"SSL_CERTIFICATE_FILE": "", "SSL_KEY_FILE": ""},
        "refuses the certificate of this client (none given)",
    ),
    "TLS to a plain listener": ("LOGIN", {"BOOTSTRAP_SERVERS": "{plain}"}, "closed by peer"),
    "password file that is empty": (
        "LOGIN",
        {"SASL_PASSWORD_FILE": "{folder}/empty"},
        "empty: the secret can't be read (it is empty)",
    ),
    "password file of bytes": ("LOGIN", {"SASL_PASSWORD_FILE": "{folder}/bytes"}, "it is no UTF-8 text"),
    "authority that is no certificate": ("LOGIN", {"SSL_CA_FILE": "{folder}/bytes"}, "ssl.ca.location failed"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_who_is_not_let_in_and_who_is_not_believed_is_told_in_one_sentence(kafka: Secured, what: str) -> None:
    """Status 2, one line that says why, and no password in it."""
    (kafka.folder / "empty").touch()
    (kafka.folder / "bytes").write_bytes(b"\xff\xfe\x00")
    listener, changes, expected = REFUSALS[what]
    named = {
        f"SCREENER_{name}": text.format(folder=kafka.folder, plain=kafka.addresses["PLAINTEXT"])
        for name, text in changes.items()
    }
    status, words = said_by_check(kafka.environment(listener, "screener-worker") | named)
    assert (status, words.count("\n")) == (2, 1), words
    assert expected in words
    assert PASSWORD not in words
    assert "guessed" not in words


# --- who may do what -------------------------------------------------------------------------------------------------


def declared(prefix: str) -> dict[str, list[Any]]:
    """The rights of each user, as topics/access.toml declares them for topics with a prefix."""
    return {user.name: list(user.rights) for user in GENERATE.users(prefix)}


def worker_of(kafka: Secured, prefix: str, tmp_path: Path, options: list[str], listener: str = "LOGIN") -> Worker:
    """A worker that logs in as `screener-worker`."""
    environment = kafka.environment(listener, "screener-worker")
    servers = environment.pop("SCREENER_BOOTSTRAP_SERVERS")
    return Worker(servers, prefix, tmp_path / "worker.log", options, environment=environment)


def client_of(kafka: Secured, user: str) -> dict[str, Any]:
    """The settings of a client that logs in as another user of the cluster."""
    kafka.add_user(user)
    return connection(load_cluster(None, kafka.environment("LOGIN", user)))


def refusal_of(kafka: Secured, user: str, topic: str) -> str | None:
    """What a user is told who writes to a topic; None where the record is taken."""
    faults: list[str] = []
    producer = Producer(client_of(kafka, user) | {"message.timeout.ms": 10_000, "log_level": 0})
    producer.produce(topic, b"{}", b"O-1", on_delivery=lambda error, _: faults.append(error.name() if error else ""))
    producer.flush(15)
    assert faults
    return faults[0] or None


@pytest.mark.parametrize("listener", ["LOGIN", "CERTIFICATE"])
def test_a_worker_with_a_login_or_a_certificate_answers_with_the_declared_rights(
    kafka: Secured, plain: str, topic_prefix: str, listener: str, sample_file: Path, tmp_path: Path
) -> None:
    """Both ways of proving who comes work for every client of a worker, and the password is in no log."""
    kafka.grant(declared(topic_prefix)["screener-worker"], "screener-worker")
    publish(plain, f"{topic_prefix}orders", [order("O-1", LISTED), order("O-2")])
    worker = worker_of(kafka, topic_prefix, tmp_path, ["--snapshot", str(sample_file), "--sample"], listener)
    with running(worker), reading(plain, outputs(topic_prefix)) as reader:
        decided = {record.key: record.decision["outcome"] for record in reader.read_until(2)}
        assert worker.stop() == 0
    assert decided == {b"O-1": "block", b"O-2": "clear"}
    assert sum(committed(plain, topic_prefix)) == 2
    assert PASSWORD not in worker.log.read_text()


def test_check_says_what_the_user_may_not_see(kafka: Secured, topic_prefix: str) -> None:
    """A worker's user may not ask brokers for their settings: that is a sentence, and what it may see is shown."""
    kafka.grant(declared(topic_prefix)["screener-worker"], "screener-worker")
    environment = kafka.environment("LOGIN", "screener-worker") | {"SCREENER_TOPIC_PREFIX": topic_prefix}
    status, words = said_by_check(environment)
    assert f"{topic_prefix}orders: 2 partitions; replication factor 1; min.insync.replicas 1\n" in words
    assert "warning: offsets.retention.minutes of the brokers could not be checked (" in words
    assert status == 1  # it does not see the shadow topic
    assert [line for line in words.splitlines() if "hidden from this user" in line] == [
        f"{topic_prefix}screener.shadow: missing, or hidden from this user; `screener topics apply` creates it"
    ]


def test_snapshots_are_announced_and_licenses_summed_with_the_declared_rights(
    kafka: Secured, topic_prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """The publisher announces, the worker follows, the sums are kept: each with its own user's rights."""
    rights = declared(topic_prefix)
    for user in ("screener-worker", "screener-publisher", "screener-license-sums"):
        kafka.add_user(user)
        kafka.grant(rights[user], user)
    publisher = load_fleet({"sample": "true"}, kafka.environment("LOGIN", "screener-publisher"))
    announced = announce(publisher, f"{topic_prefix}screener.snapshots", sample_file)
    environment = kafka.environment("LOGIN", "screener-license-sums")
    servers = environment.pop("SCREENER_BOOTSTRAP_SERVERS")
    sums = Worker(
        servers, topic_prefix, tmp_path / "sums.log", command=("licenses", "sum"), environment=environment
    ).start()
    try:
        with running(worker_of(kafka, topic_prefix, tmp_path, ["--sample"])) as worker:
            assert worker.metric(f'screener_snapshot_info{{sha256="{announced.sha256}"}}') == 1
        deadline = time.monotonic() + 60
        while sums.get("/licenses")[0] != 200:
            assert time.monotonic() < deadline, sums.log.read_text()[-3000:]
            time.sleep(0.2)
    finally:
        sums.kill()


@pytest.mark.parametrize("topic", ["orders.review", "orders.blocked"])
def test_a_worker_that_may_not_write_a_topic_says_so_and_loses_nothing(
    kafka: Secured, plain: str, topic_prefix: str, topic: str, sample_file: Path, tmp_path: Path
) -> None:
    """It ends before it answers anything, and names the topic; with the right given, every order is answered once."""
    rights = declared(topic_prefix)["screener-worker"]
    missing = [right for right in rights if right.name == f"{topic_prefix}{topic}"]
    kafka.grant([right for right in rights if right not in missing], "screener-worker")
    publish(plain, f"{topic_prefix}orders", [order("O-1", LISTED), order("O-2")])
    worker = worker_of(kafka, topic_prefix, tmp_path, ["--snapshot", str(sample_file), "--sample"])
    assert worker.start().wait_end() == 2
    last = worker.log.read_text().splitlines()[-1]
    assert f"{topic_prefix}{topic}: missing, or hidden from this user" in last, last
    kafka.grant(missing, "screener-worker")
    with running(worker), reading(plain, outputs(topic_prefix)) as reader:
        decided = {record.key: record.decision["outcome"] for record in reader.read_until(2)}
    assert decided == {b"O-1": "block", b"O-2": "clear"}


def test_a_right_that_is_taken_away_ends_the_worker_and_loses_nothing(
    kafka: Secured, plain: str, topic_prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """A running worker that may no longer write to a topic ends; what it did not commit is answered later."""
    rights = declared(topic_prefix)["screener-worker"]
    kafka.grant(rights, "screener-worker")
    worker = worker_of(kafka, topic_prefix, tmp_path, ["--snapshot", str(sample_file), "--sample"])
    blocked = [
        right._replace(operations=("Write",)) for right in rights if right.name == f"{topic_prefix}orders.blocked"
    ]
    with running(worker):
        kafka.withdraw(blocked, "screener-worker")
        publish(plain, f"{topic_prefix}orders", [order("O-1", LISTED)])
        assert worker.wait_end() == 2
    assert "TOPIC_AUTHORIZATION_FAILED" in worker.log.read_text().splitlines()[-1]
    assert sum(committed(plain, topic_prefix)) == 0
    kafka.grant(blocked, "screener-worker")
    with running(worker), reading(plain, outputs(topic_prefix)) as reader:
        (decided,) = reader.read_until(1)
    assert decided.topic == f"{topic_prefix}orders.blocked"


# --- a log that changes ----------------------------------------------------------------------------------------------


def as_operator(kafka: Secured, prefix: str, *arguments: str) -> tuple[int, str]:
    """Exit status and words of a command of somebody who logs in as `screener-operator`."""
    environment = kafka.environment("LOGIN", "screener-operator")
    return output_of(list(arguments), environment | {"SCREENER_TOPIC_PREFIX": prefix})


def resume(kafka: Secured, prefix: str, partition: int, start: str) -> tuple[int, str]:
    """Exit status and words of `screener offsets resume`, by the operator's user."""
    return as_operator(kafka, prefix, "offsets", "resume", "--partition", str(partition), "--from", start)


def resume_at_last(kafka: Secured, prefix: str, partition: int, start: str) -> None:
    """Resume a paused partition; while partitions are shared out anew, nobody reports it as paused for a moment."""
    seen: list[str] = []

    def taken() -> bool:
        status, words = resume(kafka, prefix, partition, start)
        seen.append(words)
        return status == 0

    wait_until(taken, f"resumed: {seen}")
    assert f"{prefix}orders[{partition}] is resumed from" in seen[-1]


def report_paused(plain: str, prefix: str, group: str, partition: int) -> None:
    """Report a partition as paused, in the name of a worker of the group."""
    reporter = Reporter(Cluster(plain), f"{prefix}screener.workers", f"{group}-9", group=group, slot=9)
    reporter.report(paused=[{"partition": partition, "reason": "topic_recreated"}])
    reporter.stop(clean=False)


@pytest.fixture
def operator(kafka: Secured, topic_prefix: str) -> list[Any]:
    """The rights of the operator's user, who has them."""
    rights = declared(topic_prefix)["screener-operator"]
    kafka.add_user("screener-operator")
    kafka.grant(rights, "screener-operator")
    return rights


def test_a_worker_pauses_and_an_operator_resumes_with_the_declared_rights(
    kafka: Secured, plain: str, topic_prefix: str, operator: list[Any], sample_file: Path, tmp_path: Path
) -> None:
    """A topic that is created again is noticed, and its orders are answered on the word of the operator's user."""
    assert operator
    kafka.grant(declared(topic_prefix)["screener-worker"], "screener-worker")
    worker = worker_of(kafka, topic_prefix, tmp_path, ["--snapshot", str(sample_file), "--sample"])
    with running(worker), reading(plain, outputs(topic_prefix)) as reader:
        publish(plain, f"{topic_prefix}orders", [order("O-1", LISTED), order("O-2")])
        assert len(reader.read_until(2)) == 2
        recreate(plain, f"{topic_prefix}orders", 2)
        publish(plain, f"{topic_prefix}orders", [order("O-3", LISTED), order("O-4")])
        wait_until(lambda: paused_of([worker]) == dict.fromkeys("01", "topic_recreated"), "paused")
        assert f"{topic_prefix}orders[0] is paused (topic_recreated)" in worker.get("/ready")[1]
        assert len(reader.read_until(2, 2.0)) == 2
        for number in range(2):
            resume_at_last(kafka, topic_prefix, number, "earliest")
        decided = {record.key: record.decision["outcome"] for record in reader.read_until(4)}
        assert decided == {b"O-1": "block", b"O-2": "clear", b"O-3": "block", b"O-4": "clear"}
        wait_until(lambda: worker.get("/ready")[0] == 200, "ready again")


def test_an_operator_misses_each_right_that_is_taken_away(
    kafka: Secured, plain: str, topic_prefix: str, operator: list[Any], sample_file: Path
) -> None:
    """No more is declared than `offsets resume` and `snapshot announced` need, with a worker and one on trial."""
    fleet = load_fleet({"sample": "true"}, {"SCREENER_BOOTSTRAP_SERVERS": plain})
    announce(fleet, f"{topic_prefix}screener.snapshots", sample_file)
    for name in ("screener", "screener-shadow"):
        report_paused(plain, topic_prefix, f"{topic_prefix}{name}", 0)
    status, words = as_operator(kafka, topic_prefix, "snapshot", "announced")
    assert (status, words.count("has not answered")) == (0, 2), words
    assert resume(kafka, topic_prefix, 0, "earliest")[0] == 0
    for right in missed_one_by_one(kafka, operator, "screener-operator"):
        if right.name in {f"{topic_prefix}orders", f"{topic_prefix}screener.workers", "screener-workers-unused"}:
            status, words = resume(kafka, topic_prefix, 0, "earliest")
            assert status == 2, (right, words)
            assert "uthorization failed" in words, (right, words)
        else:
            status, words = as_operator(kafka, topic_prefix, "snapshot", "announced")
            assert status == 2 or "is not known: consumer group" in words, (right, words)
    assert resume(kafka, topic_prefix, 0, "earliest")[0] == 0


def missed_one_by_one(kafka: Secured, rights: list[Any], user: str) -> Iterator[Any]:
    """Take each operation of each right away, and give it back."""
    for right in rights:
        for operation in right.operations:
            one = right._replace(operations=(operation,))
            kafka.withdraw([one], user)
            time.sleep(SETTLE_SECONDS)
            yield one
            kafka.grant([one], user)
            time.sleep(SETTLE_SECONDS)


@pytest.mark.parametrize("operation", ["Read", "Write"])
def test_a_worker_that_may_not_take_an_instruction_stays_paused_and_says_so(
    kafka: Secured,
    plain: str,
    topic_prefix: str,
    operator: list[Any],
    operation: str,
    sample_file: Path,
    tmp_path: Path,
) -> None:
    """It ends neither where it can't read the instruction nor where it can't take it back; then it goes on."""
    assert operator
    rights = declared(topic_prefix)["screener-worker"]
    kafka.grant(rights, "screener-worker")
    missing = [
        right._replace(operations=(operation,)) for right in rights if right.name == f"{topic_prefix}screener.workers"
    ]
    worker = worker_of(kafka, topic_prefix, tmp_path, ["--snapshot", str(sample_file), "--sample"])
    publish(plain, f"{topic_prefix}orders", [order("O-1")])
    with running(worker), reading(plain, outputs(topic_prefix)) as reader:
        number = reader.read_until(1)[0].partition
        recreate(plain, f"{topic_prefix}orders", 2)
        publish(plain, f"{topic_prefix}orders", [order("O-1", LISTED)])
        wait_until(lambda: paused_of([worker]).get(str(number)) == "topic_recreated", "paused")
        kafka.withdraw(missing, "screener-worker")
        report_paused(plain, topic_prefix, f"{topic_prefix}screener", number)
        resume_at_last(kafka, topic_prefix, number, "earliest")
        sentence = "operators' instructions can't be read" if operation == "Read" else "could not be resumed"
        wait_until(lambda: sentence in worker.log.read_text(), "it says so")
        assert paused_of([worker]).get(str(number)) == "topic_recreated"
        kafka.grant(missing, "screener-worker")
        decided = reader.read_until(2)
    assert [record.decision["outcome"] for record in decided] == ["clear", "block"]


@pytest.mark.parametrize("topic", ["orders.cleared", "orders.blocked"])
def test_a_worker_that_may_not_see_its_decisions_answers_nothing_twice(
    kafka: Secured,
    plain: str,
    topic_prefix: str,
    operator: list[Any],
    topic: str,
    sample_file: Path,
    tmp_path: Path,
) -> None:
    """Where the group's positions are gone it waits for the right to read them, and says so; then it is paused."""
    rights = declared(topic_prefix)
    kafka.grant(rights["screener-worker"], "screener-worker")
    assert operator
    missing = [
        right._replace(operations=("Read",))
        for right in rights["screener-worker"]
        if right.name == f"{topic_prefix}{topic}"
    ]
    worker = worker_of(kafka, topic_prefix, tmp_path, ["--snapshot", str(sample_file), "--sample"])
    records = [order("O-1", LISTED if topic == "orders.blocked" else CLEAN)]
    with running(worker), reading(plain, outputs(topic_prefix)) as reader:
        publish(plain, f"{topic_prefix}orders", records)
        number = reader.read_until(1)[0].partition
        assert worker.stop() == 0
        forget_offsets(plain, topic_prefix)
        kafka.withdraw(missing, "screener-worker")
        worker.start()
        wait_until(lambda: "the logs of orders can't be looked at: TOPIC_AUTH" in worker.log.read_text(), "it says so")
        assert "are being checked" in worker.get("/ready")[1]
        kafka.grant(missing, "screener-worker")
        wait_until(lambda: paused_of([worker]) == {str(number): "offsets_expired"}, "paused")
        resume_at_last(kafka, topic_prefix, number, "1")
        wait_until(lambda: worker.get("/ready")[0] == 200, "ready again")
        publish(plain, f"{topic_prefix}orders", [order("O-2")])
        assert sorted(record.key or b"" for record in reader.read_until(2)) == [b"O-1", b"O-2"]


def test_the_example_of_a_gate_reads_with_the_declared_rights(kafka: Secured, plain: str, topic_prefix: str) -> None:
    """As the order system's user for answers; while it may not read a topic the gate knows that it lacks something."""
    user = "order-system-answers"
    login = client_of(kafka, user)
    publish(plain, f"{topic_prefix}orders.cleared", [(b"O-1", b"{}")])
    gate = Gate(1)
    decisions = DecisionReader(login["bootstrap.servers"], gate, topic_prefix, login)
    try:
        assert not decisions.read_to_end(10.0)
        kafka.grant(declared(topic_prefix)[user], user)
        assert decisions.read_to_end()
        assert gate.standing("O-1")
    finally:
        decisions.close()


FORGERIES = (
    ("order-system", "orders", None),
    ("order-system", "orders.cleared", "TOPIC_AUTHORIZATION_FAILED"),
    ("order-system", "screener.snapshots", "TOPIC_AUTHORIZATION_FAILED"),
    ("order-system-answers", "orders.cleared", "TOPIC_AUTHORIZATION_FAILED"),
    ("reviewers", "orders.cleared", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-worker", "orders", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-worker", "screener.snapshots", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-shadow", "orders.cleared", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-publisher", "orders.cleared", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-license-sums", "screener.license-usage", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-operator", "orders", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-operator", "orders.cleared", "TOPIC_AUTHORIZATION_FAILED"),
    ("screener-operator", "screener.snapshots", "TOPIC_AUTHORIZATION_FAILED"),
    ("nobody", "orders", "TOPIC_AUTHORIZATION_FAILED"),
)


@pytest.mark.parametrize(("user", "topic", "expected"), FORGERIES)
def test_nobody_writes_where_it_is_not_theirs(
    kafka: Secured, topic_prefix: str, user: str, topic: str, expected: str | None
) -> None:
    """The broker sees to it that each topic is written by those only whose words it carries."""
    kafka.grant(declared(topic_prefix).get(user, []), user)
    refused = refusal_of(kafka, user, f"{topic_prefix}{topic}")
    assert (refused is None) == (expected is None), refused
