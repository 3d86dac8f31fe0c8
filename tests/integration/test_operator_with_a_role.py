"""The operator of some namespaces, with a Role in each and nothing else: it says the same as one for the whole cluster."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.cluster.crds import apply_crds
from tests.cluster.server import LOOPBACK, free_ports
from tests.cluster.waiting import wait_for
from tests.integration.conftest import FOREIGN_CRDS
from tests.integration.fault_site import page_of
from tests.integration.operator_process import OperatorProcess, role_identity
from tests.integration.support_objects import SNAPSHOT, Site, check, conditions, deployment
from tests.integration.test_operator_manners import (
    test_changed_finding_under_an_unchanged_verdict_keeps_every_time,
    test_command_line_and_operator_say_the_same,
    test_condition_of_ours_that_somebody_overwrote_is_restored,
    test_event_tells_of_each_flip_of_what_people_act_on_and_of_nothing_else,
    test_restarted_operator_writes_nothing_that_is_there,
    test_status_that_somebody_removed_is_written_again,
    test_unchanged_verdict_is_not_written,
)
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

    from tests.cluster.client import ApiClient
    from tests.cluster.server import Cluster

__all__ = [
    "test_changed_finding_under_an_unchanged_verdict_keeps_every_time",
    "test_check_that_is_deleted_and_made_anew_is_judged",
    "test_command_line_and_operator_say_the_same",
    "test_completed_job_is_ignored",
    "test_condition_of_ours_that_somebody_overwrote_is_restored",
    "test_ephemeral_container_counts",
    "test_event_tells_of_each_flip_of_what_people_act_on_and_of_nothing_else",
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
    "test_restarted_operator_writes_nothing_that_is_there",
    "test_snapshot_image_flips_supported_and_the_release_flips_it_back",
    "test_status_that_somebody_removed_is_written_again",
    "test_succeeded_pod_is_ignored",
    "test_unchanged_verdict_is_not_written",
    "test_waiver_takes_the_effect_and_leaves_the_finding",
]

NAMESPACES = 48
"""One for each test, and some beside; their names must be known when the operator starts."""

READY_WITHIN_SECONDS = 30.0


@pytest.fixture(scope="module")
def places(api: ApiClient) -> list[str]:
    """Make the namespaces."""
    names = [f"role-{secrets.token_hex(4)}" for _ in range(NAMESPACES)]
    for name in names:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return names


@pytest.fixture(scope="module")
def http_port() -> str:
    """Return where the operator answers probes."""
    return str(free_ports(1)[0])


@pytest.fixture(scope="module")
def operator(
    cluster: Cluster, api: ApiClient, install_crds: list[str], places: list[str], http_port: str
) -> Iterator[OperatorProcess]:
    """Run the operator of these namespaces, with the Role that ships."""
    assert install_crds
    apply_crds(api, FOREIGN_CRDS)
    identity = role_identity(cluster, places)
    arguments = ("-n", ",".join(places), "--http-host", LOOPBACK, "--http-port", http_port, "--audit-seconds", "1")
    with OperatorProcess(cluster, identity.kubeconfig, *arguments) as process:
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


@pytest.fixture
def site(api: ApiClient, namespace: str, operator: OperatorProcess, unused: Iterator[str]) -> Site:
    """Return a namespace of the test's own, and those for barriers."""
    return Site(api, namespace, operator, unused)


def test_policy_cannot_be_read_and_the_check_that_needs_one_says_so(site: Site, cluster: Cluster, http_port: str) -> None:
    """That is a mode and no trouble: it is ready, and says so once."""
    site.create(deployment(SNAPSHOT), check(), check("other", policyRef={"name": "acme"}))
    site.wait_for_verdict("False", "SnapshotBuild")
    message = conditions(site.wait_for_verdict("Unknown", "PolicyUnreadable", name="other"))["Supported"]["message"]
    assert 'cannot list resource "supportpolicies"' in message
    wait_for(lambda: page_of(http_port, "/readyz").status == 200, READY_WITHIN_SECONDS, "to be ready")
    site.operator.terminate()
    before = len(site.operator.log)
    site.operator.start()
    wait_for(lambda: page_of(http_port, "/readyz").status == 200, READY_WITHIN_SECONDS, "to be ready", ignoring=(OSError,))
    began = refusals(cluster)
    wait_for(lambda: refusals(cluster) >= began + 3, READY_WITHIN_SECONDS, "three looks of the audit")
    assert page_of(http_port, "/readyz").status == 200
    warned = [line for line in site.operator.log[before:].splitlines() if " WARNING " in line and "olicies" in line]
    assert len(warned) == 1, warned
    assert "SupportPolicies cannot be read; checks that refer to one stay Unknown" in warned[0]


def refusals(cluster: Cluster) -> int:
    """Return how often somebody was refused a look at policies."""
    asked = [event for event in cluster.audit_events() if event.get("objectRef", {}).get("resource") == "supportpolicies"]
    return sum(event.get("responseStatus", {}).get("code") == 403 for event in asked)


def test_namespace_that_was_not_named_is_not_looked_at(site: Site) -> None:
    other = site._replace(namespace=f"other-{secrets.token_hex(4)}")
    site.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other.namespace}})
    other.create(deployment(SNAPSHOT), check())
    site.create(deployment(SNAPSHOT), check())
    site.wait_for_verdict("False", "SnapshotBuild")
    assert other.get()["status"] == {"observedGeneration": -1}
    site.api.delete("v1", "Namespace", other.namespace)
