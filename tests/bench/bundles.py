"""How long a bundle takes and how large it is, beside what kubectl needs to print the same objects."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.tables import say, table
from tests.cluster.server import Cluster
from tests.integration.support_objects import RELEASED, deployment, pod

if TYPE_CHECKING:
    from collections.abc import Sequence

PODS = 200
AIM_SECONDS = 10.0
AIM_MEBIBYTES = 10.0
_NAMESPACE = "crowd"
_KINDS = "deployments,statefulsets,daemonsets,cronjobs,jobs,pods,events"


def measure(rounds: int) -> str:
    """Return the table: programs in turn, as processes of their own."""
    with tempfile.TemporaryDirectory(prefix="perfana-bench-") as folder, Cluster() as cluster:
        api = cluster.client()
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
        api.create(deployment(RELEASED), _NAMESPACE)
        for place in range(PODS):
            api.create(pod(RELEASED, f"web-{place}"), _NAMESPACE)
        file, program = Path(folder, "bundle.tar.gz"), [sys.executable, "-m", "perfana_support"]
        take = [*program, "bundle", "-n", _NAMESPACE, "-o", str(file)]
        commands = {
            f"kubectl get {_KINDS} -o json": ["kubectl", "get", _KINDS, "-n", _NAMESPACE, "-o", "json"],
            "bundle": take,
            "bundle --anonymise": [*take, "--anonymise"],
            "check --bundle": [*program, "check", "--bundle", str(file), "-o", "json"],
        }
        environment = cluster.environment()
        times: dict[str, list[float]] = {name: [] for name in commands}
        sizes: dict[str, float] = {}
        for number in range(rounds):
            say(f"bundles: {PODS} pods, round {number + 1} of {rounds}")
            for name, command in commands.items():
                times[name].append(_time(command, environment))
                if name.startswith("bundle"):
                    sizes[name] = file.stat().st_size / 2**20
    rows = [
        [name, f"{statistics.median(taken):.2f}", f"{max(taken):.2f}", f"{sizes[name]:.2f}" if name in sizes else ""]
        for name, taken in times.items()
    ]
    caption = (
        f"A namespace of {PODS} pods, {rounds} rounds, each program in turn as a process of its own, beside the API server. "
        f"Aim: at most {AIM_SECONDS:.0f} s and {AIM_MEBIBYTES:.0f} MiB for a bundle."
    )
    return f"{caption}\n\n" + table(["", "median s", "most s", "MiB"], rows)


def _time(command: Sequence[str], environment: dict[str, str]) -> float:
    begun = time.monotonic()
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 5):
        raise RuntimeError(f"{command} ended with {done.returncode}")
    return time.monotonic() - begun
