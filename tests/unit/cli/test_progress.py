"""A sign of life on a terminal, for long work alone."""

import io
import threading

import pytest

from perfana_support.cli import progress
from perfana_support.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and when it shows a text."""

    def __init__(self, *, is_terminal: bool = True) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self.awaited = ""
        self.written = threading.Event()

    def isatty(self) -> bool:
        return self._is_terminal

    def flush(self) -> None:
        if self.awaited in self.getvalue():
            self.written.set()


def test_short_work_shows_nothing() -> None:
    terminal = Terminal()
    with Progress(terminal, "reading") as shown:
        shown.step(1, 2)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("done", "total", "picture"), [(1, 4, "[#####...............] 1 of 4"), (0, 1, "… 0 s"), (4, 4, f"[{'#' * 20}] 4 of 4")]
)
def test_long_work_shows_how_far_it_is_and_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, done: int, total: int, picture: str
) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.001)
    terminal = Terminal()
    terminal.awaited = f"reading {picture}"
    with Progress(terminal, "reading") as shown:
        shown.step(done, total)
        assert terminal.written.wait(10)
    assert f"reading {picture}" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_without_a_terminal_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.0)
    stream = Terminal(is_terminal=False)
    with Progress(stream, "reading"):
        pass
    assert stream.getvalue() == ""
