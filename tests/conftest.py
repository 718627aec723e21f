"""What every test may ask for: the reference lists and names, and an existing broker's address."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from screener.lists import build

settings.register_profile("shared", deadline=None)  # on a shared machine a pause of a quarter second says nothing
settings.load_profile("shared")

ROOT = Path(__file__).resolve().parents[1]
MARKED_BY_FIXTURE = {"broker": "broker", "reference_data": "reference"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bootstrap-servers",
        metavar="HOST:PORT",
        help="run the integration tests against this Kafka (default: one of the session's own)",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it asks for, so that `-m 'not broker'` needs no care from its author."""
    for item in items:
        for fixture, marker in MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of the reference lists, names and labelled pairs."""
    named = os.environ.get("SCREENER_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the reference lists and names are not here: SCREENER_DATA names their folder")
    return folder


@pytest.fixture(scope="session")
def edition(reference_data: Path) -> build.Built:
    """The published list of 2026-07-31 as a snapshot with its file, built once; `replace` gives a new memory."""
    built = build.build(build.Inputs(lists=[reference_data / "lists" / "consolidated_2026-07-31.csv.gz"]))
    gc.collect()
    gc.freeze()  # what stays is not to be looked through again in every test
    return built
