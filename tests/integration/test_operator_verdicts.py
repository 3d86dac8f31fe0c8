"""What the operator says about what runs: every kind of workload, and the check's life."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.cluster.client import MERGE_PATCH, STRATEGIC_MERGE_PATCH
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    LONG_AGO,
    NEW_CHART,
    OLD_CHART,
    RELEASED,
    SNAPSHOT,
    check,
    conditions,
    cron_job,
    daemon_set,
    deployment,
    findings,
    images,
    job,
    kstatus,
    pod,
    pod_of,
    stateful_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.client import Object
    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

ALL_MET = ("True", "AllRulesMet")
# The charts bring no database, and the checks of these tests declare none.
UNDECLARED = ("True", "DependencyUndeclared")
NOT_DECLARED = ("Unknown", "NotDeclared")
THE_REST = {
    "ImagesUnmodified": ALL_MET,
    "ConfigurationUnmodified": ALL_MET,
    "PlatformSupported": ALL_MET,
    "DependenciesSupported": UNDECLARED,
    "MaintenanceActive": NOT_DECLARED,
    "TicketEligible": NOT_DECLARED,
}
EVALUATED = {
    "Ready": ("True", "Evaluated"),
    "Reconciling": ("False", "Evaluated"),
    "Stalled": ("False", "Evaluated"),
}
ENDED = ("False", "EndOfLife")
SNAPSHOT_FOUND = ("False", "SnapshotBuild")


def said(item: Object) -> dict[str, tuple[str, str]]:
    """Return status and reason of each condition."""
    return {kind: (condition["status"], condition["reason"]) for kind, condition in conditions(item).items()}


# The first visit


@pytest.mark.parametrize(
    ("chart", "verdict", "release", "ends_on"),
    [
        (NEW_CHART, {"Supported": UNDECLARED, "VersionSupported": ALL_MET, "BuildSupported": ALL_MET}, "4.0.0", "2028-03-23"),
        (OLD_CHART, {"Supported": ENDED, "VersionSupported": ENDED, "BuildSupported": ALL_MET}, "3.1.0", "2026-07-12"),
    ],
)
def test_first_visit_writes_every_condition(
    site: Site, chart: str, verdict: dict[str, tuple[str, str]], release: str, ends_on: str
) -> None:
    site.apply_chart(chart)
    site.create(check())
    # Each kind has a watch of its own, so that the first verdict may be of a part.
    judged = site.wait(lambda item: said(item) == verdict | THE_REST | EVALUATED, f"{verdict}")
    assert {condition["observedGeneration"] for condition in judged["status"]["conditions"]} == {1}
    assert judged["status"]["observedGeneration"] == 1
    assert (judged["status"]["release"], judged["status"]["supportEndsOn"]) == (release, ends_on)
    assert judged["status"]["policy"]["name"] == "default"


def conditions_are_there(item: Object) -> bool:
    """Whether a check was visited."""
    return bool(conditions(item))


def test_kubectl_prints_the_verdict_in_columns(site: Site, cluster: Cluster) -> None:
    site.apply_chart(OLD_CHART)
    site.create(check())
    site.wait(lambda item: item["status"].get("supportEndsOn") == "2026-07-12", "the verdict on the whole chart")
    printed = cluster.kubectl("get", "supchk", "--namespace", site.namespace, "--output", "wide").stdout.splitlines()
    header, row = printed
    assert header.split() == ["NAME", "VERSION", "SUPPORTED", "REASON", "UNTIL", "AGE", "TICKET", "POLICY", "MESSAGE"]
    cells = row.split()
    assert cells[:5] == ["perfana", "3.1.0", "False", "EndOfLife", "2026-07-12"]
    assert cells[6:8] == ["Unknown", "default"]
    assert row[header.index("MESSAGE") :].startswith("perfana/perfana-check runs 3.1.0; line 3.1 reached its end of life")


def test_kubectl_wait_for_supported_just_works(site: Site, cluster: Cluster) -> None:
    site.apply_chart(NEW_CHART)
    site.create(check())
    waited = cluster.kubectl("wait", "--for=condition=Supported", "--timeout=180s", "-n", site.namespace, "supchk/perfana")
    assert waited.returncode == 0, waited.stderr


def test_kstatus_sees_progress_until_the_verdict_is_there(site: Site) -> None:
    """Also while a spec has been changed and not yet judged: Current may only be seen for the present generation."""
    site.create(deployment(SNAPSHOT))
    created = site.api.create(check(), site.namespace)
    assert created["status"] == {"observedGeneration": -1}
    assert kstatus(created) == "InProgress"
    site.wait(lambda item: kstatus(item) == "Current", "kstatus is Current")
    changed = site.api.patch(API_VERSION, CHECK, "perfana", {"spec": {"enforcement": "Gate"}}, site.namespace)
    assert (changed["metadata"]["generation"], kstatus(changed)) == (2, "InProgress")
    judged = site.wait(lambda item: item["status"]["observedGeneration"] == 2, "generation 2 is judged")
    assert kstatus(judged) == "Failed"


# Changes


def test_snapshot_image_flips_supported_and_the_release_flips_it_back(site: Site) -> None:
    site.apply_chart(NEW_CHART)
    site.create(check())
    site.wait_for_verdict("True")
    before = conditions(site.backdate())
    site.set_image(SNAPSHOT)
    flipped = conditions(site.wait_for_verdict(*SNAPSHOT_FOUND))
    changed = {kind for kind, condition in flipped.items() if condition["status"] != before[kind]["status"]}
    assert changed == {"Supported", "BuildSupported", "TicketEligible"}
    assert {kind for kind, condition in flipped.items() if condition["lastTransitionTime"] != LONG_AGO} == changed
    site.set_image(RELEASED)
    back = conditions(site.wait_for_verdict("True"))
    assert {kind: condition["message"] for kind, condition in back.items()} == {
        kind: condition["message"] for kind, condition in before.items()
    }


@pytest.mark.parametrize("make", [deployment, stateful_set, daemon_set, job, cron_job, pod])
def test_every_kind_that_runs_containers_is_judged(site: Site, make: Callable[[str], Object]) -> None:
    site.create(make(SNAPSHOT), check())
    judged = site.wait_for_verdict(*SNAPSHOT_FOUND)
    (finding,) = findings(judged, "SnapshotBuild")
    kind = make(SNAPSHOT)["kind"]
    assert finding["subject"] == {
        "kind": kind,
        "namespace": site.namespace,
        "name": "perfana-web",
        "container": "main",
        "image": SNAPSHOT,
    }
    api_version = make(SNAPSHOT)["apiVersion"]
    site.api.delete(api_version, kind, "perfana-web", site.namespace, gracePeriodSeconds=0, propagationPolicy="Background")
    site.wait_for_verdict("Unknown", "NoComponents")


def test_init_container_is_judged(site: Site) -> None:
    item = deployment(RELEASED)
    item["spec"]["template"]["spec"]["initContainers"] = [{"name": "migrate", "image": "perfana/perfana-migration:develop"}]
    site.create(item, check())
    (finding,) = findings(site.wait_for_verdict("False", "DevelopmentBuild"), "DevelopmentBuild")
    assert finding["subject"]["container"] == "migrate"


# Pods


def test_pod_like_its_template_is_not_counted_twice(site: Site) -> None:
    deployed = deployment(SNAPSHOT)
    site.create(deployed, pod_of(deployed, SNAPSHOT), check())
    judged = site.wait_for_verdict(*SNAPSHOT_FOUND)
    assert [finding["subject"]["kind"] for finding in findings(judged, "SnapshotBuild")] == ["Deployment"]
    assert [component["workloads"] for component in judged["status"]["components"]] == [1]


def test_pod_that_runs_another_image_than_its_template_is_found(site: Site) -> None:
    deployed = deployment(RELEASED)
    site.create(deployed, check())
    site.wait_for_verdict("True")
    site.create(pod_of(deployed, SNAPSHOT))
    (finding,) = findings(site.wait_for_verdict(*SNAPSHOT_FOUND), "SnapshotBuild")
    assert finding["subject"]["kind"] == "Pod"
    site.api.patch("v1", "Pod", pod_of(deployed, "")["metadata"]["name"], new_image(RELEASED), site.namespace)
    site.wait_for_verdict("True")


def new_image(image: str) -> Object:
    """Return a merge patch of a pod with one container."""
    return {"spec": {"containers": [{"name": "main", "image": image}]}}


def test_ephemeral_container_counts(site: Site) -> None:
    site.create(pod(RELEASED), check())
    site.wait_for_verdict("True")
    site.api.patch(
        "v1",
        "Pod",
        "perfana-web",
        {"spec": {"ephemeralContainers": [{"name": "debug", "image": SNAPSHOT}]}},
        site.namespace,
        content_type=STRATEGIC_MERGE_PATCH,
        subresource="ephemeralcontainers",
    )
    (finding,) = findings(site.wait_for_verdict(*SNAPSHOT_FOUND), "SnapshotBuild")
    assert finding["subject"]["container"] == "debug"


def test_succeeded_pod_is_ignored(site: Site) -> None:
    site.create(deployment(RELEASED), pod(SNAPSHOT, "migration"), check())
    site.wait_for_verdict(*SNAPSHOT_FOUND)
    ended = {"status": {"phase": "Succeeded"}}
    site.api.patch("v1", "Pod", "migration", ended, site.namespace, content_type=MERGE_PATCH, subresource="status")
    assert images(site.wait_for_verdict("True")["status"]["findings"]) == [RELEASED]


def test_completed_job_is_ignored(site: Site) -> None:
    site.create(deployment(RELEASED), job(SNAPSHOT, "migration"), check())
    site.wait_for_verdict(*SNAPSHOT_FOUND)
    noon, later = "2026-11-24T12:00:00Z", "2026-11-24T12:01:00Z"
    ended = [
        {"type": kind, "status": "True", "reason": "Completed", "lastTransitionTime": later}
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    status = {"startTime": noon, "completionTime": later, "succeeded": 1, "conditions": ended}
    site.api.patch("batch/v1", "Job", "migration", {"status": status}, site.namespace, subresource="status")
    site.wait_for_verdict("True")


# The check itself


def test_check_that_is_deleted_and_made_anew_is_judged(site: Site) -> None:
    """Over and over and at once, as `kubectl replace --force` does it: news of the old one's end must not end the new one."""
    site.create(deployment(SNAPSHOT), check())
    for image, status in ((RELEASED, "True"), (SNAPSHOT, "False")) * 10:
        site.wait(conditions_are_there, "conditions")
        with site.operator.asleep():
            site.api.delete(API_VERSION, CHECK, "perfana", site.namespace)
            site.create(check())
        site.wait(conditions_are_there, "conditions of the new check")
        site.set_image(image)
        site.wait_for_verdict(status)


