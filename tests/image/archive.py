"""What is in an OCI archive of one image: its configuration, its layers, and the file system that they make."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImageArchive:
    """An image, read from a file."""

    digest: str
    name: str
    config: dict[str, Any]
    layers: tuple[bytes, ...]
    """As they are pushed: compressed."""

    def tars(self) -> list[bytes]:
        """Return the layers unpacked."""
        return [gzip.decompress(layer) for layer in self.layers]

    def entries(self, *, first: int = 0) -> list[tuple[tarfile.TarInfo, bytes]]:
        """Return all files of the layers from the `first` one on, with what is in them."""
        found = []
        for layer in self.tars()[first:]:
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                for entry in archive:
                    stream = archive.extractfile(entry) if entry.isfile() else None
                    found.append((entry, stream.read() if stream else b""))
        return found

    def unpack(self, folder: Path) -> None:
        """Write the file system into a folder."""
        for layer in self.tars():
            unpack = ["tar", "--extract", "--numeric-owner", "--preserve-permissions", f"--directory={folder}"]
            subprocess.run(unpack, input=layer, check=True)


def read_archive(path: Path) -> ImageArchive:
    """Read an archive that has one image."""
    with tarfile.open(path) as archive:
        files = {entry.name: stream.read() for entry in archive if (stream := archive.extractfile(entry))}
    (listed,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(_blob(files, listed["digest"]))
    return ImageArchive(
        digest=listed["digest"],
        name=next(iter(listed["annotations"].values())),
        config=json.loads(_blob(files, manifest["config"]["digest"])),
        layers=tuple(_blob(files, layer["digest"]) for layer in manifest["layers"]),
    )


def _blob(files: dict[str, bytes], digest: str) -> bytes:
    return files[f"blobs/{digest.replace(':', '/')}"]
