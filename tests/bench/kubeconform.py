"""kubeconform, the peer of the command line: built from pinned modules, with the schemas of a real API server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.cluster.tool import find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient

FOLDER = Path(__file__).with_name("go") / "kubeconform"

_REFERENCE = "#/components/schemas/"
_TEMPLATE = "{{.ResourceKind}}{{.KindSuffix}}.json"
"""How kubeconform names the file of a kind: `deployment-apps-v1.json`, `service-v1.json`."""

_BROKEN = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: broken}
spec: {replicas: three, selector: {}, template: {}}
"""


class Kubeconform:
    """A built kubeconform, and a folder of schemas that it reads instead of asking the internet."""

    def __init__(self, schemas: Path) -> None:
        """Find it in the cache or build it: seconds, once."""
        self._program, self.version = find_tool(FOLDER)
        self._schemas = schemas

    def command(self, manifest: Path) -> list[str]:
        """Return the command that validates a manifest."""
        return [str(self._program), "-schema-location", f"{self._schemas}/{_TEMPLATE}", str(manifest)]

    def learn(self, api: ApiClient, manifest: Path) -> None:
        """Write the schemas of all kinds of a manifest, as the API server publishes them, and see that they are used.

        Each file holds what its kind needs and nothing else, like those that kubeconform fetches by default.
        """
        for api_version, kind in kinds(manifest):
            group, _, version = api_version.rpartition("/")
            root = f"apis/{api_version}" if group else f"api/{api_version}"
            schemas = api.request("GET", f"/openapi/v3/{root}")["components"]["schemas"]
            wanted = {"group": group, "version": version, "kind": kind}
            name = next(name for name, each in schemas.items() if wanted in each.get("x-kubernetes-group-version-kind", ()))
            document = {"$ref": _REFERENCE + name, "components": {"schemas": dict(_needed(name, schemas))}}
            path = self._schemas / "-".join(part for part in (kind.lower(), group, version) if part)
            path.with_name(f"{path.name}.json").write_text(json.dumps(document), encoding="utf-8")
        broken = self._schemas / "broken.yaml"
        broken.write_text(_BROKEN, encoding="utf-8")
        for file, code in ((manifest, 0), (broken, 1)):
            done = subprocess.run(self.command(file), capture_output=True, text=True, check=False)
            assert done.returncode == code, done.stdout + done.stderr


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


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix(_REFERENCE)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
