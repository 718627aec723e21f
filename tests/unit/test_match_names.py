"""`screener match NAME` on a small list: it tells what an order of that name would meet, and why the rest is none."""

import json
from functools import cache
from pathlib import Path

import orjson
import pytest

from screener.cli import main
from screener.core import screen
from screener.core.decode import NAME_CHARS_MAX
from screener.lists import nearest
from screener.lists.build import Inputs, build
from screener.model import Terms

LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"
SIMILAR, PRIVATE = LISTS / "similar_2026-11-20.csv", LISTS / "private_2026-11-20.csv"


@cache
def snapshot():
    return build(Inputs(lists=[SIMILAR], private=[PRIVATE])).snapshot


def told(capsys, *arguments):
    """The rows that the command prints as JSON."""
    assert main(["match", *arguments, "--json", "--lists", str(SIMILAR), "--private", str(PRIVATE)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_misspelt_name_is_told_with_score_and_reasons(capsys):
    """The command names entry, alias, score, rule and reasons of a similar name."""
    [row] = told(capsys, "Tarnolux Precison Optics")
    assert (row["list"], row["entry_id"], row["rule"]) == ("EL", "el-tarnolux", "name_similar")
    assert 0.8 < row["score"] < 1.0
    assert "precison ~ precision" in row["reasons"]


def test_the_table_is_the_default(capsys):
    """Without --json the candidates are a table with a line of heads."""
    assert main(["match", "Tarnolux Precison Optics", "--lists", str(SIMILAR)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["score", "list", "entry", "alias", "name", "rule", "why"]
    assert "el-tarnolux" in lines[1]


NEAR_MISSES = {
    "Jhon Smith": ("sdn-smith", "bits of evidence are too little"),
    "Silvr Star": ("el-silver", "a weak alias counts as it is written only"),
    "State Turbine Works of Chile": ("el-turbine-china", "scores less than 0.8"),
    "Dravenko No. 13 Research Institute": ("el-institute-14", "scores less than 0.8"),
    "Polzanka Heron Aviaton Industry Qingdao": ("cmic-heron", "CMIC binds the named party alone"),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_a_near_miss_says_why_it_is_none(name, capsys):
    """What an order would not meet is marked so, with the reason."""
    entry_id, why = NEAR_MISSES[name]
    row = next(row for row in told(capsys, name) if row["entry_id"] == entry_id)
    assert row["rule"] == nearest.NEAR_MISS
    assert why in row["reasons"][0]


def test_a_country_makes_a_hit_of_a_near_miss(capsys):
    """What else is known of the party counts as in an order, in small letters too."""
    [row] = told(capsys, "Jhon Smith", "--country", "gb")
    assert row["rule"] == "name_similar"
    assert "same country" in row["reasons"]


def test_hits_stand_before_near_misses_and_each_are_in_the_order_of_scores(tmp_path, capsys):
    """Hits come first, even those that score less than a near miss, and of both the likeliest."""
    own = tmp_path / "own.csv"
    names = ["Tarnolux Precision Optics", "Tarnolux Optics", "Tarnolux Steel Optics", "Tarnolux Engines", "Tarnolux"]
    own.write_text("name,list\n" + "".join(f"{name},OWN\n" for name in names), encoding="utf-8")
    assert main(["match", "Tarnolux Precison Optics", "--json", "--private", str(own)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    missed = [row["rule"] == nearest.NEAR_MISS for row in rows]
    assert missed == sorted(missed)
    assert missed.count(True) > 1
    assert missed.count(False) > 0
    for kind in (True, False):
        scores = [row["score"] for row, miss in zip(rows, missed, strict=True) if miss == kind]
        assert scores == sorted(scores, reverse=True)


def test_nothing_is_told_of_a_confidential_entry(capsys):
    """Of a confidential entry the score is told, hit or near miss, and no name and no reason."""
    for name in ("Hiden Harbor Foundry", "Harbor Foundry"):
        rows = [row for row in told(capsys, name) if row["list"] == "LETTERS"]
        assert [row.keys() for row in rows] == [{"score", "list", "entry_id", "rule"}]


NAMES = (
    "Tarnolux Precision Optics",
    "Tarnolux Precison Optics",
    "Seabright Bakeries (Marlow Litography Systems)",
    "Silver Star",
    "Youssef Abd al-Karim Albadrani",
    "Щербанов Григорий Дмитриевич",
    "박영필",
    "M/V Glenvora Kestrel",
    "Meadow Lane Bakery",
    "---",
    "Tarnolux" * 20 + " Precison Optics" * 30,
    "я" * NAME_CHARS_MAX,
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:30])
def test_hits_are_those_of_an_order(name):
    """The hits told are those that an order with this party gets, with the same scores."""
    order = {"order_id": "O-1", "parties": [{"name": name}]}
    answer = orjson.loads(screen(orjson.dumps(order), snapshot(), Terms(received_on="2026-11-22")).value)
    expected = sorted((row["entry_id"], row["score"]) for row in answer.get("findings", ()) if "entry_id" in row)
    hits = [row for row in nearest.candidates(snapshot(), name) if row.rule != nearest.NEAR_MISS]
    assert sorted((row.entry.entry_id, row.score) for row in hits) == expected


def test_an_entry_is_a_hit_or_a_near_miss():
    """No entry is told as both, and none as a near miss twice."""
    for name in NAMES:
        rows = nearest.candidates(snapshot(), name)
        missed = [row.entry.entry_id for row in rows if row.rule == nearest.NEAR_MISS]
        assert len(missed) == len(set(missed))
        assert not set(missed) & {row.entry.entry_id for row in rows if row.rule != nearest.NEAR_MISS}


@pytest.mark.parametrize("limit", ["0", "-1", "x", "10001", "²"])
def test_a_limit_is_a_whole_number(limit, capsys):
    """A limit that is none is refused with the usage."""
    with pytest.raises(SystemExit, match="2"):
        main(["match", "x", "--lists", str(SIMILAR), "--limit", limit])
    assert "no whole number" in capsys.readouterr().err


def test_a_name_that_no_order_could_hold_is_refused(capsys):
    """An empty name and one that is too long are one sentence, before lists are read."""
    for name in ("", "a" * (NAME_CHARS_MAX + 1)):
        assert main(["match", name, "--lists", "nowhere"]) == 2
        assert capsys.readouterr().err.startswith("screener: ")
