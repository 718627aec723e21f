"""The fold is what its reference says, on random Unicode and on every published name; and it leads back to the text."""

import unicodedata
from functools import cache

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from screener.core.fold import slice_of, words
from screener.core.readings import parts
from screener.lists import patterns, rules
from screener.lists.read import read_lists
from tests.oracle.fold import reference_fold
from tests.oracle.label_register import register_names

FOLD = patterns.folder(rules.read_tables())

# The reference works on whole strings and makes no promise for what is no letter, digit, blank or punctuation mark:
# for marks and modifiers without a letter, symbols that stand for several letters, and letters that decompose to marks.
LETTER_KINDS = ("Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No", "Zs", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc")
LEFT_TO_THE_FOLD = frozenset("\u00b4\u2033\u2034\u2057")  # accents and primes that the fold reads as apostrophes


def _becomes_a_mark(character):
    parts = unicodedata.normalize("NFC", character) + unicodedata.normalize("NFKC", character)
    return any(unicodedata.category(part) in {"Mn", "Mc", "Me", "Lm"} for part in parts)


@cache
def agreed():
    """The characters that both make a promise for."""
    return "".join(
        character
        for character in map(chr, range(0x20000))
        if unicodedata.category(character) in LETTER_KINDS
        and character not in LEFT_TO_THE_FOLD
        and not _becomes_a_mark(character)
    )


PLAIN_WORDS = (
    "Co.",
    "Ltd",
    "and",
    "&",
    "S.A.",
    "OOO",
    "Company Limited",
    "a",
    "B",
    "é",
    "Ünal",
    "北京",
    "Завод",
    "'",
    "’",
)
FORMS = ("Sdn", "Bhd", "Limited", "Liability", "s", "de", "R.L.", "C.V.", "SE", "Est", "RUE", "IP", "有限公司", "(株)")
SIGNS = ("&amp;", "&#39;", "&#x41;", "&Uuml;", "&quot;", "#", "#5", "№", "Nr", "N°", "7", "No.", "(주)")
WORDS = st.sampled_from([*PLAIN_WORDS, *FORMS, *SIGNS])
BLANKS = st.sampled_from([" ", "  ", ".", ", ", "-", "\u00a0", "\u3000", "\n", ""])
LETTERS = st.deferred(lambda: st.text(alphabet=st.sampled_from(agreed()), max_size=8))
NAMES = st.lists(WORDS | BLANKS | LETTERS, max_size=8).map("".join)
ASCII = st.text(alphabet=st.characters(max_codepoint=0x7E, min_codepoint=0x20), max_size=40)
ANY = st.text(alphabet=st.characters(), max_size=30)
WITH_SURROGATES = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)


@given(NAMES)
@example("S. A. and B. C.")
@example("A Co., Ltd. & B")
@example("ÿ")
@settings(max_examples=600, deadline=None)
def test_fold_is_what_the_reference_says(name):
    """Letters, digits, blanks and punctuation of all scripts fold as the reference folds them."""
    assert FOLD(name) == reference_fold(name)


def test_fold_is_what_the_reference_says_on_every_published_name(reference_data):
    """Every name of the published list of 2026 folds as the reference folds it, and its words are spelled alike."""
    [source] = read_lists(reference_data / "lists" / "consolidated_2026-07-31.csv.gz")
    names = {alias.name for entry in source.entries for alias in entry.aliases}
    assert len(names) > 50_000
    assert [name for name in names if FOLD(name) != reference_fold(name)] == []


def test_every_published_name_leads_back_to_itself(reference_data):
    """In every published name that is not plain ASCII, the place of its last word folds to that word."""
    [source] = read_lists(reference_data / "lists" / "consolidated_2026-07-31.csv.gz")
    names = {alias.name for entry in source.entries for alias in entry.aliases if not alias.name.isascii()}
    assert [name for name in sorted(names) if not _leads_back(name)] == []


def _leads_back(name):
    folded = FOLD(name)
    start = folded.rfind(" ") + 1
    begin, end = slice_of(FOLD.marks(name), start, len(folded), name)
    return "".join(words(name[begin:end])) == folded[start:] or FOLD(name[begin:end]) == folded[start:]


@given(ASCII)
@settings(max_examples=300)
def test_case_and_width_make_no_difference(text):
    """Upper, lower and full-width letters of ASCII fold alike."""
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else "\u3000" for letter in text)
    assert FOLD(text.upper()) == FOLD(text.lower()) == FOLD(text) == FOLD(wide)


@given(ANY)
@settings(max_examples=300)
def test_composition_makes_no_difference(text):
    """A text composed and the same text decomposed fold alike."""
    assert FOLD(unicodedata.normalize("NFC", text)) == FOLD(unicodedata.normalize("NFD", text))


