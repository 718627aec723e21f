"""The same broker, names and snapshot as the integration tests have."""

from tests.integration.conftest import broker, prefix, sample, sample_file, topic_prefix

__all__ = ["broker", "prefix", "sample", "sample_file", "topic_prefix"]
