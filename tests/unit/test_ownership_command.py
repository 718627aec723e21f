"""`screener ownership explain`: the tree of owners as lines, picture and JSON; what is not known; what is refused."""

from __future__ import annotations

import io
import json
import re
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from screener import cli
from screener.core.decode import NAME_CHARS_MAX
from screener.lists import patterns, rules
from screener.lists.affiliates import as_entries
from screener.lists.build import Inputs, build
from screener.lists.held import WholeNames
from screener.lists.ownership import affiliations
from screener.model import Alias, ListEntry
from screener.owners import OwnershipEdge
from screener.runners import ownership_tree
from screener.runners.ownership import as_object, ask
from screener.runners.ownership_svg import svg, width_of, wrap
from screener.runners.ownership_text import NOT_KNOWN, lines
from screener.runners.ownership_tree import CAPTURED, Directory, tree

CASES = Path(__file__).parents[1] / "cases" / "ownership"
ALL = [case for path in sorted(CASES.glob("*.toml")) for case in tomllib.loads(path.read_text("utf-8"))["case"]]
OPTIONS = {
    "kind": "kind",
    "class": "share_class",
    "source": "source",
    "joint": "joint",
    "from": "effective_from",
    "to": "effective_to",
}
TABLES = rules.read_tables()
RULES = rules.parse(TABLES)
FOLD = patterns.folder(TABLES)
SAMPLE = build(Inputs(sample=True)).snapshot
BIS = "BIS Affiliates Rule (50 percent): "


def full(letter: str) -> str:
    """A name that nothing else folds to."""
    return f"Company Quux{letter}"


def listed(code: str, letter: str, *aliases: Alias, **fields: Any) -> ListEntry:
    code, _, program = code.partition(" ")
    names = (Alias(full(letter), primary=True), *aliases)
    return ListEntry(code, f"id-{letter}", names, programs=(program,) if program else (), **fields)


def holding(written: str, us: str = "") -> OwnershipEdge:
    """A holding such as `X 25-50 A kind=votes`."""
    owner, share, owned, *options = written.split()
    low, _, high = share.partition("-")
    ends = (None, None) if share == "?" else (Decimal(low), Decimal(high or low))
    countries = ["US" if name in us else "" for name in (owner, owned)]
    given = {OPTIONS[name]: value for name, value in (option.split("=") for option in options)}
    return OwnershipEdge(full(owner), full(owned), *ends, *countries, **{"source": "register"} | given)


NOT_SHOWN_BY_THE_SUM = {"15c", "18b", "25b", "28c", "28d", "28e"}
"""Cases that rest on what a path does not tell: share classes, who else owns, nominees, joint holdings."""


def held(entries: list[ListEntry], *holdings: str, us: str = "", edges: list[OwnershipEdge] | None = None) -> Any:
    """A snapshot of these entries and holdings."""
    graph = edges or [holding(written, us) for written in holdings]
    owned = affiliations(graph, entries, RULES.regimes, FOLD)
    every = [*entries, *as_entries(owned.companies, TABLES, FOLD)]
    compiled = patterns.compile_patterns(every, TABLES, RULES, FOLD)
    return replace(
        SAMPLE,
        entries=tuple(every),
        listed=len(entries),
        whole=WholeNames(compiled.texts, compiled.references, every),
        affiliations=tuple(company.affiliations for company in owned.companies),
        ownership_known=frozenset(owned.known),
    )


def told(snapshot: Any, letter: str, as_of: str | None = None) -> list[str]:
    """The lines that are told of a company, the names short."""
    return [line.replace("Company Quux", "") for line in lines(ask(full(letter), snapshot, as_of))]


def bis(snapshot: Any, letter: str) -> Any:
    """The tree of a company under the first regime."""
    (row,) = (row for row in ask(full(letter), snapshot).companies[0] if row.regime.id == "bis-affiliates")
    return row.company


