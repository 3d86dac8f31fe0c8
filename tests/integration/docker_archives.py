"""What `docker save` writes, as older and newer versions do it, of images that are made here. No Docker."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

from tests.node.image import make_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.registry.images import Image

Content = tuple[bytes, tuple[bytes, ...]]
"""An image's configuration and its layers."""


def save_as_before_25(path: Path, names: Sequence[str]) -> Path:
    """Write a folder for each layer; one that was written already is a link."""
    with tarfile.open(path, "w") as archive:
        described, known = [], dict[str, str]()
        for image, name in _images(names):
            layers = []
            for number, layer in enumerate(image.layers):
                place = f"{image.config.digest[7:]}-{number}/layer.tar"
                if layer.diff_id in known:
                    entry = tarfile.TarInfo(place)
                    entry.type, entry.linkname = tarfile.SYMTYPE, f"../{known[layer.diff_id]}"
                    archive.addfile(entry)
                else:
                    _add(archive, place, layer.tar)
                    known[layer.diff_id] = place
                layers.append(place)
            config = f"{image.config.digest[7:]}.json"
            _add(archive, config, image.config.content)
            described.append({"Config": config, "RepoTags": [name], "Layers": layers})
        _add(archive, "manifest.json", json.dumps(described).encode())
    return path


def save_as_since_25(path: Path, names: Sequence[str]) -> Path:
    """Write blobs, an index that names an attestation which is not there, and the older description beside it."""
    with tarfile.open(path, "w") as archive:
        blobs, described, listed = dict[str, bytes](), [], list[object]()
        for image, name in _images(names):
            found = (image.config, image.manifest, *image.packed)
            blobs |= {_place(blob.digest): blob.content for blob in found}
            layers = [_place(layer.digest) for layer in image.packed]
            described.append({"Config": _place(image.config.digest), "RepoTags": [name], "Layers": layers})
            listed += [image.manifest.descriptor, image.manifest.descriptor | {"digest": f"sha256:{'0' * 64}"}]
        for place, content in blobs.items():
            _add(archive, place, content)
        _add(archive, "index.json", json.dumps({"schemaVersion": 2, "manifests": listed}).encode())
        _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(archive, "manifest.json", json.dumps(described).encode())
    return path


SAVERS: Mapping[str, Callable[[Path, Sequence[str]], Path]] = {"before 25": save_as_before_25, "since 25": save_as_since_25}


def read_saved(path: Path) -> dict[str, Content]:
    """Return what is in an archive by the description that all versions write: by names."""
    with tarfile.open(path) as archive:
        described = json.loads(_read(archive, "manifest.json"))
        return {
            name: (_read(archive, image["Config"]), tuple(_read(archive, layer) for layer in image["Layers"]))
            for image in described
            for name in image["RepoTags"]
        }


def _images(names: Sequence[str]) -> list[tuple[Image, str]]:
    return [(make_image(name), name) for name in names]


def _place(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _read(archive: tarfile.TarFile, path: str) -> bytes:
    stream = archive.extractfile(path)
    assert stream, path
    return stream.read()
