"""`screener evaluate`: figures as counted by hand, scores that agree with predictions, and files that are refused."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener import cli
from screener.errors import ListError
from screener.runners import evaluate, evaluate_plot, pairs
from screener.runners.evaluate import Confusion, Evaluation
from screener.runners.pairs import Pair, open_pairs, score_text

SMALL = Path(__file__).parents[1] / "cases" / "names" / "pairs_small.csv"
THRESHOLDS = {"person": 0.80, "organization": 0.85, "vessel": 0.9, "aircraft": 0.9, "": 0.9}
HEADER = "name1,name2,schema,is_match\n"


class Likeness(NamedTuple):
    value: float


class Given:
    """A comparer whose scores stand in the file of pairs, in a column that the command passes over; else 0.5."""

    def __init__(self, path: Path = SMALL) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self.scores = {(row["name1"], row["name2"]): float(row["score"]) for row in csv.DictReader(file)}
        self.kinds: list[str] = []

    def compare(self, name1: str, name2: str, kind: str) -> Likeness:
        self.kinds.append(kind)
        return Likeness(self.scores.get((name1, name2), 0.5))

    def threshold(self, kind: str) -> float:
        return THRESHOLDS[kind]


@pytest.fixture(autouse=True)
def given_scores(monkeypatch):
    comparer = Given()
    monkeypatch.setattr(evaluate.scoring, "comparer", lambda _: comparer)
    monkeypatch.setattr(evaluate.rules, "read_tables", lambda _: {})
    return comparer


def told(output: str, name: str) -> list[str]:
    """The words behind a name at the beginning of a line."""
    return next(line.split()[1:] for line in output.splitlines() if line.split()[:1] == [name])


def small() -> list[dict[str, str]]:
    with SMALL.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- figures ---------------------------------------------------------------------------------------------------------


def test_figures_are_those_counted_by_hand(capsys):
    """Of the 16 small pairs 7 are found, 2 missed, 3 found wrongly and 4 rightly left alone."""
    assert cli.main(["evaluate", str(SMALL)]) == 0
    output = capsys.readouterr().out
    assert told(output, "all") == ["16", "7", "3", "2", "4", "0.7000", "0.7778", "0.7368"]
    assert told(output, "precision") == ["0.7000"]
    assert told(output, "recall") == ["0.7778"]
    assert told(output, "F1") == ["0.7368"]
    assert told(output, "accuracy") == ["0.6875"]
    assert told(output, "pairs") == ["16", "(9", "labelled", "true,", "7", "labelled", "false)"]
    assert "threshold  person 0.8, organization 0.85, vessel 0.9, aircraft 0.9, unknown kind 0.9" in output


def test_confusion_is_told_by_group(capsys):
    """Schema, kind and each of the three optional columns have their own counts."""
    cli.main(["evaluate", str(SMALL)])
    output = capsys.readouterr().out
    assert told(output, "person") == ["5", "2", "1", "1", "1", "0.6667", "0.6667", "0.6667"]
    assert told(output, "Person") == ["5", "2", "1", "1", "1", "0.6667", "0.6667", "0.6667"]
    assert told(output, "organization") == ["6", "2", "1", "1", "2", "0.6667", "0.6667", "0.6667"]
    assert told(output, "PublicBody") == ["1", "0", "0", "1", "0", "-", "0.0000", "-"]
    assert told(output, "strangers") == ["3", "0", "0", "0", "3", "-", "-", "-"]
    assert told(output, "WEAK") == ["1", "0", "0", "1", "0", "-", "0.0000", "-"]
    assert told(output, "companies") == ["6", "2", "1", "1", "2", "0.6667", "0.6667", "0.6667"]
    assert [line for line in output.splitlines() if line.startswith("by ")] == [
        *("by kind", "by schema", "by category", "by case_group", "by quality")
    ]


def test_schemas_name_kinds(given_scores):
    """Names are compared as the kind that their schema means; LegalEntity and nothing leave it open."""
    cli.main(["evaluate", str(SMALL)])
    assert given_scores.kinds == [
        *["person"] * 5,
        *["organization"] * 5,
        *["", "", "vessel", "aircraft", "aircraft", "organization"],
    ]


def test_one_threshold_can_stand_for_all(capsys):
    """--threshold takes the place of those of the rules, for every kind."""
    assert cli.main(["evaluate", str(SMALL), "--threshold", "0.7"]) == 0
    output = capsys.readouterr().out
    assert told(output, "all")[1:5] == ["9", "3", "0", "4"]
    assert "person 0.7, organization 0.7" in output


@pytest.mark.parametrize("value", ["1.01", "-0.1", "nan", "much"])
def test_a_threshold_is_from_0_to_1(value, capsys):
    """Anything else is refused with the command's usage."""
    with pytest.raises(SystemExit) as refusal:
        cli.main(["evaluate", str(SMALL), f"--threshold={value}"])
    assert refusal.value.code == 2
    assert "from 0 to 1" in capsys.readouterr().err


