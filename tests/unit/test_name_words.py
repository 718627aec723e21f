"""The tables of words in names: each word has one place, and the rarity table speaks of the same words."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import rarity
from screener.core.fold import words
from screener.lists import rules
from screener.lists.word_tables import spellings

TABLES = {
    name: tomllib.loads((rules.SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    for name in ("name_words", "rarity", "legal_forms", "common_words")
}
NAMED = TABLES["name_words"]
LISTS = {name: NAMED[name]["words"] for name in rules.WORD_LISTS}
SPELLINGS = {name: NAMED[name] for name in rules.WORD_SPELLINGS}
OF_ORGANIZATIONS = ("abbreviations", "numbers", "places")
LEGAL = frozenset(
    form[0] for section in TABLES["legal_forms"].values() for form in map(words, section["forms"]) if len(form) == 1
)
RARITY_BYTES_MAX = 60_000


def folded(texts):
    return [word for text in texts for word in words(text)]


def canonical(*sections):
    """Folded variant -> canonical word, of some sections."""
    return spellings(*(NAMED[section] for section in sections))


def spelled(section):
    """All words of a section, canonical ones and variants."""
    return [word for canon, variants in SPELLINGS[section].items() for word in (canon, *variants)]


# --- the words -------------------------------------------------------------------------------------------------------


def test_sections_are_the_ones_that_are_read():
    """The file has the sections that the rules know, and no other."""
    assert set(NAMED) == {*rules.WORD_LISTS, *rules.WORD_SPELLINGS}


@pytest.mark.parametrize("section", rules.WORD_LISTS)
def test_word_of_a_list_folds_to_one_word(section):
    """Each word of a list folds to exactly one word, and none stands there twice."""
    assert [text for text in LISTS[section] if len(words(text)) != 1] == []
    assert [word for word, times in Counter(folded(LISTS[section])).items() if times > 1] == []


@pytest.mark.parametrize("section", rules.WORD_SPELLINGS)
def test_word_of_a_row_folds_to_one_word(section):
    """Each variant folds to exactly one word, and a canonical word is written as it folds."""
    assert [text for text in spelled(section) if len(words(text)) != 1] == []
    assert [canon for canon in SPELLINGS[section] if words(canon) != [canon]] == []


@pytest.mark.parametrize("section", rules.WORD_SPELLINGS)
def test_no_word_stands_in_two_rows(section):
    """A word stands once in its section: under one canonical word, and none is a variant of another row's variant."""
    assert [word for word, times in Counter(folded(spelled(section))).items() if times > 1] == []


