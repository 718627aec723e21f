"""The broker of this repository itself: its life, its data, and the jars that it refuses."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it re-exports without __all__
    AdminClient,
    NewTopic,
)

from screener.broker import RunningBroker, add_commands, start, status, stop
from screener.broker_jars import verified_jars
from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.broker

SECONDS_MAX = 60.0
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
TCP_LISTEN = "0A"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a broker, which has none when the test is over."""
    yield tmp_path / "a folder, with = and blanks"
    stop(tmp_path / "a folder, with = and blanks")


def produce_in_transaction(bootstrap: str, topic: str, value: bytes) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})  # without a name it would be gone before its answer
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(SECONDS_MAX)
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic})
    producer.init_transactions(SECONDS_MAX)
    producer.begin_transaction()
    producer.produce(topic, value)
    producer.commit_transaction(SECONDS_MAX)


def committed_values(bootstrap: str, topic: str, values_min: int = 1) -> list[bytes]:
    """Read the topic from its beginning to its end, as a group member that sees committed records only.

    A broker that was killed shows the end of its log anew once it has read it: an end before that is not the last.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": topic,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([topic])
    values: list[bytes] = []
    deadline = time.monotonic() + SECONDS_MAX
    try:
        while time.monotonic() < deadline:
            record = consumer.poll(1.0)
            if record is None:
                continue
            error = record.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                if len(values) >= values_min:
                    return values
                continue
            assert error is None, error
            values.append(record.value() or b"")
        raise AssertionError("the end of the topic was not reached")
    finally:
        consumer.close()


def listening_addresses(pid: int) -> set[str]:
    """Return the addresses, in the kernel's hex, on which the process listens."""
    links = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            links.add(link.readlink())
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
    ]
    return {row[1].split(":")[0] for row in rows if row[3] == TCP_LISTEN and Path(f"socket:[{row[9]}]") in links}


def run_command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    namespace = parser.parse_args(["broker", *arguments])
    exit_status: int = namespace.run(namespace)
    return exit_status


def copy_of_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the verified jars, and name the copy in SCREENER_JARS."""
    copy = tmp_path / "jars"
    copy.mkdir()
    for jar in verified_jars():
        shutil.copy(jar, copy)
    monkeypatch.setenv("SCREENER_JARS", str(copy))
    return copy


def test_records_outlive_a_stop(folder: Path) -> None:
    """A record committed in a transaction is there after stop and start, at the same address."""
    first = start(folder)
    produce_in_transaction(first.bootstrap, "kept", b"an order")
    assert committed_values(first.bootstrap, "kept") == [b"an order"]
    assert stop(folder) is True
    assert status(folder) is None
    second = start(folder)
    assert (second.bootstrap, second.pid != first.pid) == (first.bootstrap, True)
    assert committed_values(second.bootstrap, "kept") == [b"an order"]


def test_records_outlive_a_kill(folder: Path) -> None:
    """A broker killed without warning is seen as ended, and its folder starts again with what was committed."""
    first = start(folder)
    produce_in_transaction(first.bootstrap, "kept", b"an order")
    assert committed_values(first.bootstrap, "kept") == [b"an order"]  # its end is written, not only promised
    os.kill(first.pid, signal.SIGKILL)
    while status(folder) is not None:
        time.sleep(0.05)
    assert stop(folder) is False
    second = start(folder)
    assert second.pid != first.pid
    assert committed_values(second.bootstrap, "kept") == [b"an order"]


def test_one_broker_lives_in_a_folder(folder: Path) -> None:
    """Starts at the same time, and starts again, by whichever process, give the one broker; stop ends it for all."""
    code = (
        "import sys; from pathlib import Path; from screener import broker\n"
        "running = broker.start(Path(sys.argv[1])); print(running.bootstrap, running.pid)"
    )
    command = [sys.executable, "-c", code, str(folder)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {starter.communicate(timeout=200)[0].strip() for starter in starters}
    running = start(folder)
    assert outputs == {f"{running.bootstrap} {running.pid}"}
    assert status(folder) == running == RunningBroker(running.bootstrap, running.pid, folder.resolve())
    port = int(running.bootstrap.partition(":")[2])
    assert start(folder, port=port) == running
    with pytest.raises(OperatorError, match="already runs, on port"):
        start(folder, port=port - 1)
    assert stop(folder) is True
    assert stop(folder) is False


def test_commands_say_where_it_listens(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`start` and `status` end with the bootstrap servers; `status` is 1 and `not running` where there is none."""
    place = ["--dir", str(folder)]
    assert run_command("status", *place) == 1
    assert run_command("stop", *place) == 0
    assert capsys.readouterr().out == "not running\nnot running\n"
    assert run_command("start", *place) == 0
    running = status(folder)
    assert running is not None
    assert run_command("status", *place) == 0
    assert capsys.readouterr().out == f"bootstrap.servers={running.bootstrap}\n" * 2
    assert listening_addresses(running.pid) <= LOOPBACK
    assert listening_addresses(running.pid)
    assert run_command("stop", *place) == 0
    assert capsys.readouterr().out == "stopped\n"


