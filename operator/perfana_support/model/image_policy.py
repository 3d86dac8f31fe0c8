"""How much proof is asked that an image is the vendor's own, and which digests are known to be."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from perfana_support.model.document import Node
from perfana_support.model.release import Release

KEYED_LISTS = {"digests": "digest"}

# Digits of a digest by its algorithm (opencontainers/image-spec, descriptor.md).
_DIGEST_LENGTHS = {"sha256": 64, "sha512": 128}
_HEX = frozenset("0123456789abcdef")
# A policy lists the few digests that somebody runs: six images with an index, two platforms and two configs each are thirty a
# release. The vendor's whole catalogue belongs into objects of its own.
MAX_DIGESTS = 256
_CACHE_HOURS = 24
# A digest is 71 characters, of which the first tell it from any other.
_SHOWN_DIGEST = 19
_MAX_CACHE_HOURS = 8760


class Verification(StrEnum):
    """How much proof is asked: where the image comes from, what its registry serves, or what the catalogue lists."""

    REFERENCE = "Reference"
    REGISTRY = "Registry"
    CATALOGUE = "Catalogue"


class ListedDigest(NamedTuple):
    """A digest that the vendor served for a release of a component: of an index, a platform's manifest or a config."""

    digest: str
    repository: str
    release: str
    number: Release


class ImageRules(NamedTuple):
    """The rules that `spec.images` states beside its mirrors. `registry_cache_hours` is how long a registry's answer holds."""

    verification: Verification = Verification.REFERENCE
    digests: tuple[ListedDigest, ...] = ()
    registry_cache_hours: int = _CACHE_HOURS


class Catalogue(NamedTuple):
    """What each known digest was served as. A tag can be pushed again and content be tagged twice, so there may be several."""

    listed: Mapping[str, tuple[ListedDigest, ...]] = {}

    def of(self, digest: str) -> tuple[ListedDigest, ...]:
        """All that a digest was served as, nothing for one that is not known."""
        return self.listed.get(digest, ())

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
    node.finish()
    return ImageRules(verification or Verification.REFERENCE, digests, hours or _CACHE_HOURS)


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
    node.finish()
    return ListedDigest(digest, repository, str(node.data["release"]), number) if digest and repository and number else None


def _digest(raw: object) -> str | None:
    return to_digest(raw) if isinstance(raw, str) else None
