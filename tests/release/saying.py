"""What the making of a release says, and how it fails."""

import sys


class ReleaseError(Exception):
    """A release that cannot be made; the message says why and what to do."""


def say(line: str) -> None:
    """Tell on standard error what goes on: it takes minutes the first time."""
    print(f"release: {line}", file=sys.stderr, flush=True)
