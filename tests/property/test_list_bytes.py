"""Whatever bytes a list file holds, reading it gives entries or a `ListError`, never another exception."""

import json
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.errors import ListError
from screener.lists.good_list import read_good_list
from screener.lists.holdings.read import read_edges
from screener.lists.names import aliases_of, split_names
from screener.lists.private import read_private
from screener.lists.read import read_lists

CASES = Path(__file__).parents[1] / "cases"
NAMES = ["consolidated.csv", "sdn.csv", "supplement.json", "a.csv.gz"]
WHOLE = [
    path.read_bytes()
    for folder in ("lists", "holdings")
    for path in sorted((CASES / folder).rglob("*"))
    if path.suffix in (".csv", ".json", ".xml")
]
READERS = [read_lists, read_private, read_edges, partial(read_good_list, days_max=366)]


@st.composite
def damaged(draw):
    """A good file with a stretch of it replaced."""
    content = draw(st.sampled_from(WHOLE))
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, len(content)))
    return content[:start] + draw(st.binary(max_size=20)) + content[end:]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text()
    | st.sampled_from(["a", "b", "2024-01-01"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
SHARE = st.dictionaries(st.sampled_from(["exact", "minimum", "maximum", "exclusiveMaximum"]), JSON | st.floats(0, 100))
INTEREST = st.fixed_dictionaries(
    {},
    optional={
        "type": JSON | st.sampled_from(["shareholding", "votingRights", "unknownInterest"]),
        "share": JSON | SHARE,
        "directOrIndirect": JSON | st.sampled_from(["direct", "indirect"]),
        "startDate": JSON,
        "endDate": JSON,
    },
)
DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "subject": JSON | st.sampled_from("abc"),
        "interestedParty": JSON | st.sampled_from("abc"),
        "interests": JSON | st.lists(INTEREST, max_size=3),
        "name": JSON,
        "names": JSON,
        "identifiers": JSON,
        "entityType": JSON,
        "jurisdiction": JSON,
        "addresses": JSON,
    },
)
STATEMENT = st.fixed_dictionaries(
    {"recordType": st.sampled_from(["entity", "relationship", "person"])},
    optional={
        "recordId": JSON | st.sampled_from("abc"),
        "recordDetails": JSON | DETAILS,
        "statementId": JSON,
        "statementDate": JSON,
        "recordStatus": JSON | st.just("closed"),
        "publicationDetails": JSON,
    },
)


@given(st.lists(STATEMENT | JSON, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_statements_are_read_or_refused(statements):
    """Any JSON in the shape of BODS statements is read or refused, and shares are in bounds and order."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "package.json"
        path.write_text(json.dumps(statements, allow_nan=True))
        with suppress(ListError):
            for edge in read_edges(path).edges:
                assert edge.owner
                assert edge.owned
                assert edge.low is None or 0 <= edge.low <= edge.high <= 100


@given(st.sampled_from(NAMES), st.one_of(st.binary(), damaged()), st.sampled_from(READERS))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(name, content, read):
    """Any bytes are read or refused."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(content)
        with suppress(ListError):
            read(path)


NAME_TEXT = st.text(alphabet="aAkfn.-,;()[] \n\u00a0", max_size=40)


@given(NAME_TEXT.filter(lambda name: any(map(str.isalnum, name))), NAME_TEXT)
def test_names_keep_their_letters_and_appear_once(primary, others):
    """Names keep their letters and appear once."""
    aliases = aliases_of(primary, split_names(others))
    names = [alias.name for alias in aliases]
    assert len(names) == len(set(names))
    assert all(any(map(str.isalnum, name)) for name in names)
    assert letters(names[0]) == letters(primary)
    assert [alias.primary for alias in aliases] == [True] + [False] * (len(aliases) - 1)


def letters(name):
    return [character for character in name if character.isalnum()]
