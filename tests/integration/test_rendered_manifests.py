"""One source: install.yaml, the overlays and the chart are the same objects, whichever Helm renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.integration.chart_rendering import (
    OVERLAY_VALUES,
    by_key,
    helm_template,
    is_test,
    one,
    overlay,
    without_helms,
)
from tests.integration.helm_tool import MAJORS
from tests.rendered_manifests import INSTALL, MANIFESTS, OVERLAYS, install

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.client import Object

NAMESPACES = {"namespaced": "perfana"}


def test_install_yaml_is_what_the_overlay_renders() -> None:
    assert INSTALL.read_text(encoding="utf-8") == install(), "run make manifests"
    assert by_key(yaml.safe_load_all(INSTALL.read_text(encoding="utf-8"))) == by_key(overlay("cluster-wide"))


def test_every_overlay_is_compared() -> None:
    assert {path.name for path in OVERLAYS.iterdir()} == OVERLAY_VALUES.keys()


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("name", OVERLAY_VALUES)
def test_chart_is_the_overlay_object_by_object(name: str, major: int, tmp_path: Path) -> None:
    """Without the Namespace, which is Helm's user's to make, and the Pod that only `helm test` makes."""
    values, namespace = OVERLAY_VALUES[name], NAMESPACES.get(name, "perfana-support")
    rendered = helm_template(values, tmp_path, major=major, namespace=namespace).objects
    ours = by_key(without_helms(item) for item in rendered if not is_test(item))
    theirs = {key: item for key, item in by_key(overlay(name)).items() if key[0] != "Namespace"}
    assert ours.keys() == theirs.keys()
    for key, item in theirs.items():
        assert ours[key] == item, key


@pytest.mark.parametrize("major", MAJORS)
def test_definitions_that_are_not_kept_bear_nothing_that_keeps_them(major: int, tmp_path: Path) -> None:
    rendered = helm_template(
        {"crds": {"keep": False}, "monitoring": OVERLAY_VALUES["monitoring"]["monitoring"]}, tmp_path, major=major
    )
    assert "resource-policy" not in rendered.text


def _files(name: str) -> list[Object]:
    return list(yaml.safe_load_all((MANIFESTS / name).read_text(encoding="utf-8")))


def test_admission_is_that_of_the_manifests(tmp_path: Path) -> None:
    known = ["--api-versions", "support.perfana.io/v1alpha1/SupportPolicy"]
    values = {"admission": {"enabled": True}}
    rendered = by_key(helm_template(values, tmp_path, *known).objects)
    for key, item in by_key(_files("admission.yaml")).items():
        assert {**item, "metadata": {}} == {**rendered[key], "metadata": {}}
    assert rendered["SupportPolicy", "", "perfana-support"]["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_rights_for_policy_reports_are_those_of_the_manifests(tmp_path: Path) -> None:
    rendered = helm_template({"policyReports": {"enabled": True}}, tmp_path).objects
    named = by_key(rendered)
    for key, item in by_key(_files("policy-reports.yaml")).items():
        assert {**item, "metadata": {}} == {**named[key], "metadata": {}}
    (container,) = one(rendered, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "PERFANA_SUPPORT_POLICY_REPORTS", "value": "true"}]


def test_policy_reports_of_some_namespaces_need_no_right_on_the_cluster(tmp_path: Path) -> None:
    values = {"policyReports": {"enabled": True}, "watch": {"namespaces": ["shop", "more"]}, "crds": {"install": False}}
    rendered = by_key(helm_template(values, tmp_path).objects)
    assert {key[0] for key in rendered if key[0].startswith("Cluster")} == set()
    rules = one(_files("policy-reports.yaml"), "ClusterRole")["rules"]
    for namespace in ("shop", "more"):
        assert rendered["Role", namespace, "perfana-support-policy-reports"]["rules"] == rules
        binding = rendered["RoleBinding", namespace, "perfana-support-policy-reports"]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "perfana-support", "namespace": "perfana-support"}]


def test_pull_secrets_may_be_read_one_by_one(tmp_path: Path) -> None:
    values = {"registries": {"usePullSecrets": True, "secrets": [{"namespace": "perfana", "names": ["harbor", "hub"]}]}}
    rendered = helm_template(values, tmp_path).objects
    rules = by_key(rendered)["Role", "perfana", "perfana-support-pull-secret"]["rules"]
    assert rules == [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["harbor", "hub"], "verbs": ["get"]}]
    (container,) = one(rendered, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "PERFANA_SUPPORT_USE_PULL_SECRETS", "value": "true"}]


@pytest.mark.parametrize("major", MAJORS)
def test_pull_secrets_of_a_namespace_that_is_listed_twice_may_all_be_read(major: int, tmp_path: Path) -> None:
    listed = [("perfana", ["harbor"]), ("shop", ["quay"]), ("perfana", ["hub", "harbor"])]
    secrets = [{"namespace": namespace, "names": names} for namespace, names in listed]
    rendered = by_key(helm_template({"registries": {"secrets": secrets}}, tmp_path, major=major).objects)
    for namespace, names in (("perfana", ["harbor", "hub"]), ("shop", ["quay"])):
        (rule,) = rendered["Role", namespace, "perfana-support-pull-secret"]["rules"]
        assert rule["resourceNames"] == names
        assert ("RoleBinding", namespace, "perfana-support-pull-secret") in rendered


def test_certificates_of_registries_are_mounted_and_named(tmp_path: Path) -> None:
    rendered = helm_template({"registries": {"caConfigMap": "ours", "caKey": "root.pem"}}, tmp_path).objects
    pod = one(rendered, "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (mount,) = container["volumeMounts"]
    assert container["env"] == [{"name": "PERFANA_SUPPORT_REGISTRY_CA_FILE", "value": f"{mount['mountPath']}/root.pem"}]
    assert pod["volumes"] == [{"name": mount["name"], "configMap": {"name": "ours"}}]


def test_two_operators_in_one_cluster_have_names_and_leases_of_their_own(tmp_path: Path) -> None:
    rendered = helm_template({"fullnameOverride": "second", "crds": {"install": False}}, tmp_path).objects
    assert {key[2] for key in by_key(item for item in rendered if not is_test(item))} == {"second"}
    (container,) = one(rendered, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "PERFANA_SUPPORT_LEASE_NAME", "value": "second"}]
    assert one(rendered, "Role")["rules"][1]["resourceNames"] == ["second"]


@pytest.mark.parametrize("major", MAJORS)
def test_two_operators_with_all_that_there_is_share_the_names_of_admission_alone(major: int, tmp_path: Path) -> None:
    """Of which a cluster has one, as the page says: what a second one would add are the same warnings once more."""
    monitoring = {each: {"enabled": True} for each in ("serviceMonitor", "prometheusRule", "dashboard")}
    values = {
        "admission": {"enabled": True},
        "crds": {"install": False},
        "monitoring": monitoring,
        "policyReports": {"enabled": True},
        "priorityClass": {"create": True},
        "registries": {"secrets": [{"namespace": "perfana", "names": ["harbor"]}]},
        "replicas": 2,
    }

    def named(name: str) -> set[tuple[str, str, str]]:
        given = {**values, "fullnameOverride": name}
        return set(by_key(helm_template(given, tmp_path, major=major, release=name or "first").objects))

    admission = set(by_key(_files("admission.yaml")))
    first, second = named(""), named("second")
    assert first & second == admission
    assert {name for _, _, name in second - admission if not name.startswith("second")} == set()
    assert {kind for kind, _, _ in first} == {kind for kind, _, _ in second} > {kind for kind, _, _ in admission}


@pytest.mark.parametrize("major", MAJORS)
def test_alerts_name_the_objects_of_the_release(major: int, tmp_path: Path) -> None:
    values: Object = {"fullnameOverride": "second", "monitoring": {"prometheusRule": {"enabled": True}}}
    objects = helm_template(values, tmp_path, major=major, namespace="tools").objects
    said = _descriptions(objects)
    ours = {kind: one(objects, kind)["metadata"]["name"] for kind in ("Service", "Deployment")}
    assert ours == dict.fromkeys(ours, "second")
    assert f'services/{{{{ or $labels.service "{ours["Service"]}" }}}}:http' in said
    assert f'deployment/{{{{ or $labels.service "{ours["Deployment"]}" }}}} -n {{{{ or $labels.namespace "tools" }}}}' in said
    assert 'lease {{ or $labels.service "second" }} -n {{ or $labels.namespace "tools" }}' in said
    assert '"perfana-support"' not in said
    lease = {"settings": {"lease_name": "baton", "lease_namespace": "leases"}}
    assert "describe lease baton -n leases" in _descriptions(helm_template(values | lease, tmp_path, major=major).objects)


def _descriptions(objects: list[Object]) -> str:
    groups = one(objects, "PrometheusRule")["spec"]["groups"]
    return "\n".join(rule["annotations"]["description"] for group in groups for rule in group["rules"])


def test_an_image_is_named_by_its_digest_where_there_is_one(tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    values = {"image": {"repository": "harbor.example.com:8443/perfana/perfana-support", "digest": digest}}
    (container,) = one(helm_template(values, tmp_path).objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"harbor.example.com:8443/perfana/perfana-support@{digest}"


def test_the_way_out_can_be_narrowed_to_the_api_server_and_registries(tmp_path: Path) -> None:
    policy = {
        "apiServer": {"cidrs": ["10.0.0.1/32"], "ports": [6443]},
        "registries": {"enabled": True, "cidrs": ["10.2.0.0/16"], "ports": [5000]},
    }
    rendered = helm_template({"networkPolicy": policy}, tmp_path).objects
    _, server, registries = one(rendered, "NetworkPolicy")["spec"]["egress"]
    assert server == {"ports": [{"port": 6443, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}
    assert registries == {"ports": [{"port": 5000, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.2.0.0/16"}}]}


def test_a_priority_class_is_made_or_named(tmp_path: Path) -> None:
    named = helm_template({"priorityClass": {"name": "system-cluster-critical"}}, tmp_path).objects
    assert one(named, "Deployment")["spec"]["template"]["spec"]["priorityClassName"] == "system-cluster-critical"
    made = helm_template({"priorityClass": {"create": True, "value": 1000000000}}, tmp_path).objects
    assert one(made, "Deployment")["spec"]["template"]["spec"]["priorityClassName"] == "perfana-support"
    assert one(made, "PriorityClass")["value"] == 1000000000


def test_a_check_is_a_hook_only_as_long_as_its_kind_is_not_known(tmp_path: Path) -> None:
    values = {"checks": [{"name": "perfana", "namespace": "shop", "spec": {"enforcement": "Gate"}}]}
    first = one(helm_template(values, tmp_path).objects, "SupportCheck")
    known = ["--api-versions", "support.perfana.io/v1alpha1/SupportCheck"]
    later = one(helm_template(values, tmp_path, *known).objects, "SupportCheck")
    assert first["metadata"]["annotations"] == {
        "helm.sh/hook": "post-install,post-upgrade",
        "helm.sh/hook-delete-policy": "hook-failed",
        "helm.sh/resource-policy": "keep",
        "meta.helm.sh/release-name": "perfana-support",
        "meta.helm.sh/release-namespace": "perfana-support",
    }
    assert later["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert first["spec"] == later["spec"] == {"enforcement": "Gate"}
    assert first["metadata"]["namespace"] == later["metadata"]["namespace"] == "shop"
