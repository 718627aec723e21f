"""The fold: what makes two names one, and how a place in the folded text leads back to the text as written."""

import csv
from pathlib import Path

import pytest

from screener.core.fold import GUESSES_MAX, ROUNDS_MAX, Folder, glue, slice_of, words
from screener.lists import patterns, rules
from tests.costs import assert_growth

CASES = Path(__file__).parents[2] / "cases" / "names" / "fold.csv"
CLASSES = {"limited", "stock", "partnership", "sole", "cooperative", "state", "nonprofit", "branch", "company"}
FORMS = rules.read_tables()["legal_forms"]
FOLD = patterns.folder(rules.read_tables())


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Orchid", "orchid"),
        ("  Orchid \t Mill ", "orchid mill"),
        ("ORCHID-MILL", "orchid mill"),
        ("Orchid & Mill", "orchid mill"),
        ("Orchid and Mill", "orchid mill"),
        ("O'Reilly", "oreilly"),
        ("O\u2019Reilly", "oreilly"),
        ("O\u00b4Reilly", "oreilly"),
        ("O`Reilly", "oreilly"),
        ("N. O. R. D. Mill", "nord mill"),
        ("N O R D Mill", "nord mill"),
        ("Orchid No. 5", "orchid no 5"),
        ("Orchid № 5", "orchid no 5"),
        ("Orchid™ Mill®", "orchid mill"),
        ("Orchid\u200bMill", "orchidmill"),
        ("Orchid\u00adMill", "orchidmill"),
        ("ﬁne ﬂour", "fine flour"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Ångström", "angstrom"),
        ("ＯＲＣＨＩＤ", "orchid"),
        ("Мельница", "melnitsa"),
        ("北京", "bei jing"),
        ("Orchid Co., Ltd.", "orchid"),
        ("Orchid Company Limited", "orchid"),
        ("OOO Orchid", "orchid"),
        ("S.A. Orchid", "orchid"),
        ("Co., Ltd.", "co ltd"),
        ("and", "and"),
        ("", ""),
        ("*** \u3000 ???", ""),
        ("\U0001f680", ""),
    ],
)
def test_name_folds_to(written, folded):
    """Width, case, accents, script, punctuation, spacing and legal forms are gone."""
    assert FOLD(written) == folded


def cases():
    with CASES.open(encoding="utf-8", newline="") as file:
        return [pytest.param(row, id=f"{row['one']} / {row['two']}") for row in csv.DictReader(file)]


@pytest.mark.parametrize("case", cases())
def test_two_names_fold_alike_or_not(case):
    """Two names of the case file are one by the fold, or they are not."""
    assert (FOLD(case["one"]) == FOLD(case["two"])) is (case["same"] == "yes")


@pytest.mark.parametrize("section", FORMS.values(), ids=FORMS)
def test_section_of_legal_forms_says_class_and_place(section):
    """Each section of legal forms has a class that is known, perhaps a place, and forms of two letters or more."""
    assert section["class"] in CLASSES
    assert section.get("place", "") in rules.FORM_PLACES
    assert all(len(glue(" ".join(words(form)))) > 1 for form in section["forms"])


def test_legal_form_has_one_class():
    """No legal form is of two classes, and none counts anywhere as well as at the start or end only."""
    rows = {(tuple(words(f)), row["class"], row.get("place", "")) for row in FORMS.values() for f in row["forms"]}
    forms = {(form, form_class) for form, form_class, _ in rows}
    assert len({form for form, _ in forms}) == len(forms)
    assert [form for form, form_class, place in rows if place and (form, form_class, "") in rows] == []


@pytest.mark.parametrize("name", ["Müller Ångström", "Lào Cai Ðông", "Ωμέγα", "Йод Ёлка", "서울반도체", "がぎぐ"])
def test_composed_and_decomposed_fold_alike(name):
    """A name is the same whether its accents are composed with their letters or not."""
    assert FOLD(_decomposed(name)) == FOLD(name) != ""


def test_last_letter_with_diaeresis_folds_alike():
    """This holds for a "ÿ" at the end of a word too, which published lists also have in place of a blank."""
    assert FOLD("L'Ha\u00ff") == FOLD("L'Hay\u0308")


def _decomposed(name):
    import unicodedata  # noqa: PLC0415  only here

    return unicodedata.normalize("NFD", name)


