"""What `k8s/` renders to: valid resources that agree with each other, with the settings and with the topics.

Each resource is held against Kubernetes' own schemas or, for those of operators, against the ones written down in
`crds/`. No cluster was at hand: that an API server and the operators take them, and what their defaults make of them,
is not tested.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import screener
from screener import cli, settings
from screener.runners import topics
from screener.settings import Settings
from tests.ops.rendering import (
    GENERATE,
    K8S,
    OVERLAYS,
    containers,
    environment,
    of_kind,
    rendered,
    selects,
    templates,
    the,
    worker,
)

VERSIONS = ("1.28", "1.37")
"""Of Kubernetes: the first that gives a pod its ordinal as a label, and the last whose schemas are at hand."""
CRDS = {
    (loaded["properties"]["apiVersion"]["const"], loaded["properties"]["kind"]["const"]): loaded
    for path in sorted((Path(__file__).parent / "crds").glob("*.json"))
    if "kind" in (loaded := json.loads(path.read_text(encoding="utf-8")))["properties"]
}
METADATA = json.loads((Path(__file__).parent / "crds" / "metadata.json").read_text(encoding="utf-8"))
REGISTRY: Registry[Any] = Registry().with_resource(METADATA["$id"], Resource.from_contents(METADATA))

LOAD_SECONDS = 10
"""What a worker needs for a snapshot of all published lists, about."""
WORKER_ORDERS_PER_SECOND = 15_000
"""What a worker answers on one core, about; docs/scaling.md has the measurement."""
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|(?<!SSL_)KEY|CREDENTIAL")


# --- schemas ---------------------------------------------------------------------------------------------------------


def faults(entry: dict[str, Any], version: str = VERSIONS[-1]) -> list[str]:
    """What a schema finds wrong with a resource, each with its place; unknown fields too."""
    schema = CRDS.get((entry["apiVersion"], entry["kind"]))
    found = [error.message for error in Draft202012Validator(METADATA).iter_errors(entry["metadata"])]
    if schema is None:
        try:
            kubernetes_validate.validate(entry, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{'/'.join(map(str, error.absolute_path))}: {error.message}")
    else:
        validator = Draft202012Validator(schema, registry=REGISTRY)
        found += [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(entry)
        ]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", ["base", *OVERLAYS])
def test_every_resource_is_valid(overlay: str, version: str) -> None:
    """Each resource is one that its schema takes, without a field that the schema does not know."""
    found = {f"{entry['kind']}/{entry['metadata']['name']}": faults(entry, version) for entry in rendered(overlay)}
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize("schema", CRDS.values(), ids=lambda schema: str(schema["$id"]))
def test_written_schemas_are_schemas(schema: dict[str, Any]) -> None:
    """Each schema of an operator's resource passes the meta-schema, says what it was taken from and is used."""
    Draft202012Validator.check_schema(schema)
    assert re.search(r"\d+\.\d+", schema["$comment"])
    kinds = {(entry["apiVersion"], entry["kind"]) for entry in rendered("production")}
    assert (schema["properties"]["apiVersion"]["const"], schema["properties"]["kind"]["const"]) in kinds


