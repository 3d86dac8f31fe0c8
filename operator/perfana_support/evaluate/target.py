"""The installation as it would be after an upgrade: what stays, what goes, what is new."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from perfana_support.evaluate.inventory import Component, Inventory, recognise, short_repository
from perfana_support.model.check import Target
from perfana_support.model.image import parse_image
from perfana_support.model.installation import Container, Installation, Workload
from perfana_support.model.policy import Build, CatalogueRelease, Policy, ProductLine
from perfana_support.model.release import Release, parse_release


class Upgrade(NamedTuple):
    """An installation after an upgrade, with the repositories that it retires and brings, as people write them.

    `release` is the one that the target means, "" where it names images. `problem` says why the target cannot be judged at all,
    "" when it can.
    """

    installation: Installation
    retires: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    release: str = ""
    problem: str = ""


def upgrade_to(target: Target, installation: Installation, inventory: Inventory, policy: Policy, as_of: date) -> Upgrade:
    """Replace the components by those of the target; everything else (dependencies, platform) stays as it is."""
    if target.images:
        return _to_images(target.images, installation, inventory, policy)
    wanted = _without_prefix(target.release, policy)
    number = read_release(target.release, policy)
    if number is None:
        return Upgrade(installation, problem=f"target {target.release!r} is no release number such as 4.0.0")
    product_line = policy.product_line_of(number.line)
    if product_line is None:
        return Upgrade(installation, problem=f"no product line of policy {policy.name} has line {number.line}")
    listed = policy.releases.get(number)
    text = listed.version if listed else wanted
    if wanted.count(".") == 1:
        newest = _newest_that_is_out(number.line, policy, as_of)
        if newest is None:
            return Upgrade(installation, problem=f"policy {policy.name} lists no release of line {number.line} by {as_of}")
        text = newest.version
    return _to_release(text, number.line, product_line, installation, inventory, policy)


def read_release(text: str, policy: Policy) -> Release | None:
    """The release or the first of a line that a target names, None for a text that names none."""
    return parse_release(_without_prefix(text, policy))


def _without_prefix(text: str, policy: Policy) -> str:
    prefixes = policy.tags.release_prefixes
    return next((text.removeprefix(prefix) for prefix in prefixes if text.startswith(prefix)), text)


def _newest_that_is_out(line_name: str, policy: Policy, as_of: date) -> CatalogueRelease | None:
    """The release that a line's name alone means."""
    out = [each for each in policy.fields.releases if each.number.line == line_name and each.released_on <= as_of]
    return max(out, key=lambda each: each.number, default=None)


def _to_release(  # noqa: PLR0913 - the target in its parts, and what it is applied to
    text: str,
    line_name: str,
    product_line: ProductLine,
    installation: Installation,
    inventory: Inventory,
    policy: Policy,
) -> Upgrade:
    line = policy.lines.get(line_name)
    tag = (line.tag_prefix if line else "") + text
    # Of several containers of one component the one that comes from elsewhere counts, whatever their order.
    components = sorted(inventory.components, key=lambda component: (_is_custom(component), component.subject))
    running = {component.repository: component for component in components}
    wanted = [
        component.repository
        for component in product_line.components
        if not component.optional or component.repository in running
    ]
    custom = next((component for component in components if _is_custom(component)), None)
    images = {name: _image_of(name, tag, running.get(name) or custom) for name in wanted}
    return _replace(images, running, installation, policy)._replace(release=text)


def _is_custom(component: Component) -> bool:
    """Whether the component is not pulled from the vendor as it is: from another registry or rebuilt."""
    return component.reference.repository != component.repository or component.tag.build is Build.REPACKAGED


def _image_of(repository: str, tag: str, like: Component | None) -> str:
    """A component's image of the target, from where `like` comes and rebuilt as that is: an upgrade changes neither."""
    if like is None or like.is_test or not _is_custom(like):
        return f"{short_repository(repository)}:{tag}"
    reference = like.reference
    path = reference.path if like.repository == repository else _beside(reference.path, repository)
    is_rebuilt = like.tag.build is Build.REPACKAGED and reference.tag
    qualifiers = (reference.tag or "").partition(like.tag.text)[2] if is_rebuilt else ""
    return f"{short_repository(f'{reference.registry}/{path}')}:{tag}{qualifiers}"


def _beside(path: str, repository: str) -> str:
    """The path of another component in the same folder."""
    folder, has_folder, _ = path.rpartition("/")
    return f"{folder}{has_folder}{repository.rpartition('/')[2]}"


def _to_images(images: tuple[str, ...], installation: Installation, inventory: Inventory, policy: Policy) -> Upgrade:
    wanted: dict[str, str] = {}
    others: list[str] = []
    for image in images:
        component = recognise(image, policy)
        if component is None or component.repository in wanted:
            others.append(image)  # judged as well, beside the first
        else:
            wanted[component.repository] = image
    if not wanted and all(map(parse_image, images)):
        return Upgrade(installation, problem=f"target {', '.join(images)} is no image of a Perfana component")
    running = {component.repository: component for component in inventory.components}
    return _replace(wanted, {name: part for name, part in running.items() if name in wanted}, installation, policy, others)


def _replace(
    images: dict[str, str],
    replaced: Mapping[str, object],
    installation: Installation,
    policy: Policy,
    others: Iterable[str] = (),
) -> Upgrade:
    """The installation with the `replaced` components on their image of the target, those without one gone, new ones added.

    Pods too: what only they show, such as what a webhook sets, it will set again.
    """
    workloads: list[Workload] = []
    placed: set[str] = set()
    for workload in installation.workloads:
        containers = []
        for container in workload.containers:
            component = recognise(container.image, policy)
            if component is None or component.repository not in replaced:
                containers.append(container)
            elif component.repository in images:
                placed.add(component.repository)
                containers.append(container._replace(image=images[component.repository], image_id=""))
        if containers:
            workloads.append(workload._replace(containers=tuple(containers)))
    added = [(short_repository(name), image) for name, image in images.items() if name not in placed]
    added += [(image, image) for image in others]
    workloads += [Workload("Target", installation.namespace, name, (Container("target", image),)) for name, image in added]
    return Upgrade(
        installation._replace(workloads=tuple(workloads)),
        tuple(sorted(short_repository(name) for name in replaced if name not in images)),
        tuple(sorted(short_repository(name) for name in images if name not in replaced)),
    )