def test_fold_takes_its_own_answer():
    """A folded name folds to itself."""
    for name in ["Orchid Co., Ltd.", "N. O. R. D. Mill", "北京 Мельница", "Co., Ltd."]:
        assert FOLD(FOLD(name)) == FOLD(name)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\x00", "\x85", "\uffff", "\U0010ffff", "\u0301", "\u1160"])
def test_fold_is_total(text):
    """Whatever a string holds, lone surrogates and marks without a letter too, it folds to ASCII."""
    assert FOLD(text).isascii()
    assert slice_of(FOLD.marks(text), 0, 1, text)


def test_legal_forms_come_with_the_fold():
    """Without a table of legal forms only "and" is left out."""
    assert Folder(())("Orchid and Mill Co., Ltd.") == "orchid mill co ltd"


def test_place_of_a_legal_form():
    """A form may count at the start or the end of a name only, and never as all of it."""
    fold = Folder(["Co"], ["Rue"], ["Est"])
    names = ["Rue Orchid Est", "Orchid Rue", "Est Orchid", "Rue Co", "Rue Est Est", "Co", "Co Rue Orchid Est Co"]
    assert [*map(fold, names)] == ["orchid", "orchid rue", "est orchid", "rue", "est", "co", "orchid"]


def test_name_that_does_not_settle_stays_as_it_is():
    """What is left out may bring together another form, a limited number of times."""
    fold = Folder(["Sdn Bhd"])
    nested = "Sdn " * (ROUNDS_MAX - 1) + "Bhd " * (ROUNDS_MAX - 1)
    assert fold(f"Orchid {nested}") == "orchid"
    deeper = f"Orchid Sdn {nested} Bhd"
    assert fold(deeper) == deeper.lower().replace("  ", " ")


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Orchid Mill Co., Ltd.", []),
        ("SiemensAG", ["siemens"]),
        ("Orchid TechnologiesCo.,Ltd", ["orchid technologies"]),
        ("JSCArgument", ["argument"]),
        ("ОООРомашка", ["romashka"]),
        ("Orchid c/o Mill", ["orchid mill"]),
        ("NanoCo", []),
        ("RusAg", []),
        ("McDonald", []),
        ("eBay", []),
        ("iSoftStone", []),
        ("HuaWei", []),
        ("JSCARGUMENT", []),
        ("Ниаwei", ["huawei"]),
        ("ΗUAWEI", ["huawei"]),
        ("СКАТ", ["ckat"]),
        ("Завод", []),
        ("Мicrosoft Завод", ["microsoft zavod"]),
        ("на Ромашка", []),
        ("Müller", []),
    ],
)
def test_readings_besides_the_text_as_written(text, others):
    """A form is read out of a word where capitals show the seam; look-alike letters are read as Latin ones."""
    found = FOLD.readings(text)
    assert found[0] == text
    assert [*map(FOLD, found[1:])] == others


def test_entity_is_read_as_its_character():
    """The first reading has the character of an entity in its place, and no border at its semicolon."""
    [read] = FOLD.readings("Orchid &amp; Mill")
    assert (len(read), read[7], FOLD(read)) == (17, "&", "orchid mill")


def test_place_of_an_entity_leads_back_to_all_of_it():
    """A letter that is written as an entity comes from the whole of it."""
    text = "the M&uuml;ller O&#39;Rei&#76;"
    folded = FOLD(text)
    for piece, written in [("muller", "M&uuml;ller"), ("oreil", "O&#39;Rei&#76;")]:
        start = folded.index(piece)
        begin, end = slice_of(FOLD.marks(text), start, start + len(piece), text)
        assert text[begin:end] == written


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("JSCARGUMENT", "argument"),
        ("SISDOO", "sis"),
        ("GAZPROMPAO", "gazprom"),
        ("Orchid OOOROMASHKA", "orchid romashka"),
    ],
)
def test_guess_takes_a_legal_form_from_a_word_without_a_seam(text, folded):
    """Among the guesses is the name without the form that begins or ends one of its words."""
    assert folded in [FOLD(guess) for guess in FOLD.guesses(text)]


