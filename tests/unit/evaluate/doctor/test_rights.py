"""Rights: of the operator, and of whoever asks."""

from __future__ import annotations

from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Area, Granted, State
from perfana_support.model.rights import READ
from tests.unit.evaluate.doctor.clusters import NAME, absent, deployment, granted, items, only, refused, running, told, well

APPLY = "perfana-support doctor --print rights | kubectl apply -f -"
USER = "system:serviceaccount:perfana-support:perfana-support"


def test_right_that_is_missing_is_named_with_what_lacks_without_it() -> None:
    found = only(well(granted=granted("list nodes", "watch nodes")))
    assert (found.area, found.subject, found.state) == (Area.RIGHTS, "nodes", State.PROBLEM)
    assert (found.found, found.fix) == (f"{USER} may not list and watch nodes", (APPLY,))
    assert "PlatformSupported is Unknown" in found.why


def test_operator_that_takes_its_namespaces_from_elsewhere_is_never_given_the_whole_cluster() -> None:
    facts = running("-n", "$(POD_NAMESPACE)", granted=granted("list pods"), lease=absent())
    found = told(facts)
    assert (found[0].subject, found[0].state) == ("operator", State.CANNOT_TELL)
    again = "perfana-support doctor --operator-namespace perfana-support -n perfana-support"
    assert found[0].fix == (f"{again}    # with the namespaces that it looks at after -n",)
    assert not any("--print rights" in fix for each in found for fix in each.fix)


def test_each_resource_is_a_problem_of_its_own() -> None:
    found = told(well(granted=granted("watch pods", "patch supportchecks.support.perfana.io/status")))
    assert [each.found for each in found] == [
        f"{USER} may not watch pods in all namespaces",
        f"{USER} may not patch supportchecks.support.perfana.io/status in all namespaces",
    ]


def test_right_on_the_lease_is_told_with_its_namespace() -> None:
    found = only(well(granted=granted("update leases.coordination.k8s.io")))
    assert found.found.endswith("may not update leases.coordination.k8s.io in namespace perfana-support")


def test_no_right_at_all_is_one_problem_and_a_namespace_that_is_not_there_is_made() -> None:
    none = tuple(each._replace(is_allowed=False) for each in granted())
    found = only(well(granted=none, place=absent()))
    assert found.found.startswith("none of its 26 rights are given of system:serviceaccount")
    assert found.fix == ("kubectl create namespace perfana-support", APPLY)


def test_rights_that_may_not_be_asked_for_cannot_be_told() -> None:
    right = "create subjectaccessreviews.authorization.k8s.io"
    found = only(well(asked="", may_ask=refused(right), granted=()))
    assert (found.state, found.found) == (State.CANNOT_TELL, f"cannot be asked for {USER}: you may not {right}")
    assert found.fix[0].startswith("perfana-support doctor --print reader --reader ann ")


def test_right_that_the_server_does_not_speak_of_cannot_be_told() -> None:
    first, *others = granted()
    found = only(well(granted=(first._replace(is_allowed=None), *others)))
    assert (found.state, "did not say of 1 rights, such as list deployments.apps" in found.found) == (State.CANNOT_TELL, True)
    assert found.fix == (f"kubectl auth can-i --list --as={USER}",)


def test_command_for_rights_has_the_names_of_the_cluster() -> None:
    item = deployment("-n", "a", "-n", "b", "--lease-name", "other", namespace="ops")
    item["spec"]["template"]["spec"]["serviceAccountName"] = "robot"
    changes = {"setup": setup_of(item, "ops"), "deployments": items(item), "checks": items(), "leases": items()}
    found = only(well(granted=granted("watch pods"), **changes))
    words = "doctor --print rights --operator-namespace ops -n a -n b --service-account robot --lease-name other"
    assert found.fix == (f"perfana-support {words} | kubectl apply -f -",)


def own(*missing: str, namespace: str = "") -> tuple[Granted, ...]:
    return tuple(Granted(right, namespace, right.kind not in missing) for right in READ)


def test_own_right_that_check_takes_is_named() -> None:
    found = only(well(own=own("nodes", "pods")))
    assert (found.subject, found.state) == ("your own", State.PROBLEM)
    assert found.found == "ann may not list pods, nodes in all namespaces, which check -A takes"
    assert found.fix[0].startswith("perfana-support doctor --print reader --reader ann | kubectl apply -f -")


def test_own_rights_beside_an_operator_of_some_namespaces_are_those_for_them() -> None:
    found = only(running("-n", "shop", own=own("pods", namespace="shop")))
    assert found.found == "ann may not list pods in namespace shop, which check -n shop takes"
    assert "--reader ann -n shop |" in found.fix[0]


def test_own_rights_that_nobody_told_are_untold() -> None:
    assert only(well(own=())).state is State.CANNOT_TELL
    found = only(well(own=(own()[0]._replace(is_allowed=None),), caller=refused("create selfsubjectreviews")))
    assert (found.state, found.fix) == (State.CANNOT_TELL, ("kubectl auth can-i --list",))


def test_deployment_of_another_account_is_asked_for_that() -> None:
    assert setup_of(deployment(), NAME).user == USER
