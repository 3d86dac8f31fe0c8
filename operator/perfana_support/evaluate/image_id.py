"""What container runtimes report for the image of a running container."""

from perfana_support.model.image import parse_image
from perfana_support.model.image_policy import to_digest


def read_image_id(image_id: str) -> str | None:
    """The digest in what a runtime reports: `docker.io/perfana/x@sha256:…`, `docker-pullable://…`, `sha256:…`, bare digits.

    Whether it is an index's, a manifest's or a config's digest depends on the runtime, and only a catalogue or a registry can
    tell.
    """
    text = image_id.rpartition("://")[2].rpartition("@")[2]
    return to_digest(text if ":" in text else f"sha256:{text}")


def reported_repository(image_id: str) -> str:
    """The repository in what a runtime reports, "" for none. It may be another than was asked for, of the same content."""
    name, has_digest, _ = image_id.rpartition("://")[2].rpartition("@")
    reference = parse_image(name) if has_digest else None
    return reference.repository if reference else ""
