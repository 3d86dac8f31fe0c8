"""Programs and a temporary folder that end with this process, however it ends; the other end of keeper.py."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

KEEPER = Path(__file__).with_name("keeper.py")

KILLED_WITHIN_SECONDS = 10.0
"""A killed program is gone in milliseconds; this long only where it waits for a disk."""


class Processes:
    """Named programs under a keeper, and the folder they write to.

    Safe to use from several threads. After a fork the child must not use it.
    """

    def __init__(self, prefix: str, parent: Path | None = None) -> None:
        """Start a keeper with a new folder of that prefix under the parent, by default the system's for such.

        It first removes folders of that prefix that a killed keeper left behind.
        """
        parent = parent or Path(tempfile.gettempdir())
        self._lock = threading.Lock()
        self._keeper = subprocess.Popen(
            # -I and -S: no site packages, no PYTHON* variables; it starts in 20 ms and loads nothing of the
            # project.
            [sys.executable, "-I", "-S", str(KEEPER), str(os.getpid()), str(parent.resolve()), prefix],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.folder = Path(self._answer()["folder"])

    @property
    def keeper_pid(self) -> int:
        """Process id of the keeper."""
        return self._keeper.pid

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str], cwd: Path | None = None) -> int:
        """Start a program, its output appended to `log(name)`, and return its process id."""
        answer = self._ask(
            do="start",
            name=name,
            argv=list(argv),
            env=dict(environment),
            cwd=str(cwd or self.folder),
            log=str(self.log(name)),
        )
        return int(answer["pid"])

    def log(self, name: str) -> Path:
        """Path of a program's output; it may not exist yet."""
        return self.folder / f"{name}.log"

    def log_tail(self, name: str, lines: int = 25) -> str:
        """Last lines of a program's output, for an error message."""
        log = self.log(name)
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def exit_code(self, name: str) -> int | None:
        """Exit code of a program (negative: the signal that ended it), or None while it runs."""
        code: int | None = self._ask(do="poll", name=name)["exit"]
        return code

    def stop(self, name: str, grace_seconds: float) -> int:
        """Ask a program to end, kill it after the grace, and return its exit code."""
        self._ask(do="signal", name=name, signal=int(signal.SIGTERM))
        try:
            return self.wait(name, grace_seconds)
        except TimeoutError:
            return self.kill(name)

    def kill(self, name: str) -> int:
        """End a program with SIGKILL and return its exit code once it is gone."""
        self._ask(do="signal", name=name, signal=int(signal.SIGKILL))
        return self.wait(name, KILLED_WITHIN_SECONDS)

    def close(self) -> None:
        """End all programs, remove the folder, and end the keeper. More than once is harmless."""
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        with self._lock:
            with contextlib.suppress(BrokenPipeError):  # the keeper is gone already
                self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # there only if the keeper was killed

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close."""
        self.close()

    def wait(self, name: str, seconds: float) -> int:
        """Return the exit code of a program once it has ended, or raise `TimeoutError`."""
        ended = wait_for(lambda: None if (code := self.exit_code(name)) is None else (code,), seconds, f"the end of {name}")
        return ended[0]

    def _ask(self, **request: object) -> dict[str, Any]:
        with self._lock:
            assert self._keeper.stdin is not None
            self._keeper.stdin.write(json.dumps(request).encode() + b"\n")
            self._keeper.stdin.flush()
            return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._keeper.stdout is not None
        line = self._keeper.stdout.readline()
        if not line:
            raise ChildProcessError("the keeper of the test cluster's processes is gone; see its output above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ChildProcessError(answer["error"])
        return answer
