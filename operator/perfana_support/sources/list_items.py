"""A List as kubectl prints it, cut into its items: one is composed at a time, however many there are.

`kubectl get -o yaml` and `-o json` print everything as one document, which composed takes forty times the memory of its text. A
cut is made only between lines that begin an item in that form. Where such a line is part of something else (a quoted text, a
bracket that is still open), what is cut is no YAML, and the caller reads the whole instead.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

# Compiled where a document may be a List: few are.
_YAML_HEAD = (
    rb"(?:---\n)?(?:#[^\n]*\n|\n)*(?:apiVersion: [\w./-]+\n)?(?:kind: [A-Za-z]*List\n)?"
    rb"(?:metadata:\n(?: [^\n]*\n)+)?items:\n(?=- )"
)
# A line that is not indented: an item, or what comes behind the items.
_YAML_LINE = rb"(?m)^(?:- |[^ \n#])"
_JSON_HEAD = rb'\{\n(?:( +)"apiVersion": "[^"\\\n]*",\n)(?:\1"kind": "[A-Za-z]*List",\n)?\1"items": \[\n'


class Cut(NamedTuple):
    """A List's text with the spans of its items, each from the beginning of a line; `envelope` is the List without them."""

    text: bytes
    envelope: bytes
    spans: tuple[tuple[int, int], ...]

    def items(self) -> Iterator[tuple[bytes, int]]:
        """Each item's text, a sequence of one in YAML or a mapping in JSON, and the line ends before it."""
        lines, counted = 0, 0
        for start, end in self.spans:
            lines += self.text.count(b"\n", counted, start)
            counted = start
            yield self.text[start:end], lines


def begins_as_list(text: bytes) -> bool:
    """Whether a text begins as a List does that can be cut."""
    return re.match(_YAML_HEAD, text) is not None or re.match(_JSON_HEAD, text) is not None


def cut(text: bytes) -> Cut | None:
    """The items of a List, None for everything that is none, or not in a form that is known."""
    if not (b"\nitems:\n" in text or b'"items": [' in text or text.startswith(b"items:")) or b"\r" in text:
        return None
    head = re.match(_YAML_HEAD, text)
    if head:
        return _cut_yaml(text, head.end())
    head = re.match(_JSON_HEAD, text)
    return _cut_json(text, head.end(), head[1]) if head else None


def _cut_yaml(text: bytes, first: int) -> Cut | None:
    starts, end = list[int](), len(text)
    for line in re.compile(_YAML_LINE).finditer(text, first):
        is_item = line[0] == b"- "
        if is_item and end < len(text):
            return None
        if is_item:
            starts.append(line.start())
        else:
            end = min(end, line.start())
    return Cut(text, text[:first] + text[end:], tuple(pairwise((*starts, end))))


def _cut_json(text: bytes, first: int, indent: bytes) -> Cut | None:
    opening, closing = indent * 2 + b"{\n", b"\n" + indent * 2 + b"}"
    between = closing + b",\n" + opening
    end = text.find(closing + b"\n" + indent + b"]", first)
    if end < 0 or not text.startswith(opening, first):
        return None
    spans, start = list[tuple[int, int]](), first
    while (place := text.find(between, start, end)) >= 0:
        spans.append((start, place + len(closing)))
        start = place + len(between) - len(opening)
    spans.append((start, end + len(closing)))
    return Cut(text, text[:first] + text[end + len(closing) :], tuple(spans))
