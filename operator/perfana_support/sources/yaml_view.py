"""A composed YAML node as a plain mapping that is read only where somebody looks.

Constructing whole documents costs several times what composing them does, and loses the lines. A view converts a field
when it is asked for, so the cost follows what rules read and not how large a document is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast, overload

import yaml

from perfana_support.sources.errors import Unquoted

_Scalar = yaml.ScalarNode
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
# Plain scalars that the API server's reader (go-yaml) takes for numbers or truth values; most others begin otherwise.
_FIRST = frozenset("+-.0123456789fFnNoOtTyY")
_NO_TEXT = re.compile(
    r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|(?:true|false|yes|no|on|off)|(?:True|False|Yes|No|On|Off|TRUE|FALSE|YES|NO|ON|OFF)",
    re.ASCII,
)
# Explicit tags that say what is there anyway, and of what. Others make the API server's reader take something else for it.
_YAML = "tag:yaml.org,2002:"
_SAME = {f"{_YAML}str": yaml.ScalarNode, f"{_YAML}map": yaml.MappingNode, f"{_YAML}seq": yaml.SequenceNode}
_NUMBERS = frozenset({f"{_YAML}int", f"{_YAML}float", f"{_YAML}bool"})
# Aliases can nest a merge in itself and multiply it; no honest document merges this deep or this much.
_MAX_MERGES = 16
_MAX_MERGED_MAPPINGS = 1000


_BaseLoader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
# Whether the library was built with libyaml. Without, reading takes some ten times as long.
IS_FAST = hasattr(yaml, "CBaseLoader")


class ViewLoader(_BaseLoader):  # type: ignore[misc] # the C loader where the library was built with it
    """The reader without types: what a text looks like is the API's business.

    Resolving tags, which nobody reads here, costs a third of composing. Built-in types that take the same arguments cost least;
    so a node whose tag is a text has one in the document.
    """

    resolve = descend_resolver = slice
    ascend_resolver = tuple


class NodeError(Exception):
    """A node that means nothing to Kubernetes; `line` and `column` count from 1."""

    def __init__(self, node: yaml.Node, lines_before: int, problem: str) -> None:
        super().__init__(problem)
        self.line = _line(node, lines_before)
        self.column = node.start_mark.column + 1
        self.problem = problem


class Place(NamedTuple):
    """Where a value begins, with its anchor or tag if it has one, counted from 1.

    What an alias brings in is where its anchor stands: that is the text to change.
    """

    line: int
    column: int


class MappingView(Mapping[str, Any]):
    """A mapping node. Values are texts (numbers and booleans as written, marked as such), None and views.

    `lines_before` are those of the file before the text that was composed; all lines are the file's.
    """

    __slots__ = ("_fields", "_lines_before", "_node")

    def __init__(self, node: yaml.MappingNode, lines_before: int = 0) -> None:
        self._node = node
        self._lines_before = lines_before
        self._fields = _fields(node, lines_before)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - a document holds anything
        return to_plain(self._fields[key], self._lines_before)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """A field's value. The inherited method takes twice as long."""
        node = self._fields.get(key)
        return default if node is None else to_plain(node, self._lines_before)

    def __contains__(self, key: object) -> bool:
        return key in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    @property
    def line(self) -> int:
        """The line on which the mapping begins."""
        return _line(self._node, self._lines_before)

    def line_of(self, key: str) -> int:
        """The line on which the field's value begins, the mapping's own when it has no such field."""
        return _line(self._fields.get(key, self._node), self._lines_before)

    def place_of(self, key: str) -> Place:
        """Where the field's value begins, or the mapping itself when it has no such field."""
        mark = self._fields.get(key, self._node).start_mark
        return Place(mark.line + 1 + self._lines_before, mark.column + 1)


