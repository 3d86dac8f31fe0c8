"""Manifests on a real API server with its controllers: applied, applied again, used, and removed without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.client import GONE_WITHIN_SECONDS, ApiError
from tests.cluster.waiting import wait_for
from tests.integration.controlled_cluster import controlled_cluster, everything
from tests.integration.helm_tool import find_helm
from tests.integration.installing import APPS, NAME, Place
from tests.integration.support_objects import API_VERSION, CHECK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.client import Object

OVERLAYS = {"cluster-wide": NAME, "namespaced": "perfana", "high-availability": NAME}
WAYS = {"by-the-client": (), "by-the-server": ("--server-side",)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with controlled_cluster() as cluster:
        made = Place(cluster, tmp_path_factory.mktemp("home"), find_helm(4))
        made.make_namespace("perfana")
        yield made


@pytest.fixture
def untouched(place: Place) -> Iterator[set[tuple[str, str, str]]]:
    """Return all that was there before, and hold that it is all that is there afterwards."""
    before = everything(place.api)
    yield before
    place.wait_until_left(before)


def test_pages_way_in_and_out_leaves_nothing(place: Place, untouched: set[tuple[str, str, str]]) -> None:
    """As docs/install.md says it: a file, and the same file to remove it; the operator runs until it has no rights any more."""
    assert untouched
    place.kubectl("apply", "--server-side", "-f", "manifests/install.yaml")
    place.wait_until_defined()
    with place.operator() as operator:
        operator.start()
        site = place.site("perfana", operator)
        site.wait_for_verdict("True")
        assert holder(place, NAME)
        place.kubectl("delete", "-f", "manifests/install.yaml")
        place.api.wait_until_gone("v1", "Namespace", NAME)
    place.api.delete(APPS, "Deployment", "perfana-web", "perfana")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_overlay_is_applied_again_without_a_change_judges_and_leaves_nothing(
    name: str, way: str, place: Place, untouched: set[tuple[str, str, str]]
) -> None:
    assert untouched
    namespace, folder = OVERLAYS[name], f"manifests/overlays/{name}"
    if name == "namespaced":
        place.kubectl("apply", *WAYS[way], "-k", "crds/")
        place.wait_until_defined()
    place.kubectl("apply", *WAYS[way], "-k", folder)
    place.wait_until_defined()
    before = versions(place, folder)
    assert {"Deployment/perfana-support", "NetworkPolicy/perfana-support"} <= before.keys()
    place.kubectl("apply", *WAYS[way], "-k", folder)
    assert versions(place, folder) == before
    with place.operator(namespace) as operator:
        operator.start()
        site = place.site("perfana", operator)
        site.wait_for_verdict("True")
        place.kubectl("apply", *WAYS[way], "-k", folder)
        assert place.api.get("coordination.k8s.io/v1", "Lease", NAME, namespace)["spec"]["holderIdentity"], (
            "taken from its holder"
        )
        place.kubectl("delete", "-k", folder)
        if namespace == NAME:
            place.api.wait_until_gone("v1", "Namespace", NAME)
    if name == "namespaced":
        # The definitions were not its own, and all checks are still there.
        assert place.api.get(API_VERSION, CHECK, "perfana", "perfana")["status"]["conditions"]
        place.kubectl("delete", "-k", "crds/")
    place.api.delete(APPS, "Deployment", "perfana-web", "perfana")


def versions(place: Place, folder: str) -> dict[str, str]:
    """Return the generation of each object of an overlay, which any change of what was asked for adds to."""
    each = "{.kind}/{.metadata.name}={.metadata.generation};"
    printed = place.kubectl("get", "-k", folder, "-o", f"jsonpath={{range .items[*]}}{each}{{end}}")
    return dict(entry.split("=", 1) for entry in printed.split(";") if entry)


def holder(place: Place, namespace: str) -> str:
    """Return who holds the Lease, "" for nobody."""
    lease = place.api.get("coordination.k8s.io/v1", "Lease", NAME, namespace)
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


# Pod Security


def test_pods_are_let_in_where_restricted_is_enforced_and_no_laxer_ones(place: Place) -> None:
    place.kubectl("apply", "--server-side", "-f", "manifests/install.yaml")
    try:
        place.wait_for_controllers(NAME)
        wait_for(lambda: pods(place), GONE_WITHIN_SECONDS, "a pod of the Deployment's")
        template: Object = place.api.get(APPS, "Deployment", NAME, NAME)["spec"]["template"]
        namespace = place.api.get("v1", "Namespace", NAME)
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        place.api.create(pod_of(template, "as-it-is"), NAME)
        for name, spoil in LAXER.items():
            spoiled = pod_of(template, name)
            spoil(spoiled["spec"])
            with pytest.raises(ApiError, match=r'violates PodSecurity "restricted:v1.35"'):
                place.api.create(spoiled, NAME)
    finally:
        place.kubectl("delete", "-f", "manifests/install.yaml")


def pods(place: Place) -> list[Object]:
    """Return the pods of the operator's namespace."""
    found: list[Object] = place.api.request("GET", f"/api/v1/namespaces/{NAME}/pods")["items"]
    return found


def pod_of(template: Object, name: str) -> Object:
    """Return a pod of a template."""
    spec = {**template["spec"], "containers": [dict(each) for each in template["spec"]["containers"]]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


LAXER: dict[str, Callable[[Object], None]] = {
    "root": lambda spec: spec.update(securityContext={**spec["securityContext"], "runAsNonRoot": False}),
    "user-zero": lambda spec: spec.update(securityContext={**spec["securityContext"], "runAsUser": 0}),
    "any-call": lambda spec: spec.update(securityContext={"runAsNonRoot": True}),
    "all-capabilities": lambda spec: spec["containers"][0].update(securityContext={"allowPrivilegeEscalation": False}),
    "escalation": lambda spec: spec["containers"][0].update(securityContext={"capabilities": {"drop": ["ALL"]}}),
    "hosts-network": lambda spec: spec.update(hostNetwork=True),
    "hosts-folder": lambda spec: spec.update(volumes=[{"name": "host", "hostPath": {"path": "/"}}]),
}


# Deletion


@pytest.mark.parametrize("is_running", [True, False], ids=["operator-runs", "no-operator"])
def test_deletion_of_checks_and_of_their_namespace_never_waits_for_anybody(place: Place, *, is_running: bool) -> None:
    place.kubectl("apply", "--server-side", "-f", "manifests/install.yaml")
    place.wait_until_defined()
    place.make_namespace("leaving")
    try:
        with place.operator() as operator:
            operator.start()
            site = place.site("leaving", operator)
            site.create({**site.get(), "metadata": {"name": "second"}, "status": {}})
            site.wait_for_verdict("True")
            if not is_running:
                operator.kill()
            place.kubectl("delete", "supportcheck", "perfana", "-n", "leaving", "--timeout=30s")
            place.kubectl("delete", "namespace", "leaving", "--timeout=110s")
            if is_running:
                assert operator.is_running
    finally:
        place.delete_namespace("leaving")
        place.kubectl("delete", "-f", "manifests/install.yaml")
