"""`screener rules`: the rules read and told, and the license terms that were not understood."""

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


def test_coverage_counts_and_prints_what_was_not_understood(capsys):
    """Of the entries with license terms those that were understood are counted, and the words of others are printed."""
    assert cli.main(["rules", "coverage", "--lists", str(LISTS / "terms_2026-11-20.csv")]) == 0
    out = capsys.readouterr().out
    assert "6 of 7 entries with license terms are understood (85.71%)" in out
    assert "EL el-whimbrel: 'but on tuesdays.'" in out
