"""Rights and definitions that are missing, go or come back: Unknown where nothing can be read, and the rest is judged."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.cluster.crds import apply_crds
from tests.cluster.identity import grant
from tests.cluster.proxy import refusal
from tests.cluster.waiting import wait_for
from tests.integration.fault_site import (
    NODES,
    PODS,
    RECOVERED_WITHIN_SECONDS,
    FaultSite,
    in_namespace,
    proxied_operator,
)
from tests.integration.operator_process import ROOT, OperatorProcess, shipped_rules
from tests.integration.support_objects import (
    RELEASED,
    SNAPSHOT,
    Site,
    check,
    conditions,
    deployment,
    findings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

REFUSED_WITHIN_SECONDS = 30.0
"""A refusal is believed after some seconds: a server that has just started refuses what it will allow."""

NOT_JUDGED = {"Ready", "Reconciling", "Stalled"}


@pytest.fixture(scope="module")
def running(cluster: Cluster, install_crds: list[str], identity: Identity) -> Iterator[FaultSite]:
    """Run the module's operator behind its proxy."""
    assert install_crds
    with proxied_operator(cluster, identity, "--audit-seconds", "1") as started:
        yield started


@pytest.fixture
def faulty(running: FaultSite, namespace: str) -> Iterator[FaultSite]:
    """Return the namespace of a test."""
    with in_namespace(running, namespace) as own:
        yield own
        own.assert_sound()


# Rights


def without(kind: str) -> list[Object]:
    """Return the shipped rights less those on one kind."""
    rules = [{**rule, "resources": [each for each in rule["resources"] if each != kind]} for rule in shipped_rules()]
    return [rule for rule in rules if rule["resources"]]


@pytest.mark.usefixtures("install_crds")
def test_without_a_right_on_nodes_the_platform_is_unknown_and_the_rest_is_judged(cluster: Cluster, namespace: str) -> None:
    limited = cluster.identity("blind-to-nodes", namespace, without("nodes"), cluster=True)
    with OperatorProcess(cluster, limited.kubeconfig, "--http-port", "0", "--no-leader-election") as process:
        process.start()
        site = Site(cluster.client(), namespace, process)
        site.create(deployment(RELEASED), check())
        site.wait_for_condition("PlatformSupported", "Unknown", "PlatformUnreadable", seconds=REFUSED_WITHIN_SECONDS)
        judged = site.wait_for_verdict("Unknown", "PlatformUnreadable")
    said = {kind: entry["status"] for kind, entry in conditions(judged).items()}
    assert {said[kind] for kind in ("VersionSupported", "BuildSupported", "ImagesUnmodified")} == {"True"}
    assert 'cannot list resource "nodes"' in findings(judged, "PlatformUnreadable")[0]["message"]


@pytest.mark.usefixtures("install_crds")
def test_without_a_right_on_pods_nothing_is_vouched_for_and_what_is_seen_is_still_held_against_it(
    cluster: Cluster, namespace: str
) -> None:
    limited = cluster.identity("blind-to-pods", namespace, without("pods"), cluster=True)
    with OperatorProcess(cluster, limited.kubeconfig, "--http-port", "0", "--no-leader-election") as process:
        process.start()
        site = Site(cluster.client(), namespace, process)
        site.create(deployment(RELEASED), check())
        unknown = site.wait_for_verdict("Unknown", "WorkloadsUnreadable", seconds=REFUSED_WITHIN_SECONDS)
        assert 'cannot list resource "pods"' in findings(unknown, "WorkloadsUnreadable")[0]["message"]
        site.set_image(SNAPSHOT)
        judged = site.wait_for_verdict("False", "SnapshotBuild")
    assert conditions(judged)["BuildSupported"]["status"] == "False"
    assert (
        not {kind for kind, entry in conditions(judged).items() if entry["status"] == "True"}
        - NOT_JUDGED
        - {"PlatformSupported"}
    )


