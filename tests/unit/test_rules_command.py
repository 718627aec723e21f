"""`screener rules`: the rules read and told, and the license terms that were not understood."""

import re
from pathlib import Path

import pytest

from screener import cli

LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"


def test_check_reads_the_rules_and_lists_what_nobody_verified(capsys):
    """The shipped rules have no fault; suspended rows and those that are not verified are told with their reasons."""
    assert cli.main(["rules", "check"]) == 0
    out = capsys.readouterr().out
    assert "read without a fault" in out
    assert "suspended: ADVANCED_COMPUTING_WORLDWIDE" in out
    assert "regimes.toml [bis-affiliates.periods 2026-11-10] 90 FR 50857" in out
    assert "destinations.toml [EMBARGO_IR] the exceptions of 746.7" in out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[EMBARGO_IR]\nover = 7\n", "destinations.toml: [EMBARGO_IR] expected a citation"),
        ("[EMBARGO_IR\n", "expected TOML"),
        (b"\xff\xfe", "expected a readable UTF-8 rules file"),
    ],
)
def test_check_refuses_a_wrong_overlay_in_one_sentence(tmp_path, capsys, content, says):
    """What can't be read or is no row ends with status 2 and names file and row."""
    path = tmp_path / "destinations.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert cli.main(["rules", "check", "--rules", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("overlay", ["", "[names]\nexport_ahead_days_max = 100\nlist_age_days_max = 9\n"])
def test_check_show_and_decisions_name_one_hash_of_the_rules(tmp_path, capsys, overlay):
    """Whoever compares what was checked with what a snapshot or a decision names finds the same hash."""
    (tmp_path / "matching.toml").write_text(overlay, encoding="utf-8")
    path, order = tmp_path / "a.snapshot", tmp_path / "order.json"
    order.write_text('{"order_id":"O-1","parties":[{"name":"Quux"}]}', encoding="utf-8")
    own = ["--rules", str(tmp_path)]
    assert cli.main(["rules", "check", *own]) == 0
    checked = re.search(r"^rules +(sha256:[0-9a-f]{64})", capsys.readouterr().out, re.MULTILINE)
    assert cli.main(["snapshot", "build", "--sample", *own, "--out", str(path)]) == 0
    capsys.readouterr()
    assert cli.main(["snapshot", "show", str(path)]) == 0
    shown = re.search(r"^ *rules +(sha256:[0-9a-f]{64})", capsys.readouterr().out, re.MULTILINE)
    assert cli.main(["explain", str(order), "--snapshot", str(path)]) == 0
    decided = re.search(r"^Rules: (sha256:[0-9a-f]{64})", capsys.readouterr().out, re.MULTILINE)
    assert checked is not None
    assert shown is not None
    assert decided is not None
    assert checked[1] == shown[1] == decided[1]


def test_coverage_counts_and_prints_what_was_not_understood(capsys):
    """Of the entries with license terms those that were understood are counted, and the words of others are printed."""
    assert cli.main(["rules", "coverage", "--lists", str(LISTS / "terms_2026-11-20.csv")]) == 0
    out = capsys.readouterr().out
    assert "6 of 7 entries with license terms are understood (85.71%)" in out
    assert "EL el-whimbrel: 'but on tuesdays.'" in out
