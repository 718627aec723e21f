"""The image: what its Dockerfile says, and what its very lines make in a folder of this machine.

No engine was at hand: the RUN lines are run here, the files that COPY names are laid beside them, and paths below
`/opt` and `/build` are below a folder of the test. That an engine builds it, what the base image holds and how the
container behaves is not tested.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

import screener

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
dockerfile = pytest.importorskip("dockerfile", reason="requirements/ops.txt is not installed")

BASE = re.compile(r"python:3\.\d+\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?")
SECRET = re.compile(r"passw|secret|token|credential|_key\b|api_?key", re.IGNORECASE)
INSTALL_SECONDS_MAX = 240


class Stage(NamedTuple):
    """A FROM and what follows it up to the next one."""

    base: str
    name: str
    steps: list[Any]

    def of(self, instruction: str) -> list[Any]:
        """The steps of one kind, in order."""
        return [step for step in self.steps if step.cmd.upper() == instruction]


def commands() -> list[Any]:
    return list(dockerfile.parse_file(str(DOCKERFILE)))


def stages() -> list[Stage]:
    """All stages; the last one is the image."""
    found: list[Stage] = []
    for step in commands():
        if step.cmd.upper() == "FROM":
            base, *named = step.value
            found.append(Stage(base, named[1] if named else "", []))
        elif found:
            found[-1].steps.append(step)
    return found


def image() -> Stage:
    return stages()[-1]


def copied(step: Any) -> tuple[list[str], str]:
    """What a COPY without --from takes from the checkout, and where it goes."""
    *sources, target = step.value
    return list(sources), target


def from_checkout() -> list[Any]:
    return [step for stage in stages() for step in stage.of("COPY") if not step.flags]


# --- what it says ----------------------------------------------------------------------------------------------------


def hadolint(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        pytest.skip("hadolint is not here: requirements/ops.txt brings it")
    options = ["--no-color", "--failure-threshold", "style"]
    return subprocess.run([program, *options, path], capture_output=True, text=True, check=False, timeout=60)


def test_hadolint_finds_nothing() -> None:
    """The linter has no finding of any severity."""
    done = hadolint(DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_finds_what_is_wrong(tmp_path: Path) -> None:
    """The linter is at work: a base without a version is found."""
    path = tmp_path / "Dockerfile"
    path.write_text("FROM python:latest\nUSER 10001\n", encoding="utf-8")
    assert "DL3007" in hadolint(path).stdout


def test_base_is_pinned() -> None:
    """The base is a slim Python of one exact version, which a build may pin by digest; every stage begins with it."""
    (argument,) = [step.value[0] for step in commands() if step.cmd.upper() == "ARG"]
    name, _, default = argument.partition("=")
    assert name == "PYTHON"
    assert BASE.fullmatch(default)
    assert default.startswith("python:3.11."), "what is tested is CPython 3.11"
    known = {"${PYTHON}", "scratch"} | {stage.name for stage in stages()}
    assert [stage.base for stage in stages() if stage.base not in known] == []
    assert image().base == "${PYTHON}"
    assert "latest" not in DOCKERFILE.read_text(encoding="utf-8")


def test_nothing_comes_from_elsewhere() -> None:
    """Files come from the checkout or an earlier stage, packages by their hashes as wheels, and nothing else comes."""
    named = {stage.name for stage in stages()}
    for stage in stages():
        assert stage.of("ADD") == []
        for step in stage.of("COPY"):
            assert set(step.flags) <= {f"--from={name}" for name in named if name}
            assert not any("://" in source for source in step.value)
    for line in (row for step in commands() if step.cmd.upper() == "RUN" for row in step.value):
        assert not re.search(r"\b(apt|apt-get|curl|wget|git|npm)\b", line)
        for call in line.split("&&"):
            words = shlex.split(call)
            if "install" in words or "wheel" in words:
                hashed = {"--require-hashes", "--only-binary", ":all:"} <= set(words)
                assert hashed or {"--no-deps", "--no-index"} <= set(words), call


def test_image_holds_the_environment_only() -> None:
    """The last stage runs nothing and takes one folder: no compiler, no Java, no pip cache, no sources."""
    assert image().of("RUN") == []
    (step,) = image().of("COPY")
    assert (step.flags, step.value) == (("--from=build",), ("/opt/screener", "/opt/screener"))


def test_image_is_not_roots() -> None:
    """The program runs as a user by number, who is that of the pods, in a folder that may be the only writable one."""
    (user,) = image().of("USER")
    number, _, group = user.value[0].partition(":")
    workers = yaml.safe_load((ROOT / "k8s" / "base" / "statefulset.yaml").read_text(encoding="utf-8"))
    pod = workers["spec"]["template"]["spec"]
    assert (int(number), int(group)) == (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"])
    assert int(number) > 0
    (folder,) = image().of("WORKDIR")
    assert folder.value == (pod["containers"][0]["workingDir"],) == ("/tmp",)  # noqa: S108  in the image


def test_image_starts_the_program() -> None:
    """The entry is the program itself, with no shell between it and signals; without arguments it says what it can."""
    (entry,) = image().of("ENTRYPOINT")
    (arguments,) = image().of("CMD")
    assert (entry.json, entry.value) == (True, ("screener",))
    assert (arguments.json, arguments.value) == (True, ("--help",))
    (port,) = image().of("EXPOSE")
    assert port.value == ("9464",)


def variables(stage: Stage) -> dict[str, str]:
    """ENV of a stage."""
    return {
        name: value for step in stage.of("ENV") for name, value in zip(step.value[::2], step.value[1::2], strict=True)
    }


def test_image_has_no_secret() -> None:
    """No ARG, ENV or LABEL has a name or a value of something that must stay secret."""
    for step in commands():
        if step.cmd.upper() in {"ARG", "ENV", "LABEL"}:
            assert not SECRET.search(step.original)


def test_image_writes_no_bytecode() -> None:
    """Python neither writes bytecode nor holds back what it prints, and finds the environment first."""
    assert variables(image()) == {
        "PATH": "/opt/screener/bin:$PATH",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONUNBUFFERED": "1",
    }
    assert variables(stages()[0]) == {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}


def test_context_is_an_allow_list() -> None:
    """The engine is sent what COPY names and nothing else, least of all a `.git`, an environment or a list."""
    lines = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    assert lines[-1] == "**/__pycache__"
    allowed = {line.removeprefix("!") for line in lines[1:-1] if line.startswith("!")}
    assert len(allowed) == len(lines) - 2
    assert allowed == {source for step in from_checkout() for source in copied(step)[0]}
    assert all((ROOT / name).exists() for name in allowed)


# --- whether it is well ----------------------------------------------------------------------------------------------


def healthy(port: int) -> int:
    """The status of the very command of HEALTHCHECK, for a worker on a port."""
    (step,) = image().of("HEALTHCHECK")
    marked, *command = step.value
    assert marked == "CMD"
    assert command[:2] == ["python", "-c"]
    environment = os.environ | {"SCREENER_METRICS_PORT": str(port)}
    done = subprocess.run([sys.executable, *command[1:]], env=environment, capture_output=True, check=False, timeout=30)
    return done.returncode


@pytest.mark.parametrize(("answer", "status"), [(200, 0), (503, 1)])
def test_health_is_asked_without_other_programs(answer: int, status: int) -> None:
    """The check is Python's own, and says what /health says: well or not."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert healthy(server.server_port) == status
        server.shutdown()


