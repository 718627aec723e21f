"""A cluster of three real brokers on the loopback, for what one broker can't show: leaders and coordinators that move.

Each is broker and controller in a folder of its own; topics have three replicas, of which two must have a record.
"""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from screener import broker
from screener.runners.children import free_port

if TYPE_CHECKING:
    from pathlib import Path

NODES = 3
READY_SECONDS = 120.0
CLUSTER_ID = "c2NyZWVuZXItdGVzdHM-aA"
REPLICATED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "broker.session.timeout.ms": "9000",
}


class Brokers:
    """The three brokers, started; `stop` ends them by their own process ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = [(free_port(), free_port()) for _ in range(NODES)]
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._java = broker.java_command()
        for node in range(1, NODES + 1):
            self._format(node)
            self.start(node)
        self.wait_whole()

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return ",".join(f"{broker.HOST}:{port}" for port, _ in self._ports)

    def start(self, node: int) -> None:
        """Start one of the brokers, and don't wait."""
        self._children[node] = broker.start_kafka(self._directory(node), self._java)

    def end(self, node: int, number: signal.Signals = signal.SIGTERM) -> None:
        """End one of the brokers; by SIGTERM it hands over what it leads first."""
        child = self._children.pop(node)
        child.send_signal(number)
        try:
            child.wait(broker.STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def wait_whole(self) -> None:
        """Wait until all brokers are there and every replica of every topic is in sync."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_whole(admin):
            assert time.monotonic() < deadline, "the cluster is not whole"
            time.sleep(0.2)

    @staticmethod
    def _is_whole(admin: AdminClient) -> bool:
        try:
            found = admin.list_topics(timeout=2)
        except KafkaException:
            return False
        rows = [row for topic in found.topics.values() for row in topic.partitions.values()]
        return len(found.brokers) == NODES and all(len(row.isrs) == len(row.replicas) for row in rows)

    def stop(self) -> None:
        """End all brokers."""
        for node in list(self._children):
            self.end(node, signal.SIGKILL)

    def _directory(self, node: int) -> Path:
        return self._folder / f"node-{node}"

    def _format(self, node: int) -> None:
        directory = self._directory(node)
        (directory / "tmp").mkdir(parents=True)
        voters = ",".join(f"{at}@{broker.HOST}:{ports[1]}" for at, ports in enumerate(self._ports, 1))
        others = REPLICATED | {"node.id": str(node), "controller.quorum.voters": voters}
        text = broker.server_properties(*self._ports[node - 1], others)
        (directory / "server.properties").write_text(text, encoding="utf-8")
        broker.format_data(directory, self._java, CLUSTER_ID)
