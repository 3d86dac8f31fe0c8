"""The dependencies of an installation: what its containers run and what its check declares."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from perfana_support.evaluate.containers import visible_containers
from perfana_support.model.dependency import Reading, read_declared, read_image
from perfana_support.model.dependency_rules import DependencyRules
from perfana_support.model.image import parse_image
from perfana_support.model.installation import Container, ContainerRole, Installation, Location, Subject, Workload
from perfana_support.model.policy import Policy

# What runs to its end: a database in it is a client's image, such as that of a backup.
_ENDING_KINDS = frozenset({"Job", "CronJob"})


class Seen(NamedTuple):
    """A dependency and where it was found. `serves`: others can use it, unlike a client in an init container or a Job."""

    reading: Reading
    subject: Subject
    location: Location | None = None
    serves: bool = True
    is_declared: bool = False

    @property
    def product(self) -> str:
        """The product's name."""
        return self.reading.product


def take_dependencies(installation: Installation, rules: DependencyRules, policy: Policy) -> tuple[Seen, ...]:
    """All dependencies, the declared ones last."""
    return (*_running(installation, rules, policy), *_declared(installation, rules))


def _running(installation: Installation, rules: DependencyRules, policy: Policy) -> Iterator[Seen]:
    for workload, container in visible_containers(installation):
        readings = carried_by(container.image, workload.kind, rules, policy)
        if not readings or _is_told_by_pods(workload, container, installation, rules):
            continue
        kind = workload.owner[0] if workload.owner else workload.kind
        serves = container.role is ContainerRole.MAIN and kind not in _ENDING_KINDS
        subject = Subject(workload.kind, workload.namespace, workload.name, container.name, container.image)
        for reading in readings:
            yield Seen(reading, subject, container.location, serves)


@lru_cache(maxsize=1024)
def carried_by(image: str, kind: str, rules: DependencyRules, policy: Policy) -> tuple[Reading, ...]:
    """What an image carries. Kept, because the days to come are judged one after the other with the same images."""
    reference = parse_image(image)
    return read_image(policy.resolve_mirror(reference)[0], reference.tag, rules, kind) if reference else ()


def _declared(installation: Installation, rules: DependencyRules) -> Iterator[Seen]:
    for declared in installation.declared:
        reading = read_declared(declared.product, declared.version, rules)
        subject = Subject("Declaration", installation.namespace, declared.product)
        yield Seen(reading, subject, is_declared=True)


def _is_told_by_pods(workload: Workload, container: Container, installation: Installation, rules: DependencyRules) -> bool:
    """Whether an operator chose the image that its custom resource leaves open, and its pods show which."""
    if workload.kind not in rules.carriers_of_kind:
        return False
    reference = parse_image(container.image)
    if reference is None or reference.tag or reference.digest:
        return False
    return any(
        pod.owner == (workload.kind, workload.name) and any(each.name == container.name for each in pod.containers)
        for pod in installation.workloads
    )
