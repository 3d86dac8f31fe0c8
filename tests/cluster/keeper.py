"""A process of its own that keeps a temporary folder and some programs, and ends them when its parent ends.

Run as a script by `processes.Processes`, never imported by it: it uses the standard library only and has a
single thread.

Why a process in between: a program that must die with the test run cannot rely on the test run to end it,
since SIGKILL leaves no time for that. The kernel's "tell me when my parent dies" (`PR_SET_PDEATHSIG`) alone
does not do either, because it fires when the *thread* that forked ends, and a test may well start a server
from a short-lived thread. So the test process starts this one, which
- watches the test process with a pidfd and its own standard input for end of file, and ends everything on
  either;
- is the parent of the programs and never starts a thread, so that `PR_SET_PDEATHSIG` covers its own violent
  death;
- holds a lock on the folder, so that a later start can tell a folder in use from one that nobody will ever
  remove.

Requests and answers are lines of JSON on standard input and output; see processes.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
"""Number of the prctl option, from Linux's <sys/prctl.h>."""

Request = dict[str, Any]
Answer = dict[str, Any]


def make_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """Make a private folder that is locked before it has the name by which others find it."""
    made = Path(tempfile.mkdtemp(prefix=f".new-{prefix}", dir=parent))
    descriptor = os.open(made, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    folder = parent / made.name.removeprefix(".new-")
    made.rename(folder)
    return folder, descriptor


def sweep(parent: Path, prefix: str) -> None:
    """Remove folders whose keeper was killed together with its parent: nobody holds their lock any more."""
    for stale in parent.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # in use, gone meanwhile, or somebody else's
            descriptor = os.open(stale, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(stale, ignore_errors=True)
            finally:
                os.close(descriptor)


class Programs:
    """The running programs by name, each the leader of a session, so that what it starts ends with it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl

    def start(self, request: Request) -> Answer:
        """Start a program with its output appended to a log; answer its process id."""
        keeper = os.getpid()

        def die_with_keeper() -> None:
            self._prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != keeper:  # it died between fork and prctl
                os._exit(1)

        with Path(request["log"]).open("ab") as log:
            program = subprocess.Popen(
                request["argv"],
                env=request["env"],
                cwd=request["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_keeper,  # noqa: PLW1509 - no threads here, see above
            )
        self._running[request["name"]] = program
        return {"pid": program.pid}

    def poll(self, request: Request) -> Answer:
        """Answer the exit code of a program, or null while it runs.

        It never waits: a keeper that waits for a program does not see its parent die.
        """
        return {"exit": self._running[request["name"]].poll()}

    def signal(self, request: Request) -> Answer:
        """Send a signal to a program and to all that it started."""
        _signal_group(self._running[request["name"]], request["signal"])
        return {}

    def kill_all(self) -> None:
        """End every program at once."""
        for program in self._running.values():
            _signal_group(program, signal.SIGKILL)
        for program in self._running.values():
            program.wait()


def _signal_group(program: subprocess.Popen[bytes], number: int) -> None:
    if program.poll() is None:  # once it is reaped its number may belong to somebody else
        os.killpg(program.pid, number)


def serve(programs: Programs, parent: int) -> None:
    """Answer requests until standard input ends or the parent dies."""
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin.buffer, selectors.EVENT_READ)
    with contextlib.suppress(OSError):  # a kernel before 5.3: then the end of standard input has to do
        selector.register(os.pidfd_open(parent), selectors.EVENT_READ)
    if os.getppid() != parent:  # it died before it could be watched
        return
    actions = {"start": programs.start, "poll": programs.poll, "signal": programs.signal}
    while True:
        ready = [key.fileobj for key, _ in selector.select()]
        if sys.stdin.buffer not in ready:
            return
        line = sys.stdin.buffer.readline()
        if not line:
            return
        request: Request = json.loads(line)
        try:
            answer = actions[request["do"]](request)
        except OSError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


def main() -> None:
    """Make the folder, say its path, serve, and leave nothing behind."""
    parent, where, prefix = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    # A terminal's Ctrl-C is for the parent, which then closes our input; to be told to end means to end
    # tidily.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sweep(where, prefix)
    folder, _lock = make_folder(where, prefix)
    programs = Programs()
    try:
        print(json.dumps({"folder": str(folder)}), flush=True)
        serve(programs, parent)
    finally:
        programs.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
