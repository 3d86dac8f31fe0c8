"""Images as registries and runtimes know them, made of nothing: layers of a few files, configs, manifests, indexes.

The same arguments make the same bytes. What vendors, mirrors and those who change images do to them is a function of its own.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_OCI, _DOCKER = "application/vnd.oci.image", "application/vnd.docker"
INDEX = {"oci": f"{_OCI}.index.v1+json", "docker": f"{_DOCKER}.distribution.manifest.list.v2+json"}
MANIFEST = {"oci": f"{_OCI}.manifest.v1+json", "docker": f"{_DOCKER}.distribution.manifest.v2+json"}
CONFIG = {"oci": f"{_OCI}.config.v1+json", "docker": f"{_DOCKER}.container.image.v1+json"}
LAYER = {
    ("oci", "none"): f"{_OCI}.layer.v1.tar",
    ("oci", "gzip"): f"{_OCI}.layer.v1.tar+gzip",
    ("oci", "fast"): f"{_OCI}.layer.v1.tar+gzip",
    ("oci", "zstd"): f"{_OCI}.layer.v1.tar+zstd",
    ("docker", "none"): f"{_DOCKER}.image.rootfs.diff.tar",
    ("docker", "gzip"): f"{_DOCKER}.image.rootfs.diff.tar.gzip",
    ("docker", "fast"): f"{_DOCKER}.image.rootfs.diff.tar.gzip",
}


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, and what manifests call them."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """Their digest."""
        return f"sha256:{sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, Any]:
        """What stands for them in another document."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True, slots=True)
class Layer:
    """Files by path, and the command that made them."""

    files: Mapping[str, bytes]
    command: str = ""

    @property
    def tar(self) -> bytes:
        """The layer unpacked, which its diff id is the digest of."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for path, content in sorted(self.files.items()):
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o755
                archive.addfile(entry, io.BytesIO(content))
        return stream.getvalue()

    @property
    def diff_id(self) -> str:
        """The digest of the layer unpacked."""
        return f"sha256:{sha256(self.tar).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Image:
    """An image for one platform. `packing` is none, gzip, fast (gzip as well, other bytes) or zstd."""

    layers: tuple[Layer, ...]
    architecture: str = "amd64"
    settings: tuple[tuple[str, Any], ...] = (("Entrypoint", ["/app/run"]), ("User", "1000"), ("WorkingDir", "/app"))
    family: str = "oci"
    packing: str = "gzip"

    @property
    def config(self) -> Blob:
        """The config: what runtimes and rules compare."""
        document = {
            "architecture": self.architecture,
            "os": "linux",
            "config": dict(self.settings),
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]},
            "history": [{"created_by": layer.command} for layer in self.layers],
        }
        return _json(CONFIG[self.family], document)

    @property
    def packed(self) -> tuple[Blob, ...]:
        """The layers as they are pushed."""
        return tuple(Blob(LAYER[self.family, self.packing], PACKERS[self.packing](layer.tar)) for layer in self.layers)

    @property
    def manifest(self) -> Blob:
        """The manifest."""
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST[self.family],
            "config": self.config.descriptor,
            "layers": [layer.descriptor for layer in self.packed],
        }
        return _json(MANIFEST[self.family], document)

    def packed_by(self, packing: str) -> Image:
        """The image packed in another way."""
        return replace(self, packing=packing)

    def with_settings(self, **settings: object) -> Image:
        """The image with other settings."""
        return replace(self, settings=tuple((dict(self.settings) | settings).items()))


@dataclass(frozen=True, slots=True)
class Push:
    """What is pushed under a tag: the images, and the documents on top of them, the last of which is what the tag names."""

    images: tuple[Image, ...]
    tops: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        """What the tag names."""
        return self.tops[-1].digest


def alone(image: Image) -> Push:
    """An image of one platform, without an index."""
    return Push((image,), (image.manifest,))


def together(*images: Image, family: str = "oci", beside: Sequence[Mapping[str, Any]] = ()) -> Push:
    """Images of several platforms under one index, with entries beside them that are no images."""
    return Push(images, (_index([_entry(image) for image in images] + list(beside), family),))


def nested(*images: Image) -> Push:
    """Images under an index for each, and these under another one."""
    inner = tuple(_index([_entry(image)], "oci") for image in images)
    entries = [
        each.descriptor | {"platform": {"os": "linux", "architecture": image.architecture}}
        for each, image in zip(inner, images, strict=True)
    ]
    return Push(images, (*inner, _index(entries, "oci")))


def attested(*images: Image) -> Push:
    """Images with an attestation beside each, as buildx writes them."""
    attestations = [
        Image((Layer({"attestation.json": image.manifest.content}, "attestation"),), architecture="unknown") for image in images
    ]
    beside = [
        attestation.manifest.descriptor
        | {
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.digest": image.manifest.digest,
                "vnd.docker.reference.type": "attestation-manifest",
            },
        }
        for image, attestation in zip(images, attestations, strict=True)
    ]
    pushed = together(*images, beside=beside)
    return Push((*images, *attestations), pushed.tops)


def vendor_image(name: str, release: str, architecture: str = "amd64", program: bytes = b"#!/bin/sh\n") -> Image:
    """What a vendor would build for a release of a component: a base, a runtime and the product's code."""
    return Image(
        (
            Layer({"etc/os-release": b"ID=base\n"}, "FROM base"),
            Layer({"usr/bin/node": f"node for {architecture}".encode()}, "ADD node /usr/bin/"),
            Layer({"app/run": program, "app/version": f"{name} {release} {architecture}".encode()}, f"COPY {name} /app"),
        ),
        architecture,
    )


def derived(image: Image, command: str = "COPY patch.js /app/") -> Image:
    """An image built on another, with one layer more."""
    return replace(image, layers=(*image.layers, Layer({"app/patch.js": b"patched"}, command)))


def squashed(image: Image) -> Image:
    """All layers as one."""
    files = {path: content for layer in image.layers for path, content in layer.files.items()}
    return replace(image, layers=(Layer(files, "squash"),))


def rebuilt(image: Image) -> Image:
    """The same name, and other code in the last layer."""
    return replace(image, layers=(*image.layers[:-1], Layer({"app/run": b"something else"}, "COPY other /app")))


def _entry(image: Image) -> dict[str, Any]:
    return image.manifest.descriptor | {"platform": {"os": "linux", "architecture": image.architecture}}


def _index(entries: Sequence[Mapping[str, Any]], family: str) -> Blob:
    return _json(INDEX[family], {"schemaVersion": 2, "mediaType": INDEX[family], "manifests": list(entries)})


def _json(media_type: str, document: Mapping[str, Any]) -> Blob:
    return Blob(media_type, json.dumps(document, separators=(",", ":"), sort_keys=True).encode())


def _zstd(content: bytes) -> bytes:
    """A frame of raw blocks: what zstd makes of what it cannot compress (RFC 8878, 3.1.1)."""
    largest = 128 * 1024
    frame = bytearray(b"\x28\xb5\x2f\xfd\xa0" + len(content).to_bytes(4, "little"))
    pieces = [content[start : start + largest] for start in range(0, len(content), largest)] or [b""]
    for place, piece in enumerate(pieces):
        is_last = place == len(pieces) - 1
        frame += (len(piece) << 3 | is_last).to_bytes(3, "little") + piece
    return bytes(frame)


PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "none": lambda content: content,
    "gzip": lambda content: gzip.compress(content, 9, mtime=0),
    "fast": lambda content: gzip.compress(content, 1, mtime=1),
    "zstd": _zstd,
}
