"""The program `perfana-support`."""

import argparse
import errno
import gc
import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from perfana_support import __version__
from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.streams import abandon, open_closed_streams, unheard

# Importing makes tens of thousands of objects that all stay; at the default of 700 the collector looks through them a dozen
# times, a tenth of a short run (docs/performance.md).
gc.set_threshold(50_000)

# argparse asks for a translation of each of its texts, which looks for files in every run: Python ships none, nor does this.
argparse._ = str  # type: ignore[attr-defined]

# What a shell reports for a program that Ctrl-C ended: 128 and the signal's number.
_INTERRUPTED = 130
# And for one that a closed pipe ended, as SIGPIPE would.
_READER_GONE = 141

# The columns of the narrowest terminal that is written for, and how many digits no terminal's width has.
_NARROWEST = 60
_MOST_DIGITS = 6

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)

# Commands and what `--help` says of them; each is a module with EXAMPLES, add_arguments and run, imported when it is called.
COMMANDS = {
    "check": "judge manifests, or what runs in a cluster",
    "ticket": "say whether a ticket may be raised, until when it is answered first, and what to hand over",
    "status": "print what the operator says of the checks in a cluster",
    "doctor": "say what is wrong with the operator in a cluster, and by which command it is mended",
    "bundle": "take an installation's verdict with all that it was made from, for a ticket",
    "explain": "say what a code or reason means and what to do",
    "policy": "check a support policy for errors, print it, or say what it changes",
    "catalogue": "read the digests of releases from their registry, for a policy that proves images without one",
    "completion": "print the completion script of bash, zsh, fish or kubectl's plugin",
    "operator": "run the operator, which judges the installations of a cluster",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command that the arguments name; the exit code says what came of it.

    An error nobody foresaw is exit code 1 with one line, a traceback only with `--debug`: never a verdict.
    """
    open_closed_streams()
    words = sys.argv[1:] if argv is None else argv
    with redirect_stderr(unheard(sys.stderr)):
        try:
            return _complete(words[1:]) if words[:1] == ["__complete"] else _run(words)
        except KeyboardInterrupt:
            return _INTERRUPTED


def _complete(words: list[str]) -> int:
    """Answer a shell, which shows nobody what went wrong: without an answer it offers files."""
    from perfana_support.cli.complete import answer  # noqa: PLC0415 - asked for by shells alone

    return _ended(lambda: _say(answer(words, COMMANDS)), is_debug=False)


def _say(text: str) -> int:
    sys.stdout.write(text)
    return ExitCode.SUPPORTED


def _run(words: list[str]) -> int:
    wanted = next((word for word in words if not word.startswith("-")), None)
    parser, modules = _parser(wanted)
    options, unknown = parser.parse_known_args(words)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{_meant(unknown[0], options.command, modules)}")
    if options.command is None:
        parser.print_help(sys.stderr)
        return ExitCode.BAD_INPUT
    # A terminal that lacks a character shows its escape.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return _ended(lambda: modules[options.command].run(options), is_debug=options.debug)


def _ended(work: Callable[[], int], *, is_debug: bool) -> int:
    """The exit code of the work, also where it or its output fails."""
    try:
        code = work()
        sys.stdout.flush()
    except BrokenPipeError:
        abandon(sys.stdout)
        return _READER_GONE
    except Exception as error:
        code = _report(error)
        if is_debug and code == ExitCode.INTERNAL_ERROR:
            raise
        return code
    # Python looks through all objects once more before it ends; nothing here waits for that, and it costs a tenth of a run.
    gc.freeze()
    return code


def _meant(word: str, name: str | None, modules: dict[str, ModuleType]) -> str:
    """The option of a command that a word may stand for, as the end of a message."""
    if not word.startswith("-") or name not in modules:
        return ""
    from perfana_support.cli.near import meant  # noqa: PLC0415 - not needed where all goes well

    parser = argparse.ArgumentParser()
    modules[name].add_arguments(parser)
    known = [*parser._option_string_actions, "--debug"]  # noqa: SLF001 - argparse has no other way to ask what it knows
    return meant(word.partition("=")[0], known)


def _report(error: Exception) -> ExitCode:
    from perfana_support.reports.table import printable  # noqa: PLC0415 - not needed where all goes well
    from perfana_support.sources.errors import SourceError  # noqa: PLC0415

    if isinstance(error, SourceError):
        for fault in error.faults:
            print(printable(f"error: {fault}"), file=sys.stderr)
        return ExitCode.BAD_INPUT
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        abandon(sys.stdout)
        print(printable(f"error: {error.filename or 'standard output'}: cannot be written: {error.strerror}"), file=sys.stderr)
        return ExitCode.INTERNAL_ERROR
    print(printable(f"internal error: {type(error).__name__}: {error} (--debug shows the traceback)"), file=sys.stderr)
    return ExitCode.INTERNAL_ERROR


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal. argparse would ask `shutil`, whose import costs a tenth of a whole run."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width() - 2)

    def format_help(self) -> str:
        from perfana_support.cli.help_text import with_fitting_usage  # noqa: PLC0415 - as below

        return with_fitting_usage(super().format_help(), self._width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from perfana_support.cli.help_text import fitted  # noqa: PLC0415 - only --help prints any

        return "".join(f"{indent}{line}\n" for line in fitted(text, width))


class _Parser(argparse.ArgumentParser):
    """A parser whose errors can do nothing to a terminal or a job's log: they repeat what was given."""

    def error(self, message: str) -> NoReturn:
        from perfana_support.reports.table import printable  # noqa: PLC0415 - not needed where all goes well

        super().error(printable(message))


@cache
def _width() -> int:
    """The terminal's width, which argparse wants to know with every option that is added."""
    stated = os.environ.get("COLUMNS", "")
    width = int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < _MOST_DIGITS else 0
    try:
        return max(_NARROWEST, width or os.get_terminal_size().columns)
    except (ValueError, OSError):
        return 80


def _parser(wanted: str | None) -> tuple[argparse.ArgumentParser, dict[str, ModuleType]]:
    """The parser, with the options of the wanted command only: reading the others' would import what they need."""
    parser = _Parser(
        prog="perfana-support",
        description="Is this Perfana installation supportable, by the vendor's support policy?",
        epilog="example:\n  perfana-support check -f perfana.yaml",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"perfana-support {__version__}")
    commands = parser.add_subparsers(
        title="commands", description="each has its own --help", prog="perfana-support", dest="command", metavar="COMMAND"
    )
    modules: dict[str, ModuleType] = {}
    for name, summary in COMMANDS.items():
        if name != wanted:
            commands.add_parser(name, help=summary, add_help=False)  # for the list of commands alone
            continue
        module = modules[name] = import_module(f"perfana_support.cli.{name}")
        command = commands.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=_Formatter,
            allow_abbrev=False,  # a prefix that is one option's today may be another's tomorrow
        )
        module.add_arguments(command)
        command.add_argument("--debug", action="store_true", help="show the traceback of an internal error")
    return parser, modules
