"""The alerts: rules that promtool takes, each tried in both ways, each with a section of the runbook."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.ops import prometheus
from tests.ops.prometheus import MONITORING, alerts, rules
from tests.ops.rendering import ROOT

RUNBOOK = ROOT / "docs" / "runbook.md"
RECORDED = frozenset(rule["record"] for rule in rules() if "record" in rule)


def _promtool(*arguments: str) -> None:
    command = [prometheus.program("promtool"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr


def cases() -> list[dict[str, Any]]:
    """Each question of the unit tests about an alert at a time."""
    loaded = yaml.safe_load((MONITORING / "rules.test.yaml").read_text(encoding="utf-8"))
    return [case for test in loaded["tests"] for case in test["alert_rule_test"]]


def anchor(url: str) -> str:
    return url.partition("#")[2]


def test_rules_are_rules() -> None:
    """Prometheus' own tool takes the rules."""
    _promtool("check", "rules", str(MONITORING / "rules.yaml"))


def test_alerts_fire_and_keep_quiet_as_meant() -> None:
    """Each alert fires in the cases made for it, with the words expected, and in none of the others."""
    _promtool("test", "rules", str(MONITORING / "rules.test.yaml"))


@pytest.mark.parametrize("fires", [True, False], ids=["fires", "quiet"])
def test_every_alert_is_tried_in_both_ways(fires: bool) -> None:
    """There is a case in which an alert fires and one in which it does not, for each; and none for another alert."""
    assert {case["alertname"] for case in cases() if bool(case["exp_alerts"]) is fires} == set(alerts())


def test_names_are_unique() -> None:
    """No two rules have a name in common."""
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_ask_for_what_is_told(rule: dict[str, Any]) -> None:
    """A rule names metrics and labels that a worker has, or Prometheus itself, or another rule records."""
    assert prometheus.unknown(rule["expr"], RECORDED) == []
    assert prometheus.selected(rule["expr"])


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("rate(screener_order_total[5m])", "no metric screener_order_total"),
        ('screener_orders_total{verdict="clear"}', "screener_orders_total has no label verdict"),
        ("sum by (outcomes) (screener_orders_total)", "nothing has a label outcomes"),
        ("screener_build_info unless on (pod) screener_snapshot_info", "nothing has a label pod"),
        ('screener_orders_total{outcome="clear"} > 3 and node_load1 > 4', "no metric node_load1"),
    ],
)
def test_misspelt_queries_are_found(query: str, fault: str) -> None:
    """A metric or a label that nobody tells is found, wherever it stands in a query."""
    assert any(fault in found for found in prometheus.unknown(query))


@pytest.mark.parametrize(("name", "rule"), alerts().items())
def test_alerts_say_what_a_person_needs(name: str, rule: dict[str, Any]) -> None:
    """An alert has a severity, a summary in one line, a description, and the place in the runbook that has its name."""
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    told = rule["annotations"]
    assert told.keys() == {"summary", "description", "runbook_url"}
    assert len(told["summary"]) <= 120
    assert told["summary"].endswith(".")
    assert told["description"].endswith(".")
    assert anchor(told["runbook_url"]) == name.lower()
    if "absent(" not in rule["expr"]:
        assert "{{" in told["summary"] + told["description"]


def test_runbooks_have_one_base() -> None:
    """All alerts lead to one page, so that an installation replaces one text."""
    assert {rule["annotations"]["runbook_url"].partition("#")[0] for rule in alerts().values()} == {
        "https://example.org/screener/docs/runbook.md"
    }


def test_every_alert_has_a_section() -> None:
    """The runbook has a section for each alert, under its name, and none for an alert that is not there."""
    headings = re.findall(r"^#+ (Screener\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(alerts())


def test_records_are_used() -> None:
    """A rule that records serves one that alerts."""
    used = {name for rule in alerts().values() for name, _ in prometheus.selected(rule["expr"])}
    assert used >= RECORDED
