"""A server that is in trouble for one thing while the operator starts: it is asked again, and does not hold up all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.proxy import Act, refusal
from tests.cluster.waiting import wait_for
from tests.integration.fault_site import (
    POLICIES,
    RECOVERED_WITHIN_SECONDS,
    FaultSite,
    in_namespace,
    proxied_operator,
)
from tests.integration.support_objects import LONG_AGO, RELEASED, SNAPSHOT, check, conditions, deployment, findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

VERSION = "/version"
JOBS = "/apis/batch/v1/jobs"
GIVEN_UP_WITHIN_SECONDS = 180.0
"""After half a minute of failures a resource counts as unreadable."""

HEALED_WITHIN_SECONDS = 180.0
"""What failed for long is tried again every half minute, give or take half."""


@pytest.fixture(scope="module")
def running(cluster: Cluster, install_crds: list[str], identity: Identity) -> Iterator[FaultSite]:
    """Run the module's operator behind its proxy."""
    assert install_crds
    with proxied_operator(cluster, identity) as started:
        yield started


@pytest.fixture
def stopped(running: FaultSite, namespace: str) -> Iterator[FaultSite]:
    """Return a namespace that was judged supported long ago, by an operator that has ended."""
    with in_namespace(running, namespace) as own:
        own.site.create(deployment(RELEASED), check())
        own.site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
        own.site.backdate()
        own.site.operator.terminate()
        yield own
        own.assert_sound()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("act", [refusal(500, "InternalError"), Act(lines=0)], ids=["500", "cut"])
def test_version_that_is_not_told_at_once_is_asked_for_again_before_anything_is_judged(
    stopped: FaultSite, act: Act, times: int
) -> None:
    failing = stopped.proxy.on(VERSION, act, times=times)
    stopped.site.set_image(SNAPSHOT)
    stopped.site.operator.start()
    judged = stopped.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
    assert len(failing.seen) == times
    platform = conditions(judged)["PlatformSupported"]
    assert (platform["status"], platform["lastTransitionTime"]) == ("True", LONG_AGO)


def test_version_that_may_not_be_asked_for_is_unknown_with_the_reason(stopped: FaultSite) -> None:
    refused = stopped.proxy.on(VERSION, refusal(403, "Forbidden", "no right on the version"))
    stopped.site.operator.start()
    unknown = stopped.site.wait_for_condition(
        "PlatformSupported", "Unknown", "PlatformUnreadable", seconds=RECOVERED_WITHIN_SECONDS
    )
    assert "no right on the version" in findings(unknown, "PlatformUnreadable")[0]["message"]
    assert len(refused.seen) >= 4
    stopped.proxy.drop(refused)
    stopped.site.wait_for_verdict("True", seconds=HEALED_WITHIN_SECONDS)


def test_resource_that_fails_from_the_start_is_named_and_the_rest_is_judged(stopped: FaultSite) -> None:
    failing = stopped.proxy.on(JOBS, refusal(500, "InternalError", "jobs are sick"), method="GET")
    stopped.site.operator.start()
    unknown = stopped.site.wait_for_verdict("Unknown", "WorkloadsUnreadable", seconds=GIVEN_UP_WITHIN_SECONDS)
    messages = [finding["message"] for finding in findings(unknown, "WorkloadsUnreadable")]
    assert any("jobs cannot be listed and watched: jobs are sick" in message for message in messages)
    stopped.site.set_image(SNAPSHOT)
    stopped.site.wait_for_verdict("False", "SnapshotBuild")
    stopped.site.set_image(RELEASED)
    stopped.proxy.drop(failing)
    stopped.site.wait_for_verdict("True", seconds=HEALED_WITHIN_SECONDS)


def test_definitions_that_are_not_known_for_a_moment_do_not_end_the_start(stopped: FaultSite) -> None:
    absent = stopped.proxy.on(POLICIES, refusal(404, "NotFound"), times=3)
    stopped.site.set_image(SNAPSHOT)
    stopped.site.operator.start()
    wait_for(lambda: len(absent.seen) == 3, RECOVERED_WITHIN_SECONDS, "three questions for the policies")
    stopped.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