def test_the_curve_is_that_of_a_slow_count(capsys):
    """Each row of the table has the figures that counting all pairs anew gives, and no row is left out that differs."""
    cli.main(["evaluate", str(SMALL)])
    lines = capsys.readouterr().out.partition("threshold  precision")[2].splitlines()[1:]
    rows = {float(line.split()[0]): line.split()[1:5] for line in lines}
    assert {0.5, 1.0, *THRESHOLDS.values()} <= rows.keys()
    last = None
    for step in range(50, 101):
        threshold = step / 100
        last = rows.get(threshold, last)
        assert last == _slow_figures(threshold), threshold


def _slow_figures(threshold: float) -> list[str]:
    positives = [float(row["score"]) for row in small() if row["is_match"].lower() in {"true", "yes", "1"}]
    negatives = [float(row["score"]) for row in small() if row["is_match"].lower() in {"false", "no", "0"}]
    tp = len([score for score in positives if score >= threshold])
    fp = len([score for score in negatives if score >= threshold])
    precision, recall = tp / (tp + fp), tp / len(positives)
    harmonic = 2 * precision * recall / (precision + recall)
    return [f"{figure:.4f}" for figure in (precision, recall, harmonic, (tp + fp) / 16)]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.sampled_from(evaluate.KINDS))))
def test_any_curve_is_that_of_a_slow_count(rows):
    """Whatever the scores, each point of the curve counts the pairs that reach it."""
    evaluation = Evaluation(THRESHOLDS, ())
    for is_match, score, kind in rows:
        evaluation.add(Pair("", "", "Person", "", kind, is_match, ()), score)
    for threshold, held in evaluation.curve():
        reached = [is_match for is_match, score, _ in rows if score >= threshold]
        assert (held.tp, held.fp) == (reached.count(True), reached.count(False))
        assert held.pairs == len(rows)
    assert evaluation.overall.tp + evaluation.overall.fp == sum(score >= THRESHOLDS[kind] for _, score, kind in rows)


@pytest.mark.parametrize(
    ("label", "recall", "notice"),
    [("true", "0.0000", "No pair is labelled false"), ("false", "-", "No pair is labelled true")],
)
def test_what_pairs_of_one_label_cannot_tell_is_not_told(label, recall, notice, tmp_path, capsys):
    """Without a pair of either label precision and F1 are a dash, and a line says why; the plot is written too."""
    path = tmp_path / "p.csv"
    path.write_text(f"{HEADER}a,b,Person,{label}\n")
    assert cli.main(["evaluate", str(path), "--plot", str(tmp_path / "p.svg")]) == 0
    output = capsys.readouterr().out
    assert (told(output, "precision"), told(output, "recall"), told(output, "F1")) == (["-"], [recall], ["-"])
    assert notice in output
    assert "precision: not known" in (tmp_path / "p.svg").read_text()


def test_groups_are_bounded():
    """Beyond the limit further values are counted together, so a column of ids takes no more memory."""
    evaluation = Evaluation(THRESHOLDS, ("category",))
    for number in range(evaluate.GROUPS_MAX + 50):
        evaluation.add(Pair("", "", "Person", "", "person", True, (f"value {number}",)), 1.0)
    counts = evaluation.groups["category"]
    assert len(counts) == evaluate.GROUPS_MAX + 1
    assert counts[evaluate.OTHER_GROUPS] == Confusion(tp=50)
    assert max(map(len, counts)) <= evaluate.GROUP_CHARS_MAX


