"""Which containers are judged, and which release each of them runs."""

import re
from functools import lru_cache
from typing import NamedTuple

from perfana_support.evaluate.containers import visible_containers
from perfana_support.evaluate.seen_dependency import carried_by
from perfana_support.model.check import Check
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.image import ImageReference, parse_image
from perfana_support.model.installation import Container, Installation, Location, Subject, Workload
from perfana_support.model.policy import Build, CatalogueRelease, Line, Numbering, Policy
from perfana_support.model.release import Release
from perfana_support.model.tag import TagReading, read_tag

TEST_SUFFIX = "-test"
_SEPARATORS = re.compile(r"[-._]+")
_NO_TAG = TagReading("", None, is_line=False, is_release=False, build=Build.FLOATING)


class Component(NamedTuple):
    """A container that runs a Perfana component.

    `repository` is the policy's name for it, whatever registry it comes from. `release` is None when the tag names none
    or names a component version that no release lists; `line_name` is "" in the same cases, but set for a tag that names
    only a line. `line` is None for a line that the policy does not list. `image_ids` is what runtimes report for its running
    containers, for a template those of all its pods, in order and each once.
    """

    subject: Subject
    location: Location | None
    reference: ImageReference
    repository: str
    is_test: bool
    tag: TagReading
    release: Release | None
    listed: CatalogueRelease | None
    line_name: str
    line: Line | None
    image_ids: tuple[str, ...] = ()

    @property
    def short_name(self) -> str:
        """The repository without registry, as people write it: `perfana/perfana-web`."""
        return short_repository(self.repository)

    @property
    def release_text(self) -> str:
        """The release as its listing or its tag spells it, "" when there is none."""
        if self.release is None:
            return ""
        return self.listed.version if self.listed else self.tag.text

    def finding(self, code: Code, message: str, remediation: str, detail: str = "") -> Finding:
        """A finding about the container that runs it."""
        return Finding(code, self.subject, message, remediation, self.location, detail=detail)


class Unreadable(NamedTuple):
    """A container whose image reference no runtime could read: it may be anything."""

    subject: Subject
    location: Location | None


class Lookalike(NamedTuple):
    """A container whose image is called like the vendor's or a component and is none that the policy lists.

    `reason` says what it is called like: a name under which a changed component may hide.
    """

    subject: Subject
    location: Location | None
    reason: str


class Inventory(NamedTuple):
    """The containers of an installation that rules look at."""

    namespace: str
    components: tuple[Component, ...]
    unreadable: tuple[Unreadable, ...]
    lookalikes: tuple[Lookalike, ...]
    gaps: tuple[str, ...]


def take_inventory(installation: Installation, policy: Policy) -> Inventory:
    """Sort the containers of an installation by their image."""
    components: list[Component] = []
    unreadable: list[Unreadable] = []
    lookalikes: list[Lookalike] = []
    image_ids = _image_ids(installation)
    for workload, container in visible_containers(installation):
        subject = _subject(workload, container)
        reference = parse_image(container.image)
        if reference is None:
            unreadable.append(Unreadable(subject, container.location))
            continue
        component = recognise(container.image, policy)
        if component is not None:
            in_pods = image_ids.get((workload.kind, workload.name, container.name, container.image), ())
            running = tuple(sorted({container.image_id, *in_pods} - {""}))
            components.append(component._replace(subject=subject, location=container.location, image_ids=running))
        elif reason := _resembles(reference, container.image, workload.kind, policy):
            lookalikes.append(Lookalike(subject, container.location, reason))
    return Inventory(installation.namespace, tuple(components), tuple(unreadable), tuple(lookalikes), installation.gaps)


def _resembles(reference: ImageReference, image: str, kind: str, policy: Policy) -> str:
    """What an image that is no listed component is called like; "" for nothing of the vendor's, for a tool or a dependency."""
    repository, _ = policy.resolve_mirror(reference)
    organisation, _, name = repository.rpartition("/")
    if name in policy.tool_names or carried_by(image, kind, policy.fields.dependencies, policy):
        return ""
    if organisation in policy.organisations:
        return f"it is below {short_repository(organisation)}, where the vendor publishes"
    padded = f"-{_SEPARATORS.sub('-', name)}-"
    own = next((own for own in policy.component_names if f"-{own}-" in padded), "")
    return f"its name contains {own}" if own else ""


