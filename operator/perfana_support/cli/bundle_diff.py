"""What changed between two bundles: the verdict, what was found, what runs, and by what it was judged."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perfana_support.cli.evidence import Recorded
from perfana_support.cli.policy import differences
from perfana_support.model.document import Json
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Verdict
from perfana_support.sources.bundle.objects import workload_object

_NOTHING = "nothing changed but when the bundle was taken"


def changes(before: Recorded, after: Recorded) -> Iterator[str]:
    """A line for each change; one that says so where there is none."""
    found = [
        *_verdict(before.verdict, after.verdict),
        *_installation(before, after),
        *_named("policy", before.evidence.policy, after.evidence.policy),
        *_named("check", before.evidence.check, after.evidence.check),
        *_program(before.listed, after.listed),
    ]
    yield f"from {before.listed.get('takenAt')} to {after.listed.get('takenAt')}"
    if before.listed.get("anonymised") != after.listed.get("anonymised"):
        yield "note: one of them is under pseudonyms, so the same things have two names"
    yield from found or (_NOTHING,)


def _verdict(before: Verdict, after: Verdict) -> Iterator[str]:
    old = {each.type: each for each in before.conditions}
    new = {each.type: each for each in after.conditions}
    for kind in {**old, **new}:
        was, is_now = (f"{each.status} ({each.reason})" if (each := found.get(kind)) else "none" for found in (old, new))
        if was != is_now:
            yield f"condition {kind}: {was} -> {is_now}"
    known, there = ({each.identity: each for each in found.findings} for found in (before, after))
    yield from (f"finding gone: {_told(finding)}" for identity, finding in known.items() if identity not in there)
    yield from (f"finding new: {_told(finding)}" for identity, finding in there.items() if identity not in known)
    for identity in there:
        if identity in known and known[identity].set_aside != there[identity].set_aside:
            sides = (each[identity].set_aside or "counts" for each in (known, there))
            yield f"finding {_told(there[identity])}: {' -> '.join(sides)}"


def _told(finding: Finding) -> str:
    subject = " ".join(filter(None, (finding.subject.kind, finding.subject.name, finding.subject.container)))
    return f"{finding.code} of {subject}: {finding.message}"


def _installation(before: Recorded, after: Recorded) -> Iterator[str]:
    old, new = (each.evidence.installation for each in (before, after))
    yield from differences({"namespace": old.namespace}, {"namespace": new.namespace}, "installation")
    yield from _objects("", _by_name(map(workload_object, old.workloads)), _by_name(map(workload_object, new.workloads)))
    was, is_now = (each.platform for each in (old, new))
    version = (f"{each.server_version or 'unknown'}" if each else "unknown" for each in (was, is_now))
    before_version, after_version = version
    if before_version != after_version:
        yield f"Kubernetes: {before_version} -> {after_version}"
    nodes = ({node.name: {**node._asdict()} for node in each.nodes} if each else {} for each in (was, is_now))
    yield from _objects("Node ", *nodes)
    yield from _lists("could not be read", old.gaps, new.gaps)


def _by_name(entities: Iterator[Json]) -> dict[str, Json]:
    return {f"{each['kind']} {each['metadata']['name']}": each for each in entities}


def _objects(prefix: str, before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[str]:
    """Objects that came and went; of those that stayed, what differs. Pods come and go all the time: they are counted."""
    gone, new = ([name for name in one if name not in other] for one, other in ((before, after), (after, before)))
    for what, names in (("gone", gone), ("new", new)):
        pods = [name for name in names if name.startswith("Pod ")]
        yield from (f"{prefix}{name}: {what}" for name in names if name not in pods)
        if pods:
            yield f"pods {what}: {len(pods)}"
    for name in before:
        if name in after:
            yield from differences(_keyed(before[name]), _keyed(after[name]), f"{prefix}{name}")


def _keyed(value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
    """Lists of what has names as mappings, so that what moved is no change and a path tells which it is."""
    if isinstance(value, Mapping):
        return {field: _keyed(part) for field, part in value.items()}
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and "name" in each for each in value):
        return {str(each["name"]): _keyed(each) for each in value}
    return value


def _named(what: str, before: Json, after: Json) -> Iterator[str]:
    if not before or not after:
        if before or after:
            yield f"{what}: {'none' if not before else 'stated'} -> {'none' if not after else 'stated'}"
        return
    if before["metadata"].get("name") != after["metadata"].get("name"):
        yield f"{what}: {before['metadata'].get('name')} -> {after['metadata'].get('name')}"
    yield from differences(before.get("spec"), after.get("spec"), f"{what}.spec")


def _lists(what: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    yield from (f"{what} before: {each}" for each in before if each not in after)
    yield from (f"{what} now: {each}" for each in after if each not in before)


def _program(before: Json, after: Json) -> Iterator[str]:
    old, new = (str(index["program"]["version"]) for index in (before, after))
    if old != new:
        yield f"perfana-support: {old} -> {new}"
