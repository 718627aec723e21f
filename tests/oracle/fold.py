"""The reference fold: step by step over whole strings, nothing shared with `screener.core.fold` but the legal forms."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from anyascii import anyascii

RULES = Path(__file__).parents[2] / "screener" / "rules"


def _plain(text: str) -> str:
    """Width, case, accents, script and punctuation gone; words with one blank between."""
    text = re.sub(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]", "", text)
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
    return re.sub(r"\b(?:[a-z] )+[a-z]\b", lambda run: run.group().replace(" ", ""), text)


@cache
def legal_forms() -> tuple[str, ...]:
    """Every legal form, plain, the longest first."""
    table = tomllib.loads((RULES / "legal_forms.toml").read_text(encoding="utf-8"))
    forms = {_joined_letters(_plain(form)) for section in table.values() for form in section["forms"]}
    return tuple(sorted(forms | {"and"}, key=lambda form: (-len(form.split()), form)))


@cache
def _forms_pattern() -> re.Pattern[str]:
    return re.compile(r"(?<= )(?:" + "|".join(re.escape(form.replace(" ", "  ")) for form in legal_forms()) + r")(?= )")


def reference_fold(text: str) -> str:
    """A name's comparable form, as the contract of `screener.core.fold` words it."""
    spelled = _joined_letters(_plain(text))
    bare = " ".join(_forms_pattern().sub(" ", f" {spelled.replace(' ', '  ')} ").split())
    return bare or spelled
