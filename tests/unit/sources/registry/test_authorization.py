"""Credentials and tokens: who is given which, and what is never sent where."""

import asyncio

import pytest

from perfana_support.model.answer import Answer, Gap, Index
from perfana_support.model.registry import Registry
from perfana_support.sources.registry.client import RegistryClient
from perfana_support.sources.registry.credentials import Credential, CredentialError
from perfana_support.sources.registry.hosts import Endpoint, hosts_of
from tests.unit.sources.registry.wire import (
    INDEX,
    NAME,
    TAG,
    ask,
    basic,
    by_tag,
    guarded,
    response,
    served,
    url,
)


def test_anonymous_token_is_for_this_repository_alone_whatever_scope_is_asked() -> None:
    wire = guarded()
    assert isinstance(ask(wire, by_tag()), Index)
    token = wire.seen[1]
    assert (
        token.url == "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aperfana%2Fperfana-web%3Apull"
    )
    assert "Authorization" not in token.headers


def test_credentials_go_to_the_token_service_and_the_token_to_the_registry() -> None:
    wire = guarded()
    assert isinstance(ask(wire, by_tag(), credential=Credential("me", "secret")), Index)
    assert [each.headers.get("Authorization") for each in wire.seen] == [None, basic("me", "secret"), "Bearer t0ken"]


def test_identity_token_is_exchanged() -> None:
    wire = guarded()
    assert isinstance(ask(wire, by_tag(), credential=Credential("", "", "identity")), Index)
    sent = wire.seen[1]
    assert (sent.method, b"refresh_token=identity" in (sent.body or b"")) == ("POST", True)
    assert "identity" not in sent.url


def test_basic_authentication() -> None:
    wire = guarded()
    wire.challenge, wire.wants = 'Basic realm="x"', basic("me", "secret")
    assert isinstance(ask(wire, by_tag(), credential=Credential("me", "secret")), Index)
    assert ask(wire, by_tag()) == Gap("registry-1.docker.io: it wants a name and password, and none are given for it")


def test_token_is_kept_and_asked_for_anew_when_it_is_refused() -> None:
    wire = guarded()
    hosts = hosts_of([Registry("docker.io")])
    client = RegistryClient(wire.fetch, hosts)

    async def twice() -> list[Answer]:
        first = [await client.answer(by_tag()), await client.answer(by_tag())]
        wire.wants = "Bearer other"
        wire.answers["https://auth.docker.io/token"] = response(200, b'{"access_token": "other"}')
        return [*first, await client.answer(by_tag())]

    assert all(isinstance(each, Index) for each in asyncio.run(twice()))
    assert sum("auth.docker.io" in each.url for each in wire.seen) == 2


def test_registry_that_asked_once_is_given_a_token_before_it_asks_for_another_repository() -> None:
    wire = guarded()
    wire.answers[url(TAG).replace(NAME, "perfana/other")] = served(INDEX)
    client = RegistryClient(wire.fetch, hosts_of([Registry("docker.io")]))

    async def both() -> list[Answer]:
        return [await client.answer(by_tag()), await client.answer(by_tag("docker.io/perfana/other"))]

    assert all(isinstance(each, Index) for each in asyncio.run(both()))
    assert sum("/manifests/" in each.url for each in wire.seen) == 3
    assert "scope=repository%3Aperfana%2Fother%3Apull" in wire.seen[-2].url


def test_tokens_of_one_namespace_are_not_used_for_another() -> None:
    wire, asked = guarded(), []

    async def find(_endpoint: Endpoint, namespace: str) -> Credential | None:
        asked.append(namespace)
        return None

    client = RegistryClient(wire.fetch, hosts_of([Registry("docker.io")]), find)

    async def both() -> None:
        await client.answer(by_tag(), "a")
        await client.answer(by_tag(), "b")
        await client.answer(by_tag(), "a")

    asyncio.run(both())
    assert asked == ["a", "b"]


STRANGE = {
    "another domain": ('Bearer realm="https://evil.example.com/token"', "which is not asked unless"),
    "HTTP": ('Bearer realm="http://auth.docker.io/token"', "which is not asked"),
    "a file": ('Bearer realm="file:///etc/passwd"', "which is not asked"),
    "an address": ('Bearer realm="https://169.254.169.254/token"', "which is not asked unless"),
    "a name before it": ('Bearer realm="https://registry-1.docker.io:x@evil.example/token"', "tokens are at evil.example,"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_token_service_elsewhere_is_not_asked(name: str) -> None:
    wire = guarded()
    wire.challenge, cause = STRANGE[name]
    found = ask(wire, by_tag(), credential=Credential("me", "secret"))
    assert isinstance(found, Gap)
    assert cause in found.cause
    assert len(wire.seen) == 1
    assert "secret" not in found.cause


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\r\\nHost: b"}', b'{"token": "\\u00e9"}'])
def test_token_that_is_none_is_a_gap(body: bytes) -> None:
    wire = guarded()
    wire.answers["https://auth.docker.io/token"] = response(200, body)
    assert isinstance(ask(wire, by_tag()), Gap)


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_token_that_is_refused_is_a_gap(status: int) -> None:
    wire = guarded()
    wire.answers["https://auth.docker.io/token"] = response(status)
    found = ask(wire, by_tag(), credential=Credential("me", "secret"))
    assert found == Gap(f"registry-1.docker.io: auth.docker.io refuses the credentials given for it ({status})")


def test_configuration_of_credentials_that_cannot_be_used_is_a_gap() -> None:
    async def find(_endpoint: Endpoint, _namespace: str) -> Credential | None:
        raise CredentialError("docker-credential-x cannot be asked")

    client = RegistryClient(guarded().fetch, hosts_of([Registry("docker.io")]), find)
    assert asyncio.run(client.answer(by_tag())) == Gap("registry-1.docker.io: docker-credential-x cannot be asked")