def test_namespace_without_components_is_unknown(site: Site) -> None:
    site.create(deployment("docker.io/library/nginx:1.27"), check())
    judged = site.wait_for_verdict("Unknown", "NoComponents")
    assert kstatus(judged) == "Current"


def test_checks_of_one_namespace_judge_what_each_selects(site: Site) -> None:
    site.create(deployment(RELEASED, "production"), deployment(SNAPSHOT, "staging"))
    site.create(check("all"), check("none", workloadSelector={"matchLabels": {"app": "missing"}}))
    site.create(check("good", workloadSelector={"matchLabels": {"app": "production"}}))
    expression = {"key": "app", "operator": "NotIn", "values": ["production"]}
    site.create(check("bad", workloadSelector={"matchExpressions": [expression]}))
    site.wait_for_verdict("True", name="good")
    site.wait_for_verdict(*SNAPSHOT_FOUND, name="bad")
    site.wait_for_verdict(*SNAPSHOT_FOUND, name="all")
    site.wait_for_verdict("Unknown", "NoComponents", name="none")


def test_relabelled_workload_leaves_the_selection(site: Site) -> None:
    site.create(deployment(SNAPSHOT, "staging"), check(workloadSelector={"matchLabels": {"app": "staging"}}))
    site.wait_for_verdict(*SNAPSHOT_FOUND)
    site.api.patch("apps/v1", "Deployment", "staging", {"metadata": {"labels": {"app": "else"}}}, site.namespace)
    site.wait_for_verdict("Unknown", "NoComponents")


