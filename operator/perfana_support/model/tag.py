"""The grammar of Perfana's image tags, which neither semver nor PEP 440 can read."""

import re
from typing import NamedTuple

from perfana_support.model.policy import Build, TagRules
from perfana_support.model.release import NUMBERS, Release, parse_release

# Letters right behind the numbers can say that it is no release (`4.0.0SNAPSHOT`, `0.2.96.22rc1`); nothing released has any.
_NUMBERED = re.compile(rf"(?P<numbers>{NUMBERS})(?:[-._](?P<qualifiers>.*)|(?P<glued>[A-Za-z].*))?", re.ASCII)
_SEPARATORS = re.compile(r"[-._]")
_COUNTED_WORD = re.compile(r"([a-z]+)(\d+)", re.ASCII)
_UNSUPPORTED = frozenset({Build.BETA, Build.RELEASE_CANDIDATE, Build.MILESTONE, Build.DEVELOPMENT})


class TagReading(NamedTuple):
    """What a tag says.

    `number` is None when the tag names no number; `is_line` marks two numbers, which name a line and no release;
    `is_release` marks a release prefix, behind which a number is a release in every repository. `build` is None when a
    qualifier is not in the policy's vocabulary, `odd` then is that qualifier.
    """

    text: str
    number: Release | None
    is_line: bool
    is_release: bool
    build: Build | None
    odd: str = ""


def read_tag(tag: str, rules: TagRules) -> TagReading:
    """Read a tag by the policy's vocabulary; a tag outside the grammar is `Floating`: it says nothing."""
    for _, pattern, build in rules.whole_tags:
        if pattern.fullmatch(tag):
            return TagReading(tag, None, is_line=False, is_release=False, build=build)
    rest, is_release = _strip_prefix(tag, rules)
    match = _NUMBERED.fullmatch(rest)
    number = parse_release(match["numbers"]) if match else None
    if match is None or number is None:
        return TagReading(tag, None, is_line=False, is_release=False, build=Build.FLOATING)
    qualifiers = match["glued"] if match["qualifiers"] is None else match["qualifiers"]
    words = [] if qualifiers is None else _SEPARATORS.split(qualifiers.lower())
    named, odd = _read_qualifiers(words, rules)
    if match["glued"] and named in (Build.RELEASED, Build.REPACKAGED):
        named, odd = None, match["glued"]
    is_line = match["numbers"].count(".") == 1
    return TagReading(match["numbers"], number, is_line, is_release, named, odd)


def _strip_prefix(tag: str, rules: TagRules) -> tuple[str, bool]:
    for prefix in rules.release_prefixes:
        if tag.startswith(prefix):
            return tag[len(prefix) :], True
    for prefix in rules.bare_prefixes:
        if tag.startswith(prefix):
            return tag[len(prefix) :], False
    return tag, False


def _read_qualifiers(words: list[str], rules: TagRules) -> tuple[Build | None, str]:
    """The build that the qualifiers name together: a snapshot wins over all, then pre-releases, then what is unknown.

    What is unknown beside a pre-release, such as the count in `rc-1`, changes nothing.
    """
    builds: list[Build] = []
    odd = ""
    for word in words:
        build = _read_word(word, rules)
        if build is Build.SNAPSHOT:
            return build, ""
        if build is not None:
            builds.append(build)
        else:
            odd = odd or word or "empty qualifier"
    unsupported = [build for build in builds if build in _UNSUPPORTED]
    if unsupported:
        return unsupported[0], ""
    if odd:
        return None, odd
    return (Build.REPACKAGED if Build.REPACKAGED in builds else Build.RELEASED), ""


def _read_word(word: str, rules: TagRules) -> Build | None:
    """One qualifier's build, None when the policy does not know it. `rc1` is `rc` with a count; `alpine3` is nothing."""
    if word in rules.qualifiers:
        return rules.qualifiers[word]
    counted = _COUNTED_WORD.fullmatch(word)
    build = rules.qualifiers.get(counted[1]) if counted else None
    return build if build in _UNSUPPORTED or build is Build.SNAPSHOT else None
