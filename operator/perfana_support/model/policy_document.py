"""A SupportPolicy document: its form, how it merges with its base, and what must hold across its fields."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple, TypeGuard, TypeVar

from perfana_support.model import (
    configuration_policy,
    dependency_policy,
    image_policy,
    platform_policy,
    support_policy,
    tag_policy,
)
from perfana_support.model.document import (
    REPOSITORY_FORM,
    DocumentError,
    Node,
    Problem,
    SoundNode,
    present,
    shown,
    shown_field,
)
from perfana_support.model.image import normalise_repository, to_repository
from perfana_support.model.policy import (
    CatalogueRelease,
    ClockStart,
    Component,
    Defect,
    EndOfLifeRule,
    MirrorRule,
    Numbering,
    Policy,
    PolicyFields,
    ProductLine,
    StatedLine,
    date_lines,
)

API_VERSION = "support.perfana.io/v1alpha1"
KIND = "SupportPolicy"
_OBJECT_FIELDS = ("apiVersion", "kind", "metadata", "spec", "status")

# The lists that merge entry by entry, and the field that tells their entries apart.
KEYED_LISTS: Mapping[str, str] = {
    "lines": "name",
    "releases": "version",
    "defects": "name",
    "productLines": "name",
    "components": "repository",
    "mirrors": "from",
    **tag_policy.KEYED_LISTS,
    **image_policy.KEYED_LISTS,
    **configuration_policy.KEYED_LISTS,
    **platform_policy.KEYED_LISTS,
    **dependency_policy.KEYED_LISTS,
    **support_policy.KEYED_LISTS,
}
_LINE_NAME = re.compile(r"(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})", re.ASCII)
_REPOSITORY = re.compile(r"[a-z0-9][a-z0-9._:-]*(?:/[a-z0-9._-]+)+", re.ASCII)
_T = TypeVar("_T")


class BasePolicy(StrEnum):
    """What a policy builds on: the built-in one, or nothing."""

    DEFAULT = "Default"
    NONE = "None"


class Base(NamedTuple):
    """The built-in policy's spec as plain data, to merge a user's policy into."""

    spec: Mapping[str, Any]


def build_policy(document: object, base: Base | None) -> Policy:
    """The policy that a document states, merged with `base` unless it asks for none.

    Raises `DocumentError` with every problem found: of form first, by the document's own indexes, as the API server names them;
    if the form holds, of what the merged policy lacks or contradicts, by the keys of its entries. `base` None stands for
    reading the built-in policy itself, of which the form is known to hold.
    """
    name, spec = _open(document)
    problems: list[Problem] = []
    if base is None:
        whole: Node = SoundNode(spec, "spec", problems)
    else:
        _read_spec(name, Node(spec, "spec", problems), is_whole=False)
        if problems:
            raise DocumentError(problems)
        if spec.get("basePolicy") != BasePolicy.NONE:
            spec = merge_specs(base.spec, spec)
        whole = Node(spec, "spec", problems, by_key=True)
    fields = _read_spec(name, whole, is_whole=True)
    if problems or fields is None:
        raise DocumentError(problems)
    return Policy(fields)


def _open(document: object) -> tuple[str, Mapping[str, Any]]:
    """Name and spec of an object that claims to be a policy."""
    if not isinstance(document, Mapping):
        raise DocumentError([Problem("document", f"must be a {KIND} object")])
    problems = [
        Problem(field, f"must be {wanted}, is {shown(document.get(field))}")
        for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND))
        if document.get(field) != wanted
    ]
    # What slipped out of the spec by its indentation would be ignored otherwise.
    problems += [
        Problem(shown_field(field), f"is not a known field, known are {', '.join(_OBJECT_FIELDS)}")
        for field in document
        if field not in _OBJECT_FIELDS
    ]
    metadata, spec = document.get("metadata"), document.get("spec")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not isinstance(name, str) or not name:
        problems.append(Problem("metadata.name", "is missing, must be the policy's name"))
    if not isinstance(spec, Mapping):
        problems.append(Problem("spec", "is missing, must be a mapping"))
    if problems or not isinstance(spec, Mapping):
        raise DocumentError(problems)
    return str(name), spec


def merge_specs(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """The overlay's fields over the base's: mappings merge by field, keyed lists by entry, all else is replaced.

    Entries of the base keep their place and new ones follow, so a line that is new comes after all known ones.
    """
    merged = dict(base)
    for field, value in overlay.items():
        below = merged.get(field)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[field] = merge_specs(below, value)
        elif field in KEYED_LISTS and _are_entries(value) and _are_entries(below):
            key = KEYED_LISTS[field]
            entries = {entry[key]: entry for entry in below}
            for entry in value:
                entries[entry[key]] = merge_specs(entries.get(entry[key], {}), entry)
            merged[field] = list(entries.values())
        else:
            merged[field] = value
    return merged


def _read_spec(name: str, spec: Node, *, is_whole: bool) -> PolicyFields | None:
    """All fields of a spec. `is_whole` demands what a complete policy needs; otherwise only the form of what is there."""
    spec.choice("basePolicy", BasePolicy)
    published_on = spec.day("publishedOn", required=is_whole)
    max_age = spec.whole("maxPolicyAgeDays", 1, 36500)
    rule = _read_end_of_life(spec.node("endOfLife"), is_whole=is_whole)
    lines = _read_lines(spec, is_whole=is_whole)
    releases = [_read_release(node, is_whole=is_whole) for node in spec.nodes("releases", "version")]
    defects = [_read_defect(node, is_whole=is_whole) for node in spec.nodes("defects", "name")]
    product_lines = [_read_product_line(node, is_whole=is_whole) for node in spec.nodes("productLines", "name")]
    tools = frozenset(spec.values("tools", "a list of image repositories", to_repository, REPOSITORY_FORM))
    tags = tag_policy.read_tags(spec.node("tags"))
    images = spec.node("images")
    stated_mirrors = list(images.nodes("mirrors", "from"))
    mirrors = [_read_mirror(node, is_whole=is_whole) for node in stated_mirrors]
    image_rules = image_policy.read_images(images)
    configuration = configuration_policy.read_configuration(spec.node("configuration"))
    platform = platform_policy.read_platform(spec.node("platform"), is_whole=is_whole)
    dependencies = dependency_policy.read_dependencies(spec.node("dependencies"), is_whole=is_whole)
    support = support_policy.read_support(spec.node("support"), is_whole=is_whole)
    spec.finish()
    if not is_whole:
        return None
    if not lines:
        spec.fail("lines", "must list at least one release line")
    if not product_lines:
        spec.fail("productLines", "must list at least one product line, else no image is a component")
    # By what is stated and not by what could be read, so that one fault of a line is one problem.
    known = frozenset(str(node.data.get("name")) for node in Node(spec.data, "", []).nodes("lines", "name"))
    if len(present(mirrors)) == len(stated_mirrors):
        _check_mirrors(list(present(mirrors)), stated_mirrors, spec.problems)
    _check_whole(spec, lines, present(releases), present(product_lines), known)
    dependency_policy.check_dependencies("spec.dependencies", dependencies, known, spec.problems)
    named = [(f'defects["{each.name}"].repositories', each.repositories) for each in present(defects)]
    named += [(f'images.digests["{each.digest}"].repository', frozenset({each.repository})) for each in image_rules.digests]
    _check_repositories(named, present(product_lines), spec.problems)
    if spec.problems or published_on is None or rule is None:
        return None
    return PolicyFields(
        name=name,
        published_on=published_on,
        max_policy_age_days=max_age or 180,
        end_of_life=rule,
        lines=date_lines(lines, rule),
        releases=present(releases),
        defects=present(defects),
        product_lines=present(product_lines),
        tools=tools,
        tags=tags,
        mirrors=present(mirrors),
        images=image_rules,
        configuration=configuration,
        platform=platform,
        dependencies=dependencies,
        support=support,
    )


def _are_entries(value: object) -> TypeGuard[list[Mapping[str, Any]]]:
    """Whether a list holds mappings: `lines` does in a spec, and holds names in a product line."""
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)


def _check_whole(
    spec: Node,
    lines: list[StatedLine],
    releases: tuple[CatalogueRelease, ...],
    product_lines: tuple[ProductLine, ...],
    known: frozenset[str],
) -> None:
    """What must hold across fields: lines in their order, releases listed once, names that exist, one owner of each line.

    Where no line is known at all, that is the problem and not every name of one.
    """
    _check_lines(lines, spec.problems)
    spelled: dict[tuple[int, ...], str] = {}
    for release in releases:
        first = spelled.setdefault(release.number, release.version)
        if first != release.version:
            message = f"must be listed once, {first} is the same release: a missing number is 0"
            spec.problems.append(Problem(f'spec.releases["{release.version}"].version', message))
    _check_releases(lines, releases, known, spec.problems)
    owners: dict[str, str] = {}
    for product_line in product_lines:
        path = f'spec.productLines["{product_line.name}"].lines'
        for name in product_line.lines:
            owner = owners.setdefault(name, product_line.name)
            if owner != product_line.name:
                spec.problems.append(Problem(path, f"must not name line {name}, which {owner!r} names already"))
            if known and name not in known:
                spec.problems.append(Problem(path, f"must name lines of spec.lines, {name!r} is not one"))


def _check_releases(
    lines: list[StatedLine], releases: tuple[CatalogueRelease, ...], known: frozenset[str], problems: list[Problem]
) -> None:
    """A release is of a line that is listed, and out no earlier than its line."""
    began = {line.name: line.first_released_on for line in lines}
    for release in releases:
        path, name = f'spec.releases["{release.version}"]', release.number.line
        if known and name not in known:
            problems.append(Problem(f"{path}.version", f"must be of a line of spec.lines, {name} is not one"))
        elif name in began and release.released_on < began[name]:
            message = f"must not be before {began[name]}, when line {name} came out, is {release.released_on}"
            problems.append(Problem(f"{path}.releasedOn", message))


def _check_mirrors(mirrors: list[MirrorRule], stated: list[Node], problems: list[Problem]) -> None:
    """Two spellings of one prefix would let their order decide."""
    seen: dict[str, str] = {}
    for rule, node in zip(mirrors, stated, strict=True):
        spelled = str(node.data["from"])
        first = seen.setdefault(rule.prefix, spelled)
        if first != spelled:
            problems.append(Problem(f'spec.images.mirrors["{spelled}"].from', f"must be listed once, {first} is the same"))


def _check_repositories(
    named: list[tuple[str, frozenset[str]]], product_lines: tuple[ProductLine, ...], problems: list[Problem]
) -> None:
    """What is said of an image must be said of a component: a slip of the hand would be a rule that never applies."""
    known = {component.repository for product_line in product_lines for component in product_line.components}
    problems += [
        Problem(f"spec.{path}", f"must name components of spec.productLines, {name} is not one")
        for path, repositories in (named if known else ())
        for name in sorted(repositories - known)
    ]


def _check_lines(lines: list[StatedLine], problems: list[Problem]) -> None:
    """Lines came out in the order in which they are listed, and none ended before."""
    for line in lines:
        if line.end_of_life_on and line.end_of_life_on < line.first_released_on:
            message = f"must not be before {line.first_released_on}, when the line came out, is {line.end_of_life_on}"
            problems.append(Problem(f'spec.lines["{line.name}"].endOfLifeOn', message))
    for before, line in pairwise(lines):
        if line.first_released_on < before.first_released_on:
            message = (
                f"must not be before {before.first_released_on}, when its predecessor {before.name} came out, "
                f"is {line.first_released_on}"
            )
            problems.append(Problem(f'spec.lines["{line.name}"].firstReleasedOn', message))


def _read_end_of_life(node: Node, *, is_whole: bool) -> EndOfLifeRule | None:
    clock = node.choice("clockStartsAt", ClockStart, required=is_whole)
    years = node.whole("years", 0, 100, required=is_whole)
    lookahead = node.whole("lookaheadDays", 0, 3650, required=is_whole)
    node.finish()
    if clock is None or years is None or lookahead is None:
        return None
    return EndOfLifeRule(clock, years, lookahead)


def _read_lines(spec: Node, *, is_whole: bool) -> list[StatedLine]:
    lines = []
    for node in spec.nodes("lines", "name"):
        name = node.read("name", _line_name, 'a line as MAJOR.MINOR, for example "4.0"', required=True)
        first = node.day("firstReleasedOn", required=is_whole)
        end = node.day("endOfLifeOn")
        tag_prefix = node.text("tagPrefix")
        node.finish()
        if name and first:
            lines.append(StatedLine(name, first, end, tag_prefix or ""))
    return lines


def _read_release(node: Node, *, is_whole: bool) -> CatalogueRelease | None:
    number = node.release("version", required=True)
    released_on = node.day("releasedOn", required=is_whole)
    fixes_security = node.flag("fixesSecurity")
    components = []
    if "components" in node.data:
        for component in node.nodes("components", "repository"):
            repository = component.repository("repository", required=True)
            own = component.release("version", required=True)
            component.finish()
            if repository and own:
                components.append((repository, own))
    node.seen.append("components")
    node.finish()
    if number is None or released_on is None:
        return None
    return CatalogueRelease(str(node.data["version"]), number, released_on, bool(fixes_security), tuple(components))


def _read_defect(node: Node, *, is_whole: bool) -> Defect | None:
    name = node.text("name", required=True)
    repositories = node.values("repositories", "a list of image repositories", to_repository, REPOSITORY_FORM)
    first = node.release("from", required=is_whole)
    last = node.release("to", required=is_whole)
    problem = node.text("problem", required=is_whole)
    is_release = node.release("fixedIn", required=is_whole)
    fixed_in = str(node.data["fixedIn"]) if is_release else None
    node.finish()
    if first and last and last < first:
        node.fail("to", f"must not be lower than from, is {node.data['to']!r}")
    if name is None or first is None or last is None or problem is None or fixed_in is None:
        return None
    return Defect(name, frozenset(repositories), first, last, problem, fixed_in)


def _read_product_line(node: Node, *, is_whole: bool) -> ProductLine | None:
    name = node.text("name", required=True)
    lines = node.texts("lines", "a list of line names")
    numbering = node.choice("numbering", Numbering, required=is_whole)
    same_release = node.flag("sameRelease")
    components = []
    for component in node.nodes("components", "repository"):
        repository = component.repository("repository", required=True)
        optional = component.flag("optional")
        replaces = component.values("replaces", "a list of image repositories", to_repository, REPOSITORY_FORM)
        component.finish()
        if repository:
            components.append(Component(repository, bool(optional), replaces))
    node.finish()
    if name is None or numbering is None:
        return None
    return ProductLine(name, lines, numbering, bool(same_release), tuple(components))


def _read_mirror(node: Node, *, is_whole: bool) -> MirrorRule | None:
    form = "a registry or a path below it, ending in a slash: harbor.example.com/dockerhub/"
    prefix = node.read("from", _to_prefix, form, required=True)
    source = node.read("to", _to_prefix, form, required=is_whole)
    node.finish()
    return MirrorRule(prefix, source) if prefix and source else None


def _when_text(convert: Callable[[str], _T | None]) -> Callable[[object], _T | None]:
    return lambda raw: convert(raw) if isinstance(raw, str) else None


_line_name = _when_text(lambda text: text if _LINE_NAME.fullmatch(text) else None)


@_when_text
def _to_prefix(text: str) -> str | None:
    if not text.endswith("/") or not _REPOSITORY.fullmatch(text + "x"):
        return None
    # A registry alone is no repository: Docker Hub's `library/` must not slip between it and the path to come.
    registry, _, path = text.partition("/")
    return normalise_repository(f"{registry}/{path}x/x").removesuffix("x/x")
