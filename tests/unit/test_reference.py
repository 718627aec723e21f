"""The generated reference: it is what the code says now, and every reason code is in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from screener.model import FAULTS
from screener.runners.metrics import Metrics
from tests.scripts import script

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCES = [*sorted((ROOT / "screener" / "core").glob("*.py")), ROOT / "screener" / "runners" / "lane.py"]

CODE = re.compile(r"[A-Z][A-Z0-9_]{2,}")
NO_CODES = {"NFC", "NFD", "NFKC", "LNM", "LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "T23", "EAR99"}
"""Texts in capitals that are no reason codes: forms and scripts of Unicode, an hour, a class of items."""


GENERATE = script("docs/generate.py")


def capitals(path: Path) -> Iterator[str]:
    """Texts of a module that look like reason codes; of an f-string the part before its first value."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def written() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}


@pytest.mark.parametrize("name", sorted(GENERATE.PAGES))
def test_a_page_is_what_the_code_says(name: str) -> None:
    """Commands, metrics, reasons, settings and topics are in the reference as they are in the code."""
    assert written().get(name) == GENERATE.pages()[name], "run `make reference`"


def test_no_page_is_left_over() -> None:
    """Every page of the reference is one that the script writes."""
    assert written().keys() == GENERATE.PAGES.keys()


def test_the_pages_do_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the machine do not get into the reference, and they are still there afterwards."""
    monkeypatch.setenv("SCREENER_BOOTSTRAP_SERVERS", "elsewhere:1")
    monkeypatch.setenv("SCREENER_TOPIC_PREFIX", "trial.")
    pages = GENERATE.pages()
    assert pages == written()
    assert GENERATE.os.environ["SCREENER_BOOTSTRAP_SERVERS"] == "elsewhere:1"


def test_every_reason_code_of_the_core_is_explained() -> None:
    """A code that the core or the lane can give and the reference does not name is a fault."""
    known = GENERATE.documented() | set(GENERATE.suffixes().values()) | NO_CODES
    found = {(path.name, text) for path in SOURCES for text in capitals(path)}
    unknown = [
        f"{name}: {text}"
        for name, text in sorted(found)
        if text not in known and not (text.endswith("_") and any(code.startswith(text) for code in known))
    ]
    assert unknown == []


def test_every_explained_code_can_occur() -> None:
    """A code that is explained is in the source, or in the rules, or begins as an f-string of the source does."""
    found = {text for path in SOURCES for text in capitals(path)}
    from_rules = GENERATE.documented() - GENERATE.CODES.keys() - GENERATE.QUARANTINES.keys()
    begun = tuple(text for text in found if text.endswith("_"))
    assert [code for code in sorted(GENERATE.documented() - from_rules - found) if not code.startswith(begun)] == []


def test_every_code_stands_in_the_page() -> None:
    """The page names each code that the tables explain, and each suffix behind a list."""
    page = GENERATE.pages()["reasons.md"]
    suffixed = {f"<LIST>_{suffix}" for suffix in GENERATE.suffixes().values()}
    assert [code for code in sorted(GENERATE.documented() | suffixed) if f"| `{code}` |" not in page] == []


def test_no_text_is_about_an_option_that_is_gone() -> None:
    """The texts that the script adds to the parser's are about commands and options that exist."""
    page = GENERATE.pages()["commands.md"]
    sections = dict(re.findall(r"^## `([^`]+)`$(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL))
    for command, option in GENERATE.OPTION_TEXTS:
        shown = option if option.startswith("--") else option.upper()
        assert f"| `{shown}" in sections[command], (command, option)


def test_the_file_map_names_every_module() -> None:
    """ARCHITECTURE.md has a line for each module of the package, under its folder."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## File map")[2].partition("\n## ")[0]
    folder, named = "", set()
    for indent, name in re.findall(r"^    ( *)(\S+)", page, flags=re.MULTILINE):
        if name.endswith("/"):
            folder = name if indent else ""
        elif name.endswith(".py"):
            named.add(name if len(indent) == 2 else folder + name)
    package = ROOT / "screener"
    assert named == {path.relative_to(package).as_posix() for path in package.rglob("*.py")}


def test_every_decision_record_is_in_the_index() -> None:
    """docs/adr/README.md links each record in its order, and no two have one number."""
    folder = ROOT / "docs" / "adr"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    linked = re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert linked == records
    numbers = [int(name[:4]) for name in records]
    assert numbers == sorted(set(numbers))


def test_every_reason_of_a_quarantine_is_documented_and_counted_from_the_beginning():
    """A rate sees the first order of a reason only where its series was there before."""
    assert GENERATE.QUARANTINES.keys() == set(FAULTS)
    page = Metrics().exposition().decode()
    assert all(f'screener_quarantined_total{{reason="{code}"}} 0.0' in page for code in FAULTS)
