"""Say what a finding's code or a condition's reason means, which sentence of the policy is behind it, and what to do."""

import argparse
import os
import re

from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.near import meant
from perfana_support.cli.output import show
from perfana_support.model.code import Code, Reason
from perfana_support.reports.table import columns
from perfana_support.sources import builtin
from perfana_support.sources.errors import Fault, SourceError

EXAMPLES = """\
examples:
  perfana-support explain EndOfLife
  perfana-support explain NotObservable
  perfana-support explain             # all codes with their effect, and the other reasons
"""

_REASONS: tuple[Code | Reason, ...] = (*Code, *Reason)
VALUES = {"code": tuple(map(str, _REASONS))}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `explain`."""
    parser.add_argument("code", nargs="?", metavar="REASON", help="a code or another reason, in any case (default: list all)")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the section of one reason, or list all: the codes first, which are reasons as well."""
    if arguments.code is None:
        codes = [(str(code), str(code.effect), ", ".join(code.conditions)) for code in Code]
        reasons = [(str(reason), section(reason).splitlines()[0]) for reason in Reason]
        tables = (columns([("CODE", "EFFECT", "CONDITIONS"), *codes]), columns([("REASON", "MEANING"), *reasons]))
        lines = ("\n".join(table) for table in tables)
        show("\n\n".join((*lines, "perfana-support explain REASON says what each means and what to do.\n")))
        return ExitCode.SUPPORTED
    found = next((reason for reason in _REASONS if reason.lower() == arguments.code.lower()), None)
    if found is None:
        problem = f"is no code or reason{meant(arguments.code, VALUES['code'])}; perfana-support explain lists all of them"
        raise SourceError([Fault(arguments.code, 0, 0, problem)])
    show(f"{found}\n\n{section(found)}\n")
    return ExitCode.SUPPORTED


def section(code: Code | Reason) -> str:
    """The reason's section of the page, without its heading. Raises `LookupError` where there is none."""
    match = re.search(rf"^### {code}\n(.*?)(?=^#|\Z)", page(), re.DOTALL | re.MULTILINE)
    if match is None:
        raise LookupError(code)
    return match[1].strip()


def page() -> str:
    """The page of all codes, the same as in the documentation."""
    with open(os.path.join(os.path.dirname(builtin.__file__), "codes.md"), encoding="utf-8") as file:
        return file.read()
