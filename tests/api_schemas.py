"""JSON Schemas of kinds, as an API server publishes them, in files that kubeconform reads instead of asking the internet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient

TEMPLATE = "{{.ResourceKind}}{{.KindSuffix}}.json"
"""How kubeconform names the file of a kind: `deployment-apps-v1.json`, `service-v1.json`."""

_REFERENCE = "#/components/schemas/"
_KEPT = "x-kubernetes-preserve-unknown-fields"
_PROPS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
_UNIONS = {
    f"{_PROPS}OrArray": {"$ref": _REFERENCE + _PROPS},
    f"{_PROPS}OrBool": {"anyOf": [{"type": "boolean"}, {"$ref": _REFERENCE + _PROPS}]},
}
"""What the server publishes as anything at all, although it knows better: the schemas within a definition's schema."""


def write_schemas(api: ApiClient, wanted: Iterable[tuple[str, str]], folder: Path, *, is_strict: bool = False) -> None:
    """Write the schemas of kinds, given as apiVersion and kind; a strict one refuses a field that the server would drop.

    Each file holds what its kind needs and nothing else, like those that kubeconform fetches by default.
    """
    for api_version, kind in wanted:
        group, _, version = api_version.rpartition("/")
        root = f"apis/{api_version}" if group else f"api/{api_version}"
        schemas = api.request("GET", f"/openapi/v3/{root}")["components"]["schemas"]
        named = {"group": group, "version": version, "kind": kind}
        name = next(name for name, each in schemas.items() if named in each.get("x-kubernetes-group-version-kind", ()))
        needed = dict(_needed(name, schemas))
        if is_strict:
            needed = {each: _closed(_UNIONS.get(each, schema)) for each, schema in needed.items()}
        document = {"$ref": _REFERENCE + name, "components": {"schemas": needed}}
        # kubeconform leaves all but the first part of a group out.
        path = folder / "-".join(part for part in (kind.lower(), group.partition(".")[0], version) if part)
        path.with_name(f"{path.name}.json").write_text(json.dumps(document), encoding="utf-8")


def kinds(manifest: Path) -> set[tuple[str, str]]:
    """Return apiVersion and kind of all objects in a file."""
    documents = yaml.safe_load_all(manifest.read_text(encoding="utf-8"))
    return {(document["apiVersion"], document["kind"]) for document in documents if document}


def _needed(name: str, schemas: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield a schema and all that it refers to."""
    seen, waiting = set[str](), [name]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name, _with_null(schemas[name])
            waiting += _references(schemas[name])


def _with_null(schema: object) -> object:
    """Return a schema that takes null for a field left out, as the API server does, and kubeconform's default schemas."""
    if isinstance(schema, dict):
        kept = {key: _with_null(value) for key, value in schema.items()}
        return kept | ({"type": [kept["type"], "null"]} if isinstance(kept.get("type"), str) else {})
    return [_with_null(each) for each in schema] if isinstance(schema, list) else schema


def _closed(schema: object) -> object:
    """Return a schema that takes no other fields than those that it names."""
    if isinstance(schema, dict):
        kept = {key: _closed(value) for key, value in schema.items()}
        if isinstance(kept.get("properties"), dict) and "additionalProperties" not in kept and not kept.get(_KEPT):
            kept["additionalProperties"] = False
        return kept
    return [_closed(each) for each in schema] if isinstance(schema, list) else schema


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):  # a field may be called so as well
            yield schema["$ref"].removeprefix(_REFERENCE)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
