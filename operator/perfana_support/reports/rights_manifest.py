"""The operator's rights as objects for kubectl, by the one table of rights; without the Namespace, which others may own."""

import re
from collections.abc import Iterator
from typing import Any

from perfana_support.model.diagnosis import Setup
from perfana_support.model.rights import OURS, READ, Place, needed, rules

_GROUP = "rbac.authorization.k8s.io"
_NAME = "perfana-support"
_LABELS = {"app.kubernetes.io/name": _NAME}

Json = dict[str, Any]
Rules = list[dict[str, list[str]]]

# What `doctor` reads beside what `check` does: of the operator, of our own resources, and of the cluster.
_OPERATORS: Rules = [
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list"]},
]
_CHECKS: Rules = [{"apiGroups": [OURS], "resources": ["supportchecks"], "verbs": ["list"]}]
_CLUSTERS: Rules = [
    {"apiGroups": [OURS], "resources": ["supportpolicies"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["get"]},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
]


def rights_objects(setup: Setup) -> Iterator[Json]:
    """Account, roles and bindings of an operator of the whole cluster or, with `watched`, of these namespaces."""
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(setup.account, setup.namespace)}
    rights = list(needed(is_namespaced=bool(setup.watched)))
    judging = rules(right for right in rights if right.place is not Place.LEASE)
    lease = rules((right for right in rights if right.place is Place.LEASE), setup.lease_name or _NAME)
    for namespace in setup.watched:
        yield from _role(_named(setup, namespace), namespace, judging, setup, {"app.kubernetes.io/component": "judging"})
    if not setup.watched:
        yield from _role(_named(setup, ""), "", judging, setup, {})
    yield from _role(f"{_NAME}-lease" if setup.watched else _NAME, setup.lease_namespace, lease, setup, {})


def reader_objects(setup: Setup, name: str) -> Iterator[Json]:
    """Roles and bindings that let somebody look at an operator as `doctor` does, and at what runs as `check` does.

    `name` is who it is to the server. With `watched` only what a namespace's owner may give: the cluster's own stays unseen.
    """
    account = name.removeprefix("system:serviceaccount:").split(":")
    subject: Json = {"kind": "User", "apiGroup": _GROUP, "name": name}
    if name.startswith("system:serviceaccount:") and len(account) == len(("namespace", "name")):
        subject = {"kind": "ServiceAccount", "name": account[1], "namespace": account[0]}
    role = "perfana-support-reader"
    binding = f"{role}-" + re.sub("[/%:]", "-", name)
    looked_at, own = rules(READ), [*_OPERATORS, *_CHECKS]
    for namespace in dict.fromkeys((*setup.watched, setup.namespace)) if setup.watched else ():
        given = looked_at[:] if namespace in setup.watched else []
        yield from _bound(role, binding, namespace, [*given, *own], subject)
    if not setup.watched:
        yield from _bound(role, binding, "", [*looked_at, *own, *_CLUSTERS], subject)


def _named(setup: Setup, namespace: str) -> str:
    """The name of a role outside of the operator's namespace: another operator's there must not lose its binding."""
    return _NAME if setup.namespace in (_NAME, namespace) else f"{_NAME}-{setup.namespace}"


def _role(name: str, namespace: str, given: Rules, setup: Setup, labels: dict[str, str]) -> Iterator[Json]:
    """A role and its binding to the operator's account."""
    subject = {"kind": "ServiceAccount", "name": setup.account, "namespace": setup.namespace}
    for each in _bound(name, name, namespace, given, subject):
        each["metadata"]["labels"] |= labels
        yield each


def _bound(name: str, binding: str, namespace: str, given: Rules, subject: Json) -> Iterator[Json]:
    """A role and its binding; a ClusterRole where there is no namespace."""
    kind = "Role" if namespace else "ClusterRole"
    yield {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": _metadata(name, namespace), "rules": given}
    yield {
        "apiVersion": f"{_GROUP}/v1",
        "kind": f"{kind}Binding",
        "metadata": _metadata(binding, namespace),
        "roleRef": {"apiGroup": _GROUP, "kind": kind, "name": name},
        "subjects": [subject],
    }


def _metadata(name: str, namespace: str) -> Json:
    return {"name": name, **({"namespace": namespace} if namespace else {}), "labels": dict(_LABELS)}
