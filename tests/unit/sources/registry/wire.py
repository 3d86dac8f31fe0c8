"""A registry's wire: answers by URL, and what was asked."""

import asyncio
import base64
import json

from perfana_support.model.answer import Answer, Question, Subject
from perfana_support.model.registry import Registry
from perfana_support.sources.registry.client import Find, RegistryClient, Request, Response
from perfana_support.sources.registry.credentials import Credential
from perfana_support.sources.registry.hosts import Endpoint, hosts_of
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


def always(credential: Credential | None) -> Find:
    """The same credential, whatever is read."""

    async def find(_endpoint: Endpoint, _namespace: str) -> Credential | None:
        return credential

    return find


def ask(wire: Wire, question: Question, *registries: Registry, credential: Credential | None = None) -> Answer:
    hosts = hosts_of(registries or [Registry("docker.io")])
    return asyncio.run(RegistryClient(wire.fetch, hosts, always(credential)).answer(question))


def url(reference: str, kind: str = "manifests", root: str = "https://registry-1.docker.io/v2") -> str:
    return f"{root}/{NAME}/{kind}/{reference}"


def by_tag(repository: str = HUB) -> Question:
    return Question(Subject.MANIFEST, repository, TAG)


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def guarded() -> Wire:
    wire = Wire()
    wire.answers[url(TAG)] = served(INDEX)
    wire.answers["https://auth.docker.io/token"] = response(200, b'{"token": "t0ken"}')
    wire.wants = "Bearer t0ken"
    return wire
