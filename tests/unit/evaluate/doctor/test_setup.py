"""How an operator is set up, by its Deployment."""

from __future__ import annotations

from dataclasses import fields

import pytest

from perfana_support.controller.settings import Settings, flag
from perfana_support.evaluate.doctor.setup import find_setup, setup_of
from perfana_support.model.diagnosis import LEADER_ELECTION, LEASE_NAME, LEASE_NAMESPACE
from tests.unit.evaluate.doctor.clusters import NAME, deployment, of_variables


def test_deployment_without_settings_looks_at_the_whole_cluster_by_a_lease_beside_it() -> None:
    found = setup_of(deployment(), NAME)
    assert (found.watched, found.elects, found.lease_namespace, found.lease_name) == ((), True, NAME, NAME)
    assert (found.account, found.user) == (NAME, "system:serviceaccount:perfana-support:perfana-support")


@pytest.mark.parametrize(
    "words",
    [("--namespace", "a", "--namespace", "b"), ("-n", "a,b"), ("--namespace=a,b",), ("-n", "a", "--verbose", "-n=b")],
)
def test_namespaces_of_flags_are_looked_at(words: tuple[str, ...]) -> None:
    assert setup_of(deployment(*words), NAME).watched == ("a", "b")


def test_flags_of_the_lease_are_understood() -> None:
    found = setup_of(deployment("--lease-name", "other", "--lease-namespace=there"), NAME)
    assert (found.lease_name, found.lease_namespace) == ("other", "there")
    assert not setup_of(deployment("--no-leader-election"), NAME).elects
    assert setup_of(deployment("--leader-election", "--policy-reports"), NAME).elects


def test_what_is_read_of_a_deployment_are_settings_of_the_operator() -> None:
    wanted = {"namespaces", "leader_election", "lease_namespace", "lease_name"}
    assert wanted <= {one.name for one in fields(Settings)}
    words = [flag("namespaces"), "a", flag("lease_name"), "b", flag("lease_namespace"), "c"]
    found = setup_of(deployment(*words), NAME)
    assert (found.watched, found.lease_name, found.lease_namespace) == (("a",), "b", "c")


def test_variables_are_understood_and_flags_win() -> None:
    item = deployment("--lease-name=flag")
    item["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "PERFANA_SUPPORT_NAMESPACES", "value": "a, b"},
        {"name": "PERFANA_SUPPORT_LEASE_NAME", "value": "variable"},
        {"name": "PERFANA_SUPPORT_LEADER_ELECTION", "value": "no"},
        {"name": "PERFANA_SUPPORT_IDENTITY", "valueFrom": {}},
    ]
    found = setup_of(item, NAME)
    assert (found.watched, found.lease_name, found.elects) == (("a", "b"), "flag", False)


def test_namespaces_that_come_from_elsewhere_are_known_to_be_hidden_unless_they_are_stated() -> None:
    item = deployment()
    item["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "PERFANA_SUPPORT_NAMESPACES", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
    ]
    assert setup_of(item, NAME).is_place_hidden
    assert not setup_of(item, NAME, "", ["shop"]).is_place_hidden
    assert not setup_of(deployment("-n", "a,"), NAME).is_place_hidden


def test_flags_of_leading_that_come_from_elsewhere_are_known_to_be_hidden_unless_they_are_stated() -> None:
    names = ("LEASE_NAME", "LEASE_NAMESPACE", "LEADER_ELECTION")
    item = of_variables(deployment(), *names)
    found = setup_of(item, NAME)
    assert found.hidden == (LEASE_NAME, LEASE_NAMESPACE, LEADER_ELECTION)
    assert (found.elects, found.lease_namespace, found.lease_name, found.is_lease_hidden) == (True, NAME, NAME, True)
    stated = find_setup([item], NAME, "", (), "ours")
    assert (stated.lease_name, stated.hidden) == ("ours", (LEASE_NAMESPACE, LEADER_ELECTION))
    flags = of_variables(deployment("--lease-name=a", "--lease-namespace=b", "--no-leader-election"), *names)
    assert (setup_of(flags, NAME).hidden, setup_of(flags, NAME).elects) == ((), False)
    assert setup_of(deployment("--lease-name", "$(NAME)"), NAME).hidden == (LEASE_NAME,)
    assert not setup_of(of_variables(deployment(), "LEADER_ELECTION"), NAME).is_lease_hidden


def test_what_the_user_states_wins_and_the_operators_own_name_comes_first() -> None:
    others = [deployment(name="another"), deployment(), deployment(namespace="elsewhere")]
    found = find_setup(others, NAME, "account", ["c"])
    assert (found.name, found.account, found.watched) == (NAME, "account", ("c",))


def test_without_a_deployment_the_names_are_those_that_ship() -> None:
    found = find_setup([], "shop", "", ())
    assert (found.deployment, found.name, found.account, found.lease_namespace) == (None, NAME, NAME, "shop")


def test_setting_that_is_no_name_never_reaches_a_command() -> None:
    found = setup_of(deployment("--lease-name", "$(reboot)", "--lease-namespace=;", "-n", "a,$(b)"), NAME)
    assert (found.lease_name, found.lease_namespace, found.watched) == (NAME, NAME, ("a",))


def test_pod_without_an_account_has_the_default_one() -> None:
    item = deployment()
    del item["spec"]["template"]["spec"]["serviceAccountName"]
    assert setup_of(item, NAME).account == "default"
