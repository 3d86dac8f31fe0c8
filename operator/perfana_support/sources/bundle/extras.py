"""What a bundle holds beside its evidence: states that no rule reads and whoever looks for a cause asks for first.

Each is picked field by field. Free texts are left out, for programs put anything into them: messages of pods' conditions and of
containers that ended, and of events those that repeat what a probe or a hook printed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from perfana_support.model.document import Json, NewJson
from perfana_support.sources.bundle.secrets import is_random

# Events whose messages Kubernetes words itself, with names, images and causes in them.
_TOLD = frozenset(
    {
        "BackOff", "Created", "Evicted", "FailedAttachVolume", "FailedCreate", "FailedMount", "FailedScheduling", "Killing",
        "NodeNotReady", "OOMKilling", "Preempted", "Pulled", "Pulling", "ScalingReplicaSet", "Scheduled", "Started",
        "SuccessfulCreate", "SuccessfulDelete", "TaintManagerEviction",
    }
)  # fmt: skip
# And those whose messages repeat what programs printed.
_KNOWN = _TOLD | {
    "Unhealthy",
    "Failed",
    "FailedPostStartHook",
    "FailedPreStopHook",
    "ProbeWarning",
    "InspectFailed",
    "ErrImagePull",
}
MAX_EVENTS = 500
_MAX_MESSAGE = 400
# What a terminal takes for colours: within a word it hides what the word is.
_COLOUR = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b[@-_]")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]{0,99}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_STATES = ("running", "waiting", "terminated")
_CONDITIONS = frozenset(
    {
        "PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready", "DisruptionTarget",
        "PodResizePending", "PodResizeInProgress", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable",
    }
)  # fmt: skip
_CONDITION = ("type", "status", "reason", "lastTransitionTime", "observedGeneration")
_NODE_INFORMATION = (
    "architecture", "operatingSystem", "osImage", "kernelVersion", "containerRuntimeVersion", "kubeletVersion",
)  # fmt: skip
_RESOURCES = ("cpu", "memory", "pods")


class Log(NamedTuple):
    """The last lines of a container's log."""

    pod: str
    container: str
    text: str


class Extras(NamedTuple):
    """What was read beside the evidence; `missing` says what could not be, as sentences."""

    events: tuple[Json, ...] = ()
    pods: tuple[Json, ...] = ()
    nodes: tuple[Json, ...] = ()
    status: Mapping[str, Any] = {}
    logs: tuple[Log, ...] = ()
    missing: tuple[str, ...] = ()


def pick_events(entities: Sequence[Json]) -> tuple[Json, ...]:
    """The latest events, the oldest of them first."""
    found = sorted(map(_event, entities), key=lambda event: (event["lastSeen"], event["object"]["name"], event["reason"]))
    return tuple(found[-MAX_EVENTS:])


def pick_pod(entity: Json) -> NewJson:
    """A pod's phase, conditions and the states of its containers."""
    status = _mapping(entity.get("status"))
    lists = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    containers = [_container(each) for field in lists for each in _mappings(status.get(field))]
    return {
        "name": _text(_mapping(entity.get("metadata")), "name"),
        **_words(status, ("phase", "reason")),
        "conditions": _conditions(status),
        "containers": containers,
    }


def pick_node(entity: Json) -> NewJson:
    """A node's versions, conditions and size."""
    status = _mapping(entity.get("status"))
    information, allocatable = _mapping(status.get("nodeInfo")), _mapping(status.get("allocatable"))
    return {
        "name": _text(_mapping(entity.get("metadata")), "name"),
        **{field: _text(information, field) for field in _NODE_INFORMATION},
        "conditions": _conditions(status),
        "allocatable": {field: _text(allocatable, field) for field in _RESOURCES},
    }


def pick_status(entity: Json) -> NewJson:
    """What the operator says of a check, without its sentences: those are of facts that this bundle may have masked."""
    status = _mapping(entity.get("status"))
    return {
        **_words(status, ("observedGeneration", "release", "supportEndsOn")),
        "nextTransition": _words(_mapping(status.get("nextTransition")), ("time", "condition", "status", "reason")),
        "policy": _words(_mapping(status.get("policy")), ("name", "publishedOn", "digest")),
        "conditions": _conditions(status),
        "findings": [_words(each, ("code", "effect")) for each in _mappings(status.get("findings"))],
    }


