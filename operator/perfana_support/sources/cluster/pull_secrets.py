"""Credentials for registries out of the cluster's Secrets: the one that a policy names, or those that pods pull with."""

import base64
import binascii
from collections.abc import Iterator
from http import HTTPStatus

from perfana_support.model.document import Json
from perfana_support.model.image import parse_image
from perfana_support.model.registry import SecretName
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.registry.credentials import Credential, CredentialError, Lookup, read_docker_config
from perfana_support.sources.registry.hosts import Endpoint

# What a Secret of each type holds its configuration under.
_KEYS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}
_PAGE = {"limit": "500"}


class PullSecrets:
    """Finds credentials at the moment that a registry asks for them; no Secret is kept.

    `of_pods`: those that the asking namespace's pods pull from that registry with come first; the API server has put the
    service account's into each pod (`serviceaccount/admission.go`). Every Secret has to be readable for the operator, which
    ships without that right.
    """

    def __init__(self, api: ClusterApi, *, of_pods: bool) -> None:
        self._api = api
        self._of_pods = of_pods

    async def find(self, endpoint: Endpoint, namespace: str) -> Credential | None:
        """Credentials for where a repository is read, None for none. Raises `CredentialError` for a Secret of no use."""
        names = [SecretName(namespace, name) for name in await self._names_of_pods(endpoint, namespace)]
        if endpoint.registry.pull_secret:
            names.append(endpoint.registry.pull_secret)
        problem: CredentialError | None = None
        for name in names:
            try:
                found = (await self._read(name))(*endpoint.account)
            except CredentialError as error:
                problem = problem or error  # as the kubelet does: another one may do
                continue
            if found:
                return found
        if problem:
            raise problem
        return None

    async def _names_of_pods(self, endpoint: Endpoint, namespace: str) -> list[str]:
        if not self._of_pods or not namespace:
            return []
        try:
            pods = (await self._api.list_page(f"/api/v1/namespaces/{namespace}/pods", _PAGE))["items"]
        except ApiError as error:
            raise CredentialError(f"pods of {namespace} cannot be read for their pull secrets: {error}") from error
        names = (name for pod in pods if _pulls_from(pod, endpoint.registry.name) for name in _secret_names(pod))
        return list(dict.fromkeys(names))

    async def _read(self, name: SecretName) -> Lookup:
        where = f"Secret {name.namespace}/{name.name}"
        try:
            secret = await self._api.get(f"/api/v1/namespaces/{name.namespace}/secrets/{name.name}")
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                raise CredentialError(f"{where} may not be read; grant the operator get on it") from error
            raise CredentialError(f"{where} cannot be read: {error}") from error
        key = _KEYS.get(secret.get("type") or "")
        if key is None:
            raise CredentialError(f"{where} is no pull secret; its type must be {' or '.join(_KEYS)}")
        try:
            text = base64.b64decode((secret.get("data") or {}).get(key) or "", validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise CredentialError(f"{where}: data.{key} is no base64") from error
        return read_docker_config(text, where)


def _pulls_from(pod: Json, registry: str) -> bool:
    spec = pod.get("spec") or {}
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    references = (parse_image(container.get("image") or "") for container in containers)
    return any(reference is not None and reference.registry == registry for reference in references)


def _secret_names(pod: Json) -> Iterator[str]:
    for named in (pod.get("spec") or {}).get("imagePullSecrets") or ():
        if isinstance(named.get("name"), str) and named["name"]:
            yield named["name"]
