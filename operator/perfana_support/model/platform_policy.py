"""What the policy says about platforms: Kubernetes lines, distributions with calendars of their own, node architectures."""

import re
from datetime import date
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from perfana_support.model.document import Node, Problem
from perfana_support.model.kubernetes import KubernetesVersion

KEYED_LISTS = {"kubernetesLines": "name", "distributions": "name", "lines": "name"}

# <commit> is what git abbreviates a commit to; one longer or shorter is something else (a date has eight digits).
_PLACEHOLDERS = {"<n>": r"\d+", "<hex>": "[0-9a-f]+", "<commit>": "[0-9a-f]{7}", "<any>": "[0-9A-Za-z.+_-]+"}
_PLACEHOLDER = "(<[^>]*>)"
_LITERAL = "[0-9A-Za-z.+_-]*"
_SEPARATORS = ("-", "+", ".", "_")
_LINE = r"(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})"
_LINE_FORM = 'a Kubernetes line as MAJOR.MINOR, for example "1.36"'
_SUFFIX_FORM = (
    "a list of version suffixes that begin with - or +; <n> stands for a number, <hex> for hexadecimal digits, <commit> for "
    "seven of them, each before a separator or at the end, <any> for the rest"
)


class ExtendedSupport(StrEnum):
    """Who has a distribution's extended support: all who still run the line, who bought it, or nobody by this policy."""

    INCLUDED = "Included"
    OPTIONAL = "Optional"
    IGNORED = "Ignored"


class KubernetesLine(NamedTuple):
    """A line of upstream Kubernetes; `end_of_life_on` is its last day of support."""

    number: tuple[int, int]
    end_of_life_on: date


class DistributionLine(NamedTuple):
    """A line in a distribution's own calendar; `product_version` is what its vendor calls it ("4.18"), else ""."""

    number: tuple[int, int]
    end_of_life_on: date
    extended_until: date | None = None
    product_version: str = ""


class Distribution(NamedTuple):
    """A distribution or managed service. Older lines than `minimum` are not supported, None for no such bound."""

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    is_supported: bool = True
    minimum: tuple[int, int] | None = None
    extended_support: ExtendedSupport = ExtendedSupport.IGNORED
    lines: tuple[DistributionLine, ...] = ()

    def line(self, number: tuple[int, int]) -> DistributionLine | None:
        """The line in this distribution's calendar."""
        return next((line for line in self.lines if line.number == number), None)

    def is_called(self, text: str) -> bool:
        """Whether people call it so: by its name, title or an alias, in any case."""
        return text.casefold() in {name.casefold() for name in (self.name, self.title, *self.aliases)}


class Window(NamedTuple):
    """How long a line is supported: to `until` for certain, to `optional_until` for who bought it. `by` names the calendar."""

    until: date
    optional_until: date | None
    by: str

    @property
    def last_day(self) -> date:
        """The day after which nobody supports the line."""
        return self.optional_until or self.until


