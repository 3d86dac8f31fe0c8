"""The operator of some namespaces, with a Role in each and nothing else: it says the same as one for the whole cluster."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.cluster.crds import apply_crds
from tests.cluster.identity import RBAC, RBAC_GROUP, wait_until_granted
from tests.integration.conftest import FOREIGN_CRDS
from tests.integration.operator_process import ACCOUNT, OperatorProcess, shipped_rules
from tests.integration.support_objects import SNAPSHOT, Site, check, conditions, deployment
from tests.integration.test_operator_verdicts import (  # collected here as well, with the fixtures of this module
    test_check_that_is_deleted_and_made_anew_is_judged,
    test_completed_job_is_ignored,
    test_ephemeral_container_counts,
    test_every_kind_that_runs_containers_is_judged,
    test_first_visit_writes_every_condition,
    test_init_container_is_judged,
    test_kstatus_sees_progress_until_the_verdict_is_there,
    test_kubectl_prints_the_verdict_in_columns,
    test_kubectl_wait_for_supported_just_works,
    test_namespace_without_components_is_unknown,
    test_pod_that_runs_another_image_than_its_template_is_found,
    test_ready_and_stalled_follow_the_enforcement,
    test_relabelled_workload_leaves_the_selection,
    test_snapshot_image_flips_supported_and_the_release_flips_it_back,
    test_succeeded_pod_is_ignored,
    test_waiver_takes_the_effect_and_leaves_the_finding,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster

__all__ = [
    "test_check_that_is_deleted_and_made_anew_is_judged",
    "test_completed_job_is_ignored",
    "test_ephemeral_container_counts",
    "test_every_kind_that_runs_containers_is_judged",
    "test_first_visit_writes_every_condition",
    "test_init_container_is_judged",
    "test_kstatus_sees_progress_until_the_verdict_is_there",
    "test_kubectl_prints_the_verdict_in_columns",
    "test_kubectl_wait_for_supported_just_works",
    "test_namespace_without_components_is_unknown",
    "test_pod_that_runs_another_image_than_its_template_is_found",
    "test_ready_and_stalled_follow_the_enforcement",
    "test_relabelled_workload_leaves_the_selection",
    "test_snapshot_image_flips_supported_and_the_release_flips_it_back",
    "test_succeeded_pod_is_ignored",
    "test_waiver_takes_the_effect_and_leaves_the_finding",
]

NAMESPACES = 40
"""One for each test; their names must be known when the operator starts."""


def role_rules() -> list[Object]:
    """Return what of the shipped rights a Role can give: nodes and policies are in no namespace."""
    rules = [*shipped_rules(), *shipped_rules("Role")]
    outside = ("nodes", "supportpolicies")
    return [{**rule, "resources": [each for each in rule["resources"] if not each.startswith(outside)]} for rule in rules]


@pytest.fixture(scope="module")
def places(api: ApiClient) -> list[str]:
    """Make the namespaces, each with the Role."""
    names = [f"role-{secrets.token_hex(4)}" for _ in range(NAMESPACES)]
    for name in names:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        api.apply({"apiVersion": RBAC, "kind": "Role", "metadata": {"name": ACCOUNT}, "rules": role_rules()}, name)
        binding = {
            "apiVersion": RBAC,
            "kind": "RoleBinding",
            "metadata": {"name": ACCOUNT},
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": "Role", "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": names[0]}],
        }
        api.apply(binding, name)
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}, names[0])
    return names


@pytest.fixture(scope="module")
def operator(cluster: Cluster, api: ApiClient, install_crds: list[str], places: list[str]) -> Iterator[OperatorProcess]:
    """Run the operator of these namespaces."""
    assert install_crds
    apply_crds(api, FOREIGN_CRDS)
    identity = cluster.identity_of(ACCOUNT, places[0])
    wait_until_granted(cluster.client(identity.token), role_rules(), places[-1])
    with OperatorProcess(cluster, identity.kubeconfig, "-n", ",".join(places), "--http-port", "0") as process:
        process.start()
        yield process


@pytest.fixture(scope="module")
def unused(places: list[str]) -> Iterator[str]:
    """Return the namespaces that no test has had yet."""
    return iter(places)


@pytest.fixture
def namespace(unused: Iterator[str]) -> str:
    """Return a namespace that no other test has."""
    return next(unused)


def test_policy_cannot_be_read_and_the_check_that_needs_one_says_so(site: Site) -> None:
    site.create(deployment(SNAPSHOT), check(), check("other", policyRef={"name": "acme"}))
    site.wait_for_verdict("False", "SnapshotBuild")
    message = conditions(site.wait_for_verdict("Unknown", "PolicyUnreadable", name="other"))["Supported"]["message"]
    assert 'cannot list resource "supportpolicies"' in message


def test_namespace_that_was_not_named_is_not_looked_at(site: Site) -> None:
    other = site._replace(namespace=f"other-{secrets.token_hex(4)}")
    site.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other.namespace}})
    other.create(deployment(SNAPSHOT), check())
    site.create(deployment(SNAPSHOT), check())
    site.wait_for_verdict("False", "SnapshotBuild")
    assert other.get()["status"] == {"observedGeneration": -1}
    site.api.delete("v1", "Namespace", other.namespace)
