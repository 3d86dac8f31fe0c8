"""What the operator does not do: write what has not changed, or anything that is not its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.waiting import wait_for
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    LONG_AGO,
    NEW_CHART,
    OLD_CHART,
    POLICY,
    RELEASED,
    SNAPSHOT,
    check,
    conditions,
    delete_if_there,
    deployment,
    pod,
    policy,
    write_chart,
)

if TYPE_CHECKING:
    from tests.cluster.client import Object
    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

FIELD_MANAGER = "perfana-support"
SETTLE_SECONDS = 1.0
"""The default of `--settle-seconds`: how long details may wait."""

LOGGED_WITHIN_SECONDS = 60.0
"""The server's audit log is a moment behind its answers."""

# One verdict, however it is asked for


@pytest.mark.parametrize("chart", [NEW_CHART, OLD_CHART])
def test_command_line_and_operator_say_the_same(site: Site, cluster: Cluster, chart: str, tmp_path: Path) -> None:
    site.apply_chart(chart)
    site.create(check())
    report = judge(write_chart(chart, site.namespace, tmp_path), f"v{cluster.binaries.kubernetes}")
    found = [without(finding, "location", "detail") for finding in report["findings"]]
    assert found
    # Each kind has a watch of its own, so that the first verdict may be of a part.
    status = site.wait(lambda item: item["status"].get("findings") == found, f"the findings {found}")["status"]
    own = {"lastTransitionTime", "observedGeneration"}
    said = [without(condition, *own) for condition in status["conditions"]]
    evaluation = {"Ready", "Reconciling", "Stalled"}
    assert [condition for condition in said if condition["type"] not in evaluation] == report["conditions"]
    for field in ("release", "supportEndsOn", "components", "nextTransition"):
        assert report[field] == status.get(field), field
    assert report["policy"] == without(status["policy"], "digest")


