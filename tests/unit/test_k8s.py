"""The Kubernetes base: what its files say about each other, the settings and the topics."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml

import screener
from screener import settings
from screener.runners import topics

BASE = Path(__file__).resolve().parents[2] / "k8s" / "base"


def objects() -> dict[str, dict[str, Any]]:
    """Kind -> object, for all files that the kustomization lists."""
    loaded = [yaml.safe_load((BASE / name).read_text(encoding="utf-8")) for name in kustomization()["resources"]]
    return {entry["kind"]: entry for entry in loaded}


def kustomization() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))
    return loaded


def pod() -> dict[str, Any]:
    spec: dict[str, Any] = objects()["StatefulSet"]["spec"]["template"]["spec"]
    return spec


def worker() -> dict[str, Any]:
    (container,) = pod()["containers"]
    worker_container: dict[str, Any] = container
    return worker_container


def test_kustomization_lists_every_file() -> None:
    """Each file of the base is one object and a resource of the kustomization."""
    assert sorted(kustomization()["resources"]) == sorted(
        path.name for path in BASE.iterdir() if path.name != "kustomization.yaml"
    )
    assert objects().keys() == {"ConfigMap", "Service", "StatefulSet", "Deployment"}


def test_image_is_this_version() -> None:
    """The image carries the version of the package, in the StatefulSet and in the kustomization."""
    assert worker()["image"] == f"screener:{screener.__version__}"
    assert kustomization()["images"] == [{"name": "screener", "newTag": screener.__version__}]


def test_sums_run_once_and_as_the_workers_do() -> None:
    """One process sums uses of licenses: never two at a time, with the workers' image, settings and rights."""
    spec = objects()["Deployment"]["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    labels = spec["template"]["metadata"]["labels"]
    assert labels == spec["selector"]["matchLabels"]
    assert labels.items() ^ objects()["StatefulSet"]["spec"]["selector"]["matchLabels"].items()
    sums = spec["template"]["spec"]
    (container,) = sums["containers"]
    assert container["args"] == ["licenses", "sum"]
    same = ("image", "envFrom", "ports", "securityContext", "workingDir")
    assert {name: container[name] for name in same} == {name: worker()[name] for name in same}
    assert {name: sums[name] for name in ("securityContext", "automountServiceAccountToken")} == {
        name: pod()[name] for name in ("securityContext", "automountServiceAccountToken")
    }
    assert {row["name"]: row["value"] for row in container["env"]} == {"SCREENER_SNAPSHOT": ""}


def test_service_reaches_the_pods() -> None:
    """The headless service selects exactly the pods of the StatefulSet, which names it as its own."""
    service, workers = objects()["Service"], objects()["StatefulSet"]
    assert service["spec"]["clusterIP"] in {None, "None"}
    assert workers["spec"]["serviceName"] == service["metadata"]["name"]
    labels = workers["spec"]["template"]["metadata"]["labels"]
    assert labels == workers["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]


def test_ports_agree() -> None:
    """Service, probes and container use the port named metrics, and its number is the setting's."""
    (port,) = worker()["ports"]
    assert port == {"name": "metrics", "containerPort": int(objects()["ConfigMap"]["data"]["SCREENER_METRICS_PORT"])}
    (exposed,) = objects()["Service"]["spec"]["ports"]
    assert (exposed["port"], exposed["targetPort"]) == (port["containerPort"], port["name"])
    probes = {name: worker()[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/health",
        "livenessProbe": "/health",
        "readinessProbe": "/ready",
    }


def test_environment_names_settings_that_exist() -> None:
    """Each variable that the worker gets is the name of a setting; the slot comes from the pod's ordinal."""
    known = {settings.env_name(field.name) for field in dataclasses.fields(settings.Settings)}
    (source,) = worker()["envFrom"]
    assert source["configMapRef"]["name"] == objects()["ConfigMap"]["metadata"]["name"]
    own = {entry["name"]: entry["valueFrom"]["fieldRef"]["fieldPath"] for entry in worker()["env"]}
    assert own == {"SCREENER_SLOT": "metadata.labels['apps.kubernetes.io/pod-index']"}
    assert objects()["ConfigMap"]["data"].keys() | own.keys() <= known


def test_settings_take_the_values() -> None:
    """The worker's settings read the ConfigMap without a complaint, once the snapshot is a file that exists."""
    environment = objects()["ConfigMap"]["data"] | {"SCREENER_SLOT": "2", "SCREENER_SNAPSHOT": __file__}
    assert settings.load({}, environment).slot == 2


def test_config_values_are_texts() -> None:
    """Kubernetes takes texts only in a ConfigMap; a bare number would be refused."""
    assert all(isinstance(value, str) for value in objects()["ConfigMap"]["data"].values())


def test_snapshot_is_mounted_read_only() -> None:
    """The snapshot setting lies inside a mount that is read-only, from a volume that is there."""
    mounts = {mount["name"]: mount for mount in worker()["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in pod()["volumes"]}
    snapshot = Path(objects()["ConfigMap"]["data"]["SCREENER_SNAPSHOT"])
    assert snapshot.is_relative_to(mounts["snapshots"]["mountPath"])
    assert mounts["snapshots"]["readOnly"] is True


def test_worker_has_no_rights_it_does_not_need() -> None:
    """Not root, no privileges, a root file system that cannot be written, no API token."""
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["runAsUser"] > 0
    assert pod()["automountServiceAccountToken"] is False
    own = worker()["securityContext"]
    assert own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert worker()["workingDir"] in {mount["mountPath"] for mount in worker()["volumeMounts"]}


def test_worker_has_resources_and_time_to_end() -> None:
    """Memory is limited, processor time is asked for, and ending takes longer than a transaction may."""
    assert worker()["resources"]["limits"].keys() >= {"memory"}
    assert worker()["resources"]["requests"].keys() == {"cpu", "memory"}
    transaction_timeout_seconds = 10
    assert pod()["terminationGracePeriodSeconds"] > transaction_timeout_seconds


def test_no_worker_is_without_a_partition() -> None:
    """There are no more workers than a new `orders` has partitions."""
    (orders,) = [topic for topic in topics.load() if topic.role == "in"]
    assert objects()["StatefulSet"]["spec"]["replicas"] <= orders.partitions
