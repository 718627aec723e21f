"""Every input that coverage-guided fuzzing found worth keeping gives a decision that keeps what is promised."""

from __future__ import annotations

from tests import fuzz


def test_the_corpus_keeps_what_is_promised() -> None:
    """Each input, one after the other under one memory, as `make fuzz` left them."""
    corpus = fuzz.inputs()
    assert len(corpus) > 100
    for raw in corpus:
        fuzz.check(raw)
