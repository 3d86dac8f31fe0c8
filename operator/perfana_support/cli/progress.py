"""A sign of life for work that takes longer than a second, on a terminal alone."""

import threading
from types import TracebackType
from typing import Self, TextIO

_SILENT_SECONDS = 1.0
_EVERY_SECONDS = 0.2
_BAR = 20
_ERASE = "\r\x1b[K"


class Progress:
    """A line on a terminal that says how far the work is, from its second second on until it ends. Nothing elsewhere."""

    def __init__(self, stream: TextIO, what: str) -> None:
        self._stream = stream
        self._what = what
        self._done = self._total = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def step(self, done: int, total: int) -> None:
        """So many parts of so many are done."""
        self._done, self._total = done, total

    def _show(self) -> None:
        if self._ended.wait(_SILENT_SECONDS):
            return
        ticks = 0
        while not self._ended.is_set():
            ticks += 1
            self._stream.write(f"{_ERASE}{self._what} {self._picture(ticks)}")
            self._stream.flush()
            self._ended.wait(_EVERY_SECONDS)
        self._stream.write(_ERASE)
        self._stream.flush()

    def _picture(self, ticks: int) -> str:
        """A bar of known length, or seconds where only one part is known."""
        if self._total <= 1:
            return f"… {_SILENT_SECONDS + ticks * _EVERY_SECONDS:.0f} s"
        filled = _BAR * self._done // self._total
        return f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._done} of {self._total}"
