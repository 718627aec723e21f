"""Coverage-guided fuzzing of `screen`: `make fuzz`.

    python tests/fuzz.py [--seconds N]

The corpus is `tests/cases/fuzz.jsonl`, one input a line in Base64 and readable beside it as far as it is text: inputs
that reach a part of the core that no shorter one of them reaches. It begins with the orders of the screening cases. A
run mutates it, and what it finds that reaches more is merged into it; what breaks `check` ends the run and is printed,
to become a case. The tests check the whole corpus on every run (`tests/property/test_fuzz_corpus.py`).
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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CORPUS = ROOT / "tests" / "cases" / "fuzz.jsonl"
LISTS = ROOT / "tests" / "cases" / "screening" / "lists"
INPUT_BYTES_MAX = 2_000
READABLE_CHARS = 60


def inputs() -> list[bytes]:
    """The corpus."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines() if CORPUS.is_file() else []
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
    parser.add_argument("--seconds", type=int, default=600, help="how long to look (default: 600)")
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        return _inside(options.inside)
    with tempfile.TemporaryDirectory(prefix="screener-fuzz-") as name:
        folder = Path(name)
        seeds, found, merged = (folder / part for part in ("seeds", "found", "merged"))
        for made in (seeds, found, merged):
            made.mkdir()
        for number, raw in enumerate([*inputs(), *_orders_of_cases()]):
            (seeds / str(number)).write_bytes(raw)
        (folder / "words").write_text("".join(f'"{word}"\n' for word in _words()), encoding="utf-8")
        limits = [f"-max_len={INPUT_BYTES_MAX}", "-timeout=20", "-rss_limit_mb=6000"]
        broken = _started(
            folder, [f"-max_total_time={options.seconds}", *limits, f"-dict={folder / 'words'}", str(found), str(seeds)]
        )
        if broken:
            for crash in sorted(folder.glob("crash-*")) + sorted(folder.glob("timeout-*")):
                print(f"{crash.name}: {crash.read_bytes()!r}")
            return 1
        before = len(inputs())
        _started(folder, ["-merge=1", *limits, str(merged), str(seeds), str(found)])
        kept = sorted((path.read_bytes() for path in merged.iterdir()), key=lambda raw: (len(raw), raw))
        CORPUS.write_text("".join(f"{_line(raw)}\n" for raw in kept), encoding="utf-8")
        print(f"corpus: {before} inputs before, {len(kept)} now")
    return 0


def _started(folder: Path, arguments: list[str]) -> int:
    """Run the fuzzer in a process of its own, by a script that it can start itself with: so it merges."""
    script = folder / "fuzz"
    if not script.exists():
        own = f"{shlex.quote(sys.executable)} {shlex.quote(str(Path(__file__).resolve()))}"
        script.write_text(f'#!/bin/sh\nexec {own} --inside "$0" "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return subprocess.run([script, *arguments], cwd=folder, check=False).returncode


def _inside(arguments: list[str]) -> int:
    """Be the fuzzer, called as `arguments` say."""
    import atheris  # noqa: PLC0415  only `make fuzz` installs it

    with atheris.instrument_imports(include=["screener.core", "screener.memory"]):
        import screener.core  # noqa: F401, PLC0415
    check(b"")
    atheris.Setup(arguments, check)
    atheris.Fuzz()
    return 0


def _orders_of_cases() -> list[bytes]:
    """The orders of the screening cases."""
    import tomllib  # noqa: PLC0415

    import orjson  # noqa: PLC0415

    found = []
    for path in sorted((ROOT / "tests" / "cases" / "screening").glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8")).get("case", []):
            order = case.get("order")
            if isinstance(order, dict):
                found.append(orjson.dumps({"order_id": "O-1"} | order, default=str))
    return [raw for raw in found if len(raw) <= INPUT_BYTES_MAX]


def _words() -> list[str]:
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
    return [word.replace('"', '\\"') for word in words]


def _line(raw: bytes) -> str:
    readable = raw.decode("utf-8", "replace")[:READABLE_CHARS]
    return json.dumps({"base64": b64encode(raw).decode(), "begins": readable}, ensure_ascii=True)


if __name__ == "__main__":
    sys.exit(main())