def with_texts(extras: Extras, change: Callable[[str, str], str]) -> Extras:
    """The extras with every free text changed; `change` is told where it stands."""
    events = tuple(
        {**event, "message": change(f"event {event['reason']}", event["message"])[:_MAX_MESSAGE]}
        if "message" in event
        else event
        for event in extras.events
    )
    logs = tuple(
        log._replace(text=change(f"log of {log.pod}, container {log.container}", _COLOUR.sub("", log.text)))
        for log in extras.logs
    )
    missing = tuple(change("what is missing", each) for each in extras.missing)
    return extras._replace(events=events, logs=logs, missing=missing)


def with_names(extras: Extras, name: Callable[[str, str], str]) -> Extras:
    """The extras under other names, and without the sentences that may hold more of them."""
    events = tuple(
        {
            **{field: value for field, value in event.items() if field != "message"},
            "reason": event["reason"] if event["reason"] in _KNOWN else "",
            "object": _renamed(event["object"], name),
        }
        for event in extras.events
    )
    pods = tuple(
        {
            **pod,
            "name": name("workload", pod["name"]),
            "conditions": _own_conditions(pod["conditions"]),
            "containers": [{**each, "name": name("container", each["name"])} for each in pod["containers"]],
        }
        for pod in extras.pods
    )
    nodes = tuple(
        {**node, "name": name("node", node["name"]), "conditions": _own_conditions(node["conditions"])} for node in extras.nodes
    )
    status = dict(extras.status)
    if "policy" in status:
        status["policy"] = {**status["policy"], "name": name("policy", status["policy"].get("name", ""))}
    return extras._replace(events=events, pods=pods, nodes=nodes, status=status)


def _own_conditions(conditions: Sequence[Json]) -> list[Json]:
    """Conditions that Kubernetes itself sets; others have names of whoever sets them."""
    return [each for each in conditions if each.get("type") in _CONDITIONS]


def _renamed(entity: Json, name: Callable[[str, str], str]) -> Json:
    kind = "node" if entity["kind"] == "Node" else "workload"
    return {**entity, "name": name(kind, entity["name"])}


def _event(entity: Json) -> NewJson:
    involved, told = _mapping(entity.get("involvedObject")), _words(entity, ("type", "reason"))
    series = _mapping(entity.get("series"))
    first = _text(entity, "firstTimestamp") or _text(entity, "eventTime")
    last = _text(series, "lastObservedTime") or _text(entity, "lastTimestamp") or first
    count = series.get("count") or entity.get("count")
    event: NewJson = {
        "type": told.get("type", ""),
        "reason": told.get("reason", ""),
        "object": {"kind": _text(involved, "kind"), "name": _text(involved, "name")},
        "count": count if isinstance(count, int) else 1,
        "firstSeen": first,
        "lastSeen": last,
    }
    return event | ({"message": _text(entity, "message")} if event["reason"] in _TOLD else {})


def _container(entity: Json) -> NewJson:
    state, last = _mapping(entity.get("state")), _mapping(entity.get("lastState"))
    return {
        "name": _text(entity, "name"),
        "ready": entity.get("ready") is True,
        "restarts": entity["restartCount"] if isinstance(entity.get("restartCount"), int) else 0,
        **dict(_states("state", state)),
        **dict(_states("lastState", last)),
    }


def _states(field: str, state: Json) -> Iterator[tuple[str, NewJson]]:
    for name in _STATES:
        if isinstance(state.get(name), Mapping):
            found = state[name]
            parts = ("reason", "exitCode", "signal", "startedAt", "finishedAt")
            yield field, {"name": name, **_words(found, parts)}
            return


def _conditions(status: Json) -> list[NewJson]:
    return [_words(each, _CONDITION) for each in _mappings(status.get("conditions"))]


def _words(entity: Json, fields: Sequence[str]) -> NewJson:
    """The fields that hold a number or one word, as reasons, times and digests are; what else stands there stays away."""
    return {field: value for field in fields if _is_word(value := entity.get(field))}


def _is_word(value: object) -> bool:
    if isinstance(value, str):
        return bool(_WORD.fullmatch(value)) and (not is_random(value) or bool(_DIGEST.fullmatch(value)))
    return isinstance(value, int)


def _text(entity: Json, field: str) -> str:
    value = entity.get(field)
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
