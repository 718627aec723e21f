"""Hosting a Faust app in a process of ours: its cluster, its port, where it may write, and how it ends."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faust

from screener.errors import OperatorError
from screener.runners import logs
from screener.runners.cluster import password, tls_context

if TYPE_CHECKING:
    from screener.settings import Settings


def check_port(settings: Settings) -> None:
    """OperatorError where the port for metrics and health can't be listened on."""
    family = socket.AF_INET6 if ":" in settings.metrics_host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.metrics_host, settings.metrics_port))
        except OSError as error:
            where = f"{settings.metrics_host}:{settings.metrics_port}"
            raise OperatorError(f"can't serve metrics and health on {where}: {error.strerror}") from None


def app_options(settings: Settings, name: str) -> dict[str, Any]:
    """What every app of ours has: the brokers, the web server, and no folder in the current directory."""
    security: dict[str, Any] = {}
    if settings.logs_in:
        security["broker_credentials"] = faust.SASLCredentials(
            username=settings.sasl_username,
            password=password(settings),
            mechanism=settings.sasl_mechanism,
            ssl_context=tls_context(settings) if settings.encrypted else None,
        )
    elif settings.encrypted:
        security["broker_credentials"] = faust.SSLCredentials(tls_context(settings))
    return {
        **security,
        "broker": [f"kafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
        "store": "memory://",
        "datadir": str(Path(tempfile.gettempdir()) / f"faust-{name}"),
        "web_bind": settings.metrics_host,
        "web_port": settings.metrics_port,
        "web_host": settings.metrics_host,
    }


def status_of(app: faust.App, settings: Settings) -> int:
    """Run an app until a signal ends it, or until it can't go on: its exit status."""
    worker = faust.Worker(
        app, loglevel="INFO", quiet=True, redirect_stdouts=False, logging_config=logs.config(settings.log_format)
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
