"""Processes that are started on this machine: where they may listen, what they see of the environment, how they end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess


def free_port() -> int:
    """A port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unset() -> dict[str, str]:
    """The environment without settings of screener: a process has those that it is given."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SCREENER_")}


def end_child(child: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
    """End a process that was started here: SIGTERM, then SIGKILL after so many seconds."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
