"""Our custom resource definitions keep to the ecosystem's API rules.

The rules are those of kube-api-linter and of Kubernetes' API conventions. That linter reads Go types, so here
they stand as functions over the YAML, and each is shown to fire on a damaged copy of our own definition.
"""

from __future__ import annotations

import copy
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "crds"

GROUP = "support.perfana.io"
VERSION = "v1alpha1"

DAY_MESSAGE = "must be a day of the calendar as YYYY-MM-DD, for example 2027-03-31"

SHORT_NAMES = {"SupportCheck": ["supchk"], "SupportPolicy": ["suppol"]}
SCOPES = {"SupportCheck": "Namespaced", "SupportPolicy": "Cluster"}

# Name, type, path and priority, in order; kubectl adds NAME and shows priority 1 with `-o wide` only.
COLUMNS = {
    "SupportCheck": [
        ("Version", "string", ".status.release", 0),
        ("Supported", "string", '.status.conditions[?(@.type=="Supported")].status', 0),
        ("Reason", "string", '.status.conditions[?(@.type=="Supported")].reason', 0),
        ("Until", "string", ".status.supportEndsOn", 0),
        ("Age", "date", ".metadata.creationTimestamp", 0),
        ("Ticket", "string", '.status.conditions[?(@.type=="TicketEligible")].status', 1),
        ("Policy", "string", ".status.policy.name", 1),
        ("Message", "string", '.status.conditions[?(@.type=="Supported")].message', 1),
    ],
    "SupportPolicy": [
        ("Valid", "string", '.status.conditions[?(@.type=="Valid")].status', 0),
        ("Reason", "string", '.status.conditions[?(@.type=="Valid")].reason', 0),
        ("Published", "string", ".status.publishedOn", 0),
        ("Base", "string", ".spec.basePolicy", 0),
        ("Age", "date", ".metadata.creationTimestamp", 0),
        ("Message", "string", '.status.conditions[?(@.type=="Valid")].message', 1),
    ],
}

# Fields of every object, which the API server itself bounds.
STANDARD_FIELDS = frozenset({"apiVersion", "kind", "metadata"})

SCALARS = frozenset({"string", "integer", "boolean"})
UNTYPED = frozenset({"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"})
COMBINED = frozenset({"allOf", "anyOf", "oneOf", "not", "$ref"})
CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*")
FIELD_NAME = re.compile(r"[a-z][A-Za-z0-9]*")
# A calendar's years are no duration in seconds, hours or days; every other unit in a field's name is one too many.
FOREIGN_UNIT = re.compile(r".*(Minutes|Weeks|Months|Millis|Duration|Timeout|Interval|Timestamp)$")


class Node(NamedTuple):
    """A schema in the tree; `field` is its name among properties, "" for items and values of maps."""

    path: str
    field: str
    schema: Json


# --- the tree


def schema_of(crd: Json) -> Json:
    root: Json = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return root


def walk(schema: Json, path: str = "", field: str = "") -> Iterator[Node]:
    """Yield a schema and all below it, the fields that every object has left out."""
    yield Node(path, field, schema)
    for name, child in schema.get("properties", {}).items():
        if path or name not in STANDARD_FIELDS:
            yield from walk(child, f"{path}.{name}", name)
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], f"{path}{{}}")


# --- rules over one node: what is wrong with it, nothing when all is well


def is_structural(node: Node) -> Iterator[str]:
    schema = node.schema
    kind = schema.get("type")
    if kind not in SCALARS | {"array", "object"}:
        yield f"type is {kind!r}"
    if kind == "array" and "items" not in schema:
        yield "array without items"
    if kind == "object" and ("properties" in schema) == ("additionalProperties" in schema):
        yield "object must have properties or additionalProperties, not both"
    if schema.get("additionalProperties", {}) is True:
        yield "map of anything"
    yield from (f"has {key}" for key in sorted((UNTYPED | COMBINED) & schema.keys()))


