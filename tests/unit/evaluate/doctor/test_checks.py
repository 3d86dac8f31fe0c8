"""The checks: each with a verdict on its present spec."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from perfana_support.evaluate.doctor.diagnosis import state_of
from perfana_support.model.diagnosis import Area, Diagnosis, PolicySeen, Reading, State
from tests.unit.evaluate.doctor.clusters import absent, at, check, items, only, policy, refused, told, unknown, well

RESTART = "kubectl rollout restart deployment/perfana-support -n perfana-support"
RIGHTS = "perfana-support doctor --print rights | kubectl apply -f -"


def judged(**changes: Any) -> Diagnosis:  # noqa: ANN401 - parts of an object
    return only(well(checks=items(check(**changes))))


def test_verdict_that_is_false_is_no_trouble_of_the_operator() -> None:
    false = {"conditions": [{"type": "Supported", "status": "False", "reason": "EndOfLife"}]}
    assert told(well(checks=items(check(status=false)))) == []


def test_no_checks_are_no_trouble_either() -> None:
    assert told(well(checks=items())) == []


def test_check_without_a_verdict_is_told_once_it_should_have_one() -> None:
    found = judged(status={"conditions": []})
    assert (found.area, found.subject, found.state, found.fix) == (Area.CHECKS, "shop/perfana", State.PROBLEM, (RESTART,))
    assert found.found == "has no verdict; it was changed 24 h ago"


def test_check_that_was_made_a_moment_ago_is_waited_for() -> None:
    found = judged(status={"conditions": []}, metadata={"creationTimestamp": at(5)})
    assert found.state is State.CANNOT_TELL
    assert found.fix == ("kubectl wait --for=condition=Ready supportcheck/perfana -n shop --timeout=60s",)


def test_check_whose_spec_has_changed_since_its_verdict_is_told() -> None:
    notes = [{"time": at(3600)}, {"time": at(1), "subresource": "status"}]
    found = judged(metadata={"generation": 3, "managedFields": notes})
    assert (found.state, found.found) == (State.PROBLEM, "its verdict is on an earlier spec; it was changed 60 min ago")
    notes[0]["time"] = at(10)
    assert judged(metadata={"generation": 3, "managedFields": notes}).state is State.CANNOT_TELL


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        ("EvaluationFailed", "perfana-support bundle -n shop --name perfana"),
        ("PolicyUnreadable", RIGHTS),
        ("PolicyInvalid", "kubectl get supportpolicies"),
        ("PolicyNotFound", "kubectl get supportpolicies"),
        ("CheckInvalid", "kubectl edit supportcheck perfana -n shop"),
    ],
)
def test_check_that_could_not_be_judged_is_told_with_its_reason(reason: str, command: str) -> None:
    found = judged(status=unknown(reason))
    assert (found.state, found.found, found.fix[0]) == (State.PROBLEM, f"{reason}: because", command)


def test_verdict_that_is_unknown_for_reasons_of_the_installation_is_no_trouble() -> None:
    assert told(well(checks=items(check(status=unknown("UnknownRelease"))))) == []


@pytest.mark.parametrize("code", ["WorkloadsUnreadable", "PlatformUnreadable"])
def test_right_that_a_verdict_lacks_is_told(code: str) -> None:
    findings = [{"code": "FloatingTag"}, {"code": code, "message": "pods cannot be listed"}]
    found = judged(status={"findings": findings})
    assert (found.state, found.found, found.fix) == (State.PROBLEM, f"{code}: pods cannot be listed", (RIGHTS,))


def test_images_that_registries_do_not_prove_are_told_where_registries_are_asked() -> None:
    findings = [{"code": "DigestUnverified", "message": "the registry did not answer"}]
    named = check(spec={"policyRef": {"name": "ours"}}, status={"findings": findings})
    seen = PolicySeen("ours", date(2026, 11, 20), date(2027, 11, 26), asks_registries=True)
    facts = well(checks=items(named), policies=items(policy("ours")), read_policies=(seen,))
    found = only(facts)
    assert found.found == "images that their registry did not prove: 1, such as: the registry did not answer"
    assert found.fix == ("perfana-support check -n shop --verification Registry",)
    assert told(facts._replace(read_policies=(seen._replace(asks_registries=False),))) == []


def test_checks_that_cannot_be_read_are_untold() -> None:
    found = only(well(checks=refused("list supportchecks.support.perfana.io in all namespaces")))
    assert (found.state, "you may not list supportchecks" in found.found) == (State.CANNOT_TELL, True)
    assert only(well(checks=absent())).fix == ("perfana-support doctor --print definitions | kubectl apply -f -",)
    assert only(well(checks=Reading(None, "no answer within 10 s"))).found == "cannot be read: no answer within 10 s"


def test_of_very_many_checks_the_first_are_told_and_how_many_more_there_are() -> None:
    found = told(well(checks=items(*(check(f"c{place}", status={"conditions": []}) for place in range(30)))))
    assert (len(found), found[-1].found, found[-1].state) == (21, "10 more are not well", State.PROBLEM)
    young = {"creationTimestamp": at(1)}
    found = told(well(checks=items(*(check(f"c{n}", status={"conditions": []}, metadata=young) for n in range(30)))))
    assert found[-1].state is State.CANNOT_TELL


def test_problem_is_told_before_what_nobody_can_tell() -> None:
    one = Diagnosis(Area.CHECKS, "", State.CANNOT_TELL, "")
    assert state_of([one, one._replace(state=State.OK)]) is State.CANNOT_TELL
    assert state_of([one, one._replace(state=State.PROBLEM)]) is State.PROBLEM
    assert state_of([]) is State.OK
