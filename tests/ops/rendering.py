"""Renders `k8s/` as `kubectl apply -k` does, and finds things in what comes out.

The tests beside it share one rendering of each overlay; where kustomize is missing they are skipped.
"""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.scripts import script

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
OVERLAYS = ("dev", "production")


GENERATE = script("k8s/generate.py")


def rendered(overlay: str) -> list[dict[str, Any]]:
    """All resources of an overlay, or of the base, as they would be applied."""
    return copy.deepcopy(_rendered(overlay))


@cache
def _rendered(overlay: str) -> list[dict[str, Any]]:
    beside = Path(sys.executable).with_name("kustomize")
    program = str(beside) if beside.exists() else shutil.which("kustomize")
    if program is None:
        pytest.skip("kustomize is not here: the Makefile says how it is built, with Go")
    folder = K8S / "base" if overlay == "base" else K8S / "overlays" / overlay
    done = subprocess.run([program, "build", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, kind: str) -> dict[str, dict[str, Any]]:
    """Name -> resource."""
    return {entry["metadata"]["name"]: entry for entry in rendered(overlay) if entry["kind"] == kind}


def the(overlay: str, kind: str, name: str = "screener") -> dict[str, Any]:
    """One resource; a ConfigMap is found without the hash that kustomize gives its name."""
    (found,) = [entry for full, entry in of_kind(overlay, kind).items() if full == name or unhashed(full) == name]
    return found


def unhashed(name: str) -> str:
    return re.sub(r"-[a-z0-9]{10}$", "", name)


def templates(overlay: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind and name of each resource that makes pods, with the pods' template."""
    for entry in rendered(overlay):
        spec = entry.get("spec", {})
        if entry["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if entry["kind"] in {"CronJob", "Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}:
            yield f"{entry['kind']}/{entry['metadata']['name']}", spec["template"]


def containers(overlay: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Where it is, the pod's spec and the container, for each container."""
    for name, template in templates(overlay):
        for field in ("initContainers", "containers"):
            for container in template["spec"].get(field, []):
                yield f"{name}/{container['name']}", template["spec"], container


def environment(overlay: str, container: dict[str, Any]) -> dict[str, str]:
    """What a container gets as plain values, from ConfigMaps and by itself; its own count where both have one."""
    merged: dict[str, str] = {}
    for source in container.get("envFrom", []):
        merged |= the(overlay, "ConfigMap", unhashed(source["configMapRef"]["name"]))["data"]
    return merged | {row["name"]: row["value"] for row in container.get("env", []) if "value" in row}


def worker(overlay: str) -> dict[str, Any]:
    (container,) = the(overlay, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = container
    return found


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a selector of labels alone selects what has these."""
    assert selector.keys() <= {"matchLabels"}
    return bool(selector.get("matchLabels", {}).items() <= labels.items())
