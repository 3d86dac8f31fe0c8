"""The vocabulary of tags that a policy states: which words may follow a number, and what tags without a number are."""

import re
from types import MappingProxyType

from perfana_support.model.document import Node
from perfana_support.model.policy import Build, TagRules

KEYED_LISTS = {"qualifiers": "name", "wholeTags": "name"}
_QUALIFIER = re.compile(r"[a-z][a-z0-9]*", re.ASCII)
_PLACEHOLDERS = {"<n>": r"\d+", "<hex>": "[0-9a-f]+"}
_PLACEHOLDER = re.compile("(<[^>]*>)")
_PATTERN_FORM = "a tag, with <n> for a number and <hex> for a commit, neither before what it could contain itself"


def read_tags(node: Node) -> TagRules:
    """The vocabulary that `spec.tags` states."""
    qualifiers: dict[str, Build] = {}
    whole_tags: list[tuple[str, re.Pattern[str], Build]] = []
    for entry in node.nodes("qualifiers", "name"):
        word = entry.read("name", _qualifier, "a word of lower-case letters and digits", required=True)
        build = entry.choice("build", Build, required=True)
        entry.finish()
        if word and build:
            qualifiers[word] = build
    for entry in node.nodes("wholeTags", "name"):
        pattern = entry.read("name", _to_pattern, _PATTERN_FORM, required=True)
        build = entry.choice("build", Build, required=True)
        entry.finish()
        if pattern and build:
            whole_tags.append((entry.data["name"], pattern, build))
    rules = TagRules(node.texts("releasePrefixes"), node.texts("barePrefixes"), MappingProxyType(qualifiers), tuple(whole_tags))
    node.finish()
    return rules


def _qualifier(raw: object) -> str | None:
    return raw if isinstance(raw, str) and _QUALIFIER.fullmatch(raw) else None


def _to_pattern(raw: object) -> re.Pattern[str] | None:
    """A tag with placeholders as a pattern.

    No other operator exists, and a placeholder ends where something stands that it cannot contain: there is one way to read
    a tag, so no pattern can run away.
    """
    if not isinstance(raw, str) or not raw:
        return None
    parts = _PLACEHOLDER.split(raw)
    literals, placeholders = parts[::2], parts[1::2]
    if not all(placeholder in _PLACEHOLDERS for placeholder in placeholders):
        return None
    following = [*literals[1:-1], literals[-1] or "-"] if placeholders else []
    if any(re.match(_PLACEHOLDERS[each], after or "0", re.ASCII) for each, after in zip(placeholders, following, strict=True)):
        return None
    return re.compile("".join(_PLACEHOLDERS.get(part, re.escape(part)) for part in parts), re.ASCII)
