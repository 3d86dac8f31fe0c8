"""The installation as it would be after an upgrade: what stays, what goes, what is new."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perfana_support.evaluate.inventory import Inventory, identify, short_repository
from perfana_support.model.check import Target
from perfana_support.model.image import parse_image
from perfana_support.model.installation import Container, Installation, Workload
from perfana_support.model.policy import Policy, ProductLine
from perfana_support.model.release import Release, parse_release


class Upgrade(NamedTuple):
    """An installation after an upgrade, with the repositories that it retires and brings, as people write them.

    `problem` says why the target cannot be judged at all, "" when it can.
    """

    installation: Installation
    retires: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    problem: str = ""


def upgrade_to(target: Target, installation: Installation, inventory: Inventory, policy: Policy) -> Upgrade:
    """Replace the components by those of the target; everything else (dependencies, platform) stays as it is."""
    if target.images:
        return _to_images(target.images, installation, inventory, policy)
    number = parse_release(target.release)
    if number is None:
        return Upgrade(installation, problem=f"target {target.release!r} is no release number")
    product_line = next((each for each in policy.fields.product_lines if number.line in each.lines), None)
    if product_line is None:
        return Upgrade(installation, problem=f"no product line of policy {policy.name} has line {number.line}")
    return _to_release(target.release, number, product_line, installation, inventory, policy)


def _to_release(  # noqa: PLR0913 - the target in three forms, and what it is applied to
    text: str,
    number: Release,
    product_line: ProductLine,
    installation: Installation,
    inventory: Inventory,
    policy: Policy,
) -> Upgrade:
    listed, line = policy.releases.get(number), policy.lines.get(number.line)
    tag = (line.tag_prefix if line else "") + (listed.version if listed else text)
    running = {component.repository: component for component in inventory.components}
    wanted = [
        component.repository
        for component in product_line.components
        if not component.optional or component.repository in running
    ]
    images = {repository: f"{short_repository(repository)}:{tag}" for repository in wanted}
    return _replace(images, running, installation, policy)


def _to_images(images: tuple[str, ...], installation: Installation, inventory: Inventory, policy: Policy) -> Upgrade:
    wanted: dict[str, str] = {}
    others: list[str] = []
    for image in images:
        reference = parse_image(image)
        identity = identify(reference, policy) if reference else None
        if identity is None or identity[0] in wanted:
            others.append(image)  # judged as well, beside the first
        else:
            wanted[identity[0]] = image
    running = {component.repository: component for component in inventory.components}
    return _replace(wanted, {name: part for name, part in running.items() if name in wanted}, installation, policy, others)


def _replace(
    images: dict[str, str],
    replaced: Mapping[str, object],
    installation: Installation,
    policy: Policy,
    others: Iterable[str] = (),
) -> Upgrade:
    """The installation with the `replaced` components on their image of the target, those without one gone, new ones added."""
    workloads: list[Workload] = []
    placed: set[str] = set()
    for workload in installation.workloads:
        containers = []
        for container in workload.containers:
            reference = parse_image(container.image)
            identity = identify(reference, policy) if reference else None
            if identity is None or identity[0] not in replaced:
                containers.append(container)
            elif identity[0] in images and not workload.owner:
                placed.add(identity[0])
                containers.append(container._replace(image=images[identity[0]], image_id=""))
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
