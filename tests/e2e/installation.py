"""Perfana on a node, as little of it as a verdict needs, and the operator in its pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.waiting import wait_for
from tests.e2e.place import SETTLED_WITHIN_SECONDS
from tests.shell import CommandError

if TYPE_CHECKING:
    from tests.cluster.client import Object
    from tests.e2e.place import Shell

OPERATORS = "perfana-support"
"""The operator's namespace, its release's name, and that of its objects."""

RELEASED, SNAPSHOT = "perfana/perfana-web:perfana-4.0.0", "perfana/perfana-web:0.2.97.0-SNAPSHOT"

_GRACE_SECONDS = 1


def deployment(image: str) -> Object:
    """Return a Deployment of one pod of Perfana's front end."""
    labels = {"app": "perfana-web"}
    container = {"name": "perfana-web", "image": image, "imagePullPolicy": "Never"}
    pod = {"containers": [container], "terminationGracePeriodSeconds": _GRACE_SECONDS}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "perfana-web", "namespace": "perfana"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def run_perfana(shell: Shell) -> None:
    """Make the namespace `perfana` with a front end that runs."""
    shell.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "perfana"}}, deployment(RELEASED))
    wait = ("deployment/perfana-web", "-n", "perfana", f"--timeout={SETTLED_WITHIN_SECONDS:g}s")
    shell.kubectl("rollout", "status", *wait)


def flip_and_back(shell: Shell) -> None:
    """Deploy a SNAPSHOT and then the release again, each of which an operator that judges has to tell."""
    shell.apply(deployment(SNAPSHOT))
    shell.wait_for_verdict("perfana", "False", "SnapshotBuild")
    shell.apply(deployment(RELEASED))
    shell.wait_for_verdict("perfana", "True")


def operator_pods(shell: Shell) -> list[Object]:
    """Return the operator's pods that are not on their way out."""
    found = shell.get("pods", "-n", OPERATORS, "-l", "app.kubernetes.io/name=perfana-support")["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def ready_operator_pods(shell: Shell, count: int = 1) -> list[Object]:
    """Return the operator's pods once so many are ready, and no other is there."""

    def look() -> list[Object] | None:
        pods = operator_pods(shell)
        conditions = [{each["type"]: each["status"] for each in pod["status"].get("conditions", [])} for pod in pods]
        return pods if len(pods) == count and all(each.get("Ready") == "True" for each in conditions) else None

    try:
        return wait_for(look, SETTLED_WITHIN_SECONDS, f"{count} ready pods of the operator", ignoring=(CommandError, KeyError))
    except TimeoutError as error:
        seen = shell.kubectl("describe", "pods", "-n", OPERATORS)
        logs = shell.kubectl("logs", "-n", OPERATORS, "deployment/perfana-support", "--tail=20", "--all-containers")
        raise TimeoutError(f"{error}\n{seen}\n{logs}") from None


def lease_holder(shell: Shell) -> str:
    """Return who of the operators writes; "" when nobody does."""
    holder: str = shell.get("lease", "perfana-support", "-n", OPERATORS)["spec"].get("holderIdentity") or ""
    return holder
