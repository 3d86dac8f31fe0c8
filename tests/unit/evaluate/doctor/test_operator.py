"""The operator's Deployment and pods, and what keeps them from starting."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml

from perfana_support import __version__
from perfana_support.evaluate.doctor.remedies import CONTAINER_SECURITY, POD_SECURITY
from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Area, Reading, State, Tools
from tests.unit.evaluate.doctor.clusters import (
    HOLDER,
    NAME,
    Json,
    absent,
    at,
    check,
    deployment,
    granted,
    items,
    lease,
    only,
    pod,
    refused,
    running,
    told,
    well,
)

ROOT = Path(__file__).parents[4]
YOURS = (
    "in a checkout of this version, with the registry that you pushed its image to in place of harbor.example.com/perfana "
    "(docs/install.md)"
)
LOGS = f"kubectl logs {HOLDER} -n perfana-support -c operator --previous"
DESCRIBE = f"kubectl describe pod {HOLDER} -n perfana-support"


def event(reason: str, message: str, seconds_ago: float = 60, name: str = f"{NAME}-5d4f8c7b9") -> dict[str, object]:
    return {
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": at(seconds_ago),
        "involvedObject": {"name": name},
    }


def test_no_deployment_and_no_lease_is_no_operator() -> None:
    found = told(well(setup=setup_of(None, NAME), deployments=items(), lease=absent(), leases=items()))
    assert [(each.area, each.subject, each.state) for each in found] == [
        (Area.OPERATOR, "Deployment", State.PROBLEM),
        (Area.OPERATOR, "Lease", State.PROBLEM),
    ]
    image = "sed 's#image: perfana-support:#image: harbor.example.com/perfana/perfana-support:#' manifests/install.yaml"
    assert found[0].fix == (f"{image} | kubectl apply -f -    # {YOURS}",)


def test_no_deployment_in_another_namespace_is_installed_there_with_what_the_chart_brings() -> None:
    none = tuple(each._replace(is_allowed=False) for each in granted())
    missing = well(setup=setup_of(None, "shop"), deployments=items(), lease=absent(), leases=items(), granted=none)
    words = "upgrade --install perfana-support charts/perfana-support --namespace shop --create-namespace"
    image = "--set image.repository=harbor.example.com/perfana/perfana-support"
    fix = (f"helm {words} --set crds.install=false {image}    # {YOURS}",)
    found = told(missing)
    assert [(each.area, each.fix) for each in found] == [(Area.RIGHTS, fix), (Area.OPERATOR, fix), (Area.OPERATOR, fix)]


def test_operator_of_some_namespaces_is_installed_for_these_alone_and_into_the_cluster_that_was_asked() -> None:
    nothing = {"deployments": items(), "lease": absent(), "leases": items()}
    tools = Tools(" --context production", " --kube-context production")
    watching = told(well(setup=setup_of(None, NAME, "", ["shop", "bank"]), checks=items(), **nothing), tools)
    command, _, note = watching[0].fix[0].partition("    # ")
    assert command.startswith("helm --kube-context production upgrade --install perfana-support charts/perfana-support ")
    assert " --set crds.install=false --set 'watch.namespaces={shop,bank}' " in command
    assert note == YOURS


def test_what_helm_has_installed_keeps_its_values() -> None:
    left = of_helm(lease(holder=""))
    for watched in ((), ("shop",)):
        missing = well(setup=setup_of(None, NAME, "", watched), deployments=items(), lease=Reading(left), leases=items())
        command = next(each for each in told(missing) if each.subject == "Deployment").fix
        words = "upgrade ours charts/perfana-support --namespace perfana-support --reset-then-reuse-values"
        assert command == (f"helm {words}    # in a checkout of this version",)


def test_pods_that_are_not_restricted_get_the_settings_that_ship_and_keep_all_else() -> None:
    shipped = yaml.safe_load((ROOT / "manifests" / "base" / "deployment.yaml").read_text(encoding="utf-8"))
    pod_spec = shipped["spec"]["template"]["spec"]
    assert without_nulls(POD_SECURITY) == pod_spec["securityContext"]
    assert without_nulls(CONTAINER_SECURITY) == pod_spec["containers"][0]["securityContext"]
    message = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    item = of_helm(deployment(ready=0))
    found = told(well(setup=setup_of(item, NAME), deployments=items(item), events=items(event("FailedCreate", message))))
    patch = json.loads(shlex.split(found[1].fix[0])[-1])["spec"]["template"]["spec"]
    assert patch["securityContext"] == POD_SECURITY
    assert patch["containers"] == [{"name": "operator", "securityContext": CONTAINER_SECURITY}]
    assert not any(fix.startswith("helm") or "install.yaml" in fix or "label" in fix for fix in found[1].fix)


def test_one_that_is_elsewhere_may_be_out_of_sight() -> None:
    here = items()._replace(unseen="you may not list deployments.apps in all namespaces")
    found = told(well(setup=setup_of(None, NAME), deployments=here, lease=absent(), leases=items()))
    assert found[0].found.endswith(
        "; whether one is elsewhere cannot be seen: you may not list deployments.apps in all namespaces"
    )


def of_helm(item: Json) -> Json:
    item["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    notes = {"meta.helm.sh/release-name": "ours", "meta.helm.sh/release-namespace": NAME}
    item["metadata"]["annotations"] = notes
    return item


def without_nulls(found: object) -> object:
    if isinstance(found, dict):
        return {key: without_nulls(value) for key, value in found.items() if value is not None}
    return found


def test_deployment_that_is_elsewhere_is_pointed_at() -> None:
    elsewhere = items(deployment(namespace="ops"))
    found = told(well(setup=setup_of(None, NAME), deployments=elsewhere, lease=absent()))
    assert (found[0].state, found[0].fix) == (State.PROBLEM, ("perfana-support doctor --operator-namespace ops",))


@pytest.mark.parametrize("looked_at", [NAME, "nowhere"])
@pytest.mark.parametrize("replicas", [1, 0])
def test_no_second_operator_is_installed_where_there_is_one_elsewhere(replicas: int, looked_at: str) -> None:
    """Neither by the Lease, nor by the rights, nor by a check that it has not judged."""
    none = tuple(each._replace(is_allowed=False) for each in granted())
    ops = deployment(namespace="ops", replicas=replicas, ready=replicas)
    late = items(check(namespace="bank", status={"conditions": []}))
    changes = {"lease": absent(), "leases": items(lease(namespace="ops")) if replicas else items(), "granted": none}
    found = told(well(setup=setup_of(None, looked_at), deployments=items(ops), checks=late, **changes))
    look = ("perfana-support doctor --operator-namespace ops",)
    restart = ("kubectl rollout restart deployment/perfana-support -n ops",)
    assert [(each.area, each.fix) for each in found] == [
        (Area.RIGHTS, look),
        (Area.OPERATOR, look),
        (Area.OPERATOR, look),
        (Area.CHECKS, restart if replicas else look),
    ]
    assert found[2].found == f"{looked_at}/perfana-support is not there: no operator has led by it"
    assert found[1].why == found[2].why == "this looks for it in the wrong place"
    left = well(setup=setup_of(None, looked_at), deployments=items(ops), lease=Reading(lease(4000)), leases=items())
    assert [each.fix for each in told(left) if each.area is Area.OPERATOR] == [look, look]


def test_operator_outside_of_the_cluster_cannot_be_looked_at() -> None:
    found = only(well(setup=setup_of(None, NAME), deployments=items()))
    assert (found.subject, found.state) == ("Deployment", State.CANNOT_TELL)
    assert "somebody holds its Lease" in found.found


def test_deployments_that_may_not_be_read_are_untold() -> None:
    found = only(well(setup=setup_of(None, NAME), deployments=refused("list deployments.apps in namespace perfana-support")))
    assert found.state is State.CANNOT_TELL
    assert "you may not list deployments.apps in namespace perfana-support" in found.found


def test_deployment_that_is_scaled_to_nothing_is_scaled_up() -> None:
    found = only(running(ready=0, replicas=0))
    assert (found.found, found.fix) == (
        "perfana-support is scaled to 0",
        ("kubectl scale deployment perfana-support -n perfana-support --replicas=1",),
    )


@pytest.mark.parametrize(
    ("args", "words"), [((), "are"), (("-n", "$(POD_NAMESPACE)"), "may be")], ids=["all", "hidden namespaces"]
)
def test_deployment_that_is_scaled_to_nothing_is_not_scaled_up_beside_one_that_judges_in_its_place(
    args: tuple[str, ...], words: str
) -> None:
    own, ops = deployment("-n", "shop", ready=0, replicas=0), deployment(*args, namespace="ops")
    gone = {"lease": Reading(lease(holder="")), "leases": items(lease(namespace="ops")), "pods": items()}
    found = told(well(setup=setup_of(own, NAME), deployments=items(own, ops), **gone))
    assert [each.subject for each in found][:2] == ["Deployment", "Lease"]
    assert found[0].found == f"perfana-support is scaled to 0; its namespaces {words} looked at by ops/perfana-support"
    scale = "kubectl scale deployment perfana-support -n perfana-support --replicas=1"
    note = "only once none of its namespaces is looked at by ops/perfana-support"
    assert found[1].why == "this operator writes no verdicts"
    assert {each.fix for each in found[:2]} == {("perfana-support doctor --operator-namespace ops", f"{scale}    # {note}")}


def test_deployment_that_is_scaled_to_nothing_is_scaled_up_beside_one_that_leads_in_turn_with_it() -> None:
    own, ops = deployment(ready=0, replicas=0), deployment("--lease-namespace", NAME, namespace="ops")
    found = only(well(setup=setup_of(own, NAME), deployments=items(own, ops), pods=items(pod())))
    assert found.fix == ("kubectl scale deployment perfana-support -n perfana-support --replicas=1",)


def test_deployment_that_is_not_ready_is_told() -> None:
    found = only(running(ready=1, replicas=2))
    assert found.found == "1 of 2 pods of perfana-support are ready"
    assert found.fix[1] == "kubectl rollout status deployment/perfana-support -n perfana-support --timeout=60s"


@pytest.mark.parametrize("condition", [("ReplicaFailure", "True"), ("Progressing", "False")])
def test_rollout_that_does_not_go_on_is_told_while_earlier_pods_are_ready(condition: tuple[str, str]) -> None:
    item = deployment()
    item["status"]["conditions"] = [{"type": condition[0], "status": condition[1], "message": "exceeded quota: small"}]
    events = items(event("FailedCreate", "exceeded quota: small"))
    found = told(well(setup=setup_of(item, NAME), deployments=items(item), events=events))
    assert [each.subject for each in found] == ["Deployment", "quota"]
    assert found[0].found == "perfana-support cannot be rolled out: exceeded quota: small"


def test_deployment_without_pods_is_told() -> None:
    found = told(running(ready=0, pods=items(), lease=absent()))
    assert [each.subject for each in found] == ["Deployment", "pods", "Lease"]
    assert found[1].fix == ("kubectl describe replicasets -n perfana-support -l app.kubernetes.io/name=perfana-support",)


def test_pods_that_may_not_be_read_are_untold() -> None:
    found = told(well(pods=refused("list pods in namespace perfana-support")))
    assert [(each.subject, each.state) for each in found] == [("pods", State.CANNOT_TELL), ("Lease", State.CANNOT_TELL)]


@pytest.mark.parametrize(
    ("state", "last", "restarts", "words", "fix"),
    [
        (
            {"waiting": {"reason": "CrashLoopBackOff"}},
            {"terminated": {"exitCode": 2, "reason": "Error"}},
            7,
            "container operator does not stay up (CrashLoopBackOff, exit code 2), restarts: 7",
            (LOGS,),
        ),
        (
            {"waiting": {"reason": "CreateContainerConfigError"}},
            {},
            0,
            "container operator does not stay up (CreateContainerConfigError), restarts: 0",
            (DESCRIBE,),
        ),
        (
            {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
            {},
            0,
            "its image cannot be pulled, ImagePullBackOff: no such image",
            (
                DESCRIBE,
                f"kubectl set image deployment/perfana-support -n perfana-support operator=here/perfana-support:{__version__}",
            ),
        ),
        (
            {"waiting": {"reason": "CrashLoopBackOff"}},
            {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            3,
            "ran out of memory (OOMKilled)",
            (
                "kubectl set resources deployment/perfana-support -n perfana-support -c operator --limits=memory=768Mi",
            ),
        ),
        ({"running": {}}, {}, 4, "container operator was started 4 times anew", (LOGS,)),
    ],
)  # fmt: skip
def test_pod_that_does_not_run_is_told(
    state: dict[str, object], last: dict[str, object], restarts: int, words: str, fix: tuple[str, ...]
) -> None:
    found = told(running(ready=0, pods=items(pod(restarts, state, last))))
    assert (found[0].found, found[0].state) == (
        "0 of 1 pods of perfana-support are ready; why is told below",
        State.PROBLEM,
    )
    assert (found[1].subject, found[1].found, found[1].fix) == (f"pod {HOLDER}", words, fix)
    assert len(found) == 2


@pytest.mark.parametrize(("limit", "more"), [("1Gi", "2Gi"), ("1000000000", "2000000000"), ("1.5Gi", ""), (None, "")])
def test_limit_of_memory_is_never_lowered(limit: str | None, more: str) -> None:
    item = deployment(ready=0)
    item["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = limit
    killed = pod(3, {"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"reason": "OOMKilled"}})
    found = told(well(setup=setup_of(item, NAME), deployments=items(item), pods=items(killed)))
    (command,) = found[1].fix
    assert command.endswith(f" --limits=memory={more}") if more else command == DESCRIBE


def test_restarts_of_a_pod_that_was_moved_are_no_problem() -> None:
    assert told(well(pods=items(pod(restarts=3)))) == []


def test_pod_on_no_node_is_told() -> None:
    pending = pod()
    pending["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]
    found = told(running(ready=0, pods=items(pending)))
    assert (found[1].found, found[1].fix) == ("is on no node: 0/3 nodes are available", (DESCRIBE,))


def test_pods_of_others_and_those_that_have_ended_are_nobodys() -> None:
    other, ended = pod(name="other"), pod(name="ended")
    other["metadata"]["labels"] = {}
    ended["status"]["phase"] = "Succeeded"
    assert [each.subject for each in told(running(ready=0, pods=items(other, ended)))][:2] == ["Deployment", "pods"]


@pytest.mark.parametrize(
    ("reason", "message", "subject", "command"),
    [
        (
            "FailedCreate",
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
            "Pod Security",
            "kubectl rollout status deployment/perfana-support -n perfana-support --timeout=60s",
        ),
        (
            "FailedCreate",
            'pods "x" is forbidden: exceeded quota: small',
            "quota",
            "kubectl describe resourcequota -n perfana-support",
        ),
        (
            "FailedCreate",
            'error looking up service account: serviceaccount "perfana-support" not found',
            "ServiceAccount",
            "perfana-support doctor --print rights | kubectl apply -f -",
        ),
        (
            "FailedCreate",
            "admission webhook denied the request",
            "admission",
            "kubectl describe replicasets -n perfana-support -l app.kubernetes.io/name=perfana-support",
        ),
        (
            "Unhealthy",
            "Readiness probe failed: context deadline exceeded",
            "probes",
            "kubectl get networkpolicies -n perfana-support",
        ),
    ],
)
def test_refusal_that_events_tell_of_is_told(reason: str, message: str, subject: str, command: str) -> None:
    found = told(running(ready=0, events=items(event(reason, message), event(reason, "an older one", 600))))
    assert (found[1].subject, found[1].found) == (subject, f"{reason}: {message}")
    assert command in found[1].fix


def test_events_that_are_old_or_about_others_or_of_no_concern_are_left_out() -> None:
    events = items(
        event("FailedCreate", "old", 7200), event("FailedCreate", "other", name="other"), event("BackOff", "known already")
    )
    assert [each.subject for each in told(running(ready=0, events=events))] == ["Deployment"]


def test_events_are_not_asked_for_while_all_pods_are_ready() -> None:
    assert told(well(events=refused("list events"))) == []
    found = told(running(ready=0, events=refused("list events in namespace perfana-support")))
    assert [(each.subject, each.state) for each in found] == [
        ("Deployment", State.PROBLEM),
        ("Events", State.CANNOT_TELL),
    ]
    assert found[0].found == "0 of 1 pods of perfana-support are ready"
