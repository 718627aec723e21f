"""What the program is made of: locked packages with known licenses, and code without what can run what it is given.

docs/security.md lists the licenses and each place where a finding of ruff's S rules is suppressed, with its reason.
"""

from __future__ import annotations

import ast
import re
import tomllib
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from tests.ops.rendering import ROOT
from tests.ops.test_threats import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(path.name for path in REQUIREMENTS.glob("*.txt"))
PIN = re.compile(r"^([\w.-]+)==(\S+)( ; sys_platform == 'win32')?", re.MULTILINE)
LICENSES = re.compile(
    r"Apache-2\.0|Apache Software License|MIT( License)?|BSD-[23]-Clause|BSD License|ISC License \(ISCL\)|MPL-2\.0|"
    r"PSF-2\.0|Python Software Foundation License|Public-Domain|Repoze Public License"
)
"""Licenses under which a package may be a dependency at run time: none asks to publish what is built with it."""


def lines(lock: str) -> list[str]:
    return (REQUIREMENTS / lock).read_text(encoding="utf-8").splitlines()


def sources(*folders: str) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")


# --- packages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS)
def test_each_requirement_of_a_lock_has_a_version_and_hashes(lock: str) -> None:
    """Nothing is taken by name alone, from an address, from a folder or from a repository; each hash is a sha256."""
    text = "\n".join(lines(lock)).replace("\\\n", "")
    requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert requirements
    for line in requirements:
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; [^-]+?)? +(--hash=sha256:[0-9a-f]{64} *)+", line), line[:80]
    assert not re.search(r"://| @ |^-|git\+|file:", text, re.MULTILINE)


def test_each_installation_takes_hashes() -> None:
    """The Makefile and the Dockerfile install locks with --require-hashes, and else only the program itself."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8") + (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"\\\n\s*", "", text).replace("$(LOCKED)", "$(PIP_INSTALL) --require-hashes")
    found = [line for line in text.splitlines() if re.search(r"\(PIP_INSTALL\) |\bpip\b.* (install|wheel) ", line)]
    assert len(found) > 8
    for line in found:
        for command in re.split(r"&&|\|\|", line):
            if re.search(r"\(PIP_INSTALL\) |\bpip\b.* (install|wheel) ", command) and "needs uv" not in command:
                assert "--require-hashes" in command or "--no-deps" in command, command


def license_of(package: str) -> str:
    """What a package says of its license: as an expression, else by its classifiers, else in a word."""
    about = metadata.metadata(package)
    named = [row.rpartition(" :: ")[2] for row in about.get_all("Classifier") or [] if row.startswith("License :: ")]
    if "License-Expression" in about:
        return about["License-Expression"]
    (written,) = (about.get_all("License") or ["none"])[:1]
    return ", ".join(named) or str(written).partition("\n")[0]


def locked() -> list[str]:
    """What the runtime lock installs where the program runs (Linux)."""
    pins = PIN.findall((REQUIREMENTS / "runtime.txt").read_text(encoding="utf-8"))
    return [name for name, _, windows in pins if not windows]


def test_licenses_of_the_dependencies_are_known_and_told() -> None:
    """The page has each package of the runtime lock with the license that its own metadata state."""
    assert {row["Package"]: row["License"] for row in table("Dependencies")} == {
        f"`{name}`": license_of(name) for name in locked()
    }


@pytest.mark.parametrize("package", locked())
def test_license_allows_what_is_done_with_the_package(package: str) -> None:
    """Each license, and each part of an expression, is one that is allowed."""
    for part in re.split(r" AND | OR | and |, ", license_of(package)):
        bare = part.strip("() ") if part.count("(") != part.count(")") else part
        assert LICENSES.fullmatch(bare), part


def test_package_names_its_license() -> None:
    """The program's own license is in its metadata and beside it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


# --- code -------------------------------------------------------------------------------------------------------------

MODULES = frozenset(
    "pickle _pickle cPickle dill marshal shelve dbm yaml lxml zipfile tarfile telnetlib ftplib imp code codeop "
    "xmlrpc cgi pdb runpy".split()
)
XML = frozenset({"xml.parsers", "xml.sax.saxutils"})
"""What of XML may be imported: the parser that `records.py` holds to its limits, and what escapes texts of drawings."""
CALLS = frozenset(
    "eval exec compile __import__ input breakpoint os.system os.popen os.execv os.spawnv tempfile.mktemp hashlib.md5 "
    "hashlib.sha1 hashlib.new importlib.import_module ssl._create_unverified_context subprocess.getoutput "
    "subprocess.getstatusoutput".split()
)
ARGUMENTS = {("shell", "True"), ("verify", "False"), ("check_hostname", "False"), ("usedforsecurity", "False")}