def is_bounded(node: Node) -> Iterator[str]:
    schema = node.schema
    is_closed = "enum" in schema or schema.get("format") == "date-time"
    needed = {
        "string": () if is_closed else ("maxLength",),
        "array": ("maxItems",),
        "integer": ("minimum", "maximum"),
        "object": ("maxProperties",) if "additionalProperties" in schema else (),
    }
    yield from (f"no {bound}" for bound in needed.get(schema.get("type", ""), ()) if bound not in schema)


def has_list_type(node: Node) -> Iterator[str]:
    schema = node.schema
    if schema.get("type") != "array":
        return
    kind = schema.get("x-kubernetes-list-type")
    if kind not in {"atomic", "set", "map"}:
        yield f"list type is {kind!r}"
    if kind == "atomic" and "as a whole" not in schema.get("description", ""):
        yield "atomic list does not say that it is one whole"
    if kind == "set" and schema.get("items", {}).get("type") not in SCALARS:
        yield "set of what is no scalar"
    if kind == "map":
        yield from has_map_keys(schema)


def has_map_keys(schema: Json) -> Iterator[str]:
    items, keys = schema.get("items", {}), schema.get("x-kubernetes-list-map-keys", ())
    if not keys:
        yield "map list without keys"
    for key in keys:
        if key not in items.get("required", ()):
            yield f"key {key} is not required"
        if items.get("properties", {}).get(key, {}).get("type") not in SCALARS:
            yield f"key {key} is no scalar"


def has_camel_case_enum(node: Node) -> Iterator[str]:
    values = node.schema.get("enum", [])
    if values and node.schema.get("type") != "string":
        yield "enum of what is no string"
    strings = [each for each in values if isinstance(each, str) and CAMEL_CASE.fullmatch(each)]
    yield from (f"enum value {each!r}" for each in values if each not in strings)


def has_telling_name(node: Node) -> Iterator[str]:
    field, schema = node.field, node.schema
    if not field:
        return
    if not FIELD_NAME.fullmatch(field):
        yield "name is not in camelCase"
    is_instant = schema.get("format") == "date-time"
    if is_instant != (field == "time" or field.endswith("Time")):
        yield "instants, and they alone, are named …Time"
    if FOREIGN_UNIT.fullmatch(field):
        yield "durations are named …Days, …Hours or …Seconds"
    if field.endswith(("Days", "Hours", "Seconds")) and schema.get("type") != "integer":
        yield "a duration is an integer"
    is_reference = field.endswith("Reference") or schema.get("properties", {}).keys() == {"name"}
    if is_reference and not field.endswith("Ref"):
        yield "references are named …Ref"
    if field == "phase":
        yield "phase is what conditions replaced"


def has_plain_type(node: Node) -> Iterator[str]:
    schema = node.schema
    if schema.get("nullable"):
        yield "nullable"
    if schema.get("type") == "number" or schema.get("format") in {"float", "double"}:
        yield "float"


def has_honest_required(node: Node) -> Iterator[str]:
    properties = node.schema.get("properties", {})
    for name in node.schema.get("required", ()):
        if name not in properties:
            yield f"required {name} does not exist"
        elif "default" in properties.get(name, {}):
            yield f"{name} is required and has a default"


def has_description(node: Node) -> Iterator[str]:
    description = node.schema.get("description", "")
    if not node.path:
        if not description:
            yield "no description"
    elif node.field and not description.startswith(f"{node.field} is "):
        yield f"description does not begin with `{node.field} is `"
    if description and not description.endswith("."):
        yield "description does not end with a full stop"


def has_spoken_validations(node: Node) -> Iterator[str]:
    for rule in node.schema.get("x-kubernetes-validations", ()):
        message = rule.get("message", "")
        if " must " not in f" {message}" or "\n" in message:
            yield f"rule without a sentence that says what must be: {message!r}"


