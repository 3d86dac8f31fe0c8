"""A registry's protocol: who is asked for what, with which credentials, and what counts as an answer."""

import asyncio
import json
from typing import Any

import pytest

from perfana_support.model.answer import Absent, Answer, Config, Gap, Index, Manifest, Question, Subject
from perfana_support.model.registry import Registry
from perfana_support.sources.registry.client import FetchError, RegistryClient, Request, Response
from perfana_support.sources.registry.credentials import Credential
from perfana_support.sources.registry.hosts import gives_tokens_for, hosts_of, is_inward
from tests.unit.sources.registry.images import Blob, config, manifest
from tests.unit.sources.registry.wire import (
    CONFIG,
    HUB,
    INDEX,
    MANIFEST,
    NAME,
    TAG,
    Wire,
    ask,
    by_tag,
    guarded,
    response,
    served,
    url,
)


@pytest.mark.parametrize(("content", "kind"), [(INDEX, Index), (MANIFEST, Manifest)])
def test_tag_is_read(content: Blob, kind: type[Index | Manifest]) -> None:
    wire = Wire()
    wire.answers[url(TAG)] = served(content)
    found = ask(wire, by_tag())
    assert isinstance(found, kind)
    assert found.digest == content.digest
    (request,) = wire.seen
    assert {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v2+json"} <= set(
        request.headers["Accept"].split(", ")
    )


def test_config_is_read_as_a_blob() -> None:
    wire = Wire()
    wire.answers[url(CONFIG.digest, "blobs")] = served(CONFIG)
    assert isinstance(ask(wire, Question(Subject.CONFIG, HUB, CONFIG.digest)), Config)


def test_registry_that_the_policy_does_not_name_is_never_asked() -> None:
    wire = Wire()
    for host in ("evil.example.com", "docker.io.example.com", "localhost", "169.254.169.254"):
        found = ask(wire, by_tag(f"{host}/{NAME}"))
        assert isinstance(found, Gap)
        assert "spec.images.registries" in found.cause
    assert not wire.seen


@pytest.mark.parametrize(
    ("registry", "root"),
    [
        (Registry("docker.io"), "https://registry-1.docker.io/v2"),
        (Registry("docker.io", "https://harbor.example.com/v2/dockerhub"), "https://harbor.example.com/v2/dockerhub"),
        (Registry("docker.io", "https://mirror.example.com/v2/"), "https://mirror.example.com/v2"),
        (Registry("harbor.example.com:8443"), "https://harbor.example.com:8443/v2"),
        (Registry("registry.local:5000", "http://registry.local:5000/v2"), "http://registry.local:5000/v2"),
    ],
)
def test_registry_is_asked_where_it_is(registry: Registry, root: str) -> None:
    wire = Wire()
    wire.answers[url(TAG, root=root)] = served(INDEX)
    assert isinstance(ask(wire, by_tag(f"{registry.name}/{NAME}"), registry), Index)


# What is no answer


