"""Credentials out of Secrets: which are looked at, in which order, and what of them is of no use."""

import asyncio
import base64
import json
from typing import Any, cast

import pytest

from perfana_support.model.registry import Registry, SecretName
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.pull_secrets import PullSecrets
from perfana_support.sources.registry.credentials import Credential, CredentialError
from perfana_support.sources.registry.hosts import Endpoint, hosts_of

HARBOR = "harbor.example.com"
TYPE, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"


def secret(name: str, host: str = HARBOR, kind: str = TYPE) -> dict[str, Any]:
    """A pull secret whose user is called as it is."""
    auth = base64.b64encode(f"{name}:secret".encode()).decode()
    config = base64.b64encode(json.dumps({"auths": {host: {"auth": auth}}}).encode()).decode()
    return {"type": kind, "data": {KEY: config}}


def pod(image: str, *names: str) -> dict[str, Any]:
    """A pod that pulls with some secrets."""
    return {"spec": {"containers": [{"image": image}], "imagePullSecrets": [{"name": name} for name in names]}}


class Server:
    """Objects by path; what is not there is absent, what is an error is raised."""

    def __init__(self, **secrets: Any) -> None:  # noqa: ANN401 - plain data
        self.secrets = secrets
        self.pods: list[dict[str, Any]] = []
        self.asked: list[str] = []

    async def get(self, path: str) -> Any:  # noqa: ANN401 - plain data
        self.asked.append(path)
        found = self.secrets.get(path.rpartition("/")[2], ApiError(404, "not found"))
        if isinstance(found, ApiError):
            raise found
        return found

    async def list_page(self, path: str, _query: object = None) -> Any:  # noqa: ANN401 - plain data
        self.asked.append(path)
        return {"items": self.pods}


def find(server: Server, *, named: str = "", of_pods: bool = False) -> Credential | None:
    registry = Registry(HARBOR, pull_secret=SecretName("tools", named) if named else None)
    endpoint = cast("Endpoint", hosts_of([registry]).endpoint_of(f"{HARBOR}/hub/perfana/perfana-web"))
    return asyncio.run(PullSecrets(cast("ClusterApi", server), of_pods=of_pods).find(endpoint, "perfana"))


def test_nothing_is_read_that_nobody_named() -> None:
    server = Server(own=secret("own"))
    server.pods = [pod(f"{HARBOR}/x/y", "own")]
    assert find(server) is None
    assert server.asked == []


def test_secret_of_the_policy_is_read_where_it_is() -> None:
    server = Server(hub=secret("hub"))
    assert find(server, named="hub") == Credential("hub", "secret")
    assert server.asked == ["/api/v1/namespaces/tools/secrets/hub"]


def test_secrets_of_pods_come_first_and_only_of_those_that_pull_from_there() -> None:
    server = Server(hub=secret("hub"), own=secret("own"), other=secret("other"))
    server.pods = [pod("quay.io/x/y", "other"), pod(f"{HARBOR}/x/y", "own")]
    assert find(server, named="hub", of_pods=True) == Credential("own", "secret")
    assert "/api/v1/namespaces/perfana/secrets/other" not in server.asked


def test_secret_for_another_registry_gives_nothing() -> None:
    assert find(Server(hub=secret("hub", "quay.io")), named="hub") is None


@pytest.mark.parametrize("gone", [None, ApiError(403, "forbidden"), {"type": "Opaque"}])
def test_secret_of_no_use_leaves_the_next_one(gone: Any) -> None:  # noqa: ANN401 - plain data
    server = Server(hub=secret("hub"), **({"gone": gone} if gone else {}))
    server.pods = [pod(f"{HARBOR}/x/y", "gone")]
    assert find(server, named="hub", of_pods=True) == Credential("hub", "secret")


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (ApiError(404, "not found"), "Secret tools/hub cannot be read: not found"),
        (ApiError(403, "no"), "Secret tools/hub may not be read; grant the operator get on it"),
        ({"type": "Opaque"}, "Secret tools/hub is no pull secret; its type must be kubernetes.io/dockerconfigjson or"),
        ({"type": TYPE, "data": {KEY: "%"}}, "data..dockerconfigjson is no base64"),
        ({"type": TYPE, "data": {KEY: "e30x"}}, "Secret tools/hub is no JSON"),
    ],
)
def test_secret_of_no_use_is_named_where_there_is_no_other(found: Any, problem: str) -> None:  # noqa: ANN401 - plain data
    with pytest.raises(CredentialError) as caught:
        find(Server(hub=found), named="hub")
    assert problem in str(caught.value)