def run(*arguments: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.main(["ownership", *map(str, arguments)])
    return status, out.getvalue(), err.getvalue()


# --- the tree --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ALL, ids=lambda case: case["number"])
def test_the_sum_of_every_tree_agrees_with_the_engine(case):
    """In all cases of the rule the sum reaches the share, may reach it or does not, as the snapshot's basis says."""
    entries = [listed(code, letter) for letter, code in case["listed"].items()]
    snapshot = held(entries, *case["holdings"], us="".join(case.get("us", ())))
    directory = Directory(snapshot)
    for row in {row for rows in snapshot.affiliations for row in rows if row.basis != "former"}:
        root = tree(row, directory)
        assert root.branches, case["says"]
        assert root.name == row.entity
        if row.basis == "control":
            assert root.total is None
        else:
            assert root.total.agrees(root.standing) or case["number"] in NOT_SHOWN_BY_THE_SUM, case["says"]
        if row.basis in CAPTURED:
            assert root.tier is not None
            assert (root.tier == 1) <= (row.basis != "indirect")
        _ends_in_listed(root)


def _ends_in_listed(company: Any) -> None:
    for branch in company.branches:
        owner = branch.owner
        assert owner.branches or owner.again or any(mark.counts for mark in owner.marks), owner.name
        _ends_in_listed(owner)


def test_a_sum_is_spelled_out_with_the_lists_that_it_comes_from():
    """Shares of several lists are added up in writing, exactly, against what the regime asks for."""
    snapshot = held([listed("MEU", "Y"), listed("EL", "X")], "X 25 A", "Y 25.0 A")
    assert "    25 EL + 25 MEU = 50; the regime asks for 50" in told(snapshot, "A")
    thirds = held([listed("EL", "X"), listed("EL", "Y")], "X 33.333333333 A", "Y 16.666666667 A")
    assert bis(thirds, "A").total.text == "33.333333333 EL + 16.666666667 EL = 50"


def test_the_tree_has_the_company_as_root_and_each_share_tier_list_and_source():
    """Owners stand below what they own, captured ones with their own tier and sum."""
    snapshot = held([listed("EL", "X")], "X 60 A", "A 51 B source=press")
    assert [line for line in told(snapshot, "B") if re.match(r" {4}\S*[B└]| {9}└", line)] == [
        "    B  captured, tier 2",
        "    └─ 51  A  captured, tier 1  60 EL = 60  (source: press)",
        "         └─ 60  X [EL id-X]  listed  (source: register)",
    ]


def test_bands_and_unknown_shares_stay_what_they_are():
    """A band adds up as a band, an unknown share is `?` and reaches from nothing to what is left of the whole."""
    snapshot = held([listed("EL", "X"), listed("EL", "Y"), listed("EL", "Z")], "X 20-50 A", "Y ? A", "Z 40 A")
    total = bis(snapshot, "A").total
    assert total.text == "40 EL + 20-50 EL + ? EL = 60-100"
    snapshot = held([listed("EL", "X"), listed("EL", "Y")], "X 40 A", "Y ? A")
    assert "    40 EL + ? EL = 40-100; may reach the 50 that the regime asks for" in told(snapshot, "A")


def test_classes_add_up_only_where_capture_rests_on_them():
    """Two holdings of one source are added up where they capture; a holding said twice is one, its other share told."""
    classes = held([listed("EL", "X")], "X 30 A class=A", "X 25 A class=B")
    assert [branch.share.text for branch in bis(classes, "A").branches] == ["55"]
    bands = held([listed("EL", "X")], "X 10-30 A class=A", "X 10-25 A class=B")
    assert bis(bands, "A").total.text == "20-55 EL = 20-55"
    twice = held([listed("EL", "X")], "X 30 A source=register", "X 25 A source=press")
    (branch,) = bis(twice, "A").branches
    assert (branch.share.text, branch.share.note, branch.sources) == ("30", "also said: 25", ("press", "register"))


def test_a_weak_name_has_no_known_share():
    """The share of an owner who is listed by a weak alias only is not counted as known: it may be somebody else."""
    alias = Alias("Quuxweak", "weak")
    edges = [OwnershipEdge("Quuxweak", full("A"), Decimal(80), Decimal(80))]
    snapshot = held([listed("EL", "X", alias)], edges=edges)
    assert bis(snapshot, "A").total.text == "? EL = 0-100"


def test_owners_that_may_be_captured_are_opened_down_to_the_listed_party():
    """Where the affiliation's own path ends early, the owner's own affiliation tells the rest."""
    snapshot = held([listed("EL", "X"), listed("EL", "Y")], "X ? A", "A 100 B", "B 80 C", "Y 10 C")
    root = bis(snapshot, "C")
    assert root.total.text == "10 EL + 80 Company QuuxB (possible) = 10-90"
    below = root.branches[1].owner.branches[0].owner
    assert [branch.owner.name for branch in below.branches] == [full("X")]


def test_an_owner_that_may_be_captured_has_all_its_owners():
    """Beside certain owners of an owner those that may be captured are told, on whom it rests that it may be."""
    snapshot = held([listed("EL", "X"), listed("EL", "Y")], "X ? A", "A 30 B", "Y 30 B", "B 60 C")
    below = bis(snapshot, "C").branches[0].owner
    assert below.total.text == "30 EL + 30 Company QuuxA (possible) = 30-60"


def test_an_owner_that_does_not_count_is_told_beside_the_sum():
    """A company below the share adds nothing, and its share is named as not counted."""
    snapshot = held([listed("EL", "X")], "X 49 A", "A 100 B", "X 10 B")
    assert "    10 EL = 10; less than 50" in told(snapshot, "B")
    assert "    not counted: 100 A" in told(snapshot, "B")


def test_a_us_company_is_passed_through():
    """A company that the regime does not capture and whose holdings count is told as both."""
    snapshot = held([listed("EL", "X")], "X 60 U", "U 100 F", us="U")
    assert bis(snapshot, "F").branches[0].owner.standing == "passed through"
    assert NOT_KNOWN not in told(snapshot, "U")


def test_what_the_snapshot_does_not_hold_is_said():
    """Where an ordinary owner leaves no room for an unknown share, the sum says that it lacks some of its grounds."""
    snapshot = held([listed("EL", "X"), listed("EL", "Y")], "X 40 A", "Y ? A", "Z 55 A")
    assert bis(snapshot, "A").standing == "minority"
    (line,) = (line for line in told(snapshot, "A") if "does not hold all" in line)
    assert line.strip() == "40 EL + ? EL = 40-100; the snapshot does not hold all that this rests on"


def test_control_is_no_share():
    """Votes are told as such and nothing is added up."""
    snapshot = held([listed("EL", "X")], "X 80 A kind=votes")
    assert "    └─ 80 by votes, option or trust  X [EL id-X]  listed  (source: register)" in told(snapshot, "A")
    assert not any("= 80" in line for line in told(snapshot, "A"))


def test_a_circle_is_named_and_not_opened_again():
    """A company met again among the owners of its own owners ends the branch, and the tiers are right all the same."""
    snapshot = held([listed("EL", "X")], "B 10 A", "A 60 B", "X 50 A")
    root = bis(snapshot, "A")
    met = root.branches[1].owner
    assert (met.name, met.tier) == (full("B"), 2)
    assert (met.branches[0].owner.again, met.branches[0].owner.branches) == ("circle", [])
    assert any("the holdings go in a circle" in line for line in told(snapshot, "A"))


def test_an_owner_of_two_companies_is_opened_once():
    """A company that stands twice in a tree is opened where it is nearest to the root."""
    snapshot = held([listed("EL", "X")], "X 60 B", "A 30 B", "X 60 A", "A 60 T", "B 20 T")
    root = bis(snapshot, "T")
    owners = {branch.owner.name: branch.owner for branch in root.branches}
    assert owners[full("A")].again == ""
    assert [branch.owner.again for branch in owners[full("B")].branches] == ["", "elsewhere"]


def test_a_chain_without_end_is_cut():
    """A chain that is deeper than a tree may be ends with a word that it does, in lines, picture and JSON."""
    chain = [f"N{at} 60 N{at + 1}" for at in range(150)]
    snapshot = held([listed("EL", "N0")], *chain)
    answer = ask(full("N150"), snapshot)
    assert sum("too many steps" in line for line in lines(answer)) == 1
    assert svg(answer).count("<rect") == ownership_tree.DEPTH_MAX + 1
    assert json.dumps(as_object(answer)).count('"not_opened": "cut"') == 1


# --- who is asked for ------------------------------------------------------------------------------------------------


def test_an_unknown_company_never_reads_as_not_owned():
    """Of a name that the graph does not know it is said that its ownership is not known."""
    snapshot = held([listed("EL", "X")], "X 60 A")
    assert NOT_KNOWN in told(snapshot, "Z")
    assert not any("no finding" in line.lower() for line in told(snapshot, "Z"))
    assert "Ownership not known" in svg(ask(full("Z"), snapshot))


def test_a_known_company_without_listed_owners_is_not_cleared():
    """A company in the graph whom no listed party leads to is told as that, and other owners are not ruled out."""
    (line,) = (line for line in told(held([listed("EL", "X")], "X 60 A", "B 100 C"), "C") if "The graph knows" in line)
    assert "not ruled out" in line


@pytest.mark.parametrize(
    "name", ["COMPANY QUUXA", "Company Quuxa, Ltd.", "Other Vole (Company QuuxA)", "Company Quux-A"]
)
def test_a_name_is_looked_up_as_the_stream_does(name):
    """Case, legal forms, marks and parts of a name find the company."""
    assert len(ask(name, held([listed("EL", "X")], "X 60 A")).companies) == 1


def test_two_companies_of_one_name_are_told_apart():
    """A text that names two companies tells of both, each under its name."""
    snapshot = held([listed("EL", "X")], "X 60 A", "X 30 B")
    text = list(lines(ask(f"{full('A')} / {full('B')}", snapshot)))
    assert [line for line in text if line.startswith("Company: ")] == [f"Company: {full(one)}" for one in "AB"]


def test_a_listed_party_is_told_as_listed_with_what_it_owns():
    """Of a listed party entry, alias and owned companies are told, those through others as such."""
    snapshot = held([listed("EL", "X", Alias("Quuxfeather Works"))], "X 60 A", "A 51 B")
    text = list(lines(ask("Quuxfeather Works", snapshot)))
    assert 'Listed: EL id-X "Company QuuxX", by its strong alias "Quuxfeather Works"' in text
    assert any(re.search(r"QuuxA +60 +bis-affiliates +direct +on every day", line) for line in text)
    assert any(re.search(r"QuuxB +through others +bis-affiliates +indirect", line) for line in text)


def test_owners_written_as_entry_ids_are_shown_by_name():
    """A holding that names its owner by entry id shows the entry's name, id and list."""
    snapshot = held([listed("EL", "X")], edges=[OwnershipEdge("id-X", full("A"), Decimal(60), Decimal(60))])
    assert bis(snapshot, "A").branches[0].owner.name == full("X")


def test_confidential_entries_show_an_opaque_id_only():
    """Neither lines nor picture nor JSON tell the name of a confidential owner."""
    answer = ask(full("A"), held([listed("EL", "X", confidential=True)], "X 60 A", "A 60 B"))
    for text in ("\n".join(lines(answer)), svg(answer), json.dumps(as_object(answer))):
        assert "id-X" in text
        assert "QuuxX" not in text


# --- days ------------------------------------------------------------------------------------------------------------


def test_each_stretch_of_days_is_told_and_the_day_asked_for_marked():
    """A sale ends one stretch and begins another; a day picks one, if the regime is in force on it."""
    snapshot = held([listed("EL", "X")], "X 60 A to=2026-12-01", "X 40 A from=2026-12-01")
    text = told(snapshot, "A", "2026-11-22")
    assert next(line for line in text if "<- 2026-11-22" in line).startswith("  To 2026-11-30: captured (direct)")
    assert sum("<- 2026-11-22" in line for line in text) == 1
    assert any(line.startswith("  From 2026-12-01: below the share (minority)") for line in text)
    assert "  On 2026-11-22: captured (direct); that it is in force is not confirmed" in text
    assert "  On 2026-09-01: the regime is not in force" in told(snapshot, "A", "2026-09-01")
    assert not any("<-" in line for line in told(snapshot, "A", "2026-09-01"))
    later = (
        "  On 2026-12-01: below the share (minority), captured before (former); that it is in force is not confirmed"
    )
    assert later in told(snapshot, "A", "2026-12-01")


def test_stretches_that_say_the_same_and_meet_are_one():
    """A day on which other holdings begin does not split what is told of a company."""
    snapshot = held([listed("EL", "X")], "X 40 A", "X 80 A kind=votes", "X 60 B from=2026-03-01")
    assert sum("On every day" in line for line in told(snapshot, "A")) == 2


# --- the picture -----------------------------------------------------------------------------------------------------


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314  the picture is our own


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in parsed(picture).iter() if element.tag.endswith("}text")]


