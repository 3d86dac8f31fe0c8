"""A table as a terminal shows it: as wide as the terminal is, and with colours where somebody sees them."""

import os
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import TextIO

from perfana_support.reports.job_log import harmless

_NARROWEST = 60
# A table begins with its header and ends with an empty line.
_HEADER = re.compile(r"[A-Z]+(?: {3,}[A-Z]+)+")
_CUT = "…"
_RED, _YELLOW, _GREEN, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"
# Each colour repeats what a word says: nothing is told by it alone.
_COLOURS = {
    "False": _RED,
    "Unsupported": _RED,
    "Unknown": _YELLOW,
    "Undetermined": _YELLOW,
    "AtRisk": _YELLOW,
    "True": _GREEN,
}
_WORD = re.compile(rf"(?<= )(?:{'|'.join(_COLOURS)})(?= |$)|^(?:{'|'.join(_COLOURS)})(?= |$)")


def width_of(stream: TextIO) -> int:
    """The columns of the terminal that a stream leads to, 0 where it leads to none: then nothing is cut."""
    if not stream.isatty():
        return 0
    try:
        return max(_NARROWEST, os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        return 0


def is_coloured(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR (https://no-color.org) or the terminal's kind says no."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def fit(text: str, width: int, *, colours: bool) -> str:
    """The text in lines no wider than `width` (0: as they are): rows of tables are cut at the end, sentences wrapped.

    What a row loses stands in full in the sentences below it.
    """
    return "".join(f"{line}\n" for line in _lines(text, width, colours=colours))


def _lines(text: str, width: int, *, colours: bool) -> Iterator[str]:
    is_table = False
    for line in text.splitlines():
        is_table = bool(line) and (is_table or _HEADER.fullmatch(line) is not None)
        if is_table:
            row = line if not width or len(line) <= width else line[: width - 1] + _CUT
            yield _coloured(row) if colours else row
        elif width and len(line) > width:
            indent = " " * (len(line) - len(line.lstrip()) + 2)
            wrapped = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
            yield from map(harmless, wrapped)
        else:
            yield line


def _coloured(line: str) -> str:
    return _WORD.sub(lambda match: f"{_COLOURS[match[0]]}{match[0]}{_PLAIN}", line)