def test_what_a_file_says_cannot_forge_a_line(tmp_path, capsys):
    """Line breaks and escapes in a group's name are shown as escapes."""
    path = tmp_path / "p.csv"
    path.write_text('name1,name2,schema,is_match,category\na,b,Person,true,"x\nrecall     1.0000\x1b[2K"\n')
    cli.main(["evaluate", str(path)])
    output = capsys.readouterr().out
    assert r"x\nrecall     1.0000\x1b[2K" in output
    assert told(output, "recall") == ["0.0000"]


# --- scores ----------------------------------------------------------------------------------------------------------


def test_scores_keep_the_rows_and_their_order(tmp_path):
    """The file of scores has exactly the six columns, and names, schema and label as they were written."""
    out = tmp_path / "scores.csv"
    assert cli.main(["evaluate", str(SMALL), "--scores", str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert out.read_text().splitlines()[0] == "name1,name2,schema,is_match,score,predicted"
    kept = ("name1", "name2", "schema", "is_match")
    assert [[row[name] for name in kept] for row in rows] == [[row[name] for name in kept] for row in small()]
    assert [row["predicted"] for row in rows] == (
        "true true false true false true true true false false true false true true true false".split()
    )
    assert rows[0]["score"] == "0.9300"


def test_a_score_is_written_on_its_own_side_of_the_threshold(tmp_path):
    """A score just below the threshold that four decimals would lift to it is written with more of them."""
    out = tmp_path / "scores.csv"
    cli.main(["evaluate", str(SMALL), "--scores", str(out)])
    assert "Jonas Berwald,Jonas Berwaldt,Person,1,0.799980,false" in out.read_text()


@given(st.floats(0, 1), st.floats(0, 1))
def test_scores_and_predictions_agree(score, threshold):
    """Whoever reads the score and compares it with the threshold comes to the same prediction."""
    assert (float(score_text(score, threshold)) >= threshold) is (score >= threshold)
    assert abs(float(score_text(score, threshold)) - score) <= 0.00005


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), min_size=2))
def test_names_come_back_as_they_went(names):
    """Any name that is written can be read again, its quotes, commas and line breaks as they were."""
    pair = Pair(names[0], names[-1], "Person", "true", "person", True, ())
    line = pairs.scored_line(pair, 0.5, 0.9) + "\n"
    rows = list(csv.reader(io.StringIO(line, newline=""), strict=True))
    assert rows == [[names[0], names[-1], "Person", "true", "0.5000", "false"]]


def test_a_fault_leaves_the_old_scores_alone(tmp_path):
    """When a row is refused, the file of scores that was there stays, and nothing is left beside it."""
    path, out = tmp_path / "p.csv", tmp_path / "out.csv"
    path.write_text(f"{HEADER}a,b,Person,true\na,b,Person,maybe\n")
    out.write_text("old")
    assert cli.main(["evaluate", str(path), "--scores", str(out)]) == 2
    assert out.read_text() == "old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.csv", "p.csv"]


@pytest.mark.parametrize("options", [["--scores", "p.csv"], ["--plot", "p.csv"], ["--scores", "x", "--plot", "x"]])
def test_outputs_do_not_take_the_place_of_each_other(options, tmp_path, monkeypatch, capsys):
    """Neither the pairs nor the other output is overwritten."""
    monkeypatch.chdir(tmp_path)
    Path("p.csv").write_text(f"{HEADER}a,b,Person,true\n")
    assert cli.main(["evaluate", "p.csv", *options]) == 2
    assert Path("p.csv").read_text() == f"{HEADER}a,b,Person,true\n"
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_output_that_can_not_be_written_is_refused(tmp_path, capsys):
    """A folder that is not there gives one sentence and status 2."""
    assert cli.main(["evaluate", str(SMALL), "--scores", str(tmp_path / "none" / "out.csv")]) == 2
    assert capsys.readouterr().err.endswith("out.csv: can't be written (No such file or directory)\n")


# --- files that are refused ------------------------------------------------------------------------------------------

