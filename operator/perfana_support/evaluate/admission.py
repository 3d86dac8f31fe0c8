"""What an API server can refuse by an image's reference alone, as patterns: it reads no policies and knows no day.

Only what nobody could call supported, of repositories that are the vendor's or a mirror of theirs by a rule of the policy. All
else (other registries, digests that contradict their tag, what the pod spec does to the code) takes a verdict.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from perfana_support.evaluate.build import UNRELEASED
from perfana_support.evaluate.inventory import TEST_SUFFIX
from perfana_support.model.code import Code, Effect
from perfana_support.model.image import DEFAULT_REGISTRY, DOCKER_HUB, ImageReference
from perfana_support.model.policy import Line, MirrorRule, Numbering, Policy
from perfana_support.model.release import NUMBERS, Release

_REFUSED = {build: (code, words) for build, (code, words) in UNRELEASED.items() if code.effect is Effect.UNSUPPORTED}
# What may stand behind a number: qualifiers behind a separator, or letters right behind it.
_REST = "(?:[-._A-Za-z].*)?"
# The same where another number would make it another release.
_REST_OF_THREE = r"(?:[-_A-Za-z].*|\.(?:[^0-9].*)?)?"
# The qualifiers before the one that is looked for.
_WORDS_BEFORE = "(?:(?:[-._]|[A-Za-z][^-._]*[-._])(?:[^-._]*[-._])*)?"
_DIGEST = "(?:@.+)?"
_HUB = f"{DEFAULT_REGISTRY}/"


class ImageRule(NamedTuple):
    """References that are not supported: what matches a pattern in the syntax of RE2, and what ends as one of `endings` does.

    Those are a digest without a tag, with the last segment of its repository: `/perfana-fe@sha256:…`.
    """

    code: Code
    message: str
    pattern: str
    endings: tuple[str, ...] = ()


class Admission(NamedTuple):
    """What is refused on a day: references that match `components` and, if there is one, not `exempt`, by the first rule.

    `components` is any reference to one of the vendor's components, in whole: no other is ever refused. The other patterns
    begin at the last segment of the repository. `exempt` are those whose tag the policy lists as a whole, "" for none.
    """

    components: str
    exempt: str
    rules: tuple[ImageRule, ...]


def admission(policy: Policy, as_of: date) -> Admission:
    """What the policy lets an API server refuse on a day (UTC)."""
    names = _names(policy.product_lines_of)
    listed = [pattern.pattern for _, pattern, build in policy.tags.whole_tags if build not in _REFUSED]
    endings = _endings(policy)
    ended = (line for line in policy.lines.values() if line.end_of_life_on and as_of > line.end_of_life_on)
    return Admission(
        components=f"^{_spelt(policy)}(?:{TEST_SUFFIX})?(?:[:@].*)?$",
        exempt=f"{names}:{_any(listed)}{_DIGEST}$" if listed else "",
        rules=(
            ImageRule(Code.TEST_REPOSITORY, "is from a test repository of the vendor", f"{names}{TEST_SUFFIX}(?:[:@].*)?$"),
            *_unreleased(names, policy),
            *(_ended(line, policy, endings.get(line.name, ())) for line in ended),
        ),
    )


def _unreleased(names: str, policy: Policy) -> Iterator[ImageRule]:
    """Builds that are no release, by a word behind the number or by the whole tag."""
    prefixes = _optional(*policy.tags.release_prefixes, *policy.tags.bare_prefixes)
    for build, (code, what) in _REFUSED.items():
        words = [word for word, named in policy.tags.qualifiers.items() if named is build]
        tags = [pattern.pattern for _, pattern, named in policy.tags.whole_tags if named is build]
        if words:
            word = _any(word + (r"\d*" if word.isalpha() else "") for word in words)
            tags.append(f"{prefixes}{NUMBERS}{_WORDS_BEFORE}(?i:{word})(?:[-._].*)?")
        if tags:
            yield ImageRule(code, f"is {what}", f"{names}:{_any(tags)}{_DIGEST}$")


def _ended(line: Line, policy: Policy, endings: Iterable[str]) -> ImageRule:
    """Releases of a line that reached its end of life: by their own number, or by that of a component that a release lists."""
    tags, of = policy.tags, policy.product_lines_of
    by_release = {name for name in of if any(each.numbering is Numbering.RELEASE for each in of[name])}
    others = of.keys() - by_release
    number = r"\.".join(map(_number, line.number)) + rf"(?:\.\d{{1,9}}){{0,2}}{_REST}"
    ways = []
    if by_release:
        ways.append(f"{_names(by_release)}:{_optional(*tags.release_prefixes, *tags.bare_prefixes)}{number}")
    if others and tags.release_prefixes:
        ways.append(f"{_names(others)}:{_any(map(re.escape, tags.release_prefixes))}{number}")
    ways += [
        f"{_names([repository])}:{_optional(*tags.bare_prefixes)}{_version(version)}"
        for (repository, version), release in policy.component_releases.items()
        if release.number.line == line.name and repository in others
    ]
    message = f"is of line {line.name}, which reached its end of life on {line.end_of_life_on}"
    return ImageRule(Code.END_OF_LIFE, message, f"{_any(ways)}{_DIGEST}$", tuple(endings))


def _endings(policy: Policy) -> dict[str, list[str]]:
    """What references end with that have no tag and a digest which the policy lists for one release alone, by its line."""
    numbers: dict[str, set[Release]] = {}
    for entry in policy.fields.images.digests:
        name = entry.repository.rpartition("/")[2]
        numbers.setdefault(f"/{name}@{entry.digest.lower()}", set()).add(entry.number)
    found: dict[str, list[str]] = {}
    for ending, (number, *others) in sorted(numbers.items()):
        if not others:
            found.setdefault(number.line, []).append(ending)
    return found


def _number(part: int) -> str:
    """A number with zeros before it, at most nine digits."""
    return rf"0{{0,{9 - len(str(part))}}}{part}"


def _version(version: Release) -> str:
    """A component's own version of three numbers or four; a fourth that is 0 may be left out."""
    three, last = r"\.".join(map(_number, version[:3])), _number(version.build)
    four = rf"{three}\.{last}{_REST}"
    return four if version.build else f"(?:{four}|{three}{_REST_OF_THREE})"


