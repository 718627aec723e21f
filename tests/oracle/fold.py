"""The reference fold: step by step over whole strings, nothing shared with `screener.core.fold` but the legal forms."""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from anyascii import anyascii

RULES = Path(__file__).parents[2] / "screener" / "rules"
ROUNDS_MAX = 8
NAMED_ENTITIES = "amp quot apos lt gt nbsp shy szlig aelig oelig reg copy trade deg lsquo rsquo ldquo rdquo ndash mdash"
ACCENTS = "uml acute grave circ tilde cedil ring caron slash"


def _without_entities(text: str) -> str:
    """HTML entities read as their characters; one that was written twice over ("&amp;amp;") too."""
    names = "|".join(NAMED_ENTITIES.split())
    entity = rf"&(?:amp;)*(#[0-9]{{1,7}}|#x[0-9a-f]{{1,6}}|{names}|[a-z](?:{'|'.join(ACCENTS.split())}));"
    return re.sub(entity, lambda found: _character(found.group(1)), text, flags=re.IGNORECASE | re.ASCII)


def _character(name: str) -> str:
    if name[0] == "#":
        code = int(name.lower().removeprefix("#x"), 16) if name[1] in "xX" else int(name[1:])
        return chr(code) if code < 0x110000 else " "
    named = html.unescape(f"&{name.lower()};")
    return named if len(named) == 1 else name[0]  # a letter with an accent that HTML has no name for


def _plain(text: str) -> str:
    """Width, case, accents, script and punctuation gone; words with one blank between."""
    text = re.sub("[\uff01-\uff5e]", lambda wide: unicodedata.normalize("NFKC", wide.group()), text)
    text = _without_entities(text)
    text = re.sub(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff]", "", text)
    text = re.sub(r"#(?=\s*\d)|\u2116|[nN][\u00b0\u00ba]", " no ", text)
    text = re.sub(r"\([ \u3000]?[株有同資资名合社財주유합재사][ \u3000]?\)", " ", unicodedata.normalize("NFC", text))
    text = re.sub(r"[\u00ff\u0178](?!\w)", " ", text)
    text = re.sub(r"['`\u00b4\u2018\u2019\u201b\u2032\u02b9\u02bb-\u02bf\u02c8\uff07\uff40]", "", text)
    text = re.sub(r"([\u3400-\u9fff\uf900-\ufaff])", r" \1 ", text)
    text = unicodedata.normalize("NFKC", text)
    stripped = ""
    for character in text:
        base = unicodedata.normalize("NFD", character)[0]
        stripped += base if base.isascii() else character
    stripped = re.sub(r"[^\w\s]|_", " ", stripped)
    latin = anyascii(stripped).lower().replace("'", "")
    return re.sub(r"[^a-z0-9]+", " ", latin).strip()


def _joined_letters(text: str) -> str:
    joined = re.sub(r"\b(?:[a-z] )+[a-z]\b", lambda run: run.group().replace(" ", ""), text)
    return re.sub(r"\bnr (?=\d)", "no ", joined)


@cache
def legal_forms(place: str) -> tuple[str, ...]:
    """Every legal form of a place ("", "start" or "end"), plain, the longest first."""
    table = tomllib.loads((RULES / "legal_forms.toml").read_text(encoding="utf-8"))
    sections = [section for section in table.values() if section.get("place", "") == place]
    forms = {_joined_letters(_plain(form)) for section in sections for form in section["forms"]} - {""}
    return tuple(sorted(forms | ({"and"} if not place else set()), key=lambda form: (-len(form.split()), form)))


@cache
def _forms_pattern() -> re.Pattern[str]:
    forms = "|".join(re.escape(form.replace(" ", "  ")) for form in legal_forms(""))
    return re.compile(rf"(?<= )(?:{forms})(?= )")


def _without_forms(text: str) -> str:
    bare = " ".join(_forms_pattern().sub(" ", f" {text.replace(' ', '  ')} ").split())
    while form := next((form for form in legal_forms("start") if bare.startswith(f"{form} ")), None):
        bare = bare.removeprefix(f"{form} ")
    while form := next((form for form in legal_forms("end") if bare.endswith(f" {form}")), None):
        bare = bare.removesuffix(f" {form}")
    return bare


def reference_fold(text: str) -> str:
    """A name's comparable form, as the contract of `screener.core.fold` words it."""
    spelled = _joined_letters(_plain(text))
    said = " ".join(word for word in spelled.split() if word != "and")
    whole = bare = _joined_letters(said) or spelled
    for _ in range(ROUNDS_MAX):
        rest = _joined_letters(_without_forms(bare))
        if rest == bare:
            return bare
        if not rest:
            break
        bare = rest
    return whole
