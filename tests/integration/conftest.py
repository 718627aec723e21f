"""A real Kafka for the session, and names in it that no other test uses."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from screener.broker import start, stop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers: those of `--bootstrap-servers`, else of a broker that lives as long as the session."""
    if named := request.config.getoption("--bootstrap-servers"):
        yield named
        return
    directory = tmp_path_factory.mktemp("broker")
    try:
        yield start(directory).bootstrap
    finally:
        stop(directory)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix of topic names and groups that no other test has."""
    return f"t-{uuid.uuid4().hex[:8]}."
