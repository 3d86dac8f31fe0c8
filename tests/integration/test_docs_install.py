"""docs/install.md and docs/upgrade.md, block by block, with the real Helm and kubectl, in a cluster of their own.

That the installed pod runs, is shown on a real node; here no node is, so what a Deployment's controller says is said for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cluster.client import ApiError
from tests.cluster.server import Cluster
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ACCOUNT
from tests.integration.site_cluster import Desk
from tests.integration.support_objects import check
from tests.snippets import ROOT, changed, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "docs/install.md"
GONE_WITHIN_SECONDS = 240.0
IMAGE = "harbor.example.com/perfana/perfana-support:"


@pytest.fixture(scope="module")
def empty() -> Iterator[Cluster]:
    """Boot a cluster in which nothing of ours is; each test leaves it so."""
    with Cluster() as booted:
        yield booted


@pytest.fixture
def desk(empty: Cluster, tmp_path: Path) -> Desk:
    return Desk(empty, tmp_path)


def has_definitions(desk: Desk) -> bool:
    """Whether the cluster knows our kinds."""
    return ".support.perfana.io" in desk.run("kubectl get crd -o name")


def image_of(desk: Desk, namespace: str = ACCOUNT) -> str:
    """Return the image that the installed Deployment runs."""
    item = desk.api.get("apps/v1", "Deployment", ACCOUNT, namespace)
    (container,) = item["spec"]["template"]["spec"]["containers"]
    image: str = container["image"]
    return image


def is_gone(desk: Desk, kind: str, api_version: str, namespace: str | None = None) -> bool:
    """Whether an object of our name is not there."""
    try:
        desk.api.get(api_version, kind, ACCOUNT, namespace)
    except ApiError as error:
        return error.reason == "NotFound"
    return False


@pytest.mark.parametrize("major", [4, 3])
def test_helm_installs_adds_a_replica_upgrades_goes_back_and_removes_all(
    empty: Cluster, programs: dict[str, Path], tmp_path: Path, major: int
) -> None:
    desk = Desk(empty, tmp_path, programs[f"helm-{major}"])
    desk.run(snippet(PAGE, "restricted"))
    desk.run(snippet(PAGE, "helm"))
    assert image_of(desk).startswith(IMAGE)
    assert has_definitions(desk)
    desk.api.create(check(), "default")
    desk.run(snippet(PAGE, "helm-replicas"))
    assert desk.api.get("apps/v1", "Deployment", ACCOUNT, ACCOUNT)["spec"]["replicas"] == 2
    desk.run(snippet("docs/upgrade.md", "helm"))
    assert image_of(desk).startswith(IMAGE), "values are kept"
    desk.run(snippet("docs/upgrade.md", "back"))
    assert desk.api.get("support.perfana.io/v1alpha1", "SupportCheck", "perfana", "default")
    # The controller of namespaces, which kubectl would wait for, is not here.
    desk.run(changed(snippet(PAGE, "helm-uninstall"), ("delete namespace", "delete --wait=false namespace")))
    assert not has_definitions(desk)
    assert is_gone(desk, "Deployment", "apps/v1", ACCOUNT)
    assert is_gone(desk, "ClusterRole", "rbac.authorization.k8s.io/v1")
    desk.let_go(ACCOUNT)
    assert is_gone(desk, "Namespace", "v1")


def test_one_file_installs_is_verified_upgraded_and_removed_with_its_definitions(desk: Desk) -> None:
    desk.run(snippet(PAGE, "plain"))
    assert image_of(desk).startswith(IMAGE)
    desk.roll_out()
    assert "successfully rolled out" in desk.run(snippet(PAGE, "verify"))
    desk.run(f'kubectl patch deployment {ACCOUNT} -n {ACCOUNT} --type merge -p \'{{"spec": {{"revisionHistoryLimit": 9}}}}\'')
    looked = desk.run(snippet("docs/upgrade.md", "look"))
    assert "+  revisionHistoryLimit: 3" in looked
    assert "image:" not in "".join(line for line in looked.splitlines() if line.startswith(("+", "-")))
    desk.run(snippet("docs/upgrade.md", "plain"))
    assert image_of(desk).startswith(IMAGE), "the registry is kept"
    assert desk.run(snippet("docs/upgrade.md", "look")) == ""
    # Its controller, which kubectl would wait for, is not here.
    desk.run(changed(snippet(PAGE, "uninstall"), ("delete -f", "delete --wait=false -f")))
    wait_for(lambda: not has_definitions(desk), GONE_WITHIN_SECONDS, "an end of the definitions")
    desk.let_go(ACCOUNT)


@pytest.mark.parametrize("major", [4, 3])
def test_helm_takes_over_what_kubectl_applied_and_removes_definitions_only_where_they_are_not_kept(
    empty: Cluster, programs: dict[str, Path], tmp_path: Path, major: int
) -> None:
    desk = Desk(empty, tmp_path, programs[f"helm-{major}"])
    desk.run(snippet(PAGE, "plain"))
    created = desk.api.create(check(), "default")["metadata"]["uid"]
    block = snippet("docs/upgrade.md", "take-over")
    desk.run(block if major == 4 else changed(block, (" --force-conflicts", "")))
    assert image_of(desk).startswith(IMAGE)
    desk.run(snippet("docs/upgrade.md", "save"), tmp_path)
    assert f"uid: {created}" in (tmp_path / "before.yaml").read_text(encoding="utf-8")
    upgrade = f"helm upgrade {ACCOUNT} charts/{ACCOUNT} --namespace {ACCOUNT} --reuse-values --set crds.install="
    desk.run(f"{upgrade}false")
    assert desk.api.get("support.perfana.io/v1alpha1", "SupportCheck", "perfana", "default")["metadata"]["uid"] == created
    desk.run(f"{upgrade}true")
    desk.run(f"{upgrade}true,crds.keep=false")
    assert has_definitions(desk)
    desk.run(f"{upgrade}false")
    wait_for(lambda: not has_definitions(desk), GONE_WITHIN_SECONDS, "an end of the definitions")
    desk.run(f"helm uninstall {ACCOUNT} --namespace {ACCOUNT} && kubectl delete namespace {ACCOUNT} --wait=false")
    desk.let_go(ACCOUNT)


def test_overlay_of_ones_own_says_where_the_image_is(desk: Desk, tmp_path: Path) -> None:
    there = ("../perfana-support/manifests", os.path.relpath(ROOT / "manifests", tmp_path))
    (tmp_path / "kustomization.yaml").write_text(changed(snippet(PAGE, "overlay"), there), encoding="utf-8")
    desk.run(snippet(PAGE, "kustomize"), tmp_path)
    assert image_of(desk).startswith(IMAGE)
    desk.run("kubectl delete -k . --wait=false", tmp_path)
    wait_for(lambda: not has_definitions(desk), GONE_WITHIN_SECONDS, "an end of the definitions")
    desk.let_go(ACCOUNT)


def test_namespaced_way_gives_no_right_on_the_cluster(empty: Cluster, programs: dict[str, Path], tmp_path: Path) -> None:
    desk = Desk(empty, tmp_path, programs["helm-4"])
    desk.run(snippet(PAGE, "definitions"))
    desk.run(snippet(PAGE, "namespaced"))
    assert image_of(desk, "perfana").startswith(IMAGE)
    desk.run(snippet("docs/upgrade.md", "namespaced"))
    assert image_of(desk, "perfana").startswith(IMAGE)
    assert is_gone(desk, "ClusterRole", "rbac.authorization.k8s.io/v1")
    desk.run("kubectl delete -k manifests/overlays/namespaced && kubectl create namespace staging")
    desk.run(snippet(PAGE, "helm-namespaced"))
    assert image_of(desk, "perfana").startswith(IMAGE)
    assert is_gone(desk, "ClusterRole", "rbac.authorization.k8s.io/v1")
    for namespace in ("perfana", "staging"):
        roles = desk.run(f"kubectl get roles -n {namespace} -o name")
        assert roles.count("role.rbac.authorization.k8s.io/perfana-support") >= 1
    for namespace in ("perfana", "staging"):
        desk.api.create(check(), namespace)
    desk.run(snippet(PAGE, "leave"))
    left = desk.run("kubectl get supportchecks -A -o jsonpath='{.items[*].metadata.namespace}'")
    assert left == "perfana", "those of the others stay"
    assert desk.api.get("support.perfana.io/v1alpha1", "SupportCheck", "perfana", "perfana")
    assert desk.run("kubectl get roles,rolebindings -n staging -o name") == "", "no right is left"
    desk.run("helm uninstall perfana-support -n perfana && kubectl delete -f crds/")
