"""docs/reference/resources.md: every field of SupportCheck and SupportPolicy, from the schemas that the API server enforces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.reference.markup import MADE, code, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CRDS = Path(__file__).parents[2] / "crds"
KINDS = ("supportchecks", "supportpolicies")
HEAD = f"""\
# Fields of the resources

{MADE}
What the API server takes, and what it says of the rest. `[]` is each entry of a list, `.*` each key of a map;
**needed** is what must be there where the object around it is. `kubectl explain supportcheck.spec` shows the same of
a cluster. What to write into them: [concepts](../concepts.md), [a policy of your own](../policy-authoring.md).

"""
_BOUNDS = (
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
    ("maxProperties", "at most {} keys"),
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("format", "{}"),
)
_DESCRIBED_ELSEWHERE = ("apiVersion", "kind", "metadata")


def page() -> str:
    """Return the page."""
    return HEAD + "\n".join(_kind(yaml.safe_load((CRDS / f"support.perfana.io_{plural}.yaml").read_text())) for plural in KINDS)


def paths(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield every field below a schema, in its order: path, schema, and whether it must be there."""
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        if path or name not in _DESCRIBED_ELSEWHERE:
            here = f"{path}.{name}" if path else name
            yield here, field, name in needed
            yield from _below(field, here)


def _below(field: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    inner, place = field, path
    while "items" in inner or isinstance(inner.get("additionalProperties"), dict):
        inner, place = (inner["items"], f"{place}[]") if "items" in inner else (inner["additionalProperties"], f"{place}.*")
    yield from paths(inner, place)


def _kind(definition: Mapping[str, Any]) -> str:
    spec = definition["spec"]
    names = spec["names"]
    (version,) = spec["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    scope = "in a namespace" if spec["scope"] == "Namespaced" else "of the whole cluster"
    kubectl = f"`kubectl get {names['plural']}`, for short `{names['shortNames'][0]}`"
    parts = [
        f"## {names['kind']}\n",
        f"`{spec['group']}/{version['name']}`, {scope}; {kubectl}. {prose(schema['description'])}\n",
    ]
    for top in ("spec", "status"):
        field = schema["properties"][top]
        rows = [(code(path), _type(each, is_needed=needed), _told(each)) for path, each, needed in _below(field, top)]
        parts += [f"### {names['kind']} {top}\n", f"{_told(field)}\n", table(("field", "type", "what"), rows)]
    return "\n".join(parts)


def _type(field: Mapping[str, Any], *, is_needed: bool) -> str:
    parts = [*_shape(field)]
    if "default" in field:
        parts.append(f"default {code(json.dumps(field['default'], ensure_ascii=False))}")
    if is_needed:
        parts.append("**needed**")
    return "; ".join(parts)


def _shape(field: Mapping[str, Any]) -> Iterator[str]:
    """Type and bounds of a field, and of the entries of a list or map that have no fields of their own."""
    inner = field.get("items") or field.get("additionalProperties")
    if "items" in field:
        word = "set" if field.get("x-kubernetes-list-type") == "set" else "list"
        keys = field.get("x-kubernetes-list-map-keys")
        yield f"{word} by {' and '.join(f'`{key}`' for key in keys)}" if keys else word
    elif isinstance(inner, dict):
        yield "map"
    elif "x-kubernetes-int-or-string" in field:
        yield "number or string"
    else:
        yield str(field.get("type", "anything"))
    if "enum" in field:
        yield ", ".join(code(str(one)) for one in field["enum"])
    for name, words in _BOUNDS:
        if name in field:
            yield words.format(f"{field[name]:,}" if isinstance(field[name], int) else field[name])
    if isinstance(inner, dict) and "properties" not in inner:
        yield f"each: {', '.join(_shape(inner))}"


def _told(field: Mapping[str, Any]) -> str:
    """The description, and what the rules of a field and of its plain entries say that must be."""
    inner = field.get("items") or field.get("additionalProperties")
    rules = [*_rules(field)]
    if isinstance(inner, dict):
        rules += [f"each {rule}" for rule in _rules(inner)]
    told = prose(str(field.get("description", "")))
    return " ".join(filter(None, (told, *(f"*{prose(rule)}.*" for rule in rules))))


def _rules(field: Mapping[str, Any]) -> Iterator[str]:
    for rule in field.get("x-kubernetes-validations", ()):
        place = rule.get("fieldPath", "")
        yield f"{f'`{place[1:]}` ' if place else ''}{' '.join(rule['message'].split())}"