MISTAKES: list[tuple[str, str, list[str | int], str, Any]] = [
    ("StatefulSet", "screener", ["spec"], "replica", 3),
    ("StatefulSet", "screener", ["spec", "template", "spec", "securityContext"], "runAsNonroot", True),
    ("StatefulSet", "screener", ["spec", "template", "spec", "containers", 0], "readynessProbe", {}),
    ("StatefulSet", "screener", ["spec", "template", "spec", "containers", 0, "resources"], "limit", {}),
    ("StatefulSet", "screener", ["spec", "template", "spec"], "terminationGracePeriodSeconds", "75"),
    ("Deployment", "screener-license-sums", ["spec", "strategy"], "kind", "Recreate"),
    ("CronJob", "screener-snapshot", ["spec"], "timezone", "America/New_York"),
    ("PodDisruptionBudget", "screener", ["spec"], "maxUnavaliable", 1),
    ("NetworkPolicy", "screener-dns", ["spec"], "policyType", ["Egress"]),
    ("NetworkPolicy", "screener-dns", ["spec", "egress", 0, "ports", 0], "ports", 53),
    ("ScaledObject", "screener", ["spec"], "maxReplicas", 12),
    ("ScaledObject", "screener", ["spec", "triggers", 0, "metadata"], "lagThresshold", "75000"),
    ("ScaledObject", "screener", ["spec", "triggers", 0, "metadata"], "lagThreshold", 75_000),
    ("ScaledObject", "screener", ["spec", "fallback"], "behaviour", "static"),
    ("TriggerAuthentication", "screener-keda", ["spec", "secretTargetRef", 0], "parameter", "passwort"),
    ("ServiceMonitor", "screener", ["spec", "endpoints", 0], "intervall", "15s"),
    ("ServiceMonitor", "screener", ["spec", "endpoints", 0], "interval", "15 s"),
    ("PrometheusRule", "screener", ["spec", "groups", 0, "rules", 0], "annotation", {}),
    ("PrometheusRule", "screener", ["spec", "groups", 0, "rules", 0], "for", "15min"),
    ("KafkaTopic", "orders", ["spec"], "partition", 12),
    ("KafkaTopic", "orders", ["spec"], "partitions", "12"),
    ("KafkaUser", "screener-worker", ["spec", "authorization", "acls", 0], "operation", "Read"),
    ("KafkaUser", "screener-worker", ["spec", "authorization", "acls", 0, "resource"], "patternType", "prefixed"),
    ("KafkaUser", "screener-worker", ["metadata", "labels"], "strimzi.io/cluster", "the cluster"),
]


@pytest.mark.parametrize(("kind", "name", "where", "field", "value"), MISTAKES)
def test_mistakes_are_refused(kind: str, name: str, where: list[str | int], field: str, value: Any) -> None:
    """A field that is misspelt or has a wrong value is found at any depth, in resources of operators too."""
    entry = the("production", kind, name)
    assert faults(entry) == []
    place: Any = entry
    for step in where:
        place = place[step]
    place[field] = value
    assert faults(entry) != []


