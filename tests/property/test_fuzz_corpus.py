"""Every input that coverage-guided fuzzing found worth keeping gives a decision that keeps what is promised."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests import fuzz, fuzz_headers


def test_the_corpus_keeps_what_is_promised() -> None:
    """Each input, one after the other under one memory, as `make fuzz` left them."""
    corpus = fuzz.inputs()
    assert len(corpus) > 100
    for raw in corpus:
        fuzz.check(raw)


def test_the_corpus_of_headers_keeps_what_is_promised() -> None:
    """Each input, and every seed of the fuzzer: the client is asked once, and only a valid trace is passed on."""
    corpus = fuzz.inputs("headers")
    assert len(corpus) > 10
    for raw in [*corpus, *fuzz_headers.seeds()]:
        fuzz_headers.check(raw)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(fuzz_headers.NAMES), st.binary(max_size=40)),
            st.one_of(st.none(), st.sampled_from(fuzz_headers.VALUES), st.binary(max_size=600)),
        ),
        max_size=12,
    )
)
def test_any_headers_keep_what_is_promised(headers: list[tuple[bytes, bytes | None]]) -> None:
    """Arbitrary names and values, None, duplicates, any number."""
    marks = fuzz_headers.HEADER_MARK, fuzz_headers.VALUE_MARK
    parts = (name + (b"" if value is None else marks[1] + value) for name, value in headers)
    fuzz_headers.check(b"".join(part + marks[0] for part in parts))
