"""The table of the operator's rights is what the manifests give, and what `doctor --print rights` prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.rights import READ, RIGHTS, Place, Right, needed, rules
from perfana_support.reports.rights_manifest import reader_objects, rights_objects

Json = dict[str, Any]

MANIFESTS = Path(__file__).parents[3] / "manifests"
NAME = "perfana-support"
GROUP = "rbac.authorization.k8s.io"


def _shipped(*names: str) -> list[Json]:
    """Return the documents of the first of these files that is there."""
    file = next(MANIFESTS / name for name in names if (MANIFESTS / name).exists())
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def _given(objects: list[Json]) -> set[tuple[str, ...]]:
    """Return each right of each role, with its place and name."""
    return {
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"], verb, group, resource, name)
        for each in objects
        if each["kind"].endswith("Role")
        for rule in each["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
    }


def _bound(objects: list[Json]) -> list[tuple[str, ...]]:
    return sorted(
        (each["kind"], each["metadata"].get("namespace", ""), each["roleRef"]["name"], *map(str, each["subjects"][0].values()))
        for each in objects
        if each["kind"].endswith("Binding")
    )


@pytest.mark.parametrize(
    ("files", "namespace", "watched"),
    [
        (("rights/cluster-wide/rbac.yaml", "rbac.yaml"), NAME, ()),
        (("rights/namespaced/role.yaml", "role.yaml"), "perfana", ("perfana",)),
    ],
)
def test_table_of_rights_is_what_ships(files: tuple[str, ...], namespace: str, watched: tuple[str, ...]) -> None:
    shipped = _shipped(*files)
    printed = list(rights_objects(setup_of(None, namespace, "", watched)))
    assert _given(printed) == _given(shipped)
    assert _bound(printed) == _bound(shipped)
    kinds = sorted(each["kind"] for each in shipped if each["kind"] != "Namespace")
    assert sorted(each["kind"] for each in printed) == kinds


def test_rights_of_another_account_lease_and_namespaces_are_printed_for_these() -> None:
    setup = setup_of(None, "ops", "robot", ("a", "b"))._replace(lease_name="other")
    objects = list(rights_objects(setup))
    assert {each[1] for each in _given(objects)} == {"a", "b", "ops"}
    assert {each[6] for each in _given(objects) if each[5] == "leases"} == {"", "other"}
    assert {each["subjects"][0]["name"] for each in objects if "subjects" in each} == {"robot"}


def test_rights_of_one_operator_take_none_from_another_that_has_its_own_where_they_are_given() -> None:
    def names(namespace: str, *watched: str) -> set[tuple[str, str, str]]:
        objects = rights_objects(setup_of(None, namespace, "", watched))
        return {
            (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"])
            for each in objects
            if each["kind"].endswith("Binding")
        }

    assert not names(NAME) & names("ops")
    assert not names("shop", "shop") & names("ops", "shop")


def test_rules_say_each_right_once() -> None:
    found = rules(RIGHTS)
    assert sum(len(rule["verbs"]) * len(rule["resources"]) for rule in found) == len(RIGHTS)
    assert rules(right for right in RIGHTS if right.needs_name)[0]["resourceNames"] == [NAME]


def test_operator_of_some_namespaces_needs_nothing_of_the_cluster_and_one_alone_no_lease() -> None:
    assert all(right.place is not Place.CLUSTER for right in needed(is_namespaced=True))
    assert all(right.place is not Place.LEASE for right in needed(is_namespaced=False, elects=False))
    assert len(list(needed(is_namespaced=False))) == len(RIGHTS)


def test_right_is_called_as_kubectl_does() -> None:
    assert Right("", "pods", "list", Place.LOOKED_AT, "").kind == "pods"
    assert Right("a.b", "c/status", "patch", Place.LOOKED_AT, "").kind == "c.a.b/status"


def test_reader_may_read_what_check_and_doctor_read_and_nothing_else() -> None:
    objects = list(reader_objects(setup_of(None, NAME), "ann@example.org"))
    given = _given(objects)
    assert {(right.verb, right.group, right.resource) for right in READ} <= {each[3:6] for each in given}
    assert {each[3] for each in given} == {"get", "list", "create"}
    assert {each[5] for each in given if each[3] == "create"} == {"subjectaccessreviews"}
    assert objects[1]["subjects"] == [{"kind": "User", "apiGroup": GROUP, "name": "ann@example.org"}]
    assert objects[1]["metadata"]["name"] == "perfana-support-reader-ann@example.org"


def test_reader_of_some_namespaces_gets_roles_and_an_account_is_bound_as_one() -> None:
    objects = list(reader_objects(setup_of(None, "ops", "", ("a",)), "system:serviceaccount:ci:robot"))
    assert [(each["kind"], each["metadata"]["namespace"]) for each in objects] == [
        ("Role", "a"),
        ("RoleBinding", "a"),
        ("Role", "ops"),
        ("RoleBinding", "ops"),
    ]
    assert objects[1]["subjects"] == [{"kind": "ServiceAccount", "name": "robot", "namespace": "ci"}]
