"""Standard output and error as they may be: closed, full, or with nobody at their other end."""

import os
import sys
from typing import Any, TextIO, cast


def open_closed_streams() -> None:
    """Where a shell has closed an output, what is written to it goes nowhere, and nothing goes where it should not."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the rest of the run


def abandon(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere: Python's own last flush would fail again, with an exit code of its own."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return  # no stream of the system: nobody flushes it
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), number)


class Unheard:
    """Standard error whose reader may be gone: what happened is still told by the exit code, not by why nobody heard of it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        try:
            return self._stream.write(text)
        except OSError:
            abandon(self._stream)
            return len(text)

    def flush(self) -> None:
        """Write what was held back, if it can be."""
        try:
            self._stream.flush()
        except OSError:
            abandon(self._stream)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the stream's own
        return getattr(self._stream, name)


def unheard(stream: TextIO) -> TextIO:
    """The stream, which fails no more."""
    return cast("TextIO", Unheard(stream))
