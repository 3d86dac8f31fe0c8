"""`make demo`: what a user sees. A cluster on loopback, the operator, two installations, and one verdict that flips."""

import contextlib
import ctypes
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster

ROOT = Path(__file__).parents[1]
CHARTS = ROOT / "tests/data/charts"
# In a terminal of any width: what is a command and what is its output.
PROMPT = "\n$ "
PR_SET_PDEATHSIG = 1
JUDGED_WITHIN = "60s"

CHECK = """\
apiVersion: support.perfana.io/v1alpha1
kind: SupportCheck
metadata: {{name: perfana, namespace: {namespace}}}
"""
CONDITIONS = (
    r"jsonpath={range .status.conditions[*]}{.type}{'\t'}{.status}{'\t'}{.reason}{'\t'}{.message}{'\n'}{end}"  # kubectl's own
)


def main() -> None:
    """Show it all, and leave nothing behind."""
    say("starting etcd and kube-apiserver on loopback")
    with Cluster() as cluster:
        say(f"Kubernetes {cluster.binaries.kubernetes} is ready after {cluster.boot_seconds:.1f} s; installing the CRDs")
        apply_crds(cluster.client(), ROOT / "crds")
        say("starting the operator")
        with operator(cluster):
            tour(cluster)
    say("done; the operator and the cluster are gone again")


def tour(cluster: Cluster) -> None:
    """Two installations, their verdicts in the cluster and by the command line, and a SNAPSHOT."""
    kubectl = Kubectl(cluster)
    say("chart 4.0.3 goes into namespace perfana, chart 3.1.2 into namespace legacy, a SupportCheck into each")
    for namespace, chart in (("perfana", "perfana-4.0.3.yaml"), ("legacy", "perfana-3.1.2.yaml")):
        kubectl.quietly("create", "namespace", namespace)
        kubectl.quietly("apply", "--namespace", namespace, "-f", "-", stdin=rendered(chart, namespace))
        kubectl.quietly("apply", "-f", "-", stdin=CHECK.format(namespace=namespace))
    kubectl.quietly("wait", "supportchecks", "--all", "-A", "--for=condition=Ready", f"--timeout={JUDGED_WITHIN}")
    kubectl.show("get", "supportchecks", "-A")
    kubectl.show("get", "supportcheck", "perfana", "-n", "perfana", "-o", CONDITIONS, shown="-o jsonpath=…conditions")
    say("the same judgement of the same files, without a cluster")
    for chart in ("perfana-4.0.3.yaml", "perfana-3.1.2.yaml"):
        check(CHARTS / chart)
    say("somebody deploys a SNAPSHOT")
    image = "perfana-web=perfana/perfana-web:0.2.97.0-SNAPSHOT"
    kubectl.show("set", "image", "deployment/perfana-web", image, "-n", "perfana")
    kubectl.show(
        "wait", "supportcheck/perfana", "-n", "perfana", "--for=condition=Supported=False", f"--timeout={JUDGED_WITHIN}"
    )
    kubectl.show("get", "supportchecks", "-A")


def rendered(chart: str, namespace: str) -> str:
    """A chart as if rendered for a namespace: the vendor's charts write `perfana` into one object."""
    documents = [document for document in yaml.safe_load_all((CHARTS / chart).read_text()) if document]
    for document in documents:
        document["metadata"].pop("namespace", None)
        document["metadata"]["namespace"] = namespace
    return yaml.safe_dump_all(documents)


class Kubectl:
    """kubectl of the cluster's own version, with the cluster's own kubeconfig."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def quietly(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command whose output nobody needs to see."""
        done = self.cluster.kubectl(*arguments, stdin=stdin)
        if done.returncode:
            raise SystemExit(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def show(self, *arguments: str, shown: str = "") -> None:
        """Run a command as a user would, in view; `shown` stands for an argument too long to read."""
        words = [shown if shown and word.startswith("jsonpath") else word for word in arguments if not shown or word != "-o"]
        print(f"{PROMPT}kubectl {' '.join(words)}")
        print(self.quietly(*arguments), end="", flush=True)


def check(manifest: Path) -> None:
    """Run the command line on a file; its exit code is part of its answer."""
    print(f"{PROMPT}perfana-support check -f {manifest.relative_to(ROOT)}", flush=True)
    done = subprocess.run(  # noqa: PLW1510 - the exit code is shown
        [Path(sys.executable).with_name("perfana-support"), "check", "-f", manifest.relative_to(ROOT)], cwd=ROOT
    )
    print(f"(exit code {done.returncode})", flush=True)


@contextlib.contextmanager
def operator(cluster: Cluster) -> Iterator[None]:
    """Run the operator meanwhile; the kernel ends it should this process be killed."""
    log = cluster.folder / "operator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("perfana-support"), "operator", "--http-port", "0"],
            env=cluster.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
        )
        try:
            yield
        except SystemExit:
            print(log.read_text(), file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(timeout=10)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def say(step: str) -> None:
    """Announce a step."""
    print(f"\n==> {step}", flush=True)


if __name__ == "__main__":
    main()
