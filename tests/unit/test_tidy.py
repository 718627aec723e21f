"""The house rules that a machine can check: names, sizes, docstrings, a clean core and clean text files."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "screener"

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

# Names that say nothing. A module is none of these; no name has one of the first as a word of it.
EMPTY_WORDS = frozenset({"util", "utils", "helper", "helpers", "manager", "managers"})
EMPTY_MODULES = EMPTY_WORDS | {"misc", "common"}
EMPTY_NAMES = frozenset({"data", "info", "process", "handle"})

# What the core may import: nothing of it reads a file, a clock or a socket, but for the time zones of zoneinfo.
PURE_STANDARD_LIBRARY = frozenset(
    {
        "__future__",
        "array",
        "base64",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "math",
        "operator",
        "re",
        "string",
        "types",
        "typing",
        "unicodedata",
        "zoneinfo",
    }
)
CORE_IMPORTS = PURE_STANDARD_LIBRARY | {"orjson", "anyascii", "rapidfuzz"}
CORE_OWN_IMPORTS = (
    "screener.model",
    "screener.owners",
    "screener.packed",
    "screener.authorizations",
    "screener.licensing",
    "screener.rulings",
    "screener.errors",
    "screener.core",
    "screener.memory",
    "screener.protocols",
)
CLOCKS = frozenset(
    {f"{name}.{call}" for name in ("datetime", "date") for call in ("now", "utcnow", "today")}
    | {
        f"time.{call}"
        for call in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime")
    }
)

TIMERS = frozenset(
    {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "process_time_ns"}
    | {"thread_time", "thread_time_ns", "time", "time_ns"}
)

# Written so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.~/$})-])/(?:work|root|Users)/[\w.]")
REGISTRY_HOSTS = ("pypi", "pythonhosted", "npmjs", "anaconda", "crates", "rubygems", "artifactory", "nexus", "devpi")
REGISTRY = re.compile(
    rf"https?:/{{2}}[^\s/\"'>]*(?:{'|'.join(REGISTRY_HOSTS)}|repo1?\.maven)|https?:/{{2}}\S+/\+?simple\b"
)


@cache
def listed() -> tuple[Path, ...]:
    """Files that are in the repository or about to be; the tests that need them are skipped outside a checkout."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ()
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    paths = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def text_files(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """Listed files that are text in UTF-8, with the suffixes if any are given."""
    if not listed():
        pytest.skip("not a git checkout: there is no list of the repository's files")
    for path in listed():
        if suffixes and path.suffix not in suffixes:
            continue
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            yield path, text


def parsed(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def defined(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that the code gives, with their lines: definitions, arguments, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno
            case _:
                pass


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Modules that the code imports, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                # `from screener import core` names screener.core, `from screener import __version__` none.
                below = [f"{module}.{alias.name}" for alias in names if not alias.name.startswith("_")]
                yield from ((name, node.lineno) for name in (below if module == "screener" else [str(module)]))
            case ast.ImportFrom():
                yield "a relative import", node.lineno
            case _:
                pass


def words(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def test_no_module_has_an_empty_name() -> None:
    """No module or package is called util, helper, manager, misc or common."""
    found = [path for folder in (PACKAGE, ROOT / "tests", ROOT / "benchmarks") for path in folder.rglob("*")]
    assert [str(path.relative_to(ROOT)) for path in found if path.stem in EMPTY_MODULES] == []


def test_no_name_is_an_empty_word() -> None:
    """Nothing is called data, info, process or handle, and no name has util, helper or manager in it."""
    found = [
        f"{place(path, line)} {name}"
        for path, tree in parsed(PACKAGE)
        for name, line in defined(tree)
        if name in EMPTY_NAMES or words(name) & EMPTY_WORDS
    ]
    assert found == []


def test_every_folder_with_code_is_a_package() -> None:
    """Each folder of the package that holds code has an __init__.py: import-linter does not see the others."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_files_are_short() -> None:
    """No file of the package has more than 500 lines."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert [place(path, length) for path, length in lengths.items() if length > FILE_LINES_MAX] == []


def test_functions_are_short() -> None:
    """No function of the package has more than 70 lines, its decorators and docstring counted."""
    found = [
        f"{place(path, node.lineno)} {node.name}"
        for path, tree in parsed(PACKAGE)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - min([node.lineno, *(one.lineno for one in node.decorator_list)])
        >= FUNCTION_LINES_MAX
    ]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    """Each module of the package begins with a docstring of at least one whole sentence."""
    found = [
        place(path, 1)
        for path, tree in parsed(PACKAGE)
        if not re.search(r"\w[.!?]\s", (ast.get_docstring(tree) or "") + "\n")
    ]
    assert found == []


def test_every_test_states_a_fact() -> None:
    """Each test function has a docstring."""
    found = [
        f"{place(path, node.lineno)} {node.name}"
        for path, tree in parsed(ROOT / "tests")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and path.name.startswith("test_")
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert found == []


def test_core_reads_no_clock() -> None:
    """No code of the core calls a clock: the day is an argument."""
    found = [
        f"{place(path, node.lineno)} {ast.unparse(node.func)}"
        for path, tree in parsed(PACKAGE / "core")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ".".join(ast.unparse(node.func).split(".")[-2:]) in CLOCKS
    ]
    assert found == []


def timed_asserts(tree: ast.AST) -> Iterator[int]:
    """Lines of asserts about a clock, about a name that was set to a difference of its times, or a function of them.

    `assert time.monotonic() < deadline` in a loop that waits is none: it fails when nothing ever comes.
    """
    spans = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and differences(node)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    spans |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and differences(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert) or re.fullmatch(r"[\w.]+\(\) < deadline", ast.unparse(node.test)):
            continue
        if timed(node.test) or any(isinstance(part, ast.Name) and part.id in spans for part in ast.walk(node.test)):
            yield node.lineno


def differences(tree: ast.AST) -> bool:
    """True where a time is taken from a clock's."""
    return any(isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub) and timed(part) for part in ast.walk(tree))


def timed(tree: ast.AST) -> bool:
    """True where a clock is called."""
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(call.removeprefix("time.") in TIMERS and (call.startswith("time.") or call != "time") for call in calls)


def test_no_test_asserts_how_long_something_took() -> None:
    """A slow machine fails no test: what must not blow up is compared with a smaller case (tests/costs.py)."""
    found = [place(path, line) for path, tree in parsed(ROOT / "tests") for line in timed_asserts(tree)]
    assert found == []


@pytest.mark.parametrize(
    ("lines", "caught"),
    [
        ("assert time.monotonic() - begun < 5", True),
        ("assert perf_counter() - begun < limit", True),
        ("took = time.process_time() - begun\nassert took < 2", True),
        ("took = round(time.time() - begun, 1)\nassert 0 < took", True),
        ("def seconds():\n    return time.time() - begun\nassert seconds() < 2", True),
        ("while not seen():\n    assert time.monotonic() < deadline, 'nothing came'", False),
        ("deadline = time.monotonic() + 60\nassert seen", False),
        ("begun = time.time()\nassert stamp", False),
        ("took = 5 - begun\nassert took < 2", False),
    ],
)
def test_the_search_for_clocks_finds_what_it_is_for(lines: str, caught: bool) -> None:
    """Asserts about a clock are found, directly and by the name of a difference; loops that wait are left alone."""
    assert bool(list(timed_asserts(ast.parse(lines)))) is caught


def test_core_imports_only_what_is_pure() -> None:
    """The core imports the pure parts of the standard library, three libraries, the model, the errors and itself."""
    found = [
        f"{place(path, line)} {name}"
        for path, tree in parsed(PACKAGE / "core")
        for name, line in imported(tree)
        if not (
            name.split(".")[0] in CORE_IMPORTS
            or any(name == own or name.startswith(f"{own}.") for own in CORE_OWN_IMPORTS)
        )
    ]
    assert found == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    """No file holds an absolute path of someone's machine or the address of a package registry."""
    found = [
        f"{place(path, number)} {line.strip()[:80]}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line) or REGISTRY.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("cd {}work/main", True),
        ("'{}root/x'", True),
        ("path={}Users/someone", True),
        ("docs{}work/main", False),
        ("~{}root/x", False),
        ("{}workers/x", False),
        ("http:{}{}pypi.example/x", True),
        ("https:{}{}files.python" + "hosted.example", True),
        ("https:{}{}mirror.example/simple/", True),
        ("https:{}{}docs.example/simple-start", True),
        ("https:{}{}kafka.apache.org/documentation", False),
    ],
)
def test_the_search_finds_what_it_is_for(line: str, caught: bool) -> None:
    """Paths and addresses are found where they begin, and what only looks alike is left alone."""
    filled = line.replace("{}", "/")
    assert bool(MACHINE_PATH.search(filled) or REGISTRY.search(filled)) is caught


def test_text_is_clean() -> None:
    """No Python, TOML, Markdown or YAML file has a tab, a carriage return or blanks at the end of a line."""
    found = [
        place(path, number)
        for path, text in text_files(".py", ".toml", ".md", ".yaml", ".yml")
        for number, line in enumerate(text.split("\n"), 1)
        if "\t" in line or "\r" in line or line != line.rstrip()
    ]
    assert found == []


def test_files_end_with_a_line_break() -> None:
    """Each Python, TOML, Markdown and YAML file that is not empty ends with exactly one line break."""
    found = [
        place(path, 1)
        for path, text in text_files(".py", ".toml", ".md", ".yaml", ".yml")
        if text and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert found == []
