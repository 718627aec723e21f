"""The fold: what makes two names one, and how a place in the folded text leads back to the text as written."""

import pytest

from screener.core.fold import Folder, glue, slice_of, words
from screener.lists import patterns, rules

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
