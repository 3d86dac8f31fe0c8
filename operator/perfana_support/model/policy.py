"""The support policy as values: lines, releases, products, tag vocabulary. Built from a document by `policy_document`."""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from perfana_support.model.calendar import add_days, add_years
from perfana_support.model.configuration_policy import ConfigurationRules
from perfana_support.model.dependency_rules import DependencyRules
from perfana_support.model.image import ImageReference
from perfana_support.model.image_policy import Catalogue, ImageRules, build_catalogue
from perfana_support.model.platform_policy import PlatformRules
from perfana_support.model.release import Release
from perfana_support.model.support_policy import SupportRules


class ClockStart(StrEnum):
    """Which release starts a line's support clock; see docs/adr/0003-end-of-life.md."""

    SUCCESSOR_RELEASE = "SuccessorRelease"
    OWN_RELEASE = "OwnRelease"


class Numbering(StrEnum):
    """What a bare number means in a repository: the release, or a version of the component alone."""

    RELEASE = "Release"
    COMPONENT = "Component"


class Build(StrEnum):
    """What kind of build a tag names."""

    RELEASED = "Released"
    REPACKAGED = "Repackaged"
    SNAPSHOT = "Snapshot"
    BETA = "Beta"
    RELEASE_CANDIDATE = "ReleaseCandidate"
    MILESTONE = "Milestone"
    DEVELOPMENT = "Development"
    COMMIT = "Commit"
    FLOATING = "Floating"


class EndOfLifeRule(NamedTuple):
    """How end of life is counted: calendar years from a line's clock start; `lookahead_days` before it a line is at risk."""

    clock_starts_at: ClockStart
    years: int
    lookahead_days: int


class StatedLine(NamedTuple):
    """A release line as a policy document states it: `end_of_life_on` only where the policy names the day itself."""

    name: str
    first_released_on: date
    end_of_life_on: date | None
    tag_prefix: str


class Line(NamedTuple):
    """A release line, MAJOR.MINOR, in its succession.

    `end_of_life_on` is the last day of support, None while no successor is out; `is_end_stated` tells a day that the policy
    names from one that follows from the rule. Its releases are published as `tag_prefix` and the number.
    """

    name: str
    first_released_on: date
    end_of_life_on: date | None
    is_end_stated: bool
    successor: str | None
    place: int
    tag_prefix: str

    @property
    def number(self) -> tuple[int, int]:
        """The name as two numbers, comparable inside one numbering only."""
        return line_number(self.name)


class CatalogueRelease(NamedTuple):
    """A release that the policy lists, with the components' own versions where they are known."""

    version: str
    number: Release
    released_on: date
    fixes_security: bool = False
    components: tuple[tuple[str, Release], ...] = ()


class Defect(NamedTuple):
    """Releases `first` to `last` of some repositories that the vendor calls broken."""

    name: str
    repositories: frozenset[str]
    first: Release
    last: Release
    problem: str
    fixed_in: str


class Component(NamedTuple):
    """A repository that is part of a product line, and those that it took the place of."""

    repository: str
    optional: bool = False
    replaces: tuple[str, ...] = ()


class ProductLine(NamedTuple):
    """What the releases of some lines consist of. `same_release`: all components carry one number."""

    name: str
    lines: tuple[str, ...]
    numbering: Numbering
    same_release: bool
    components: tuple[Component, ...]


class TagRules(NamedTuple):
    """The vocabulary of tags. Qualifier names are lower case; whole-tag patterns are compiled from `<n>` and `<hex>`."""

    release_prefixes: tuple[str, ...]
    bare_prefixes: tuple[str, ...]
    qualifiers: Mapping[str, Build]
    whole_tags: tuple[tuple[str, re.Pattern[str], Build], ...]


class MirrorRule(NamedTuple):
    """Repositories below `prefix` are those below `source`, both normalised and ending in a slash."""

    prefix: str
    source: str


class PolicyFields(NamedTuple):
    """What a policy document states, after merging with its base."""

    name: str
    published_on: date
    max_policy_age_days: int
    end_of_life: EndOfLifeRule
    lines: tuple[Line, ...]
    releases: tuple[CatalogueRelease, ...]
    defects: tuple[Defect, ...]
    product_lines: tuple[ProductLine, ...]
    tools: frozenset[str]
    tags: TagRules
    mirrors: tuple[MirrorRule, ...]
    images: ImageRules
    configuration: ConfigurationRules
    platform: PlatformRules
    dependencies: DependencyRules
    support: SupportRules


