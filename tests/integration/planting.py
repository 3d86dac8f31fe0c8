"""Planting secrets in a real cluster: every shape of the table that stands in an object, in one namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.planted_objects import UNHOUSED, every_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient, Object


def plant(api: ApiClient, namespace: str) -> list[Object]:
    """Create all objects, with the status that some have, and return them as the API server answered.

    Definitions of our own kinds must be there.
    """
    return list(_planted(api, namespace))


def _planted(api: ApiClient, namespace: str) -> Iterator[Object]:
    for item in every_object(namespace):
        made = api.create(item)
        if "status" in item:
            kind, name = item["kind"], item["metadata"]["name"]
            within = None if kind in UNHOUSED else namespace
            status = {"status": item["status"]}
            made = api.patch(item["apiVersion"], kind, name, status, within, subresource="status")
        yield made


def uproot_nodes(api: ApiClient) -> None:
    """Delete what stands in no namespace, as far as it is there."""
    there = {item["metadata"]["name"] for item in api.list("v1", "Node")["items"]}
    for item in every_object(""):
        if item["kind"] in UNHOUSED and item["metadata"]["name"] in there:
            api.delete("v1", "Node", item["metadata"]["name"])