def _image_ids(installation: Installation) -> dict[tuple[str, str, str, str], set[str]]:
    """What runtimes report for the pods of each controller, by its kind and name and the container's name and image."""
    found: dict[tuple[str, str, str, str], set[str]] = {}
    for workload in installation.workloads:
        if workload.owner:
            for container in workload.containers:
                if container.image_id:
                    found.setdefault((*workload.owner, container.name, container.image), set()).add(container.image_id)
    return found


def identify(reference: ImageReference, policy: Policy) -> tuple[str, bool] | None:
    """The component that an image is, and whether from a test repository; None for everything else.

    After the mirror rules, the last path segment decides: a copy in a registry that no rule names is still that component,
    and judging too much is safer than missing one.
    """
    repository, _ = policy.resolve_mirror(reference)
    if repository in policy.product_lines_of:
        return repository, False
    name = repository.rpartition("/")[2]
    if name in policy.component_names:
        return policy.component_names[name], False
    tested = name.removesuffix(TEST_SUFFIX)
    if tested in policy.component_names:
        return policy.component_names[tested], True
    return None


def short_repository(repository: str) -> str:
    """A repository as people write it, without Docker Hub's name."""
    return repository.removeprefix("docker.io/")


def select(installation: Installation, check: Check, policy: Policy) -> Installation:
    """The part of a namespace that a check's selector means: of the components those with its labels.

    What runs no component (a database, a proxy) rarely carries an installation's labels, and belongs to all of them. Pods
    belong to their controller, whatever their own labels: tools label the one without the other.
    """

    def is_meant(workload: Workload) -> bool:
        images = [container.image for container in workload.containers]
        is_component = any(parse_image(image) is None or recognise(image, policy) for image in images)
        return not is_component or check.selects(workload.labels)

    owners = {(each.kind, each.name) for each in installation.workloads if not each.owner and is_meant(each)}
    chosen = tuple(workload for workload in installation.workloads if workload.owner in owners or is_meant(workload))
    is_part = installation.is_part or len(chosen) < len(installation.workloads)
    return installation._replace(workloads=chosen, is_part=is_part)


def _subject(workload: Workload, container: Container) -> Subject:
    return Subject(workload.kind, workload.namespace, workload.name, container.name, container.image)


@lru_cache(maxsize=1024)
def recognise(image: str, policy: Policy) -> Component | None:
    """The component that an image is, wherever it runs; None for everything else. Kept: a fleet runs the same few images."""
    reference = parse_image(image)
    identity = identify(reference, policy) if reference else None
    if reference is None or identity is None:
        return None
    repository, is_test = identity
    # Without a tag a runtime takes `latest`; beside a digest the tag is only what someone wrote, yet all there is to go by.
    tag = read_tag(reference.tag, policy.tags) if reference.tag else _NO_TAG
    if tag.number is None and reference.digest:
        tag = _read_digest(reference.digest, repository, policy) or tag
    release, listed = _release_of(repository, tag, policy)
    line_name = release.line if release else ""
    if tag.is_line and tag.number and is_numbered_by_release(repository, tag, policy):
        line_name = tag.number.line
    line = policy.lines.get(line_name)
    nowhere = Subject("", image=image)
    return Component(nowhere, None, reference, repository, is_test, tag, release, listed, line_name, line)


def _read_digest(digest: str, repository: str, policy: Policy) -> TagReading | None:
    """What a pinned digest is listed as, where the tag says nothing; None when it is not listed, or for several releases."""
    listed = [entry for entry in policy.catalogue.of(digest.lower()) if entry.repository == repository]
    if len({entry.number for entry in listed}) != 1:
        return None
    return TagReading(listed[0].release, listed[0].number, is_line=False, is_release=True, build=Build.RELEASED)


def _release_of(repository: str, tag: TagReading, policy: Policy) -> tuple[Release | None, CatalogueRelease | None]:
    if tag.number is None or tag.is_line:
        return None, None
    if is_numbered_by_release(repository, tag, policy):
        return tag.number, policy.releases.get(tag.number)
    listed = policy.component_releases.get((repository, tag.number))
    return (listed.number, listed) if listed else (None, None)


def is_numbered_by_release(repository: str, tag: TagReading, policy: Policy) -> bool:
    """Whether the tag's number is a release: by its prefix, or because the repository numbers by release."""
    return tag.is_release or any(
        product_line.numbering is Numbering.RELEASE for product_line in policy.product_lines_of[repository]
    )