def test_nobody_who_answers_is_not_well() -> None:
    """Where nothing listens the check fails."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    assert healthy(port) == 1


def test_health_check_has_limits() -> None:
    """A check is over in time, and what is starting has two minutes, as the pods have."""
    (step,) = image().of("HEALTHCHECK")
    assert {"--timeout=5s", "--start-period=120s", "--retries=3"} <= set(step.flags)


# --- what it makes ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which the lines of all stages but the last were run: `opt/screener` is what the image takes."""
    folder = tmp_path_factory.mktemp("image")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(sys.executable)
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("VIRTUAL_ENV", None)
    build = folder / "build"
    build.mkdir()
    for step in (step for stage in stages()[:-1] if stage.base != "scratch" for step in stage.steps):
        if step.cmd.upper() == "COPY":
            _lay(*copied(step), build)
        elif step.cmd.upper() == "RUN":
            (line,) = step.value
            line = line.replace("/opt/", f"{shlex.quote(str(folder))}/opt/")
            done = subprocess.run(
                ["sh", "-euc", line],
                cwd=build,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=INSTALL_SECONDS_MAX,
            )
            assert done.returncode == 0, f"{step.original}\n{done.stdout}\n{done.stderr}"
    yield folder
    shutil.rmtree(folder)  # three environments take much room