class SequenceView(Sequence[Any]):
    """A sequence node. Items are converted when they are asked for, so an alias to itself does no harm."""

    __slots__ = ("_lines_before", "_nodes")

    def __init__(self, node: yaml.SequenceNode, lines_before: int = 0) -> None:
        self._nodes: list[yaml.Node] = node.value
        self._lines_before = lines_before

    @overload
    def __getitem__(self, index: int) -> Any: ...  # noqa: ANN401 - a document holds anything

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        found = self._nodes[index]
        lines_before = self._lines_before
        return [to_plain(node, lines_before) for node in found] if isinstance(found, list) else to_plain(found, lines_before)

    def __iter__(self) -> Iterator[Any]:
        lines_before = self._lines_before
        return (to_plain(node, lines_before) for node in self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def to_plain(node: yaml.Node, lines_before: int = 0) -> Any:  # noqa: ANN401 - a document holds anything
    """A node's value as a view, a text or None."""
    if node.tag.__class__ is str:
        return _tagged(node, lines_before)
    if node.__class__ is _Scalar:
        text = node.value
        if node.style:
            return text
        if text in _NULL:
            return None
        return Unquoted(text) if text[0] in _FIRST and _NO_TEXT.fullmatch(text) else text
    if isinstance(node, yaml.MappingNode):
        return MappingView(node, lines_before)
    return SequenceView(cast("yaml.SequenceNode", node), lines_before)


def fields_of(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    """The nodes of a mapping's fields, with those that merges bring in. Raises `NodeError`."""
    return _fields(node, 0)


def _tagged(node: yaml.Node, lines_before: int) -> Any:  # noqa: ANN401 - a document holds anything
    """The value of a node with a tag of its own: PyYAML writes `!!int "2"` when it is to quote everything."""
    is_number = node.tag in _NUMBERS and isinstance(node, yaml.ScalarNode) and _NO_TEXT.fullmatch(node.value) is not None
    if _SAME.get(node.tag) is not node.__class__ and not is_number:
        raise NodeError(node, lines_before, f"the tag {short_tag(node.tag)} changes what is written; write the value out")
    if isinstance(node, yaml.ScalarNode):
        return Unquoted(node.value) if is_number else node.value
    if isinstance(node, yaml.MappingNode):
        return MappingView(node, lines_before)
    return SequenceView(cast("yaml.SequenceNode", node), lines_before)


def _line(node: yaml.Node, lines_before: int) -> int:
    return node.start_mark.line + 1 + lines_before


def _fields(node: yaml.MappingNode, lines_before: int, merges: int = 0, left: list[None] | None = None) -> dict[str, yaml.Node]:
    """The node's fields. A field that stands twice is refused: readers differ in which one they take."""
    try:
        simple: dict[str, yaml.Node] = {key.value: value for key, value in node.value}
    except TypeError:
        pass  # a name that is a list or mapping
    else:
        if len(simple) == len(node.value) and "<<" not in simple:
            return simple
    fields: dict[str, yaml.Node] = {}
    merged: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise NodeError(key, lines_before, "a field's name must be a text")
        name = key.value
        if name == "<<" and not key.style:
            left = [None] * _MAX_MERGED_MAPPINGS if left is None else left
            brought: dict[str, yaml.Node] = {}
            for part in _merged(value, lines_before, merges, left):
                brought = {**part, **brought}
            _refuse_overridden({**merged, **fields}, brought, key, lines_before)
            merged |= brought
        elif name in fields:
            first = _line(fields[name], lines_before)
            raise NodeError(key, lines_before, f"field {name!r} stands twice, first in line {first}")
        else:
            fields[name] = value
    return {**merged, **fields} if merged else fields


def _refuse_overridden(
    before: dict[str, yaml.Node], brought: dict[str, yaml.Node], merge: yaml.Node, lines_before: int
) -> None:
    """Refuse a merge with other values for fields above it: those stay by YAML, the API server's reader replaces them."""
    for name in before.keys() & brought.keys():
        old, new = before[name], brought[name]
        is_same = isinstance(old, yaml.ScalarNode) and isinstance(new, yaml.ScalarNode) and old.value == new.value
        if old is not new and not is_same:
            problem = f"this merge (<<) brings another {name!r} than stands above it, and readers differ in which one they take"
            raise NodeError(merge, lines_before, problem)


def _merged(value: yaml.Node, lines_before: int, merges: int, left: list[None]) -> Iterator[dict[str, yaml.Node]]:
    if merges == _MAX_MERGES:
        raise NodeError(value, lines_before, f"merge keys are nested more than {_MAX_MERGES} deep")
    parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
    for part in parts:
        if not isinstance(part, yaml.MappingNode):
            raise NodeError(value, lines_before, "a merge key (<<) must name mappings")
        if not left:
            raise NodeError(value, lines_before, f"merge keys name more than {_MAX_MERGED_MAPPINGS} mappings")
        left.pop()
        yield _fields(part, lines_before, merges + 1, left)


def short_tag(tag: str) -> str:
    """A tag as people write it: `!!binary`."""
    return tag.replace(_YAML, "!!")