ROW = b"a,b,Person,true\n"
GOOD = HEADER.encode() + ROW
REFUSED = {
    "empty": (b"", None, "found an empty file"),
    "blank": (b"\n\r\n\n", None, "found an empty file"),
    "only a byte order mark": (b"\xef\xbb\xbf", None, "found an empty file"),
    "no pair": (HEADER.encode(), None, "expected at least one pair"),
    "no label column": (b"name1,name2,schema\na,b,Person\n", 1, "missing: is_match"),
    "a column twice": (b"name1,name2,schema,is_match,name1\n", 1, "expected the column name1 once"),
    "not UTF-8": (GOOD + b"a,M\xfcller,Person,true\n", 3, "expected UTF-8, found the byte 0xfc"),
    "UTF-16": (HEADER.encode("utf-16"), 1, "found a NUL byte"),
    "NUL": (GOOD + b"a,\0,Person,true\n", 3, "expected text, found a NUL byte"),
    "a short row": (GOOD + b"a,b,Person\n", 3, "expected 4 columns, found 3"),
    "a long row": (GOOD + b"a,b,Person,true,\n", 3, "expected 4 columns, found 5"),
    "a quote left open": (GOOD + b'a,"b,Person,true\n', 3, "quote that opens in this row to be closed"),
    "a quote left open far from the end": (GOOD + b'a,"b\n' + ROW * 9000, 3, "(is a quote left open?)"),
    "text behind a quote": (GOOD + b'a,"b"c,Person,true\n', 3, "expected a row of comma-separated cells"),
    "a huge cell": (GOOD + b"a," + b"b" * 100_001 + b",Person,true\n", 3, "at most 100000 characters in a cell"),
    "a huge line": (GOOD + b"a" * (pairs.LINE_BYTES_MAX + 1), 3, "expected at most 1048576 bytes in a line"),
    "an unknown schema": (GOOD + b"a,b,Planet,true\n", 3, "found 'Planet'"),
    "an unknown label": (GOOD + b"\na,b,Person,maybe\n", 4, "expected true or false as is_match, found 'maybe'"),
    "no label": (GOOD + b"a,b,Person,\n", 3, "found ''"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_in_one_sentence(case, tmp_path, capsys):
    """What can't be taken is refused with file and line, in one line, with status 2 and nothing printed."""
    content, line, says = REFUSED[case]
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    assert cli.main(["evaluate", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith(f"screener: {path}:{line}: " if line else f"screener: {path}: ")
    assert says in printed.err


def test_a_missing_file_and_a_folder_are_refused(tmp_path, capsys):
    """Neither is a file of pairs."""
    assert cli.main(["evaluate", str(tmp_path / "none.csv")]) == 2
    assert cli.main(["evaluate", str(tmp_path)]) == 2
    assert [line.partition(": expected ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "a readable file (No such file or directory)",
        "a file, found a directory",
    ]


def test_the_edges_of_the_limits_are_taken(tmp_path, monkeypatch, capsys):
    """A cell of the longest length and the last pair that is allowed are taken, one pair more is not."""
    monkeypatch.setattr(pairs, "PAIRS_MAX", 2)
    path = tmp_path / "p.csv"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD + b"a," + b"b" * 100_000 + b",Person,true")
    assert cli.main(["evaluate", str(path)]) == 0
    path.write_bytes(GOOD + ROW * 2)
    assert cli.main(["evaluate", str(path)]) == 2
    assert capsys.readouterr().err == f"screener: {path}:4: expected at most 2 pairs\n"


@given(st.binary(max_size=200))
def test_any_bytes_are_pairs_or_a_list_error(content):
    """Whatever a file holds, reading it gives pairs or one sentence."""
    for head in (b"", GOOD):
        with suppress(ListError):
            for pair in pairs.Pairs(Path("p.csv"), io.BytesIO(head + content)):
                assert pair.kind in evaluate.KINDS


def test_memory_does_not_grow_with_the_file(tmp_path):
    """40,000 pairs of 3 MB are scored, counted and written with less than 1 MB more than no pairs take."""
    path = tmp_path / "p.csv"
    with path.open("w") as file:
        file.write("name1,name2,schema,is_match,category\n")
        file.writelines(f"Name number {row},{'x' * 40},Person,{row % 2},category {row}\n" for row in range(40_000))
    tracemalloc.start()
    try:
        assert cli.main(["evaluate", str(path), "--scores", str(tmp_path / "out.csv")]) == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    assert len((tmp_path / "out.csv").read_bytes().splitlines()) == 40_001


def test_columns_may_come_in_any_order(tmp_path):
    """Columns are found by their names, whatever their case and order; others are passed over."""
    path = tmp_path / "p.csv"
    path.write_text("quality, Is_Match ,other,NAME2,schema,name1\nWEAK,true,?,b,company,a\n")
    with open_pairs(path) as opened:
        assert opened.group_columns == ("quality",)
        assert list(opened) == [Pair("a", "b", "company", "true", "organization", True, ("WEAK",))]


# --- the plot --------------------------------------------------------------------------------------------------------


def drawn(tmp_path: Path, *options: str, name: str = "pairs.csv") -> str:
    path = tmp_path / name
    path.write_bytes(SMALL.read_bytes())
    assert cli.main(["evaluate", str(path), "--plot", str(tmp_path / "out.svg"), *options]) == 0
    return (tmp_path / "out.svg").read_text(encoding="utf-8")


def test_the_plot_is_a_drawing_with_axes_legend_and_marks(tmp_path):
    """It is XML without scripts or links; it names the axes, the lines and each threshold in use."""
    svg = drawn(tmp_path)
    root = ET.fromstring(svg)  # noqa: S314  our own
    tags = {element.tag.partition("}")[2] for element in root.iter()}
    assert tags == {"svg", "title", "desc", "path", "text"}
    assert "href" not in svg
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    for text in ("precision", "recall", "F1", "share of alerts", "a 0.8 person", "b 0.85 organization", "c 0.9 vessel"):
        assert text in texts
    assert any(text and text.startswith("threshold (") for text in texts)
    assert {"precision 0.7000", "recall 0.7778", "F1 0.7368"} <= set(texts)


def test_the_plot_has_the_points_of_the_curve(tmp_path):
    """The recall line goes through the figures of the table at their places."""
    svg = drawn(tmp_path, "--threshold", "0.8")
    path = re.search(r'id="curve-recall" d="M([^"]+)"', svg)
    assert path is not None
    points = [tuple(map(float, point.split())) for point in path[1].split("L")]
    assert len(points) == 51
    width, height = evaluate_plot.RIGHT - evaluate_plot.LEFT, evaluate_plot.BOTTOM - evaluate_plot.TOP
    for number, (x, y) in enumerate(points):
        assert x == pytest.approx(evaluate_plot.LEFT + width * number / 50, abs=0.01)
        recall = float(_slow_figures((50 + number) / 100)[1])
        assert y == pytest.approx(evaluate_plot.BOTTOM - height * recall, abs=0.1)


def test_all_text_of_the_plot_is_escaped(tmp_path):
    """A file's name can be no markup, no quote and no control character of the drawing."""
    svg = drawn(tmp_path, name="a\"b' <script>&\x1b.csv")
    root = ET.fromstring(svg)  # noqa: S314  our own
    assert root.find("{http://www.w3.org/2000/svg}title").text == "Threshold curve of a\"b' <script>&\\x1b.csv"
    assert "<script" not in svg


def test_a_threshold_below_the_axis_widens_it(tmp_path):
    """A threshold of 0.32 is drawn inside the axes, which begin at 0.3 then."""
    svg = drawn(tmp_path, "--threshold", "0.32")
    assert ">0.3</text>" in svg
    assert ">0.32</text>" in svg
    assert min(float(x) for x in re.findall(r'd="M([0-9.]+)', svg)) >= evaluate_plot.LEFT


def test_colors_stand_out_on_white_and_on_black():
    """Each line has a contrast of at least 3 to 1 and text of 4 to 1 on light and dark pages (WCAG's formula)."""
    for color, least in [*((color, 3.0) for color, _ in evaluate_plot.LINES.values()), (evaluate_plot.INK, 4.0)]:
        for page in ("#ffffff", "#0d1117"):
            low, high = sorted((_luminance(color), _luminance(page)))
            assert (high + 0.05) / (low + 0.05) >= least, (color, page)
    assert len({dashes for _, dashes in evaluate_plot.LINES.values()}) == len(evaluate_plot.LINES)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
