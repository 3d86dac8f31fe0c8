"""The operator in its pod: with its account and nothing else, through evictions, kills and a node that boots again."""

from __future__ import annotations

import json

import pytest

from perfana_support import __version__
from tests.cluster.waiting import wait_for
from tests.e2e.installation import (
    OPERATORS,
    RELEASED,
    flip_and_back,
    lease_holder,
    operator_pods,
    ready_operator_pods,
)
from tests.e2e.place import SETTLED_WITHIN_SECONDS, Place, Shell
from tests.rendered_manifests import CHART
from tests.shell import CommandError

pytestmark = pytest.mark.usefixtures("installed")


def test_the_pod_has_its_account_and_nothing_else(shell: Shell) -> None:
    (pod,) = ready_operator_pods(shell)
    assert pod["spec"]["serviceAccountName"] == OPERATORS
    (container,) = pod["spec"]["containers"]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/var/run/secrets/kubernetes.io/serviceaccount"]
    assert [sorted(volume) for volume in pod["spec"]["volumes"]] == [["name", "projected"]]
    assert "initContainers" not in pod["spec"]
    assert not pod["spec"].get("hostNetwork")


def test_the_pod_runs_this_projects_own_image(shell: Shell) -> None:
    (pod,) = ready_operator_pods(shell)
    (status,) = pod["status"]["containerStatuses"]
    assert status["image"].endswith(f"perfana-support:{__version__}")
    assert status["restartCount"] == 0


def test_the_namespace_takes_no_pod_that_is_not_restricted(shell: Shell) -> None:
    labels = shell.get("namespace", OPERATORS)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    with pytest.raises(CommandError, match="violates PodSecurity"):
        shell.kubectl("run", "anybody", "-n", OPERATORS, f"--image={RELEASED}", "--restart=Never")


def test_the_account_may_not_read_secrets_or_change_workloads(shell: Shell) -> None:
    account = f"--as=system:serviceaccount:{OPERATORS}:{OPERATORS}"
    for verb, resource in (("get", "secrets"), ("list", "configmaps"), ("patch", "deployments"), ("delete", "pods")):
        with pytest.raises(CommandError, match=r"(?m)^no\b"):
            shell.kubectl("auth", "can-i", verb, resource, "-A", account)


def test_what_really_runs_is_judged_and_a_change_of_it_too(shell: Shell) -> None:
    check = shell.wait_for_verdict("perfana", "True")
    assert check["status"]["release"] == "4.0.0"
    flip_and_back(shell)


def test_an_evicted_operator_is_replaced_and_judges_on(shell: Shell) -> None:
    (before,) = ready_operator_pods(shell)
    name = before["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": OPERATORS}}
    shell.kubectl(
        "create", "--raw", f"/api/v1/namespaces/{OPERATORS}/pods/{name}/eviction", "-f", "-", stdin=json.dumps(eviction)
    )
    flip_and_back(shell)
    (after,) = ready_operator_pods(shell)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]


def test_an_operator_survives_that_its_nodes_boot_again(place: Place, shell: Shell) -> None:
    (before,) = ready_operator_pods(shell)
    place.restart_nodes()

    def runs_again() -> bool:
        pods = operator_pods(shell)
        return bool(pods) and all(
            pod["metadata"]["uid"] != before["metadata"]["uid"] or pod["status"]["containerStatuses"][0]["restartCount"] > 0
            for pod in pods
        )

    wait_for(runs_again, SETTLED_WITHIN_SECONDS, "the operator's pod to run again", ignoring=(CommandError, KeyError))
    ready_operator_pods(shell)
    flip_and_back(shell)


def test_an_operator_whose_user_the_platform_gives_judges_as_well(shell: Shell) -> None:
    """As OpenShift gives one: any number, and the group of root."""
    user = "podSecurityContext.runAsUser=1000660000,podSecurityContext.runAsGroup=null"
    shell.must(f"helm upgrade {OPERATORS} {CHART} -n {OPERATORS} --reuse-values --set {user}")
    shell.kubectl("rollout", "status", "deployment/perfana-support", "-n", OPERATORS, f"--timeout={SETTLED_WITHIN_SECONDS:g}s")
    ready_operator_pods(shell)
    asked = ("python3", "-c", "import os; print(os.getuid(), os.getgid())")
    assert shell.kubectl("exec", "deployment/perfana-support", "-n", OPERATORS, "--", *asked) == "1000660000 0\n"
    flip_and_back(shell)


def test_of_two_operators_the_second_takes_over_when_the_first_is_killed(shell: Shell) -> None:
    shell.kubectl("scale", "deployment", "perfana-support", "-n", OPERATORS, "--replicas=2")
    ready_operator_pods(shell, 2)
    leader = lease_holder(shell)
    assert leader in {pod["metadata"]["name"] for pod in operator_pods(shell)}
    shell.kubectl("delete", "pod", leader, "-n", OPERATORS, "--grace-period=0", "--force")
    flip_and_back(shell)
    assert lease_holder(shell) not in ("", leader)
    shell.kubectl("scale", "deployment", "perfana-support", "-n", OPERATORS, "--replicas=1")
    ready_operator_pods(shell)
