"""Names are taken apart as publishers write them, and no cell, however odd, takes long."""

import pytest

from screener.lists.countries import code_in_address, code_of
from screener.lists.names import aliases_of, split_names
from screener.lists.reading import CELL_CHARS_MAX
from tests.costs import assert_growth

INNER = {
    "Palegate (a.k.a. Pale Gate; Gate Works)": ["Palegate", "Pale Gate", "Gate Works"],
    "PEARL (A.K.A. NEI LI) EXAMPLE": ["PEARL EXAMPLE", "NEI LI"],
    "Palegate [aka Pale, Inc., aka Gate Works] (Ruritanian Entity), and its sub-units and successors": [
        "Palegate [aka Pale, Inc., aka Gate Works]",
        "Palegate",
        "Pale, Inc.",
        "Gate Works",
    ],
    "Palegate, f.k.a., Institute (IX)'s 9th Works": ["Palegate", "Institute (IX)'s 9th Works"],
    "Palegate Center (PC), a.k.a., the following two aliases:": ["Palegate Center (PC)"],
    "Palegate (a subsidiary of Orbital Widgets)": [],
    "AKA INTEGRAL SERVICES, S. DE R.L.": [],
    "YK-AKA": [],
    "BAR-AKA TRADING": [],
    "SUBSIDIARY BANK OF RURITANIA": [],
    "Widgets, Inc., Palegate": [],
}


@pytest.mark.parametrize("published", INNER)
def test_names_inside_a_name_are_names_too(published):
    """Names inside a name are names too."""
    names = [alias.name for alias in aliases_of(published, [])]
    assert names == [published, *INNER[published]]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("A One; and B Two", ["A One", "B Two"]),
        ("A One;B Two;", ["A One", "B Two"]),
        ("A One, Ltd.,; ., ; A One, Ltd.", ["A One, Ltd."]),
        ("F.K.A. A One; and any successor, sub-unit, or subsidiary thereof", ["A One"]),
        ("\u00a0A\u00a0One; and", ["A\u00a0One"]),
        ("Andes Works; AND TRADING", ["Andes Works", "AND TRADING"]),
        ("", []),
    ],
)
def test_cell_of_names_is_split_at_semicolons_only(cell, names):
    """A cell of names is split at semicolons only."""
    assert [alias.name for alias in aliases_of("P", split_names(cell))] == ["P", *names]


@pytest.mark.parametrize(
    ("published", "weak"),
    [("Kay; a.k.a. Kay Example", ["Kay"]), ("K (AKA: KAY EXAMPLE)", ["K"]), ("Rosewood (a.k.a. Rose Wood)", [])],
)
def test_piece_too_short_to_stand_alone_is_weak(published, weak):
    """A piece too short to stand alone is weak."""
    assert [alias.name for alias in aliases_of(published, []) if alias.quality == "weak"] == weak


@pytest.mark.parametrize(
    "piece",
    ["(", ", ", "-aka", " ", "\n ", "(aka ", "a.k.a. ", " (A", " and any successor ", "a; ", "[(;-, ", "a (B entity"],
)
def test_cost_of_a_cell_grows_with_its_length_only(piece):
    """A cell is taken apart, up to its limit, at a cost of its length."""

    def prepare(chars, number):
        cell = f"{number}{piece * chars}"[:chars]
        return lambda: aliases_of(f"A{cell}x", split_names(cell))

    assert_growth(prepare, CELL_CHARS_MAX // 4)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("12 Lantern Road, Shenzhen, CN", "CN"),
        ("CN", "CN"),
        ("Camden, UK", "GB"),
        ("Pyongyang, Korea, North", "KP"),
        ("Tehran, Iran,", "IR"),
        ("Wan Chai, Hong Kong.", "HK"),
        ("Feodosia, 98107, crimea (occupied)", None),
        ("Anthony, NM", None),
        ("Atlanta, Georgia", None),
        ("Atlanta, GA, 30301", None),
        ("", None),
    ],
)
def test_country_of_an_address_is_its_end(address, code):
    """The country of an address is its end."""
    assert code_in_address(address) == code


def test_country_of_its_own_column_may_be_georgia():
    """The country of its own column may be Georgia."""
    assert code_of("Georgia") == "GE"
    assert code_of("undetermined") is None
