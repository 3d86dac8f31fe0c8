"""Custom resource definitions from YAML files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import yaml

from tests.cluster.client import ApiError
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object

SERVED_WITHIN_SECONDS = 30.0
"""A definition is served within 2 s; the first one of a server on a busy machine within ten."""


def apply_crds(api: ApiClient, folder: Path) -> list[str]:
    """Apply every YAML document of a folder and return the names of its definitions once all are served.

    That is, established and known to discovery. Raises `FileNotFoundError` for a folder without any: a test
    on custom resources would fail in stranger ways.
    """
    documents: list[Object] = [
        document
        for path in sorted(folder.glob("*.y*ml"))
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if document
    ]
    if not documents:
        raise FileNotFoundError(f"no YAML files with definitions in {folder}")
    for document in documents:
        api.apply(document)
    definitions = [each for each in documents if each["kind"] == "CustomResourceDefinition"]
    wait_until_served(api, definitions)
    return [each["metadata"]["name"] for each in definitions]


def wait_until_served(api: ApiClient, definitions: Iterable[Object]) -> None:
    """Wait until definitions that were applied are served."""
    for definition in definitions:
        wait_for(
            partial(_is_served, api, definition),
            SERVED_WITHIN_SECONDS,
            f"{definition['metadata']['name']} served",
            ignoring=(ApiError,),  # discovery learns of it a moment after it is established
        )


def _is_served(api: ApiClient, definition: Object) -> bool:
    stored = api.get(definition["apiVersion"], definition["kind"], definition["metadata"]["name"])
    conditions = stored.get("status", {}).get("conditions") or []
    if not any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
        return False
    spec = definition["spec"]
    for version in spec["versions"]:
        if version["served"]:
            found = api.request("GET", f"/apis/{spec['group']}/{version['name']}")["resources"]
            if spec["names"]["plural"] not in {each["name"] for each in found}:
                return False
    return True