def test_the_picture_has_every_company_share_list_and_the_sum():
    """It is well-formed XML with names, shares, lists, the sum, regime and day, and without script, style or link."""
    snapshot = held([listed("EL", "X"), listed("MEU", "Y")], "X 25 A", "Y 25 A", "A 100 B")
    picture = svg(ask(full("B"), snapshot, "2026-11-22"))
    shown = texts(picture)
    assert shown[0] == BIS + "captured (indirect)"
    assert shown[1].startswith("on 2026-11-22")
    assert {"EL id-X", "MEU id-Y", "100%", "25%", "captured, tier 2"} <= set(shown)
    assert "100% Company QuuxA = 100%;" in " ".join(shown)
    assert picture.count('stroke-width="3.5"') == 2
    assert not re.search(r"<(?:script|style|image|a)\b|href|url\(|font-face", picture)
    assert svg(ask(full("B"), snapshot, "2026-11-22")) == picture


def test_the_picture_of_a_day_on_which_the_rule_is_not_in_force_says_so():
    """The holdings are drawn all the same, under a heading that the rule is not in force; nothing reads as no owner."""
    snapshot = held([listed("EL", "X")], "X 55 A")
    answer = ask(full("A"), snapshot, "2026-10-01")
    shown = texts(svg(answer))
    assert shown[0] == BIS + "not in force on 2026-10-01"
    assert shown[1] == "when it is in force: captured (direct)"
    assert shown[2] == "the rule is in force 2025-09-29 to 2025-11-09 and from 2026-11-10 (not confirmed)"
    assert {"55%", "EL id-X"} <= set(shown)
    assert "no holding" not in " ".join(shown)
    (row,) = as_object(answer)["companies"][0]["affiliations"]
    assert (row["on_as_of"], row["held_on_as_of"]) == (False, True)


