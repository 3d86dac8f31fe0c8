"""Other operators: which write the same verdicts, which judge what this one does not, and which cannot be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from perfana_support import __version__
from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Reading, State
from tests.unit.evaluate.doctor.clusters import (
    NAME,
    absent,
    at,
    check,
    deployment,
    items,
    lease,
    of_variables,
    only,
    refused,
    told,
    well,
)

if TYPE_CHECKING:
    from tests.unit.evaluate.doctor.clusters import Json

SCALE = "kubectl scale deployment perfana-support -n ops --replicas=0    # if that one is not wanted"
DEPLOYMENTS = "you may not list deployments.apps in all namespaces"
LEASES = "list leases.coordination.k8s.io in all namespaces"
READER = "perfana-support doctor --print reader --reader ann | kubectl apply -f -    # by somebody who may give rights"
HIDDEN = ("-n", "$(POD_NAMESPACE)")
LEADING = {"LEASE_NAME": "--lease-name", "LEASE_NAMESPACE": "--lease-namespace", "LEADER_ELECTION": "--leader-election"}


def beside(own: Json, *others: Json, **changes: Any) -> Facts:  # noqa: ANN401 - any of the facts
    """Return a cluster with several operators, which all lead by Leases of their own."""
    seen = [own, *others]
    leases = items(*(lease(namespace=each["metadata"]["namespace"]) for each in seen))
    found = {"deployments": items(*seen), "leases": leases, "checks": items(), **changes}
    return well(setup=setup_of(own, NAME), **found)


def of(namespace: str, *args: str, **changes: Any) -> Json:  # noqa: ANN401 - parts of a Deployment
    """Return the operator of a namespace, which is in it."""
    return deployment("-n", namespace, *args, namespace=namespace, **changes)


def states(found: list[Diagnosis]) -> list[tuple[str, State]]:
    return [(each.subject, each.state) for each in found]


def test_another_operator_with_a_lease_of_its_own_fights() -> None:
    found = only(beside(deployment(), deployment(namespace="ops")))
    assert (found.subject, found.found) == (
        "Deployment ops/perfana-support",
        "looks at the same namespaces by Lease ops/perfana-support",
    )
    assert found.fix == (SCALE,)


def test_another_operator_that_shares_the_lease_or_looks_elsewhere_or_is_scaled_down_does_not() -> None:
    shares = deployment("--lease-namespace", NAME, namespace="ops")
    off = deployment(namespace="ops", replicas=0)
    for other in (shares, off):
        assert told(beside(deployment(), other, leases=items(lease()))) == []
    assert told(beside(deployment("-n", "shop"), of("bank"))) == []
    assert told(beside(deployment("-n", "shop"), deployment("-n", "shop", namespace="ops"))) != []


def test_another_operator_that_takes_its_namespaces_from_elsewhere_cannot_be_told_but_beside_one_of_the_whole_cluster() -> None:
    other = deployment(*HIDDEN, namespace="ops")
    found = only(beside(deployment("-n", "shop"), other))
    assert states([found]) == [("Deployment ops/perfana-support", State.CANNOT_TELL)]
    assert found.found.endswith(": ops/perfana-support takes the namespaces that it looks at from elsewhere")
    assert found.fix == ("kubectl get deployment perfana-support -n ops -o yaml",)
    assert only(beside(deployment(), other)).state is State.PROBLEM


def test_lease_of_another_namespace_that_is_renewed_is_another_operator() -> None:
    found = only(well(leases=items(lease(), lease(2, "laptop_1", "default"), lease(900, "gone", "old"), lease(1, "", "free"))))
    assert states([found]) == [("Lease default/perfana-support", State.PROBLEM)]
    assert found.found == "laptop_1 leads by it as well, and renewed it 2 s ago"
    assert found.fix == ("perfana-support doctor --operator-namespace default",)


def test_where_the_holder_of_an_unknown_lease_looks_cannot_be_told_beside_an_operator_of_some_namespaces() -> None:
    leases = items(lease(), lease(2, "laptop_1", "default"), lease(900, "gone", "old"))
    found = only(beside(deployment("-n", "shop"), leases=leases))
    assert states([found]) == [("Lease default/perfana-support", State.CANNOT_TELL)]
    assert found.found.endswith("; which namespaces it looks at cannot be seen")


def test_lease_of_a_deployment_that_is_scaled_down_is_of_somebody_else() -> None:
    found = only(beside(deployment(), deployment(namespace="ops", replicas=0)))
    assert states([found]) == [("Lease ops/perfana-support", State.PROBLEM)]


@pytest.mark.parametrize("args", [(), ("-n", "shop")], ids=["of the cluster", "of some namespaces"])
@pytest.mark.parametrize("hides", ["Deployments", "Leases", "both"])
def test_others_that_may_not_be_looked_for_are_untold_whatever_the_operator_looks_at(hides: str, args: tuple[str, ...]) -> None:
    own = deployment(*args)
    facts = beside(own)
    unseen = "" if hides == "Leases" else DEPLOYMENTS
    facts = facts._replace(deployments=items(own)._replace(unseen=unseen))
    facts = facts if hides == "Deployments" else facts._replace(leases=refused(LEASES))
    found = only(facts)
    assert states([found]) == [("others", State.CANNOT_TELL)]
    assert [words in found.found for words in (DEPLOYMENTS, LEASES)] == [hides != "Leases", hides != "Deployments"]
    # Roles in some namespaces would not show them.
    assert found.fix == (READER,)


def test_leases_elsewhere_are_not_told_one_by_one_where_the_deployments_are_hidden() -> None:
    own = deployment("-n", "shop")
    facts = beside(own, of("bank"), of("till"))._replace(deployments=items(own)._replace(unseen=DEPLOYMENTS))
    assert states(told(facts)) == [("others", State.CANNOT_TELL)]


def test_checks_of_others_that_have_a_verdict_are_well() -> None:
    checks = items(check(namespace=NAME), check(namespace="bank"), check(namespace="till"))
    facts = beside(deployment("-n", NAME), of("bank"), of("till"), checks=checks)
    assert told(facts) == []


def test_check_of_another_operator_is_judged_as_that_ones() -> None:
    late = check(namespace="bank", status={"conditions": []})
    found = only(beside(deployment("-n", NAME), of("bank", name="ours"), checks=items(late)))
    assert (found.subject, found.state) == ("bank/perfana", State.PROBLEM)
    assert found.fix == ("kubectl rollout restart deployment/ours -n bank",)
    gap = check(namespace="bank", status={"findings": [{"code": "WorkloadsUnreadable"}]})
    found = only(beside(deployment("-n", NAME), of("bank"), checks=items(gap)))
    assert found.fix == ("perfana-support doctor --print rights --operator-namespace bank -n bank | kubectl apply -f -",)
    new = check(namespace="bank", status={"conditions": []}, metadata={"creationTimestamp": at(5)})
    assert only(beside(deployment("-n", NAME), of("bank"), checks=items(new))).state is State.CANNOT_TELL


def test_other_operator_that_does_not_run_is_told_once_for_all_its_checks() -> None:
    checks = items(check(namespace=NAME), check(namespace="bank"), check("other", namespace="bank"))
    own = deployment("-n", NAME)
    down, unled = beside(own, of("bank", ready=0), checks=checks), beside(own, of("bank"), checks=checks, leases=items(lease()))
    for facts, words in (
        (down, "has no pod that is ready"),
        (unled, "does not lead: nobody renews Lease bank/perfana-support"),
    ):
        found = only(facts)
        assert (found.area, *states([found])[0]) == (Area.CHECKS, "of Deployment bank/perfana-support", State.PROBLEM)
        assert found.found == f"bank/perfana-support {words}"
        assert found.fix == ("perfana-support doctor --operator-namespace bank",)


def test_other_operator_without_election_has_no_lease_to_renew() -> None:
    checks = items(check(namespace="bank"))
    assert told(beside(deployment("-n", NAME), of("bank", "--no-leader-election"), checks=checks, leases=items(lease()))) == []


def test_of_two_that_look_at_a_namespace_the_one_that_runs_judges_it() -> None:
    checks = items(check(namespace="bank"))
    second = deployment("-n", "bank", namespace="ops", ready=1)
    assert told(beside(deployment("-n", NAME), of("bank", ready=0), second, checks=checks)) == []


def test_check_that_no_operator_looks_at_is_a_problem_where_all_can_be_seen() -> None:
    found = only(beside(deployment("-n", NAME), of("bank"), checks=items(check())))
    assert (found.subject, found.state) == ("shop/perfana", State.PROBLEM)
    assert found.found == "no operator looks at namespace shop; this one looks at perfana-support"
    rights = f"perfana-support doctor --print rights -n {NAME} -n shop | kubectl apply -f -"
    assert found.fix == (
        "kubectl delete supportcheck perfana -n shop    # if nobody needs its verdict",
        f"{rights}    # or have it judged: first rights there",
        "kubectl edit deployment perfana-support -n perfana-support    # and then --namespace shop among its arguments",
    )


def test_operator_of_helms_looks_at_one_more_namespace_by_its_values() -> None:
    own = deployment("-n", NAME)
    own["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    notes = {"meta.helm.sh/release-name": "ours", "meta.helm.sh/release-namespace": NAME}
    own["metadata"]["annotations"] = notes
    found = only(beside(own, checks=items(check())))
    words = f"upgrade ours charts/perfana-support --namespace {NAME} --reset-then-reuse-values"
    assert found.fix[1:] == (
        f"helm {words} --set 'watch.namespaces={{perfana-support,shop}}'    # or, in a checkout of this version",
    )


def test_check_that_an_operator_which_cannot_be_seen_may_judge_cannot_be_told() -> None:
    own = deployment("-n", NAME)
    here = items(own)._replace(unseen=DEPLOYMENTS)
    hidden = deployment(*HIDDEN, namespace="ops")
    away = items(lease(), lease(2, "laptop_1", "default"))
    for facts, words in (
        (beside(own, deployments=here), f"whether another looks there cannot be seen: {DEPLOYMENTS}"),
        (beside(own, leases=refused(LEASES)), f"whether another looks there cannot be seen: you may not {LEASES}"),
        (beside(own, hidden), "ops/perfana-support takes the namespaces that it looks at from elsewhere"),
        (beside(own, leases=away), "which namespaces the holder of Lease default/perfana-support looks at cannot be seen"),
    ):
        found = told(facts._replace(checks=items(check())))[-1]
        assert states([found]) == [("shop/perfana", State.CANNOT_TELL)]
        assert found.found == f"the operator looks at perfana-support only; {words}"
    nothing = well(
        setup=setup_of(None, NAME, "", [NAME]), deployments=Reading(None, "no answer"), lease=absent(), checks=items(check())
    )
    assert told(nothing)[-1].found.endswith("cannot be seen: no answer")


def test_old_policy_of_another_operator_is_told_of_that_one() -> None:
    stale = {"findings": [{"code": "PolicyStale", "effect": "AtRisk"}]}
    checks = items(
        *(check(str(place), namespace="bank", status=stale) for place in range(2)), check("no", "shop", status=stale)
    )
    found = told(beside(deployment("-n", NAME), of("bank"), checks=checks))
    assert states(found) == [("of bank/perfana-support", State.PROBLEM), ("shop/no", State.PROBLEM)]
    assert found[0].found.startswith("is too old, by 2 verdicts of its")
    assert f"deployment/perfana-support -n bank operator=perfana-support:{__version__} " in found[0].fix[0]


@pytest.mark.parametrize("name", LEADING)
def test_other_operator_whose_leading_is_hidden_is_not_called_idle(name: str) -> None:
    other = of_variables(of("bank"), name)
    facts = beside(deployment("-n", NAME), other, checks=items(check(namespace="bank")), leases=items(lease()))
    found = only(facts)
    assert states([found]) == [("of Deployment bank/perfana-support", State.CANNOT_TELL)]
    assert found.found == f"whether it leads cannot be seen: bank/perfana-support takes {LEADING[name]} from elsewhere"
    assert found.fix == ("kubectl get deployment perfana-support -n bank -o yaml",)
    late = facts._replace(checks=items(check(namespace="bank", status={"conditions": []})))
    assert states([only(late)]) == [("bank/perfana", State.PROBLEM)]
    idle = facts._replace(deployments=items(deployment("-n", NAME), of_variables(of("bank", ready=0), name)))
    assert only(idle).state is State.PROBLEM


def test_other_operator_that_may_elect_leads_where_its_lease_is_renewed() -> None:
    other = of_variables(of("bank"), "LEADER_ELECTION")
    assert told(beside(deployment("-n", NAME), other, checks=items(check(namespace="bank")))) == []


@pytest.mark.parametrize("is_own", [True, False])
def test_operators_of_the_same_namespaces_whose_leases_are_hidden_may_lead_in_turn(is_own: bool) -> None:  # noqa: FBT001
    names = [("LEASE_NAME",), ()] if is_own else [(), ("LEASE_NAME",)]
    own, ops = (of_variables(deployment(namespace=place), *hidden) for place, hidden in zip((NAME, "ops"), names, strict=True))
    found = only(beside(own, ops))
    where = NAME if is_own else "ops"
    assert states([found]) == [("Deployment ops/perfana-support", State.CANNOT_TELL)]
    assert found.found == (
        "looks at the same namespaces; whether by the same Lease cannot be seen: "
        f"{where}/perfana-support takes --lease-name from elsewhere"
    )
    assert found.fix == (f"kubectl get deployment perfana-support -n {where} -o yaml",)


def test_operators_of_the_same_namespaces_fight_where_one_does_not_elect_or_their_leases_are_known_to_differ() -> None:
    shy = of_variables(deployment("--no-leader-election", namespace="ops"), "LEASE_NAME")
    found = only(beside(deployment(), shy))
    assert (found.state, found.found) == (State.PROBLEM, "looks at the same namespaces without a Lease")
    unled = of_variables(deployment("--no-leader-election"), "LEASE_NAME")
    hidden = of_variables(deployment(namespace="ops"), "LEASE_NAME")
    assert only(beside(unled, hidden)).found == "looks at the same namespaces by a Lease of its own"
    other = of_variables(deployment(namespace="ops"), "LEADER_ELECTION")
    assert only(beside(deployment(), other)).state is State.PROBLEM
    same = of_variables(deployment("--lease-namespace", NAME, namespace="ops"), "LEADER_ELECTION")
    assert only(beside(deployment(), same, leases=items(lease()))).state is State.CANNOT_TELL


def test_lease_that_somebody_renews_may_be_that_of_an_operator_whose_own_is_hidden() -> None:
    own = of_variables(deployment(), "LEASE_NAMESPACE")
    found = only(beside(own, leases=items(lease(), lease(2, "laptop_1", "locks"))))
    assert states([found]) == [("Lease locks/perfana-support", State.CANNOT_TELL)]
    assert "; it may be this operator's own: perfana-support/perfana-support takes --lease-namespace from" in found.found


def test_operator_that_is_scaled_to_nothing_fights_with_nobody() -> None:
    own = deployment(ready=0, replicas=0)
    assert states(told(beside(own, deployment(namespace="ops")))) == [("Deployment", State.PROBLEM)]
    found = told(beside(own, leases=items(lease(), lease(2, "laptop_1", "default"))))
    assert states(found)[1:] == [("Lease default/perfana-support", State.CANNOT_TELL)]


def test_checks_are_judged_by_the_one_that_runs_beside_one_that_is_scaled_to_nothing() -> None:
    late = items(check(namespace="bank", status={"conditions": []}))
    found = told(beside(deployment(ready=0, replicas=0), deployment(namespace="ops"), checks=late))
    assert (found[-1].subject, found[-1].fix) == (
        "bank/perfana",
        ("kubectl rollout restart deployment/perfana-support -n ops",),
    )


def test_check_beside_an_operator_whose_namespaces_are_all_hidden_cannot_be_told() -> None:
    facts = beside(deployment(*HIDDEN), checks=items(check()))
    found = told(facts)[-1]
    assert states([found]) == [("shop/perfana", State.CANNOT_TELL)]
    words = "perfana-support/perfana-support takes the namespaces that it looks at from elsewhere"
    assert found.found == f"which operator looks at namespace shop is not known; {words}"
    # Where another is known to look, that one judges it.
    assert [each.area for each in told(beside(deployment(*HIDDEN), of("shop"), checks=items(check())))] == [
        Area.RIGHTS,
        Area.OPERATOR,
    ]


def test_check_beside_an_operator_outside_of_the_cluster_is_not_said_to_be_nobodys() -> None:
    facts = well(setup=setup_of(None, NAME, "", ["shop"]), deployments=items(), checks=items(check(namespace="bank")))
    found = told(facts)
    assert states(found) == [("Deployment", State.CANNOT_TELL), ("bank/perfana", State.CANNOT_TELL)]
    lease_name = "perfana-support/perfana-support"
    assert found[-1].found == (
        f"which operator looks at namespace bank is not known: no Deployment says where the holder of Lease {lease_name} looks"
    )
    assert found[-1].fix == ("kubectl get lease perfana-support -n perfana-support -o yaml",)


def test_check_that_no_operator_looks_at_for_none_is_there_is_told_without_a_deployment_to_edit() -> None:
    nothing = {"deployments": items(), "lease": absent(), "leases": items(), "checks": items(check(namespace="bank"))}
    found = told(well(setup=setup_of(None, NAME, "", ["shop"]), **nothing))[-1]
    assert (found.state, found.found) == (State.PROBLEM, "no operator looks at namespace bank, for none is installed")
    assert found.fix == ("perfana-support doctor --operator-namespace perfana-support -n shop -n bank",)
    elsewhere = told(well(setup=setup_of(None, NAME), **{**nothing, "deployments": items(of("till"))}))[-1]
    assert elsewhere.found == "no operator looks at namespace bank"
    assert elsewhere.fix == ("perfana-support doctor --operator-namespace till",)