@pytest.mark.parametrize(
    ("enforcement", "image", "ready", "stalled", "seen_as"),
    [
        ("Report", RELEASED, ("True", "Evaluated"), ("False", "Evaluated"), "Current"),
        ("Report", SNAPSHOT, ("True", "Evaluated"), ("False", "Evaluated"), "Current"),
        ("Gate", RELEASED, UNDECLARED, ("False", "Evaluated"), "Current"),
        ("Gate", SNAPSHOT, SNAPSHOT_FOUND, ("True", "NotSupported"), "Failed"),
        ("Gate", "perfana/perfana-web:latest", ("Unknown", "VersionUndetermined"), ("False", "Evaluated"), "InProgress"),
    ],
)
def test_ready_and_stalled_follow_the_enforcement(  # noqa: PLR0913 - a table's columns
    site: Site, enforcement: str, image: str, ready: tuple[str, str], stalled: tuple[str, str], seen_as: str
) -> None:
    site.create(deployment(image), check(enforcement=enforcement))
    wanted = {"Ready": ready, "Stalled": stalled}
    judged = site.wait(lambda item: wanted.items() <= said(item).items(), f"{wanted}")
    assert said(judged)["Reconciling"] == ("False", "Evaluated")
    assert kstatus(judged) == seen_as


def test_waiver_takes_the_effect_and_leaves_the_finding(site: Site) -> None:
    site.create(deployment(SNAPSHOT), check())
    site.wait_for_verdict(*SNAPSHOT_FOUND)
    waiver = {
        "code": "SnapshotBuild",
        "subject": {"kind": "Deployment", "name": "perfana-web"},
        "reason": "a fix under test, change 4711",
        "agreedBy": "platform team",
        "expiresOn": "2999-12-31",
    }
    site.change_spec(waivers=[waiver])
    judged = site.wait(lambda item: item["status"]["observedGeneration"] == 2, "the waiver is judged")
    assert said(judged)["BuildSupported"] == ALL_MET
    (finding,) = findings(judged, "SnapshotBuild")
    assert (finding["effect"], finding["waivedUntil"]) == ("Unsupported", "2999-12-31")
    site.change_spec(waivers=[{**waiver, "expiresOn": "2026-01-31"}])
    expired = site.wait_for_verdict(*SNAPSHOT_FOUND)
    assert "waivedUntil" not in findings(expired, "SnapshotBuild")[0]


def test_namespaces_do_not_mix(site: Site) -> None:
    other = site._replace(namespace=f"other-{secrets.token_hex(4)}")
    site.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other.namespace}})
    other.create(deployment(SNAPSHOT), check())
    site.create(deployment(RELEASED), check())
    other.wait_for_verdict(*SNAPSHOT_FOUND)
    site.wait_for_verdict("True")
    site.api.delete("v1", "Namespace", other.namespace)