def test_the_picture_without_a_day_says_when_the_rule_is_in_force():
    """A suspended rule is not said to reach a company on every day."""
    shown = texts(svg(ask(full("A"), held([listed("EL", "X")], "X 55 A"))))
    assert shown[1] == "on every day in force"
    assert shown[2] == "the rule is in force 2025-09-29 to 2025-11-09 and from 2026-11-10 (not confirmed)"
    assert "on every day" not in shown


def test_the_picture_of_a_day_with_a_doubtful_rule_repeats_the_doubt():
    """That no source confirmed the period stands below the heading, as in the text."""
    shown = texts(svg(ask(full("A"), held([listed("EL", "X")], "X 55 A"), "2026-11-22")))
    assert shown[1] == "on 2026-11-22; that the rule is in force is not confirmed"


def test_the_picture_of_a_day_without_holdings_names_those_of_other_days():
    """Where listed owners held the company on other days only, the picture says so and not that there are none."""
    snapshot = held([listed("EL", "X")], "X 60 A from=2026-11-20 to=2026-12-01")
    said = " ".join(texts(svg(ask(full("A"), snapshot, "2026-11-15"))))
    assert said.startswith("No finding on 2026-11-15")
    assert "is of other days: " + BIS + "captured (direct) 2026-11-20 to 2026-11-30" in said
    assert "no holding of a listed party" not in said


