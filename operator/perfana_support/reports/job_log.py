"""Texts that can do nothing to the log of a job: CI systems take some of what a program prints for commands to them.

GitHub's runner takes a line that begins with `::name`, after blanks, and `##[name]` anywhere in one
(https://github.com/actions/runner, src/Runner.Common/ActionCommand.cs); Azure's agent takes `##vso[name]`. What a manifest or a
file's name brings along must be none.
"""

import re

_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\w*\[)")


def harmless(line: str) -> str:
    """A line that is no command, or part of one: the first sign of what would be one is written as its escape."""
    if "::" not in line and "##" not in line:
        return line
    return _COMMAND.sub(lambda found: found[0][:-1] + (r"\x23" if found[0] == "#" else r"\x3a"), line)


def harmless_json(document: str) -> str:
    """A JSON or YAML document that says the same without a command: there the signs stand within quotes alone.

    No line of one begins with a text, so only what is a command anywhere is left.
    """
    return re.sub(r"#(?=#\w*\[)", r"\\u0023", document) if "##" in document else document
