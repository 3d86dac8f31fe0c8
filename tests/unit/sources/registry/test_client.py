"""A registry's protocol: who is asked for what, with which credentials, and what counts as an answer."""

import asyncio
import base64
import json
from typing import Any

import pytest

from perfana_support.model.registry import Absent, Answer, Config, Gap, Index, Manifest, Question, Registry, Subject
from perfana_support.sources.registry.client import FetchError, RegistryClient, Request, Response
from perfana_support.sources.registry.credentials import Credential, CredentialError
from perfana_support.sources.registry.hosts import hosts_of, is_beside, is_inward
from tests.unit.sources.registry.images import Blob, config, index, manifest

HUB, NAME = "docker.io/perfana/perfana-web", "perfana/perfana-web"
CONFIG = config("a")
MANIFEST = manifest(CONFIG)
INDEX = index(("linux/amd64", MANIFEST))
TAG = "0.2.96.22"
UNKNOWN = json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN"}]}).encode()


def response(status: int = 200, body: bytes = b"", **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def served(content: Blob) -> Response:
    return response(body=content.content, content_type=content.media_type, docker_content_digest=content.digest)


class Wire:
    """Answers by URL, and what was asked."""

    def __init__(self, **answers: Response) -> None:
        self.answers: dict[str, Response | Exception] = dict(answers)
        self.seen: list[Request] = []
        self.wants = ""

    async def fetch(self, request: Request) -> Response:
        self.seen.append(request)
        if self.wants and request.headers.get("Authorization") != self.wants and "/v2/" in request.url:
            return response(401, www_authenticate=self.challenge)
        found = self.answers.get(request.url) or self.answers.get(request.url.partition("?")[0]) or response(404, UNKNOWN)
        if isinstance(found, Exception):
            raise found
        return found

    challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:x:pull"'


def ask(wire: Wire, question: Question, *registries: Registry, credential: Credential | None = None) -> Answer:
    hosts = hosts_of(registries or [Registry("docker.io")])
    return asyncio.run(RegistryClient(wire.fetch, hosts, lambda _name, _path: credential).answer(question))


def url(reference: str, kind: str = "manifests", root: str = "https://registry-1.docker.io/v2") -> str:
    return f"{root}/{NAME}/{kind}/{reference}"


def by_tag(repository: str = HUB) -> Question:
    return Question(Subject.MANIFEST, repository, TAG)


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
    "429": (response(429), "answers 429"),
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


# Credentials


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def guarded() -> Wire:
    wire = Wire()
    wire.answers[url(TAG)] = served(INDEX)
    wire.answers["https://auth.docker.io/token"] = response(200, b'{"token": "t0ken"}')
    wire.wants = "Bearer t0ken"
    return wire


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
    client = RegistryClient(wire.fetch, hosts, lambda _name, _path: None)

    async def twice() -> list[Answer]:
        first = [await client.answer(by_tag()), await client.answer(by_tag())]
        wire.wants = "Bearer other"
        wire.answers["https://auth.docker.io/token"] = response(200, b'{"access_token": "other"}')
        return [*first, await client.answer(by_tag())]

    assert all(isinstance(each, Index) for each in asyncio.run(twice()))
    assert sum("auth.docker.io" in each.url for each in wire.seen) == 2


STRANGE = {
    "another domain": ('Bearer realm="https://evil.example.com/token"', "another domain"),
    "HTTP": ('Bearer realm="http://auth.docker.io/token"', "which is not asked"),
    "a file": ('Bearer realm="file:///etc/passwd"', "which is not asked"),
    "an address": ('Bearer realm="https://169.254.169.254/token"', "another domain"),
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
    def find(_name: str, _path: str) -> Credential | None:
        raise CredentialError("docker-credential-x cannot be asked")

    client = RegistryClient(guarded().fetch, hosts_of([Registry("docker.io")]), find)
    assert asyncio.run(client.answer(by_tag())) == Gap("registry-1.docker.io: docker-credential-x cannot be asked")


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
    client = RegistryClient(wire.fetch, hosts_of([Registry("docker.io")]), lambda _name, _path: None)
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
]


@pytest.mark.parametrize("address", INWARD)
def test_addresses_of_this_machine_and_its_link_are_inward(address: str) -> None:
    assert is_inward(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1"])
def test_addresses_of_networks_are_not(address: str) -> None:
    assert not is_inward(address)


@pytest.mark.parametrize(
    ("host", "other", "expected"),
    [
        ("auth.docker.io", "registry-1.docker.io", True),
        ("gitlab.example.com", "registry.example.com:5050", True),
        ("harbor.example.com", "HARBOR.example.com", True),
        ("evil.example.org", "harbor.example.com", False),
        ("localhost:5001", "localhost:5000", False),
        ("10.0.0.1", "192.168.0.1", False),
        ("registry", "registry", True),
    ],
)
def test_hosts_beside_each_other(host: str, other: str, *, expected: bool) -> None:
    assert is_beside(host, other) is expected


def test_nothing_of_a_credential_is_ever_in_a_cause() -> None:
    secret: Any = Credential("me", "hunter2", "")
    for answer, _ in GAPS.values():
        wire = guarded()
        wire.answers[url(TAG)] = answer
        found = ask(wire, by_tag(), credential=secret)
        assert "hunter2" not in str(found)
        assert "t0ken" not in str(found)
