"""Where links of a Markdown page lead, as a code host reads it: to files, and to headings in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FENCED = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_INLINE = re.compile(r"\]\(\s*<?([^)<>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:|^//")


class Link(NamedTuple):
    """A link of a page: the file that it leads to and the heading in it, "" for none."""

    page: Path
    target: str
    file: Path
    anchor: str


def links(page: Path) -> Iterator[Link]:
    """Yield the links of a page that lead to no other site."""
    text = _CODE.sub(lambda found: "`" * len(found[0]), _FENCED.sub("", page.read_text(encoding="utf-8")))
    for pattern in (_INLINE, _REFERENCE):
        for found in pattern.finditer(text):
            target = found[1]
            if not _ELSEWHERE.match(target):
                path, _, anchor = target.partition("#")
                yield Link(page, target, (page.parent / path).resolve() if path else page, anchor)


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings, as a code host makes them."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = 0
        while (numbered := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(numbered)
    return found


def problem_of(link: Link) -> str:
    """Return what is wrong with a link, "" for nothing."""
    if not link.file.exists():
        return f"{link.page}: {link.target}: no such file"
    if link.anchor and (link.file.suffix != ".md" or link.anchor not in anchors(link.file)):
        return f"{link.page}: {link.target}: no such heading"
    return ""
