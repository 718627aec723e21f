"""Coverage-guided fuzzing of `screen`, and of what is made of a record's headers: `make fuzz`.

    python tests/fuzz.py [--target orders|headers] [--seconds N]

Each target has a corpus, `tests/cases/fuzz.jsonl` and `fuzz_headers.jsonl`: one input a line in Base64 and readable
beside it as far as it is text, inputs that reach a part of the code that no shorter one of them reaches. A run mutates
it and the target's seeds (the orders of the screening cases, headers of all kinds), and what it finds that reaches more
is merged into it; what breaks the target's check ends the run and is printed, to become a case. The tests check both
corpora on every run (`tests/property/test_fuzz_corpus.py`).
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CASES = ROOT / "tests" / "cases"
LISTS = CASES / "screening" / "lists"
INPUT_BYTES_MAX = 2_000
READABLE_CHARS = 60


class Target(NamedTuple):
    """What is fuzzed: its corpus, what holds one input against the promises, what is instrumented, where it begins."""

    corpus: Path
    check: Callable[[bytes], None]
    include: tuple[str, ...]
    seeds: Callable[[], list[bytes]]
    words: Callable[[], list[bytes]]


def inputs(target: str = "orders") -> list[bytes]:
    """The corpus of a target."""
    corpus = TARGETS[target].corpus
    lines = corpus.read_text(encoding="utf-8").splitlines() if corpus.is_file() else []
    return [b64decode(json.loads(line)["base64"]) for line in lines]


def check(raw: bytes) -> None:
    """Hold one input against what is promised of every input: AssertionError, or what `screen` raised."""
    import orjson  # noqa: PLC0415  the fuzzer instruments what is imported behind it

    from screener.core import screen  # noqa: PLC0415
    from screener.memory import Memory  # noqa: PLC0415
    from screener.model import Terms  # noqa: PLC0415

    terms = Terms(as_of="2026-11-22", allow_stale=True)
    held = _snapshot()
    decision = screen(raw, held, terms)
    told = orjson.loads(decision.value)
    assert told["outcome"] == decision.outcome
    assert decision.outcome in {"clear", "review", "block", "quarantine"}
    forgetful = replace(held)
    forgetful.memory = Memory(0)
    assert screen(raw, forgetful, terms) == decision, "what was seen before changes a decision"
    if decision.outcome == "quarantine":
        assert b64decode(told["original"]) == raw
    else:
        order = json.loads(raw)
        assert order["order_id"] == decision.order_id
        assert any((party.get("name") or "").strip() for party in order["parties"])
    assert (decision.outcome == "clear") == ("order" not in told and "original" not in told)


def check_headers(raw: bytes) -> None:
    """Hold headers against what is promised of all of them: AssertionError, or what was raised."""
    from tests import fuzz_headers  # noqa: PLC0415  as above

    fuzz_headers.check(raw)


@cache
def _snapshot():
    from screener.lists.build import Inputs, build  # noqa: PLC0415

    lists, private, owners = (
        LISTS / f"{name}.csv" for name in ("consolidated_2026-11-20", "private_2026-11-20", "ownership")
    )
    return build(Inputs(lists=[lists], private=[private], ownership=[owners])).snapshot


# --- the run ---------------------------------------------------------------------------------------------------------


def main() -> int:
    """Run the fuzzer in a process of its own, then merge what it found into the corpus."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--target", choices=TARGETS, default="orders", help="what to fuzz (default: orders)")
    parser.add_argument("--seconds", type=int, default=600, help="how long to look (default: 600)")
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    target = TARGETS[options.target]
    if options.inside is not None:
        return _inside(target, options.inside)
    with tempfile.TemporaryDirectory(prefix="screener-fuzz-") as name:
        folder = Path(name)
        seeds, found, merged = (folder / part for part in ("seeds", "found", "merged"))
        for made in (seeds, found, merged):
            made.mkdir()
        for number, raw in enumerate([*inputs(options.target), *target.seeds()]):
            (seeds / str(number)).write_bytes(raw)
        (folder / "words").write_text("".join(f'"{_quoted(word)}"\n' for word in target.words()), encoding="utf-8")
        limits = [f"-max_len={INPUT_BYTES_MAX}", "-timeout=20", "-rss_limit_mb=6000"]
        script = _script(folder, options.target)
        broken = _started(
            script, [f"-max_total_time={options.seconds}", *limits, f"-dict={folder / 'words'}", str(found), str(seeds)]
        )
        if broken:
            for crash in sorted(folder.glob("crash-*")) + sorted(folder.glob("timeout-*")):
                print(f"{crash.name}: {crash.read_bytes()!r}")
            return 1
        before = len(inputs(options.target))
        _started(script, ["-merge=1", *limits, str(merged), str(seeds), str(found)])
        kept = sorted((path.read_bytes() for path in merged.iterdir()), key=lambda raw: (len(raw), raw))
        target.corpus.write_text("".join(f"{_line(raw)}\n" for raw in kept), encoding="utf-8")
        print(f"corpus: {before} inputs before, {len(kept)} now")
    return 0


