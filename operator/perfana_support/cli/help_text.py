"""Descriptions and examples of `--help`, no wider than the terminal, with commands that can still be copied."""

import re
import textwrap
from collections.abc import Iterator

_PROGRAM = "perfana-support"
_COMMENT = re.compile(r"\s{2,}# ")
_PART = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]|\S+")
_INDENT = "    "


def fitted(text: str, width: int) -> Iterator[str]:
    """The lines of a text; a command goes on behind a backslash, and a comment for which there is no room stands above it."""
    for line in text.splitlines():
        if len(line) <= width:
            yield line
        elif line.startswith(" ") and _PROGRAM in line:
            yield from _command(line, width)
        else:
            indent = _indent_of(line)
            yield from textwrap.wrap(line, width, subsequent_indent=indent and indent + _INDENT)


def with_fitting_usage(text: str, width: int) -> str:
    """A help text, with the usage that it begins with no wider than that: argparse indents it by the program's whole name."""
    usage, rest, others = text.partition("\n\n")
    if all(len(line) <= width for line in usage.splitlines()):
        return text
    first, *parts = _PART.findall(usage)
    lines = [first]
    for part in parts:
        if len(lines[-1]) + 1 + len(part) <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(_INDENT + part)
    return "\n".join(lines) + rest + others


def _command(line: str, width: int) -> Iterator[str]:
    indent = _indent_of(line)
    command, *comments = _COMMENT.split(line, maxsplit=1)
    for comment in comments:
        yield from textwrap.wrap(comment, width, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
    parts = textwrap.wrap(
        command, width - len(" \\"), subsequent_indent=indent + _INDENT, break_long_words=False, break_on_hyphens=False
    )
    yield from (f"{part} \\" for part in parts[:-1])
    yield parts[-1]


def _indent_of(line: str) -> str:
    return " " * (len(line) - len(line.lstrip()))
