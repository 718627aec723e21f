"""The tables of words in names are checked when they are read: what has another shape is refused by file and row."""

import pytest

from screener.errors import ListError
from screener.lists import rules, snapshot
from screener.lists.build import Inputs, build

WRONG_NAME_WORDS = {
    "words_no_list": ("[honorifics]\nwords = 'mr'\n", r"\[honorifics\] words = 'mr', expected a list of words"),
    "word_is_a_number": ("[particles]\nwords = ['bin', 7]\n", r"\[particles\] words = .*, expected a list of words"),
    "row_of_another_name": ("[stop_words]\nword = ['the']\n", r"\[stop_words\] expected one row, words = \[...\]"),
    "second_row": ("[stop_words]\nwords = []\nmore = []\n", r"\[stop_words\] expected one row, words = \[...\]"),
    "section_no_table": ("honorifics = ['mr']\n", r"\[honorifics\] expected one row, words = \[...\]"),
    "spelling_no_list": (
        "[variants]\nsergey = 'sergei'\n",
        r"\[variants\] sergey = 'sergei', expected a list of words",
    ),
    "spelling_nested": ("[places]\nchina = [['prc']]\n", r"\[places\] china = .*, expected a list of words"),
    "spelling_a_number": ("[numbers]\n1 = [1]\n", r"\[numbers\] 1 = \[1\], expected a list of words"),
    "spellings_no_table": ("abbreviations = 3\n", r"\[abbreviations\] .*expected a list of words"),
}
WRONG_RARITY = {
    "bits_no_number": ("[person]\nmany = 'ali'\n", r"\[person\] many = 'ali', expected a number of bits up to 13"),
    "bits_beyond_max": ("[person]\n14 = 'ali'\n", r"\[person\] 14 = 'ali', expected a number of bits up to 13"),
    "bits_negative": ("[person]\n-1 = 'ali'\n", r"\[person\] -1 = 'ali', expected a number of bits"),
    "bits_a_fraction": ("[person]\n'2.5' = 'ali'\n", r"\[person\] 2.5 = 'ali', expected a number of bits"),
    "bits_in_other_digits": ("[person]\n'٣' = 'ali'\n", r"\[person\] ٣ = 'ali', expected a number of bits"),
    "words_a_list": (
        "[organization]\n3 = ['bank']\n",
        r"\[organization\] 3 = \['bank'\], expected .* words in one text",
    ),
    "section_no_table": ("person = 'ali'\n", r"\[person\] .*expected a number of bits"),
    "version_a_text": ("version = '1'\n", r"version = '1', expected 1 to 1000"),
    "version_zero": ("version = 0\n", r"version = 0, expected 1 to 1000"),
    "bits_max_true": ("bits_max = true\n", r"bits_max = True, expected 1 to 1000"),
    "bits_max_too_large": ("bits_max = 1001\n", r"bits_max = 1001, expected 1 to 1000"),
    "bits_max_below_a_row": ("bits_max = 11\n", r"\[organization\] 12 = .*, expected a number of bits up to 11"),
}


def refused(folder, file, text, sentence):
    (folder / f"{file}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ListError, match=rf"{file}\.toml: {sentence}"):
        rules.read_tables(folder)


@pytest.mark.parametrize("case", WRONG_NAME_WORDS)
def test_word_table_of_another_shape_is_refused(tmp_path, case):
    """A section of words that is no list of words is refused in a sentence that names it."""
    refused(tmp_path, "name_words", *WRONG_NAME_WORDS[case])


@pytest.mark.parametrize("case", WRONG_RARITY)
def test_rarity_table_of_another_shape_is_refused(tmp_path, case):
    """Bits that are no number, words that are no text and numbers out of their range are refused by name."""
    refused(tmp_path, "rarity", *WRONG_RARITY[case])


@pytest.mark.parametrize("file", ["name_words", "rarity"])
def test_missing_section_is_refused(file):
    """Tables without one of their sections are refused: nothing is compared with half of the words."""
    for section in rules.read_tables()[file]:
        tables = rules.read_tables()
        del tables[file][section]
        with pytest.raises(ListError, match=rf"{file}\.toml: .*{section}"):
            rules.parse(tables)


@pytest.mark.parametrize("number", [1, 1000])
def test_edge_of_a_number_is_taken(tmp_path, number):
    """The least and the greatest version are taken."""
    (tmp_path / "rarity.toml").write_text(f"version = {number}\n")
    assert rules.read_tables(tmp_path)["rarity"]["version"] == number


def test_section_of_an_overlay_replaces_the_shipped_one(tmp_path):
    """A section of the operator's own stands in the place of the shipped one; all other sections stay."""
    (tmp_path / "name_words.toml").write_text("[variants]\nsergey = ['sergei']\n")
    tables = rules.read_tables(tmp_path)["name_words"]
    assert tables["variants"] == {"sergey": ["sergei"]}
    assert tables["places"] == rules.read_tables()["name_words"]["places"]


def test_tables_are_part_of_the_rules(tmp_path):
    """Both tables are in the digest of the rules, and a snapshot that is read back has the same rules."""
    tables = rules.read_tables()
    for file, change in (("rarity", {"version": 2}), ("name_words", {"particles": {"words": []}})):
        assert rules.digest(tables | {file: tables[file] | change}) != rules.digest(tables)
    built = build(Inputs(sample=True))
    path = tmp_path / "a.snapshot"
    snapshot.save(built.content, path)
    assert snapshot.load(path).rules == built.snapshot.rules