def test_the_picture_shows_all_lists_that_an_owner_is_on():
    """Each entry of an owner has a line; where there are too many, the codes of all lists stand there."""
    few = held([listed("EL", "X"), listed("SDN", "X"), listed("DPL", "X")], "X 60 A")
    shown = texts(svg(ask(full("A"), few, "2026-11-22")))
    assert {"EL id-X", "SDN id-X", "DPL id-X"} <= set(shown)
    many = [
        replace(listed(code, "X"), entry_id=f"id-{at}") for at, code in enumerate(("EL", "EL", "SDN", "DPL", "UVL"))
    ]
    shown = " ".join(texts(svg(ask(full("A"), held(many, "X 60 A"), "2026-11-22"))))
    assert "EL (2 entries), SDN, DPL, UVL" in shown


def test_shares_have_a_percent_sign_wherever_the_picture_says_them():
    """Bands, sums, what they are compared with and what does not count have the sign; what is not known has none."""
    snapshot = held([listed("EL", "X"), listed("EL", "Y")], "X 25-50 A", "Y ? A", "A 100 B", "X 10 B")
    shown = texts(svg(ask(full("A"), snapshot, "2026-11-22")))
    assert {"25-50%", "?"} <= set(shown)
    assert "25-50% EL + ? EL = 25-100%; may reach the 50% that the regime asks for" in " ".join(shown)
    low = held([listed("EL", "X")], "X 49 A", "A 100 B", "X 10 B")
    assert "not counted: 100% Company QuuxA" in " ".join(texts(svg(ask(full("B"), low, "2026-11-22"))))


