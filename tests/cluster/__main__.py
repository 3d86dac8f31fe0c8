"""The test cluster for a person: `python -m tests.cluster`, and its commands `build`, `exec` and `pin`."""

from __future__ import annotations

import argparse
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import binaries, pins
from tests.cluster.binaries import BinariesError
from tests.cluster.crds import apply_crds
from tests.cluster.golang import GoError
from tests.cluster.server import Cluster, ClusterError

if TYPE_CHECKING:
    from collections.abc import Sequence

DESCRIPTION = """\
Start a Kubernetes API server on this machine until Ctrl-C, and print how to use it.

commands:
  run            start it and wait (the default)
  build          find or build its programs, nothing else
  exec -- CMD…   start it, run a command with its KUBECONFIG and kubectl, end it, exit as the command did
  pin            write the go.mod and go.sum that build the release named by --kubernetes, such as 1.38.0
"""

ALIVE_CHECK_SECONDS = 1.0
"""How soon a person learns that the server died: soon enough, and no work for the machine."""

TERMINATED = 128 + signal.SIGTERM
"""Exit code of a shell for a command that SIGTERM ended."""


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the exit code."""
    ours, command = _split(arguments)
    parser = argparse.ArgumentParser(
        prog="python -m tests.cluster",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="run", choices=("run", "build", "exec", "pin"))
    parser.add_argument(
        "--kubernetes",
        metavar="VERSION",
        help=f"1.35 or 1.35.4; default: ${binaries.VERSION_VARIABLE}, else the newest ({_newest()})",
    )
    parser.add_argument("--crds", metavar="DIR", type=Path, help="apply the YAML files of this folder first")
    options = parser.parse_args(ours)
    if (options.command == "exec") != bool(command):
        parser.error("exec, and only exec, takes `-- CMD…`")
    if options.command == "pin" and not options.kubernetes:
        parser.error("pin needs --kubernetes")
    try:
        if options.command == "pin":
            print(pins.make(options.kubernetes))
            return 0
        if options.command == "build":
            found = binaries.find(options.kubernetes)
            print(f"test cluster: Kubernetes {found.kubernetes}, etcd and kubectl are at hand")
            return 0
        return _with_cluster(options.kubernetes, options.crds, command)
    except (BinariesError, ClusterError, GoError, OSError, ValueError) as error:
        print(f"test cluster: {error}", file=sys.stderr)
        return 1


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    given = list(arguments)
    at = given.index("--") if "--" in given else len(given)
    return given[:at], given[at + 1 :]


def _newest() -> str:
    return pins.choose(None).version


def _with_cluster(kubernetes: str | None, crds: Path | None, command: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(TERMINATED))
    with Cluster(kubernetes) as cluster:
        if crds:
            apply_crds(cluster.client(), crds)
        return _execute(cluster, command) if command else _wait(cluster)


def _execute(cluster: Cluster, command: Sequence[str]) -> int:
    process = subprocess.Popen(command, env=cluster.environment())
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()  # the terminal told it too; it ends as it sees fit
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _wait(cluster: Cluster) -> int:
    print(f"# Kubernetes {cluster.binaries.kubernetes} was ready in {cluster.boot_seconds:.1f} s.")
    print("# In another shell:")
    print(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    print(f"export PATH={shlex.quote(str(cluster.binaries.kubectl.parent))}:$PATH")
    print("# Ctrl-C ends it and removes all of its data.", flush=True)
    pause = threading.Event()
    try:
        while cluster.is_running:
            pause.wait(ALIVE_CHECK_SECONDS)
    except KeyboardInterrupt:
        return 0
    print(f"test cluster: a program ended by itself:\n{cluster.log_tails()}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
