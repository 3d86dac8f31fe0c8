"""The Lease: held, renewed lately, by a pod of the operator."""

from __future__ import annotations

from typing import Any

import pytest

from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Diagnosis, Facts, Reading, State
from tests.unit.evaluate.doctor.clusters import (
    HOLDER,
    NAME,
    absent,
    deployment,
    granted,
    items,
    lease,
    of_variables,
    only,
    refused,
    running,
    told,
    well,
)

RESTART = "kubectl rollout restart deployment/perfana-support -n perfana-support"
AGAIN = (
    "perfana-support doctor --operator-namespace perfana-support --lease-name perfana-support"
    "    # with the name of its Lease after --lease-name"
)


def held(seconds_ago: float, holder: str = HOLDER) -> Diagnosis:
    return only(well(lease=Reading(lease(seconds_ago, holder))))


def test_lease_that_was_not_renewed_lately_is_told() -> None:
    found = held(300)
    assert (found.subject, found.state, found.fix) == ("Lease", State.PROBLEM, (RESTART,))
    assert found.found == (
        f"{HOLDER} holds perfana-support/perfana-support and renewed it 5 min ago, at 2026-11-26 11:55:00 UTC"
    )


def test_lease_of_a_leader_that_is_a_little_late_is_well() -> None:
    assert told(well(lease=Reading(lease(29)))) == []


def test_lease_that_is_long_by_its_own_word_may_be_late() -> None:
    slow = lease(100)
    slow["spec"]["leaseDurationSeconds"] = 60
    assert told(well(lease=Reading(slow))) == []


def test_lease_that_nobody_holds_is_told() -> None:
    assert held(1, "").found == "nobody holds perfana-support/perfana-support"


def test_lease_that_is_not_there_may_lack_the_right_to_make_one() -> None:
    found = only(well(lease=absent()))
    assert found.found == "perfana-support/perfana-support is not there: no operator has led yet"
    assert found.fix == ("perfana-support doctor --print rights | kubectl apply -f -", RESTART)


def test_lease_that_may_not_be_read_is_untold() -> None:
    assert only(well(lease=refused("get leases"))).state is State.CANNOT_TELL


def test_lease_from_the_future_is_a_nodes_clock() -> None:
    found = held(-120)
    assert (found.state, "120 s from now: its node's clock is ahead" in found.found) == (State.PROBLEM, True)


def test_holder_that_is_no_pod_of_the_operator_is_told() -> None:
    found = held(1, "laptop_1")
    assert found.found.endswith("held by laptop_1, renewed 1 s ago, which is no pod of Deployment perfana-support")
    assert found.fix == ("kubectl get pods -A --field-selector metadata.name=laptop_1",)


def test_name_of_a_holder_is_quoted_for_the_shell() -> None:
    assert held(1, "a; reboot").fix == ("kubectl get pods -A --field-selector metadata.name='a; reboot'",)


def test_operator_without_election_needs_no_lease() -> None:
    assert told(running("--no-leader-election", lease=absent())) == []


def test_pods_without_election_that_are_more_than_one_fight() -> None:
    found = only(running("--no-leader-election", lease=absent(), ready=2, replicas=2))
    assert (found.subject, found.state) == ("Lease", State.PROBLEM)
    assert found.fix == ("kubectl scale deployment perfana-support -n perfana-support --replicas=1",)


def hiding(*names: str, **changes: Any) -> Facts:  # noqa: ANN401 - any of the facts
    """Return a cluster whose operator takes settings from a ConfigMap."""
    item = of_variables(deployment(), *names)
    return well(setup=setup_of(item, NAME), deployments=items(item), **changes)


@pytest.mark.parametrize("name", ["LEASE_NAME", "LEASE_NAMESPACE", "LEADER_ELECTION"])
@pytest.mark.parametrize("reading", [absent(), Reading(lease(300)), Reading(lease(1, ""))], ids=["absent", "late", "free"])
def test_lease_that_is_nobodys_tells_nothing_of_an_operator_which_may_lead_by_another(name: str, reading: Reading) -> None:
    found = only(hiding(name, lease=reading, leases=items()))
    flag = f"--{name.lower().replace('_', '-')}"
    assert (found.subject, found.state) == ("Lease", State.CANNOT_TELL)
    assert found.found == f"whether it leads cannot be seen: perfana-support/perfana-support takes {flag} from elsewhere"
    assert found.fix[0] == "kubectl get deployment perfana-support -n perfana-support -o yaml"
    assert found.fix[1:] == ((AGAIN,) if name == "LEASE_NAME" else ())


def test_lease_that_a_pod_of_the_operator_holds_is_its_own_whatever_is_hidden() -> None:
    assert told(hiding("LEASE_NAME", "LEASE_NAMESPACE", "LEADER_ELECTION")) == []
    other = Reading(lease(1, "laptop_1"))
    assert only(hiding("LEASE_NAME", lease=other)).state is State.CANNOT_TELL
    assert only(hiding("LEADER_ELECTION", lease=other)).state is State.PROBLEM


def test_rights_to_a_lease_that_may_not_be_the_operators_cannot_be_told() -> None:
    found = only(hiding("LEASE_NAME", granted=granted("get leases.coordination.k8s.io")))
    assert (found.subject, found.state) == ("leases.coordination.k8s.io", State.CANNOT_TELL)
    found = told(hiding("LEASE_NAME", granted=granted("get leases.coordination.k8s.io", "list nodes")))[1]
    # Rights to the Lease of the usual name would take the right to its own.
    assert (found.subject, found.fix) == ("nodes", (AGAIN,))
