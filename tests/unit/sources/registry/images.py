"""Images as registries hold them, made of nothing: configs, manifests and indexes with their digests."""

import json
from hashlib import sha256
from typing import Any, NamedTuple

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
TYPES = {
    "oci": (f"{OCI}.index.v1+json", f"{OCI}.manifest.v1+json", f"{OCI}.config.v1+json"),
    "docker": (
        f"{DOCKER}.distribution.manifest.list.v2+json",
        f"{DOCKER}.distribution.manifest.v2+json",
        f"{DOCKER}.container.image.v1+json",
    ),
}


class Blob(NamedTuple):
    """Some content and what it is called."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """Its digest."""
        return "sha256:" + sha256(self.content).hexdigest()


def blob(media_type: str, document: object) -> Blob:
    """A document as JSON."""
    return Blob(media_type, json.dumps(document).encode())


def config(*layers: str, family: str = "oci", **fields: Any) -> Blob:  # noqa: ANN401 - fields of a config
    """A config whose diff ids stand for named layers."""
    document: dict[str, Any] = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(each.encode()).hexdigest()}" for each in layers]},
        "config": {"Entrypoint": ["node"], "Env": ["B=2", "A=1"], "Labels": {"built": "today"}},
        "history": [{"created_by": f"ADD {each}"} for each in layers],
    }
    return blob(TYPES[family][2], document | fields)


def manifest(of: Blob, family: str = "oci", **fields: Any) -> Blob:  # noqa: ANN401 - fields of a manifest
    """A manifest of a config."""
    document = {
        "schemaVersion": 2,
        "mediaType": TYPES[family][1],
        "config": {"mediaType": of.media_type, "digest": of.digest, "size": len(of.content)},
        "layers": [],
    }
    return blob(TYPES[family][1], document | fields)


def index(*entries: tuple[str, Blob], family: str = "oci", **fields: Any) -> Blob:  # noqa: ANN401 - fields of an index
    """An index of manifests, each with its platform."""
    listed = []
    for platform, each in entries:
        parts = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
        listed.append({"mediaType": each.media_type, "digest": each.digest, "size": len(each.content), "platform": parts})
    document = {"schemaVersion": 2, "mediaType": TYPES[family][0], "manifests": listed}
    return blob(TYPES[family][0], document | fields)
