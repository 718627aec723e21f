"""`screener match`: candidates as a table and as JSON, the likeliest first; nothing of confidential entries."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from screener.core.decode import ADDRESS_CHARS_MAX, NAME_CHARS_MAX
from screener.errors import OperatorError
from screener.model import Alias, ListEntry
from screener.runners.match import Query, match, table
from screener.runners.terminal import width


class Found(NamedTuple):
    entry: ListEntry
    alias: str
    score: float
    rule: str
    reasons: tuple[str, ...]


def entry(number: int, name: str, **fields: Any) -> ListEntry:
    return ListEntry("EL", f"el-{number}", (Alias(name, primary=True),), **fields)


HARBOR = Found(entry(1, "Harbor Lantern Works", countries=("CN",)), "Harbor Lantern", 0.91, "name_inside", ("order",))
WIDE = Found(entry(2, "灯港工厂"), "灯港工厂", 0.975, "name_whole", ("same words", "no country"))
HIDDEN = Found(entry(3, "Secret Works", confidential=True), "Secret", 0.5, "name_whole", ("secret",))


def finder(*found: Found) -> Any:
    def find(snapshot: object, name: str, kind: str, country: str, address: str) -> list[Found]:
        find.asked.append((snapshot, name, kind, country, address))
        return list(found)

    find.asked = []
    return find


def test_what_is_asked_for_is_passed_on(capsys):
    """Snapshot, name, kind, country and address go to the finder in this order."""
    find = finder()
    assert match(Query("Harbor", "organization", "CN", "1 Pier Road"), "snapshot", find) == 0
    assert find.asked == [("snapshot", "Harbor", "organization", "CN", "1 Pier Road")]
    assert capsys.readouterr().out == "No candidate for Harbor.\n"


def test_the_table_is_aligned_and_begins_with_the_likeliest(capsys):
    """Columns begin at the same place in every line, wide letters counted as two; the order is the finder's."""
    match(Query("Harbor"), "snapshot", finder(WIDE, HARBOR))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("0.9750  EL    el-2   灯港工厂 ")
    assert lines[2].startswith("0.9100  EL    el-1   Harbor Lantern ")
    assert lines[1].endswith("same words; no country")
    places = {width(line[: line.index(word)]) for line, word in zip(lines, ("rule", "name_w", "name_i"), strict=True)}
    assert len(places) == 1


def test_json_is_one_object_a_line(capsys):
    """Each candidate is an object with score, list, id, names, rule, reasons, kind and countries."""
    match(Query("Harbor"), "snapshot", finder(WIDE, HARBOR), as_json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["score"] for row in rows] == [0.975, 0.91]
    assert rows[1] == {
        "score": 0.91,
        "list": "EL",
        "entry_id": "el-1",
        "rule": "name_inside",
        "entry_name": "Harbor Lantern Works",
        "alias": "Harbor Lantern",
        "reasons": ["order"],
        "kind": "",
        "countries": ["CN"],
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_confidential_entries_tell_no_text(as_json, capsys):
    """Of a confidential entry list, id, rule and score are told; its names and reasons are not."""
    match(Query("Secret"), "snapshot", finder(HIDDEN), as_json=as_json)
    output = capsys.readouterr().out
    assert "el-3" in output
    assert "ecret" not in output


def test_so_many_are_shown_as_are_asked_for(capsys):
    """Beyond the limit the table says how many there are more, and JSON ends."""
    match(Query("Harbor"), "snapshot", finder(HARBOR, WIDE), limit=1)
    assert capsys.readouterr().out.splitlines()[-1] == "1 more: give a higher --limit."
    match(Query("Harbor"), "snapshot", finder(HARBOR, WIDE), limit=1, as_json=True)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_names_can_not_forge_a_line():
    """Line breaks and escapes of a list's or a person's text are shown as escapes."""
    forged = Found(entry(4, "A\nB"), "A\x1b[2K", 0.9, "name_whole", ("x\ny",))
    lines = table([forged], 200)
    assert len(lines) == 2
    assert lines[1].isprintable()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (Query(""), "expected a name to look for"),
        (Query(" \t"), "expected a name to look for"),
        (Query("a" * (NAME_CHARS_MAX + 1)), "expected at most"),
        (Query("a", address="b" * (ADDRESS_CHARS_MAX + 1)), "expected at most"),
        (Query("a\udcff"), "expected the name in UTF-8"),
    ],
)
def test_what_no_order_could_hold_is_refused(query, says):
    """An empty or endless name, and one that is no UTF-8, are refused in one sentence."""
    with pytest.raises(OperatorError, match=says):
        match(query, "snapshot", finder())


def test_the_longest_name_is_taken(capsys):
    """A name of as many characters as an order's may have is looked for."""
    find = finder()
    match(Query("a" * NAME_CHARS_MAX, address="b" * ADDRESS_CHARS_MAX), "snapshot", find)
    assert len(find.asked) == 1
    assert capsys.readouterr().out.startswith("No candidate")
