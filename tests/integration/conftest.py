"""A real Kafka for the session, names in it that no other test uses, and the sample snapshot."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from screener.broker import start, stop
from screener.lists import build, snapshot
from screener.runners import topics
from screener.settings import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


@pytest.fixture(scope="session")
def sample() -> build.Built:
    """The snapshot of the sample lists."""
    return build.build(build.Inputs(sample=True))


@pytest.fixture
def sample_file(sample: build.Built, tmp_path: Path) -> Path:
    """Its file."""
    path = tmp_path / "sample.snapshot"
    snapshot.save(sample.content, path)
    return path


@pytest.fixture
def prefix(broker: str, topic_prefix: str) -> str:
    """A prefix whose topics exist."""
    topics.apply(Cluster(broker), topic_prefix, 2)
    return topic_prefix
