"""docs/install.md and docs/upgrade.md, block by block, with the real Helm and kubectl, in a cluster of their own.

That the installed pod runs, is shown on a real node; here no node is, so what a Deployment's controller says is said for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster.server import Cluster
from tests.integration.operator_process import ACCOUNT
from tests.integration.support_objects import check
from tests.shell import Shell, helm_user, user
from tests.snippets import ROOT, changed, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient

PAGE = "docs/install.md"
READY = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
IMAGE = "harbor.example.com/perfana/perfana-support:"


@pytest.fixture(scope="module")
def empty() -> Iterator[Cluster]:
    """Boot a cluster in which nothing of ours is; each test leaves it so."""
    with Cluster() as booted:
        yield booted


@pytest.fixture
def api(empty: Cluster) -> ApiClient:
    return empty.client()


@pytest.fixture
def shell(empty: Cluster) -> Shell:
    return user(empty)


def has_definitions(shell: Shell) -> bool:
    """Whether the cluster knows our kinds."""
    return ".support.perfana.io" in shell.kubectl("get", "crd", "-o", "name")


def wait_for_the_end_of_definitions(api: ApiClient) -> None:
    """Wait until the cluster knows none of our kinds."""
    for plural in ("supportchecks", "supportpolicies"):
        api.wait_until_gone("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.support.perfana.io")


def image_of(api: ApiClient, namespace: str = ACCOUNT) -> str:
    """Return the image that the installed Deployment runs."""
    item = api.get("apps/v1", "Deployment", ACCOUNT, namespace)
    (container,) = item["spec"]["template"]["spec"]["containers"]
    image: str = container["image"]
    return image


def roll_out(api: ApiClient) -> None:
    """Say of the Deployment what its controller says once its pod is ready; no node runs one here."""
    generation = api.get("apps/v1", "Deployment", ACCOUNT, ACCOUNT)["metadata"]["generation"]
    status = {"status": {**READY, "observedGeneration": generation}}
    api.patch("apps/v1", "Deployment", ACCOUNT, status, ACCOUNT, subresource="status")


def let_go(api: ApiClient) -> None:
    """Remove the namespace that is told to go, as its controller does once nothing is in it."""
    item = api.get("v1", "Namespace", ACCOUNT)
    api.replace({**item, "spec": {"finalizers": []}}, subresource="finalize")


def remove_helms(shell: Shell, api: ApiClient) -> None:
    """Remove what Helm installed; the controller of namespaces, which kubectl would wait for, is not here."""
    shell.must(changed(snippet(PAGE, "helm-uninstall"), ("delete namespace", "delete --wait=false namespace")))
    let_go(api)


def write_overlay(folder: Path, text: str) -> None:
    """Write a kustomization of the page into a folder from which the manifests are elsewhere."""
    there = ("../perfana-support/manifests", os.path.relpath(ROOT / "manifests", folder))
    (folder / "kustomization.yaml").write_text(changed(text, there), encoding="utf-8")


@pytest.mark.parametrize("major", [4, 3])
def test_helm_installs_adds_a_replica_upgrades_goes_back_and_removes_all(
    empty: Cluster, api: ApiClient, programs: dict[str, Path], tmp_path: Path, major: int
) -> None:
    shell = helm_user(empty, programs[f"helm-{major}"], tmp_path)
    shell.must(snippet(PAGE, "restricted"))
    shell.must(snippet(PAGE, "helm"))
    assert image_of(api).startswith(IMAGE)
    assert has_definitions(shell)
    api.create(check(), "default")
    shell.must(snippet(PAGE, "helm-replicas"))
    assert api.get("apps/v1", "Deployment", ACCOUNT, ACCOUNT)["spec"]["replicas"] == 2
    shell.must(snippet("docs/upgrade.md", "helm"))
    assert image_of(api).startswith(IMAGE), "values are kept"
    shell.must(snippet("docs/upgrade.md", "back"))
    assert api.get("support.perfana.io/v1alpha1", "SupportCheck", "perfana", "default")
    remove_helms(shell, api)
    assert not has_definitions(shell)
    assert api.is_gone("apps/v1", "Deployment", ACCOUNT, ACCOUNT)
    assert api.is_gone("rbac.authorization.k8s.io/v1", "ClusterRole", ACCOUNT)
    assert api.is_gone("v1", "Namespace", ACCOUNT)


def test_chart_without_a_network_takes_the_image_from_the_internal_registry(
    empty: Cluster, api: ApiClient, programs: dict[str, Path], tmp_path: Path
) -> None:
    shell = helm_user(empty, programs["helm-4"], tmp_path)
    shell.must(snippet(PAGE, "restricted"))
    shell.must(snippet("docs/air-gap.md", "install"))
    assert image_of(api).startswith("registry.internal/perfana/perfana-support:")
    remove_helms(shell, api)


def test_one_file_installs_is_verified_upgraded_and_removed_with_its_definitions(shell: Shell, api: ApiClient) -> None:
    shell.must(snippet(PAGE, "plain"))
    assert image_of(api).startswith(IMAGE)
    roll_out(api)
    assert "successfully rolled out" in shell.must(snippet(PAGE, "verify"))
    shell.must(f'kubectl patch deployment {ACCOUNT} -n {ACCOUNT} --type merge -p \'{{"spec": {{"revisionHistoryLimit": 9}}}}\'')
    looked = shell.must(snippet("docs/upgrade.md", "look"))
    assert "+  revisionHistoryLimit: 3" in looked
    assert "image:" not in "".join(line for line in looked.splitlines() if line.startswith(("+", "-")))
    shell.must(snippet("docs/upgrade.md", "plain"))
    assert image_of(api).startswith(IMAGE), "the registry is kept"
    assert shell.must(snippet("docs/upgrade.md", "look")) == ""
    # Its controller, which kubectl would wait for, is not here.
    shell.must(changed(snippet(PAGE, "uninstall"), ("delete -f", "delete --wait=false -f")))
    wait_for_the_end_of_definitions(api)
    let_go(api)


@pytest.mark.parametrize("major", [4, 3])
def test_helm_takes_over_what_kubectl_applied_and_removes_definitions_only_where_they_are_not_kept(
    empty: Cluster, api: ApiClient, programs: dict[str, Path], tmp_path: Path, major: int
) -> None:
    shell = helm_user(empty, programs[f"helm-{major}"], tmp_path)
    shell.must(snippet(PAGE, "plain"))
    created = api.create(check(), "default")["metadata"]["uid"]
    block = snippet("docs/upgrade.md", "take-over")
    shell.must(block if major == 4 else changed(block, (" --force-conflicts", "")))
    assert image_of(api).startswith(IMAGE)
    shell.at(tmp_path).must(snippet("docs/upgrade.md", "save"))
    assert f"uid: {created}" in (tmp_path / "before.yaml").read_text(encoding="utf-8")
    upgrade = f"helm upgrade {ACCOUNT} charts/{ACCOUNT} --namespace {ACCOUNT} --reuse-values --set crds.install="
    shell.must(f"{upgrade}false")
    assert api.get("support.perfana.io/v1alpha1", "SupportCheck", "perfana", "default")["metadata"]["uid"] == created
    shell.must(f"{upgrade}true")
    shell.must(f"{upgrade}true,crds.keep=false")
    assert has_definitions(shell)
    shell.must(f"{upgrade}false")
    wait_for_the_end_of_definitions(api)
    shell.must(f"helm uninstall {ACCOUNT} --namespace {ACCOUNT} && kubectl delete namespace {ACCOUNT} --wait=false")
    let_go(api)


def test_overlay_of_ones_own_says_where_the_image_is(shell: Shell, api: ApiClient, tmp_path: Path) -> None:
    write_overlay(tmp_path, snippet(PAGE, "overlay"))
    shell.at(tmp_path).must(snippet(PAGE, "kustomize"))
    assert image_of(api).startswith(IMAGE)
    shell.at(tmp_path).must("kubectl delete -k . --wait=false")
    wait_for_the_end_of_definitions(api)
    let_go(api)


@pytest.mark.parametrize("major", [4, 3])
def test_a_pod_names_no_user_where_the_platform_gives_one(
    empty: Cluster, api: ApiClient, programs: dict[str, Path], tmp_path: Path, major: int
) -> None:
    shell = helm_user(empty, programs[f"helm-{major}"], tmp_path)
    shell.must(snippet(PAGE, "openshift-helm"))
    shell.must(snippet("docs/upgrade.md", "helm"))
    of_helm = api.get("apps/v1", "Deployment", ACCOUNT, ACCOUNT)["spec"]["template"]["spec"]["securityContext"]
    remove_helms(shell, api)
    write_overlay(tmp_path, snippet(PAGE, "openshift"))
    rendered = list(yaml.safe_load_all(shell.at(tmp_path).must("kubectl kustomize .")))
    (deployment,) = (item for item in rendered if item["kind"] == "Deployment")
    assert deployment["spec"]["template"]["spec"]["securityContext"] == of_helm
    assert of_helm == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_namespaced_way_gives_no_right_on_the_cluster(
    empty: Cluster, api: ApiClient, programs: dict[str, Path], tmp_path: Path
) -> None:
    shell = helm_user(empty, programs["helm-4"], tmp_path)
    shell.must(snippet(PAGE, "definitions"))
    shell.must(snippet(PAGE, "namespaced"))
    assert image_of(api, "perfana").startswith(IMAGE)
    shell.must(snippet("docs/upgrade.md", "namespaced"))
    assert image_of(api, "perfana").startswith(IMAGE)
    assert api.is_gone("rbac.authorization.k8s.io/v1", "ClusterRole", ACCOUNT)
    shell.must("kubectl delete -k manifests/overlays/namespaced && kubectl create namespace staging")
    shell.must(snippet(PAGE, "helm-namespaced"))
    assert image_of(api, "perfana").startswith(IMAGE)
    assert api.is_gone("rbac.authorization.k8s.io/v1", "ClusterRole", ACCOUNT)
    for namespace in ("perfana", "staging"):
        roles = shell.must(f"kubectl get roles -n {namespace} -o name")
        assert roles.count("role.rbac.authorization.k8s.io/perfana-support") >= 1
    for namespace in ("perfana", "staging"):
        api.create(check(), namespace)
    shell.must(snippet(PAGE, "leave"))
    left = shell.must("kubectl get supportchecks -A -o jsonpath='{.items[*].metadata.namespace}'")
    assert left == "perfana", "those of the others stay"
    assert api.get("support.perfana.io/v1alpha1", "SupportCheck", "perfana", "perfana")
    assert shell.must("kubectl get roles,rolebindings -n staging -o name") == "", "no right is left"
    shell.must("helm uninstall perfana-support -n perfana && kubectl delete -f crds/")
