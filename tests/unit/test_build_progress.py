"""A long build shows its phase, rows, time and memory on a terminal, and one line about them elsewhere."""

from __future__ import annotations

import io
from itertools import count
from typing import TYPE_CHECKING

import pytest

from screener import cli
from screener.runners.build_progress import MEBIBYTE, BuildProgress, resident_bytes

if TYPE_CHECKING:
    from pathlib import Path


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def work(stream: io.StringIO) -> str:
    """Three phases on a clock that goes on by two seconds whenever it is asked, and memory that grows."""
    seconds, memory = count(0.0, 2.0), count(100 * MEBIBYTE, 50 * MEBIBYTE)
    with BuildProgress("built", stream, lambda: next(seconds), lambda: next(memory)) as progress:
        progress.begin("reading lists")
        progress.add_rows(1_200_000)
        progress.add_rows(34_567)
        progress.begin("following\x1b[2K holdings")
        progress.begin("writing the snapshot")
    return stream.getvalue()


def test_terminal_has_a_line_for_each_phase() -> None:
    """Each phase has one line that is written over: its name, its rows, its time and the memory."""
    written = work(Terminal())
    lines = [line.rpartition("\r")[2] for line in written.split("\n")]
    assert [line[:34].rstrip() for line in lines] == [
        "reading lists",
        "following\\x1b[2K holdings",
        "writing the snapshot",
        "",
    ]
    assert "1,234,567 rows" in lines[0]
    assert all(" s " in line and line.endswith(" MiB") and len(line) <= 80 for line in lines[:3])
    assert "\x1b" not in written
    assert "screener:" not in written


def test_pipe_has_one_line_at_the_end() -> None:
    """Without a terminal one line says how long it took, how much memory, and which phases read what."""
    written = work(io.StringIO())
    assert written.count("\n") == 1
    assert written.startswith("screener: built in ")
    assert "reading lists 2.0 s (1,234,567 rows)" in written
    assert "MiB in memory" in written


def test_build_that_fails_says_no_summary() -> None:
    """The sentence about what failed stands alone."""
    stream = io.StringIO()
    with pytest.raises(ValueError, match="no"), BuildProgress("built", stream):
        raise ValueError("no")
    assert stream.getvalue() == ""


def test_memory_of_this_process_is_known() -> None:
    """The system says how much memory a process has."""
    assert resident_bytes() > 10 * MEBIBYTE


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """A private list, and 300 holdings of which ten have no owner."""
    private, holdings = tmp_path / "private.csv", tmp_path / "holdings.csv"
    private.write_text("name,list\nQuuxa Works,EL\n", encoding="utf-8")
    rows = [f"{'' if at < 10 else 'Quuxa Works'},Vole {at},60" for at in range(300)]
    holdings.write_text("\n".join(["owner,owned,share", *rows]) + "\n", encoding="utf-8")
    return private, holdings


def test_build_and_check_say_what_took_how_long(paths, tmp_path, capsys) -> None:
    """Both commands end with a summary on standard error; what they print stays as it is."""
    inputs = ["--private", str(paths[0]), "--ownership", str(paths[1]), "--accept-left-out"]
    assert cli.main(["snapshot", "build", *inputs, "--out", str(tmp_path / "a.snapshot")]) == 0
    built = capsys.readouterr()
    assert "screener: built in " in built.err
    assert "reading holdings.csv" in built.err
    assert "(300 rows)" in built.err
    assert built.out.startswith("sha256:")
    assert cli.main(["ownership", "check", *inputs]) == 0
    checked = capsys.readouterr()
    assert "screener: checked in " in checked.err
    assert "MiB" not in checked.out


@pytest.mark.parametrize("command", ["build", "screen", "check"])
def test_rows_left_out_stop_what_is_built(paths, tmp_path, capsys, command) -> None:
    """Commands that answer from the file stop with one sentence; the check tells it and goes on."""
    inputs = ["--private", str(paths[0]), "--ownership", str(paths[1])]
    order = tmp_path / "orders.ndjson"
    order.write_text(
        '{"order_id":"O-1","export_date":"2026-12-01","parties":[{"name":"Vole 299"}]}\n', encoding="utf-8"
    )
    arguments = {
        "build": ["snapshot", "build", *inputs, "--out", str(tmp_path / "a.snapshot")],
        "screen": ["screen", str(order), *inputs],
        "check": ["ownership", "check", *inputs],
    }[command]
    status = cli.main(arguments)
    said = capsys.readouterr()
    if command == "check":
        assert status == 0
        assert "A build stops: " in said.out
        return
    assert (status, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert "10 of 300 rows are left out: 10 without an owner or an owned company" in said.err
    assert "--accept-left-out" in said.err


def test_snapshot_file_needs_no_options_of_ownership(tmp_path, capsys) -> None:
    """With --snapshot options about ownership files would do nothing, and are refused."""
    for options in (["--shares", "percent"], ["--accept-left-out"], ["--max-ownership-rows", "7"]):
        assert cli.main(["match", "Quux", "--snapshot", str(tmp_path / "a.snapshot"), *options]) == 2
        assert "give it alone" in capsys.readouterr().err


@pytest.mark.parametrize("written", ["0", "-1", "many", "1e6", "9" * 5_000, "1000000000", "٣"])
def test_number_of_rows_is_a_plausible_number(written, capsys) -> None:
    """What is no number of rows is refused in the usage."""
    with pytest.raises(SystemExit):
        cli.main(["ownership", "check", "--sample", "--max-ownership-rows", written])
    assert "no whole number from 1 to" in capsys.readouterr().err
