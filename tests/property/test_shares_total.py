"""Whatever a cell for a share holds, the holding stays: with a share in bounds, or with an unknown one."""

import csv
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from screener.lists import rules
from screener.lists.holdings.read import read_edges
from screener.lists.holdings.shares import ShareReader, UnreadableShareError, share_rules

TABLE = rules.shipped_table("shares")
RULES = share_rules(TABLE)
WORDS = sorted({word for row in TABLE["words"].values() for word in row} | set(TABLE["amounts"]))
NUMBERS = st.decimals(0, 120, allow_nan=False, places=2).map(str) | st.from_regex(
    r"[0-9]{1,4}([.,/][0-9]{1,4})?", fullmatch=True
)
PARTS = st.lists(
    st.sampled_from(WORDS) | NUMBERS | st.sampled_from(["½", "％", "٪", "１", "٥", "&gt;", " ", "\u200f"]), max_size=6
)
TEXTS = st.builds(lambda parts, gap: gap.join(parts), PARTS, st.sampled_from(["", " "])) | st.text(max_size=150)


@given(TEXTS, st.sampled_from(["percent", "fraction"]))
@example("½" * 60, "percent")
@example("1/" * 60, "percent")
@example("٥" * 120, "fraction")
@example("&gt;" * 40, "percent")
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_share_or_is_refused(text, unit):
    """A share is from 0 to 100 with its lower end first, or unknown; anything else is refused, the same each time."""
    reader = ShareReader(RULES, unit)
    answers = []
    for _ in range(2):
        try:
            low, high = reader.read(text).share
            answers.append((low, high))
            assert (low is None) == (high is None)
            assert low is None or Decimal(0) <= low <= high <= Decimal(100)
        except UnreadableShareError as problem:
            answers.append(str(problem))
    assert answers[0] == answers[1]


@given(st.decimals(0, 100, places=3), st.decimals(0, 100, places=3))
def test_band_is_the_same_in_words_signs_and_marks(one, other):
    """The ends of a band are what was written, whichever words and decimal marks are used."""
    low, high = sorted((one, other))
    reader = ShareReader(RULES)
    written = [f"{low} %-{high} %", f"{low} to {high} %", f"{low} bis {high} Prozent", f">= {low} % and <= {high} %"]
    written += [text.replace(".", ",") for text in written]
    assert {reader.read(text).share for text in written} == {(low, high)}


@given(st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_no_share_loses_its_row(texts):
    """A row with an owner and an owned company is a holding, whatever stands for its share."""
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "holdings.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["owner", "owned", "share"])
            rows.writerows([f"Owner {at}", f"Owned {at}", text] for at, text in enumerate(texts))
        read = read_edges(path)
    assert [edge.owner for edge in read.edges] == [f"Owner {at}" for at in range(len(texts))]
    assert read.left_out == {}
