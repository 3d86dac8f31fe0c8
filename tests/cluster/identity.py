"""Identities with chosen rights: service accounts, their roles and their tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object

RBAC = "rbac.authorization.k8s.io/v1"
RBAC_GROUP = "rbac.authorization.k8s.io"

EXPIRES_AFTER_SECONDS = 3600
"""Life of a token unless a test chooses another; longer than any run. The API refuses less than 600."""

GRANTED_WITHIN_SECONDS = 60.0
"""The server's authorizer learns of a new binding from a watch, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who one is to the API server: the name that it logs, the token that proves it, a kubeconfig with it."""

    username: str
    token: str
    kubeconfig: Path


def service_account_username(name: str, namespace: str) -> str:
    """Return the user name that the API server gives a service account."""
    return f"system:serviceaccount:{namespace}:{name}"


def grant(api: ApiClient, name: str, namespace: str, rules: Sequence[Object], *, cluster: bool) -> None:
    """Make a service account, a role of these rules and a binding, all of that name.

    A cluster role and its binding have the namespace in their names, since another namespace may have its
    like.
    """
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}, namespace)
    prefix, place = ("Cluster", None) if cluster else ("", namespace)
    metadata = {"name": f"{namespace}:{name}" if cluster else name}
    api.apply({"apiVersion": RBAC, "kind": f"{prefix}Role", "metadata": metadata, "rules": list(rules)}, place)
    binding = {
        "apiVersion": RBAC,
        "kind": f"{prefix}RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": f"{prefix}Role", "name": metadata["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    api.apply(binding, place)


def request_token(api: ApiClient, name: str, namespace: str, expires_after_seconds: int) -> str:
    """Return a new token of a service account; it ends with its time, or with the account."""
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": expires_after_seconds},
    }
    answer = api.request("POST", api.path("v1", "ServiceAccount", name, namespace, "token"), body=body)
    token: str = answer["status"]["token"]
    return token


def wait_until_granted(api: ApiClient, rules: Sequence[Object], namespace: str | None) -> None:
    """Wait until the server allows the client's identity the first verb and resource of each rule."""
    for rule in rules:
        wait_for(partial(_is_granted, api, rule, namespace), GRANTED_WITHIN_SECONDS, f"rule {rule} to hold")


def _is_granted(api: ApiClient, rule: Object, namespace: str | None) -> bool:
    asked: Object = {"verb": rule["verbs"][0]}
    if "nonResourceURLs" in rule:
        spec = {"nonResourceAttributes": {**asked, "path": rule["nonResourceURLs"][0]}}
    else:
        resource, _, subresource = rule["resources"][0].partition("/")
        asked |= {"group": rule["apiGroups"][0], "resource": resource, "subresource": subresource}
        asked |= {"name": rule.get("resourceNames", [""])[0], "namespace": namespace or ""}
        spec = {"resourceAttributes": asked}
    review = api.create(
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "metadata": {},
            "spec": spec,
        }
    )
    return bool(review["status"]["allowed"])
