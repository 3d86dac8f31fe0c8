"""Events: one for each flip that people act on, within the API's limits."""

from typing import Any

import pytest

from perfana_support.controller.events import CONTROLLER, event_documents, tell
from perfana_support.controller.judge import flips
from perfana_support.controller.names import CHECKS, POLICIES, Name
from perfana_support.model.code import ConditionType
from perfana_support.sources.cluster.api import ApiError
from tests.unit import virtual_time
from tests.unit.controller.fake_server import FakeServer

Json = dict[str, Any]
CHECK, POLICY = Name(CHECKS, "shop", "perfana"), Name(POLICIES, "", "acme")
BODY = {"metadata": {"name": "perfana", "uid": "u-1", "resourceVersion": "7"}}


def _condition(kind: str, status: str, reason: str = "Because", message: str = "it is so") -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _events(kind: str, *statuses: str, name: Name = CHECK, **after: str) -> list[Json]:
    was, is_now = statuses
    changed = (_condition(kind, was), _condition(kind, is_now, **after))
    documents: list[Json] = [*event_documents(name, BODY, [changed], "me", virtual_time.START)]
    return documents


def test_event_says_what_flipped() -> None:
    (event,) = _events("Supported", "True", "False")
    assert event.pop("metadata")["namespace"] == "shop"
    assert event == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "eventTime": "2026-11-24T12:00:00.000000Z",
        "reportingController": CONTROLLER,
        "reportingInstance": "me",
        "action": "Evaluate",
        "type": "Warning",
        "reason": "Because",
        "regarding": {
            "apiVersion": "support.perfana.io/v1alpha1",
            "kind": "SupportCheck",
            "namespace": "shop",
            "name": "perfana",
            "uid": "u-1",
            "resourceVersion": "7",
        },
        "note": "Supported is False, was True: it is so",
    }


def test_event_about_a_policy_is_kept_where_those_of_no_namespace_are() -> None:
    (event,) = _events("Valid", "True", "False", name=POLICY)
    assert event["metadata"]["namespace"] == "default"
    # `kubectl describe` looks for events whose object has the namespace of what it describes: none.
    assert "namespace" not in event["regarding"]


@pytest.mark.parametrize(("status", "kind"), [("True", "Normal"), ("False", "Warning"), ("Unknown", "Warning")])
def test_only_good_news_is_normal(status: str, kind: str) -> None:
    was = "Unknown" if status != "Unknown" else "True"
    assert _events("Supported", was, status)[0]["type"] == kind


TOLD = {"Supported", "TicketEligible", "UpgradeSupported"}


@pytest.mark.parametrize("kind", [*map(str, ConditionType), "Ready", "Reconciling", "Stalled", "Valid", "Foreign"])
def test_which_flips_are_told(kind: str) -> None:
    assert bool(_events(kind, "True", "False")) is (kind in TOLD)
    assert bool(_events(kind, "True", "False", name=POLICY)) is (kind == "Valid")


def test_condition_that_is_new_has_not_flipped() -> None:
    after = {"conditions": [_condition("Supported", "True"), _condition("Ready", "True")]}
    before = {"conditions": [_condition("Ready", "False"), _condition("Gone", "True")]}
    assert flips({}, after) == []
    assert [(was["status"], now["status"]) for was, now in flips(before, after)] == [("False", "True")]
    assert flips(after, after) == []


@pytest.mark.parametrize("message", ["x" * 5000, "ü" * 5000, "€" * 5000, "😀" * 5000, "\ud800" * 5000], ids=ascii)
def test_note_is_cut_to_what_the_api_takes(message: str) -> None:
    note = _events("Supported", "True", "False", message=message)[0]["note"]
    assert 990 < len(note.encode()) <= 1024
    assert note.endswith("…")


@pytest.mark.parametrize("name", ["a", "a" * 253, "a" * 199 + "." + "b" * 20, "a" * 199 + "-" + "b" * 20, "a.b"], ids=len)
def test_event_has_a_name_that_the_api_takes_and_no_other_has(name: str) -> None:
    found = [_events("Supported", "True", "False", name=Name(CHECKS, "shop", name))[0] for _ in range(50)]
    names = {event["metadata"]["name"] for event in found}
    assert len(names) == 50
    assert all(len(one) <= 253 for one in names)
    assert all(part[0].isalnum() and part[-1].isalnum() for one in names for part in one.split("."))


def test_reporting_instance_is_cut_to_what_the_api_takes() -> None:
    flip = (_condition("Supported", "True"), _condition("Supported", "False"))
    (event,) = event_documents(CHECK, BODY, [flip], "x" * 300, virtual_time.START)
    assert len(str(event["reportingInstance"])) == 128


def test_event_that_is_refused_stops_no_other_and_nothing_else() -> None:
    async def story() -> tuple[int, int]:
        server = FakeServer()
        server.event_faults = [ApiError(403, "no right"), ApiError(0, "no answer")]
        documents = [event for _ in range(4) for event in _events("Supported", "True", "False")]
        return await tell(server.api, documents), len(server.events)

    assert virtual_time.run(story()) == (2, 2)
