"""A node for a person: `python -m tests.node` runs one until Ctrl-C, `python -m tests.node build` only builds its programs."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import binaries
from tests.cluster.binaries import BinariesError
from tests.cluster.golang import GoError
from tests.cluster.server import ClusterError
from tests.node.network import NetworkError
from tests.node.node import Node, NodeError
from tests.node.programs import ProgramsError, find_programs

if TYPE_CHECKING:
    from collections.abc import Sequence

ALIVE_CHECK_SECONDS = 1.0
"""How soon a person learns that a program died."""

TERMINATED = 128 + signal.SIGTERM
"""Exit code of a shell for a command that SIGTERM ended."""


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.node", description=__doc__)
    parser.add_argument("command", nargs="?", default="run", choices=("run", "build"))
    parser.add_argument("--kubernetes", metavar="VERSION", help="1.35 or 1.35.4; default: as `python -m tests.cluster`")
    parser.add_argument("--image", metavar="ARCHIVE", type=Path, action="append", default=[], help="import this one")
    options = parser.parse_args(arguments)
    try:
        if options.command == "build":
            find_programs(binaries.find(options.kubernetes).kubernetes)
            return 0
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(TERMINATED))
        with Node(options.kubernetes) as node:
            for archive in options.image:
                node.import_image(archive)
            return _wait(node)
    except KeyboardInterrupt:
        return 0
    except (BinariesError, ClusterError, GoError, NetworkError, NodeError, OSError, ProgramsError, ValueError) as error:
        print(f"test node: {error}", file=sys.stderr)
        return 1


def _wait(node: Node) -> int:
    print(f"# The node was ready in {node.start_seconds:.1f} s. Logs: {node.folder}/*.log")
    print("# In another shell:")
    print(f"export KUBECONFIG={shlex.quote(str(node.kubeconfig))}")
    print(f"export PATH={shlex.quote(str(node.cluster.binaries.kubectl.parent))}:$PATH")
    print(f"alias ctr={shlex.quote(shlex.join(node.ctr_command))}")
    print("# Ctrl-C ends it and removes all of its data.", flush=True)
    pause = threading.Event()
    while node.is_running:
        pause.wait(ALIVE_CHECK_SECONDS)
    print(f"test node: a program ended by itself:\n{node.log_tails()}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