def test_word_of_organizations_stands_in_one_section():
    """Abbreviations, numbers and places are read together, so none of their words stands in two of them."""
    counted = Counter(word for section in OF_ORGANIZATIONS for word in folded(spelled(section)))
    assert [word for word, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("section", ["abbreviations", "numbers", "variants"])
def test_row_has_a_variant(section):
    """Only a place may be listed for itself; a row of any other section says what else the word is."""
    assert [canon for canon, variants in SPELLINGS[section].items() if not variants] == []


@pytest.mark.parametrize("section", rules.WORD_SPELLINGS)
def test_no_single_letter_is_read_as_a_word(section):
    """Single letters are initials, or figures too short to tell: no row reads them as anything else."""
    assert [word for word in folded(spelled(section)) if len(word) == 1 and not word.isdigit()] == []


def test_title_is_nothing_else():
    """A title is no legal form, no particle and no spelling of a name, so that leaving it out leaves the name."""
    titles = set(folded(LISTS["honorifics"]))
    assert titles & LEGAL == set()
    assert titles & set(folded(LISTS["particles"])) == set()
    assert titles & set(folded(spelled("variants"))) == set()


def test_word_that_may_be_missing_is_no_name():
    """A particle is no spelling of a name; a stop word no abbreviation, number or place."""
    assert set(folded(LISTS["particles"])) & set(folded(spelled("variants"))) == set()
    stopped = set(folded(LISTS["stop_words"]))
    assert [section for section in OF_ORGANIZATIONS if stopped & set(folded(spelled(section)))] == []


def test_legal_form_is_no_abbreviation():
    """Legal forms are dropped by the fold before words are read: none stands in the tables of organizations' words."""
    assert [word for section in OF_ORGANIZATIONS for word in folded(spelled(section)) if word in LEGAL] == []


APART = [
    ("variants", "hasan hussein"),
    ("variants", "saad said sayyid"),
    ("variants", "salah salih salim salam"),
    ("variants", "kamal kamil jamal jamil"),
    ("variants", "karim hakim rahim rahman"),
    ("variants", "abu abd abdul abdullah umm"),
    ("variants", "hamad hamid ahmad muhammad mahmud"),
    ("variants", "aleksandr aleksey andrey"),
    ("variants", "aleksandr aleksandra aleksandrovich aleksandrovna"),
    ("variants", "frank frederik friedrich"),
    ("variants", "boris benjamin robert bob"),
    ("variants", "john johann ivan ian"),
    ("variants", "michael mikhail miguel"),
    ("variants", "li yi wang huang wong"),
    ("variants", "jong jung zhang zheng zhong"),
    ("variants", "chol chun chon"),
    ("variants", "sergeyevich sergeyevna sergey"),
    ("variants", "maria marina mariana"),
    ("abbreviations", "trading transportation technology telecommunication"),
    ("abbreviations", "systems services solutions science"),
    ("abbreviations", "aviation aerospace airline air"),
    ("abbreviations", "institute institution instrument industry"),
    ("abbreviations", "bank trust fund finance capital"),
    ("abbreviations", "nuclear atomic energy power"),
    ("abbreviations", "electric electricity electronics electromechanical microelectronics optoelectronics"),
    ("abbreviations", "national international state federal"),
    ("abbreviations", "design development department"),
    ("places", "shanxi shaanxi jiangsu jiangxi hunan henan hubei hebei"),
    ("places", "china chile chad"),
    ("places", "iran iraq ireland"),
    ("places", "suzhou xuzhou fuzhou wuzhou huzhou"),
    ("places", "niger nigeria"),
    ("places", "austria australia"),
    ("places", "slovakia slovenia"),
    ("places", "north south east west northeast northwest"),
    ("numbers", "1 2 3 10 11 12 13 14 100"),
    ("numbers", "i v x xi"),
]


@pytest.mark.parametrize(("section", "different"), APART, ids=[different for _, different in APART])
def test_different_names_are_not_read_as_one(section, different):
    """Words that only look or sound alike are read as different words."""
    canon = canonical(section)
    read = [canon.get(word, word) for word in different.split()]
    assert len(set(read)) == len(read), read


SAME = [
    ("variants", "muhammad mohammed Mohamed Muhammed mohd"),
    ("variants", "usama osama Oussama Usāma"),
    ("variants", "hussein husayn Hossein Hüseyin"),
    ("variants", "qaida qaeda qa'ida"),
    ("variants", "Sergey Sergei Sergej Serhiy Сергей"),
    ("variants", "Dmitry Dmitri Dmitriy Дмитрий Dzmitry"),
    ("variants", "Yevgeny Evgeny Evgenii Евгений"),
    ("variants", "Nikolaevich Nikolayevich Николаевич"),
    ("variants", "Kim Gim 김"),
    ("variants", "Park Pak Bak 박"),
    ("variants", "Choi Choe 최"),
    ("variants", "Zhang Chang Jang 장"),
    ("variants", "Sato Satō Satou Satoh"),
    ("variants", "Müller Mueller Muller"),
    ("abbreviations", "Technology Technologies Tech Tecnología Teknoloji keji"),
    ("abbreviations", "Int'l Intl International Internacional Международный"),
    ("abbreviations", "Mfg. Manufacturing Manuf"),
    ("abbreviations", "Institute Inst. Институт Instituto"),
    ("abbreviations", "Centre Center Центр Zentrum"),
    ("abbreviations", "Defence Defense"),
    ("abbreviations", "Plant Factory Завод"),
    ("places", "Chile Chilean"),
    ("places", "Moscow Москва московский"),
    ("places", "Russia Российский Russian"),
    ("numbers", "13 thirteenth 13th XIII"),
    ("numbers", "1 one first 1st"),
]


@pytest.mark.parametrize(("section", "same"), SAME, ids=[same for _, same in SAME])
def test_spellings_of_one_name_are_read_as_one(section, same):
    """Spellings of one word, in other alphabets too, are read as the same word."""
    canon = canonical(section)
    assert len({canon.get(word, word) for text in same.split() for word in words(text)}) == 1


# --- how rare they are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "sections"), [("organization", OF_ORGANIZATIONS), ("person", ("variants", "numbers"))]
)
def test_rarity_speaks_of_canonical_words(section, sections):
    """Each word of the rarity table is folded, canonical, and there once; one that is not there is rarer."""
    canon = canonical(*sections)
    listed = [word for row in TABLES["rarity"][section].values() for word in row.split()]
    assert [word for word in listed if words(word) != [word] or canon.get(word, word) != word] == []
    assert len(set(listed)) == len(listed)
    assert max(map(int, TABLES["rarity"][section])) < TABLES["rarity"]["bits_max"]


