"""Words and tables as Markdown that a code host and the site read alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MADE = "<!-- Written by `make reference`; change what it is written from. -->\n"
_SPECIAL = re.compile(r"([\\*_\[\]|])")
_CODE = re.compile(r"(`[^`]+`)")


def code(text: str) -> str:
    """Return a word as code; with a `|`, which cells of tables end at, by its entity."""
    if "|" in text or "`" in text:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"<code>{escaped.replace('|', '&#124;').replace('`', '&#96;')}</code>"
    return f"`{text}`" if text else ""


def prose(text: str) -> str:
    """Return a sentence in which nothing is taken for markup but words that stand as code."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(code(part[1:-1]) if part.startswith("`") and len(part) > 1 else _plain(part) for part in parts)


def _plain(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |").replace("|  |", "| |") for line in lines)


def linked(code_or_reason: str) -> str:
    """Return a code or reason as a link to its section of the page of codes."""
    return f"[{code_or_reason}](../codes.md#{code_or_reason.lower()})"
