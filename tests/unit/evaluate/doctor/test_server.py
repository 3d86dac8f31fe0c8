"""The API server: whether it is there, its version, its clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from perfana_support.model.diagnosis import Area, Reading, State, Tools
from tests.unit.evaluate.doctor.clusters import NOW, only, refused, told, well


def test_cluster_in_which_all_is_well_is_well() -> None:
    assert told(well()) == []


def test_server_that_does_not_answer_is_the_only_problem() -> None:
    found = only(well(version=Reading(None, "no answer")))
    assert (found.area, found.state, found.fix) == (Area.SERVER, State.PROBLEM, ("kubectl cluster-info",))
    assert "https://cluster.example does not answer: no answer" in found.found


def test_server_that_answers_and_refuses_is_not_said_to_be_silent() -> None:
    found = only(well(version=refused("get /version")))
    assert found.found == "https://cluster.example refuses to say its version: you may not get /version"


def test_commands_are_for_the_cluster_that_was_asked() -> None:
    (found,) = told(well(version=Reading(None, "no answer")), Tools(" --context production"))
    assert found.fix == ("kubectl --context production cluster-info",)


@pytest.mark.parametrize(
    ("version", "state", "code"),
    [
        ("v1.20.1", State.PROBLEM, "KubernetesEndOfLife"),
        ("v1.99.0", State.CANNOT_TELL, "KubernetesUntested"),
        ("v1.36.0-rc.1", State.CANNOT_TELL, "KubernetesUnlisted"),
    ],
)
def test_version_that_the_policy_does_not_support_is_told(version: str, state: State, code: str) -> None:
    found = only(well(version=Reading({"gitVersion": version})))
    assert (found.subject, found.state, found.fix) == ("version", state, (f"perfana-support explain {code}",))
    assert found.found.startswith(version)


def test_version_that_is_none_cannot_be_told() -> None:
    found = only(well(version=Reading({"gitVersion": "unknown"})))
    assert (found.state, found.fix) == (State.CANNOT_TELL, ("kubectl version",))


@pytest.mark.parametrize(("seconds", "word"), [(61, "ahead of"), (-3600, "behind")])
def test_clock_of_this_machine_that_is_wrong_is_told(seconds: int, word: str) -> None:
    found = only(well(now=NOW + timedelta(seconds=seconds)))
    assert (found.area, found.state, found.fix) == (Area.CLOCK, State.PROBLEM, ("sudo timedatectl set-ntp true",))
    assert f"{abs(seconds)} s {word} the server's" in found.found


def test_clock_that_is_off_by_a_minute_is_well() -> None:
    assert told(well(now=NOW + timedelta(seconds=60))) == []


def test_server_without_a_date_leaves_the_clock_untold() -> None:
    assert only(well(server_time=None)).state is State.CANNOT_TELL
