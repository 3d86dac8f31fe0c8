"""Planting secrets in a real cluster: every shape of the table that stands in an object, in one namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.planted_objects import UNHOUSED, every_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient, Object

OF_THE_CLUSTER = UNHOUSED | {"SupportPolicy"}


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


def uproot(api: ApiClient) -> None:
    """Delete what stands in no namespace, as far as it is there: other tests would find it."""
    for item in every_object(""):
        version, kind, name = item["apiVersion"], item["kind"], item["metadata"]["name"]
        if kind in OF_THE_CLUSTER and name in {each["metadata"]["name"] for each in api.list(version, kind)["items"]}:
            api.delete(version, kind, name)
