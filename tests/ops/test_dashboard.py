"""The dashboard: every query of every panel is asked of a real Prometheus that scraped a real worker under load.

Grafana was not at hand: its variables are put in by this file as Grafana does, and that it draws the panels is not
tested. Where Prometheus is missing the test with it is skipped; the rest looks at the file alone.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from screener.lists import build, snapshot
from screener.runners.announcements import announce
from screener.settings import FleetSettings
from tests.integration.kafka import CLEAN, LISTED, Worker, order, publish, running
from tests.ops import prometheus
from tests.ops.prometheus import JOB, MONITORING, OF_A_SCRAPE, Prometheus, scraping
from tests.ops.rendering import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
LOAD_SECONDS = 20.0
LOOK_SECONDS = 60.0
"""The worker looks every ten seconds whether readers of decisions get on."""
RATE_INTERVAL = "4s"
"""Four times the scrape interval, as Grafana makes it."""
UNITS = {"ops", "percentunit", "s", "short"}


class Scraped(NamedTuple):
    """A Prometheus, and between which times the worker that it scraped was under load."""

    prometheus: Prometheus
    begin: float
    end: float


def filled(text: str) -> str:
    """A query with its variables put in, as Grafana does where all is chosen."""
    found = text.replace("$__rate_interval", RATE_INTERVAL)
    for variable in DASHBOARD["templating"]["list"]:
        found = found.replace(f"${variable['name']}", variable.get("allValue", ""))
    assert "$" not in found
    return found


def targets() -> list[tuple[str, dict[str, Any]]]:
    """Each query, with the title of its panel."""
    return [(panel["title"], target) for panel in PANELS for target in panel["targets"]]


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panels_say_what_they_are_for(panel: dict[str, Any]) -> None:
    """A panel has a title, what to do, a unit, a source that is chosen above, and a name for each series."""
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert len(panel["description"]) > 40
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    if panel["type"] == "timeseries":
        assert panel["options"]["legend"]["showLegend"]
    for target in panel["targets"]:
        assert target["legendFormat"]
        assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert target.get("instant", False) is (panel["type"] == "stat")
        labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert labels <= prometheus.grouped(target["expr"])


def test_dashboard_is_one_of_its_own() -> None:
    """The dashboard has a fixed uid and no id; its panels have ids of their own and do not lie on each other."""
    assert (DASHBOARD["uid"], DASHBOARD["title"], DASHBOARD["schemaVersion"]) == ("screener", "screener", 39)
    assert "id" not in DASHBOARD
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x, y in itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)


@pytest.mark.parametrize(("title", "target"), targets(), ids=lambda value: value if isinstance(value, str) else "")
def test_panels_ask_for_what_is_told(title: str, target: dict[str, Any]) -> None:
    """A query names metrics and labels that a worker or Prometheus has, and keeps to the chosen installation."""
    assert prometheus.unknown(target["expr"]) == [], title
    for name, labels in prometheus.selected(target["expr"]):
        assert {"job", "namespace"} <= labels, name


def test_every_metric_is_drawn() -> None:
    """No metric of a worker is without a panel."""
    drawn = {name for _, target in targets() for name, _ in prometheus.selected(target["expr"])}
    told = {name for name in prometheus.exposed() if not name.endswith(("_created", "_sum", "_count", "_bucket"))}
    told |= {name for name in prometheus.exposed() if name.endswith("_bucket")}
    assert told - drawn == set()


def test_descriptions_name_alerts_that_there_are() -> None:
    """An alert that a panel leads to is one of the rules."""
    named = {name for panel in PANELS for name in re.findall(r"\bScreener\w+", panel["description"])}
    assert named <= prometheus.alerts().keys()
    assert len(named) > 10


# --- with a real Prometheus ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples() -> list[bytes]:
    """The example orders of the topics, which are of every outcome."""
    folder = ROOT / "topics" / "examples"
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in {".json", ".bin"}]


def _another_snapshot(folder: Path) -> Path:
    """The sample with a private list beside it."""
    denied = folder / "deny.csv"
    denied.write_text("name,list\nMaple Ridge Pumps Ltd.,DENY\n", encoding="utf-8")
    path = folder / "second.snapshot"
    snapshot.save(build.build(build.Inputs(sample=True, private=[denied])).content, path)
    return path


def _load(broker: str, topic: str, examples: list[bytes], seconds: float, number: Iterator[int]) -> None:
    """Publish orders of every outcome for some time, a few hundred a second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        mixed: list[tuple[bytes | None, bytes | None]] = [
            order(f"O-{next(number)}", LISTED if next(number) % 10 == 0 else CLEAN) for _ in range(60)
        ]
        mixed += [(None, value) for value in examples]
        publish(broker, topic, mixed)
        time.sleep(0.25)