def is_day(node: Node) -> bool:
    """Whether the field is named as a day is; an object may say what something is running on."""
    return node.field.endswith(("On", "Until")) and node.schema.get("type") != "object"


def has_day_rule(node: Node) -> Iterator[str]:
    schema = node.schema
    if schema.get("format") == "date":
        yield "format date hides the rule's sentence behind `must be of type date`"
    if not is_day(node):
        return
    rules = schema.get("x-kubernetes-validations", ())
    if [rule.get("message") for rule in rules] != [DAY_MESSAGE]:
        yield "day without the day's rule"
    if "YYYY-MM-DD" not in schema.get("description", ""):
        yield "day without its form in the description"


NODE_RULES: tuple[Callable[[Node], Iterator[str]], ...] = (
    is_structural,
    is_bounded,
    has_list_type,
    has_camel_case_enum,
    has_telling_name,
    has_plain_type,
    has_honest_required,
    has_description,
    has_spoken_validations,
    has_day_rule,
)


# --- rules over a whole definition


def has_kubernetes_status(crd: Json) -> Iterator[str]:
    version = crd["spec"]["versions"][0]
    if version.get("subresources", {}).get("status") != {}:
        yield "no status subresource"
    status = schema_of(crd)["properties"].get("status", {})
    if status.get("default") != {"observedGeneration": -1}:
        yield "status does not begin with observedGeneration -1"
    if next(iter(status.get("properties", {})), None) != "conditions":
        yield "conditions is not the first field of status"
    conditions = status.get("properties", {}).get("conditions", {})
    if conditions.get("x-kubernetes-list-type") != "map" or conditions["x-kubernetes-list-map-keys"] != ["type"]:
        yield "conditions is not keyed by type"
    entry = conditions.get("items", {})
    if set(entry.get("required", ())) != {"type", "status", "lastTransitionTime", "reason", "message"}:
        yield "a condition does not require what metav1.Condition requires"
    if entry.get("properties", {}).get("status", {}).get("enum") != ["True", "False", "Unknown"]:
        yield "a condition's status is not True, False or Unknown"


def has_names(crd: Json) -> Iterator[str]:
    spec, names = crd["spec"], crd["spec"]["names"]
    kind = names["kind"]
    if crd["metadata"]["name"] != f"{names['plural']}.{spec['group']}" or spec["group"] != GROUP:
        yield f"is not named plural.{GROUP}"
    if (names["singular"], names["listKind"]) != (kind.lower(), f"{kind}List"):
        yield "singular or listKind does not follow from kind"
    if names.get("categories") != ["perfana"]:
        yield "category is not perfana alone"
    if names.get("shortNames") != SHORT_NAMES.get(kind):
        yield "short names differ"
    if spec["scope"] != SCOPES.get(kind):
        yield "scope differs"


def has_one_version(crd: Json) -> Iterator[str]:
    versions = [(each["name"], each["served"], each["storage"]) for each in crd["spec"]["versions"]]
    if versions != [(VERSION, True, True)]:
        yield f"versions are not {VERSION} alone"
    if "conversion" in crd["spec"]:
        yield "has a conversion, which needs a webhook"


def has_printer_columns(crd: Json) -> Iterator[str]:
    columns = [
        (each["name"], each["type"], each["jsonPath"], each.get("priority", 0))
        for each in crd["spec"]["versions"][0].get("additionalPrinterColumns", ())
    ]
    if columns != COLUMNS.get(crd["spec"]["names"]["kind"]):
        yield "printer columns differ"


CRD_RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    has_kubernetes_status,
    has_names,
    has_one_version,
    has_printer_columns,
)


def lint(crd: Json) -> list[str]:
    """Return what breaks a rule, each as `rule: path: what`."""
    found = [f"{rule.__name__}: {what}" for rule in CRD_RULES for what in rule(crd)]
    for node in walk(schema_of(crd)):
        found += [f"{rule.__name__}: {node.path}: {what}" for rule in NODE_RULES for what in rule(node)]
    return found


