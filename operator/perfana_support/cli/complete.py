"""What the shell may offer for the word that is being typed, for bash, zsh, fish and kubectl's plugins alike.

The answer is in the form that kubectl asks plugins for (spf13/cobra): candidates, one a line, and a last line with a colon and
a number, 0 where files may follow and 4 where nothing else fits.
"""

import argparse
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import NamedTuple

_FILES, _NOTHING_ELSE = 0, 4


class Offer(NamedTuple):
    """Candidates, and whether files may stand there as well."""

    candidates: tuple[str, ...]
    files: bool = False


def offer(words: list[str], commands: Iterable[str]) -> Offer:
    """What may stand in place of the last word, which is what has been typed of it so far."""
    *before, current = words or [""]
    command = next((word for word in before if not word.startswith("-")), None)
    if command is None:
        return _matching([*commands, "--help", "--version"], current)
    if command not in commands:
        return Offer(())
    module = import_module(f"perfana_support.cli.{command}")
    parser = argparse.ArgumentParser(add_help=True)
    module.add_arguments(parser)
    actions = parser._actions  # noqa: SLF001 - argparse has no other way to ask what it knows
    by_name = {name: action for action in actions for name in action.option_strings}
    values: Mapping[str, tuple[str, ...]] = getattr(module, "VALUES", {})
    name, has_value, typed = current.partition("=")
    if has_value and name in by_name:
        found = _values(by_name[name], values, typed)
        return Offer(tuple(f"{name}={candidate}" for candidate in found.candidates), found.files)
    previous = by_name.get(before[-1])
    if previous is not None and previous.nargs != 0:
        return _values(previous, values, current)
    if current.startswith("-"):
        return _matching([*by_name, "--debug"], current)
    positional = next((action for action in actions if not action.option_strings), None)
    return _values(positional, values, current) if positional else _matching(by_name, current)


def answer(words: list[str], commands: Iterable[str]) -> str:
    """The offer as text."""
    found = offer(words, commands)
    return "\n".join([*found.candidates, f":{_FILES if found.files else _NOTHING_ELSE}"]) + "\n"


def _values(action: argparse.Action, values: Mapping[str, tuple[str, ...]], typed: str) -> Offer:
    """Values of an option or argument: those it is limited to, else files where its placeholder says so."""
    known = values.get(action.dest) or tuple(map(str, action.choices or ()))
    if "=" in typed and "=FILE" in str(action.metavar):
        return Offer((), files=True)
    if known:
        return _matching(known, typed)
    return Offer((), "FILE" in str(action.metavar))


def _matching(known: Iterable[str], typed: str) -> Offer:
    return Offer(tuple(sorted(word for word in known if word.startswith(typed))))