def judge(manifest: Path, kubernetes: str) -> dict[str, Any]:
    """Return the report of `perfana-support check` on a file, for a server of that version."""
    program = Path(sys.executable).with_name("perfana-support")
    done = subprocess.run(
        [program, "check", "-f", manifest, "--kubernetes-version", kubernetes, "-o", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 3}, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def without(document: Object, *fields: str) -> Object:
    """Return a document without some fields."""
    return {field: value for field, value in document.items() if field not in fields}


# No write without need


def test_unchanged_verdict_is_not_written(site: Site) -> None:
    site.create(deployment(SNAPSHOT), pod(RELEASED, "beside"), check())
    before = site.wait_for_verdict("False")["metadata"]["resourceVersion"]
    annotation = {"metadata": {"annotations": {"note": "of no interest"}}}
    site.api.patch("apps/v1", "Deployment", "perfana-web", annotation, site.namespace)
    site.api.patch("apps/v1", "Deployment", "perfana-web", {"spec": {"replicas": 3}}, site.namespace)
    running = {"status": {"phase": "Running"}}
    site.api.patch("v1", "Pod", "beside", running, site.namespace, subresource="status")
    site.api.patch(API_VERSION, CHECK, "perfana", annotation, site.namespace)
    touched = site.get()["metadata"]["resourceVersion"]
    assert touched != before
    site.pass_barrier()
    assert site.get()["metadata"]["resourceVersion"] == touched


def test_restarted_operator_writes_nothing_that_is_there(site: Site) -> None:
    site.create(deployment(SNAPSHOT), check())
    before = site.wait_for_verdict("False")["metadata"]["resourceVersion"]
    site.operator.terminate()
    site.operator.start()
    site.pass_barrier()
    assert site.get()["metadata"]["resourceVersion"] == before


def test_changed_finding_under_an_unchanged_verdict_keeps_every_time(site: Site) -> None:
    site.create(deployment(SNAPSHOT), check())
    site.wait_for_verdict("False")
    site.backdate()
    site.create(deployment("perfana/perfana-worker:0.2.97.0-SNAPSHOT", "perfana-worker"))
    judged = site.wait(lambda item: len(item["status"]["components"]) == 2, "the second component")
    assert {condition["lastTransitionTime"] for condition in judged["status"]["conditions"]} == {LONG_AGO}


# Nobody else's business


def test_foreign_conditions_survive(site: Site) -> None:
    site.create(deployment(RELEASED), check())
    site.wait_for_verdict("True")
    foreign = {
        "type": "example.com/Audited",
        "status": "True",
        "reason": "Audited",
        "message": "somebody else's",
        "lastTransitionTime": LONG_AGO,
    }
    identity = {"apiVersion": API_VERSION, "kind": CHECK, "metadata": {"name": "perfana"}}
    item = identity | {"status": {"conditions": [foreign]}}
    site.api.apply(item, site.namespace, field_manager="auditor", subresource="status")
    before = site.get()
    site.pass_barrier()
    assert site.get()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    site.set_image(SNAPSHOT)
    flipped = site.wait_for_verdict("False")
    assert conditions(flipped)["example.com/Audited"] == foreign
    site.change_spec(policyRef={"name": "missing"})
    unjudged = site.wait_for_verdict("Unknown", "PolicyNotFound")
    assert conditions(unjudged)["example.com/Audited"] == foreign
    entries = {
        (entry["manager"], entry["operation"], entry.get("subresource")) for entry in unjudged["metadata"]["managedFields"]
    }
    assert {(FIELD_MANAGER, "Apply", "status"), ("auditor", "Apply", "status")} <= entries


def test_part_of_a_status_that_somebody_else_owns_is_left_alone_and_not_written_against(site: Site, cluster: Cluster) -> None:
    """A date that a verdict does not state, which another one applied: an apply of ours cannot take it away."""
    site.create(deployment(RELEASED), check(policyRef={"name": "missing"}))
    site.wait_for_verdict("Unknown", "PolicyNotFound")
    item = {
        "apiVersion": API_VERSION,
        "kind": CHECK,
        "metadata": {"name": "perfana"},
        "status": {"supportEndsOn": "2099-01-01"},
    }
    site.api.apply(item, site.namespace, field_manager="auditor", subresource="status")
    told = f"{site.namespace}/perfana: its status is not as it was written"
    wait_for(lambda: told in site.operator.log, LOGGED_WITHIN_SECONDS, "a warning")
    wait_for(lambda: patches(cluster, site) >= 2, LOGGED_WITHIN_SECONDS, "the first write and the one in vain")
    written = patches(cluster, site)
    ends_at = time.monotonic() + 3 * SETTLE_SECONDS
    while time.monotonic() < ends_at:
        for image in (SNAPSHOT, RELEASED):
            site.set_image(image)
            site.pass_barrier()
    assert patches(cluster, site) == written
    assert site.operator.log.count(told) == 1
    assert site.get()["status"]["supportEndsOn"] == "2099-01-01"
    site.change_spec(policyRef=None)
    assert site.wait_for_verdict("True")["status"]["supportEndsOn"] != "2099-01-01"


def patches(cluster: Cluster, site: Site) -> int:
    """Return how often the check's status was written by server-side apply, or tried to be."""
    about = [event.get("objectRef", {}) for event in cluster.audit_events() if event["verb"] == "patch"]
    return sum(one.get("namespace") == site.namespace and one.get("subresource") == "status" for one in about)


def test_condition_of_ours_that_somebody_overwrote_is_restored(site: Site) -> None:
    site.create(deployment(SNAPSHOT), check())
    judged = site.wait_for_verdict("False")
    forged = [
        {**condition, "status": "True", "reason": "AllRulesMet"} if condition["type"] == "Supported" else condition
        for condition in judged["status"]["conditions"]
    ]
    site.api.patch(API_VERSION, CHECK, "perfana", {"status": {"conditions": forged}}, site.namespace, subresource="status")
    site.wait_for_verdict("False", "SnapshotBuild")
    assert len(conditions(site.get())) == len(forged)


def test_status_that_somebody_removed_is_written_again(site: Site) -> None:
    site.create(deployment(SNAPSHOT), check())
    site.wait_for_verdict("False")
    site.api.patch(API_VERSION, CHECK, "perfana", {"status": None}, site.namespace, subresource="status")
    site.wait_for_verdict("False", "SnapshotBuild")


def test_nothing_but_statuses_and_events_of_its_own_resources_is_written(site: Site) -> None:
    """Neither a finalizer nor an annotation nor an owner appears on anything."""
    site.apply_chart(NEW_CHART)
    name = site.namespace
    site.create(pod(RELEASED), policy(name), check(policyRef={"name": name}))
    try:
        site.wait_for_verdict("True")
        site.set_image(SNAPSHOT)
        site.wait_for_verdict("False")
        listed = [("apps/v1", "Deployment"), ("v1", "Pod"), (API_VERSION, CHECK), ("v1", "ConfigMap"), ("v1", "Service")]
        items = [item for version, kind in listed for item in site.api.list(version, kind, name)["items"]]
        items.append(site.api.get(API_VERSION, POLICY, name))
    finally:
        delete_if_there(site.api, POLICY, name)
    assert len(items) > 10
    for item in items:
        metadata = item["metadata"]
        assert not {"finalizers", "annotations", "ownerReferences"} & set(metadata), metadata
        written = {
            (entry["operation"], entry.get("subresource"))
            for entry in metadata["managedFields"]
            if entry["manager"] == FIELD_MANAGER
        }
        assert written == ({("Apply", "status")} if item.get("apiVersion") == API_VERSION else set())
    told = wait_for(partial(events_about, site, CHECK), LOGGED_WITHIN_SECONDS, "events about the check")
    assert told
    assert not events_about(site, "Deployment") + events_about(site, "Pod")


def events_about(site: Site, kind: str) -> list[Object]:
    """Return the Events about objects of a kind; the server itself writes some about Services."""
    events: list[Object] = site.api.list("events.k8s.io/v1", "Event", site.namespace)["items"]
    return [event for event in events if event["regarding"]["kind"] == kind]


def test_event_tells_of_each_flip_of_what_people_act_on_and_of_nothing_else(site: Site) -> None:
    plan = {"plan": "Enterprise", "expiresOn": "2099-12-31"}
    # What runs is known once another check says so: the first verdict of this one is of the whole.
    site.create(deployment(RELEASED), check("before"))
    site.wait_for_verdict("True", name="before")
    site.api.delete(API_VERSION, CHECK, "before", site.namespace)
    site.create(check(maintenance=plan))
    site.wait_for_verdict("True")
    site.set_image(SNAPSHOT)
    site.wait_for_verdict("False")
    site.set_image(SNAPSHOT.replace("0.2.97.0", "0.2.97.1"))
    site.wait(lambda item: "0.2.97.1" in str(item["status"]["findings"]), "another finding")
    site.set_image(RELEASED)
    site.wait_for_verdict("True")

    def own() -> list[Object]:
        return [event for event in events_about(site, CHECK) if event["regarding"]["name"] == "perfana"]

    wait_for(lambda: len(own()) >= 4, LOGGED_WITHIN_SECONDS, "two events for each flip")
    told = sorted((event["type"], event["note"].split(":")[0]) for event in own())
    assert told == [
        ("Normal", "Supported is True, was False"),
        ("Normal", "TicketEligible is True, was False"),
        ("Warning", "Supported is False, was True"),
        ("Warning", "TicketEligible is False, was True"),
    ]
    assert {event["reason"] for event in own() if event["type"] == "Warning"} == {"SnapshotBuild"}


def test_healthz_answers(site: Site, health_url: str) -> None:
    site.create(check())
    site.wait_for_verdict("Unknown", "NoComponents")
    with urllib.request.urlopen(health_url, timeout=10) as response:  # noqa: S310 - our own, on loopback
        assert response.status == 200
        assert response.read().startswith(b"ok\n")