def test_names_can_not_break_the_picture_or_forge_a_line():
    """Markup, line breaks and escapes of a name are shown, never obeyed."""
    name = 'Quux <script>"&\n\x1b[2K\ufffe Works'
    snapshot = held(
        [listed("EL", "X")], edges=[OwnershipEdge(full("X"), name, Decimal(60), Decimal(60), source="a\nb")]
    )
    answer = ask(name, snapshot)
    picture = svg(answer)
    assert "<script" not in picture
    assert "Quux <script>" in " ".join(texts(picture))
    assert all(line.isprintable() for line in lines(answer))


def test_no_two_boxes_lie_upon_each_other_and_no_name_runs_over():
    """Twenty owners, long names and eight tiers have room: boxes do not meet, shares fit the gap, names are cut."""
    chain = [f"C{at} 60 C{at + 1}" for at in range(8)]
    wide = [f"W{at} {share} T" for at, share in enumerate(["0.123456789-99.123456789", *["3"] * 19])]
    entries = [listed("EL", "C0"), *(listed("EL", f"W{at}") for at in range(20))]
    edges = [holding(row) for row in (*chain, *wide, "C8 60 T")]
    edges.append(OwnershipEdge(full("C0"), "WWWW " * 300, Decimal(60), Decimal(60)))
    edges.append(OwnershipEdge("WWWW " * 300, full("T"), Decimal(60), Decimal(60)))
    root = parsed(svg(ask(full("T"), held(entries, edges=edges))))
    boxes = [
        tuple(float(one.get(key, "")) for key in ("x", "y", "width", "height"))
        for one in root.iter()
        if one.tag.endswith("}rect")
    ]
    assert len(boxes) == 1 + 20 + 9 + 2
    for at, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[at + 1 :]:
            assert (
                x + width < other_x or other_x + other_width < x or y + height < other_y or other_y + other_height < y
            )
        assert x + width <= float(root.get("width", ""))
        assert y + height <= float(root.get("height", ""))
    assert "0.123456789-99.123456789%" in texts(svg(ask(full("T"), held(entries, edges=edges))))
    assert all(width_of(line, 13) <= 196 for line in wrap("WWWW " * 300, 196, 13, 2))


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_prints_and_draws(tmp_path):
    """The sample's aggregate is told, drawn and given as JSON."""
    picture = tmp_path / "tree.svg"
    status, out, _ = run("explain", "Blue Heron Imaging", "--sample", "--as-of", "2026-11-22", "--svg", picture)
    assert status == 0
    assert "25 EL + 25 MEU = 50" in out
    assert "SAMPLE" in out
    assert "Blue Heron Imaging GmbH" in texts(picture.read_text("utf-8"))
    status, out, _ = run("explain", "Blue Heron Imaging", "--sample", "--as-of", "2026-11-22", "--json")
    found = json.loads(out)
    (affiliation,) = found["companies"][0]["affiliations"]
    assert (affiliation["standing"], affiliation["on_as_of"], found["known"]) == ("captured", True, True)
    assert affiliation["tree"]["sum"] == {
        "text": "25 EL + 25 MEU = 50",
        "low": "50",
        "high": "50",
        "asked": "50",
        "passed_over": [],
    }
    assert [owner["entries"][0]["list"] for owner in affiliation["tree"]["owners"]] == ["EL", "MEU"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["", "--sample"], "expected a name to look for, found an empty one"),
        (["x" * 100_000, "--sample"], f"has 100000 characters, expected at most {NAME_CHARS_MAX}"),
        (["Quux"], "no lists were named"),
        (["Blue Heron Imaging", "--sample", "--svg", "no/such/folder/a.svg"], "no/such/folder/a.svg: can't be written"),
    ],
)
def test_what_can_not_be_answered_is_one_sentence(arguments, says):
    """Bad names, missing lists and a picture that can't be written are one sentence and status 2."""
    status, out, err = run("explain", *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_snapshot_without_ownership_is_refused(tmp_path):
    """Without a graph nothing is answered: "not known" would say less than that there is none."""
    private = tmp_path / "private.csv"
    private.write_text("name,list\nQuuxfeather Works,EL\n", encoding="utf-8")
    status, out, err = run("explain", "Quux", "--private", private)
    assert (status, out) == (2, "")
    assert "found no ownership" in err.splitlines()[-1]