@pytest.mark.parametrize("code", ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"])
def test_absence_is_what_the_registry_states_itself(code: str) -> None:
    wire = Wire()
    wire.answers[url(TAG)] = response(404, json.dumps({"errors": [{"code": code}]}).encode())
    assert ask(wire, by_tag()) == Absent()


GAPS: dict[str, tuple[Response | Exception, str]] = {
    "404 of a proxy": (response(404, b"<html>not here</html>"), "without saying as a registry"),
    "404 with nothing": (response(404), "without saying as a registry"),
    "404 of something else": (response(404, b'{"errors": [{"code": "UNSUPPORTED"}]}'), "404, UNSUPPORTED"),
    "404 with errors that are none": (response(404, b'{"errors": 1}'), "without saying as a registry"),
    "401 without a challenge": (response(401), "refuses to be read (401)"),
    "403": (response(403, b'{"errors": [{"code": "DENIED"}]}'), "refuses to be read (403, DENIED)"),
    "429": (response(429), "left alone for 60 s (429)"),
    "500": (response(500), "answers 500"),
    "204": (response(204), "answers 204"),
    "no connection": (FetchError("cannot be reached"), "cannot be reached"),
    "a page of a portal": (response(200, b"<html>sign in</html>"), "it is no JSON"),
    "content of another digest": (served(INDEX)._replace(body=INDEX.content + b" "), "its content has the digest"),
    "a digest that is none": (response(200, INDEX.content, docker_content_digest="x"), "is no digest"),
    "a redirect to nowhere": (response(307), "redirects more than 3 times"),
    "a redirect to another host": (response(307, location="https://evil.example.com/"), "redirects a manifest"),
    "a redirect to HTTP": (response(307, location="http://registry-1.docker.io/"), "which is not followed"),
    "a redirect to a file": (response(302, location="file:///etc/passwd"), "which is not followed"),
}


@pytest.mark.parametrize("name", GAPS)
def test_what_is_no_answer_is_a_gap_with_its_cause(name: str) -> None:
    answer, cause = GAPS[name]
    wire = Wire()
    wire.answers[url(TAG)] = answer
    found = ask(wire, by_tag())
    assert isinstance(found, Gap)
    assert cause in found.cause
    assert found.cause.startswith("registry-1.docker.io: ")


def test_content_by_digest_must_have_it_whatever_headers_say() -> None:
    wire = Wire()
    other = manifest(config("b"))
    wire.answers[url(MANIFEST.digest)] = served(other)
    found = ask(wire, Question(Subject.MANIFEST, HUB, MANIFEST.digest))
    assert isinstance(found, Gap)


# Too much


def test_registry_that_asks_to_be_left_alone_is() -> None:
    wire, clock = Wire(), [100.0]
    wire.answers[url(TAG)] = response(429, retry_after="30")
    client = RegistryClient(wire.fetch, hosts_of([Registry("docker.io")]), clock=lambda: clock[0])

    def answer() -> Answer:
        return asyncio.run(client.answer(by_tag()))

    assert answer() == Gap("registry-1.docker.io: asks to be left alone for 30 s (429)", 30.0)
    clock[0] = 129.0
    wire.answers[url(TAG)] = served(INDEX)
    assert answer() == Gap("registry-1.docker.io: asks to be left alone for 1 s more", 1.0)
    assert asyncio.run(client.digest_of_tag(by_tag())) is None
    assert len(wire.seen) == 1
    clock[0] = 130.0
    assert isinstance(answer(), Index)


def test_last_request_of_a_window_is_answered_and_the_next_one_waits() -> None:
    wire = Wire()
    last = served(INDEX)
    wire.answers[url(TAG)] = last._replace(
        headers={**last.headers, "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"}
    )
    client = RegistryClient(wire.fetch, hosts_of([Registry("docker.io")]), clock=lambda: 0.0)
    assert isinstance(asyncio.run(client.answer(by_tag())), Index)
    assert asyncio.run(client.answer(by_tag())) == Gap("registry-1.docker.io: asks to be left alone for 216 s more", 216.0)


def test_four_requests_at_a_time_are_sent_to_a_registry() -> None:
    now, most = [0], [0]

    async def fetch(_request: Request) -> Response:
        now[0] += 1
        most[0] = max(most[0], now[0])
        for _ in range(5):
            await asyncio.sleep(0)
        now[0] -= 1
        return served(INDEX)

    async def many() -> None:
        client = RegistryClient(fetch, hosts_of([Registry("docker.io")]))
        await asyncio.gather(*(client.answer(by_tag(f"docker.io/perfana/x{place}")) for place in range(40)))

    asyncio.run(many())
    assert most == [4]


def test_blob_may_lie_elsewhere_and_is_fetched_there_without_credentials() -> None:
    wire = guarded()
    wire.answers[url(CONFIG.digest, "blobs")] = response(307, location="https://cdn.example.com/blob?signature=x")
    wire.answers["https://cdn.example.com/blob?signature=x"] = served(CONFIG)
    found = ask(wire, Question(Subject.CONFIG, HUB, CONFIG.digest), credential=Credential("me", "secret"))
    assert isinstance(found, Config)
    assert "Authorization" not in wire.seen[-1].headers
    assert all("secret" not in str(each.headers) for each in wire.seen[2:])


def test_redirect_inside_the_registry_is_followed() -> None:
    wire = Wire()
    wire.answers[url(TAG)] = response(301, location=f"/v2/other/manifests/{TAG}")
    wire.answers[f"https://registry-1.docker.io/v2/other/manifests/{TAG}"] = served(INDEX)
    assert isinstance(ask(wire, by_tag()), Index)


def test_digest_of_a_tag_is_asked_for_by_head() -> None:
    wire = Wire()
    wire.answers[url(TAG)] = served(INDEX)._replace(body=b"")
    client = RegistryClient(wire.fetch, hosts_of([Registry("docker.io")]))
    assert asyncio.run(client.digest_of_tag(by_tag())) == INDEX.digest
    assert [each.method for each in wire.seen] == ["HEAD"]
    wire.answers[url(TAG)] = response(404)
    assert asyncio.run(client.digest_of_tag(by_tag())) is None
    assert asyncio.run(client.digest_of_tag(by_tag("other.example.com/x"))) is None


INWARD = [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",  # noqa: S104 - to be refused
    "::",
    "::ffff:127.0.0.1",
    "224.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "fd00:ec2::254",
]


@pytest.mark.parametrize("address", INWARD)
def test_addresses_of_this_machine_and_its_link_are_inward(address: str) -> None:
    assert is_inward(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1", "64:ff9b::808:808"])
def test_addresses_of_networks_are_not(address: str) -> None:
    assert not is_inward(address)


@pytest.mark.parametrize(
    ("realm", "host", "expected"),
    [
        ("https://auth.docker.io/token", "registry-1.docker.io", True),
        ("https://auth.docker.io:8443/token", "registry-1.docker.io", False),
        ("https://gitlab.com/jwt/auth", "registry.gitlab.com", True),
        ("https://gitlab.com:8443/jwt/auth", "registry.gitlab.com", False),
        ("https://harbor.example.com/service/token", "HARBOR.example.com", True),
        ("https://harbor.example.com:443/service/token", "harbor.example.com", True),
        ("https://harbor.example.com:8443/service/token", "harbor.example.com:8443", True),
        ("https://harbor.example.com:8444/service/token", "harbor.example.com:8443", False),
        ("http://localhost:5001/token", "localhost:5000", False),
        ("http://127.0.0.1:5000/token", "127.0.0.1:5000", True),
        ("https://listed.example.org/token", "registry.example.com", True),
        ("https://listed.example.org:8443/token", "registry.example.com", False),
        ("https://listed.example.org:8443/token", "listed.example.org:8443", True),
        ("https://gitlab.example.com/token", "registry.example.com", False),
        ("https://evil.azurecr.io/token", "mine.azurecr.io", False),
        ("https://evil.co.uk/token", "registry.example.co.uk", False),
        ("https://com/token", "registry.example.com", False),
        ("https://registry-1.docker.io:x@evil.example/token", "registry-1.docker.io", False),
        ("https://registry-1.docker.io@evil.example/token", "registry-1.docker.io", False),
        ("https://x@registry-1.docker.io/token", "registry-1.docker.io", False),
        ("https://[bad/token", "registry-1.docker.io", False),
        ("https://registry-1.docker.io:x/token", "registry-1.docker.io", False),
    ],
)
def test_tokens_are_asked_for_at_the_registrys_own_host_alone(realm: str, host: str, *, expected: bool) -> None:
    assert gives_tokens_for(realm, host, {"listed.example.org"}) is expected


UNREADABLE = {
    "a redirect to no address": response(302, location="https://[bad"),
    "a realm of no address": response(401, www_authenticate='Bearer realm="https://[x/token"'),
    "a pause without an end": response(429, retry_after="Wed, 25 Nov 99999999999999999999 12:01:30 GMT"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_nobody_can_read_is_a_gap(name: str) -> None:
    wire = Wire()
    wire.answers[url(TAG)] = UNREADABLE[name]
    assert isinstance(ask(wire, by_tag()), Gap)


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"token": ' + b"[" * 60_000])
def test_token_that_nobody_can_read_is_a_gap(body: bytes) -> None:
    wire = guarded()
    wire.answers["https://auth.docker.io/token"] = response(200, body)
    assert isinstance(ask(wire, by_tag(), credential=Credential("me", "secret")), Gap)


def test_nothing_of_a_credential_is_ever_in_a_cause() -> None:
    secret: Any = Credential("me", "hunter2", "")
    for answer, _ in GAPS.values():
        wire = guarded()
        wire.answers[url(TAG)] = answer
        found = ask(wire, by_tag(), credential=secret)
        assert "hunter2" not in str(found)
        assert "t0ken" not in str(found)
