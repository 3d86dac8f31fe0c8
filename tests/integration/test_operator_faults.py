"""The operator after a fault: killed, restarted, without a right, without its definitions, without a server."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.cluster.client import ApiError
from tests.cluster.crds import apply_crds
from tests.cluster.identity import grant, wait_until_granted
from tests.cluster.server import Cluster
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ROOT, OperatorProcess, shipped_rules
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    LONG_AGO,
    NEW_CHART,
    POLICY,
    RELEASED,
    SNAPSHOT,
    Site,
    check,
    conditions,
    delete_if_there,
    deployment,
    findings,
    job,
    policy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object

ACCOUNT = "restricted"
GRANTED_AGAIN_WITHIN_SECONDS = 90.0
"""What is forbidden is asked for again after 15 to 45 seconds."""

RECONNECTED_WITHIN_SECONDS = 60.0
"""A watch that finds no server tries again after growing waits, of seconds as long as a restart lasts seconds."""


# A cluster of its own: without definitions at first, then with operators that see one namespace each


@pytest.fixture(scope="module")
def bare() -> Iterator[Cluster]:
    """Boot a cluster without our definitions."""
    with Cluster() as booted:
        yield booted


@pytest.fixture(scope="module")
def restricted(bare: Cluster) -> Iterator[Site]:
    """Run an operator for one namespace in which it may not list Jobs; the right is given by the first test that saw it."""
    apply_crds(bare.client(), ROOT / "crds")
    rules = [rule if rule["resources"] != ["cronjobs", "jobs"] else {**rule, "resources": ["cronjobs"]} for rule in ours()]
    with namespaced_operator(bare, rules, policies_only()) as site:
        yield site


@pytest.fixture
def confined(bare: Cluster, restricted: Site) -> Iterator[Site]:
    """Run an operator for one namespace, with all rights in that."""
    assert restricted
    with namespaced_operator(bare, ours(), policies_only()) as site:
        yield site


def ours() -> list[Object]:
    """Return the shipped rights on what is in a namespace."""
    return [
        {**rule, "resources": [each for each in rule["resources"] if not each.startswith(("supportpolicies", "nodes"))]}
        for rule in [*shipped_rules(), *shipped_rules("Role")]
    ]


def policies_only() -> list[Object]:
    """Return the shipped rights on policies, which are in no namespace."""
    rules = []
    for rule in shipped_rules():
        resources = [each for each in rule["resources"] if each.startswith("supportpolicies")]
        rules += [{**rule, "resources": resources}] if resources else []
    return rules


@contextlib.contextmanager
def namespaced_operator(cluster: Cluster, rules: list[Object], cluster_rules: list[Object]) -> Iterator[Site]:
    """Run an operator of one new namespace: with these rights in it, and those on what is in no namespace."""
    api, namespace = cluster.client(), f"confined-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    identity = cluster.identity(ACCOUNT, namespace, rules)
    grant(api, ACCOUNT, namespace, cluster_rules, cluster=True)
    wait_until_granted(cluster.client(identity.token), cluster_rules, None)
    with OperatorProcess(cluster, identity.kubeconfig, "-n", namespace, "--http-port", "0") as process:
        process.start()
        yield Site(api, namespace, process)


def test_without_definitions_it_ends_with_one_line_that_says_what_to_do(bare: Cluster) -> None:
    with OperatorProcess(bare, bare.kubeconfig, "--http-port", "0") as process:
        ended = process.run()
    assert ended.exit_code == 2, ended.log
    problem = "the CustomResourceDefinitions are not installed; run: kubectl apply -f crds/"
    assert errors_in(ended.log) == [f"error: cluster {bare.server}: {problem}"]


def errors_in(log: str) -> list[str]:
    """Return the lines of a log that are more than the course of things and what is waited for."""
    return [line for line in log.splitlines() if " INFO " not in line and " WARNING " not in line]


def test_missing_right_makes_the_verdict_unknown_and_names_the_right(bare: Cluster, restricted: Site) -> None:
    """Never True: what cannot be read might be anything. The last test of this module sees the right come back."""
    restricted.create(deployment(RELEASED), check())
    unknown = restricted.wait_for_verdict("Unknown", "WorkloadsUnreadable")
    (finding,) = findings(unknown, "WorkloadsUnreadable")
    assert 'cannot list resource "jobs" in API group "batch"' in finding["message"]
    assert unknown["status"]["release"] == "4.0.0"
    assert not any(
        condition["status"] == "True"
        for kind, condition in conditions(unknown).items()
        if kind.endswith(("Supported", "Unmodified")) and kind != "PlatformSupported"
    )
    restricted.create(job(SNAPSHOT))
    grant(bare.client(), ACCOUNT, restricted.namespace, ours(), cluster=False)


def test_operator_of_one_namespace_needs_no_more_than_a_role_there(confined: Site, restricted: Site) -> None:
    """And a look at policies, which are in no namespace. Other namespaces are none of its business."""
    name = confined.namespace
    confined.create(deployment(SNAPSHOT), check())
    confined.wait_for_verdict("False", "SnapshotBuild")
    before = restricted.get()["metadata"]["resourceVersion"]
    confined.create(policy(name, lines=[{"name": "4.0", "endOfLifeOn": "2026-01-01"}]))
    confined.set_image(RELEASED)
    confined.wait_for_verdict("True")
    confined.change_spec(policyRef={"name": name})
    confined.wait_for_verdict("False", "EndOfLife")
    assert restricted.get()["metadata"]["resourceVersion"] == before


def test_with_a_role_alone_checks_of_the_built_in_policy_are_judged(bare: Cluster, restricted: Site) -> None:
    """No Role gives a right on policies, which are in no namespace: who refers to one is told that."""
    assert restricted
    with namespaced_operator(bare, ours(), []) as site:
        site.create(deployment(SNAPSHOT), check(), check("other", policyRef={"name": "acme"}))
        site.wait_for_verdict("False", "SnapshotBuild")
        message = conditions(site.wait_for_verdict("Unknown", "PolicyUnreadable", name="other"))["Supported"]["message"]
        assert 'cannot list resource "supportpolicies"' in message
        grant(bare.client(), ACCOUNT, site.namespace, policies_only(), cluster=True)
        site.wait_for_verdict("Unknown", "PolicyNotFound", name="other", seconds=GRANTED_AGAIN_WITHIN_SECONDS)


# Signals


def test_sigterm_ends_it_in_time_and_in_order(site: Site) -> None:
    site.create(deployment(RELEASED), check())
    site.wait_for_verdict("True")
    exit_code = site.operator.terminate()
    site.operator.start()
    assert exit_code == 0
    site.set_image(SNAPSHOT)
    site.wait_for_verdict("False")


def test_killed_operator_catches_up_with_what_it_missed(site: Site) -> None:
    site.apply_chart(NEW_CHART)
    site.create(check(), check("other"))
    site.wait_for_verdict("True")
    site.wait_for_verdict("True", name="other")
    site.backdate()
    site.operator.kill()
    site.set_image(SNAPSHOT)
    site.api.delete(API_VERSION, CHECK, "other", site.namespace)
    site.create(check("other", enforcement="Gate"), check("third"))
    site.operator.start()
    flipped = conditions(site.wait_for_verdict("False", "SnapshotBuild"))
    assert {kind for kind in flipped if flipped[kind]["lastTransitionTime"] != LONG_AGO} == {
        "Supported",
        "BuildSupported",
        "TicketEligible",
    }
    assert conditions(site.wait_for_verdict("False", name="other"))["Stalled"]["status"] == "True"
    site.wait_for_verdict("False", name="third")


def test_operator_killed_at_any_moment_of_its_start_leaves_no_wrong_verdict(site: Site) -> None:
    site.create(deployment(RELEASED), check())
    site.wait_for_verdict("True")
    for image, verdict in ((SNAPSHOT, "False"), (RELEASED, "True")):
        site.operator.kill()
        site.set_image(image)
        site.operator.start()
        before = len(site.operator.log)
        wait_for(lambda: len(site.operator.log) > before, 30, "a sign of life")  # noqa: B023 - called at once
        site.operator.kill()
        site.operator.start()
        site.wait_for_verdict(verdict)


# The server


def restart(cluster: Cluster, site: Site) -> None:
    """Kill the API server and start it, until it serves our objects again: it is ready a moment before."""
    cluster.kill()
    cluster.start()
    wait_until_served(site)


def wait_until_served(site: Site) -> None:
    """Return once the server serves our objects; until then it answers that its storage is initialising."""
    wait_for(lambda: all(site.api.list(API_VERSION, kind) for kind in (CHECK, POLICY)), 30, "our objects", ignoring=(ApiError,))


def test_server_that_restarts_costs_no_verdict_and_loses_no_change(site: Site, cluster: Cluster) -> None:
    site.create(deployment(RELEASED), check(policyRef={"name": site.namespace}), policy(site.namespace))
    try:
        site.wait_for_verdict("True")
        site.backdate()
        restart(cluster, site)
        site.set_image(SNAPSHOT)
        flipped = conditions(site.wait_for_verdict("False", "SnapshotBuild", seconds=RECONNECTED_WITHIN_SECONDS))
        changed = {kind for kind in flipped if flipped[kind]["lastTransitionTime"] != LONG_AGO}
        assert changed == {"Supported", "BuildSupported", "TicketEligible"}
        site.change_spec(site.namespace, POLICY, lines=[{"name": "0.2", "endOfLifeOn": "2026-04-01"}])
        site.wait_for_condition("VersionSupported", "False", "EndOfLife", seconds=RECONNECTED_WITHIN_SECONDS)
    finally:
        delete_if_there(site.api, POLICY, site.namespace)


def test_policy_deleted_while_the_server_restarts_is_gone(site: Site, cluster: Cluster) -> None:
    """The watch then begins anew with a list, and nobody tells of what is not on it."""
    gone, stays = site.namespace, f"{site.namespace}-stays"
    site.create(policy(gone), policy(stays), deployment(RELEASED), check(policyRef={"name": gone}))
    try:
        site.wait_for_verdict("True")
        with site.operator.asleep():
            restart(cluster, site)
            site.api.delete(API_VERSION, POLICY, gone)
        site.wait_for_verdict("Unknown", "PolicyNotFound", seconds=RECONNECTED_WITHIN_SECONDS)
    finally:
        site.api.delete(API_VERSION, POLICY, stays)


def test_server_that_is_not_ready_is_waited_for(site: Site, cluster: Cluster) -> None:
    site.create(deployment(SNAPSHOT), check())
    site.wait_for_verdict("False")
    site.operator.kill()
    site.set_image(RELEASED)
    written = len(site.operator.log)
    cluster.kill()
    try:
        site.operator.start()
        wait_for(lambda: "not ready, trying again" in site.operator.log[written:], 30, "a line that says what it waits for")
    finally:
        cluster.start()
    wait_until_served(site)
    site.wait_for_verdict("True", seconds=RECONNECTED_WITHIN_SECONDS)


def test_sigterm_ends_it_while_it_waits_for_the_server(site: Site, cluster: Cluster) -> None:
    """In a container it is process 1, on which a signal that it does not handle has no effect at all."""
    site.operator.kill()
    written = len(site.operator.log)
    cluster.kill()
    try:
        site.operator.start()
        wait_for(lambda: "trying again" in site.operator.log[written:], 30, "a line that says what it waits for")
        exit_code = site.operator.terminate()
    finally:
        cluster.start()
        wait_until_served(site)
        site.operator.start()
    assert exit_code == 0


# What began at the top of this module and takes a while


def test_right_that_is_given_later_leads_to_the_verdict(restricted: Site) -> None:
    judged = restricted.wait_for_verdict("False", "SnapshotBuild", seconds=GRANTED_AGAIN_WITHIN_SECONDS)
    assert findings(judged, "WorkloadsUnreadable") == []
    assert [finding["subject"]["kind"] for finding in findings(judged, "SnapshotBuild")] == ["Job"]
