"""docs/reference/exit-codes.md: what the program's end says, from the table that the program ends by."""

from __future__ import annotations

from perfana_support.cli import main
from perfana_support.cli.exit_codes import ExitCode
from tests.reference.markup import MADE, table

HEAD = f"""\
# Exit codes

{MADE}
The same for every command and format. They are published: none changes its meaning. A verdict has codes of its own,
so a crash or a file that cannot be read is never taken for one. For several installations the worst counts: not
supported, then undetermined, then at risk. `doctor` judges no installation: 0 is all is well, 3 a problem, 5 something
that could not be looked at.

"""
MEANINGS = {
    ExitCode.SUPPORTED: "supported; of `ticket`: possible; of commands that judge nothing: done",
    ExitCode.INTERNAL_ERROR: "an error of the program, or a disk that is full: no verdict",
    ExitCode.BAD_INPUT: "usage, unreadable input, an invalid policy, an output that cannot be opened: no verdict",
    ExitCode.NOT_SUPPORTED: "not supported, now or after the upgrade to a target; of `ticket`: not possible",
    ExitCode.AT_RISK: "supported and at risk; with `check --fail-on at-risk` alone",
    ExitCode.UNDETERMINED: "undetermined; with `check --on-unknown pass` it counts as passed",
}
INTERRUPTED, READER_GONE = main._INTERRUPTED, main._READER_GONE  # noqa: SLF001 - they are no verdicts, so not in the table


def page() -> str:
    """Return the page."""
    rows = [(str(int(each)), f"`{each.name}`", MEANINGS[each]) for each in ExitCode]
    rows += [(str(INTERRUPTED), "", "interrupted by Ctrl-C"), (str(READER_GONE), "", "the reader of the output is gone")]
    return HEAD + table(("code", "name in the program", "meaning"), rows)
