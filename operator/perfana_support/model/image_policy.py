"""How much proof is asked that an image is the vendor's own, and which digests are known to be."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from perfana_support.model.document import Node, present
from perfana_support.model.image import parse_image
from perfana_support.model.registry import MadeOf, Registry, SecretName
from perfana_support.model.release import Release

KEYED_LISTS = {"digests": "digest", "registries": "name"}

# Digits of a digest by its algorithm (opencontainers/image-spec, descriptor.md).
_DIGEST_LENGTHS = {"sha256": 64, "sha512": 128}
_HEX = frozenset("0123456789abcdef")
# A policy lists the few digests that somebody runs: six images with an index, two platforms and two configs each are thirty a
# release. The vendor's whole catalogue belongs into objects of its own.
MAX_DIGESTS = 256
# The vendor's, one's own, and the mirrors of both.
MAX_REGISTRIES = 32
_CACHE_HOURS = 24
# Host, port and path alone: a password or a question in it would end up in logs.
_ENDPOINT = re.compile(r"https?://[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?(/[a-zA-Z0-9._~-]+)*/?", re.ASCII)
# A digest is 71 characters, of which the first tell it from any other.
_SHOWN_DIGEST = 19
_MAX_CACHE_HOURS = 8760


class Verification(StrEnum):
    """How much proof is asked: where the image comes from, what its registry serves, or what the catalogue lists."""

    REFERENCE = "Reference"
    REGISTRY = "Registry"
    CATALOGUE = "Catalogue"


class ListedDigest(NamedTuple):
    """A digest that the vendor served for a release of a component: of an index, a platform's manifest or a config.

    Of a config `made_of` can say what a copy would have to be made of, however it is packed.
    """

    digest: str
    repository: str
    release: str
    number: Release
    made_of: MadeOf | None = None


class ImageRules(NamedTuple):
    """The rules that `spec.images` states beside its mirrors.

    `registry_cache_hours` is how long a registry's answer holds. `registries` are those that may be asked; no other ever is.
    """

    verification: Verification = Verification.REFERENCE
    digests: tuple[ListedDigest, ...] = ()
    registry_cache_hours: int = _CACHE_HOURS
    registries: tuple[Registry, ...] = ()


class Catalogue(NamedTuple):
    """What each known digest was served as. A tag can be pushed again and content be tagged twice, so there may be several."""

    listed: Mapping[str, tuple[ListedDigest, ...]] = {}

    def of(self, digest: str) -> tuple[ListedDigest, ...]:
        """All that a digest was served as, nothing for one that is not known."""
        return self.listed.get(digest, ())

    def made_of(self, repository: str, number: Release) -> tuple[MadeOf, ...]:
        """What the images of a component's release are made of, as far as that is listed."""
        found = (entry for entries in self.listed.values() for entry in entries)
        wanted = (entry.made_of for entry in found if (entry.repository, entry.number) == (repository, number))
        return present(wanted)

    def count_of(self, repository: str, number: Release) -> int:
        """How many digests are listed for a release of a component."""
        return sum(
            (entry.repository, entry.number) == (repository, number) for entries in self.listed.values() for entry in entries
        )


def build_catalogue(digests: Iterable[ListedDigest]) -> Catalogue:
    """The catalogue of some digests, from one policy or from several sources together."""
    listed: dict[str, tuple[ListedDigest, ...]] = {}
    for entry in digests:
        known = listed.get(entry.digest, ())
        if entry not in known:
            listed[entry.digest] = (*known, entry)
    return Catalogue(listed)


def read_images(node: Node) -> ImageRules:
    """The rules that `spec.images` states; the caller has read `mirrors` from the same node before."""
    verification = node.choice("verification", Verification)
    hours = node.whole("registryCacheHours", 1, _MAX_CACHE_HOURS)
    entries = list(node.nodes("digests", "digest"))
    if len(entries) > MAX_DIGESTS:
        node.fail("digests", f"must list at most {MAX_DIGESTS} digests, has {len(entries)}")
    digests = tuple(listed for entry in entries[:MAX_DIGESTS] if (listed := _read_digest(entry)))
    named = list(node.nodes("registries", "name"))
    if len(named) > MAX_REGISTRIES:
        node.fail("registries", f"must list at most {MAX_REGISTRIES} registries, has {len(named)}")
    registries = present(map(_read_registry, named[:MAX_REGISTRIES]))
    node.finish()
    return ImageRules(verification or Verification.REFERENCE, digests, hours or _CACHE_HOURS, registries)


def to_digest(text: str) -> str | None:
    """A digest as `algorithm:hex` in lower case, None for anything else."""
    algorithm, _, digits = text.lower().partition(":")
    return f"{algorithm}:{digits}" if _DIGEST_LENGTHS.get(algorithm) == len(digits) and _HEX.issuperset(digits) else None


def shown_digest(digest: str) -> str:
    """A digest as sentences name it: enough of it to tell it from any other. What is none stays as it is."""
    return digest[:_SHOWN_DIGEST] + "…" if to_digest(digest) else digest


def _read_digest(node: Node) -> ListedDigest | None:
    digest = node.read("digest", _digest, "a digest as sha256: and 64 hexadecimal digits", required=True)
    repository = node.repository("repository", required=True)
    number = node.release("release", required=True)
    made_node = node.node("madeOf")
    made = _read_made_of(made_node) if isinstance(node.data.get("madeOf"), Mapping) else None
    node.finish()
    if not (digest and repository and number):
        return None
    return ListedDigest(digest, repository, str(node.data["release"]), number, made)


def _read_made_of(node: Node) -> MadeOf | None:
    form = "a digest as sha256: and 64 hexadecimal digits"
    platform = node.text("platform", "a platform such as linux/amd64", required=True)
    layers = node.read("layers", _digest, form, required=True)
    settings = node.read("settings", _digest, form, required=True)
    node.finish()
    return MadeOf(platform, layers, settings) if platform and layers and settings else None


def _read_registry(node: Node) -> Registry | None:
    name = node.read("name", _registry_name, "a registry as images name it, for example harbor.example.com", required=True)
    form = "an address such as https://harbor.example.com/v2/dockerhub"
    endpoint = node.read("endpoint", _endpoint, form, required=False)
    secret_node = node.node("pullSecret")
    secret = _read_secret_name(secret_node) if isinstance(node.data.get("pullSecret"), Mapping) else None
    node.finish()
    return Registry(name, endpoint or "", secret) if name else None


def _read_secret_name(node: Node) -> SecretName | None:
    namespace, name = node.text("namespace", required=True), node.text("name", required=True)
    node.finish()
    return SecretName(namespace, name) if namespace and name else None


def _registry_name(raw: object) -> str | None:
    """A registry's name in the form that references have once they are read."""
    reference = parse_image(f"{raw}/x/x") if isinstance(raw, str) and raw == raw.lower() else None
    return reference.registry if reference and reference.path == "x/x" else None


def _endpoint(raw: object) -> str | None:
    return raw if isinstance(raw, str) and _ENDPOINT.fullmatch(raw) else None


def _digest(raw: object) -> str | None:
    return to_digest(raw) if isinstance(raw, str) else None