# --- the definitions


@functools.cache
def definitions() -> dict[str, Json]:
    """Return our definitions by kind, as they stand in their files."""
    read = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]
    return {crd["spec"]["names"]["kind"]: crd for crd in read}


def test_each_kind_has_a_file_named_after_its_definition() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {"Kustomization"} == {
        f"{GROUP}_{crd['spec']['names']['plural']}.yaml" for crd in definitions().values()
    }
    assert definitions().keys() == COLUMNS.keys()


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_definition_keeps_to_every_rule(kind: str) -> None:
    assert lint(definitions()[kind]) == []


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_every_part_of_the_tree_is_visited(kind: str) -> None:
    """The number of schemas with a type or with the mark of what has none, counted another way than `walk` does."""
    root = schema_of(definitions()[kind])
    assert sum(1 for _ in walk(root)) == typed_nodes(root) - len(STANDARD_FIELDS)


def typed_nodes(value: object) -> int:
    if isinstance(value, list):
        return sum(map(typed_nodes, value))
    if not isinstance(value, dict):
        return 0
    is_schema = isinstance(value.get("type"), str) or value.get("x-kubernetes-preserve-unknown-fields") is True
    return is_schema + sum(map(typed_nodes, value.values()))


def test_all_days_have_the_same_rule() -> None:
    rules = {
        str(node.schema["x-kubernetes-validations"])
        for crd in definitions().values()
        for node in walk(schema_of(crd))
        if is_day(node)
    }
    assert len(rules) == 1


def test_every_message_with_an_example_is_met_by_its_example() -> None:
    """Messages end with `for example X`; where the rule is one pattern, X must match it."""
    seen = set()
    for crd in definitions().values():
        for node in walk(schema_of(crd)):
            for rule in node.schema.get("x-kubernetes-validations", ()):
                pattern = re.match(r"self\.matches\(r?'([^']+)'\)", rule["rule"])
                _, has_example, example = rule["message"].partition("for example ")
                if pattern and has_example:
                    first = example.split(" or ")[0]
                    assert re.search(pattern[1], first), f"{node.path}: {first!r}"
                    seen.add(first)
    assert {"2027-03-31", "0.2.96.22", "0.2", "perfana/perfana-web", "harbor.example.com/dockerhub/"} <= seen


# --- each rule fires

REMOVED = object()
"""In a damage: the key goes, instead of getting a value."""

FLAG = {"type": "boolean"}
NO_MESSAGE = [{"rule": "has(self.release)"}]
NO_SENTENCE = [{"rule": "has(self.release)", "message": "invalid target"}]

LABELS = ".spec.workloadSelector.matchLabels"
IMAGES = ".spec.target.images"
CONDITIONS = ".status.conditions"

