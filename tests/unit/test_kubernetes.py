"""The Kubernetes manifests are valid against Kubernetes's own schemas, and agree with the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import kubernetes_validate  # type: ignore[import-untyped]  # has none
import pytest
import yaml  # type: ignore[import-untyped]  # stubs are a dependency more

from services.console.tenancy import ROLE
from shared.http.health import HealthHandler
from tests.unit.test_compose import DOCKERFILE, OURS, SETTINGS

ROOT: Final = Path(__file__).parents[2]
KUBERNETES: Final = ROOT / "deploy" / "kubernetes"
VERSIONS: Final = ("1.29", "1.33")
# Kinds that an operator brings: group/version, and the members of `spec` that they cannot do without.
CUSTOM: Final = {
    "ScaledObject": ("keda.sh/v1alpha1", {"scaleTargetRef", "triggers"}),
    "Cluster": ("postgresql.cnpg.io/v1", {"instances", "storage"}),
    "RabbitmqCluster": ("rabbitmq.com/v1beta1", {"replicas"}),
    "PodMonitor": ("monitoring.coreos.com/v1", {"selector", "podMetricsEndpoints"}),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", {"parentRefs", "rules"}),
}
DRAIN: Final = re.search(r"^BUGALOU_DRAIN_SECONDS=(\d+)$", (ROOT / "deploy/env.example").read_text(), re.MULTILINE)


def documents() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(KUBERNETES.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield path.relative_to(KUBERNETES), document


MANIFESTS: Final = [document for path, document in documents() if path.name != "kustomization.yaml"]
KUSTOMIZATIONS: Final = [(path, document) for path, document in documents() if path.name == "kustomization.yaml"]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in MANIFESTS if one["kind"] == kind}


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("Deployment", "Job"):
        for name, one in of_kind(kind).items():
            yield name, one["spec"]["template"]["spec"]


def label(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", [one for one in MANIFESTS if one["kind"] not in CUSTOM], ids=label)
def test_manifest_is_as_kubernetes_wants_it(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("manifest", [one for one in MANIFESTS if one["kind"] in CUSTOM], ids=label)
def test_manifest_of_an_operator_has_what_it_cannot_do_without(manifest: dict[str, Any]) -> None:
    version, needed = CUSTOM[manifest["kind"]]
    assert manifest["apiVersion"] == version
    assert needed <= set(manifest["spec"])


@pytest.mark.parametrize(("path", "kustomization"), KUSTOMIZATIONS, ids=lambda one: str(one)[:40])
def test_kustomization_names_what_is_there(path: Path, kustomization: dict[str, Any]) -> None:
    here = KUBERNETES / path.parent
    for resource in kustomization["resources"]:
        target = here / resource
        assert target.is_file() or (target / "kustomization.yaml").is_file(), resource
    for component in kustomization.get("components", ()):
        included = yaml.safe_load((here / component / "kustomization.yaml").read_text())
        assert included["kind"] == "Component"
    for replica in kustomization.get("replicas", ()):
        assert replica["name"] in of_kind("Deployment")
    for image in kustomization.get("images", ()):
        assert {container["image"] for _, pod in pods() for container in pod["containers"]} == {image["name"]}
    for patch in kustomization.get("patches", ()):
        kinds = of_kind(patch["target"]["kind"])
        targets = [one for name, one in kinds.items() if re.fullmatch(patch["target"].get("name", ".*"), name)]
        assert targets
        for step in yaml.safe_load(patch["patch"]):
            for target in targets:
                assert step["path"].split("/")[2] in target["spec"], step


def test_every_file_is_used() -> None:
    used = {
        (KUBERNETES / path.parent / resource).resolve()
        for path, kustomization in KUSTOMIZATIONS
        for resource in kustomization["resources"]
    }
    present = {path.resolve() for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert present <= used


def test_each_service_is_a_deployment_that_runs_its_own_module() -> None:
    deployments = of_kind("Deployment")
    assert set(deployments) == OURS
    for name, deployment in deployments.items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["command"] == ["python", "-m", f"services.{name}"]
    (container,) = of_kind("Job")["migrate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["bugalou", "migrate"]


def test_settings_exist_and_secrets_stand_in_secrets() -> None:
    given = of_kind("ConfigMap")["bugalou-settings"]["data"]
    assert set(given) <= SETTINGS
    assert not [name for name in given if re.search("PASSWORD|SECRET|DATABASE_URL|AMQP_URL", name)]
    for name, pod in pods():
        for variable in pod["containers"][0]["env"]:
            assert variable["name"] in SETTINGS, name
            assert set(variable["valueFrom"]) == {"secretKeyRef"}, name


def test_sealing_keys_and_the_mail_password_are_seen_by_those_alone_who_use_them() -> None:
    seen = {
        name
        for name, pod in pods()
        for source in pod["containers"][0].get("envFrom", ())
        if source.get("secretRef", {}).get("name") == "bugalou-secrets"
    }
    assert seen == {
        name for name in OURS if "secret_keys(env)" in (ROOT / "services" / name / "settings.py").read_text()
    }


def test_secrets_are_those_that_the_operators_make() -> None:
    wanted = {
        variable["valueFrom"]["secretKeyRef"]["name"] for _, pod in pods() for variable in pod["containers"][0]["env"]
    }
    (postgres,), (rabbitmq,) = of_kind("Cluster"), of_kind("RabbitmqCluster")
    assert wanted == {f"{postgres}-app", f"{rabbitmq}-default-user"}


def test_every_role_that_a_migration_makes_is_there_before_it() -> None:
    migrations = [path.read_text() for path in (ROOT / "shared/migrations/versions").glob("*.py")]
    wanted = {name for text in migrations for name in re.findall(r'"(bugalou_\w+)": \{', text)} | {ROLE}
    (postgres,) = of_kind("Cluster").values()
    owner = postgres["spec"]["bootstrap"]["initdb"]["owner"]
    managed = {role["name"]: role for role in postgres["spec"]["managed"]["roles"]}
    assert set(managed) == wanted | {owner}
    assert managed[owner]["inRoles"] == [ROLE]


def test_ports_and_probes_are_those_of_the_services() -> None:
    given = of_kind("ConfigMap")["bugalou-settings"]["data"]
    ports = {"http": int(given["BUGALOU_HTTP_PORT"]), "metrics": int(given["BUGALOU_METRICS_PORT"])}
    paths = {"http": {route.path for route in HealthHandler.ROUTES}, "metrics": {"/metrics"}}
    for name, deployment in of_kind("Deployment").items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        named = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert named == {port: number for port, number in ports.items() if port in named}, name
        probes = [container[probe]["httpGet"] for probe in container if probe.endswith("Probe")]
        assert probes
        for probe in probes:
            assert probe["path"] in paths[probe["port"]], name
        if "http" in named:
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
            assert of_kind("Service")[name]["spec"]["ports"][0]["port"] == ports["http"]


def test_pods_are_given_longer_to_stop_than_the_services_take() -> None:
    assert DRAIN
    for name, deployment in of_kind("Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        before = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
        assert pod["terminationGracePeriodSeconds"] > int(DRAIN[1]) + int(before[1]) + 2, name


def test_pods_run_as_nobody_and_write_nowhere() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert user
    for name, pod in pods():
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (
            int(user[1]),
            int(user[2]),
        )
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


def test_pods_of_the_operator_are_those_that_the_namespace_admits() -> None:
    """Pod Security Standard `restricted`; the operator's own StatefulSet is not, see rabbitmq/cluster-operator#1910."""
    for namespace in (one for one in MANIFESTS if one["kind"] == "Namespace"):
        assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    (rabbitmq,) = of_kind("RabbitmqCluster").values()
    pod = rabbitmq["spec"]["override"]["statefulSet"]["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    # By the operator's names, or it would make containers more.
    assert [one["name"] for one in pod["initContainers"] + pod["containers"]] == ["setup-container", "rabbitmq"]
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_every_deployment_has_a_budget_and_is_replaced_without_a_gap() -> None:
    for name, deployment in of_kind("Deployment").items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"] == labels
        budget = of_kind("PodDisruptionBudget")[name]["spec"]
        assert budget["selector"]["matchLabels"] == labels
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert deployment["spec"]["replicas"] >= 2


def test_network_is_closed_but_for_what_is_named() -> None:
    policies = of_kind("NetworkPolicy")
    part = {"app.kubernetes.io/part-of": "bugalou"}
    assert policies["bugalou-nothing"]["spec"] == {
        "podSelector": {"matchLabels": part},
        "policyTypes": ["Ingress", "Egress"],
    }
    for name, pod in pods():
        labels = {**of_kind("Deployment"), **of_kind("Job")}[name]["spec"]["template"]["metadata"]["labels"]
        assert labels.items() >= part.items(), pod
    given = of_kind("ConfigMap")["bugalou-settings"]["data"]
    opened = {
        port["port"]
        for policy in policies.values()
        for rule in policy["spec"].get("ingress", ())
        for port in rule["ports"]
    }
    assert opened == {int(given["BUGALOU_HTTP_PORT"]), int(given["BUGALOU_METRICS_PORT"])}


def test_what_scales_is_there_and_asks_in_seconds() -> None:
    for name, scaled in of_kind("ScaledObject").items():
        assert scaled["spec"]["scaleTargetRef"]["name"] in of_kind("Deployment")
        assert 2 <= scaled["spec"]["minReplicaCount"] < scaled["spec"]["maxReplicaCount"]
        (trigger,) = scaled["spec"]["triggers"]
        if name != "gateway":
            assert trigger["type"] == "prometheus"
            assert re.fullmatch(r"max\(bugalou_\w+_lag_seconds\)", trigger["metadata"]["query"])


def test_the_route_sends_orders_to_gateways_as_the_proxy_does() -> None:
    (route,) = of_kind("HTTPRoute").values()
    for rule in route["spec"]["rules"]:
        assert rule["timeouts"] == {"request": "0s"}, "the services have deadlines of their own"
        assert {target["name"] for target in rule["backendRefs"]} <= set(of_kind("Service"))
    gateway, console = route["spec"]["rules"]
    assert [target["name"] for target in gateway["backendRefs"]] == ["gateway"]
    assert {match["path"]["value"] for match in gateway["matches"]} == {
        "/api/v1/orders",
        "/api/v1/orders/batch",
        "/healthz",
        "/readyz",
    }
    assert [target["name"] for target in console["backendRefs"]] == ["console"]
