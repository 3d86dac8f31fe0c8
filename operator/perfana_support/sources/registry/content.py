"""Manifests, indexes and configs as registries serve them, read into what rules compare.

Every content is checked against its digest before it is read: what a registry, a mirror or somebody between says is worth
nothing until then. Of what is read, only what rules compare is kept; a layer is never asked for.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from perfana_support.model.answer import Config, Index, Manifest, PlatformEntry
from perfana_support.model.image_policy import to_digest

# Both families of names, for both are served (opencontainers/image-spec, media-types.md; docker/distribution, schema 2).
INDEX_TYPES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
MANIFEST_TYPES = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
CONFIG_TYPES = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
ACCEPTED = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))
# What a runtime takes from a config; labels, exposed ports and health checks change nothing that Kubernetes runs.
SETTINGS = ("Entrypoint", "Cmd", "Env", "User", "WorkingDir", "Volumes", "StopSignal", "Shell")
# Other names of architectures, with the variant that they imply; and variants that say nothing.
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "i386": ("386", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_SAME = frozenset({("amd64", "v1"), ("arm64", "v8"), ("arm64", "8"), ("arm", "v7"), ("arm", "7")})
# An index for every platform that there is has some dozens; one with more is no image.
MAX_ENTRIES = 200
# The fields that are read of any of these documents, by their folded spelling.
_FIELDS = {
    name.casefold(): name
    for name in (
        *("mediaType", "manifests", "config", "digest", "platform", "rootfs", "diff_ids"),
        *("os", "architecture", "variant", *SETTINGS),
    )
}
_MAX_SHOWN = 80
_MAX_COMMAND = 200
_MAX_PLATFORM = 60


class ContentError(Exception):
    """Content that is not what its digest or its kind promises; the message is a sentence's end."""


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """The digest of some content."""
    return f"{algorithm}:{hashlib.new(algorithm, content, usedforsecurity=True).hexdigest()}"


def verify(content: bytes, digest: str) -> None:
    """Raise `ContentError` where the content has another digest."""
    algorithm = digest.partition(":")[0]
    if to_digest(digest) is None:
        raise ContentError(f"{digest[:_MAX_SHOWN]!r} is no digest")
    found = digest_of(content, algorithm)
    if found != digest:
        raise ContentError(f"its content has the digest {found}, not {digest}")


def read_manifest(content: bytes, media_type: str = "") -> Index | Manifest:
    """An index or a manifest. Raises `ContentError` for anything else, such as a manifest of schema 1.

    What the document calls itself counts, else what the registry calls it (`media_type`).
    """
    document = _mapping(_parsed(content), "a manifest")
    named = document.get("mediaType") or media_type.partition(";")[0].strip()
    digest = digest_of(content)
    if named in INDEX_TYPES or ("manifests" in document and named not in MANIFEST_TYPES):
        return Index(digest, tuple(_entries(document)))
    if named in MANIFEST_TYPES or "config" in document:
        config = _mapping(document.get("config"), "its config")
        config_type = config.get("mediaType")
        if config_type not in CONFIG_TYPES:
            raise ContentError(f"it is no image: its config is {str(config_type)[:_MAX_SHOWN]!r}")
        return Manifest(digest, _digest(config.get("digest"), "its config's digest"))
    raise ContentError(f"{str(named)[:_MAX_SHOWN]!r} is no manifest that can be compared")


def read_config(content: bytes) -> Config:
    """An image's config. Raises `ContentError`."""
    document = _mapping(_parsed(content), "a config")
    rootfs = _mapping(document.get("rootfs"), "rootfs")
    stated = rootfs.get("diff_ids")
    if not isinstance(stated, list):
        raise ContentError("its rootfs.diff_ids are no list")
    diff_ids = tuple(_digest(each, "a diff id") for each in stated)
    settings = _mapping(document.get("config") or {}, "config")
    return Config(
        digest_of(content),
        _platform(document),
        diff_ids,
        tuple((name, _written(name, settings[name])) for name in SETTINGS if settings.get(name)),
        _commands(document.get("history"), len(diff_ids)),
    )


def _entries(document: Mapping[str, Any]) -> list[PlatformEntry]:
    listed = document.get("manifests")
    if not isinstance(listed, list):
        raise ContentError("its manifests are no list")
    if len(listed) > MAX_ENTRIES:
        raise ContentError(f"it lists more than {MAX_ENTRIES} manifests")
    entries = []
    for each in listed:
        entry = _mapping(each, "an entry of an index")
        if entry.get("mediaType") not in {None, *INDEX_TYPES, *MANIFEST_TYPES}:
            continue  # no runtime takes it for an image
        name = _platform(_mapping(entry.get("platform") or {}, "a platform"))
        # How buildx marks what describes an image and is none (docs.docker.com, attestation storage).
        if name != "unknown/unknown":
            entries.append(PlatformEntry(name, _digest(entry.get("digest"), "an entry's digest")))
    return entries


def _platform(stated: Mapping[str, Any]) -> str:
    """A platform in the form that runtimes bring it into before they choose (containerd/platforms, `database.go`)."""
    system, architecture, variant = (str(stated.get(part) or "").strip().lower() for part in ("os", "architecture", "variant"))
    architecture, own_variant = _ARCHITECTURES.get(architecture, (architecture, ""))
    variant = variant or own_variant
    if (architecture, variant) in _SAME:
        variant = ""
    platform = "/".join(filter(None, (system, architecture, variant)))
    if len(platform) > _MAX_PLATFORM or not platform.isprintable():
        raise ContentError(f"{platform[:_MAX_PLATFORM]!r} is no platform")
    return platform


def _commands(history: object, layers: int) -> tuple[str, ...]:
    """The command behind each layer; none at all where they do not match the layers one by one."""
    if not isinstance(history, list):
        return ()
    steps = [step for step in history if isinstance(step, Mapping) and not step.get("empty_layer")]
    if len(steps) != layers:
        return ()
    return tuple(" ".join(str(step.get("created_by") or "").split())[:_MAX_COMMAND] for step in steps)


def _written(name: str, value: object) -> str:
    """A setting in one form: variables in order of their names, for builders write them as they come."""
    if name == "Env" and isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = sorted(value, key=lambda each: each.partition("=")[0])
    return json.dumps(value, sort_keys=True)


def _digest(value: object, what: str) -> str:
    digest = to_digest(value) if isinstance(value, str) else None
    if digest is None:
        raise ContentError(f"{what} is {str(value)[:_MAX_SHOWN]!r}")
    return digest


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    """A mapping of fields, in their own spelling: runtimes take `entrypoint` for `Entrypoint` as well."""
    if not isinstance(value, Mapping):
        raise ContentError(f"{what} is no mapping")
    odd = next((key for key in value if _FIELDS.get(key.casefold(), key) != key), None)
    if odd is not None:
        raise ContentError(f"{odd[:_MAX_SHOWN]!r} in {what} is no spelling of {_FIELDS[odd.casefold()]}")
    return value


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content, object_pairs_hook=_exact)
    except (ValueError, RecursionError) as error:
        raise ContentError(f"it is no JSON ({error})") from error


def _exact(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which nothing stands twice: runtimes join what does (encoding/json of Go, "Unmarshal")."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ContentError(f"{key[:_MAX_SHOWN]!r} stands twice in it")
        found[key] = value
    return found
