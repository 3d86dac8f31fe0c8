"""`perfana-support doctor` against a real API server: each thing is broken in turn, told, and mended by its own command."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from perfana_support import __version__
from tests.cluster.crds import apply_crds
from tests.cluster.server import ADMIN, Cluster
from tests.cluster.waiting import wait_for
from tests.integration.clinic import POD, WELL_WITHIN_SECONDS, Clinic, deployment, make_objects, operator_of
from tests.integration.operator_process import ACCOUNT, ROOT, apply_shipped_role, shipped_identity, shipped_rules
from tests.integration.support_objects import API_VERSION, CHECK, POLICY, RELEASED, check, policy
from tests.integration.support_objects import deployment as workload
from tests.integration.test_operator_policies import ENDS_LATE, INVALID
from tests.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object

CRD = "apiextensions.k8s.io/v1"
RBAC = "rbac.authorization.k8s.io/v1"
COORDINATION = "coordination.k8s.io/v1"
CHECKS, POLICIES = "supportchecks.support.perfana.io", "supportpolicies.support.perfana.io"
REVIEWS = {"subjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectreviews"}
NAMESPACE = "perfana"
PAGE = "docs/troubleshooting.md"


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    """Run an operator in a cluster in which all is well."""
    with Cluster() as cluster:
        api = cluster.client()
        apply_crds(api, ROOT / "crds")
        identity = shipped_identity(cluster)
        make_objects(api)
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        api.create(workload(RELEASED), NAMESPACE)
        api.create(check(), NAMESPACE)
        with operator_of(cluster, identity.kubeconfig) as operator:
            operator.start()
            made = Clinic(cluster, api, operator)
            made.report_status(1)
            made.wait_until_well()
            yield made


def test_install_in_which_all_is_well_is_well_and_nothing_is_written(clinic: Clinic) -> None:
    outcome = clinic.doctor()
    assert (outcome.code, outcome.report["state"], outcome.not_well) == (0, "Ok", {})
    assert {each["area"] for each in outcome.report["checks"]} == {
        "Server", "Clock", "Definitions", "Rights", "Policies", "Operator", "Checks",
    }  # fmt: skip
    asked = [
        (event["verb"], event["objectRef"]["resource"])
        for event in clinic.cluster.audit_events()
        if event["user"]["username"] == ADMIN and event.get("userAgent", "").startswith("perfana-support/")
        if "objectRef" in event
    ]
    assert {verb for verb, _ in asked} == {"get", "list", "create"}
    assert {kind for verb, kind in asked if verb == "create"} == REVIEWS


def test_table_says_that_all_is_well(clinic: Clinic) -> None:
    printed = clinic.shell.must(snippet(PAGE, "doctor"))
    assert printed.startswith("STATE   AREA          SUBJECT           FOUND\n")
    assert "\nAll is well: 12 of 12, at " in printed


def test_it_takes_hardly_more_of_a_processor_than_status(clinic: Clinic) -> None:
    """Beside what starting Python and its libraries takes: fifty requests at once, and comparing two schemas."""

    def seconds(command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        clinic.shell.must(command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    doctor = min(seconds("perfana-support doctor") for _ in range(3))
    assert doctor <= min(seconds("perfana-support status") for _ in range(3)) + 1.0


def test_definition_that_is_gone_is_applied_again(clinic: Clinic) -> None:
    clinic.api.delete(CRD, "CustomResourceDefinition", POLICIES)
    clinic.api.wait_until_gone(CRD, "CustomResourceDefinition", POLICIES)
    outcome = clinic.doctor()
    found = outcome.not_well["Definitions supportpolicies"]
    assert (outcome.code, found["found"]) == (3, "is not there")
    clinic.mend(found)
    clinic.wait_until_well()


def test_definition_of_an_older_version_is_renewed(clinic: Clinic) -> None:
    stored = clinic.api.get(CRD, "CustomResourceDefinition", CHECKS)
    schema = stored["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    del schema["properties"]["nextTransition"]
    clinic.api.replace(stored)
    outcome = clinic.doctor()
    found = outcome.not_well["Definitions supportchecks"]
    assert found["found"].startswith("is older than this program: it lacks status.nextTransition")
    clinic.mend(found)
    clinic.wait_until_well()


def test_definition_of_a_newer_version_is_left_alone(clinic: Clinic) -> None:
    stored = clinic.api.get(CRD, "CustomResourceDefinition", CHECKS)
    fields = stored["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    fields["later"] = {"type": "string", "maxLength": 10}
    clinic.api.replace(stored)
    found = clinic.doctor().not_well["Definitions supportchecks"]
    assert found["found"] == "is newer than this program, which does not know status.later"
    assert found["fix"] == [{"command": f"git -C {ROOT} pull && make -C {ROOT} setup"}]
    stored = clinic.api.get(CRD, "CustomResourceDefinition", CHECKS)
    del stored["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["later"]
    clinic.api.replace(stored)
    clinic.wait_until_well()


def test_right_that_was_taken_away_is_named_and_given_back(clinic: Clinic) -> None:
    rules = [{**rule, "resources": [each for each in rule["resources"] if each != "nodes"]} for rule in shipped_rules()]
    apply_shipped_role(clinic.api, [rule for rule in rules if rule["resources"]])
    found = wait_for(lambda: clinic.doctor().not_well.get("Rights nodes"), WELL_WITHIN_SECONDS, "the right is missed")
    assert found["found"] == "system:serviceaccount:perfana-support:perfana-support may not list and watch nodes"
    clinic.mend(found)
    clinic.wait_until_well()


def test_rights_that_are_all_gone_are_given_back(clinic: Clinic) -> None:
    clinic.api.delete(RBAC, "ClusterRoleBinding", ACCOUNT)
    clinic.api.delete(RBAC, "RoleBinding", ACCOUNT, ACCOUNT)
    found = wait_for(lambda: clinic.doctor().not_well.get("Rights operator"), WELL_WITHIN_SECONDS, "all rights are missed")
    assert found["found"].startswith("none of its 26 rights are given")
    clinic.mend(found)
    clinic.wait_until_well()


def test_lease_of_an_operator_that_died_is_told_until_it_runs_again(clinic: Clinic) -> None:
    clinic.operator.kill()
    stale = {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}}
    clinic.api.patch(COORDINATION, "Lease", ACCOUNT, stale, ACCOUNT)
    outcome = clinic.doctor()
    assert outcome.problems == ["Operator Lease"]
    found = outcome.not_well["Operator Lease"]
    assert f"{POD} holds perfana-support/perfana-support and renewed it" in found["found"]
    clinic.mend(found)
    template = clinic.api.get("apps/v1", "Deployment", ACCOUNT, ACCOUNT)["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    clinic.operator.start()  # as a kubelet does
    clinic.wait_until_well()


def test_check_of_an_operator_that_does_not_run_has_no_verdict(clinic: Clinic) -> None:
    clinic.operator.terminate()
    clinic.api.create(check("new"), NAMESPACE)
    found = clinic.doctor().not_well
    assert found["Operator Lease"]["found"] == "nobody holds perfana-support/perfana-support"
    assert found["Checks perfana/new"]["state"] == "CannotTell"
    clinic.operator.start()
    clinic.mend(found["Checks perfana/new"])
    clinic.api.delete(API_VERSION, CHECK, "new", NAMESPACE)
    clinic.wait_until_well()


def test_policy_that_is_stale_is_told_by_its_own_rule(clinic: Clinic) -> None:
    clinic.api.create(policy("ours", publishedOn="2026-01-01", maxPolicyAgeDays=30))
    found = clinic.doctor().not_well["Policies ours"]
    assert found["found"] == "is of 2026-01-01 and was to be relied on until 2026-01-31"
    clinic.mend(found, 1)
    clinic.wait_until_well()
    clinic.api.delete(API_VERSION, POLICY, "ours")


def test_policy_that_is_not_valid_is_put_back_to_its_last_valid_form(clinic: Clinic) -> None:
    clinic.api.create(policy("ours", lines=ENDS_LATE))
    wait_for(lambda: "lastValidSpec" in _status(clinic, "ours"), WELL_WITHIN_SECONDS, "the form is kept")
    clinic.api.patch(API_VERSION, POLICY, "ours", {"spec": INVALID})
    found = clinic.doctor().not_well["Policies ours"]
    assert found["found"].startswith("is not valid: spec.")
    lint = clinic.shell.run(found["fix"][0]["command"])
    assert (lint.returncode, "error: standard input: spec." in lint.stderr) == (2, True)
    clinic.mend(found, 1)
    assert clinic.api.get(API_VERSION, POLICY, "ours")["spec"]["lines"] == ENDS_LATE
    clinic.wait_until_well()
    clinic.api.delete(API_VERSION, POLICY, "ours")


def test_policy_that_a_check_names_and_is_not_there_is_told(clinic: Clinic) -> None:
    clinic.api.patch(API_VERSION, CHECK, "perfana", {"spec": {"policyRef": {"name": "gone"}}}, NAMESPACE)
    found = clinic.doctor().not_well["Policies gone"]
    assert found["found"] == "SupportCheck perfana/perfana names it, and it does not exist; there are: none"
    clinic.mend(found)
    clinic.wait_until_well()


def test_pod_that_does_not_stay_up_is_told(clinic: Clinic) -> None:
    clinic.report_status(0, {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}, restarts=7)
    outcome = clinic.doctor()
    assert outcome.problems == ["Operator Deployment", f"Operator pod {POD}"]
    found = outcome.not_well[f"Operator pod {POD}"]
    assert found["found"] == "container operator does not stay up (CrashLoopBackOff), restarts: 7"
    assert found["fix"] == [{"command": f"kubectl logs {POD} -n perfana-support -c operator --previous"}]
    clinic.report_status(1)
    clinic.wait_until_well()


def test_image_that_cannot_be_pulled_is_set_anew(clinic: Clinic) -> None:
    clinic.report_status(0, {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})
    found = clinic.doctor().not_well[f"Operator pod {POD}"]
    assert found["found"] == "its image cannot be pulled, ImagePullBackOff: no such image"
    clinic.mend(found)
    containers = clinic.api.get("apps/v1", "Deployment", ACCOUNT, ACCOUNT)["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] != "perfana-support:here"
    clinic.report_status(1)
    clinic.wait_until_well()


def test_quota_that_refuses_pods_is_told_by_events(clinic: Clinic) -> None:
    message = 'pods "perfana-support-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1'
    now = clinic.doctor().report["time"]
    event: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "refused", "namespace": ACCOUNT},
        "involvedObject": {"kind": "ReplicaSet", "name": f"{ACCOUNT}-5d4f8c7b9", "namespace": ACCOUNT},
        "type": "Warning", "reason": "FailedCreate", "message": message, "lastTimestamp": now,
    }  # fmt: skip
    clinic.api.create(event)
    clinic.report_status(0)
    found = clinic.doctor().not_well["Operator quota"]
    assert found["found"] == f"FailedCreate: {message}"
    clinic.mend(found)
    clinic.report_status(1)
    clinic.wait_until_well()


def test_operator_that_is_scaled_to_nothing_is_scaled_up(clinic: Clinic) -> None:
    clinic.api.patch("apps/v1", "Deployment", ACCOUNT, {"spec": {"replicas": 0}}, ACCOUNT)
    found = clinic.doctor().not_well["Operator Deployment"]
    assert found["found"] == "perfana-support is scaled to 0"
    clinic.mend(found)
    clinic.wait_until_well()


def test_operator_that_is_not_there_is_told(clinic: Clinic) -> None:
    """Its Lease is held as long as its process runs, which nothing here ends: it may run outside of the cluster."""
    clinic.api.delete("apps/v1", "Deployment", ACCOUNT, ACCOUNT)
    outcome = clinic.doctor()
    assert (outcome.code, list(outcome.not_well)) == (5, ["Operator Deployment"])
    clinic.operator.terminate()
    clinic.api.delete(COORDINATION, "Lease", ACCOUNT, ACCOUNT)
    outcome = clinic.doctor()
    assert outcome.problems == ["Operator Deployment", "Operator Lease"]
    found = outcome.not_well["Operator Deployment"]
    assert found["fix"][0]["note"].startswith("in a checkout of this version, with the registry that you pushed its image to")
    clinic.mend(found)
    shipped = clinic.api.get("apps/v1", "Deployment", ACCOUNT, ACCOUNT)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert shipped == f"harbor.example.com/perfana/perfana-support:{__version__}"
    clinic.api.delete("apps/v1", "Deployment", ACCOUNT, ACCOUNT)
    clinic.api.create(deployment())
    clinic.operator.start()
    clinic.report_status(1)
    clinic.wait_until_well()


def test_second_operator_with_a_lease_of_its_own_is_scaled_down(clinic: Clinic) -> None:
    clinic.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"}})
    clinic.api.create(deployment("ops"))
    outcome = clinic.doctor()
    assert outcome.problems == ["Operator Deployment ops/perfana-support"]
    clinic.mend(outcome.not_well["Operator Deployment ops/perfana-support"])
    clinic.wait_until_well()
    elsewhere = clinic.doctor("--operator-namespace", "nowhere").not_well["Operator Deployment"]
    assert elsewhere["fix"][-1] == {"command": "perfana-support doctor --operator-namespace perfana-support"}
    clinic.api.delete("apps/v1", "Deployment", ACCOUNT, "ops")


def test_one_with_few_rights_is_told_what_cannot_be_seen_and_one_command_gives_it(clinic: Clinic) -> None:
    blind = clinic.cluster.identity("blind", "default")
    outcome = clinic.doctor(kubeconfig=blind.kubeconfig)
    assert (outcome.code, outcome.problems) == (3, ["Rights your own"])
    assert set(outcome.not_well) == {
        "Definitions supportchecks", "Definitions supportpolicies", "Rights operator", "Rights your own",
        "Policies of the cluster", "Operator Deployment", "Operator Lease", "Operator others", "Checks of the cluster",
    }  # fmt: skip
    command = f"perfana-support doctor --print reader --reader {blind.username} | kubectl apply -f -"
    fixes = {tuple(map(str, fix.values())) for each in outcome.not_well.values() for fix in each["fix"]}
    assert fixes == {(command, "by somebody who may give rights")}
    clinic.shell.must(command)
    seen = wait_for(
        lambda: found if (found := clinic.doctor(kubeconfig=blind.kubeconfig)).code == 0 else None,
        WELL_WITHIN_SECONDS,
        "all is seen",
    )
    assert seen.not_well == {}


def test_operators_own_account_may_ask_for_its_own_rights(clinic: Clinic) -> None:
    own = clinic.cluster.identity_of(ACCOUNT, ACCOUNT)
    outcome = clinic.doctor(kubeconfig=own.kubeconfig)
    assert outcome.report["rightsAskedBy"] == "SelfSubjectAccessReview"
    assert "Rights operator" not in outcome.not_well


def test_operator_of_some_namespaces_is_looked_at_with_its_roles(clinic: Clinic) -> None:
    """Its Deployment says which; what it needs is given by the command that is printed."""
    api = clinic.api
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    item = deployment("shop", ("--namespace", "shop"))
    api.create(item)
    assert clinic.shell.run(snippet(PAGE, "one-namespace")).returncode == 3
    words = ("--operator-namespace", "shop")
    found = clinic.doctor(*words).not_well["Rights operator"]
    assert found["found"].startswith("none of its 21 rights are given of system:serviceaccount:shop:perfana-support")
    clinic.mend(found)
    given = wait_for(
        lambda: outcome if "Rights operator" not in (outcome := clinic.doctor(*words)).not_well else None,
        WELL_WITHIN_SECONDS,
        "the rights hold",
    )
    assert not any(name.startswith("Rights") for name in given.not_well)
    assert not any(name.startswith("Checks") for name in given.not_well)
    api.delete("apps/v1", "Deployment", ACCOUNT, "shop")


def test_server_that_is_away_is_exit_code_2(clinic: Clinic) -> None:
    text = clinic.cluster.kubeconfig.read_text().replace(clinic.cluster.server, "https://127.0.0.1:9")
    away = clinic.cluster.folder / "away.kubeconfig"
    away.write_text(text)
    done = clinic.shell.having(KUBECONFIG=str(away)).run("perfana-support doctor")
    assert (done.returncode, "https://127.0.0.1:9 does not answer" in done.stdout) == (2, True)


def test_definitions_and_rights_of_the_program_change_nothing_where_all_is_well(clinic: Clinic) -> None:
    for block in (snippet(PAGE, "definitions"), snippet(PAGE, "rights"), snippet(PAGE, "reader")):
        clinic.shell.must(block)
    assert clinic.api.get(RBAC, "ClusterRoleBinding", "perfana-support-reader-ann")["subjects"][0]["name"] == "ann"
    clinic.wait_until_well()


def test_page_shows_what_is_printed() -> None:
    assert snippet(PAGE, "report") in (ROOT / "tests" / "data" / "doctor" / "much-is-wrong.txt").read_text(encoding="utf-8")


def _status(clinic: Clinic, name: str) -> Object:
    status: Object = clinic.api.get(API_VERSION, POLICY, name).get("status") or {}
    return status
