"""A score rests on two names and on the party: on no list, and on nothing else that is listed."""

import json
from itertools import product

import orjson
import pytest

from screener.core import screen
from screener.lists.build import Inputs, build
from screener.model import Terms

TERMS = Terms(received_on="2026-11-22")
LISTED = ("Veskarin Semiconductor Technology Co., Ltd.", "organization", "CN")
PERSON = ("Grigory Dmitrievich Shcherbanov", "person", "RU")
ASKED = {
    "Veskarim Semiconducter Technology": LISTED,
    "Veskarin Semiconductor Tech": LISTED,
    "Technology Semiconductor Veskarin": LISTED,
    "Grigori Scherbanov": PERSON,
    "Щербанов Григорий": PERSON,
}
OTHER_WORDS = (
    (
        "Veskarim",
        "Zorvantek",
        "Scherbanov",
        "Quorbley",
        "Semiconducter",
        "Grigory",
        "Marlow",
        "Orbanek",
        "Tarn",
        "Vesk",
    ),
    ("Semiconductor", "Technology", "Optics", "Grigorovich", "Works"),
    ("Institute", "Trading", "Dmitrievich", "Tech"),
)
OTHERS = [(" ".join(name), "", "CN") for name in product(*OTHER_WORDS)]


@pytest.fixture(scope="module")
def snapshot_of(tmp_path_factory):
    """Make a snapshot of the two entries on a list, with or without 200 others."""

    def make(code, *, others):
        rows = [LISTED, PERSON, *(OTHERS if others else ())]
        path = tmp_path_factory.mktemp("lists") / "own.csv"
        lines = [f'"{name}",{code},{kind},{country}' for name, kind, country in rows]
        path.write_text("\n".join(["name,list,kind,country", *lines]), encoding="utf-8")
        return build(Inputs(private=[path])).snapshot

    return make


def scores(snapshot):
    """Name asked for and country -> score and reasons of the finding for its entry."""
    found = {}
    for (asked, (listed, _, _)), country in product(ASKED.items(), ("", "CN", "US")):
        order = {"order_id": "O-1", "parties": [{"name": asked, "country": country}]}
        answer = orjson.loads(screen(json.dumps(order).encode(), snapshot, TERMS).value)
        [row] = [row for row in answer["findings"] if row["entry_name"] == listed]
        assert row["code"].endswith("_SIMILAR_NAME")
        found[asked, country] = row["score"], row["reasons"]
    return found


def test_scores_do_not_depend_on_the_list(snapshot_of):
    """The same entry on the Entity List, the SDN List and a list of one's own gives the same scores and reasons."""
    first = scores(snapshot_of("EL", others=False))
    assert len(first) == 3 * len(ASKED)
    for code in ("SDN", "MEU", "OWN-LIST"):
        assert scores(snapshot_of(code, others=False)) == first


def test_scores_do_not_depend_on_what_else_is_listed(snapshot_of):
    """200 other entries, many of the same words, change no score of an entry."""
    assert len(OTHERS) == 200
    assert scores(snapshot_of("EL", others=True)) == scores(snapshot_of("EL", others=False))
