"""What stands beside the evidence is picked: numbers, words, and Kubernetes' own sentences."""

from typing import Any

import pytest

from perfana_support.sources.bundle.extras import (
    MAX_EVENTS,
    Extras,
    pick_events,
    pick_node,
    pick_pod,
    pick_status,
    with_names,
    with_texts,
)

SAID = "hunter2 is my password"


def event(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    involved = {"kind": "Pod", "name": "web", "uid": "u", "fieldPath": SAID}
    return {"type": "Warning", "reason": "BackOff", "involvedObject": involved, "message": "Back-off", "count": 2, **fields}


def test_an_event_is_told_in_its_own_words() -> None:
    (found,) = pick_events([event(firstTimestamp="2026-11-24T10:00:00Z", lastTimestamp="2026-11-24T11:00:00Z", note=SAID)])
    assert found == {
        "type": "Warning",
        "reason": "BackOff",
        "object": {"kind": "Pod", "name": "web"},
        "count": 2,
        "firstSeen": "2026-11-24T10:00:00Z",
        "lastSeen": "2026-11-24T11:00:00Z",
        "message": "Back-off",
    }


@pytest.mark.parametrize("reason", ["Unhealthy", "FailedPostStartHook", "Custom", SAID, "aB3dE5gH7jK9mN1p", None])
def test_what_a_program_wrote_into_an_event_stays_away(reason: object) -> None:
    (found,) = pick_events([event(reason=reason, message=SAID)])
    assert SAID not in str(found)
    assert found["reason"] in ("Unhealthy", "FailedPostStartHook", "Custom", "")


def test_of_many_events_the_latest_are_told() -> None:
    found = pick_events(
        [event(lastTimestamp=f"2026-11-24T{place // 3600:02}:{place // 60 % 60:02}:{place % 60:02}Z") for place in range(600)]
    )
    assert len(found) == MAX_EVENTS
    assert found[-1]["lastSeen"] == "2026-11-24T00:09:59Z"


def test_a_message_is_masked_before_it_is_cut() -> None:
    message = "x" * 390 + "password=" + "s" * 400
    extras = Extras(events=pick_events([event(message=message)]))
    seen: list[str] = []
    found = with_texts(extras, lambda _place, text: seen.append(text) or text.replace("s" * 400, "*"))  # type: ignore[func-returns-value]
    assert seen == [message]
    assert len(found.events[0]["message"]) == 400


def test_states_are_told_without_what_programs_said() -> None:
    ended = {"terminated": {"reason": "Error", "exitCode": 137, "message": SAID, "containerID": SAID}}
    conditions = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": SAID}]
    statuses = [{"name": "web", "ready": False, "restartCount": 3, "state": {"waiting": {"reason": SAID}}, "lastState": ended}]
    found = pick_pod(
        {"metadata": {"name": "p"}, "status": {"phase": "Running", "conditions": conditions, "containerStatuses": statuses}}
    )
    assert SAID not in str(found)
    assert found["containers"] == [
        {
            "name": "web",
            "ready": False,
            "restarts": 3,
            "state": {"name": "waiting"},
            "lastState": {"name": "terminated", "reason": "Error", "exitCode": 137},
        }
    ]


@pytest.mark.parametrize("pick", [pick_pod, pick_node, pick_status])
@pytest.mark.parametrize(
    "status", [None, 5, [], {}, {"conditions": 5}, {"conditions": [5, {"type": []}]}, {"policy": [], "findings": {}}]
)
def test_objects_of_an_odd_form_are_picked_without_an_error(pick: Any, status: object) -> None:  # noqa: ANN401 - three functions
    assert pick({"metadata": None, "status": status})


def test_under_other_names_only_words_of_kubernetes_are_told() -> None:
    conditions = [{"type": "acmebank.example/ready", "status": "True"}, {"type": "Ready", "status": "True"}]
    pod = pick_pod({"metadata": {"name": "p"}, "status": {"conditions": conditions}})
    extras = Extras(events=pick_events([event(reason="AcmebankSaysHello"), event()]), pods=(pod,))
    found = with_names(extras, lambda kind, _name: f"{kind}-1")
    assert "cmebank" not in str(found)
    assert [each["reason"] for each in found.events] == ["", "BackOff"]


def test_what_the_operator_says_is_told_without_its_sentences() -> None:
    digest = "sha256:" + "a1b2" * 16
    status = {
        "observedGeneration": 3,
        "release": "0.2.96.22",
        "policy": {"name": "acme", "digest": digest, "more": SAID},
        "nextTransition": {"time": "2027-01-01T00:00:00Z", "reason": "EndOfLife", "more": SAID},
        "conditions": [{"type": "Supported", "status": "True", "message": SAID}],
        "findings": [{"code": "EndOfLife", "effect": "Unsupported", "message": SAID}],
    }
    found = pick_status({"status": status})
    assert SAID not in str(found)
    assert (found["policy"], found["release"]) == ({"name": "acme", "digest": digest}, "0.2.96.22")
