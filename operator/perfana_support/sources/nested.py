"""Pod specs that stand somewhere inside objects of other people's kinds.

JobSet, Argo's Workflow, Open Cluster Management's ManifestWork, Crossplane's Object and whatever comes next: a component in one
of them must not be missed because its kind is not known.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from perfana_support.model.image import parse_image
from perfana_support.sources.errors import ShapeError

_LISTS = ("containers", "initContainers", "ephemeralContainers")
# Argo's and Tekton's: one container in a field of its own, or steps that are containers.
_SINGLE = ("container", "script")
_STEPS = ("steps", "sidecars")
# Deeper and larger than any object that an API server takes (1.5 MiB); aliases can make a small document endless.
_MAX_DEPTH = 64
_MAX_VALUES = 200_000
# What a container can be called (a label of RFC 1123).
_NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Kubernetes' own groups (k8s.io/api, kube-aggregator, apiextensions-apiserver) have no kind with a pod spec in another place,
# and definitions describe containers without having any. Other projects have names below k8s.io as well.
_OWN_GROUPS = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"}) | {
    f"{name}.k8s.io"
    for name in (
        "admission",
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "imagepolicy",
        "internal.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
        "storagemigration",
    )
}


def may_nest(group: str) -> bool:
    """Whether objects of an API group may hold pod specs anywhere."""
    return group not in _OWN_GROUPS


def nested_pod_spec(entity: Mapping[str, Any]) -> dict[str, Any] | None:
    """All containers inside an object as those of one pod, None where there are none.

    What only looks like a container is left out: a schema, or a policy engine's pattern, which has no image that can be pulled
    and no name that a container can have.
    Raises `ShapeError` for an object too large to look through: what is in it would be missed.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for field, container in _containers(entity, 0, count()):
        found.setdefault(field, []).append(container)
    return dict(found) or None


def _containers(value: object, depth: int, visits: Iterator[int]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if depth > _MAX_DEPTH or next(visits) > _MAX_VALUES:
        raise ShapeError("spec", "is too deep or too large to look for containers in")
    if isinstance(value, Mapping):
        for field in value:
            held = value[field]
            if field in _SINGLE:
                own = [held] if _is_container(held, is_named=True) else []
            elif field in _LISTS or field in _STEPS:
                entries = held if isinstance(held, Sequence) and not isinstance(held, str) else ()
                own = [each for each in entries if _is_container(each)]
            else:
                own = []
            role = field if field in _LISTS else "containers"
            yield from ((role, each) for each in own if isinstance(each, Mapping))
            if not own:
                yield from _containers(held, depth + 1, visits)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from _containers(each, depth + 1, visits)


def _is_container(value: object, *, is_named: bool = False) -> bool:
    """Whether a value is a container. One whose image cannot be read yet is, if it has a name or its place names it one."""
    if not isinstance(value, Mapping) or value.get("image") is None:
        return False
    image, name = value["image"], value.get("name")
    if isinstance(image, str) and parse_image(image) is not None:
        return True
    return is_named or (isinstance(name, str) and re.fullmatch(_NAME, name) is not None)
