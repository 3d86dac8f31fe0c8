"""Verdicts that change because time passes: the operator wakes without an event, on the day and not before."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.integration.operator_process import OperatorProcess
from tests.integration.shifted_operator import ShiftedClock
from tests.integration.support_objects import (
    API_VERSION,
    POLICY,
    RELEASED,
    SNAPSHOT,
    Site,
    check,
    conditions,
    delete_if_there,
    deployment,
    findings,
    policy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

MIDNIGHT = datetime(2027, 3, 1, tzinfo=UTC)
"""When every case's verdict changes: the first moment of the day after a last one."""

LAST_DAY = "2027-02-28"
PUBLISHED = "2026-12-01"
NOTICED_WITHIN_SECONDS = 90.0
"""A clock that is set is noticed at the next look, ten seconds later at most."""

WAITED_SECONDS = 4


class Case(NamedTuple):
    """A date: what the policy and the check say, and which condition then turns from which to which (status, reason)."""

    name: str
    policy: Object
    check: Object
    image: str
    condition: str
    before: tuple[str, str]
    after: tuple[str, str]


def line(last_day: str) -> Object:
    return {"lines": [{"name": "4.0", "endOfLifeOn": last_day}]}


def line_of(cluster: Cluster) -> str:
    """Return the line of the cluster's Kubernetes, which the cases' policies speak of as $LINE."""
    return ".".join(cluster.binaries.kubernetes.split(".")[:2])


LASTING = {"maxPolicyAgeDays": 3650, "platform": {"kubernetesLines": [{"name": "$LINE", "endOfLifeOn": "2035-12-31"}]}}
"""What else may end lasts beyond all cases."""

WAIVER = {"code": "SnapshotBuild", "reason": "a trial", "agreedBy": "tests", "expiresOn": LAST_DAY}

CASES = [
    Case(
        "end-of-life",
        line(LAST_DAY),
        {},
        RELEASED,
        "VersionSupported",
        ("True", "ApproachingEndOfLife"),
        ("False", "EndOfLife"),
    ),
    Case(
        "lookahead",
        {**line("2027-05-30"), "endOfLife": {"lookaheadDays": 90}},
        {},
        RELEASED,
        "VersionSupported",
        ("True", "AllRulesMet"),
        ("True", "ApproachingEndOfLife"),
    ),
    Case(
        "maintenance",
        {},
        {"maintenance": {"plan": "Team", "expiresOn": LAST_DAY}},
        RELEASED,
        "MaintenanceActive",
        ("True", "MaintenanceExpiring"),
        ("False", "MaintenanceExpired"),
    ),
    Case("waiver", {}, {"waivers": [WAIVER]}, SNAPSHOT, "BuildSupported", ("True", "AllRulesMet"), ("False", "SnapshotBuild")),
    Case(
        "platform",
        {"platform": {"kubernetesLines": [{"name": "$LINE", "endOfLifeOn": LAST_DAY}]}},
        {},
        RELEASED,
        "PlatformSupported",
        ("True", "AllRulesMet"),
        ("False", "KubernetesEndOfLife"),
    ),
    Case(
        "policy-age",
        {"maxPolicyAgeDays": 89},
        {},
        RELEASED,
        "VersionSupported",
        ("True", "AllRulesMet"),
        ("True", "PolicyStale"),
    ),
]


class Era(NamedTuple):
    """Sites by the name of their case, under one operator whose clock can be set."""

    sites: dict[str, Site]
    clock: ShiftedClock
    operator: OperatorProcess

    def wait_for(self, case: Case, said: tuple[str, str]) -> Object:
        """Return a case's check once its condition says so."""
        return self.sites[case.name].wait_for_condition(
            case.condition, said[0], said[1] or None, seconds=NOTICED_WITHIN_SECONDS
        )


@pytest.fixture(scope="module")
def clock(cluster: Cluster) -> ShiftedClock:
    """Return the operator's clock, at first in the forenoon of the last day."""
    shifted = ShiftedClock(cluster.folder / f"clock-{secrets.token_hex(4)}")
    shifted.set(MIDNIGHT - timedelta(hours=14))
    return shifted