@given(WITH_SURROGATES)
@settings(max_examples=400)
def test_fold_is_total(text):
    """Whatever characters a string has, it folds to words of small letters and digits with one blank between."""
    folded = FOLD(text)
    assert folded == " ".join(folded.split())
    assert folded.replace(" ", "").isalnum() or not folded
    assert folded.isascii()
    assert folded == folded.lower()


@given(WITH_SURROGATES, st.integers(-5, 60), st.integers(-5, 60))
@settings(max_examples=300)
def test_locate_is_total(text, start, end):
    """Whatever slice is asked for, the answer is a slice of the text."""
    begin, stop = slice_of(FOLD.marks(text), max(start, 0), end, text)
    assert 0 <= begin <= stop <= len(text)


@given(ANY | NAMES, ANY | NAMES)
@example("\u09c7\u09be", "")
@example("½", "½")
@settings(max_examples=500, deadline=None)
def test_place_leads_back_to_the_words_it_came_from(before, behind):
    """Whatever stands around a listed name, its place in the folded text leads back to it as written."""
    text = f"{before} Zorvantek Müller {behind}"
    folded = f" {FOLD(text)} "
    start = folded.find(" zorvantek muller ")
    if start < 0:
        return  # what stands before or behind grew into the name: a mark, or a run of letters
    begin, end = slice_of(FOLD.marks(text), start, start + len("zorvantek muller"), text)
    assert FOLD(text[begin:end]) == "zorvantek muller"


@given(
    st.text(alphabet="abcxyz", min_size=2, max_size=8), st.integers(0, 7), st.characters(categories=["Mn", "Me", "Cf"])
)
@settings(max_examples=300)
def test_marks_and_format_characters_do_not_split_a_word(word, at, mark):
    """A combining mark or a character without width inside a word of ASCII letters leaves the word what it is."""
    assume(mark != "\u0308")  # "y" with it at a word's end is residue of a code page
    assert words(word[:at] + mark + word[at:]) == [word] or not word[:at]


@given(ANY | NAMES)
@example("Orchid A and B")
@example("Sdn Co Bhd Orchid")
@example("Orchid nr Co 5")
@settings(max_examples=800, deadline=None)
def test_folded_text_folds_to_itself(text):
    """The fold has nothing more to do on its own answer."""
    folded = FOLD(text)
    assert FOLD(folded) == folded
    assert " ".join(words(folded)) == folded


@given(
    st.permutations(["Zorvantek", "Ltd", "Co.", "OOO", "GmbH", "Sp. z o.o.", "Anonim Şirketi", "有限公司", "Sdn Bhd"])
)
@settings(max_examples=200)
def test_order_of_legal_forms_makes_no_difference(pieces):
    """Wherever legal forms stand around a name, the name is what remains; but two runs of single letters would join."""
    assert FOLD(", ".join(pieces)) == "zorvantek"


@given(WITH_SURROGATES | NAMES)
@settings(max_examples=500, deadline=None)
def test_readings_and_guesses_have_the_length_of_the_text(text):
    """Whatever a text holds, a place in any of its readings and guesses is a place in the text."""
    assert {len(read) for read in (*FOLD.readings(text), *FOLD.guesses(text))} == {len(text)}


@given(ASCII)
@settings(max_examples=300)
def test_first_reading_folds_as_the_text(text):
    """A text with its entities read as characters folds as the text does."""
    assert FOLD(FOLD.readings(text)[0]) == FOLD(text)


SPOKEN = st.sampled_from(
    "Acme ACME iCore AcmeGmbH GmbHAcme Corporaton International care of dba Attn t/a Co. Ltd Limited Private GmbH AG "
    "S.A. S A B.V. and & nr 7 13 x9".split()
)
BETWEEN = st.sampled_from([" ", " ", "  ", ". ", ", ", ",", " - ", "-", ";", "/", " (", ") ", "&", "'", ""])
SAID = st.lists(st.tuples(SPOKEN, BETWEEN), min_size=1, max_size=7).map(lambda rows: "".join(map("".join, rows)))


@given(SAID | ASCII | ANY)
@example("Acme Holding, Ltd.")
@example("Acme Private, Limited")
@example("Acme care of Bolt")
@example("Northern-AcmeGmbH")
@example("Acme Corporaton")
@settings(max_examples=1_500, deadline=None)
def test_a_plain_name_is_read_in_one_way_and_its_parts_say_no_more(name):
    """What is called plain has one reading, and each of its parts of several words is all of it; guesses are known."""
    found = FOLD.plain(name)
    if found is None:
        return
    core = FOLD.core(found)
    assert FOLD.readings(name) == [name]
    assert found == words(name)
    for begin, stop in parts(name):
        part = FOLD.core(words(name[begin:stop]))
        assert part == core or len(part) == 1
    assert FOLD.has_guesses(found) or not FOLD.guesses(name)


def test_most_published_names_of_companies_are_plain(reference_data):
    """The short way is the usual one; else it would be there for nothing."""
    names = register_names(reference_data, "sec")
    assert sum(FOLD.plain(name) is not None for name in names) > 0.8 * len(names)
