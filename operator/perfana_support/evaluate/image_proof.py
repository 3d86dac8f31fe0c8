"""What registries prove of the images that run: a claim for each digest of a component, and what came of it."""

from collections.abc import Iterator
from typing import NamedTuple

from perfana_support.evaluate.image import agrees
from perfana_support.evaluate.image_id import read_image_id, reported_repository
from perfana_support.evaluate.inventory import TEST_SUFFIX, Component, Inventory
from perfana_support.evaluate.registry import Claim, Kind, Proof, prove
from perfana_support.evaluate.remedy import published_image
from perfana_support.model.answer import Question
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding, exactly
from perfana_support.model.image_policy import Catalogue, shown_digest, to_digest
from perfana_support.model.installation import Installation
from perfana_support.model.policy import Build, Policy

# What a proof against an image is called, and why nobody needs such an image.
_DISPROVEN = {
    Kind.DERIVED: (Code.DERIVED_IMAGE, "what was added can be mounted or run beside it"),
    Kind.RECONFIGURED: (Code.IMAGE_RECONFIGURED, "what was changed can be set in the pod spec"),
    Kind.MODIFIED: (Code.IMAGE_MODIFIED, "pull it from the vendor or a mirror that copies unchanged"),
}


class Proven(NamedTuple):
    """A digest of a component with its proof; "" where nothing runs and none is pinned, so that it is what the tag names."""

    digest: str
    proof: Proof

    @property
    def is_the_vendors(self) -> bool:
        """Whether it is the vendor's own content; a tag alone may name another tomorrow."""
        return bool(self.digest) and self.proof.kind is Kind.VENDORS


Proofs = tuple[tuple[Proven, ...], ...]


def prove_images(inventory: Inventory, installation: Installation, catalogue: Catalogue) -> Proofs:
    """The proofs of each component, in the inventory's order."""
    nodes = installation.platform.nodes if installation.platform else ()
    architectures = frozenset(node.architecture for node in nodes)
    return tuple(
        tuple(
            Proven(digest, prove(_claim(component, digest, reported, architectures, catalogue), installation.answers))
            for digest, reported in _to_prove(component, catalogue)
        )
        for component in inventory.components
    )


def open_questions(proofs: Proofs) -> tuple[Question, ...]:
    """What has to be asked before more can be said, each once."""
    missing = (question for proven in proofs for each in proven for question in each.proof.missing)
    return tuple(dict.fromkeys(missing))


def judge_proven(component: Component, policy: Policy, proven: tuple[Proven, ...]) -> Iterator[Finding]:
    """What registries say against an image, or why they say nothing: a finding for each digest."""
    original = published_image(component.repository, component.tag.text, component.line_name, policy)
    for digest, proof in proven:
        runs = f" runs {shown_digest(digest)}" if digest else ""
        what = f"{component.subject.image}{runs}: {proof.because}"
        if proof.kind in _DISPROVEN:
            code, advice = _DISPROVEN[proof.kind]
            yield component.finding(code, what, f"set image to the vendor's own, {original}; {advice}", exactly(digest))
        elif proof.kind is not Kind.VENDORS:
            remedy = (
                "make the registries that hold it readable (spec.images.registries of the policy), or list the digest under "
                "spec.images.digests"
            )
            yield component.finding(Code.DIGEST_UNVERIFIED, what, remedy, exactly(digest))


def _to_prove(component: Component, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """What runs, else what is pinned, else what the tag names, with the repository that the runtime names.

    What the catalogue lists as just that needs no proof.
    """
    if component.tag.build is Build.REPACKAGED:
        return
    running = {digest: reported_repository(each) for each in component.image_ids if (digest := read_image_id(each))}
    if not component.image_ids:
        running = {to_digest(component.reference.digest or "") or "": ""}
    for digest, reported in sorted(running.items()):
        if not any(agrees(component, entry) for entry in catalogue.of(digest)):
            yield digest, reported


def _claim(component: Component, digest: str, reported: str, architectures: frozenset[str], catalogue: Catalogue) -> Claim:
    reference = component.reference
    official = component.repository + (TEST_SUFFIX if component.is_test else "")
    tag = reference.tag or (None if reference.digest else "latest")
    listed = catalogue.made_of(component.repository, component.release) if component.release and not component.is_test else ()
    return Claim(official, tag, reference.repository, digest, architectures, listed, reported)