@pytest.fixture(scope="module")
def era(cluster: Cluster, install_crds: list[str], identity: Identity, clock: ShiftedClock) -> Iterator[Era]:
    """Judge a site for each case on the last day of its old verdict."""
    assert install_crds
    api = cluster.client()
    names = {case.name: f"time-{case.name}-{secrets.token_hex(4)}" for case in CASES}
    arguments = ["--clock-file", str(clock.file), "--http-port", "0", "--wake-spread-seconds", "0", "--no-leader-election"]
    for name in names.values():
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        arguments += ["-n", name]
    with OperatorProcess(cluster, identity.kubeconfig, *arguments, module="tests.integration.shifted_operator") as process:
        process.start()
        sites = {case.name: Site(api, names[case.name], process) for case in CASES}
        for case in CASES:
            name = names[case.name]
            spec = json.loads(json.dumps({**LASTING, **case.policy}).replace("$LINE", line_of(cluster)))
            api.create(policy(name, publishedOn=PUBLISHED, **spec))
            sites[case.name].create(deployment(case.image), check(**case.check, policyRef={"name": name}))
        yield Era(sites, clock, process)
        for name in names.values():
            delete_if_there(api, POLICY, name)
            api.delete("v1", "Namespace", name)


@pytest.fixture(scope="module")
def days(era: Era) -> dict[str, tuple[Object, Object]]:
    """Return the check of each case on the last day and on the next, which began while nothing else happened."""
    before = {case.name: era.wait_for(case, case.before) for case in CASES}
    era.clock.set(MIDNIGHT - timedelta(seconds=WAITED_SECONDS))
    for case in CASES:
        era.wait_for(case, case.after)
    after = {case.name: era.sites[case.name].get() for case in CASES}
    return {case.name: (before[case.name], after[case.name]) for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_date_changes_the_verdict_at_midnight_and_not_before(days: dict[str, tuple[Object, Object]], case: Case) -> None:
    """In a real wait: the clock stood seconds before midnight."""
    before, after = days[case.name]
    old, new = conditions(before)[case.condition], conditions(after)[case.condition]
    if case.before[0] != case.after[0]:
        flipped_at = datetime.fromisoformat(new["lastTransitionTime"])
        assert MIDNIGHT <= flipped_at <= MIDNIGHT + timedelta(seconds=NOTICED_WITHIN_SECONDS)
    else:
        assert new["lastTransitionTime"] == old["lastTransitionTime"]
    assert before["metadata"]["generation"] == after["metadata"]["generation"]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_date_was_announced(days: dict[str, tuple[Object, Object]], case: Case) -> None:
    announced = days[case.name][0]["status"]["nextTransition"]
    assert announced == {
        "time": "2027-03-01T00:00:00Z",
        "condition": case.condition,
        "status": case.after[0],
        "reason": case.after[1],
    }


@pytest.mark.usefixtures("days")
def test_clock_that_is_set_back_takes_the_verdict_back(era: Era) -> None:
    era.clock.set(MIDNIGHT - timedelta(hours=14))
    for case in CASES:
        era.wait_for(case, case.before)


@pytest.mark.usefixtures("days")
def test_clock_that_leaps_over_years_is_followed(era: Era) -> None:
    era.clock.set(MIDNIGHT + timedelta(days=900, hours=5))
    site = era.sites["waiver"]
    site.wait_for_condition("BuildSupported", "False", "SnapshotBuild", seconds=NOTICED_WITHIN_SECONDS)
    era.wait_for(CASES[0], CASES[0].after)
    assert era.operator.is_running


@pytest.mark.usefixtures("days")
def test_day_that_began_while_the_machine_slept_is_noticed_on_waking(era: Era) -> None:
    era.clock.set(MIDNIGHT - timedelta(hours=14))
    for case in CASES:
        era.wait_for(case, case.before)
    with era.operator.asleep():
        era.clock.set(MIDNIGHT + timedelta(hours=10))
    for case in CASES:
        era.wait_for(case, case.after)


@pytest.mark.usefixtures("days")
def test_day_that_began_while_the_operator_was_down_is_noticed_at_its_start(era: Era) -> None:
    era.clock.set(MIDNIGHT - timedelta(hours=14))
    case = CASES[3]
    era.wait_for(case, case.before)
    era.operator.kill()
    era.clock.set(MIDNIGHT + timedelta(hours=10))
    era.operator.start()
    assert findings(era.wait_for(case, case.after), "SnapshotBuild")
    assert era.sites[case.name].api.list(API_VERSION, POLICY)["items"]