class PlatformRules(NamedTuple):
    """What platforms are held against. Nothing listed under a heading restricts nothing there."""

    lines: tuple[KubernetesLine, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    architectures: tuple[str, ...] = ()
    operating_systems: tuple[str, ...] = ()
    max_kubelet_skew: int | None = None

    def detect(self, version: KubernetesVersion) -> Distribution | None:
        """The distribution that writes such a suffix. Of several the most literal pattern wins, so that order never matters."""
        suffix = version.suffix
        # Most patterns differ in their first two characters: this is asked often, for every version on every day looked at.
        sign, following = suffix[:1], (suffix[1:2], "<", "")
        found = [
            (-len(re.sub(_PLACEHOLDER, "", pattern)), distribution.name, distribution)
            for distribution in self.distributions
            for pattern in distribution.suffixes
            if pattern[0] == sign and pattern[1:2] in following and _is_written_so(pattern, suffix)
        ]
        return min(found, key=lambda entry: entry[:2])[2] if found else None

    def named(self, text: str) -> Distribution | None:
        """The distribution that a user means by a word."""
        return next((distribution for distribution in self.distributions if distribution.is_called(text)), None)

    def window(self, number: tuple[int, int], distribution: Distribution | None) -> Window | None:
        """How long a line is supported: by the later of upstream's day and the distribution's own; None if neither lists it."""
        own = distribution.line(number) if distribution else None
        ends = [(line.end_of_life_on, "upstream's calendar") for line in self.lines if line.number == number]
        optional = None
        if distribution and own:
            ends.append((own.end_of_life_on, f"the calendar of {distribution.title}"))
            if own.extended_until and distribution.extended_support is ExtendedSupport.INCLUDED:
                ends.append((own.extended_until, f"the extended support of {distribution.title}"))
            elif distribution.extended_support is ExtendedSupport.OPTIONAL:
                optional = own.extended_until
        if not ends:
            return None
        until, by = max(ends, key=lambda end: end[0])
        return Window(until, optional if optional and optional > until else None, by)

    def numbers(self, distribution: Distribution | None) -> list[tuple[int, int]]:
        """The lines that upstream or the distribution lists, ascending."""
        own = {line.number for line in distribution.lines} if distribution else set()
        return sorted({line.number for line in self.lines} | own)


def _is_written_so(pattern: str, suffix: str) -> bool:
    """Whether a suffix has a pattern's form; the literal beginning comes first, so that few patterns are ever compiled."""
    return suffix.startswith(pattern.partition("<")[0]) and _compiled(pattern).fullmatch(suffix) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(_PLACEHOLDER, pattern)
    return re.compile("".join(_PLACEHOLDERS.get(part) or re.escape(part) for part in parts), re.ASCII)


def read_platform(node: Node, *, is_whole: bool = True) -> PlatformRules:
    """The rules that `spec.platform` states. Without `is_whole` only the form of what is there counts: a part of a policy."""
    lines = [line for entry in node.nodes("kubernetesLines", "name") if (line := _read_line(entry, is_whole=is_whole))]
    distributions = [_read_distribution(entry, is_whole=is_whole) for entry in node.nodes("distributions", "name")]
    rules = PlatformRules(
        lines=tuple(lines),
        distributions=tuple(distribution for distribution in distributions if distribution),
        architectures=node.texts("architectures", "a list of architectures as nodes report them, for example amd64"),
        operating_systems=node.texts("operatingSystems", "a list of operating systems as nodes report them, for example linux"),
        max_kubelet_skew=node.whole("maxKubeletSkew", 0, 10),
    )
    _check_unique(node, rules.distributions)
    node.finish()
    return rules


def _read_line(node: Node, *, is_whole: bool) -> KubernetesLine | None:
    number = node.read("name", _to_line, _LINE_FORM, required=True)
    released = node.day("releasedOn")
    end = node.day("endOfLifeOn", required=is_whole)
    node.finish()
    if released and end and end < released:
        node.fail("endOfLifeOn", f"must not be before releasedOn, is {end}")
    return KubernetesLine(number, end) if number and end else None


def _read_distribution(node: Node, *, is_whole: bool) -> Distribution | None:
    name = node.text("name", "a word that names the distribution, for example eks", required=True)
    title = node.text("title")
    aliases = node.texts("aliases", "a list of other names")
    suffixes = node.read("versionSuffixes", _to_suffixes, _SUFFIX_FORM, required=False) or ()
    supported = node.flag("supported")
    minimum = node.read("minimumLine", _to_line, _LINE_FORM, required=False)
    extended = node.choice("extendedSupport", ExtendedSupport)
    lines = []
    for entry in node.nodes("lines", "name"):
        number = entry.read("name", _to_line, _LINE_FORM, required=True)
        product_version = entry.text("productVersion")
        end = entry.day("endOfLifeOn", required=is_whole)
        extended_until = entry.day("extendedUntil")
        entry.finish()
        if end and extended_until and extended_until < end:
            entry.fail("extendedUntil", f"must not be before endOfLifeOn, is {extended_until}")
        if number and end:
            lines.append(DistributionLine(number, end, extended_until, product_version or ""))
    node.finish()
    if is_whole and extended is None and any(line.extended_until for line in lines):
        message = f"is missing, must be one of {', '.join(ExtendedSupport)}, because lines state extendedUntil"
        node.fail("extendedSupport", message)
    if name is None:
        return None
    extended = extended or ExtendedSupport.IGNORED
    return Distribution(name, title or name, aliases, suffixes, supported is not False, minimum, extended, tuple(lines))


def _check_unique(node: Node, distributions: tuple[Distribution, ...]) -> None:
    """One word or suffix must not name two distributions: which window counts would be chance."""
    owners: dict[str, str] = {}
    for distribution in distributions:
        words = {word.casefold() for word in (distribution.name, distribution.title, *distribution.aliases)}
        for word in sorted(words | set(distribution.suffixes)):
            first = owners.setdefault(word, distribution.name)
            if first != distribution.name:
                path = f'{node.path}.distributions["{distribution.name}"]'
                node.problems.append(Problem(path, f"must not claim {word!r}, which is {first}'s"))


def _to_line(raw: object) -> tuple[int, int] | None:
    if not isinstance(raw, str) or not re.fullmatch(_LINE, raw, re.ASCII):
        return None
    major, minor = raw.split(".")
    return int(major), int(minor)


def _to_suffixes(raw: object) -> tuple[str, ...] | None:
    if not isinstance(raw, list) or not all(isinstance(item, str) and _is_pattern(item) for item in raw):
        return None
    return tuple(raw) if len(set(raw)) == len(raw) else None


def _is_pattern(text: str) -> bool:
    """Whether a suffix pattern is well formed.

    A placeholder ends where a separator stands, which it cannot contain, so that no pattern can run away; `<any>` contains
    separators and stands at the end.
    """
    parts = re.split(_PLACEHOLDER, text)
    literals, placeholders = parts[::2], parts[1::2]
    return (
        text.startswith(("-", "+"))
        and all(re.fullmatch(_LITERAL, literal, re.ASCII) for literal in literals)
        and all(placeholder in _PLACEHOLDERS for placeholder in placeholders)
        and all(literal.startswith(_SEPARATORS) for literal in literals[1:-1])
        and (not placeholders or literals[-1] == "" or literals[-1].startswith(_SEPARATORS))
        and "<any>" not in placeholders[:-1]
        and (placeholders[-1:] != ["<any>"] or literals[-1] == "")
    )
