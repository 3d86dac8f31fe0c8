"""Which containers are judged, and which release each of them runs."""

from typing import NamedTuple

from perfana_support.model.image import ImageReference, parse_image
from perfana_support.model.installation import Container, Installation, Location, Subject, Workload
from perfana_support.model.policy import Build, CatalogueRelease, Line, Numbering, Policy
from perfana_support.model.release import Release
from perfana_support.model.tag import TagReading, read_tag

_TEST_SUFFIX = "-test"
_NO_TAG = TagReading("", None, is_line=False, is_release=False, build=Build.FLOATING)


class Component(NamedTuple):
    """A container that runs a Perfana component.

    `repository` is the policy's name for it, whatever registry it comes from. `release` is None when the tag names none
    or names a component version that no release lists; `line_name` is "" in the same cases, but set for a tag that names
    only a line. `line` is None for a line that the policy does not list.
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


class Unreadable(NamedTuple):
    """A container whose image reference no runtime could read: it may be anything."""

    subject: Subject
    location: Location | None


class Inventory(NamedTuple):
    """The containers of an installation that rules look at."""

    namespace: str
    components: tuple[Component, ...]
    unreadable: tuple[Unreadable, ...]
    gaps: tuple[str, ...]


def take_inventory(installation: Installation, policy: Policy) -> Inventory:
    """Sort the containers of an installation by their image.

    A pod adds only what its owner's template does not show: another image of the same container (an unfinished rollout, a
    patched pod) or a container of its own (an ephemeral one).
    """
    templates = {
        (workload.kind, workload.name, container.name, container.image)
        for workload in installation.workloads
        if workload.owner is None
        for container in workload.containers
    }
    components: list[Component] = []
    unreadable: list[Unreadable] = []
    for workload in installation.workloads:
        for container in workload.containers:
            if workload.owner and (*workload.owner, container.name, container.image) in templates:
                continue
            subject = _subject(workload, container)
            reference = parse_image(container.image)
            if reference is None:
                unreadable.append(Unreadable(subject, container.location))
                continue
            identity = identify(reference, policy)
            if identity is not None:
                components.append(_resolve(subject, container.location, reference, identity, policy))
    return Inventory(installation.namespace, tuple(components), tuple(unreadable), installation.gaps)


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
    tested = name.removesuffix(_TEST_SUFFIX)
    if tested != name and tested in policy.component_names:
        return policy.component_names[tested], True
    return None


def short_repository(repository: str) -> str:
    """A repository as people write it, without Docker Hub's name."""
    return repository.removeprefix("docker.io/")


def _subject(workload: Workload, container: Container) -> Subject:
    return Subject(workload.kind, workload.namespace, workload.name, container.name, container.image)


def _resolve(
    subject: Subject,
    location: Location | None,
    reference: ImageReference,
    identity: tuple[str, bool],
    policy: Policy,
) -> Component:
    repository, is_test = identity
    # Without a tag a runtime takes `latest`; beside a digest the tag is only what someone wrote, yet all there is to go by.
    tag = read_tag(reference.tag, policy.tags) if reference.tag else _NO_TAG
    release, listed = _release_of(repository, tag, policy)
    line_name = release.line if release else ""
    if tag.is_line and tag.number and is_numbered_by_release(repository, tag, policy):
        line_name = tag.number.line
    line = policy.lines.get(line_name)
    return Component(subject, location, reference, repository, is_test, tag, release, listed, line_name, line)


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
