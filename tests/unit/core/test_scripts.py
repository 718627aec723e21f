"""Names in other scripts: the readings in Latin letters, by cases that are data, and what holds for any text."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.fold import glue, words
from screener.core.scripts import READING_LETTERS_MAX, READINGS_MAX, RUNS_MAX, TEXT_MAX, Reader
from screener.core.scripts.tables import rows
from screener.errors import ListError
from screener.lists import rules

CASES = Path(__file__).resolve().parents[2] / "cases" / "names" / "scripts.csv"
TABLES = rules.read_tables()
READ = Reader(TABLES["scripts"])
EMPTY = Reader({})

SCRIPTS = "аЩїҚάςμπعبدﷺאםкअ्कংகთԱกเแ์កမአ김ㄱᄀかッーヴ々金張電第十公司国ʼ\u200c\u0301\ud800 -.'A9٣é"
TEXTS = st.one_of(st.text(max_size=80), st.text(alphabet=SCRIPTS, max_size=60))


def cases():
    with CASES.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["reading"], row["shows"]) for row in csv.DictReader(file)]


def glued(text):
    return glue(" ".join(words(text)))


@pytest.mark.parametrize(("text", "reading", "shows"), cases())
def test_a_reading_is_among_those_given(text, reading, shows):
    """Each case's reading is given, compared after the fold and without blanks."""
    given_ones = READ(text)
    assert glued(reading) in set(map(glued, given_ones)), (shows, given_ones)


@pytest.mark.parametrize(
    "text", ["", "Orchid Mill", "Müller Ångström", "Łódź", "Nguyễn Văn", "ＯＲＣＨＩＤ", "№ 5 ™", "٣", "\U0001f680"]
)
def test_latin_text_has_no_other_reading(text):
    """A text in Latin letters, with accents or of full width, has none; nor one without letters."""
    assert READ(text) == ()


def test_the_best_reading_comes_first():
    """The first reading is the most usual one."""
    assert READ("Сергей")[0] == "Sergei"
    assert READ("محمد")[0] == "Muhammad"
    assert READ("김정은")[0] == "Kim Jong Un"
    assert READ("习近平")[0] == "Xi Jinping"
    assert READ("山田太郎")[0] == "Yamada Taro"


@given(TEXTS)
def test_any_text_has_bounded_readings(text):
    """No text raises; readings are few, short, different, ASCII and the same at every call."""
    for reader in (READ, EMPTY):
        readings = reader(text)
        assert readings == reader(text)
        assert len(readings) <= READINGS_MAX
        assert len(set(readings)) == len(readings)
        assert all(reading.isascii() and 0 < len(reading) <= READING_LETTERS_MAX for reading in readings)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F), max_size=40))
def test_any_latin_text_has_none(text):
    """Letters of Europe's west never get a reading."""
    assert READ(text) == ()


@pytest.mark.parametrize("character", ["Ж", "م", "א", "क", "ก", "김", "金", "ア", "አ", "ﷺ", "金 ア ж "])
def test_a_long_text_is_cut(character):
    """A text of 100,000 characters is read as far as the limit and no further."""
    text = character * (100_000 // len(character))
    assert READ(text) == READ(text[:TEXT_MAX])
    assert all(len(reading) <= READING_LETTERS_MAX for reading in READ(text))


def test_the_limit_of_characters_is_at_its_number():
    """The last character that counts is the one of that number."""
    blanks = " " * (TEXT_MAX - 1)
    assert READ(blanks + "Ж") == ("Zh", "J")[: len(READ("Ж"))] == READ("Ж")
    assert READ(blanks + " Ж") == ()


def test_the_limit_of_runs_is_at_its_number():
    """After so many changes of script the rest is not read."""
    pairs = "a ж " * (RUNS_MAX // 2)
    assert READ(pairs + "b") == READ(pairs)
    assert READ("a ж " * (RUNS_MAX // 2 - 1) + "a z") != READ("a ж " * (RUNS_MAX // 2 - 1))


def test_without_tables_other_scripts_are_still_read():
    """Where a table is missing, letters are written character by character, and nothing raises."""
    assert EMPTY("Орион") == ("Orion",)
    assert EMPTY("习近平")[0] == "Xi Jinping"
    assert EMPTY("orion") == ()


def test_a_table_is_rows_of_key_and_forms():
    """A row is "key=form,form", blanks part the rows and "_" stands for one."""
    assert rows("a=b,c_d  e_f=") == {"a": ("b", "c d"), "e f": ("",)}
    assert rows("") == {}


@pytest.mark.parametrize("packed", ["a", "=b", "a=b=c", "a =b"])
def test_a_row_that_is_none_is_refused(packed):
    """A row without a key or without its sign is a fault of the table."""
    with pytest.raises(ValueError, match="expected key=form,form"):
        rows(packed)


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ({"words": "a"}, "key=form,form"),
        ({"words": 5}, "cyrillic"),
        ("a=b", "cyrillic"),
        ({"words": ["a=b"]}, "cyrillic"),
    ],
)
def test_a_wrong_table_is_refused_with_the_rules(section, fault):
    """The rules are not taken when a table of scripts.toml is not as expected; the sentence names the file."""
    wrong = TABLES | {"scripts": TABLES["scripts"] | {"cyrillic": section}}
    with pytest.raises(ListError, match=r"scripts\.toml") as caught:
        rules.parse(wrong)
    assert fault in str(caught.value)


def test_every_key_of_a_table_is_there_once():
    """No table says two things of one key."""
    twice = []
    for script, section in TABLES["scripts"].items():
        for name, packed in section.items():
            keys = [row.partition("=")[0] for row in packed.split() if "=" in row]
            twice += [(script, name, key) for key in set(keys) if keys.count(key) > 1]
    assert twice == []


def test_a_character_has_one_base():
    """In the table of same characters none is both a base and another's other form, nor the form of two."""
    table = TABLES["scripts"]["han"]["same"].split()
    others = [other for row in table for other in row[1:]]
    assert len(others) == len(set(others))
    assert {row[0] for row in table}.isdisjoint(others)
