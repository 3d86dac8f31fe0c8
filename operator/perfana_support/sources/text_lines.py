"""Where something stands in a text, by lines as editors count them: ended by LF, CR and LF, or CR alone.

YAML 1.1, which the library in C follows, ends lines by three more characters. Editors, GitHub and what reads SARIF do not, so
below one of them each place of the library's would be off.
"""

import codecs
import re
from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

import yaml

# NEL, LS and PS in UTF-8.
_ODD = rb"\xc2\x85|\xe2\x80[\xa8\xa9]"
_ANY_END = "\r\n|[\n\r\x85\u2028\u2029]"
_EDITORS_END = "\r\n|[\n\r]"
# What YAML allows in no document at all (YAML 1.1, c-printable). Compiled where it is used: that takes 5 ms.
_UNPRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_NAMES = {0: "NUL", 0x07: "BEL", 0x08: "backspace", 0x0C: "form feed", 0x1B: "escape", 0x7F: "delete"}


class TextFault(NamedTuple):
    """Where a text is no YAML, counted from 1 (0 where nobody knows), and why."""

    line: int
    column: int
    problem: str


class TextLines:
    """The lines of one text. Costs next to nothing where the library counts as editors do."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._is_odd = not text.isascii() and re.search(_ODD, text) is not None

    @cached_property
    def _begins(self) -> tuple[list[int], list[int]]:
        """Where lines begin, the library's and the editors', in characters behind a mark of byte order."""
        text = self._text.removeprefix(codecs.BOM_UTF8).decode(errors="replace")
        return _beginnings(_ANY_END, text), _beginnings(_EDITORS_END, text)

    def place_of(self, mark: yaml.Mark) -> tuple[int, int]:
        """Line and column of the library's mark, both counted from 0."""
        if not self._is_odd:
            return mark.line, mark.column
        counted, begins = self._begins
        # At the end of a text the library may name a line that nothing begins.
        place = counted[min(mark.line, len(counted) - 1)] + mark.column
        line = bisect_right(begins, place) - 1
        return line, place - begins[line]

    def fault_of(self, error: yaml.YAMLError) -> TextFault:
        """What the library says of the text. Of what is no text at all it knows neither line nor column."""
        unreadable = _find_unreadable(self._text) if isinstance(error, yaml.reader.ReaderError) else None
        if unreadable:
            return unreadable
        problem = getattr(error, "problem", None) or getattr(error, "context", None) or error
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = self.place_of(mark) if mark else (-1, -1)
        return TextFault(line + 1, column + 1, str(problem))

    def correct(self, root: yaml.Node) -> None:
        """Make each node begin where an editor shows it."""
        if not self._is_odd:
            return
        waiting, seen = [root], set[int]()
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            mark = node.start_mark
            node.start_mark = yaml.Mark(mark.name, mark.index, *self.place_of(mark), None, 0)
            if isinstance(node, yaml.MappingNode):
                waiting += (part for pair in node.value for part in pair)
            elif isinstance(node, yaml.SequenceNode):
                waiting += node.value


def _find_unreadable(text: bytes) -> TextFault | None:
    """What keeps a text from being read as characters at all: bytes that are no UTF-8, and characters that YAML forbids."""
    try:
        readable, problem = text.decode(), ""
    except UnicodeDecodeError as error:
        readable = text[: error.start].decode()
        problem = f"the byte 0x{text[error.start]:02X} is not UTF-8; save the file as UTF-8"
    found = re.search(_UNPRINTABLE, readable)
    if found:
        readable, code = readable[: found.start()], ord(found[0])
        name = f" ({_NAMES[code]})" if code in _NAMES else ""
        problem = f"the character U+{code:04X}{name} is not allowed in YAML"
    if not problem:
        return None
    readable = readable.removeprefix("\ufeff")
    begins = _beginnings(_EDITORS_END, readable)
    return TextFault(len(begins), len(readable) - begins[-1] + 1, problem)


def _beginnings(end: str, text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(end, text))]
