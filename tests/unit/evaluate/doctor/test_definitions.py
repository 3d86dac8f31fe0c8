"""The definitions: there, served, and in the form of this program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfana_support.model.diagnosis import Area, Diagnosis, Reading, State
from tests.unit.evaluate.doctor.clusters import absent, definitions, only, refused, stored, told, well

if TYPE_CHECKING:
    from tests.unit.evaluate.doctor.clusters import Json

CHECKS = "supportchecks.support.perfana.io"
NEWER = "with the wheel of a newer release, fetched into this folder, and its version"
APPLY = "perfana-support doctor --print definitions | kubectl apply -f -"
WAIT = f"kubectl wait --for=condition=Established --timeout=60s crd/{CHECKS}"


def judged(reading: Reading, **facts: Reading) -> Diagnosis:
    return only(well(definitions={**definitions(), CHECKS: reading}, **facts))


def schema(definition: Json) -> Json:
    root: Json = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return root


def test_definition_that_is_not_there_is_applied() -> None:
    found = judged(absent())
    assert (found.area, found.subject, found.state, found.found) == (
        Area.DEFINITIONS,
        "supportchecks",
        State.PROBLEM,
        "is not there",
    )
    assert found.fix == (APPLY, WAIT)


def test_definition_that_may_not_be_read_is_looked_for_by_discovery() -> None:
    forbidden = refused(f"get customresourcedefinitions/{CHECKS}")
    found = judged(forbidden)
    assert (found.state, "is served as v1alpha1" in found.found) == (State.CANNOT_TELL, True)
    assert f"you may not get customresourcedefinitions/{CHECKS}" in found.found
    assert found.fix[0].startswith("perfana-support doctor --print reader --reader ann | kubectl apply -f -")
    policies_alone = Reading({"resources": [{"name": "supportpolicies"}]})
    assert judged(forbidden, discovery=policies_alone).state is State.PROBLEM
    assert judged(forbidden, discovery=Reading(None, "timeout")).state is State.CANNOT_TELL


def test_definition_that_lacks_fields_is_older_and_applied() -> None:
    old = stored(CHECKS)
    del schema(old)["properties"]["target"]
    found = judged(Reading(old))
    assert found.found.startswith("is older than this program: it lacks spec.target, spec.target.")
    assert found.fix == (APPLY, WAIT)


def test_definition_with_fields_that_nobody_here_knows_is_newer_and_left_alone() -> None:
    new = stored(CHECKS)
    schema(new)["properties"]["later"] = {"type": "string"}
    found = judged(Reading(new))
    assert (found.found, found.fix) == (
        "is newer than this program, which does not know spec.later",
        ("pipx install --force './perfana_support-VERSION-py3-none-any.whl[cluster]'    # " + NEWER,),
    )


def test_definition_with_both_is_another() -> None:
    other = stored(CHECKS)
    schema(other)["properties"]["later"] = schema(other)["properties"].pop("target")
    found = judged(Reading(other))
    assert "is another than this program's: it lacks" in found.found
    assert found.fix == (f"{APPLY}    # if this program is newer than whoever installed them", WAIT)


def test_definition_with_other_rules_is_another_and_other_prose_is_none() -> None:
    other = stored(CHECKS)
    schema(other)["description"] = "in other words"
    assert told(well(definitions={**definitions(), CHECKS: Reading(other)})) == []
    schema(other)["required"] = ["target"]
    assert judged(Reading(other)).found == "is another than this program's: the fields are the same, their rules are not"


def test_field_that_is_called_description_is_a_field() -> None:
    other = stored(CHECKS)
    schema(other)["properties"]["description"] = {"type": "string"}
    assert judged(Reading(other)).found.endswith("does not know spec.description")


def test_definition_that_is_not_established_is_told_with_the_servers_reason() -> None:
    other = stored(CHECKS)
    other["status"]["conditions"][0] = {"type": "NamesAccepted", "status": "False", "message": "supchk is taken"}
    assert judged(Reading(other)).found == "is not served (NamesAccepted): supchk is taken"
    other["status"] = {}
    assert "the server has not said so yet" in judged(Reading(other)).found


def test_definition_of_another_version_is_told() -> None:
    other = stored(CHECKS)
    other["spec"]["versions"][0] |= {"name": "v1beta1"}
    found = judged(Reading(other))
    assert found.found == "is served as v1beta1, and not as v1alpha1"
    assert "if this program is newer" in found.fix[0]
    other["spec"]["versions"][0] |= {"name": "v1alpha1", "served": False}
    assert judged(Reading(other)).found == "is served as nothing, and not as v1alpha1"


def test_definition_that_is_being_deleted_is_waited_for() -> None:
    other = stored(CHECKS)
    other["metadata"]["deletionTimestamp"] = "2026-11-26T11:00:00Z"
    found = judged(Reading(other))
    assert (found.found, found.fix) == (
        "is being deleted, with all objects of its kind",
        (f"kubectl wait --for=delete --timeout=120s crd/{CHECKS}", APPLY),
    )