# Of a SupportCheck: the schema, the key in it, its other value, and what the linter says of that schema.
DAMAGED_SCHEMAS: tuple[tuple[str, str, object, str], ...] = (
    (".spec.enforcement", "type", REMOVED, "is_structural: type is None"),
    (IMAGES, "items", REMOVED, "is_structural: array without items"),
    (
        ".spec.target",
        "properties",
        REMOVED,
        "is_structural: object must have properties or additionalProperties",
    ),
    (
        ".spec.target",
        "additionalProperties",
        FLAG,
        "is_structural: object must have properties or additional",
    ),
    (LABELS, "additionalProperties", True, "is_structural: map of anything"),
    (
        ".spec.target",
        "x-kubernetes-preserve-unknown-fields",
        True,
        "is_structural: has x-kubernetes-preserve",
    ),
    (".spec.target", "oneOf", [{"required": ["images"]}], "is_structural: has oneOf"),
    (".spec.waivers[].reason", "maxLength", REMOVED, "is_bounded: no maxLength"),
    (f"{IMAGES}[]", "maxLength", REMOVED, "is_bounded: no maxLength"),
    (f"{LABELS}{{}}", "maxLength", REMOVED, "is_bounded: no maxLength"),
    (".spec.enforcement", "enum", REMOVED, "is_bounded: no maxLength"),
    (".spec.waivers", "maxItems", REMOVED, "is_bounded: no maxItems"),
    (".status.findingsOmitted", "minimum", REMOVED, "is_bounded: no minimum"),
    (".status.findingsOmitted", "maximum", REMOVED, "is_bounded: no maximum"),
    (LABELS, "maxProperties", REMOVED, "is_bounded: no maxProperties"),
    (IMAGES, "x-kubernetes-list-type", REMOVED, "has_list_type: list type is None"),
    (".spec.waivers", "x-kubernetes-list-type", "set", "has_list_type: set of what is no scalar"),
    (".spec.waivers", "x-kubernetes-list-type", "map", "has_list_type: map list without keys"),
    (".spec.waivers", "description", "waivers is a list.", "has_list_type: atomic list does not say"),
    (".spec.dependencies[]", "required", ["version"], "has_list_type: key product is not required"),
    (".spec.dependencies[].product", "type", "object", "has_list_type: key product is no scalar"),
    (".spec.enforcement", "enum", ["Report", "gate"], "has_camel_case_enum: enum value 'gate'"),
    (".spec.enforcement", "enum", ["Report", True], "has_camel_case_enum: enum value True"),
    (".status.findingsOmitted", "enum", [1], "has_camel_case_enum: enum of what is no string"),
    (".spec.waivers[].expiresOn", "format", "date-time", "has_telling_name: instants, and they alone"),
    (".spec.enforcement", "nullable", True, "has_plain_type: nullable"),
    (".status.findingsOmitted", "type", "number", "has_plain_type: float"),
    (".status.findingsOmitted", "format", "double", "has_plain_type: float"),
    (".spec.maintenance", "required", ["plans"], "has_honest_required: required plans does not exist"),
    (".spec.maintenance.plan", "default", "Free", "has_honest_required: plan is required and has a default"),
    ("", "description", REMOVED, "has_description: no description"),
    (".spec", "description", "Desired state.", "has_description: description does not begin"),
    (".spec.enforcement", "description", REMOVED, "has_description: description does not begin"),
    (".spec.enforcement", "description", "enforcement is it", "has_description: description does not end"),
    (
        ".spec.target",
        "x-kubernetes-validations",
        NO_MESSAGE,
        "has_spoken_validations: rule without a sentence",
    ),
    (
        ".spec.target",
        "x-kubernetes-validations",
        NO_SENTENCE,
        "has_spoken_validations: rule without a sentence",
    ),
    (".spec.waivers[].expiresOn", "format", "date", "has_day_rule: format date hides"),
    (
        ".spec.waivers[].expiresOn",
        "x-kubernetes-validations",
        REMOVED,
        "has_day_rule: day without the day's rule",
    ),
    (".spec.waivers[].expiresOn", "description", "expiresOn is a day.", "has_day_rule: day without its form"),
    (
        ".status",
        "default",
        REMOVED,
        "has_kubernetes_status: status does not begin with observedGeneration -1",
    ),
    (".status", "properties", {"release": FLAG}, "has_kubernetes_status: conditions is not the first field"),
    (
        CONDITIONS,
        "x-kubernetes-list-map-keys",
        ["reason"],
        "has_kubernetes_status: conditions is not keyed by type",
    ),
    (
        CONDITIONS,
        "x-kubernetes-list-type",
        "atomic",
        "has_kubernetes_status: conditions is not keyed by type",
    ),
    (f"{CONDITIONS}[]", "required", ["type"], "has_kubernetes_status: a condition does not require"),
    (f"{CONDITIONS}[].status", "enum", ["True"], "has_kubernetes_status: a condition's status is not"),
)

