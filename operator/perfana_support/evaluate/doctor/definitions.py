"""Does the cluster know the resources of this program, in the form that this program has?"""

from collections.abc import Iterator, Mapping
from typing import Any

from perfana_support.evaluate.doctor.remedies import apply_definitions, give_reader
from perfana_support.evaluate.doctor.renewal import renew
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Json, Reading, State, Tools

VERSION = "v1alpha1"
_WITHOUT = "without it the operator does not start, and nothing is judged"
_OTHER_SCHEMA = "the server drops fields that it does not know, and refuses what it has other rules for"
_MOST_NAMED = 4
# What people read and no server goes by.
_PROSE = frozenset({"description"})


def judge_definitions(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """Each definition of this program against the cluster's."""
    for name, shipped in facts.shipped.items():
        reading = facts.definitions[name]
        if reading.found is None:
            state, found, why = _unread(reading, facts.discovery, name)
        else:
            state, found, why = _seen(reading.found, shipped)
        fix: tuple[str, ...] = ()
        if state is not State.OK:
            fix = _fix(state, found, facts, name, tools)
        yield Diagnosis(Area.DEFINITIONS, name.partition(".")[0], state, found, why, fix)


def _fix(state: State, found: str, facts: Facts, name: str, tools: Tools) -> tuple[str, ...]:
    if state is State.CANNOT_TELL:
        return give_reader(facts, tools, of_cluster=True)
    if "newer than this program" in found:
        return renew(facts, tools)
    if (facts.definitions[name].found or {}).get("metadata", {}).get("deletionTimestamp"):
        return (tools.kubectl(f"wait --for=delete --timeout=120s crd/{name}"), apply_definitions(tools))
    # Which of two that differ is the newer one, nothing in them says.
    is_any = found.startswith(("is another", "is served as"))
    note = "    # if this program is newer than whoever installed them" if is_any else ""
    return (apply_definitions(tools) + note, tools.kubectl(f"wait --for=condition=Established --timeout=60s crd/{name}"))


def _unread(reading: Reading, discovery: Reading, name: str) -> tuple[State, str, str]:
    served = {str(each.get("name")) for each in (discovery.found or {}).get("resources") or ()}
    if reading.is_absent or (discovery.is_absent or (discovery.found is not None and name.partition(".")[0] not in served)):
        return State.PROBLEM, "is not there", _WITHOUT
    if discovery.found is None:
        return State.CANNOT_TELL, f"cannot be read: {reading.why_not}", _WITHOUT
    found = f"is served as {VERSION}; its schema cannot be read: {reading.why_not}"
    return State.CANNOT_TELL, found, "a schema of another version drops fields or refuses them"


def _seen(found: Json, shipped: Json) -> tuple[State, str, str]:
    if found["metadata"].get("deletionTimestamp"):
        return State.PROBLEM, "is being deleted, with all objects of its kind", _WITHOUT
    conditions: Mapping[Any, Json] = {each.get("type"): each for each in (found.get("status") or {}).get("conditions") or ()}
    for kind in ("NamesAccepted", "Established"):
        if conditions.get(kind, {}).get("status") != "True":
            message = conditions.get(kind, {}).get("message") or "the server has not said so yet"
            return State.PROBLEM, f"is not served ({kind}): {message}", _WITHOUT
    versions = {each.get("name"): each for each in found["spec"].get("versions") or ()}
    if not versions.get(VERSION, {}).get("served"):
        names = ", ".join(sorted(name for name, each in versions.items() if each.get("served"))) or "nothing"
        return State.PROBLEM, f"is served as {names}, and not as {VERSION}", _WITHOUT
    own = next(each for each in shipped["spec"]["versions"] if each["name"] == VERSION)
    told = difference(versions[VERSION], own)
    if told:
        return State.PROBLEM, told, _OTHER_SCHEMA
    return State.OK, f"is served as {VERSION}, with this program's schema", ""


def difference(theirs: Json, ours: Json) -> str:
    """How a version in the cluster differs from this program's, "" where it does not."""
    schemas = [_plain(each.get("schema") or {}) for each in (theirs, ours)]
    there, here = (set(_paths(each.get("openAPIV3Schema") or {})) for each in schemas)
    lacking, unknown = sorted(here - there), sorted(there - here)
    if lacking and not unknown:
        return f"is older than this program: it lacks {_named(lacking)}"
    if unknown and not lacking:
        return f"is newer than this program, which does not know {_named(unknown)}"
    if lacking:
        return f"is another than this program's: it lacks {_named(lacking)} and has {_named(unknown)}"
    if schemas[0] != schemas[1] or theirs.get("subresources") != ours.get("subresources"):
        return "is another than this program's: the fields are the same, their rules are not"
    return ""


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return ", ".join(paths[:_MOST_NAMED]) + more


def _paths(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The fields of a schema, as `spec.target.release`; of what is not there the outermost is enough."""
    for name, child in (schema.get("properties") or {}).items():
        below = f"{path}.{name}" if path else name
        yield below
        yield from _paths(child, below)
    if isinstance(schema.get("items"), Mapping):
        yield from _paths(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _paths(schema["additionalProperties"], f"{path}{{}}")


def _plain(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """A schema without its prose; a field may be called as a keyword is."""
    if isinstance(schema, Mapping):
        return {
            key: {name: _plain(child) for name, child in value.items()} if key == "properties" else _plain(value)
            for key, value in schema.items()
            if key not in _PROSE
        }
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema
