"""An order's pieces are looked at once, and what was said of them stands at their places in the next order."""

import importlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from screener.core.decode import decode
from screener.core.pieces import SIGNS_KEPT_MAX, SILENT, Said, piecewise
from screener.lists.build import Inputs, build
from screener.memory import Memory
from screener.model import Hit, Order, Place

DECODING = importlib.import_module("screener.core.decode")
LISTS = Path(__file__).parents[2] / "cases" / "screening" / "lists"


@pytest.fixture(scope="module")
def built():
    return build(Inputs(lists=[LISTS / "consolidated_2026-11-20.csv"])).snapshot


class Stages:
    """Stages that find `signs` hits in each party and text, and count how often they are asked."""

    def __init__(self, signs):
        self.signs = signs
        self.asked = 0

    def __call__(self, order, _snapshot):
        self.asked += 1
        place = Place(0, None, "name") if order.parties else Place(None, 0 if order.items else None, "text")
        return Said([Hit(place, 0, 1, "x", 0, 0, "free_text")] * self.signs, (), (), ())


def read(held, *names):
    order = {"order_id": "O-1", "parties": [{"role": name, "name": name} for name in names]}
    return decode(json.dumps(order, separators=(",", ":")).encode(), held.memory)


@pytest.mark.parametrize(("signs", "asked"), [(0, 1), (SIGNS_KEPT_MAX, 1), (SIGNS_KEPT_MAX + 1, 2)])
def test_much_is_not_remembered(built, signs, asked):
    """What holds as many signs as the limit is remembered; of a party or a text with one more they are found anew."""
    for make in (lambda held: read(held, "A"), lambda _: Order("", False, None, None, [], [], "", "text")):
        held, stages = replace(built), Stages(signs)
        for _ in range(2):
            assert len(piecewise(make(held), held, stages).hits) == signs
        assert stages.asked == asked


def test_signs_stand_at_their_places(built):
    """What was said of a party when it was the first stands at its number when it is the second."""
    held, stages = replace(built), Stages(1)
    piecewise(read(held, "A"), held, stages)
    assert [hit.place.party for hit in piecewise(read(held, "B", "A"), held, stages).hits] == [0, 1]
    assert stages.asked == 2


def test_stages_see_no_role(built):
    """A stage gets a party without its role, so that its answer holds for all roles."""
    roles = []

    def stages(order, _snapshot):
        roles.extend(party.role for party in order.parties)
        return SILENT

    held = replace(built)
    piecewise(read(held, "A", "B"), held, stages)
    assert roles == ["", ""]


def test_same_party_keeps_its_roles():
    """A party that is remembered from one role has its own role in the next order, wherever the role is written."""
    memory = Memory()
    for party, role in [
        ('"role":"payer","name":"A"', "payer"),
        ('"name":"A"', ""),
        ('"name":"A","role":"end_user"', "end_user"),
        ('"role":"other","name":"A"', "other"),
        ('"role":null,"name":"A"', ""),
    ]:
        for _ in range(2):
            assert decode(f'{{"order_id":"O-1","parties":[{{{party}}}]}}'.encode(), memory).parties[0].role == role


def test_shapes_are_bounded():
    """However many shapes of objects come, no more than the limit are remembered."""
    shapes = DECODING._Shapes({})
    for number in range(DECODING.SHAPES_KEPT):
        assert shapes[str(number), str]
    assert len(shapes) == DECODING.SHAPES_KEPT
    assert not shapes["x", dict]
    assert len(shapes) == 1
