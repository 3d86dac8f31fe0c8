"""ImagesUnmodified: does every component run the vendor's own image?"""

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from perfana_support.evaluate.image_id import read_image_id
from perfana_support.evaluate.inventory import TEST_SUFFIX, Component, Inventory, Lookalike, short_repository
from perfana_support.evaluate.remedy import published_image
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding, exactly
from perfana_support.model.image_policy import Catalogue, ImageRules, ListedDigest, Verification, shown_digest, to_digest
from perfana_support.model.installation import Subject
from perfana_support.model.policy import Build, Policy

if TYPE_CHECKING:
    from perfana_support.evaluate.image_proof import Proofs, Proven

_MAX_SHOWN = 80


def judge(inventory: Inventory, policy: Policy, rules: ImageRules, catalogue: Catalogue, proofs: "Proofs") -> Iterator[Finding]:
    """All findings about where images come from and what runs of them. `proofs` are those of each component in order.

    What the catalogue knows counts under every verification: it is evidence at hand. A digest that it does not know is asked
    for only where the policy demands that proof, and is never held to be modified unless a registry proves it.
    """
    for component, proven in zip(inventory.components, proofs or [()] * len(inventory.components), strict=True):
        yield from _judge_component(component, policy, rules, catalogue, proven)
    for lookalike in inventory.lookalikes:
        yield _resembling(lookalike, policy)
    yield from _mixed_digests(inventory, policy)


def _resembling(lookalike: Lookalike, policy: Policy) -> Finding:
    """An image that may be a changed component under another name."""
    message = (
        f"{lookalike.subject.image} is no image that policy {policy.name} lists, and {lookalike.reason}: "
        "it may be a changed or renamed component"
    )
    remedy = (
        "set image to the vendor's own; one that is no component belongs under spec.tools of the policy, "
        "a component that the policy lacks under spec.productLines"
    )
    return Finding(Code.UNOFFICIAL_REPOSITORY, lookalike.subject, message, remedy, lookalike.location)


def _judge_component(
    component: Component, policy: Policy, rules: ImageRules, catalogue: Catalogue, proven: "tuple[Proven, ...]"
) -> Iterator[Finding]:
    proven_digests = {each.digest for each in proven if each.is_the_vendors}
    mismatches = list(_mismatches(component, policy, rules, catalogue, proven_digests))
    yield from mismatches
    if component.tag.build is Build.REPACKAGED:
        # Built by the customer as the vendor documents it, and pushed to a registry of their own: no digest, layer or origin of
        # it can match, so that is all there is to say.
        message = (
            f"tag {component.reference.tag} names a repackaged image: the vendor documents how it is built, "
            "and nothing about the result can be proven"
        )
        original = published_image(component.repository, component.tag.text, component.line_name, policy)
        yield component.finding(Code.REPACKAGED_IMAGE, message, f"where proof is needed, set image to the original: {original}")
        return
    if mismatches:
        return
    is_verified = _is_verified(component, catalogue)
    repository, _ = policy.resolve_mirror(component.reference)
    official = component.repository + (TEST_SUFFIX if component.is_test else "")
    is_proven = is_verified or (bool(proven) and all(each.is_the_vendors for each in proven) and not _unreadable(component))
    if repository != official and not is_proven:
        prefix, source = _missing_rule(component.reference.repository, official)
        message = (
            f"{component.subject.image} comes from {prefix.rstrip('/')}, and no mirror rule of policy {policy.name} says that "
            f"images there are copies of those at {source.rstrip('/')}"
        )
        remedy = (
            f"set image to one at {short_repository(official)}, or, if it is copied from there unchanged, add to the policy: "
            f"spec.images.mirrors: [{{from: {prefix}, to: {source}}}]"
        )
        yield component.finding(Code.UNOFFICIAL_REPOSITORY, message, remedy)
    if rules.verification is Verification.CATALOGUE and not is_verified:
        yield _unlisted(component, catalogue)
    if rules.verification is Verification.REGISTRY and not is_verified:
        from perfana_support.evaluate.image_proof import judge_proven  # noqa: PLC0415 - only who asks registries pays for it

        yield from judge_proven(component, policy, proven)
        unreadable = _unreadable(component)
        yield from (_unreadable_id(component, image_id) for image_id in unreadable)
        if not proven and not unreadable:  # what nobody looked at is not proven
            yield _unlisted(component, catalogue)


def _missing_rule(repository: str, official: str) -> tuple[str, str]:
    """The mirror rule that makes a repository the official one: what stands before the segments that both end in."""
    ours, theirs = repository.split("/"), official.split("/")
    same = 1
    while same < min(len(ours), len(theirs)) - 1 and ours[-same - 1] == theirs[-same - 1]:
        same += 1
    return "/".join(ours[:-same]) + "/", "/".join(theirs[:-same]) + "/"


