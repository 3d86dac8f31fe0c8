"""Other ways to watch a cluster, each in a process of its own and stopped after two minutes."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.scale.objects import NODES
from tests.bench.tables import say
from tests.bench.usage import Usage, usage
from tests.cluster.processes import Processes
from tests.integration.operator_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.scale.loading import Load
    from tests.cluster.server import Cluster

LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.1
PROGRESS_SECONDS = 20.0
PEERS = {"`@kopf.index`": "kopf_index", "`SharedInformer`": "informer"}


class PeerRun(NamedTuple):
    """Seconds until the first and the last verdict, None if they did not come in time, and what was used by then."""

    first_seconds: float | None
    seconds: float | None
    used: Usage


def run_peer(cluster: Cluster, kubeconfig: Path, module: str, loaded: Load) -> PeerRun:
    """Start a peer in a filled cluster, and return when it has judged all or its time is up."""
    arguments = [str(loaded.namespaces)]
    if module == "informer":
        arguments += [str(loaded.workloads), str(loaded.pods), str(NODES)]
    argv = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
    with Processes("perfana-bench-peer-") as processes:
        began = told_at = time.monotonic()
        pid = processes.start(module, argv, cluster.environment(kubeconfig), cwd=ROOT)
        while True:
            time.sleep(POLL_SECONDS)
            if processes.exit_code(module) is not None:
                raise ChildProcessError(f"{module} ended:\n{processes.log_tail(module)}")
            used = usage(pid)
            marks = _marks(processes.log(module))
            seconds = time.monotonic() - began
            if loaded.namespaces in marks or seconds > LIMIT_SECONDS:
                first, last = marks.get(1), marks.get(loaded.namespaces)
                return PeerRun(first and first - began, last and last - began, used)
            if time.monotonic() - told_at > PROGRESS_SECONDS:
                told_at = time.monotonic()
                say(f"scale: {module}: {seconds:.0f} s, {used.mebibytes:.0f} MiB")


def _marks(log: Path) -> dict[int, float]:
    """Return when so many verdicts were there, as the peer told."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [json.loads(line) for line in lines if line.startswith('{"judged"')]
    return {mark["judged"]: mark["at"] for mark in found}
