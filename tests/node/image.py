"""Images that run, made here: one static program in a layer, as OCI archive. No Docker, no base image, no download.

Under whatever name: to the node it is what a vendor ships, and it weighs less than a megabyte.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import subprocess
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"

NAME_ANNOTATION = "io.containerd.image.name"
"""By this annotation of an archive's index containerd learns the whole name of an image."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Go and OCI call the machines that Python names so."""

PROGRAM = """
#include <signal.h>
#include <unistd.h>

static void end(int number) { (void)number; _exit(0); }

int main(void) {
    static const char ready[] = "ready\\n";
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGCHLD, SIG_IGN);
    if (write(1, ready, sizeof ready - 1) < 0) return 1;
    for (;;) pause();
}
"""
"""It does nothing until it is told to end, and then ends at once, so that no test waits for a pod's grace."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, and how a manifest names them."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """Their digest."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, Any]:
        """What stands for them in another document."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True, slots=True)
class RunnableImage:
    """An image for one platform: manifest, configuration, layers."""

    manifest: Blob
    config: Blob
    layers: tuple[Blob, ...]
    architecture: str

    @property
    def platform(self) -> dict[str, str]:
        """What an index says of it."""
        return {"os": "linux", "architecture": self.architecture}


def this_architecture() -> str:
    """Return what images for this machine call it."""
    return ARCHITECTURES[platform.machine()]


def make_image(
    marker: str, *, architecture: str | None = None, labels: Mapping[str, str] | None = None, user: str = "65532:65532"
) -> RunnableImage:
    """Make an image that runs; it differs from every other one by the marker.

    One for another architecture has this machine's program in it all the same: nobody runs it.
    """
    layer = _layer({"program": (_program(), 0o755), "marker": (marker.encode(), 0o644)})
    compressed = Blob(LAYER_TYPE, gzip.compress(layer, mtime=0))
    architecture = architecture or this_architecture()
    settings: dict[str, Any] = {"Entrypoint": ["/program"], "User": user}
    if labels:
        settings["Labels"] = dict(labels)
    config = _document(
        CONFIG_TYPE,
        {
            "architecture": architecture,
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        },
    )
    return RunnableImage(_manifest(config, compressed), config, (compressed,), architecture)


def recompress(image: RunnableImage) -> RunnableImage:
    """Return an image of the same files and configuration, packed in another way: another manifest."""
    layers = tuple(Blob(LAYER_TYPE, gzip.compress(gzip.decompress(each.content), 1, mtime=0)) for each in image.layers)
    return RunnableImage(_manifest(image.config, *layers), image.config, layers, image.architecture)


def make_index(images: Sequence[RunnableImage]) -> Blob:
    """Return the index of an image for several platforms."""
    manifests = [each.manifest.descriptor | {"platform": each.platform} for each in images]
    return _document(INDEX_TYPE, {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests})


def write_archive(path: Path, name: str, images: Sequence[RunnableImage], index: Blob | None = None) -> Path:
    """Write an OCI archive of images under a whole name (`docker.io/perfana/x:1`), for `ctr images import`.

    The name is that of the index if there is one, else of the only image.
    """
    top = index or images[0].manifest
    assert index or len(images) == 1, "several images need an index"
    listed = top.descriptor | {"annotations": {NAME_ANNOTATION: name}}
    layout = _document(INDEX_TYPE, {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [listed]})
    blobs = {blob.digest: blob for image in images for blob in (image.manifest, image.config, *image.layers)} | {
        top.digest: top
    }
    files = {f"blobs/{digest.replace(':', '/')}": (blob.content, 0o644) for digest, blob in blobs.items()}
    files |= {"oci-layout": (b'{"imageLayoutVersion":"1.0.0"}', 0o644), "index.json": (layout.content, 0o644)}
    path.write_bytes(_layer(files))
    return path


def _manifest(config: Blob, *layers: Blob) -> Blob:
    parts = {"config": config.descriptor, "layers": [each.descriptor for each in layers]}
    return _document(MANIFEST_TYPE, {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, **parts})


def _document(media_type: str, content: Mapping[str, object]) -> Blob:
    return Blob(media_type, json.dumps(content, separators=(",", ":")).encode())


def _layer(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """Return a tar that is the same each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (content, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@cache
def _program() -> bytes:
    with TemporaryDirectory(prefix="perfana-program-") as folder:
        source, made = Path(folder, "program.c"), Path(folder, "program")
        source.write_text(PROGRAM, encoding="utf-8")
        subprocess.run(["gcc", "-static", "-Os", "-s", "-o", str(made), str(source)], check=True)
        return made.read_bytes()
