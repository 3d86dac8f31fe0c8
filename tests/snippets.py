"""Blocks of code in the documentation, by the names that they bear: each is run by a test as it stands there.

A block that is to be run begins with its language and a name, ` ```yaml name=gate `, which readers do not see.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(
    r"^(?P<fence>```+)(?P<language>[a-z]*)(?: name=(?P<name>[a-z0-9-]+))?\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)


class Snippet(NamedTuple):
    """A block of a page; `name` is "" for one that is only to be read."""

    page: str
    language: str
    name: str
    text: str


def snippets(page: str) -> list[Snippet]:
    """Return the blocks of a page, which is named from the root of the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Snippet(page, block["language"], block["name"] or "", block["text"]) for block in _BLOCK.finditer(text)]


def snippet(page: str, name: str) -> str:
    """Return the text of the one block that bears a name."""
    (found,) = (each.text for each in snippets(page) if each.name == name)
    return found


def changed(block: str, *changes: tuple[str, str]) -> str:
    """Return a block with words of a test's own in place of the page's, each of which must be there."""
    for old, new in changes:
        assert old in block, f"{old!r} is not in the block"
        block = block.replace(old, new)
    return block