def forbidden(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What must not be in a module: imports, calls, arguments and statements that run, load or trust too much."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, f"import {name.name}") for name in names if not _may_import(name.name))
            case ast.ImportFrom(module=str(module)) if not _may_import(module):
                yield node.lineno, f"import {module}"
            case ast.Call():
                yield from ((node.lineno, what) for what in _called(node))
            case ast.Assert():
                yield node.lineno, "assert"  # gone under python -O
            case ast.Attribute(attr="CERT_NONE" | "verify_mode"):
                yield node.lineno, ast.unparse(node)


def _may_import(module: str) -> bool:
    first = module.partition(".")[0]
    return module in XML if first == "xml" else first not in MODULES


def _called(node: ast.Call) -> Iterator[str]:
    called = ast.unparse(node.func)
    if called in CALLS:
        yield called
    for argument in node.keywords:
        if (argument.arg, ast.unparse(argument.value)) in ARGUMENTS:
            yield f"{called}({argument.arg}=...)"


def test_package_runs_nothing_that_it_is_given() -> None:
    """No eval, exec, pickle, marshal, YAML or shell, no archive, no weak hash, no check that is an assert."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {what}"
        for path, text in sources("screener")
        for line, what in forbidden(ast.parse(text))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import pickle", "import pickle"),
        ("from yaml import load", "import yaml"),
        ("import xml.etree.ElementTree as ET", "import xml.etree.ElementTree"),
        ("eval('1')", "eval"),
        ("import subprocess\nsubprocess.run('x', shell=True)", "subprocess.run(shell=...)"),
        ("import hashlib\nhashlib.md5(b'')", "hashlib.md5"),
        ("assert x", "assert"),
        ("context.verify_mode = 0", "context.verify_mode"),
    ],
)
def test_search_finds_what_must_not_be_there(code: str, what: str) -> None:
    """The search is at work: each kind is found."""
    assert [found for _, found in forbidden(ast.parse(code))] == [what]


def test_xml_is_read_by_one_module() -> None:
    """One module has a parser of XML, and it refuses document types."""
    assert [path.name for path, text in sources("screener") if "xml.parsers" in text] == ["records.py"]


def test_native_code_is_called_in_one_place() -> None:
    """ctypes is used for one function of the C library without arguments of anybody's making."""
    found = [(path.name, text.count("ctypes.")) for path, text in sources("screener") if "ctypes" in text]
    assert found == [("snapshot.py", 1)]


SUPPRESSED = re.compile(r"# noqa:\s*((?:[A-Z]+\d+,?\s*)+)(.*)")


def suppressions(*folders: str) -> Iterator[tuple[str, str, str]]:
    """File, rule and reason of each place where a finding of the S rules is suppressed."""
    for path, text in sources(*folders):
        for line in text.splitlines():
            found = SUPPRESSED.search(line)
            if found:
                for rule in re.findall(r"\bS\d+", found[1]):
                    yield str(path.relative_to(ROOT)), rule, found[2].strip()


def test_each_suppressed_finding_is_told_with_its_reason() -> None:
    """The page lists every one of the package, word for word; none is without a reason."""
    found = sorted(suppressions("screener", "docs", "k8s", "topics"))
    assert all(reason for *_, reason in found)
    assert sorted((row["File"].strip("`"), row["Rule"], row["Reason"]) for row in table("Suppressed findings")) == found


def test_security_rules_of_the_linter_are_on() -> None:
    """All rules are selected, the package ignores none of S as a whole, and no file turns them off."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    assert [rule for rule in lint["ignore"] if re.fullmatch(r"S\d*", rule)] == []
    for pattern, rules in lint["per-file-ignores"].items():
        if not pattern.startswith(("tests/", "benchmarks/")):
            assert [rule for rule in rules if re.fullmatch(r"S\d*", rule)] == [], pattern
    assert [path for path, text in sources("screener") if re.search(r"#\s*(ruff: noqa|nosec|flake8: noqa)", text)] == []