def _script(folder: Path, target: str) -> Path:
    """A script that the fuzzer can start itself with: so it merges."""
    script = folder / "fuzz"
    own = f"{shlex.quote(sys.executable)} {shlex.quote(str(Path(__file__).resolve()))} --target {target}"
    script.write_text(f'#!/bin/sh\nexec {own} --inside "$0" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def _started(script: Path, arguments: list[str]) -> int:
    """Run the fuzzer in a process of its own."""
    return subprocess.run([script, *arguments], cwd=script.parent, check=False).returncode


def _inside(target: Target, arguments: list[str]) -> int:
    """Be the fuzzer, called as `arguments` say."""
    import atheris  # noqa: PLC0415  only `make fuzz` installs it

    with atheris.instrument_imports(include=list(target.include)):
        target.check(b"")
    atheris.Setup(arguments, target.check)
    atheris.Fuzz()
    return 0


def _orders_of_cases() -> list[bytes]:
    """The orders of the screening cases."""
    import tomllib  # noqa: PLC0415

    import orjson  # noqa: PLC0415

    found = []
    for path in sorted((CASES / "screening").glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8")).get("case", []):
            order = case.get("order")
            if isinstance(order, dict):
                found.append(orjson.dumps({"order_id": "O-1"} | order, default=str))
    return [raw for raw in found if len(raw) <= INPUT_BYTES_MAX]


def _words() -> list[bytes]:
    """What a mutation may put in: the members of orders and a few values."""
    schema = json.loads((ROOT / "topics" / "schemas" / "order.schema.json").read_text(encoding="utf-8"))
    names = set(schema["properties"])
    for part in schema.get("$defs", {}).values():
        names |= set(part.get("properties", {}))
    words = [
        *sorted(names),
        "null",
        "true",
        "false",
        "CN",
        "RU",
        "EAR99",
        "3A090",
        "2026-11-22",
        "\\\\u0000",
        "},{",
        "[{",
    ]
    return [word.encode() for word in words]


def _quoted(word: bytes) -> str:
    """A word as a dictionary of the fuzzer has it."""
    return "".join(f"\\x{byte:02x}" for byte in word)


def _headers() -> list[bytes]:
    from tests import fuzz_headers  # noqa: PLC0415  as in check_headers

    return fuzz_headers.seeds()


def _words_of_headers() -> list[bytes]:
    from tests import fuzz_headers  # noqa: PLC0415  as in check_headers

    return fuzz_headers.words()


def _line(raw: bytes) -> str:
    readable = raw.decode("utf-8", "replace")[:READABLE_CHARS]
    return json.dumps({"base64": b64encode(raw).decode(), "begins": readable}, ensure_ascii=True)


TARGETS = {
    "orders": Target(CASES / "fuzz.jsonl", check, ("screener.core", "screener.memory"), _orders_of_cases, _words),
    "headers": Target(
        CASES / "fuzz_headers.jsonl", check_headers, ("screener.runners.clients",), _headers, _words_of_headers
    ),
}


if __name__ == "__main__":
    sys.exit(main())