# A field more in the spec, and what the linter says of it.
BAD_FIELDS: tuple[tuple[str, Json, str], ...] = (
    ("some_field", FLAG, "name is not in camelCase"),
    ("startTime", FLAG, "instants, and they alone, are named …Time"),
    ("pollInterval", {"type": "integer"}, "durations are named …Days, …Hours or …Seconds"),
    ("cacheHours", FLAG, "a duration is an integer"),
    ("graceSeconds", FLAG, "a duration is an integer"),
    ("policyReference", FLAG, "references are named …Ref"),
    ("policy", {"type": "object", "properties": {"name": FLAG}}, "references are named …Ref"),
    ("phase", {"type": "string"}, "phase is what conditions replaced"),
)

# Of the definition around the schema: the path, its other value, and what the linter says.
DAMAGED_DEFINITIONS: tuple[tuple[str, object, str], ...] = (
    ("spec.versions.0.subresources", REMOVED, "has_kubernetes_status: no status subresource"),
    ("metadata.name", "supportchecks.example.com", "has_names: is not named"),
    ("spec.group", "example.com", "has_names: is not named"),
    ("spec.names.listKind", "SupportChecks", "has_names: singular or listKind"),
    ("spec.names.categories", ["perfana", "all"], "has_names: category is not perfana alone"),
    ("spec.names.shortNames", ["sc"], "has_names: short names differ"),
    ("spec.scope", "Cluster", "has_names: scope differs"),
    ("spec.versions.0.served", False, "has_one_version: versions are not"),
    ("spec.conversion", {"strategy": "Webhook"}, "has_one_version: has a conversion"),
    ("spec.versions.0.additionalPrinterColumns", REMOVED, "has_printer_columns: printer columns differ"),
    (
        "spec.versions.0.additionalPrinterColumns.3.type",
        "date",
        "has_printer_columns: printer columns differ",
    ),
    ("spec.versions.0.additionalPrinterColumns.5.priority", 0, "has_printer_columns: printer columns differ"),
)


def support_check() -> Json:
    return copy.deepcopy(definitions()["SupportCheck"])


def change(parent: Any, key: str | int, value: object) -> None:  # noqa: ANN401 - a mapping or a list
    if value is REMOVED:
        del parent[key]
    else:
        parent[key] = value


@pytest.mark.parametrize(("path", "key", "value", "expected"), DAMAGED_SCHEMAS)
def test_damaged_schema_is_noticed(path: str, key: str, value: object, expected: str) -> None:
    crd = support_check()
    [schema] = [node.schema for node in walk(schema_of(crd)) if node.path == path]
    change(schema, key, value)
    rule, _, what = expected.partition(": ")
    assert [found for found in lint(crd) if found.startswith(f"{rule}: ") and what in found], lint(crd)


@pytest.mark.parametrize(("name", "schema", "expected"), BAD_FIELDS)
def test_bad_field_is_noticed(name: str, schema: Json, expected: str) -> None:
    crd = support_check()
    schema_of(crd)["properties"]["spec"]["properties"][name] = schema
    assert f"has_telling_name: .spec.{name}: {expected}" in lint(crd)


@pytest.mark.parametrize(("path", "value", "expected"), DAMAGED_DEFINITIONS)
def test_damaged_definition_is_noticed(path: str, value: object, expected: str) -> None:
    crd = support_check()
    parent: Any = crd
    *steps, key = path.split(".")
    for step in steps:
        parent = parent[int(step) if step.isdigit() else step]
    change(parent, key, value)
    assert [found for found in lint(crd) if found.startswith(expected)], lint(crd)


def test_every_rule_is_shown_to_fire() -> None:
    expected = [row[3] for row in DAMAGED_SCHEMAS] + [row[2] for row in DAMAGED_DEFINITIONS]
    shown = {each.partition(":")[0] for each in expected} | {has_telling_name.__name__ for _ in BAD_FIELDS}
    assert shown == {rule.__name__ for rule in (*NODE_RULES, *CRD_RULES)}