def _lay(sources: list[str], target: str, build: Path) -> None:
    for source in sources:
        path = ROOT / source
        if path.is_dir():
            shutil.copytree(path, build / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place = build / target
            if target.endswith("/"):
                place.mkdir(exist_ok=True)
            shutil.copy(path, place)


def run(built: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program of the environment, as the image would start it."""
    environment = {
        "PATH": f"{built}/opt/screener/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(built),
    }
    return subprocess.run(
        ["screener", *arguments],
        cwd=built,
        env=environment,
        executable=f"{built}/opt/screener/bin/screener",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def installed(built: Path) -> dict[str, str]:
    """Package -> version, as `pip inspect` tells of the environment."""
    python = built / "opt" / "screener" / "bin" / "python"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "inspect"], capture_output=True, check=True, timeout=60
    )
    listed = json.loads(done.stdout)["installed"]
    return {_normal(row["metadata"]["name"]): row["metadata"]["version"] for row in listed}


def pins() -> Iterator[tuple[str, str, bool]]:
    """Package, version and whether it is for some platforms or versions of Python only, by the lock."""
    text = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    for name, version, marker in re.findall(r"^([\w.-]+)==(\S+)( ; )?", text, flags=re.MULTILINE):
        yield _normal(name), version, bool(marker)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_environment_runs_the_program(built: Path) -> None:
    """The program starts from the environment, says its version and its commands, and knows its own topics."""
    assert run(built, "--version").stdout == f"screener {screener.__version__}\n"
    assert "snapshot" in run(built, "--help").stdout
    (packaged,) = built.glob("opt/screener/lib/python3.*/site-packages/screener/_topics/topics.toml")
    assert packaged.read_bytes() == (ROOT / "topics" / "topics.toml").read_bytes()


def test_environment_is_the_lock(built: Path) -> None:
    """In the environment is what the lock pins, the program itself, and nothing else: no pip, no builder of wheels."""
    found = installed(built)
    locked = {name: version for name, version, _ in pins()}
    assert {name for name, _, conditional in pins() if not conditional} <= found.keys()
    assert {name: version for name, version in found.items() if locked.get(name) != version} == {
        "screener": screener.__version__
    }
    assert not found.keys() & {"pip", "setuptools", "hatchling", "wheel"}


def test_what_is_in_it_is_told(built: Path) -> None:
    """The SBOM is CycloneDX and names every package of the environment with its version and package URL."""
    told = json.loads((built / "build" / "sbom.json").read_text(encoding="utf-8"))
    assert told["bomFormat"] == "CycloneDX"
    components = {_normal(row["name"]): row["version"] for row in told["components"]}
    assert components == installed(built)
    urls = {_normal(row["name"]): row.get("purl", "") for row in told["components"]}
    assert all(urls[name].startswith(f"pkg:pypi/{name}@") for name in components if name != "screener")


def test_nothing_is_written_to_the_environment(built: Path) -> None:
    """The program screens without writing below its environment, whose bytecode was made when it was installed."""
    before = _state(built / "opt" / "screener")
    assert any("/screener/__pycache__/cli." in name for name in before)
    done = run(built, "screen", str(ROOT / "screener" / "sample" / "orders.ndjson"), "--sample")
    assert done.returncode == 0, done.stderr
    assert all(json.loads(line)["outcome"] for line in done.stdout.splitlines())
    assert _state(built / "opt" / "screener") == before


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")}
