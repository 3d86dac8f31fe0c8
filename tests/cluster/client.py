"""A small client of the Kubernetes API for tests, over the standard library.

Tests look at the API with other eyes than the program under test: objects are the JSON that travelled,
nothing is defaulted, retried or hidden by a library that the program may use too.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Object = dict[str, Any]

APPLY_PATCH = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"

USER_AGENT = "perfana-support-tests"
"""What the client calls itself in the server's audit log."""

REQUEST_TIMEOUT_SECONDS = 30.0
"""A request on loopback takes milliseconds, the first ones after boot seconds if the machine is busy."""

GONE_WITHIN_SECONDS = 240.0
"""A namespace is emptied in seconds, and a definition goes once nothing is stored by it; this is for a busy machine."""

_STALE_CONNECTION = (
    http.client.RemoteDisconnected,
    BrokenPipeError,
    ConnectionResetError,
    ssl.SSLEOFError,
)


class _Connection(http.client.HTTPSConnection):
    """A connection that closes itself when it is forgotten, for clients that tests make by the dozen."""

    def __del__(self) -> None:
        self.close()


class ApiError(Exception):
    """The server refused a request."""

    def __init__(self, status: int, reason: str, message: str, body: Object) -> None:
        """Keep the HTTP status, the reason and message of the `Status` object, and that object."""
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.body = body