@pytest.fixture
def scraped(broker: str, prefix: str, sample_file: Path, examples: list[bytes], tmp_path: Path) -> Iterator[Scraped]:
    """A worker that answered orders, took two snapshots and refused one, and the Prometheus that scraped it."""
    prometheus.program("prometheus")
    announcements, number = f"{prefix}screener.snapshots", itertools.count()
    announce(FleetSettings(broker, sample=True), announcements, sample_file)
    second = _another_snapshot(tmp_path)
    with ExitStack() as stack:
        worker = stack.enter_context(running(Worker(broker, prefix, tmp_path / "worker.log", ["--sample"])))
        server = stack.enter_context(scraping(tmp_path, worker.port))
        begin = time.time()
        _load(broker, f"{prefix}orders", examples, LOAD_SECONDS / 3, number)
        announce(FleetSettings(broker, sample=True), announcements, second)
        _load(broker, f"{prefix}orders", examples, LOAD_SECONDS / 3, number)
        publish(broker, announcements, [(b"latest", b"no announcement")])
        _load(broker, f"{prefix}orders", examples, LOAD_SECONDS / 3, number)
        _wait_told(worker, begin)
        yield Scraped(server, begin, time.time())


def _wait_told(worker: Worker, begin: float) -> None:
    """Wait until the worker has counted what is drawn, and a scrape has seen it."""
    deadline = begin + LOAD_SECONDS + LOOK_SECONDS
    while time.time() < deadline:
        page = worker.get("/metrics")[1]
        if "screener_output_stalled_seconds{" in page and "screener_snapshots_refused_total 1.0" in page:
            break
        time.sleep(0.5)
    time.sleep(2.0)


def test_everything_has_something_to_show(scraped: Scraped) -> None:
    """Every query returns data, the counts are what happened, and every rule of the alerts is evaluated."""
    empty = [(title, target["expr"]) for title, target in targets() if not _shown(scraped, target)]
    assert empty == []
    assert _newest(scraped, "screener_snapshots_refused_total") == [1.0]
    assert len(scraped.prometheus.between("screener_snapshot_info", scraped.begin, scraped.end)) > 0
    outcomes = scraped.prometheus.api("query", query="screener_orders_total > 0", time=scraped.end)["result"]
    assert {row["metric"]["outcome"] for row in outcomes} == {"clear", "review", "block", "quarantine"}
    _look_at_variables(scraped)
    _look_at_rules(scraped)


def _shown(scraped: Scraped, target: dict[str, Any]) -> list[float]:
    query = filled(target["expr"])
    if target.get("instant"):
        return scraped.prometheus.at(query, scraped.end)
    return scraped.prometheus.between(query, scraped.begin, scraped.end)


def _newest(scraped: Scraped, query: str) -> list[float]:
    return scraped.prometheus.at(query, scraped.end)


def _look_at_variables(scraped: Scraped) -> None:
    """The choices above the panels are what was scraped; without Kubernetes there is no namespace to choose."""
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] != "query":
            continue
        asked = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
        assert asked
        matched, label = filled(asked[1]), asked[2]
        assert label in OF_A_SCRAPE
        values = scraped.prometheus.api(f"label/{label}/values", **{"match[]": matched})
        assert values == ([JOB] if label == "job" else []), label


def _look_at_rules(scraped: Scraped) -> None:
    """Each rule was evaluated without a fault, and the one for a refused snapshot fires at once."""
    groups = scraped.prometheus.api("rules")["groups"]
    found = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert found.keys() == {rule.get("alert") or rule["record"] for rule in prometheus.rules()}
    assert {name: rule.get("lastError") for name, rule in found.items() if rule["health"] != "ok"} == {}
    firing = {name for name, rule in found.items() if rule.get("state") == "firing"}
    assert "ScreenerSnapshotRefused" in firing
    assert not firing & {"ScreenerNoWorker", "ScreenerNothingCleared", "ScreenerBacklog", "ScreenerListMissing"}
