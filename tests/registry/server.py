"""The Distribution project's own registry on loopback, and what is pushed to it."""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from tests.cluster.processes import Processes
from tests.cluster.server import LOOPBACK, free_ports
from tests.cluster.tool import find_tool
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from types import TracebackType

    from tests.registry.images import Blob, Push

GO_FOLDER = Path(__file__).with_name("go") / "registry"
READY_WITHIN_SECONDS = 60.0
"""It takes a second."""
USER, PASSWORD = "perfana", "secret"
_HTPASSWD = f"{USER}:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"
"""The password by bcrypt, at its least cost."""

SETTINGS = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http:
  addr: "{host}"
"""
AUTH = "auth: {{htpasswd: {{realm: registry, path: {folder}/htpasswd}}}}\n"
_NAME = "registry"


class Certificate(NamedTuple):
    """A certificate for this machine with its key, and the authority that signed it."""

    certificate: Path
    key: Path
    authority: Path


def make_certificate(folder: Path, host: str = LOOPBACK) -> Certificate:
    """Make an authority and a certificate of it for an address."""
    authority, authority_key = folder / "authority.pem", folder / "authority.key"
    key, request, certificate = folder / "server.key", folder / "server.csr", folder / "server.pem"
    extension = folder / "server.ext"
    extension.write_text(f"subjectAltName = IP:{host}\n", encoding="ascii")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for words in (
        ["req", "-x509", *new_key, "-days", "2", "-subj", "/CN=authority", "-keyout", authority_key, "-out", authority],
        ["req", *new_key, "-subj", "/CN=registry", "-keyout", key, "-out", request],
        [
            *("x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key, "-days", "2"),
            *("-extfile", extension, "-out", certificate),
        ],
    ):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)
    return Certificate(certificate, key, authority)


class Registry:
    """A registry that speaks to this machine alone."""

    def __init__(self, *, wants_password: bool = False) -> None:
        """Start it; with a password for everything, or with none."""
        program = find_tool(GO_FOLDER).program
        self._processes = Processes("perfana-test-registry-")
        self._headers = {}
        try:
            (port,) = free_ports(1)
            self.host = f"{LOOPBACK}:{port}"
            folder = self._processes.folder
            settings = SETTINGS
            if wants_password:
                settings += AUTH
                folder.joinpath("htpasswd").write_text(_HTPASSWD, encoding="ascii")
                packed = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                self._headers = {"Authorization": f"Basic {packed}"}
            file = folder / "settings.yaml"
            file.write_text(settings.format(folder=folder, host=self.host), encoding="utf-8")
            environment = {"HOME": str(folder), "PATH": os.defpath, "OTEL_TRACES_EXPORTER": "none"}
            self._processes.start(_NAME, [str(program), "serve", str(file)], environment)
            wait_for(self._is_ready, READY_WITHIN_SECONDS, "registry ready", ignoring=(OSError,))
        except BaseException:
            self._processes.close()
            raise

    @property
    def address(self) -> str:
        """Its URL."""
        return f"http://{self.host}"

    def push(self, repository: str, push: Push, *tags: str) -> str:
        """Push images with all that is on top of them; return the digest that the tags, if any, name."""
        for image in push.images:
            for blob in (image.config, *image.packed):
                self._push_blob(repository, blob)
            self._put(repository, image.manifest.digest, image.manifest)
        for top in push.tops:
            self._put(repository, top.digest, top)
        for tag in tags:
            self._put(repository, tag, push.tops[-1])
        return push.digest

    def delete(self, repository: str, digest: str) -> None:
        """Take a manifest away."""
        self._send("DELETE", f"/v2/{repository}/manifests/{digest}", b"", "")

    def close(self) -> None:
        """End it and remove what was pushed."""
        self._processes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _push_blob(self, repository: str, blob: Blob) -> None:
        place = urlsplit(self._send("POST", f"/v2/{repository}/blobs/uploads/", b"", ""))
        self._send("PUT", f"{place.path}?{place.query}&digest={blob.digest}", blob.content, "application/octet-stream")

    def _put(self, repository: str, reference: str, manifest: Blob) -> None:
        self._send("PUT", f"/v2/{repository}/manifests/{reference}", manifest.content, manifest.media_type)

    def _send(self, method: str, path: str, body: bytes, content_type: str) -> str:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            headers = self._headers | ({"Content-Type": content_type} if content_type else {})
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
            assert response.status < 300, f"{method} {path}: {response.status} {content!r}"
            return response.headers.get("Location") or ""
        finally:
            connection.close()

    def _is_ready(self) -> bool:
        code = self._processes.exit_code(_NAME)
        assert code is None, f"the registry ended with {code}:\n{self._processes.log_tail(_NAME)}"
        connection = http.client.HTTPConnection(self.host, timeout=5)
        try:
            connection.request("GET", "/v2/", headers=self._headers)
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()


def server_context(certificate: Certificate) -> ssl.SSLContext:
    """What a server with that certificate serves by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context
