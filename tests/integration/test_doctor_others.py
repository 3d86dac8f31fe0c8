"""`perfana-support doctor` where each namespace has an operator of its own: real ones, which lead by Leases of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster
from tests.cluster.waiting import wait_for
from tests.integration.clinic import LABELS, WELL_WITHIN_SECONDS, Clinic, Outcome, deployment, pod_spec
from tests.integration.operator_process import ACCOUNT, ROOT, OperatorProcess, role_identity
from tests.integration.support_objects import API_VERSION, CHECK, RELEASED, check
from tests.integration.support_objects import deployment as workload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPS, COORDINATION = "apps/v1", "coordination.k8s.io/v1"
NAMESPACES = ("shop", "bank")
SHOP = ("--operator-namespace", "shop")
DEPLOYMENTS = "you may not list deployments.apps in all namespaces"


@pytest.fixture(scope="module")
def clinics() -> Iterator[dict[str, Clinic]]:
    """Run two operators, each of the namespace that it is in, with a check there."""
    with Cluster() as cluster:
        api = cluster.client()
        apply_crds(api, ROOT / "crds")
        made = dict[str, Clinic]()
        for namespace in (*NAMESPACES, "free"):
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        operators = {namespace: _operator(cluster, namespace) for namespace in NAMESPACES}
        with operators["shop"], operators["bank"]:
            for namespace, operator in operators.items():
                made[namespace] = Clinic(cluster, api, operator)
                _show(made[namespace], namespace)
                operator.start()
            for namespace in NAMESPACES:
                made[namespace].wait_until_well("--operator-namespace", namespace)
            yield made


def test_each_operator_is_well_where_each_ones_part_is(clinics: dict[str, Clinic]) -> None:
    for namespace, clinic in clinics.items():
        outcome = clinic.doctor("--operator-namespace", namespace)
        assert (outcome.code, outcome.not_well) == (0, {})
        assert outcome.report["checks"][-1]["found"] == "2 of 2 have a verdict on their present spec"


def test_check_that_nobody_looks_at_is_a_problem_and_goes_or_is_judged_by_the_commands(clinics: dict[str, Clinic]) -> None:
    clinic = clinics["shop"]
    clinic.api.create(check(), "free")
    outcome = clinic.doctor(*SHOP)
    assert (outcome.code, outcome.problems) == (3, ["Checks free/perfana"])
    found = outcome.not_well["Checks free/perfana"]
    assert found["found"] == "no operator looks at namespace free; this one looks at shop"
    delete, rights, edit = (fix["command"] for fix in found["fix"])
    assert edit == "kubectl edit deployment perfana-support -n shop"
    clinic.shell.must(rights)
    clinic.api.get("rbac.authorization.k8s.io/v1", "RoleBinding", f"{ACCOUNT}-shop", "free")
    clinic.shell.must(delete)
    clinic.wait_until_well(*SHOP)


def test_operator_that_died_is_told_by_the_others_doctor_as_well(clinics: dict[str, Clinic]) -> None:
    shop, bank = clinics["shop"], clinics["bank"]
    bank.operator.terminate()
    found = shop.doctor(*SHOP).not_well["Checks of Deployment bank/perfana-support"]
    assert found["found"] == "bank/perfana-support does not lead: nobody renews Lease bank/perfana-support"
    further = shop.shell.run(f"{found['fix'][0]['command']} -o json")
    assert (further.returncode, "nobody holds bank/perfana-support" in further.stdout) == (3, True)
    bank.operator.start()
    shop.wait_until_well(*SHOP)


def test_one_who_sees_a_namespace_alone_is_never_told_that_no_other_writes_there(clinics: dict[str, Clinic]) -> None:
    clinic = clinics["shop"]
    owner = clinic.cluster.identity("owner", "shop")
    reader = f"perfana-support doctor --print reader --reader {owner.username} --operator-namespace shop"
    clinic.shell.must(f"{reader} -n shop | kubectl apply -f -")
    seen = _once_readable(clinic, owner.kubeconfig)
    untold = {"Definitions supportchecks", "Definitions supportpolicies", "Rights operator", "Policies of the cluster"}
    assert set(seen.not_well) == untold | {"Operator others"}
    assert (seen.code, seen.problems) == (5, [])
    found = seen.not_well["Operator others"]
    assert DEPLOYMENTS in found["found"]
    assert found["fix"] == [{"command": f"{reader} | kubectl apply -f -", "note": "by somebody who may give rights"}]

    # Who reads all namespaces is told the more: of a second operator of the same namespace, and that it is not one.
    rival = deployment("bank", ("--namespace", "shop"))
    rival["metadata"]["name"] = "rival"
    clinic.api.create(rival)
    clinic.mend(found)
    told = wait_for(
        lambda: outcome if (outcome := clinic.doctor(*SHOP, kubeconfig=owner.kubeconfig)).code == 3 else None,
        WELL_WITHIN_SECONDS,
        "the rival is seen",
    )
    assert told.problems == ["Operator Deployment bank/rival"]
    clinic.mend(told.not_well["Operator Deployment bank/rival"])
    assert clinic.doctor(*SHOP, kubeconfig=owner.kubeconfig).not_well == {}
    clinic.api.delete(APPS, "Deployment", "rival", "bank")


def test_lease_of_a_process_outside_of_the_cluster_may_be_of_one_that_looks_here(clinics: dict[str, Clinic]) -> None:
    clinic = clinics["shop"]
    held = clinic.api.get(COORDINATION, "Lease", ACCOUNT, "shop")["spec"]
    metadata = {"name": ACCOUNT, "namespace": "free"}
    spec = {**held, "holderIdentity": "laptop", "leaseDurationSeconds": 3600}
    clinic.api.create({"apiVersion": COORDINATION, "kind": "Lease", "metadata": metadata, "spec": spec}, "free")
    outcome = clinic.doctor(*SHOP)
    assert (outcome.code, list(outcome.not_well)) == (5, ["Operator Lease free/perfana-support"])
    clinic.api.delete(COORDINATION, "Lease", ACCOUNT, "free")
    clinic.wait_until_well(*SHOP)


def test_lease_of_another_name_is_read_for_the_operator_that_leads_by_it(clinics: dict[str, Clinic]) -> None:
    """A check of a third operator is well while that renews its own Lease, whatever this is called."""
    clinic = clinics["shop"]
    clinic.api.create(deployment("free", ("--namespace", "free", "--lease-name", "ours")))
    clinic.api.patch(APPS, "Deployment", ACCOUNT, {"status": {"replicas": 1, "readyReplicas": 1}}, "free", subresource="status")
    clinic.api.create(check(), "free")
    held = clinic.api.get(COORDINATION, "Lease", ACCOUNT, "shop")["spec"]
    assert "Checks of Deployment free/perfana-support" in clinic.doctor(*SHOP).not_well
    metadata = {"name": "ours", "namespace": "free"}
    spec = {**held, "holderIdentity": "third", "leaseDurationSeconds": 3600}
    clinic.api.create({"apiVersion": COORDINATION, "kind": "Lease", "metadata": metadata, "spec": spec}, "free")
    # It has no verdict: the third one is made of objects alone.
    assert list(clinic.doctor(*SHOP).not_well) == ["Checks free/perfana"]
    clinic.api.delete(API_VERSION, CHECK, "perfana", "free")
    clinic.wait_until_well(*SHOP)


def _operator(cluster: Cluster, namespace: str) -> OperatorProcess:
    """Return the operator of a namespace, with the rights of its Roles."""
    identity = role_identity(cluster, [namespace])
    words = ("--http-port", "0", "--namespace", namespace, "--lease-namespace", namespace, "--identity", f"{namespace}-pod")
    return OperatorProcess(cluster, identity.kubeconfig, *words)


def _show(clinic: Clinic, namespace: str) -> None:
    """Make what a cluster would have of it: a Deployment that is ready, and its pod; and something to judge."""
    args = ("--namespace", namespace)
    clinic.api.create(deployment(namespace, args))
    status = {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    clinic.api.patch(APPS, "Deployment", ACCOUNT, {"status": status}, namespace, subresource="status")
    metadata = {"name": f"{namespace}-pod", "namespace": namespace, "labels": LABELS}
    clinic.api.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(["operator", *args])})
    clinic.api.create(workload(RELEASED), namespace)
    clinic.api.create(check(), namespace)


def _once_readable(clinic: Clinic, kubeconfig: Path) -> Outcome:
    """Return what somebody is told once the Roles hold."""
    return wait_for(
        lambda: found if not (found := clinic.doctor(*SHOP, kubeconfig=kubeconfig)).problems else None,
        WELL_WITHIN_SECONDS,
        "the Roles hold",
    )
