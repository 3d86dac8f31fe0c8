"""A registry's answers to the rules' questions, by the OCI distribution protocol.

Read-only, manifests and configs alone. Each answer is what the registry truly said: content that has its digest, an absence by
its own error code, or a gap with the cause. What may be a proxy's word, a login page or a fault is a gap.
"""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from perfana_support.model.answer import Absent, Answer, Gap, Question, Subject
from perfana_support.model.image_policy import to_digest
from perfana_support.sources.registry.challenge import Challenge, read_challenge
from perfana_support.sources.registry.content import ACCEPTED, ContentError, read_config, read_manifest, verify
from perfana_support.sources.registry.credentials import Credential, CredentialError
from perfana_support.sources.registry.hosts import Endpoint, Hosts, gives_tokens_for
from perfana_support.sources.registry.pause import asked_pause

# The specification's own limit for a manifest (distribution-spec, "Pushing Manifests"); configs are smaller.
MAX_CONTENT = 4 * 1024 * 1024
_MAX_TOKEN = 64 * 1024
_MAX_REDIRECTS = 3
_MAX_CODES, _MAX_CODE = 5, 60
# What Python raises for addresses, dates and documents that are none.
_UNREADABLE = (ValueError, RecursionError, OverflowError)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What a registry says of content that it does not have (distribution-spec, "Error Codes").
_ABSENT = frozenset({"MANIFEST_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "NAME_UNKNOWN"})


class Request(NamedTuple):
    """One request. `limit` is how many bytes of an answer are read."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    limit: int = MAX_CONTENT
    body: bytes | None = None


class Response(NamedTuple):
    """One answer, headers by their names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FetchError(Exception):
    """A request without a whole answer; the message is a sentence's end, without a secret."""


Fetch = Callable[[Request], Awaitable[Response]]
# Credentials for where a repository is read, on behalf of a namespace.
Find = Callable[[Endpoint, str], Awaitable[Credential | None]]
# Tokens that are kept: more than a cluster's images have repositories.
_MAX_TOKENS = 1000
# What registries take from one client without complaint, and what Docker itself does at a time is three.
MAX_CONNECTIONS = 4


async def nobody(_endpoint: Endpoint, _namespace: str) -> Credential | None:
    """No credentials: what is public is read, all else refused."""
    return None


class _GapError(Exception):
    """No answer, with the cause."""

    def __init__(self, cause: str, wait_seconds: float = 0.0) -> None:
        super().__init__(cause)
        self.wait_seconds = wait_seconds


class Manners:
    """What is asked of each host at a time, and until when it wants to be left alone: one for all clients of a program."""

    def __init__(self) -> None:
        self.turns: dict[str, asyncio.Semaphore] = {}
        self.rests_until: dict[str, float] = {}


class RegistryClient:
    """Asks registries, at most `MAX_CONNECTIONS` requests at a time to each, and none while it asks to be left alone.

    Tokens are kept for each repository, and how a registry gives them, as long as the client is. `find` is asked for
    credentials on behalf of a namespace, "" where they are the same for all.
    """

    def __init__(
        self,
        fetch: Fetch,
        hosts: Hosts,
        find: Find = nobody,
        clock: Callable[[], float] = time.monotonic,
        manners: Manners | None = None,
    ) -> None:
        self._fetch = fetch
        self._hosts = hosts
        self._find = find
        self._clock = clock
        self._authorizations: dict[tuple[str, str, str], str] = {}
        self._challenges: dict[str, Challenge] = {}
        self._manners = manners or Manners()

    async def answer(self, question: Question, namespace: str = "") -> Answer:
        """What the registry says."""
        endpoint = self._hosts.endpoint_of(question.repository)
        if endpoint is None:
            name = question.repository.partition("/")[0]
            return Gap(f"{name} is not asked, for the policy names it under no spec.images.registries")
        try:
            async with self._turn(endpoint):
                return await self._ask(endpoint, question, namespace)
        except _GapError as error:
            return Gap(f"{endpoint.host}: {error}", error.wait_seconds)
        except (FetchError, ContentError, CredentialError) as error:
            return Gap(f"{endpoint.host}: {error}")
        except _UNREADABLE:
            return Gap(f"{endpoint.host}: answers what nobody can read")

    async def digest_of_tag(self, question: Question, namespace: str = "") -> str | None:
        """The digest that a tag stands for now, by a request that registries do not count; None where they do not tell it."""
        endpoint = self._hosts.endpoint_of(question.repository)
        if endpoint is None:
            return None
        try:
            async with self._turn(endpoint):
                url = f"{endpoint.url}/manifests/{question.reference}"
                response = await self._request(endpoint, Request("HEAD", url, {"Accept": ACCEPTED}), namespace)
        except (_GapError, FetchError, CredentialError, *_UNREADABLE):
            return None
        return to_digest(response.headers.get("docker-content-digest", "")) if response.status == HTTPStatus.OK else None

    def _turn(self, endpoint: Endpoint) -> asyncio.Semaphore:
        return self._manners.turns.setdefault(endpoint.host, asyncio.Semaphore(MAX_CONNECTIONS))

    async def _ask(self, endpoint: Endpoint, question: Question, namespace: str) -> Answer:
        is_blob = question.subject is Subject.CONFIG
        url = f"{endpoint.url}/{'blobs' if is_blob else 'manifests'}/{question.reference}"
        request = Request("GET", url, {} if is_blob else {"Accept": ACCEPTED})
        response = await self._request(endpoint, request, namespace, is_blob=is_blob)
        if response.status != HTTPStatus.OK:
            return _refused(response)
        digest = to_digest(question.reference)
        if digest:
            verify(response.body, digest)
        elif stated := response.headers.get("docker-content-digest"):
            verify(response.body, stated)
        if is_blob:
            return read_config(response.body)
        return read_manifest(response.body, response.headers.get("content-type", ""))

    async def _request(self, endpoint: Endpoint, request: Request, namespace: str, *, is_blob: bool = False) -> Response:
        """Send a request, with credentials once the registry has asked for them."""
        self._refuse_resting(endpoint)
        key = (endpoint.host, endpoint.path, namespace)
        if key not in self._authorizations and (known := self._challenges.get(endpoint.host)):
            # It asked before, for another repository: that request is saved.
            await self._authorize_as(key, endpoint, known)
        for is_last in (False, True):
            authorization = self._authorizations.get(key)
            headers = {**request.headers, "Authorization": authorization} if authorization else request.headers
            response = await self._follow(endpoint, request._replace(headers=headers), is_blob=is_blob)
            self._note_rest(endpoint, response)
            if response.status != HTTPStatus.UNAUTHORIZED or is_last:
                return response
            self._authorizations.pop(key, None)
            challenge = read_challenge(response.headers.get("www-authenticate", ""))
            if challenge is None:
                return response
            await self._authorize_as(key, endpoint, challenge)
            self._challenges[endpoint.host] = challenge
        raise AssertionError("unreachable")

    def _refuse_resting(self, endpoint: Endpoint) -> None:
        left = self._manners.rests_until.get(endpoint.host, 0.0) - self._clock()
        if left > 0:
            raise _GapError(f"asks to be left alone for {left:.0f} s more", left)

    def _note_rest(self, endpoint: Endpoint, response: Response) -> None:
        seconds = asked_pause(response.status, response.headers)
        if seconds > 0:
            until = self._clock() + seconds
            self._manners.rests_until[endpoint.host] = max(until, self._manners.rests_until.get(endpoint.host, 0.0))
            if response.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
                raise _GapError(f"asks to be left alone for {seconds:.0f} s ({response.status})", seconds)

    async def _follow(self, endpoint: Endpoint, request: Request, *, is_blob: bool) -> Response:
        """Follow redirects: of manifests inside the registry's host, of blobs to where they lie, and never with credentials."""
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._fetch(request)
            if response.status not in _REDIRECTS:
                return response
            target = urljoin(request.url, response.headers.get("location", ""))
            here, there = urlsplit(request.url), urlsplit(target)
            is_same = (there.scheme, there.netloc.lower()) == (here.scheme, here.netloc.lower())
            if there.scheme != "https" and not (is_same and endpoint.registry.is_plain):
                raise _GapError(f"it redirects to {there.scheme or 'no'}://{there.hostname}, which is not followed")
            if not is_same and not is_blob:
                raise _GapError(f"it redirects a manifest to {there.hostname}, which is not followed")
            kept = {name: value for name, value in request.headers.items() if is_same or name != "Authorization"}
            request = request._replace(url=target, headers=kept)
        raise _GapError(f"it redirects more than {_MAX_REDIRECTS} times")

    async def _authorize_as(self, key: tuple[str, str, str], endpoint: Endpoint, challenge: Challenge) -> None:
        """Meet a challenge on behalf of a namespace, the last part of the key, and keep what it takes."""
        header = await self._authorize(endpoint, challenge, key[2])
        if len(self._authorizations) >= _MAX_TOKENS:
            self._authorizations.clear()
        self._authorizations[key] = header

    async def _authorize(self, endpoint: Endpoint, challenge: Challenge, namespace: str) -> str:
        """The header that meets a challenge."""
        credential = await self._find(endpoint, namespace)
        if challenge.scheme == "basic":
            if credential is None or not credential.password:
                raise _GapError("it wants a name and password, and none are given for it")
            return _basic(credential)
        realm = urlsplit(challenge.realm)
        shown = (realm.hostname or "")[:_MAX_CODE]
        if realm.scheme != "https" and not (endpoint.registry.is_plain and realm.netloc.lower() == endpoint.host):
            raise _GapError(f"its tokens are at {realm.scheme[:_MAX_CODE]}://{shown}, which is not asked")
        if not gives_tokens_for(challenge.realm, endpoint.host, self._hosts.listed_hosts):
            raise _GapError(f"its tokens are at {shown}, which is not asked unless spec.images.registries lists it")
        # Whatever it wants: to read this repository is all that is asked for.
        asked = {"service": challenge.service, "scope": f"repository:{endpoint.repository}:pull"}
        if credential and credential.identity_token:
            body = {"grant_type": "refresh_token", "refresh_token": credential.identity_token, "client_id": "perfana-support"}
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            request = Request("POST", challenge.realm, headers, _MAX_TOKEN, urlencode(asked | body).encode())
        else:
            between = "&" if realm.query else "?"
            headers = {"Authorization": _basic(credential)} if credential else {}
            request = Request("GET", f"{challenge.realm}{between}{urlencode(asked)}", headers, _MAX_TOKEN)
        response = await self._fetch(request)
        if response.status != HTTPStatus.OK:
            given = "the credentials given for it" if credential else "anonymous reading"
            raise _GapError(f"{shown} refuses {given} ({response.status})")
        return f"Bearer {_token(response.body, shown)}"


def _basic(credential: Credential) -> str:
    return "Basic " + base64.b64encode(f"{credential.name}:{credential.password}".encode()).decode()


def _token(body: bytes, host: str) -> str:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise _GapError(f"{host} gives no token that can be read") from error
    found = document.get("token") or document.get("access_token") if isinstance(document, Mapping) else None
    if not isinstance(found, str) or not found.isascii() or not found.isprintable():
        raise _GapError(f"{host} gives no token that can be read")
    return found


def _refused(response: Response) -> Answer:
    """An absence that the registry itself states, else a gap."""
    codes = _error_codes(response.body)
    if response.status == HTTPStatus.NOT_FOUND and codes & _ABSENT:
        return Absent()
    detail = f", {', '.join(sorted(codes))}" if codes else ""
    if response.status == HTTPStatus.NOT_FOUND:
        raise _GapError(f"answers 404{detail} without saying as a registry that it has no such thing")
    if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise _GapError(f"refuses to be read ({response.status}{detail})")
    raise _GapError(f"answers {response.status}{detail}")


def _error_codes(body: bytes) -> set[str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    errors = document.get("errors") if isinstance(document, Mapping) else None
    found = (each.get("code") for each in errors if isinstance(each, Mapping)) if isinstance(errors, list) else ()
    known = islice(found, _MAX_CODES)
    return {code for code in known if isinstance(code, str) and code.isascii() and code.isprintable() and len(code) < _MAX_CODE}
