"""The job that builds and announces a snapshot: its script, run with the real build on small lists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from screener import cli
from tests.ops.rendering import K8S, ROOT


class Job:
    """Runs snapshot.sh on folders of its own, with the real `build` and a `publish` that only notes its file."""

    def __init__(self, folder: Path) -> None:
        self.lists, self.snapshots = folder / "lists", folder / "snapshots"
        self.published, bin_folder = folder / "published", folder / "bin"
        for made in (self.lists, self.snapshots, bin_folder):
            made.mkdir()
        program = bin_folder / "screener"
        program.write_text(
            "#!/bin/sh\n"
            f'if [ "$2" = publish ]; then echo "$3" >> {self.published}; exit "${{STATUS:-0}}"; fi\n'
            f'exec {sys.executable} -m screener "$@"\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
        self._environment = os.environ | {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "LISTS": str(self.lists),
            "SNAPSHOTS": str(self.snapshots),
        }

    def run(self, *options: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run it; `status` is that of `publish`."""
        return subprocess.run(
            ["sh", str(K8S / "base" / "snapshot.sh"), *options],
            env=self._environment | {"STATUS": str(status)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def names(self) -> list[str]:
        return sorted(path.name for path in self.snapshots.iterdir())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The job on empty folders."""
    return Job(tmp_path)


def test_job_publishes_what_it_built(job: Job) -> None:
    """The job builds from every folder of the lists and announces the new file; seven stay, others' files too."""
    cases = ROOT / "tests" / "cases" / "lists"
    for kind, name in {
        "published": "consolidated_29_columns_2026-05-04.csv",
        "private": "private_2026-06.csv",
        "ownership": "ownership.csv",
    }.items():
        (job.lists / kind).mkdir()
        shutil.copy(cases / name, job.lists / kind)
    (job.lists / "private" / "manifest.json").write_text(
        '{"files": {"private_2026-06.csv": {"edition": "2026-06-30"}}}', encoding="utf-8"
    )
    old = [f"2026-01-{day:02}T063000Z.snapshot" for day in range(1, 10)]
    for name in [*old, "kept-by-hand.snapshot"]:
        (job.snapshots / name).touch()
    done = job.run()
    assert done.returncode == 0, done.stderr
    (published,) = job.published.read_text(encoding="utf-8").split()
    assert job.names() == sorted([*old[3:], Path(published).name, "kept-by-hand.snapshot"])


def test_job_that_may_not_publish_removes_nothing(job: Job) -> None:
    """Where the announcement is refused the job fails, and the file that is still announced stays."""
    old = [f"2026-01-{day:02}T063000Z.snapshot" for day in range(1, 10)]
    for name in old:
        (job.snapshots / name).touch()
    assert job.run("--sample", status=2).returncode == 2
    assert set(old) < set(job.names())


def test_job_without_lists_fails(job: Job) -> None:
    """Empty folders give no snapshot and no announcement."""
    done = job.run()
    assert done.returncode == 2
    assert "no lists" in done.stderr
    assert not job.published.exists()
    assert job.names() == []


def test_job_takes_folders_that_the_build_has_options_for() -> None:
    """Each folder that the job looks into is an input of the build, and each input has a folder."""
    text = (K8S / "base" / "snapshot.sh").read_text(encoding="utf-8")
    (kinds,) = re.findall(r"for kind in (.*); do", text)
    named = {f"--{kind}" for kind in kinds.split()} | set(re.findall(r'"\$@" (--[a-z]+)', text))
    namespace = vars(cli._parser().parse_args(["snapshot", "build", "--out", "a.snapshot"]))
    fixed = {"command", "action", "run", "out", "previous", "accept_losses", "sample"}
    fixed |= {"shares", "accept_left_out", "max_ownership_rows"}  # what a person decides about one file
    assert named - {"--out"} == {"--" + name.replace("_", "-") for name in namespace.keys() - fixed}