def _mismatches(
    component: Component, policy: Policy, rules: ImageRules, catalogue: Catalogue, proven: Container[str]
) -> Iterator[Finding]:
    """Digests that the catalogue knows as something else than the image reference says, and no registry as just that.

    A reference that contradicts itself is a `TagDigestMismatch`. So is a tag that runs other content, unless the policy asks
    for proof by digest: then that content is not what it has to be, which is `ImageModified`.
    """
    image_name = f"{component.short_name}:{component.reference.tag or 'latest'}"
    for digest, is_pinned in _digests(component):
        entries = catalogue.of(digest)
        if digest in proven or not entries or any(agrees(component, entry) for entry in entries):
            continue
        known = " and ".join(
            sorted({published_image(entry.repository, entry.release, entry.number.line, policy) for entry in entries})
        )
        what = f"digest {shown_digest(digest)} is that of {known}, and the image reference says {image_name}"
        if is_pinned:
            remedy = f"set image to {image_name} without the digest, or to what the digest is of: {known}"
            yield component.finding(Code.TAG_DIGEST_MISMATCH, what, remedy, digest)
            return
        code = Code.TAG_DIGEST_MISMATCH if rules.verification is Verification.REFERENCE else Code.IMAGE_MODIFIED
        remedy = f"set image to {known}, or pull {image_name} from {short_repository(component.repository)} anew"
        yield component.finding(code, f"{what}: the digest is what runs", remedy, digest)


def agrees(component: Component, entry: ListedDigest) -> bool:
    """Whether a tag can stand for what a digest was served as; one that names no release can, for any of its repository."""
    if entry.repository != component.repository:
        return False
    if component.release is not None:
        return component.release == entry.number
    return not component.line_name or component.line_name == entry.number.line


def _is_verified(component: Component, catalogue: Catalogue) -> bool:
    """Whether everything that runs, or the digest that pins it, is listed; what is listed as something else is found before."""
    pinned = to_digest(component.reference.digest or "")
    if pinned and catalogue.of(pinned):
        return True
    running = [read_image_id(image_id) for image_id in component.image_ids]
    return bool(running) and all(digest and catalogue.of(digest) for digest in running)


def _unlisted(component: Component, catalogue: Catalogue) -> Finding:
    """The image whose content the catalogue cannot vouch for, with the reason."""
    unlisted = [digest for digest, _ in _digests(component) if not catalogue.of(digest)]
    unreadable = _unreadable(component)
    if unlisted:
        why = f"digest {shown_digest(unlisted[0])} is not in the catalogue, {_listed(component, catalogue)}"
    elif unreadable:
        why = _holds_no_digest(unreadable[0])
    else:
        why = "the reference has no digest, and no running container shows one"
    remedy = "set image to a listed digest, or list this one under spec.images.digests of the policy"
    if not unlisted and not unreadable:
        remedy = "pin the image by its digest, or let the operator judge what runs"
    detail = exactly(*unlisted, *unreadable)
    return component.finding(Code.DIGEST_UNVERIFIED, f"{component.subject.image}: {why}", remedy, detail)


def _unreadable_id(component: Component, image_id: str) -> Finding:
    """A running container of which nobody can tell what it runs."""
    what = f"{component.subject.image}: {_holds_no_digest(image_id)}"
    remedy = "pin the image by its digest, or pull it from a registry"
    return component.finding(Code.DIGEST_UNVERIFIED, what, remedy, exactly(image_id))


def _unreadable(component: Component) -> list[str]:
    return [image_id for image_id in component.image_ids if read_image_id(image_id) is None]


def _holds_no_digest(image_id: str) -> str:
    return f"the runtime reports {image_id[:_MAX_SHOWN]!r}, which holds no digest to compare"


def _listed(component: Component, catalogue: Catalogue) -> str:
    if component.release is None:
        return "and the tag names no release to look for"
    count = catalogue.count_of(component.repository, component.release)
    return f"which lists {count or 'none'} for {component.short_name} {component.release_text}"


def _digests(component: Component) -> Iterator[tuple[str, bool]]:
    """The digests that are known of a component, the one that its reference is pinned to first and marked."""
    pinned = to_digest(component.reference.digest or "")
    if pinned:
        yield pinned, True
    running = {read_image_id(image_id) for image_id in component.image_ids}
    yield from ((digest, False) for digest in sorted(digest for digest in running if digest and digest != pinned))


def _mixed_digests(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    """Tags under which different content runs at once.

    A bare id is a config's digest and no manifest's: the two are not held against each other.
    """
    seen: dict[tuple[str, str, bool], dict[str, set[str]]] = {}
    for component in inventory.components:
        reference = component.reference
        if reference.tag is None and reference.digest is not None:
            continue
        repository, _ = policy.resolve_mirror(reference)
        for digest, is_bare in _comparable(component):
            key = (repository, reference.tag or "latest", is_bare)
            subject = component.subject
            seen.setdefault(key, {}).setdefault(digest, set()).add(f"{subject.kind} {subject.name}")
    for (repository, tag, _), digests in sorted(seen.items()):
        if len(digests) > 1:
            image_name = f"{short_repository(repository)}:{tag}"
            listing = "; ".join(
                f"{shown_digest(digest)} in {', '.join(sorted(users))}" for digest, users in sorted(digests.items())
            )
            yield Finding(
                Code.MIXED_DIGESTS,
                Subject("Installation", namespace=inventory.namespace, image=image_name),
                f"{image_name} stands for different digests at once: {listing}",
                f"pin the image by one digest: {image_name}@{min(digests)}",
                detail=exactly(*sorted(digests)),
            )


def _comparable(component: Component) -> Iterator[tuple[str, bool]]:
    """The digests of a component that may be held against another's; a pinned one stands for all that runs under it."""
    pinned = to_digest(component.reference.digest or "")
    if pinned:
        yield pinned, False
        return
    for image_id in component.image_ids:
        digest = read_image_id(image_id)
        if digest:
            yield digest, "@" not in image_id
