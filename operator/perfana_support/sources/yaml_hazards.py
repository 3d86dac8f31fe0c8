"""What YAML allows and no honest manifest needs: names in disguise, and aliases that make a small document an endless one.

Looked for in the few documents that hold a tag or an alias at all, once for the whole of it: views, which come later, read as
little as they can.
"""

import yaml

from perfana_support.sources.yaml_view import NodeError, short_tag

_TAGS = (b"!!", b"!<", b"%TAG")
# An alias costs a few bytes and stands for all that its anchor holds. Manifests that share a good deal stay far below, and what
# is read takes seconds at most.
_MAX_GROWTH = 20
_FREE_VALUES, _MAX_VALUES = 100_000, 4_000_000


class Hazards:
    """What a text can hide, by the signs that stand in it: looked for once, for a text can hold thousands of documents."""

    __slots__ = ("_can_grow", "_has_tags")

    def __init__(self, text: bytes) -> None:
        self._has_tags = any(mark in text for mark in _TAGS)
        self._can_grow = b"&" in text and b"*" in text

    def refuse(self, node: yaml.Node, lines_before: int = 0) -> None:
        """Raise `NodeError` for a document of the text that may be something else than it seems, or that grows too large."""
        if self._has_tags:
            _refuse_tagged_names(node, lines_before)
        if self._can_grow:
            _refuse_growth(node, lines_before)


def _refuse_tagged_names(node: yaml.Node, lines_before: int) -> None:
    """A field whose name has a tag may be another field to the API server's reader: `!!binary a2luZA==` is `kind`."""
    waiting, seen = [node], set[int]()
    while waiting:
        found = waiting.pop()
        if isinstance(found, yaml.ScalarNode) or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, yaml.SequenceNode):
            waiting += found.value
            continue
        for key, value in found.value:
            if isinstance(key.tag, str):
                raise NodeError(key, lines_before, f"a field's name must be a text without the tag {short_tag(key.tag)}")
            waiting.append(value)


def _refuse_growth(root: yaml.Node, lines_before: int) -> None:
    """Count the values that a reader meets which follows every alias: children first, each node once."""
    sizes: dict[int, int] = {}
    within = set[int]()
    written = 1
    waiting = [(root, False)]
    while waiting:
        node, is_counted = waiting.pop()
        name = id(node)
        if is_counted:
            sizes[name] = 1 + sum(sizes[id(child)] for child in _children(node))
            within.discard(name)
        elif name in within:
            raise NodeError(node, lines_before, "an anchor holds an alias of itself")
        elif name not in sizes:
            within.add(name)
            children = _children(node)
            written += len(children)
            waiting.append((node, True))
            waiting += ((child, False) for child in children)
    met = sizes[id(root)]
    if met > min(max(_FREE_VALUES, _MAX_GROWTH * written), _MAX_VALUES):
        problem = f"its aliases make {met:,} values of {written:,}; write out what is meant"
        raise NodeError(root, lines_before, problem)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
