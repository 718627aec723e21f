"""The runbook: what it tells people to type can be typed, and what it names is there."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from screener import cli
from tests.ops import prometheus
from tests.ops.rendering import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PATH = ROOT / "docs" / "runbook.md"
TEXT = PATH.read_text(encoding="utf-8")
RECORDED = frozenset(rule["record"] for rule in prometheus.rules() if "record" in rule)


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Each command line that begins with `screener`: of blocks, and inside sentences."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    lines += [" ".join(text.split()) for text in re.findall(r"`(screener [a-z][^`:]*)`", prose)]
    return sorted({line for line in lines if line.startswith("screener ")})


def queries() -> list[str]:
    """Each query: of blocks, and of the table of what is normal."""
    table = [row.split(" | ")[1].strip("`").replace("\\|", "|") for row in TEXT.splitlines() if row.count("| `") == 1]
    return [block.strip() for block in blocks("promql")] + [cell for cell in table if "screener" in cell]


def anchors(path: Path) -> set[str]:
    """The places of a page that a link may name, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("line", commands())
def test_commands_are_commands(line: str) -> None:
    """The program takes each command line with all its options; a command named alone is one that there is."""
    words = shlex.split(line.partition(" > ")[0].replace(" …", "").replace(" --partitions N", " --partitions 9"))[1:]
    named = len(words) <= 2 and not any(word.startswith("-") or "." in word for word in words)
    try:
        cli._parser().parse_args(words)
    except SystemExit:
        if not named:
            raise
        with pytest.raises(SystemExit) as end:
            cli._parser().parse_args([*words, "--help"])
        assert end.value.code == 0


def test_there_are_commands_and_queries() -> None:
    """The tests beside this one look at something."""
    assert len(commands()) > 20
    assert len(queries()) > 20


@pytest.mark.parametrize("query", queries())
def test_queries_ask_for_what_is_told(query: str) -> None:
    """A query names metrics and labels that there are."""
    assert prometheus.unknown(query, RECORDED) == []


def test_queries_are_queries(tmp_path: Path) -> None:
    """Prometheus' own tool takes each query."""
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries())]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "runbook", "rules": rules}]}), encoding="utf-8")
    command = [prometheus.program("promtool"), "check", "rules", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_scraping_is_set_up_as_prometheus_takes_it(tmp_path: Path) -> None:
    """The configuration of Prometheus is one, with the job's name that the alerts expect."""
    (block,) = blocks("yaml")
    (job,) = yaml.safe_load(block)["scrape_configs"]
    assert job["job_name"] == prometheus.JOB
    (tmp_path / "prometheus.yml").write_text(block, encoding="utf-8")
    (tmp_path / "rules.yaml").write_bytes((prometheus.MONITORING / "rules.yaml").read_bytes())
    command = [prometheus.program("promtool"), "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_is_one() -> None:
    """A metric that the text names is one that a worker tells."""
    named = set(re.findall(r"\bscreener_[a-z_]+", re.sub(r"job:\w+:\w+", "", TEXT)))
    assert named <= prometheus.exposed().keys()


def test_every_alert_says_what_to_do() -> None:
    """The section of an alert says what it means, its severity, and what to do, or leads to where that is."""
    for name, rule in prometheus.alerts().items():
        section = re.split(r"^#+ ", TEXT.partition(f"### {name}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
        assert section.lstrip().startswith("**Means**"), name
        assert re.search(rf"\b{rule['labels']['severity'].capitalize()}\.", section), name
        assert re.search(r"\*\*(Do|do)\b|\[What to do\]", section), name


def test_links_lead_somewhere() -> None:
    """Each link leads to a file, and to a place in it where it names one."""
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        name, _, place = target.partition("#")
        path = (PATH.parent / name).resolve() if name else PATH
        assert path.exists(), target
        assert not place or place in anchors(path), target


def test_alerts_named_in_the_text_are_alerts() -> None:
    """A sentence that leads to an alert leads to one that there is."""
    assert set(re.findall(r"\bScreener[A-Z]\w+", TEXT)) <= prometheus.alerts().keys()