def test_rarity_orders_words_as_people_do():
    """What anybody calls a common word of names is commoner than what anybody calls a name."""
    bits = {
        section: {word: int(bits) for bits, row in TABLES["rarity"][section].items() for word in row.split()}
        for section in rules.RARITY_SECTIONS
    }
    rarest = TABLES["rarity"]["bits_max"]
    assert all(bits["organization"][word] <= 7 for word in ("technology", "trading", "electronics", "shenzhen"))
    assert all(bits["organization"].get(word, rarest) >= 11 for word in ("huawei", "gazprom", "rosneft", "hikvision"))
    assert all(bits["person"][word] <= 7 for word in ("muhammad", "aleksandr", "kim", "maria"))
    assert all(bits["person"].get(word, rarest) >= 12 for word in ("sechin", "lavrov", "obama"))


def test_rarity_leaves_out_what_is_treated_otherwise():
    """Legal forms, stop words, titles and particles have no row in the rarity table; the table stays small."""
    organization, person = (set(" ".join(TABLES["rarity"][name].values()).split()) for name in rules.RARITY_SECTIONS)
    assert organization & (LEGAL | set(folded(LISTS["stop_words"]))) == set()
    assert person & set(folded([*LISTS["honorifics"], *LISTS["particles"]])) == set()
    assert (rules.SHIPPED / "rarity.toml").stat().st_size < RARITY_BYTES_MAX


def test_registers_weigh_the_same():
    """A short register counts as much as a long one, and a party with two names as much as one with one name."""
    short = rarity.register([("Red Apple",)], {})
    long = rarity.register([("Blue Boat", "Blue Barge"), *[("Grey Goose",)] * 3], {"barge": "boat"})
    assert short == {"red": 1, "apple": 1}
    assert long == {"blue": 0.25, "boat": 0.25, "grey": 0.75, "goose": 0.75}
    assert rarity.mean([short, long], None)["apple"] == 0.5


def test_family_of_companies_makes_no_common_word():
    """A word of one register alone is rare, unless it is known to be a plain word."""
    registers = [{"gazprom": 0.5, "plant": 0.5}, {"plant": 0.1}, {"gazprom": 0.01}]
    shares = rarity.mean(registers, frozenset({"plant"}))
    assert shares["gazprom"] == pytest.approx(0.02)
    assert shares["plant"] == pytest.approx(0.2)


def test_bits_are_rounded_down():
    """A word of a quarter of all names has 2 bits, one of nearly a quarter as well; a rare one has no row."""
    shares = {
        "half": 0.5,
        "quarter": 0.25,
        "eighth": 0.13,
        "rare": 2**-13,
        "edge": 2**-12.5,
        "form": 0.5,
        "x": 0.5,
        "12": 0.5,
    }
    found = rarity.table(shares, frozenset({"form"}))
    assert {bits: row for bits, row in found.items() if row} == {2: ["half", "quarter", "eighth"], 12: ["edge"]}


def test_section_reads_back():
    """A section is TOML, also where its rows are long."""
    found = {2: [], 3: ["one"], 4: [f"word{at}" for at in range(100)]}
    read = tomllib.loads(rarity.section("person", found))["person"]
    assert {int(bits): row.split() for bits, row in read.items()} == found


@pytest.mark.reference
def test_rarity_is_what_the_registers_give(reference_data):
    """The shipped file is what its script makes of the registers and of the tables of words."""
    made = rarity.rarity(Path(reference_data))
    assert made == (rules.SHIPPED / "rarity.toml").read_text(encoding="utf-8"), "run benchmarks/rarity.py again"
