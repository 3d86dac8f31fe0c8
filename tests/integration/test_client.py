"""The client that tests speak to the API with."""

from __future__ import annotations

import pytest

from tests.cluster.client import JSON_PATCH, ApiClient, ApiError
from tests.cluster.waiting import wait_for

CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "some"},
    "data": {"colour": "red"},
}


def test_refused_request_raises_with_status_and_reason(namespace: str, api: ApiClient) -> None:
    with pytest.raises(ApiError) as refused:
        api.get("v1", "Pod", "none", namespace)
    assert (refused.value.status, refused.value.reason) == (404, "NotFound")
    assert refused.value.message == 'pods "none" not found'
    assert refused.value.body["kind"] == "Status"


def test_unknown_kind_is_a_lookup_error(api: ApiClient) -> None:
    with pytest.raises(LookupError, match="no kind Pot in v1"):
        api.list("v1", "Pot")


def test_replace_of_a_stale_object_conflicts(namespace: str, api: ApiClient) -> None:
    first = api.create(CONFIG_MAP, namespace)
    api.replace({**first, "data": {"colour": "green"}})
    with pytest.raises(ApiError, match="409 Conflict"):
        api.replace({**first, "data": {"colour": "blue"}})


def test_patch_speaks_each_patch_type(namespace: str, api: ApiClient) -> None:
    api.create(CONFIG_MAP, namespace)
    api.patch("v1", "ConfigMap", "some", {"data": {"size": "big"}}, namespace)
    change = [{"op": "remove", "path": "/data/colour"}]
    patched = api.patch("v1", "ConfigMap", "some", change, namespace, content_type=JSON_PATCH)
    assert patched["data"] == {"size": "big"}


def test_apply_creates_then_updates_as_its_field_manager(namespace: str, api: ApiClient) -> None:
    api.apply(CONFIG_MAP, namespace, field_manager="painter")
    applied = api.apply({**CONFIG_MAP, "data": {"colour": "blue"}}, namespace, field_manager="painter")
    assert applied["data"] == {"colour": "blue"}
    assert [(each["manager"], each["operation"]) for each in applied["metadata"]["managedFields"]] == [("painter", "Apply")]


def test_watch_yields_what_exists_and_what_changes(namespace: str, api: ApiClient) -> None:
    api.create(CONFIG_MAP, namespace)
    seen = []
    for event in api.watch("v1", "ConfigMap", namespace, deadline_seconds=120):
        seen.append(event["type"])
        if seen == ["ADDED"]:
            api.delete("v1", "ConfigMap", "some", namespace)
        if event["type"] == "DELETED":
            break
    assert seen == ["ADDED", "DELETED"]


def test_watch_that_waits_in_vain_raises_at_its_deadline(namespace: str, api: ApiClient) -> None:
    with pytest.raises(TimeoutError, match=r"watch of .*/configmaps not done within 0\.3 s"):
        list(api.watch("v1", "ConfigMap", namespace, deadline_seconds=0.3))


def test_waiting_in_vain_says_for_what_and_what_came_last() -> None:
    with pytest.raises(TimeoutError, match=r"the moon: not within 0\.05 s, at last 0"):
        wait_for(lambda: 0, 0.05, "the moon")
