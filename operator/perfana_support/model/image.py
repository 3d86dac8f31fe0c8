"""Image references as container runtimes read them, normalised so that two spellings of one repository are equal."""

import re
from functools import lru_cache
from typing import NamedTuple

DEFAULT_REGISTRY = "docker.io"
# Other names under which Docker Hub answers (distribution/reference, `normalize.go`, and Docker's own documentation).
DOCKER_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"})

_HTTPS_PORT = ":443"

_REGISTRY = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?", re.ASCII)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
# The algorithms that runtimes know, each with its length (opencontainers/go-digest, `algorithm.go`); they refuse any other.
_DIGEST = re.compile(r"sha256:[0-9a-fA-F]{64}|sha384:[0-9a-fA-F]{96}|sha512:[0-9a-fA-F]{128}", re.ASCII)
# A repository name is limited to 255 characters by the distribution specification; 512 leaves room for tag and digest.
_MAX_LENGTH = 512


class ImageReference(NamedTuple):
    """Where an image comes from: `registry/path:tag@digest`, tag and digest each None when absent.

    With tag and digest both, the digest is what runs.
    """

    registry: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """Registry and path, the name that mirror rules and comparisons use."""
        return f"{self.registry}/{self.path}"


@lru_cache(maxsize=1024)
def parse_image(text: str) -> ImageReference | None:
    """The reference that `text` spells, None where a container runtime would refuse it.

    The first segment is a registry when it has a dot, a port or is `localhost`; without one it is Docker Hub, and a
    single name there is below `library/` (the rules of distribution/reference).
    """
    if len(text) > _MAX_LENGTH:
        return None
    name, has_digest, digest = text.partition("@")
    if has_digest and not _DIGEST.fullmatch(digest):
        return None
    head, has_head, last = name.rpartition("/")
    last, has_tag, tag = last.partition(":")
    if has_tag and not _TAG.fullmatch(tag):
        return None
    name = f"{head}{has_head}{last}"
    registry, path = split_registry(name)
    if not _PATH.fullmatch(path) or not _REGISTRY.fullmatch(registry):
        return None
    return ImageReference(registry, path, tag or None, digest or None)


def split_registry(name: str) -> tuple[str, str]:
    """Registry and path of a repository name, normalised; the caller checks their characters."""
    first, has_slash, rest = name.partition("/")
    if has_slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        is_sound = _REGISTRY.fullmatch(first) is not None
        registry, path = first.lower().removesuffix(_HTTPS_PORT if is_sound else ""), rest
    else:
        registry, path = DEFAULT_REGISTRY, name
    if registry in DOCKER_HUB:
        registry = DEFAULT_REGISTRY
        path = path if "/" in path else f"library/{path}"
    return registry, path


def normalise_repository(name: str) -> str:
    """The full name of a repository written without tag, as in the policy: `perfana/perfana-web` is below docker.io."""
    return "/".join(split_registry(name))


def to_repository(raw: object) -> str | None:
    """The full name of a repository, None for what is not one with an organisation or registry and without tag and digest.

    In small letters alone: a runtime takes `Perfana/x` for a registry of that name, which nobody means.
    """
    reference = parse_image(raw) if isinstance(raw, str) and "/" in raw and raw == raw.lower() else None
    return reference.repository if reference and reference.tag is None and reference.digest is None else None
