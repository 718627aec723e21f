"""A real Prometheus that scrapes one worker and loads the alerts, promtool, and what a query names.

Both programs come from Debian's package `prometheus`; where they are missing, a test that asks for them is skipped.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import pytest
import yaml

from screener.runners.children import end_child, free_port
from screener.runners.metrics import Metrics
from tests.ops.rendering import K8S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONITORING = K8S / "monitoring"
JOB = "screener"
READY_SECONDS = 90.0
CALL_SECONDS = 60.0

OF_PROMETHEUS = {"up": {"job", "instance"}}
"""What it says of each target itself."""
OF_A_SCRAPE = {"job", "instance", "namespace"}
"""Labels that every series gets when it is scraped; `namespace` on Kubernetes."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"(?<![\w:$])([a-zA-Z_:][\w:]*)(?![\w:]|\s*\()\s*(\{[^}]*\})?")
_GROUPING = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)")
_WORDS = {"and", "or", "unless", "by", "on", "ignoring", "without", "group_left", "group_right", "offset", "bool"}


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`; the test that asks is skipped where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: Debian has it in the package prometheus")
    return found


def rules() -> list[dict[str, Any]]:
    """The rules of all groups, alerts and records."""
    loaded = yaml.safe_load((MONITORING / "rules.yaml").read_text(encoding="utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Name -> alert."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


# --- what a query names ----------------------------------------------------------------------------------------------


def selected(query: str) -> list[tuple[str, set[str]]]:
    """Each metric that a query names, with the labels by which it selects."""
    bare = re.sub(r"\[[^\]]*\]", "", _GROUPING.sub("", _QUOTED.sub('""', query)))
    return [
        (name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen or "")))
        for name, chosen in _NAME.findall(bare)
        if name not in _WORDS and not re.fullmatch(r"(?i)inf|nan|\d\w*|[smhdwy]", name)
    ]


def grouped(query: str) -> set[str]:
    """The labels that a query groups or matches by."""
    return {label.strip() for row in _GROUPING.findall(_QUOTED.sub('""', query)) for label in row.split(",")} - {""}


@cache
def exposed() -> dict[str, set[str]]:
    """Series of a worker -> the labels that it has, asked of the code."""
    found: dict[str, set[str]] = {}
    registry = Metrics().registry
    for family in registry.collect():
        source = registry._names_to_collectors.get(family.name)
        labels = set(getattr(source, "_labelnames", ()))
        names = {sample.name for sample in family.samples}
        if family.type == "counter":
            names |= {f"{family.name}_total", f"{family.name}_created"}
        elif family.type == "gauge":
            names.add(family.name)
        for name in names:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set()) | OF_A_SCRAPE
    return found


def unknown(query: str, recorded: frozenset[str] = frozenset()) -> list[str]:
    """Metrics and labels of a query that nobody tells, as phrases."""
    known = exposed() | OF_PROMETHEUS | dict.fromkeys(recorded, OF_A_SCRAPE)
    found = []
    labels: set[str] = set(re.findall(r'label_replace\([^"]*, "(\w+)"', query)) | OF_A_SCRAPE
    for name, chosen in selected(query):
        if name not in known:
            found.append(f"there is no metric {name}")
            continue
        labels |= known[name]
        found += [f"{name} has no label {label}" for label in sorted(chosen - known[name] - OF_A_SCRAPE)]
    return found + [f"nothing has a label {label}" for label in sorted(grouped(query) - labels)]


# --- the server ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prometheus:
    """One that runs, asked through its HTTP API."""

    port: int

    def api(self, path: str, **parameters: str | float) -> Any:
        """The `data` of an answer; AssertionError where it is no success."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=CALL_SECONDS) as answer:
                found = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None
        assert found["status"] == "success", found
        return found["data"]

    def at(self, query: str, moment: float) -> list[float]:
        """The values of an instant query."""
        rows = self.api("query", query=query, time=moment)["result"]
        return [float(row["value"][1]) for row in rows]

    def between(self, query: str, begin: float, end: float, step: float = 1.0) -> list[float]:
        """All values of a range query that are numbers."""
        rows = self.api("query_range", query=query, start=begin, end=end, step=step)["result"]
        values = [float(value) for row in rows for _, value in row["values"]]
        return [value for value in values if not math.isnan(value)]


@contextlib.contextmanager
def scraping(folder: Path, target: int) -> Iterator[Prometheus]:
    """A Prometheus that scrapes a port of the loopback each second, with the rules; ended whatever happens."""
    path = program("prometheus")
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(MONITORING / "rules.yaml")],
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    made = Prometheus(free_port())
    command = [
        *(path, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"),
        f"--web.listen-address=127.0.0.1:{made.port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        _wait_ready(made, child, folder / "prometheus.log")
        yield made
    finally:
        end_child(child, CALL_SECONDS)


def _wait_ready(made: Prometheus, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{made.port}/-/ready", timeout=2):
                return
        except (URLError, OSError):
            assert child.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
            time.sleep(0.1)
