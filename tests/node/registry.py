"""A registry on loopback for the node, the Distribution project's own, and what is pushed to it."""

from __future__ import annotations

import http.client
import os
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from tests.cluster.processes import Processes
from tests.cluster.server import LOOPBACK, free_ports
from tests.cluster.tool import find_tool
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from tests.node.image import Blob, RunnableImage

GO_FOLDER = Path(__file__).with_name("go") / "registry"

READY_WITHIN_SECONDS = 60.0
"""It takes a second."""

SETTINGS = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "{host}"}}
"""

_NAME = "registry"


class Registry:
    """A registry that speaks plain HTTP to this machine."""

    def __init__(self) -> None:
        """Start it."""
        program = find_tool(GO_FOLDER).program
        self._processes = Processes("perfana-test-registry-")
        try:
            (port,) = free_ports(1)
            self.host = f"{LOOPBACK}:{port}"
            folder = self._processes.folder
            settings = folder / "settings.yaml"
            settings.write_text(SETTINGS.format(folder=folder, host=self.host), encoding="utf-8")
            environment = {"HOME": str(folder), "PATH": os.defpath, "OTEL_TRACES_EXPORTER": "none"}
            self._processes.start(_NAME, [str(program), "serve", str(settings)], environment)
            wait_for(self._is_ready, READY_WITHIN_SECONDS, "registry ready", ignoring=(OSError,))
        except BaseException:
            self._processes.close()
            raise

    @property
    def address(self) -> str:
        """Its URL."""
        return f"http://{self.host}"

    def push(self, repository: str, tag: str, images: Sequence[RunnableImage], index: Blob | None = None) -> str:
        """Push an image of one platform, or several with their index; return the digest that the tag has."""
        for image in images:
            for blob in (image.config, *image.layers):
                self._push_blob(repository, blob)
            self._put_manifest(repository, image.manifest.digest, image.manifest)
        top = index or images[0].manifest
        self._put_manifest(repository, tag, top)
        return top.digest

    def _push_blob(self, repository: str, blob: Blob) -> None:
        location = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"", "")
        place = urlsplit(location)
        self._send("PUT", f"{place.path}?{place.query}&digest={blob.digest}", blob.content, "application/octet-stream")

    def _put_manifest(self, repository: str, reference: str, manifest: Blob) -> None:
        self._send("PUT", f"/v2/{repository}/manifests/{reference}", manifest.content, manifest.media_type)

    def _send(self, method: str, path: str, body: bytes, content_type: str) -> str:
        connection = http.client.HTTPConnection(self.host, timeout=READY_WITHIN_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": content_type})
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        assert answer.status < http.client.BAD_REQUEST, f"{method} {path}: {answer.status} {said!r}"
        return answer.headers.get("Location", "")

    def _is_ready(self) -> bool:
        assert self._processes.exit_code(_NAME) is None, self._processes.log_tail(_NAME)
        self._send("GET", "/v2/", b"", "")
        return True

    def close(self) -> None:
        """End it, with all that was pushed."""
        self._processes.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close."""
        self.close()
