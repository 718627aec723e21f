"""The locks: one for each purpose, every file hashed, and the same packages as pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = ("runtime", "broker", "test", "ops", "bench", "fuzz", "build", "oracle", "quix")


def inputs(name: str) -> list[str]:
    lines = (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-c "))]


def pins(name: str) -> dict[str, str]:
    """Package -> version, with the marker if there is one."""
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, flags=re.MULTILINE))


def test_the_inputs_are_those_of_the_project() -> None:
    """Nothing is a dependency of the package and missing from the locks, or the other way round."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert inputs("runtime") == project["dependencies"]
    assert inputs("broker") == project["optional-dependencies"]["broker"]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_all_that_its_input_names(name: str) -> None:
    """Each package of an input is pinned in its lock: `make locks` was not forgotten."""
    wanted = {re.split(r"[<>=!~\[; ]", line)[0].lower() for line in inputs(name)}
    assert wanted <= set(pins(name))


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_nothing_names_a_place(name: str) -> None:
    """A lock has pins, hashes and reasons; no options, addresses or paths of a machine."""
    known = r"[\w.-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    # [^:/]*"
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(known, line)] == []
    pinned = [number for number, line in enumerate(lines) if "==" in line]
    assert all(lines[number + 1].startswith("    --hash=") for number in pinned)


def test_the_locks_agree() -> None:
    """A package that several purposes need has one version in all of them."""
    versions: dict[str, set[str]] = {}
    for name in set(LOCKS) - {"quix"}:
        for package, version in pins(name).items():
            versions.setdefault(package, set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_the_rival_runs_the_core_with_the_same_libraries() -> None:
    """In its own environment only the Kafka client is another one, which it asks for."""
    ours, its = pins("runtime"), pins("quix")
    assert {package for package, version in its.items() if ours.get(package, version) != version} == {"confluent-kafka"}