def _names(repositories: Iterable[str]) -> str:
    """The last segments of some repositories, as no other component is called."""
    return "/" + _any(sorted(re.escape(repository.rpartition("/")[2]) for repository in repositories))


def _spelt(policy: Policy) -> str:
    """Any way to write a component's repository: with Docker Hub's names or none, and by the policy's mirrors."""
    paths: dict[str, list[str]] = {}
    for rule in (MirrorRule(_HUB, _HUB), *policy.fields.mirrors):
        for repository in sorted(each for each in policy.product_lines_of if each.startswith(rule.source)):
            rest = repository.removeprefix(rule.source)
            registry, _, path = f"{rule.prefix}{rest}".partition("/")
            # Of several rules that fit, another may be the one that holds.
            if policy.resolve_mirror(ImageReference(registry, path))[0] == repository:
                paths.setdefault(rule.prefix, []).append(re.escape(rest))
    # Mirrors of one place differ in what stands before the same names.
    prefixes: dict[str, list[str]] = {}
    for prefix, rests in paths.items():
        prefixes.setdefault(_any(rests), []).append(_prefix(prefix))
    return _any(f"{_any(before)}{names}" for names, before in prefixes.items())


def _prefix(text: str) -> str:
    registry, _, path = text.partition("/")
    if text == _HUB:
        return f"(?:{_any(f'(?i:{re.escape(each)})' for each in sorted(DOCKER_HUB))}(?::443)?/)?"
    names = sorted(DOCKER_HUB) if registry == DEFAULT_REGISTRY else [registry]
    return f"{_any(f'(?i:{re.escape(each)})' for each in names)}(?::443)?/{re.escape(path)}"


def _optional(*prefixes: str) -> str:
    return _any(map(re.escape, (*prefixes, "")))


def _any(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"