@pytest.mark.parametrize("text", ["Orchid Mill", "ZINC", "Co., Ltd.", "JSC", "北京", ""])
def test_no_guess_where_no_form_is_glued(text):
    """A word that leaves less than three letters is not taken apart."""
    assert FOLD.guesses(text) == []


def test_guesses_are_limited():
    """A text of many glued words gives a limited number of guesses, all of its length."""
    text = "JSCARGUMENT " * 20
    guesses = FOLD.guesses(text)
    assert len(guesses) == GUESSES_MAX
    assert {len(guess) for guess in guesses} == {len(text)}


@pytest.mark.parametrize(
    "piece", ["a", "aA", "AAa", "Sdn ", "Bhd ", "SiemensAG", "&amp;", "#", "(", "СКАТ ", "S. ", "(株)", "n°", "and "]
)
def test_cost_of_a_name_grows_with_its_length_only(piece):
    """A name of up to 100,000 characters is folded, read, marked and guessed at, whatever it is made of."""

    def prepare(chars, number):
        text = f"{number} {piece * (chars // len(piece))}"

        def call():
            assert FOLD(text).isascii()
            assert len(FOLD.marks(text)) == len(FOLD(text))
            assert all(len(read) == len(text) for read in (*FOLD.readings(text), *FOLD.guesses(text)))

        return call

    assert_growth(prepare, 25_000)


def test_misspelt_form_has_a_bounded_length():
    """A long form with one letter too many is guessed at, with two it is a word like another."""
    (guess,) = FOLD.guesses("Orchid Aktiengesellschaftt")
    assert guess.strip() == "Orchid"
    assert FOLD.guesses("Orchid Aktiengesellschafttt") == []
    longest = max(FOLD._long, key=len)
    (guess,) = FOLD.guesses(f"Orchid {longest}t")
    assert guess.strip() == "Orchid"
    assert FOLD.guesses(f"Orchid {longest}tt") == []


def test_words_keep_legal_forms():
    """The words of a name are all there, in order."""
    assert words("S.A. Orchid & Mill Co., Ltd.") == ["sa", "orchid", "mill", "co", "ltd"]


def test_glue_drops_blanks():
    """Names that differ in where a mark stood are one when glued."""
    assert glue(FOLD("Sense-Time")) == glue(FOLD("SenseTime")) == "sensetime"


@pytest.mark.parametrize(
    ("text", "piece", "expected"),
    [
        ("Orchid Mill", "orchid mill", "Orchid Mill"),
        ("the Orchid Mill, Ltd.", "orchid mill", "Orchid Mill"),
        ("the ＯＲＣＨＩＤ　Mill!", "orchid mill", "ＯＲＣＨＩＤ　Mill"),
        ("Cafe\u0301 Mu\u0308ller Lab", "muller", "Mu\u0308ller"),
        ("Cafe\u0301 Mu\u0308ller Lab", "cafe", "Cafe\u0301"),
        ("one ﬁne-ﬂour two", "fine flour", "ﬁne-ﬂour"),
        ("one Orchid & Co. Mill two", "orchid mill", "Orchid & Co. Mill"),
        ("x O. R. C. Mill", "mill", "Mill"),
        ("die Straße 5", "strasse", "Straße"),
        ("\u200bOrchid\u200b Mill", "mill", "Mill"),
        ("深圳市北方公司", "bei fang", "北方"),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8 Mill", "mill", "Mill"),
        ("\u09c7\u09be\u09c7\u09be Orchid Mill", "orchid mill", "Orchid Mill"),
        ("\u0b95\u0bc6\u0bbe\u0b95\u0bc6\u0bbe Orchid Mill", "orchid mill", "Orchid Mill"),
    ],
)
def test_place_leads_back_to_the_text_as_written(text, piece, expected):
    """A slice of the folded text is found in the text, in its own letters, accents, ligatures and widths."""
    folded = FOLD(text)
    start = folded.index(piece)
    begin, end = slice_of(FOLD.marks(text), start, start + len(piece), text)
    assert text[begin:end] == expected


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (3, 1), (99, 100), (0, 99)])
def test_place_outside_leads_to_a_slice_of_the_text(start, end):
    """A slice that is none still leads to a slice within the text."""
    begin, stop = slice_of(FOLD.marks("Orchid"), start, end, "Orchid")
    assert 0 <= begin <= stop <= len("Orchid")
