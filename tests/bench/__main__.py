"""Measure what docs/performance.md claims, and print its tables; progress goes to standard error.

python -m tests.bench                  everything, ten to fifteen minutes
python -m tests.bench --only cli       the command line beside an empty Python and kubeconform
python -m tests.bench --only stream    the command line on 1,000 to 100,000 documents, beside kubeconform, conftest and kyverno
python -m tests.bench --only operator  from a changed workload to its condition
python -m tests.bench --only rules     the rules alone, in this process; needs no cluster
python -m tests.bench --only packages  the command line by how it was installed; needs no cluster
python -m tests.bench --only image     the operator's image: its size, and how soon it answers (root)
python -m tests.bench --only bundles   a bundle of 200 pods, beside kubectl
python -m tests.bench --only registries  the operator that asks a registry for what 2,500 containers run
python -m tests.bench --only scale     the operator in a cluster of 10,000 workloads and 20,000 pods, beside peers
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import bundles, command_line, image, large_stream, operator_latency, packages, registries, rules
from tests.bench.conftest_tool import Conftest
from tests.bench.kubeconform import Kubeconform
from tests.bench.kyverno import Kyverno
from tests.bench.scale.measure import measure as measure_scale
from tests.bench.tables import machine, say
from tests.cluster import binaries
from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Measure what the arguments ask for."""
    arguments = _arguments()
    programs = [] if arguments.only in {"rules", "packages"} else [f"Kubernetes {binaries.find().kubernetes}"]
    tables = []
    if arguments.only in {None, "rules"}:
        tables.append(("Rules", rules.measure(arguments.evaluations)))
    if arguments.only in {None, "cli"}:
        version, text = _measure_command_line(arguments.rounds)
        programs.append(f"kubeconform {version}")
        tables.append(("Command line", text))
    if arguments.only in {None, "packages"}:
        tools, text = _measure_packages(arguments.rounds)
        programs += tools
        tables.append(("Single files", text))
    if arguments.only in {None, "stream"}:
        versions, text = _measure_large_stream(arguments.streams)
        programs += versions
        tables.append(("Long streams", text))
    if arguments.only in {None, "operator"}:
        tables.append(("Operator", _measure_operator(arguments.changes)))
    others: dict[str, tuple[str, Callable[[], str]]] = {
        "image": ("Image", partial(image.measure, arguments.rounds)),
        "registries": ("Registries", registries.measure),
        "bundles": ("Bundles", partial(bundles.measure, arguments.rounds)),
    }
    tables += [(title, measured()) for name, (title, measured) in others.items() if arguments.only in {None, name}]
    if arguments.only in {None, "scale"}:
        text = measure_scale(arguments.namespaces, arguments.load, is_whole=arguments.whole)
        tables.append(("Operator at scale", text))
    print(machine(*dict.fromkeys(programs)))
    for title, text in tables:
        print(f"\n### {title}\n{text}")


def _measure_command_line(rounds: int) -> tuple[str, str]:
    """Return the version of the peer, and the table."""
    with tempfile.TemporaryDirectory(prefix="perfana-bench-") as folder:
        peer = Kubeconform(Path(folder))
        say("starting the test cluster")
        with Cluster() as cluster:
            peer.learn(cluster.client(), ROOT / command_line.CHART)
        # Only now: the cluster would run beside it.
        return peer.version, command_line.measure(peer, rounds)


def _measure_packages(rounds: int) -> tuple[list[str], str]:
    """Return the tools that made the packages, and the table."""
    with tempfile.TemporaryDirectory(prefix="perfana-bench-") as folder:
        return packages.tools(), packages.measure(Path(folder), rounds)


def _measure_large_stream(rounds: int) -> tuple[list[str], str]:
    """Return the peers with their versions, and the tables."""
    conftest, kyverno = Conftest(), Kyverno()
    with tempfile.TemporaryDirectory(prefix="perfana-bench-") as folder:
        peer = Kubeconform(Path(folder))
        kinds = Path(folder) / "kinds.yaml"
        large_stream.write_kinds(kinds)
        say("starting the test cluster")
        with Cluster() as cluster:
            peer.learn(cluster.client(), kinds)
        text = large_stream.measure(peer, conftest, kyverno, Path(folder), rounds)
    return [f"kubeconform {peer.version}", f"conftest {conftest.version}", f"kyverno {kyverno.version}"], text


def _measure_operator(changes: int) -> str:
    say("starting the test cluster")
    with Cluster() as cluster:
        apply_crds(cluster.client(), ROOT / "crds")
        return operator_latency.measure(cluster, changes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        choices=("cli", "packages", "image", "stream", "operator", "registries", "bundles", "rules", "scale"),
        help="measure this alone",
    )
    parser.add_argument("--rounds", type=int, default=20, help="runs of each command (default: 20)")
    parser.add_argument("--streams", type=int, default=5, help="runs of each command on a long stream (default: 5)")
    parser.add_argument("--changes", type=int, default=200, help="changes of the one workload (default: 200)")
    parser.add_argument("--evaluations", type=int, default=300, help="evaluations of each installation (default: 300)")
    parser.add_argument("--namespaces", type=int, default=500, help="of 20 workloads and 40 pods each (default: 500)")
    parser.add_argument("--load", type=int, default=600, help="changes among them, 20 a second (default: 600)")
    parser.add_argument("--whole", action="store_true", help="measure a start in a cluster five times as large as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