class Policy:
    """A policy that rules can ask. Immutable; the indexes are computed on first use and kept."""

    fields: PolicyFields
    name: str
    published_on: date
    tags: TagRules

    def __init__(self, fields: PolicyFields) -> None:
        self.__dict__.update(fields=fields, name=fields.name, published_on=fields.published_on, tags=fields.tags)

    def __setattr__(self, field: str, value: object) -> None:
        raise AttributeError(f"a policy is immutable, {field} cannot be set")

    @cached_property
    def catalogue(self) -> Catalogue:
        """The digests that the policy lists."""
        return build_catalogue(self.fields.images.digests)

    @cached_property
    def lines(self) -> dict[str, Line]:
        """Lines by name, in order of succession."""
        return {line.name: line for line in self.fields.lines}

    @cached_property
    def releases(self) -> dict[Release, CatalogueRelease]:
        """Listed releases by number."""
        return {release.number: release for release in self.fields.releases}

    @cached_property
    def product_lines_of(self) -> dict[str, tuple[ProductLine, ...]]:
        """The product lines that a component's repository belongs to."""
        found: dict[str, tuple[ProductLine, ...]] = {}
        for product_line in self.fields.product_lines:
            for component in product_line.components:
                found[component.repository] = (*found.get(component.repository, ()), product_line)
        return found

    @cached_property
    def component_names(self) -> dict[str, str]:
        """Component repositories by their last path segment, the name that survives a copy into another registry."""
        return {repository.rpartition("/")[2]: repository for repository in self.product_lines_of}

    @cached_property
    def organisations(self) -> frozenset[str]:
        """Where the vendor publishes components: their repositories without the last segment."""
        return frozenset(repository.rpartition("/")[0] for repository in self.product_lines_of)

    @cached_property
    def tool_names(self) -> frozenset[str]:
        """The vendor's tools by their last path segment."""
        return frozenset(repository.rpartition("/")[2] for repository in self.fields.tools)

    @cached_property
    def successors_of(self) -> dict[str, str]:
        """Retired repositories and the one that took their place."""
        return {
            retired: component.repository
            for product_line in self.fields.product_lines
            for component in product_line.components
            for retired in component.replaces
        }

    @cached_property
    def component_releases(self) -> dict[tuple[str, Release], CatalogueRelease]:
        """The release that lists a component's own version; the earliest line when several do."""
        found: dict[tuple[str, Release], CatalogueRelease] = {}
        for release in sorted(self.fields.releases, key=self.succession, reverse=True):
            for repository, version in release.components:
                found[repository, version] = release
        return found

    @cached_property
    def newest_of_line(self) -> dict[str, CatalogueRelease]:
        """The highest listed release of each line."""
        newest: dict[str, CatalogueRelease] = {}
        for release in self.fields.releases:
            line = release.number.line
            if line not in newest or newest[line].number < release.number:
                newest[line] = release
        return newest

    @cached_property
    def security_releases(self) -> dict[str, tuple[CatalogueRelease, ...]]:
        """Listed releases that fix security faults, by line, ascending."""
        found: dict[str, list[CatalogueRelease]] = {}
        for release in self.fields.releases:
            if release.fixes_security:
                found.setdefault(release.number.line, []).append(release)
        return {line: tuple(sorted(releases, key=lambda release: release.number)) for line, releases in found.items()}

    @cached_property
    def numberings(self) -> tuple[tuple[Line, ...], ...]:
        """Runs of lines whose numbers rise: the numbering started anew where the next line's number is lower."""
        runs: list[list[Line]] = []
        for line in self.fields.lines:
            if runs and runs[-1][-1].number < line.number:
                runs[-1].append(line)
            else:
                runs.append([line])
        return tuple(tuple(run) for run in runs)

    def product_line_of(self, line_name: str) -> ProductLine | None:
        """The product line that says what a line consists of; there is at most one."""
        return next((each for each in self.fields.product_lines if line_name in each.lines), None)

    def has_component(self, line_name: str, repository: str, release: CatalogueRelease | None) -> bool:
        """Whether a line has a component, by what the line is said to consist of; true where nothing is said.

        A release that lists the component has it, whatever its line's product line says.
        """
        product_line = self.product_line_of(line_name)
        if product_line is None or any(component.repository == repository for component in product_line.components):
            return True
        return release is not None and any(name == repository for name, _ in release.components)

    def succession(self, release: CatalogueRelease) -> tuple[int, Release]:
        """Sort key: the order of lines first, numbers only inside a line."""
        return self.lines[release.number.line].place, release.number

    def at_risk_from(self, line: Line) -> date | None:
        """The first day on which the line's end of life is near enough to warn, None while it has none."""
        if line.end_of_life_on is None:
            return None
        return add_days(line.end_of_life_on, -self.fields.end_of_life.lookahead_days)

    @cached_property
    def stale_after(self) -> date:
        """The last day on which this policy is young enough to be relied on."""
        return add_days(self.published_on, self.fields.max_policy_age_days)

    def resolve_mirror(self, reference: ImageReference) -> tuple[str, bool]:
        """The repository that the reference is a copy of, and whether a mirror rule said so; the longest prefix wins."""
        name = reference.repository
        for rule in sorted(self.fields.mirrors, key=lambda rule: len(rule.prefix), reverse=True):
            if name.startswith(rule.prefix):
                return rule.source + name[len(rule.prefix) :], True
        return name, False


def line_number(name: str) -> tuple[int, int]:
    """The two numbers of a line's name, `2.10` as (2, 10)."""
    major, minor = name.split(".")
    return int(major), int(minor)


def date_lines(stated: list[StatedLine], rule: EndOfLifeRule) -> tuple[Line, ...]:
    """Lines with their end of life, from those stated in order of succession.

    A day that the policy states wins over the rule, so that a vendor's exception needs no other policy.
    """
    lines = []
    for place, line in enumerate(stated):
        follower = stated[place + 1] if place + 1 < len(stated) else None
        if rule.clock_starts_at is ClockStart.OWN_RELEASE:
            start: date | None = line.first_released_on
        else:
            start = follower.first_released_on if follower else None
        end = line.end_of_life_on or (add_years(start, rule.years) if start else None)
        successor = follower.name if follower else None
        is_end_stated = line.end_of_life_on is not None
        lines.append(Line(line.name, line.first_released_on, end, is_end_stated, successor, place, line.tag_prefix))
    return tuple(lines)
