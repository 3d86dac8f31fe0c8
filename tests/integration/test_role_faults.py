"""Faults and dates, for an operator that has no more than a Role: the same as with rights on the whole cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cluster.identity import RBAC
from tests.cluster.server import LOOPBACK, free_ports
from tests.cluster.waiting import wait_for
from tests.integration.fault_site import (
    CHECKS,
    DEPLOYMENTS,
    RECOVERED_WITHIN_SECONDS,
    FaultSite,
    in_namespace,
    page_of,
    proxied_operator,
)
from tests.integration.operator_process import ACCOUNT, OperatorProcess, role_identity, role_rules
from tests.integration.shifted_operator import ShiftedClock
from tests.integration.support_objects import RELEASED, SNAPSHOT, Site, check, deployment, findings
from tests.integration.test_faults_life import (  # collected here as well, with the fixtures of this module
    test_connection_that_is_cut_in_the_middle_of_ending_does_not_keep_it,
    test_server_that_does_not_answer_does_not_keep_it,
    test_write_at_hand_is_finished,
)
from tests.integration.test_faults_server import (
    test_check_that_is_deleted_while_it_is_written_leaves_nothing_behind,
    test_conflict_on_every_write_is_tried_again_without_haste_until_it_ends,
    test_errors_of_the_server_are_waited_out,
    test_retry_after_is_honoured_by_lists_and_watches,
    test_retry_after_is_honoured_for_the_status_that_was_refused_and_for_it_alone,
    test_server_without_an_answer_is_waited_out,
    test_write_whose_answer_is_lost_is_no_second_flip,
)
from tests.integration.test_faults_watch import (
    test_list_that_expires_between_its_pages_is_begun_anew_and_not_judged_by_half,
    test_watch_that_ends_at_once_is_not_asked_for_in_a_tight_loop,
    test_what_is_deleted_behind_an_expired_watch_is_gone,
)
from tests.integration.test_time import LAST_DAY, MIDNIGHT, NOTICED_WITHIN_SECONDS, WAITED_SECONDS, WAIVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.server import Cluster

__all__ = [
    "test_check_that_is_deleted_while_it_is_written_leaves_nothing_behind",
    "test_conflict_on_every_write_is_tried_again_without_haste_until_it_ends",
    "test_connection_that_is_cut_in_the_middle_of_ending_does_not_keep_it",
    "test_errors_of_the_server_are_waited_out",
    "test_list_that_expires_between_its_pages_is_begun_anew_and_not_judged_by_half",
    "test_retry_after_is_honoured_by_lists_and_watches",
    "test_retry_after_is_honoured_for_the_status_that_was_refused_and_for_it_alone",
    "test_server_that_does_not_answer_does_not_keep_it",
    "test_server_without_an_answer_is_waited_out",
    "test_watch_that_ends_at_once_is_not_asked_for_in_a_tight_loop",
    "test_what_is_deleted_behind_an_expired_watch_is_gone",
    "test_write_at_hand_is_finished",
    "test_write_whose_answer_is_lost_is_no_second_flip",
]


@pytest.fixture
def running(cluster: Cluster, install_crds: list[str], namespace: str) -> Iterator[FaultSite]:
    """Run an operator of the test's namespace behind a proxy."""
    assert install_crds
    places = ("-n", namespace, "--lease-namespace", namespace)
    with proxied_operator(cluster, role_identity(cluster, [namespace]), *places, "--settle-seconds", "0") as started:
        yield started


@pytest.fixture
def faulty(running: FaultSite, namespace: str) -> Iterator[FaultSite]:
    """Return a namespace that was judged supported."""
    with in_namespace(running, namespace) as own:
        own.site.create(deployment(RELEASED), check())
        own.site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
        for path in (DEPLOYMENTS, CHECKS):
            own.wait_for_watch(path)
        yield own


@pytest.fixture
def judged(faulty: FaultSite) -> FaultSite:
    """Return the same: no Role lets policies be read."""
    return faulty


def test_lease_of_another_name_has_to_be_in_the_role_and_the_operator_says_so(
    cluster: Cluster, install_crds: list[str], namespace: str
) -> None:
    assert install_crds
    identity = role_identity(cluster, [namespace])
    (port,) = free_ports(1)
    place = ("-n", namespace, "--lease-name", "of-shop", "--http-host", LOOPBACK, "--http-port", str(port))
    said = "a Role there must allow create, and get and update for resourceNames: [of-shop]"
    with OperatorProcess(cluster, identity.kubeconfig, *place) as process:
        process.start()
        wait_for(lambda: said in process.log, RECOVERED_WITHIN_SECONDS, "a line that names what is missing")
        assert said in page_of(str(port), "/readyz").text
        (lease_role,) = [rule for rule in role_rules(f"{ACCOUNT}-lease") if "resourceNames" in rule]
        role = cluster.client().get(RBAC, "Role", f"{ACCOUNT}-lease", namespace)
        role["rules"].append({**lease_role, "resourceNames": ["of-shop"]})
        cluster.client().replace(role, namespace)
        site = Site(cluster.client(), namespace, process)
        site.create(deployment(RELEASED), check())
        site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)


def test_dates_change_verdicts_with_a_role_too(
    cluster: Cluster, install_crds: list[str], tmp_path: Path, namespace: str
) -> None:
    assert install_crds
    clock = ShiftedClock(tmp_path / "clock")
    clock.set(MIDNIGHT - timedelta(hours=14))
    identity = role_identity(cluster, [namespace])
    arguments = ("--clock-file", str(clock.file), "--http-port", "0", "--wake-spread-seconds", "0", "-n", namespace)
    with OperatorProcess(cluster, identity.kubeconfig, *arguments, module="tests.integration.shifted_operator") as process:
        process.start()
        site = Site(cluster.client(), namespace, process)
        maintenance = {"plan": "Team", "expiresOn": LAST_DAY}
        site.create(deployment(SNAPSHOT), check(waivers=[WAIVER], maintenance=maintenance))
        site.wait_for_condition("BuildSupported", "True", seconds=NOTICED_WITHIN_SECONDS)
        site.wait_for_condition("MaintenanceActive", "True", "MaintenanceExpiring")
        clock.set(MIDNIGHT - timedelta(seconds=WAITED_SECONDS))
        site.wait_for_condition("MaintenanceActive", "False", "MaintenanceExpired", seconds=NOTICED_WITHIN_SECONDS)
        ended = site.wait_for_condition("BuildSupported", "False", "SnapshotBuild", seconds=NOTICED_WITHIN_SECONDS)
    assert findings(ended, "SnapshotBuild")
