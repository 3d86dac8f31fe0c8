"""The API server as this program speaks to it: JSON in, JSON out, foreign errors translated once.

The official client finds the server and the credentials (kubeconfig, exec plugins, service account tokens that rotate);
requests go through its TLS context on a session of our own, for its generated models would cost most of the memory.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, Self, TypeGuard

import aiohttp
import yaml
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from perfana_support.sources.cluster.connection import REQUEST_TIMEOUT_SECONDS, Connection
from perfana_support.sources.cluster.kubeconfig import explain, find_missing
from perfana_support.sources.errors import Fault, SourceError

# Field manager of everything this program applies: who owns which field of a status.
FIELD_MANAGER = "perfana-support"
# What a server asks for when it wants to be left alone; longer than this it would look as if nobody were at work.
_LONGEST_RETRY_AFTER_SECONDS = 120.0

# What the client's library raises for files that are no kubeconfig: it looks for fields without asking what they are.
_FOREIGN_ERRORS = (ConfigException, OSError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError)

Json = dict[str, Any]


class ApiError(Exception):
    """An answer that is no success. `status` is the HTTP code, 0 when there was no answer at all."""

    def __init__(self, status: int, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_passing(self) -> bool:
        """Whether waiting may mend it: no answer, too many requests, or a fault of the server."""
        return (
            self.status in (0, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
            or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )


class WatchSilentError(ApiError):
    """A watch on which nothing was heard for too long, not even a bookmark: most likely nobody is at its other end."""

    def __init__(self, seconds: float) -> None:
        super().__init__(0, f"nothing was heard for {seconds:g} s, not even a bookmark")


class ClusterApi:
    """A connection to one API server. Use as an asynchronous context manager."""

    def __init__(self, kubeconfig: str | None, context: str | None) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self.configuration = Configuration()
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        await self._load()
        try:
            self._connection = Connection(self.configuration)
        except OSError as error:
            raise SourceError([Fault(self._where, 0, 0, f"names certificates that cannot be used: {error}")]) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection:
            await self._connection.close()

    @property
    def generation(self) -> int:
        """How often the connection was made anew, with certificates that had changed."""
        return self._connection.generation if self._connection else 0

    @property
    def _where(self) -> str:
        return self._kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"

    async def _load(self) -> None:
        """Find the server and the credentials, again when they may have changed."""
        if self._kubeconfig is None and self._context is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            try:
                load_incluster_config(client_configuration=self.configuration)
            except (ConfigException, OSError) as error:
                raise SourceError([Fault("the pod's service account", 0, 0, f"gives no cluster: {error}")]) from error
            return
        missing = find_missing(self._where)
        if missing:
            raise SourceError([missing])
        try:
            await load_kube_config(
                config_file=self._where,
                context=self._context,
                client_configuration=self.configuration,
                persist_config=False,
            )
        except _FOREIGN_ERRORS as error:
            raise SourceError([explain(self._where, self._context, error)]) from error

    async def _renew(self) -> None:
        """Read the credentials again. While a rotation is at work there may be none: that passes."""
        try:
            await self._load()
        except SourceError as error:
            raise ApiError(HTTPStatus.UNAUTHORIZED, str(error)) from error

    async def authorization(self) -> str | None:
        """The current Authorization header; asking for it renews a service account's token when due. Raises `ApiError`."""
        try:
            header: str | None = await self.configuration.get_api_key_with_prefix("BearerToken")
        except (ConfigException, OSError) as error:
            # While a token rotates its file may be empty or away for a moment.
            raise ApiError(0, f"the credentials cannot be read: {error}") from error
        return header

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """A GET's JSON. Raises `ApiError`."""
        async with self._request("GET", path, query=query) as response:
            return _parsed(await response.read())

    async def get_dated(self, path: str) -> tuple[Json, str]:
        """A GET's JSON, and what time it was by the server, "" where it does not say. Raises `ApiError`."""
        async with self._request("GET", path) as response:
            return _parsed(await response.read()), response.headers.get("Date", "")

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """A GET's text, such as a log. Raises `ApiError`."""
        async with self._request("GET", path, query=query, headers={"Accept": "*/*"}) as response:
            return (await response.read()).decode(errors="replace")

    async def list_page(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """A list, or a page of one: `items` and `metadata`. Raises `ApiError`, also for an answer that is none."""
        return _list(await self.get(path, query))

    async def list_metadata(self, path: str) -> Json:
        """A list of which the server gives the objects' metadata alone: a tenth of the bytes. Raises `ApiError`."""
        headers = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        async with self._request("GET", path, headers=headers) as response:
            return _list(_parsed(await response.read()))

    async def send(self, method: str, path: str, document: Json, timeout_seconds: float = REQUEST_TIMEOUT_SECONDS) -> Json:
        """POST a new object or PUT one in place of another; returns it as it is then. Raises `ApiError`."""
        body = json.dumps(document, separators=(",", ":")).encode()
        limits = aiohttp.ClientTimeout(total=timeout_seconds)
        headers = {"Content-Type": "application/json"}
        async with self._request(method, path, body=body, headers=headers, limits=limits) as response:
            return _parsed(await response.read())

    async def apply_status(self, path: str, document: Json) -> Json:
        """Server-side apply of a status: what it leaves out goes, what others wrote stays. Returns the object."""
        return await self.apply(f"{path}/status", document)

    async def apply(self, path: str, document: Json) -> Json:
        """Server-side apply of an object, which makes one that is not there. Returns the object. Raises `ApiError`."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        body = json.dumps(document, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/apply-patch+yaml"}
        async with self._request("PATCH", path, query=query, body=body, headers=headers) as response:
            return _parsed(await response.read())

    async def watch(
        self, path: str, query: Mapping[str, str], silence_seconds: float, on_open: Callable[[], None]
    ) -> AsyncIterator[Json]:
        """The events of a watch until the server ends it; `on_open` is called once the server has agreed to it.

        A stream silent for longer counts as dead: `WatchSilentError`.
        """
        limits = aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_TIMEOUT_SECONDS, sock_read=silence_seconds)
        async with self._request("GET", path, query={**query, "watch": "true"}, limits=limits) as response:
            on_open()
            try:
                async for line in response.content:
                    if not line.endswith(b"\n"):
                        raise ApiError(0, "the watch ended in the middle of an event")
                    yield _event(_parsed(line))
            except aiohttp.SocketTimeoutError as error:
                raise WatchSilentError(silence_seconds) from error

    async def try_watch(self, path: str, query: Mapping[str, str]) -> None:
        """Ask for a watch only to learn whether the server agrees to it. Raises `ApiError` if not."""
        async with self._request("GET", path, query={**query, "watch": "true", "timeoutSeconds": "1"}):
            pass

    @asynccontextmanager
    async def _request(  # noqa: PLR0913 - a request has that many parts
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limits: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._connection is None:
            raise RuntimeError("the connection is not open")
        extra: dict[str, Any] = {"timeout": limits} if limits else {}
        try:
            for is_last in (False, True):
                authorization = await self.authorization()
                async with (
                    self._connection.session() as session,
                    session.request(
                        method,
                        self.configuration.host + path,
                        params=query,
                        data=body,
                        headers={**(headers or {}), **({"Authorization": authorization} if authorization else {})},
                        proxy=self.configuration.proxy,
                        **extra,
                    ) as response,
                ):
                    if response.status == HTTPStatus.UNAUTHORIZED and not is_last:
                        await self._renew()
                        continue
                    if response.status >= HTTPStatus.BAD_REQUEST:
                        raise _error(response, await response.read())
                    yield response
                    return
        except aiohttp.ClientSSLError as error:
            # A kubeconfig may hold the certificates itself, and others by now.
            with suppress(SourceError):
                await self._load()
            raise ApiError(0, f"{method} {path}: {type(error).__name__}: {error}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ApiError(0, f"{method} {path}: {type(error).__name__}: {error}") from error
        except ValueError as error:
            # aiohttp raises a bare ValueError for a line above the limit.
            raise ApiError(0, f"{method} {path}: {error}") from error


def _parsed(content: bytes) -> Json:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise ApiError(0, f"the server's answer is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ApiError(0, "the server's answer is not a JSON object")
    return document


def _list(document: Json) -> Json:
    """A list as the API promises it; a gateway that answers for the server may say something else with code 200."""
    items = [] if document.get("items") is None else document["items"]
    metadata = document.get("metadata")
    if not isinstance(items, list) or not isinstance(metadata, dict) or not _is_version(metadata):
        raise ApiError(0, "the server's answer is not a list of objects")
    if not all(map(_is_object, items)):
        raise ApiError(0, "the server's list holds something that is not an object")
    return {**document, "items": items}


def _event(document: Json) -> Json:
    """A watch's event as the API promises it."""
    kind, entity = document.get("type"), document.get("object")
    is_bookmark = kind == "BOOKMARK" and isinstance(entity, dict) and _is_version(entity.get("metadata"))
    is_error = kind == "ERROR" and isinstance(entity, dict)
    if not (is_bookmark or is_error or (isinstance(kind, str) and _is_object(entity))):
        raise ApiError(0, "the server's answer is not an event of a watch")
    return document


def _is_object(entity: object) -> bool:
    metadata = entity.get("metadata") if isinstance(entity, dict) else None
    return _is_version(metadata) and isinstance(metadata.get("name"), str)


def _is_version(metadata: object) -> TypeGuard[dict[str, Any]]:
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return isinstance(version, str) and version.isdecimal()


def _error(response: aiohttp.ClientResponse, content: bytes) -> ApiError:
    try:
        message = json.loads(content)["message"]
    except (ValueError, KeyError, TypeError):
        # In one line: it ends in logs and conditions.
        message = " ".join(content[:200].decode(errors="replace").split()) or response.reason or "no message"
    after = response.headers.get("Retry-After", "")
    seconds = min(float(after), _LONGEST_RETRY_AFTER_SECONDS) if after.isdecimal() else None
    return ApiError(response.status, f"{message} (HTTP {response.status})", seconds)
