"""Policies: valid, young enough, and there."""

from __future__ import annotations

from datetime import date

from perfana_support import __version__
from perfana_support.evaluate.doctor.renewal import renew
from perfana_support.model.diagnosis import Area, PolicySeen, State, Tools
from tests.unit.evaluate.doctor.clusters import absent, check, items, only, policy, refused, told, well

OLD = (date(2026, 1, 1), date(2026, 6, 30))
REVIEWED = (
    """kubectl patch supportpolicy ours --type=merge -p '{"spec":{"publishedOn":"2026-11-26"}}'"""
    "    # once you have read the vendor's policy anew"
)
TO_BUILTIN = '--type=merge -p \'{"spec":{"policyRef":null}}\'    # judges by the built-in policy'


def test_builtin_policy_that_is_stale_takes_a_newer_program() -> None:
    found = only(well(builtin=PolicySeen("default", *OLD)))
    assert (found.area, found.state, found.fix) == (Area.POLICIES, State.PROBLEM, renew(well(), Tools()))
    assert found.found == "is of 2026-01-01 and was to be relied on until 2026-06-30"


def test_policy_of_an_older_operator_is_told_by_its_verdicts() -> None:
    stale = {"findings": [{"code": "PolicyStale", "effect": "AtRisk"}]}
    checks = items(
        check(status=stale), check("other", status=stale), check("named", spec={"policyRef": {"name": "ours"}}, status=stale)
    )
    young = PolicySeen("ours", date(2026, 11, 20), date(2026, 11, 26))
    facts = well(checks=checks, policies=items(policy("ours")), read_policies=(young,))
    found = only(facts)
    assert (found.subject, found.state) == ("the operator's own", State.PROBLEM)
    assert found.found == "is too old, by 2 verdicts of its; this program's is of 2026-11-24"
    image = f"operator=perfana-support:{__version__}    # this version's image, once it is there"
    assert found.fix == (f"kubectl set image deployment/perfana-support -n perfana-support {image}",)
    assert only(facts._replace(builtin=PolicySeen("default", *OLD))).subject == "built-in policy"


def test_policy_that_the_operator_refuses_is_not_well_because_this_program_takes_it() -> None:
    young = PolicySeen("ours", date(2026, 11, 20), date(2026, 11, 26))
    item = policy("ours")
    item["metadata"]["generation"] = 3
    item["status"] = {
        "observedGeneration": 3,
        "conditions": [{"type": "Valid", "status": "False", "reason": "PolicyInvalid"}],
        "problems": ["spec.support: is not known"],
    }
    found = only(well(policies=items(item), read_policies=(young,)))
    assert (found.subject, found.state) == ("ours", State.PROBLEM)
    assert found.found == "is valid to this program, and not to the operator: spec.support: is not known"
    assert found.fix[0] == "kubectl describe supportpolicy ours"
    item["metadata"]["generation"] = 4
    assert told(well(policies=items(item), read_policies=(young,))) == []


def test_policy_on_its_last_day_is_well_and_its_age_by_its_own_rule() -> None:
    young = PolicySeen("ours", date(2026, 11, 20), date(2026, 11, 26))
    assert told(well(policies=items(policy("ours")), read_policies=(young,))) == []
    found = only(well(policies=items(policy("ours")), read_policies=(young._replace(stale_after=date(2026, 11, 25)),)))
    assert (found.subject, found.state) == ("ours", State.PROBLEM)
    assert found.fix == (
        "kubectl edit supportpolicy ours",
        REVIEWED,
    )


def test_policy_without_a_day_cannot_be_told() -> None:
    found = only(well(policies=items(policy("ours")), read_policies=(PolicySeen("ours"),)))
    assert found.state is State.CANNOT_TELL


def test_policy_that_is_not_valid_is_told_with_its_first_problem() -> None:
    bad = PolicySeen("ours", problems=("spec.lines: is bad", "spec.a: is bad"))
    found = only(well(policies=items(policy("ours")), read_policies=(bad,)))
    assert (found.state, found.found) == (State.PROBLEM, "is not valid: spec.lines: is bad (and 1 more)")
    assert found.fix == (
        "kubectl get supportpolicy ours -o yaml | perfana-support policy lint -",
        "kubectl edit supportpolicy ours",
    )


def test_policy_that_was_valid_is_put_back() -> None:
    bad = PolicySeen("ours", problems=("spec.lines: is bad",))
    document = {**policy("ours"), "status": {"lastValidSpec": "{}"}}
    found = only(well(policies=items(document), read_policies=(bad,)))
    assert found.found == "is not valid: spec.lines: is bad"
    assert found.fix[1] == (
        "kubectl patch supportpolicy ours --type=json -p "
        '"[{\\"op\\":\\"replace\\",\\"path\\":\\"/spec\\",\\"value\\":'
        "$(kubectl get supportpolicy ours -o jsonpath='{.status.lastValidSpec}')}]\"    # back to its last valid form"
    )


def test_policies_that_cannot_be_read_are_untold() -> None:
    found = only(well(policies=refused("list supportpolicies.support.perfana.io")))
    assert (found.state, found.found) == (
        State.CANNOT_TELL,
        "cannot be read: you may not list supportpolicies.support.perfana.io",
    )
    found = only(well(policies=absent()))
    assert (found.state, found.fix) == (
        State.CANNOT_TELL,
        ("perfana-support doctor --print definitions | kubectl apply -f -",),
    )


def test_policy_that_a_check_names_and_is_not_there_is_told() -> None:
    named = check(spec={"policyRef": {"name": "gone"}})
    found = only(well(checks=items(named)))
    assert (found.subject, found.state) == ("gone", State.PROBLEM)
    assert found.found == "SupportCheck shop/perfana names it, and it does not exist; there are: none"
    assert found.fix == (f"kubectl patch supportcheck perfana -n shop {TO_BUILTIN}",)


def test_policy_that_a_check_names_and_is_there_is_well() -> None:
    ours = PolicySeen("ours", date(2026, 11, 20), date(2027, 11, 26))
    named = check(spec={"policyRef": {"name": "ours"}})
    assert told(well(checks=items(named), policies=items(policy("ours")), read_policies=(ours,))) == []
