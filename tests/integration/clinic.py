"""A cluster of its own with a running operator, as a Deployment and a pod tell of it, for `doctor` to look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ACCOUNT, ROOT, OperatorProcess
from tests.shell import BASH, Shell, user

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster

POD = "perfana-support-5d4f8c7b9-x2x4z"
LABELS = {"app.kubernetes.io/name": ACCOUNT}
WELL_WITHIN_SECONDS = 120.0
"""Rights that return are noticed within a minute, and the machine may be busy."""

_RUNNING: Object = {
    "phase": "Running",
    "containerStatuses": [
        {"name": "operator", "image": "perfana-support:here", "imageID": "", "ready": True, "restartCount": 0, "state": {}}
    ],
}


class Outcome(NamedTuple):
    """What a run of `doctor` came to: its exit code, and what was not well by area and subject."""

    code: int
    report: dict[str, Any]

    @property
    def not_well(self) -> dict[str, dict[str, Any]]:
        """What is not well, as `Operator Lease`."""
        return {f"{each['area']} {each['subject']}": each for each in self.report["checks"] if each["state"] != "Ok"}

    @property
    def problems(self) -> list[str]:
        """The names of all problems."""
        return [name for name, each in self.not_well.items() if each["state"] == "Problem"]


class Clinic(NamedTuple):
    """The cluster, and the operator in it."""

    cluster: Cluster
    api: ApiClient
    operator: OperatorProcess

    def doctor(self, *arguments: str, kubeconfig: Path | None = None) -> Outcome:
        """Run the command, as admin or with another kubeconfig."""
        shell = self.shell.having(KUBECONFIG=str(kubeconfig)) if kubeconfig else self.shell
        done = shell.run(f"perfana-support doctor -o json {' '.join(arguments)}")
        assert done.returncode in (0, 3, 5), done.stderr
        return Outcome(done.returncode, json.loads(done.stdout))

    @property
    def shell(self) -> Shell:
        """Somebody who pastes what they are told to run, in the repository's folder."""
        return user(self.cluster)._replace(by=BASH)

    def mend(self, found: dict[str, Any], *places: int) -> None:
        """Run the commands of a diagnosis as they are printed, all or some of them."""
        fixes = found["fix"]
        for place in places or range(len(fixes)):
            self.shell.must(fixes[place]["command"])

    def wait_until_well(self, *arguments: str) -> Outcome:
        """Return once all is well again."""

        def is_well() -> Outcome | None:
            outcome = self.doctor(*arguments)
            last.append(outcome.not_well)
            return outcome if outcome.code == 0 else None

        last = list[object]()
        try:
            return wait_for(is_well, WELL_WITHIN_SECONDS, "all is well")
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {last[-1]}\n{self.operator.log[-2000:]}") from None

    def report_status(self, ready: int, state: Object | None = None, restarts: int = 0) -> None:
        """Write what a kubelet and a controller would: how many pods are ready, and the state of the pod."""
        status: Object = {"replicas": 1, "readyReplicas": ready, "availableReplicas": ready}
        self.api.patch("apps/v1", "Deployment", ACCOUNT, {"status": status}, ACCOUNT, subresource="status")
        container = {**_RUNNING["containerStatuses"][0], "restartCount": restarts, "state": state or {}}
        pod = {"status": {**_RUNNING, "containerStatuses": [container]}}
        self.api.patch("v1", "Pod", POD, pod, ACCOUNT, subresource="status")


def deployment(namespace: str = ACCOUNT, args: Sequence[str] = ()) -> Object:
    """Return the operator's Deployment, as far as the API server wants it."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": ACCOUNT, "namespace": namespace, "labels": LABELS},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": pod_spec(["operator", *args])},
        },
    }


def make_objects(api: ApiClient) -> None:
    """Make the Deployment and the pod that the operator would run in."""
    api.create(deployment())
    api.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": POD, "namespace": ACCOUNT, "labels": LABELS},
            "spec": pod_spec(["operator"]),
        }
    )


def pod_spec(args: Sequence[str]) -> Object:
    """Return the pod that ships, which the namespace takes, with an image and arguments of the test's own."""
    shipped = yaml.safe_load((ROOT / "manifests" / "base" / "deployment.yaml").read_text(encoding="utf-8"))
    spec: Object = shipped["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    container |= {"image": "perfana-support:here", "args": list(args)}
    return spec


def operator_of(cluster: Cluster, kubeconfig: Path) -> OperatorProcess:
    """Return the operator, which calls itself as its pod is called."""
    return OperatorProcess(cluster, kubeconfig, "--http-port", "0", "--lease-namespace", ACCOUNT, "--identity", POD)
