"""Operators that start in a moment: a process that has imported everything once forks one whenever it is told to.

Run as a module with the arguments of `perfana-support operator` after `--log FILE`. It reads a word a line and answers with a
line: `start` with the process id, `kill` (SIGKILL) and `stop` (SIGTERM) with the exit code once the operator is gone, negative
for a signal. It ends what it started when its input does; if it is killed, the kernel does.
"""

import argparse
import contextlib
import ctypes
import gc
import os
import signal
import sys
from pathlib import Path

from perfana_support.controller.run import run
from perfana_support.controller.settings import Settings, add_arguments, read_settings
from tests.cluster.keeper import PR_SET_PDEATHSIG


class Forked:
    """One operator after the other."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._pid = 0

    def start(self) -> int:
        """Fork an operator; its process id."""
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid:
            return self._pid
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        with self._log.open("ab") as log:
            for descriptor in (1, 2):
                os.dup2(log.fileno(), descriptor)
        try:
            run(self._settings)
        except BaseException as error:  # noqa: BLE001 - there is nobody above to tell
            print(f"ended by {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)

    def kill(self) -> int:
        """End it in the middle of whatever it does; its exit code."""
        return self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end, and wait for that; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if not self._pid:
            return 0
        os.kill(self._pid, number)
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


def main() -> None:
    """Obey until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    add_arguments(parser)
    arguments = parser.parse_args()
    forked = Forked(read_settings(vars(arguments), os.environ), arguments.log)
    gc.freeze()  # what is there already need not be looked at, and so copied, by every child
    actions = {"start": forked.start, "kill": forked.kill, "stop": forked.stop}
    print("ready", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            print(actions[line.strip()](), flush=True)
    forked.kill()


if __name__ == "__main__":
    main()