class ApiClient:
    """Requests as one identity.

    Kinds are named as in manifests; their paths come from the server's discovery.
    Safe to use from several threads: each has a connection of its own.
    """

    def __init__(self, server: str, token: str | None, ca_file: Path) -> None:
        """Use a server of that address, trusting the certificates in the file; no token means anonymously."""
        address = urlsplit(server)
        self._host, self._port = str(address.hostname), address.port
        self._token = token
        self._tls = ssl.create_default_context(cafile=str(ca_file))
        self._local = threading.local()
        self._discovered: dict[tuple[str, str], tuple[str, bool]] = {}

    # Requests by path

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, object] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """Send a request; return the parsed answer, `{"text": …}` if it is not JSON; or raise `ApiError`."""
        target = f"{path}?{urlencode(query)}" if query else path
        data = None if body is None else json.dumps(body).encode()
        return _parsed(*self._exchange(method, target, data, content_type))

    def _exchange(self, method: str, target: str, data: bytes | None, content_type: str) -> tuple[int, str, bytes]:
        headers = self._headers() | {"Content-Type": content_type}
        kept = self._local.__dict__.pop("connection", None)
        if kept is not None:
            try:
                return self._send(kept, method, target, data, headers)
            except _STALE_CONNECTION:  # closed by a server that restarted since
                pass
        return self._send(self._connection(REQUEST_TIMEOUT_SECONDS), method, target, data, headers)

    def _send(
        self, connection: _Connection, method: str, target: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        try:
            connection.request(method, target, data, headers)
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        self._local.connection = connection
        return response.status, response.reason, content

    def _connection(self, timeout_seconds: float) -> _Connection:
        return _Connection(self._host, self._port, timeout=timeout_seconds, context=self._tls)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
        return headers | {"Authorization": f"Bearer {self._token}"} if self._token else headers

    # Requests by kind

    def get(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        """Return one object."""
        return self.request("GET", self.path(api_version, kind, name, namespace, subresource))

    def list(self, api_version: str, kind: str, namespace: str | None = None, **query: object) -> Object:
        """Return the list object of a namespace or of all; `query` as in the API (`labelSelector=`)."""
        return self.request("GET", self.path(api_version, kind, namespace=namespace), query=query)

    def create(self, item: Object, namespace: str | None = None, **query: object) -> Object:
        """Create an object, in the given namespace if it names none."""
        path = self.path(item["apiVersion"], item["kind"], namespace=_namespace_of(item, namespace))
        return self.request("POST", path, body=item, query=query)

    def replace(self, item: Object, namespace: str | None = None, *, subresource: str | None = None) -> Object:
        """Replace an object (put)."""
        return self.request("PUT", self._path_of(item, namespace, subresource), body=item)

    def patch(  # noqa: PLR0913 - a path has that many parts
        self,
        api_version: str,
        kind: str,
        name: str,
        patch: object,
        namespace: str | None = None,
        *,
        content_type: str = MERGE_PATCH,
        subresource: str | None = None,
        **query: object,
    ) -> Object:
        """Patch an object."""
        path = self.path(api_version, kind, name, namespace, subresource)
        return self.request("PATCH", path, body=patch, query=query, content_type=content_type)

    def apply(
        self,
        item: Object,
        namespace: str | None = None,
        *,
        field_manager: str = "tests",
        force: bool = True,
        subresource: str | None = None,
    ) -> Object:
        """Apply an object on the server's side: create it, or take over its fields."""
        query = {"fieldManager": field_manager, "force": str(force).lower()}
        path = self._path_of(item, namespace, subresource)
        return self.request("PATCH", path, body=item, query=query, content_type=APPLY_PATCH)

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None, **query: object) -> Object:
        """Delete an object, without waiting for its finalizers."""
        return self.request("DELETE", self.path(api_version, kind, name, namespace), query=query)

    def is_gone(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Whether an object is not there, or nothing of its kind."""
        try:
            self.get(api_version, kind, name, namespace)
        except ApiError as error:
            return error.status == http.client.NOT_FOUND
        except LookupError:
            return True
        return False

    def wait_until_gone(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> None:
        """Wait until an object is gone."""
        wait_for(lambda: self.is_gone(api_version, kind, name, namespace), GONE_WITHIN_SECONDS, f"{kind} {name} gone")

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        deadline_seconds: float,
        **query: object,
    ) -> Iterator[Object]:
        """Yield events (`{"type": …, "object": …}`); leave the loop when seen enough.

        Without `resourceVersion` it begins with the objects that exist. Raises `TimeoutError` at the
        deadline, so that a loop which waits in vain cannot pass for one that has seen what it wanted;
        `EOFError` if the server ends the watch before; `ApiError` for an `ERROR` event, such as 410 for a
        version too old.
        """
        ends_at = time.monotonic() + deadline_seconds
        path = self.path(api_version, kind, namespace=namespace)
        connection = self._connection(deadline_seconds)
        try:
            connection.request("GET", f"{path}?{urlencode({**query, 'watch': 'true'})}", headers=self._headers())
            response = connection.getresponse()
            if response.status != http.client.OK:
                _parsed(response.status, response.reason, response.read())
            while True:
                connection.sock.settimeout(_seconds_until(ends_at))
                line = response.readline()
                if not line:
                    raise EOFError(f"the server ended the watch of {path}")
                event: Object = json.loads(line)
                if event["type"] == "ERROR":
                    raise _error(event["object"].get("code", 0), "", event["object"])
                yield event
        except TimeoutError:
            raise TimeoutError(f"watch of {path} not done within {deadline_seconds:g} s") from None
        finally:
            connection.close()

    # Paths

    def path(
        self,
        api_version: str,
        kind: str,
        name: str | None = None,
        namespace: str | None = None,
        subresource: str | None = None,
    ) -> str:
        """Return the path of an object, or without a name of its collection."""
        plural, is_namespaced = self._resource(api_version, kind)
        parts = [_root(api_version)]
        if is_namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [plural, *(part for part in (name, subresource) if part)]
        return "/".join(parts)

    def _path_of(self, item: Object, namespace: str | None, subresource: str | None) -> str:
        name, namespace = item["metadata"]["name"], _namespace_of(item, namespace)
        return self.path(item["apiVersion"], item["kind"], name, namespace, subresource)

    def _resource(self, api_version: str, kind: str) -> tuple[str, bool]:
        if (api_version, kind) not in self._discovered:
            for resource in self.request("GET", _root(api_version))["resources"]:
                if "/" not in resource["name"]:
                    self._discovered[api_version, resource["kind"]] = resource["name"], resource["namespaced"]
        if (api_version, kind) not in self._discovered:
            raise LookupError(f"the server has no kind {kind} in {api_version}")
        return self._discovered[api_version, kind]


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _seconds_until(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _namespace_of(item: Object, otherwise: str | None) -> str | None:
    namespace: str | None = item["metadata"].get("namespace")
    return namespace or otherwise


def _parsed(status: int, reason: str, content: bytes) -> Object:
    try:
        body: Object = json.loads(content)
    except ValueError:
        body = {"text": content.decode(errors="replace")}
    if status >= http.client.BAD_REQUEST:
        raise _error(status, reason, body)
    return body


def _error(status: int, reason: str, body: Object) -> ApiError:
    message = body.get("message") or body.get("text") or ""
    return ApiError(status, str(body.get("reason") or reason), str(message), body)
