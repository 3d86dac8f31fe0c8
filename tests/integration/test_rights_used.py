"""The rights that ship are those that are used, by the server's audit log of the whole run: these tests come last."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.cluster.client import USER_AGENT
from tests.cluster.crds import apply_crds
from tests.cluster.identity import service_account_username
from tests.cluster.waiting import wait_for
from tests.integration.conftest import FOREIGN_CRDS
from tests.integration.operator_process import ACCOUNT, OperatorProcess, role_identity, role_rules, shipped_rules
from tests.integration.support_objects import POLICY, RELEASED, SNAPSHOT, Site, check, delete_if_there, deployment, policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from tests.cluster.client import Object
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

LOGGED_WITHIN_SECONDS = 10.0
"""The server's audit log is a moment behind its answers."""

Right = tuple[str, str, str]

TRIED: AbstractSet[Right] = {("list", "support.perfana.io", "supportpolicies")}
"""What an operator of some namespaces asks for although no Role gives it: a ClusterRole may."""


def test_role_that_ships_for_a_namespace_has_the_rights_that_are_used_with_it(
    cluster: Cluster, install_crds: list[str], namespace: str
) -> None:
    """Of all operators of this test run that have no more than a Role. Before the other test, whose operator sees all."""
    assert install_crds
    apply_crds(cluster.client(), FOREIGN_CRDS)
    role = role_identity(cluster, [namespace])
    with OperatorProcess(cluster, role.kubeconfig, "-n", namespace, "--http-port", "0") as process:
        process.start()
        site = Site(cluster.client(), namespace, process)
        site.create(deployment(RELEASED), check())
        site.wait_for_verdict("True")
        flip(site)
    compare(cluster, rights([*role_rules(), *role_rules(f"{ACCOUNT}-lease")]), has_a_role_only, TRIED)


def test_rights_that_ship_are_the_rights_that_are_used(site: Site, cluster: Cluster, identity: Identity) -> None:
    """Of all operators of this test run: none used without being given, none given in vain."""
    name = site.namespace
    site.create(deployment(RELEASED), policy(name), check(policyRef={"name": name}))
    try:
        site.wait_for_verdict("True")
        site.wait_for_condition("Valid", "True", name=name, of=POLICY)
        flip(site)
    finally:
        delete_if_there(site.api, POLICY, name)
    compare(cluster, rights([*shipped_rules(), *shipped_rules("Role")]), lambda user: user == identity.username)


def compare(
    cluster: Cluster, given: set[Right], is_one: Callable[[str], bool], tried: AbstractSet[Right] = frozenset()
) -> None:
    """Fail if some users used what is not given, or what is given is not used."""
    with contextlib.suppress(TimeoutError):
        wait_for(lambda: given <= used_rights(cluster, is_one), LOGGED_WITHIN_SECONDS, "use of all")
    used = used_rights(cluster, is_one) - tried
    assert (used - given, given - used) == (set(), set())


def flip(site: Site) -> None:
    """Change the verdict, which an Event tells."""
    site.set_image(SNAPSHOT)
    site.wait_for_verdict("False", "SnapshotBuild")


def has_a_role_only(user: str) -> bool:
    """Whether a user is the account of `role.yaml`, in whatever namespace."""
    return user.endswith(f":{ACCOUNT}") and user != service_account_username(ACCOUNT, ACCOUNT)


def rights(rules: list[Object]) -> set[Right]:
    """Return verb, group and resource of all that rules give."""
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def used_rights(cluster: Cluster, is_one: Callable[[str], bool]) -> set[Right]:
    """Return verb, group and resource of all that some users asked for, discovery aside.

    Requests of the tests' own client, which asks whether the identity has its rights yet, are left out.
    """
    used = set()
    for event in cluster.audit_events():
        if is_one(event["user"]["username"]) and event.get("userAgent") != USER_AGENT and "objectRef" in event:
            reference = event["objectRef"]
            resource = "/".join(part for part in (reference["resource"], reference.get("subresource")) if part)
            used.add((event["verb"], reference.get("apiGroup", ""), resource))
    return used