# --- what refers to what ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_names_are_unique(overlay: str) -> None:
    """No two resources have kind and name in common, and all are in the overlay's namespace."""
    names = [(entry["kind"], entry["metadata"]["name"]) for entry in rendered(overlay)]
    assert len(names) == len(set(names))
    assert {entry["metadata"]["namespace"] for entry in rendered(overlay)} == {"screener"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_pods_name_is_there(overlay: str) -> None:
    """ConfigMaps, claims and accounts that pods name are resources; Secrets are of Strimzi's users or cluster."""
    secrets = {*of_kind(overlay, "KafkaUser"), f"{GENERATE.CLUSTER}-cluster-ca-cert"}
    for name, template in templates(overlay):
        spec = template["spec"]
        assert spec["serviceAccountName"] in of_kind(overlay, "ServiceAccount"), name
        for volume in spec.get("volumes", []):
            kind, source = next((kind, source) for kind, source in volume.items() if kind != "name")
            known = {
                "configMap": lambda source: source["name"] in of_kind(overlay, "ConfigMap"),
                "persistentVolumeClaim": lambda source: (
                    source["claimName"] in of_kind(overlay, "PersistentVolumeClaim")
                ),
                "secret": lambda source: source["secretName"] in secrets,
                "emptyDir": lambda source: "sizeLimit" in source,
            }
            assert known[kind](source), f"{name}: {volume}"
    for where, _, container in containers(overlay):
        for source in container["envFrom"]:
            assert source["configMapRef"]["name"] in of_kind(overlay, "ConfigMap"), where


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_mounts_are_volumes(overlay: str) -> None:
    """A container mounts every volume of its pod and no other, each at a place of its own."""
    for where, spec, container in containers(overlay):
        mounts = container.get("volumeMounts", [])
        assert {mount["name"] for mount in mounts} == {volume["name"] for volume in spec.get("volumes", [])}, where
        assert len({mount["mountPath"] for mount in mounts}) == len(mounts), where


def test_only_the_job_writes_snapshots() -> None:
    """Workers read the volume of snapshots, at the path under which the job writes and announces them."""
    mounts = {
        where: mount
        for where, _, container in containers("production")
        for mount in container.get("volumeMounts", [])
        if mount["name"] == "snapshots"
    }
    assert {where: mount.get("readOnly", False) for where, mount in mounts.items()} == {
        "StatefulSet/screener/worker": True,
        "CronJob/screener-snapshot/snapshot": False,
    }
    assert {mount["mountPath"] for mount in mounts.values()} == {"/snapshots"}
    assert the("production", "PersistentVolumeClaim", "screener-snapshots")["spec"]["accessModes"] == ["ReadWriteMany"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_service_reaches_the_workers(overlay: str) -> None:
    """The headless service selects exactly the pods of the StatefulSet, which names it as its own."""
    service, workers = the(overlay, "Service"), the(overlay, "StatefulSet")
    assert service["spec"]["clusterIP"] == "None"
    assert workers["spec"]["serviceName"] == service["metadata"]["name"]
    labels = workers["spec"]["template"]["metadata"]["labels"]
    assert labels == workers["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_tell_programs_apart(overlay: str) -> None:
    """Each program's pods have a component of their own, by which their controller and no other selects them."""
    components = [template["metadata"]["labels"]["app.kubernetes.io/component"] for _, template in templates(overlay)]
    assert len(components) == len(set(components))
    for kind in ("StatefulSet", "Deployment"):
        for entry in of_kind(overlay, kind).values():
            chosen = [
                name
                for name, pod in templates(overlay)
                if selects(entry["spec"]["selector"], pod["metadata"]["labels"])
            ]
            assert chosen == [f"{kind}/{entry['metadata']['name']}"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_disruption_budget_is_the_workers(overlay: str) -> None:
    """Nodes are drained one worker at a time; the budget selects workers and nothing else."""
    spec = the(overlay, "PodDisruptionBudget")["spec"]
    assert spec["maxUnavailable"] == 1
    chosen = [name for name, pod in templates(overlay) if selects(spec["selector"], pod["metadata"]["labels"])]
    assert chosen == ["StatefulSet/screener"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_workers_are_spread(overlay: str) -> None:
    """Workers avoid each other's node and zone, and start all the same where there is only one."""
    template = the(overlay, "StatefulSet")["spec"]["template"]
    rows = template["spec"]["topologySpreadConstraints"]
    assert {row["topologyKey"] for row in rows} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    assert {row["whenUnsatisfiable"] for row in rows} == {"ScheduleAnyway"}
    assert all(selects(row["labelSelector"], template["metadata"]["labels"]) for row in rows)


def test_no_file_is_left_out() -> None:
    """Each file is named by the kustomization beside it, but for texts and for rules, which are a source."""
    for path in sorted(K8S.rglob("kustomization.yaml")):
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = {name for name in listed["resources"] if "/" not in name} if "resources" in listed else set()
        named |= {patch["path"] for patch in listed.get("patches", []) if "path" in patch}
        for row in listed.get("configMapGenerator", []):
            named |= {name.rpartition("=")[2] for name in [*row.get("envs", []), *row.get("files", [])]}
        beside = {entry.name for entry in path.parent.iterdir() if entry.is_file() and entry.suffix != ".md"}
        beside -= {path.name, *(entry.name for entry in path.parent.glob("rules*"))}
        assert beside == named, path


# --- rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_keep_to_the_restricted_profile(overlay: str) -> None:
    """Not root, no privileges and no way to them, filtered system calls, a root file system that can't be written."""
    for where, spec, container in containers(overlay):
        pod, own = spec["securityContext"], container["securityContext"]
        assert pod["runAsNonRoot"] is True, where
        assert pod["runAsUser"] > 0, where
        assert pod["runAsGroup"] > 0, where
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, where
        assert own == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, where
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers"}, where
        assert not any("hostPath" in volume for volume in spec.get("volumes", [])), where


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nobody_talks_to_the_api_server(overlay: str) -> None:
    """No pod has a token, its account would give none, and no role is bound to anyone."""
    assert all(template["spec"]["automountServiceAccountToken"] is False for _, template in templates(overlay))
    assert all(entry["automountServiceAccountToken"] is False for entry in of_kind(overlay, "ServiceAccount").values())
    assert not {entry["kind"] for entry in rendered(overlay)} & {
        "Role",
        "ClusterRole",
        "RoleBinding",
        "ClusterRoleBinding",
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_files(overlay: str) -> None:
    """No Secret is in the repository, none becomes a variable, and no variable or ConfigMap has a place for one."""
    assert of_kind(overlay, "Secret") == {}
    for where, _, container in containers(overlay):
        assert not any("secretRef" in source for source in container["envFrom"]), where
        assert not any("secretKeyRef" in row.get("valueFrom", {}) for row in container.get("env", [])), where
        names = {name for name in environment(overlay, container) if SECRET_NAME.search(name)}
        assert {name for name in names if not name.endswith("_FILE")} == set(), where
    for entry in of_kind(overlay, "ConfigMap").values():
        assert not any(SECRET_NAME.search(name.upper()) for name in entry["data"] if not name.endswith("_FILE"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_are_of_this_version(overlay: str) -> None:
    """Every container is of one image, that of the package's version; never `latest`."""
    images = {container["image"] for _, _, container in containers(overlay)}
    assert images == {f"screener:{screener.__version__}"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_has_resources(overlay: str) -> None:
    """Memory is limited and asked for, processor time is asked for and not capped: a batch must not be held up."""
    for where, _, container in containers(overlay):
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}, where
        assert container["resources"]["limits"].keys() == {"memory"}, where


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_passes_but_what_a_policy_names(overlay: str) -> None:
    """All pods are shut off both ways, but for DNS, brokers and Prometheus; a job of production has an object store."""
    policies = of_kind(overlay, "NetworkPolicy")
    deny = policies["screener-default-deny"]["spec"]
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    assert not deny.keys() & {"ingress", "egress"}
    ports: dict[str, set[Any]] = {}
    for name, pod in templates(overlay):
        assert selects(deny["podSelector"], pod["metadata"]["labels"]), name
        for policy in policies.values():
            if selects(policy["spec"]["podSelector"], pod["metadata"]["labels"]):
                rows = [row for side in ("ingress", "egress") for row in policy["spec"].get(side, [])]
                assert all(row.get("to") or row.get("from") for row in rows), policy["metadata"]["name"]
                ports.setdefault(name, set()).update(port["port"] for row in rows for port in row["ports"])
    brokers = environment(overlay, worker(overlay))["SCREENER_BOOTSTRAP_SERVERS"]
    usual = {53, int(brokers.rpartition(":")[2]), "metrics"}
    job = usual | ({443} if overlay == "production" else set())
    assert ports == {name: job if name.startswith("CronJob/") else usual for name, _ in templates(overlay)}


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_variables_are_settings(overlay: str) -> None:
    """Each variable that a container gets is the name of a setting; none names a snapshot: announced ones are used."""
    known = {settings.env_name(field.name) for field in dataclasses.fields(Settings)}
    for where, _, container in containers(overlay):
        names = environment(overlay, container).keys() | {row["name"] for row in container.get("env", [])}
        assert names <= known, where
        assert "SCREENER_SNAPSHOT" not in names, where


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_take_the_values(overlay: str, tmp_path: Path) -> None:
    """The settings of every container are read without a complaint, once the files that they name are there."""
    for where, _, container in containers(overlay):
        values = environment(overlay, container)
        for number, (name, value) in enumerate(values.items()):
            if name.endswith("_FILE"):
                assert any(value.startswith(f"{mount['mountPath']}/") for mount in container["volumeMounts"]), where
                values[name] = str(tmp_path / str(number))
                Path(values[name]).write_text("a text\n", encoding="utf-8")
        held = settings.load({}, values)
        assert held.group == "screener"


def test_pods_log_in_as_users_with_rights_of_their_own() -> None:
    """Each program of production logs in as another user, with the password of that user's Secret and over TLS."""
    users = {}
    for where, spec, container in containers("production"):
        values = environment("production", container)
        users[where] = values["SCREENER_SASL_USERNAME"]
        mounted = {volume["name"]: volume["secret"] for volume in spec["volumes"] if "secret" in volume}
        assert mounted["kafka-user"]["secretName"] == values["SCREENER_SASL_USERNAME"]
        assert mounted["kafka-ca"]["secretName"] == f"{GENERATE.CLUSTER}-cluster-ca-cert"
        places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        files = {
            f"{places[name]}/{item['path']}": item["key"]
            for name, secret in mounted.items()
            for item in secret["items"]
        }
        assert files[values["SCREENER_SASL_PASSWORD_FILE"]] == "password"
        assert files[values["SCREENER_SSL_CA_FILE"]] == "ca.crt"
        assert {secret["defaultMode"] for secret in mounted.values()} == {0o440}
        assert values["SCREENER_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert users == {
        "StatefulSet/screener/worker": "screener-worker",
        "Deployment/screener-license-sums/license-sums": "screener-license-sums",
        "CronJob/screener-snapshot/snapshot": "screener-publisher",
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_slot_is_the_ordinal(overlay: str) -> None:
    """The slot of a worker, which names its transactional id, is the number at the end of its pod's name."""
    (row,) = [row for row in worker(overlay)["env"] if row["name"] == "SCREENER_SLOT"]
    assert row["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"}}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_ports_agree(overlay: str) -> None:
    """Service, probes, scraping and containers use the port named metrics, whose number is the setting's."""
    number = int(environment(overlay, worker(overlay))["SCREENER_METRICS_PORT"])
    (exposed,) = the(overlay, "Service")["spec"]["ports"]
    assert (exposed["name"], exposed["port"], exposed["targetPort"]) == ("metrics", number, "metrics")
    for name, template in templates(overlay):
        (container,) = template["spec"]["containers"]
        probes = {field: row["httpGet"] for field, row in container.items() if field.endswith("Probe")}
        if name.split("/")[0] in {"StatefulSet", "Deployment"}:
            assert container["ports"] == [{"name": "metrics", "containerPort": number}]
            assert {probe["port"] for probe in probes.values()} == {"metrics"}
            paths = {field: probe["path"] for field, probe in probes.items()}
            assert paths.items() >= {("startupProbe", "/health"), ("livenessProbe", "/health")}
    assert worker(overlay)["readinessProbe"]["httpGet"]["path"] == "/ready"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_programs_have_time_to_end(overlay: str) -> None:
    """What holds a transaction open may end its batch: 60 seconds, and some for the rest."""
    for name, template in templates(overlay):
        if name.split("/")[0] in {"StatefulSet", "Deployment"}:
            assert template["spec"]["terminationGracePeriodSeconds"] >= 75, name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_sums_run_once(overlay: str) -> None:
    """One process sums uses of licenses; never two at a time, which would only fence each other."""
    spec = the(overlay, "Deployment", "screener-license-sums")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_arguments_are_commands(overlay: str) -> None:
    """What containers are started with is a command that the program knows."""
    for where, _, container in containers(overlay):
        if "command" not in container:
            assert cli._parser().parse_args(container["args"]).run, where


# --- scaling ---------------------------------------------------------------------------------------------------------


def partitions(overlay: str) -> dict[str, int]:
    """Topic -> partitions, as an overlay makes them: with Strimzi, or with `screener topics apply`."""
    made = {name: entry["spec"]["partitions"] for name, entry in of_kind(overlay, "KafkaTopic").items()}
    return made or {topic.name: topic.partitions for topic in topics.load()}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_worker_is_without_a_partition(overlay: str) -> None:
    """There are never more workers than `orders` has partitions, and with KEDA there may be exactly as many."""
    least = the(overlay, "StatefulSet")["spec"].get("replicas")
    if overlay == "production":
        assert least is None, "the number of workers is KEDA's"
        spec = the(overlay, "ScaledObject")["spec"]
        assert spec["maxReplicaCount"] == partitions(overlay)["orders"]
        assert 3 <= spec["minReplicaCount"] == spec["fallback"]["replicas"] <= spec["maxReplicaCount"]
    else:
        assert least == 1


def test_the_default_scaling_fits_the_default_topics() -> None:
    """Without an overlay's numbers KEDA's most workers are the partitions that topics.toml gives `orders`."""
    path = K8S / "components" / "autoscaling" / "scaledobject.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
    (orders,) = [topic for topic in topics.load() if topic.role == "in"]
    assert spec["maxReplicaCount"] == orders.partitions


def test_scaling_looks_at_the_workers_own_lag() -> None:
    """KEDA asks the workers' brokers for the lag of their group on their topic, logged in as a user of its own."""
    values = environment("production", worker("production"))
    (orders,) = [topic for topic in topics.load() if topic.role == "in"]
    spec = the("production", "ScaledObject")["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "screener"}
    (trigger,) = spec["triggers"]
    asked = trigger["metadata"]
    assert asked["bootstrapServers"] == values["SCREENER_BOOTSTRAP_SERVERS"]
    assert (asked["consumerGroup"], asked["topic"]) == (values["SCREENER_GROUP"], orders.name)
    assert asked["offsetResetPolicy"] == "earliest"  # where a partition begins that was never answered
    assert (asked["sasl"], asked["tls"]) == ("scram_sha512", "enable")
    assert values["SCREENER_SASL_MECHANISM"] == "SCRAM-SHA-512"
    login = the("production", "TriggerAuthentication", trigger["authenticationRef"]["name"])["spec"]
    given = {row["parameter"]: (row["name"], row["key"]) for rows in login.values() for row in rows}
    assert given.keys() == {"username", "password", "ca"}
    user = of_kind("production", "ConfigMap")[given["username"][0]]["data"][given["username"][1]]
    assert user in of_kind("production", "KafkaUser")
    assert given["password"] == (user, "password")
    assert given["ca"] == (f"{GENERATE.CLUSTER}-cluster-ca-cert", "ca.crt")


def test_scaling_follows_what_was_measured() -> None:
    """A worker more for five seconds of backlog; none less before it has been small for much longer than a load."""
    spec = the("production", "ScaledObject")["spec"]
    assert int(spec["triggers"][0]["metadata"]["lagThreshold"]) == 5 * WORKER_ORDERS_PER_SECOND
    down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert spec["cooldownPeriod"] == down["stabilizationWindowSeconds"] >= 10 * LOAD_SECONDS


def test_outputs_have_the_partitions_of_orders() -> None:
    """With Strimzi every topic that takes decisions has as many partitions as `orders`; the logs keep their one."""
    made = partitions("production")
    for topic in topics.load():
        assert made[topic.name] == (made["orders"] if topic.role in {"in", "out", "shadow"} else topic.partitions)


# --- monitoring ------------------------------------------------------------------------------------------------------


def test_prometheus_finds_the_workers() -> None:
    """The ServiceMonitor selects the workers' service and the port that it has, where they answer."""
    spec = the("production", "ServiceMonitor")["spec"]
    service = the("production", "Service")
    assert selects(spec["selector"], service["metadata"]["labels"])
    (endpoint,) = spec["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["path"] == "/metrics"


def test_alerts_are_those_of_the_rules_file() -> None:
    """The operator's rule has the groups of rules.yaml, all of them and unchanged."""
    rules = yaml.safe_load((K8S / "monitoring" / "rules.yaml").read_text(encoding="utf-8"))
    assert the("production", "PrometheusRule")["spec"] == rules
    assert any("alert" in rule for group in rules["groups"] for rule in group["rules"])


def test_dashboard_is_one_that_grafana_finds() -> None:
    """The dashboard's ConfigMap has the label that Grafana's sidecar looks for, and the file as it lies here."""
    entry = of_kind("production", "ConfigMap")["screener-dashboard"]
    assert entry["metadata"]["labels"]["grafana_dashboard"] == "1"
    dashboard = json.loads((K8S / "monitoring" / "dashboard.json").read_text(encoding="utf-8"))
    assert json.loads(entry["data"]["screener.json"]) == dashboard
    assert dashboard["panels"]


# --- what is generated -----------------------------------------------------------------------------------------------


def test_generated_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Topics, users and alerts are as their sources say: `k8s/generate.py` would write the same."""
    assert GENERATE.main(["--check"]) == 0, capsys.readouterr().out


def test_drift_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that differs from its source is named, the status is 1, and nothing is written."""
    path = K8S / "components" / "strimzi" / "topics.yaml"
    before = path.read_text(encoding="utf-8")
    monkeypatch.setattr(GENERATE, "files", lambda: {path: "another text\n"})
    assert GENERATE.main(["--check"]) == 1
    assert "k8s/components/strimzi/topics.yaml: differs" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == before


def test_topics_are_those_declared() -> None:
    """Strimzi makes each topic of topics.toml with all that the screener relies on, and no other."""
    made = of_kind("production", "KafkaTopic")
    assert made.keys() == {topic.name for topic in topics.load()}
    for topic in topics.load():
        assert made[topic.name]["spec"]["config"] == topic.config | topic.on_creation
