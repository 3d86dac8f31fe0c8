"""The way of somebody who has never seen the project, from a bare cluster to the first verdict: what the pages say, timed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from tests.e2e.place import SETTLED_WITHIN_SECONDS
from tests.snippets import snippet

if TYPE_CHECKING:
    from tests.e2e.place import Shell


class FirstVerdict(NamedTuple):
    """How long it took, and the table that was printed then."""

    seconds: float
    table: str


def first_verdict(shell: Shell) -> FirstVerdict:
    """Run the pages' blocks one after the other, and return how many seconds it took until the verdict was printed.

    What a person reads and types in between is not counted, nor is the pull of the image: it is on the nodes already.
    """
    blocks = (
        snippet("charts/perfana-support/README.md", "install"),
        snippet("docs/install.md", "verify"),
        snippet("docs/first-check.md", "check"),
        snippet("docs/first-check.md", "wait"),
    )
    began = time.monotonic()
    printed = [shell.must(block, within_seconds=SETTLED_WITHIN_SECONDS) for block in blocks]
    return FirstVerdict(time.monotonic() - began, printed[-1])