def test_nobody_creates_a_topic_by_asking(broker: str, topic_prefix: str) -> None:
    """A topic that was not created is unknown, and still is when it has been asked for."""
    admin = AdminClient({"bootstrap.servers": broker, "allow.auto.create.topics": True})
    for _ in range(2):
        found = admin.list_topics(f"{topic_prefix}none", timeout=SECONDS_MAX).topics[f"{topic_prefix}none"]
        assert found.error is not None
        assert found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_a_taken_port_is_said_before_anything_starts(folder: Path) -> None:
    """A port on which something listens is refused, and no process is left."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=f"^port {port} of 127.0.0.1 cannot be had"):
            start(folder, port=port)
    assert status(folder) is None


def test_a_failed_start_shows_the_log_and_leaves_no_process(folder: Path) -> None:
    """A Kafka that ends before it is ready is reported with the end of its log."""
    running = start(folder)
    stop(folder)
    (folder / "data" / "meta.properties").write_text("node.id=2\ncluster.id=x\nversion=1\n", encoding="utf-8")
    with pytest.raises(OperatorError, match=r"(?s)^Kafka ended before it was ready; the end of .*broker\.log:\n.*node"):
        start(folder)
    assert status(folder) is None
    assert not Path(f"/proc/{running.pid}").exists()


def test_a_tampered_jar_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One changed byte in one jar stops the start, and the message names the jar."""
    jar = next(copy_of_jars(tmp_path, monkeypatch).glob("kafka-clients-*.jar"))
    content = bytearray(jar.read_bytes())
    content[len(content) // 2] ^= 1
    jar.write_bytes(content)
    with pytest.raises(OperatorError, match=rf"^{jar.name} is not the file pinned"):
        start(folder)
    assert status(folder) is None


def test_an_additional_jar_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jar that no pin names is not run with, and the message names it."""
    (copy_of_jars(tmp_path, monkeypatch) / "additional.jar").touch()
    with pytest.raises(OperatorError, match=r"^additional\.jar is among the broker's jars but not pinned"):
        start(folder)


def test_the_cache_needs_no_network(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all jars at hand a broker starts where no network is; with one less, one sentence says what it takes."""
    jars = copy_of_jars(tmp_path, monkeypatch)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    jars.chmod(0o500)
    assert start(folder).bootstrap
    assert stop(folder)
    jars.chmod(0o700)
    (jars / "re2j-1.8.jar").unlink()
    with pytest.raises(OperatorError, match=r"^the jars of Kafka \S+ could not be fetched: ") as raised:
        start(folder)
    assert "://" not in str(raised.value)
    assert raised.value.__suppress_context__
