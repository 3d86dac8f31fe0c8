"""What is left when the operator goes: the checks, which belong to whoever made them, and nothing that hangs."""

from __future__ import annotations

import pytest

from tests.cluster.waiting import wait_for
from tests.e2e.installation import OPERATORS
from tests.e2e.place import SETTLED_WITHIN_SECONDS, Shell

pytestmark = pytest.mark.usefixtures("installed")

KINDS = (
    "deployments,services,serviceaccounts,pods,leases,networkpolicies,poddisruptionbudgets,roles,rolebindings,"
    "clusterroles,clusterrolebindings"
)


def test_uninstall_leaves_the_checks_and_nothing_of_the_operator(shell: Shell) -> None:
    def found() -> str:
        return shell.kubectl("get", KINDS, "-A", "-o", "name", "-l", "app.kubernetes.io/name=perfana-support")

    assert "lease.coordination.k8s.io/perfana-support" in found()
    shell.must(f"helm uninstall {OPERATORS} -n {OPERATORS} --wait --timeout=3m")
    shell.wait_for_verdict("perfana", "True")

    # What belongs to what Helm removed is the garbage collector's.
    wait_for(lambda: found() == "", SETTLED_WITHIN_SECONDS, "that nothing of the operator is left")


def test_a_check_and_its_namespace_are_deleted_without_an_operator(shell: Shell) -> None:
    shell.kubectl("delete", "supportcheck", "perfana", "-n", "perfana", "--timeout=60s")
    shell.kubectl("delete", "namespace", "perfana", OPERATORS, "--timeout=120s")
    wait_for(
        lambda: "perfana" not in shell.kubectl("get", "namespaces", "-o", "name"), SETTLED_WITHIN_SECONDS, "its namespaces gone"
    )