@pytest.mark.usefixtures("install_crds")
def test_without_rights_in_one_namespace_the_others_are_judged(cluster: Cluster, namespace: str) -> None:
    """Its own checks it cannot even see; a right on these alone makes them Unknown."""
    admin, seen = cluster.client(), f"{namespace[:40]}-{secrets.token_hex(3)}"
    admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": seen}})
    ours = [rule for rule in shipped_rules() if rule["apiGroups"] == ["support.perfana.io"]]
    limited = cluster.identity("one-sided", namespace, ours, cluster=True)
    shipped = [rule for rule in shipped_rules() if "support.perfana.io" not in rule["apiGroups"]]
    grant(admin, "one-sided", seen, shipped, cluster=False)
    binding = admin.get("rbac.authorization.k8s.io/v1", "RoleBinding", "one-sided", seen)
    binding["subjects"][0]["namespace"] = namespace
    admin.replace(binding, seen)
    arguments = ("-n", seen, "-n", namespace, "--http-port", "0", "--no-leader-election")
    with OperatorProcess(cluster, limited.kubeconfig, *arguments) as process:
        process.start()
        refused, allowed = Site(admin, namespace, process), Site(admin, seen, process)
        for site in (refused, allowed):
            site.create(deployment(RELEASED), check())
        unknown = refused.wait_for_verdict("Unknown", "WorkloadsUnreadable", seconds=REFUSED_WITHIN_SECONDS)
        allowed.wait_for_verdict("True")
        allowed.set_image(SNAPSHOT)
        allowed.wait_for_verdict("False", "SnapshotBuild")
    messages = [finding["message"] for finding in findings(unknown, "WorkloadsUnreadable")]
    assert any(
        f'cannot list resource "deployments" in API group "apps" in the namespace "{namespace}"' in one for one in messages
    )


def test_rights_that_are_taken_away_show_and_come_back(faulty: FaultSite) -> None:
    """What is forbidden is asked for again after half a minute."""
    site = faulty.site
    site.create(deployment(RELEASED), check())
    site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
    taken = []
    for path in (NODES, PODS):
        faulty.wait_for_watch(path)
        taken.append(faulty.proxy.on(path, refusal(403, "Forbidden", f"no right on {path}"), method="GET"))
        faulty.proxy.break_off(path)
    told = ((NODES, "PlatformUnreadable"), (PODS, "WorkloadsUnreadable"))

    def names_both(check: Object) -> bool:
        return all(
            any(f"no right on {path}" in finding["message"] for finding in findings(check, reason)) for path, reason in told
        )

    site.wait(names_both, "what is forbidden, of nodes and of pods", seconds=REFUSED_WITHIN_SECONDS)
    site.wait_for_condition("PlatformSupported", "Unknown", "PlatformUnreadable")
    site.wait_for_condition("Supported", "Unknown", "WorkloadsUnreadable")
    assert faulty.page("/readyz").status == 503
    faulty.proxy.drop(*taken)
    site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)


# Definitions


def test_definitions_that_are_removed_and_installed_again_are_followed_again(
    cluster: Cluster, faulty: FaultSite, identity: Identity
) -> None:
    assert identity
    site = faulty.site
    site.create(deployment(RELEASED), check())
    site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
    admin = cluster.client()
    definitions = [
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.support.perfana.io")
        for plural in ("supportchecks", "supportpolicies")
    ]
    for each in definitions:
        admin.delete(*each)
    for each in definitions:
        admin.wait_until_gone(*each)
    site.set_image(SNAPSHOT)
    wait_for(lambda: faulty.page("/readyz").status == 503, RECOVERED_WITHIN_SECONDS, "to be ready no more")
    apply_crds(admin, ROOT / "crds")
    site.create(check())
    site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
    site.set_image(RELEASED)
    site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
    wait_for(lambda: faulty.page("/readyz").status == 200, RECOVERED_WITHIN_SECONDS, "to be ready again")
