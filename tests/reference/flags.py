"""docs/reference/flags.md: every command with its options, from the parsers that the program runs with."""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from itertools import takewhile
from typing import NamedTuple

from perfana_support.cli import check_options
from perfana_support.cli.main import COMMANDS
from tests.reference.markup import MADE, code, prose, table

HEAD = f"""\
# Commands and options

{MADE}
What each command takes, from the program itself; `perfana-support COMMAND --help` says the same. Each command has
`--debug` too, which shows the traceback of an internal error. What the options of `check` are for in more words: [the
command line](../command-line.md).

"""
_DEFAULT = re.compile(r"\s*\((?:\$[A-Z_]+; )?default: (?P<default>[^()]*(?:\([^()]*\)[^()]*)*)\)$")
_VARIABLE = re.compile(r"\((\$PERFANA_SUPPORT_[A-Z_]+)")


class _Option(NamedTuple):
    """A row of the table."""

    names: str
    what: str
    default: str
    variable: str


def page() -> str:
    """Return the page."""
    return HEAD + "\n".join(_section(name, summary) for name, summary in COMMANDS.items())


def _section(name: str, summary: str) -> str:
    module = import_module(f"perfana_support.cli.{name}")
    parser = argparse.ArgumentParser(prog=f"perfana-support {name}", add_help=False)
    module.add_arguments(parser)
    variables = {option.dest: option.variable for option in check_options.OPTIONS} if name == "check" else {}
    options = [_option(action, variables) for action in parser._actions]  # noqa: SLF001 - argparse tells it no other way
    parts = [f"## {name}\n", f"{prose(_first_upper(summary))}.\n"]
    if options:
        parts.append(_table(options))
    examples = takewhile(lambda line: line.startswith(" "), module.EXAMPLES.splitlines()[1:])
    parts.append("Examples:\n\n" + "".join(map(_example, examples)))
    return "\n".join(parts)


def _example(line: str) -> str:
    """A command as an item of a list, with what stands behind it as a comment."""
    command, _, comment = line.partition("  # ")
    return f"- {code(command.strip())}" + (f": {prose(comment)}" if comment else "") + "\n"


def _table(options: list[_Option]) -> str:
    """The options with those columns in which anything stands."""
    head = ("option", "what", "default", "variable")
    used = [place for place in range(len(head)) if any(option[place] for option in options)]
    return table([head[place] for place in used], [[option[place] for place in used] for option in options])


def _option(action: argparse.Action, variables: dict[str, str]) -> _Option:
    text = action.help or ""
    told = _DEFAULT.search(text)
    variable = _VARIABLE.search(text)
    named = variables.get(action.dest) or (variable[1].removeprefix("$") if variable else "")
    what = text[: told.start()] if told else text
    return _Option(_names(action), prose(what.replace("%%", "%")), prose(told["default"]) if told else "", code(named))


def _names(action: argparse.Action) -> str:
    """The option's spellings, the first with what it takes; a positional argument by what it is."""
    value = ""
    if action.nargs != 0:
        metavar = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
        value = str(metavar)
    if not action.option_strings:
        optional = action.nargs in ("?", "*")
        return code(f"[{value}]" if optional else value)
    return ", ".join(code(f"{name} {value}".strip()) for name in action.option_strings)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
