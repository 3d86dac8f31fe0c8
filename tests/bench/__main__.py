"""Measure what docs/performance.md claims, and print its tables; progress goes to standard error.

python -m tests.bench                  everything, half a minute
python -m tests.bench --only cli       the command line beside an empty Python and kubeconform
python -m tests.bench --only operator  from a changed workload to its condition
python -m tests.bench --only rules     the rules alone, in this process; needs no cluster
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.bench import command_line, operator_latency, rules
from tests.bench.kubeconform import Kubeconform
from tests.bench.tables import machine, say
from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Measure what the arguments ask for."""
    arguments = _arguments()
    tables, programs = [], []
    if arguments.only in (None, "rules"):
        tables.append(("Rules", rules.measure(arguments.evaluations)))
    if arguments.only != "rules":
        programs += _measure_programs(arguments, tables)
    print(machine(*programs))
    for title, text in tables:
        print(f"\n### {title}\n{text}")


def _measure_programs(arguments: argparse.Namespace, tables: list[tuple[str, str]]) -> list[str]:
    """Add the tables of what runs as programs of its own, beside a cluster or after one; return these programs' versions."""
    programs = []
    with tempfile.TemporaryDirectory(prefix="perfana-bench-") as folder:
        peer = Kubeconform(Path(folder)) if arguments.only != "operator" else None
        say("starting the test cluster")
        with Cluster() as cluster:
            programs.append(f"Kubernetes {cluster.binaries.kubernetes}")
            if peer:
                peer.learn(cluster.client(), ROOT / command_line.CHART)
            if arguments.only != "cli":
                apply_crds(cluster.client(), ROOT / "crds")
                tables.append(("Operator", operator_latency.measure(cluster, arguments.changes)))
        if peer:  # once the cluster is gone, which would run beside it
            programs.append(f"kubeconform {peer.version}")
            tables.insert(0, ("Command line", command_line.measure(peer, arguments.rounds)))
    return programs


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("cli", "operator", "rules"), help="measure this alone (default: all)")
    parser.add_argument("--rounds", type=int, default=20, help="runs of each command (default: 20)")
    parser.add_argument("--changes", type=int, default=200, help="changes of the workload (default: 200)")
    parser.add_argument("--evaluations", type=int, default=300, help="evaluations of each installation (default: 300)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
