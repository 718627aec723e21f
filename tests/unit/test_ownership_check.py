"""`screener ownership check`: counts of shares, sources, problems, listed owners and companies reached."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest

from screener import cli

if TYPE_CHECKING:
    from pathlib import Path

LISTED = """name,list,aliases,confidential
Quuxa Works,EL,Quuxa Casting,no
Quuxb Works,MEU,,no
Quuxc Works,EL,,yes
Quuxd Works,DENY,,no
"""
HOLDINGS = """owner,owned,share,source,kind,class,effective_from,effective_to
Quuxa Works,Vole One,50,register,,,,
Quuxa Casting,Vole Two,,register,,,,
Quuxa Works,Vole Three,,press,,,,
Quuxc Works,Vole Four,,press,,,,
Quuxb Works,Vole Five,25-50,,,,,
Quuxb Works,Vole Five,80,,votes,,,
Stoat A,Stoat Whole,70,register,,,,
Stoat B,STOAT WHOLE,30.000000001,register,,,,
Stoat A,Stoat Sold,70,register,,,,2026-01-01
Stoat B,Stoat Sold,70,register,,,2026-01-01,
Stoat A,Stoat Twice,60,register,,,,
Stoat A,Stoat Twice,60,press,,,,
Stoat A,Stoat Classes,60,register,,A,,
Stoat A,Stoat Classes,60,register,,B,,
Stoat N,Stoat Nominee,60,register,nominee,,,
Stoat A,Stoat Nominee,60,register,beneficial,,,
Quuxa Works,Vole Bad,some,register,,,,
Quuxa Works,Vole Bad,"about 49",register,,,,
Quuxa Works,Quuxa works,10,register,,,,
,Vole Gap,60,register,,,,
"""


def run(*arguments: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.main(["ownership", "check", *map(str, arguments)])
    return status, out.getvalue(), err.getvalue()


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """A private list and a file of holdings."""
    private, holdings = tmp_path / "private.csv", tmp_path / "holdings.csv"
    private.write_text(LISTED, encoding="utf-8")
    holdings.write_text(HOLDINGS, encoding="utf-8")
    return private, holdings


@pytest.fixture
def found(paths: tuple[Path, Path]) -> dict[str, Any]:
    """All counts of the two files."""
    status, out, _ = run("--private", paths[0], "--ownership", paths[1], "--json")
    assert status == 0
    counts: dict[str, Any] = json.loads(out)
    return counts


def test_shares_kinds_and_sources_are_counted(found):
    """Exact shares, bands and unknown ones, kinds and sources add up to all edges."""
    assert found["edges"] == 18
    assert found["shares"] == {"exact": 12, "band": 1, "unknown": 5}
    assert found["kinds"] == {"beneficial": 1, "equity": 15, "nominee": 1, "votes": 1}
    assert found["sources"] == [
        {"source": "register", "edges": 13},
        {"source": "press", "edges": 3},
        {"source": "(none)", "edges": 2},
    ]


def test_nodes_are_companies_and_not_names(found):
    """Aliases of a listed party and spellings of a name are one company."""
    voles, stoats, listed = 6, 5 + 3, 3
    assert found["nodes"] == voles + stoats + listed


def test_problems_are_counted_by_what_was_expected(found):
    """Problems are told by kind, the most frequent first, each with its first rows."""
    assert [row["rows"] for row in found["problems"]] == [2, 1, 1, 1]
    assert found["problems"][0]["problem"].startswith("expected a share as a percent")
    assert found["problems"][0]["first"][0].endswith("found 'some'; the share is not known")
    assert found["files"][0]["problems"] == 5


def test_rows_left_out_are_counted_by_reason(found, paths):
    """What is left out of a file is counted by reason, in the tables too."""
    assert (found["files"][0]["rows"], found["files"][0]["left_out"]) == (
        20,
        {"without an owner or an owned company": 1},
    )
    assert found["build_stops"] == []
    _, out, _ = run("--private", paths[0], "--ownership", paths[1])
    assert "without an owner or an owned company" in out


def test_file_that_stops_a_build_is_counted_all_the_same(tmp_path):
    """Why a build would stop is told, with lists and without, and nothing is refused."""
    holdings, private = tmp_path / "o.csv", tmp_path / "p.csv"
    holdings.write_text("owner,owned,share\n" + "".join(f"A{at},B{at},0.5\n" for at in range(30)), encoding="utf-8")
    private.write_text(LISTED, encoding="utf-8")
    for arguments in ((), ("--private", private)):
        status, out, _ = run("--ownership", holdings, "--json", *arguments)
        (says,) = json.loads(out)["build_stops"]
        assert status == 0
        assert "--shares fraction" in says
        assert (
            json.loads(run("--ownership", holdings, "--json", "--shares", "fraction", *arguments)[1])["build_stops"]
            == []
        )
    assert "A build stops: " in run("--ownership", holdings)[1]


def test_more_than_the_whole_is_held_only_of_whom_it_is(found):
    """Shares add up by company and day: a sale, a second source and a nominee are no more than the whole."""
    assert found["above_whole"] == [
        {"company": "Stoat Classes", "held": "120"},
        {"company": "Stoat Whole", "held": "100.000000001"},
    ]


def test_listed_owners_and_their_unknown_holdings_are_told(found):
    """Listed owners are counted by list; those with holdings of unknown size stand first, confidential ones by id."""
    assert found["listed_owners"] == [{"list": "EL", "entries": 2}, {"list": "MEU", "entries": 1}]
    first, second = found["unknown_of_listed"]
    assert (first["owner"], first["holdings"]) == ("Quuxa Works", 4)
    assert second["holdings"] == 1
    assert second["entries"] == [f"EL {second['owner']}"]
    assert "Quuxc" not in json.dumps(found)


def test_companies_are_counted_by_regime(found):
    """Each regime says how many companies it captures, may capture, and reaches otherwise."""
    rows = {row["regime"]: row for row in found["regimes"]}
    told = {name: rows["bis-affiliates"][name] for name in ("captured", "possible", "minority", "control")}
    assert told == {"captured": 1, "possible": 5, "minority": 0, "control": 1}
    assert rows["ofac-50"]["captured"] == 0
    assert rows["listed-owner"]["captures"] is False


def test_tables_say_what_json_says(paths):
    """The tables hold the same counts, in columns, and no name of a confidential entry."""
    status, out, err = run("--private", paths[0], "--ownership", paths[1])
    assert (status, err.count("Traceback")) == (0, 0)
    assert "18 holdings between 17 companies and persons" in out
    assert "shares: 12 exact, 1 band, 5 unknown" in out
    assert "Stoat Whole" in out
    assert "Quuxc" not in out


def test_without_lists_the_files_alone_are_counted(paths):
    """Lists are not needed for what the files say of themselves, and their absence is told."""
    status, out, _ = run("--ownership", paths[1])
    assert status == 0
    assert "No lists were named" in out


@pytest.mark.parametrize(
    ("arguments", "says"), [([], "no ownership was named"), (["--ownership", "missing.csv"], "found nothing there")]
)
def test_what_can_not_be_read_is_one_sentence(arguments, says):
    """Without ownership, and for a file that is not there, the status is 2."""
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert says in err
