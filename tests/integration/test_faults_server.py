"""A server that refuses, fails, is slow or full: the operator keeps to its manners and ends with the right conditions."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.cluster.proxy import Act, Seen, refusal
from tests.cluster.waiting import wait_for
from tests.integration.fault_site import (
    ANY,
    CHECKS,
    DEPLOYMENTS,
    RECOVERED_WITHIN_SECONDS,
    STATUSES,
    FaultSite,
    in_namespace,
    proxied_operator,
    remove_namespace,
)
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    RELEASED,
    SNAPSHOT,
    check,
    conditions,
    deployment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

RETRY_AFTER_SECONDS = 2
CLOCK_SLACK_SECONDS = 0.05
LARGEST_STATUS_BYTES = 32 * 1024


@pytest.fixture(scope="module")
def running(cluster: Cluster, install_crds: list[str], identity: Identity) -> Iterator[FaultSite]:
    """Run the module's operator behind its proxy."""
    assert install_crds
    with proxied_operator(cluster, identity, "--settle-seconds", "0") as started:
        yield started


@pytest.fixture
def faulty(running: FaultSite, namespace: str) -> Iterator[FaultSite]:
    """Return a namespace that was judged supported."""
    with in_namespace(running, namespace) as own:
        own.site.create(deployment(RELEASED), check())
        own.site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
        for path in (DEPLOYMENTS, CHECKS):
            own.wait_for_watch(path)
        yield own
        own.assert_sound()


def seconds_until_next(faulty: FaultSite, refused: Seen, path: str, **filters: bool) -> float:
    """Return how long after a refused request the next one to its path came."""
    later = [one for one in faulty.proxy.seen(path, refused.method, **filters) if one.at > refused.at]
    return later[0].at - refused.at


# Refusals

TOO_MANY = refusal(429, "TooManyRequests", Retry_After=str(RETRY_AFTER_SECONDS))


def test_retry_after_is_honoured_for_the_status_that_was_refused_and_for_it_alone(faulty: FaultSite) -> None:
    refused = faulty.proxy.on(faulty.status_path(), TOO_MANY, method="PATCH", times=1)
    faulty.site.create(check("other"))
    faulty.site.set_image(SNAPSHOT)
    faulty.site.wait_for_verdict("False", "SnapshotBuild", name="other")
    others = faulty.proxy.seen(faulty.status_path("other"), "PATCH")
    faulty.site.set_image("perfana/perfana-web:0.2.98.0-SNAPSHOT")  # a change in between is no reason to ask earlier
    faulty.site.wait_for_verdict("False", "SnapshotBuild")
    assert seconds_until_next(faulty, refused.seen[0], faulty.status_path()) >= RETRY_AFTER_SECONDS - CLOCK_SLACK_SECONDS
    assert others[-1].at - refused.seen[0].at < RETRY_AFTER_SECONDS


@pytest.mark.parametrize("watch", [True, False], ids=["watch", "list"])
@pytest.mark.parametrize("path", [DEPLOYMENTS, CHECKS], ids=["deployments", "checks"])
def test_retry_after_is_honoured_by_lists_and_watches(faulty: FaultSite, path: str, *, watch: bool) -> None:
    refused = faulty.proxy.on(path, TOO_MANY, method="GET", watch=watch, times=1)
    if not watch:
        faulty.proxy.on(path, refusal(410, "Expired"), watch=True, times=1)
    faulty.proxy.break_off(path)
    wait_for(lambda: refused.seen, RECOVERED_WITHIN_SECONDS, "a request that is refused")
    if path == DEPLOYMENTS:
        faulty.site.set_image(SNAPSHOT)
    else:
        faulty.site.change_spec(policyRef={"name": "missing"})
    faulty.site.wait_for_verdict("False" if path == DEPLOYMENTS else "Unknown", seconds=RECOVERED_WITHIN_SECONDS)
    assert seconds_until_next(faulty, refused.seen[0], path, watch=watch) >= RETRY_AFTER_SECONDS - CLOCK_SLACK_SECONDS


def test_errors_of_the_server_are_waited_out(faulty: FaultSite) -> None:
    failing = faulty.proxy.on(ANY, refusal(500, "InternalError"))
    faulty.proxy.break_off(ANY)
    faulty.site.set_image(SNAPSHOT)
    wait_for(lambda: len(failing.seen) >= 25, RECOVERED_WITHIN_SECONDS, "requests that failed")
    status = faulty.page("/readyz")
    faulty.proxy.drop(failing)
    faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
    assert status.status == 503
    assert "500" in status.text
    wait_for(lambda: faulty.page("/readyz").status == 200, RECOVERED_WITHIN_SECONDS, "to be ready again")


def test_server_without_an_answer_is_waited_out(faulty: FaultSite) -> None:
    cut = faulty.proxy.on(ANY, Act(lines=0))
    faulty.proxy.break_off(ANY)
    faulty.site.set_image(SNAPSHOT)
    wait_for(lambda: len(cut.seen) >= 20, RECOVERED_WITHIN_SECONDS, "twenty requests without an answer")
    faulty.proxy.drop(cut)
    faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)


def test_slow_server_is_waited_for(faulty: FaultSite) -> None:
    """Answers begin after a second and take a second more to arrive: lists and statuses alike."""
    slow = Act(delay_seconds=1.0, dribble_seconds=0.1)
    writes = faulty.proxy.on(STATUSES, slow, method="PATCH")
    lists = faulty.proxy.on(DEPLOYMENTS, slow, watch=False)
    faulty.proxy.on(DEPLOYMENTS, refusal(410, "Expired"), watch=True, times=1)
    faulty.proxy.break_off(DEPLOYMENTS)
    wait_for(lambda: lists.seen, RECOVERED_WITHIN_SECONDS, "a slow list")
    faulty.site.set_image(SNAPSHOT)
    faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
    assert len(lists.seen) == 1
    wait_for(lambda: not any(one.is_open for one in writes.seen), 10, "the write's answer")
    own = [one for one in writes.seen if f"/{faulty.site.namespace}/" in one.path]
    assert len(own) == 1


def test_conflict_on_every_write_is_tried_again_without_haste_until_it_ends(faulty: FaultSite) -> None:
    conflict = faulty.proxy.on(STATUSES, refusal(409, "Conflict"), method="PATCH")
    faulty.site.set_image(SNAPSHOT)
    wait_for(lambda: len(conflict.seen) >= 4, RECOVERED_WITHIN_SECONDS, "four conflicts")
    assert conflict.seen[3].at - conflict.seen[0].at > 0.5
    faulty.proxy.drop(conflict)
    faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)


def test_write_whose_answer_is_lost_is_no_second_flip(faulty: FaultSite) -> None:
    lost = faulty.proxy.on(faulty.status_path(), Act(lines=0), method="PATCH", times=1)
    faulty.site.set_image(SNAPSHOT)
    flipped = faulty.site.wait_for_verdict("False", "SnapshotBuild")
    wait_for(lambda: lost.seen and not lost.seen[0].is_open, 10, "the lost answer")
    faulty.site.create(check("barrier"))
    faulty.site.wait_for_verdict("False", name="barrier")
    wait_for(lambda: not faulty.proxy.seen(STATUSES, is_open=True), 10, "the end of all writes")
    assert faulty.site.get()["status"] == flipped["status"]


# Objects that go at the wrong moment


def test_check_that_is_deleted_while_it_is_written_leaves_nothing_behind(faulty: FaultSite) -> None:
    site = faulty.site

    def delete() -> None:
        site.api.delete(API_VERSION, CHECK, "perfana", site.namespace)

    deleted = faulty.proxy.on(faulty.status_path(), Act(before=delete), method="PATCH", times=1)
    site.set_image(SNAPSHOT)
    wait_for(lambda: deleted.seen and not deleted.seen[0].is_open, 10, "the write of what is gone")
    assert deleted.seen[0].status in {404, 409}
    site.create(check())
    site.wait_for_verdict("False", "SnapshotBuild")


def test_check_that_is_replaced_while_it_is_written_is_not_given_the_old_ones_verdict(faulty: FaultSite) -> None:
    site = faulty.site

    def replace() -> None:
        site.api.delete(API_VERSION, CHECK, "perfana", site.namespace)
        site.create(check(policyRef={"name": "missing"}))

    replaced = faulty.proxy.on(faulty.status_path(), Act(before=replace), method="PATCH", times=1)
    site.set_image(SNAPSHOT)
    unknown = site.wait_for_verdict("Unknown", "PolicyNotFound")
    assert replaced.seen[0].status in {404, 409}
    assert "findings" not in unknown["status"]


def test_namespace_that_is_deleted_while_it_is_written_to_is_forgotten(faulty: FaultSite) -> None:
    site = faulty.site
    gone = Act(before=lambda: remove_namespace(site.api, site.namespace))
    removed = faulty.proxy.on(faulty.status_path(), gone, method="PATCH", times=1)
    site.set_image(SNAPSHOT)
    wait_for(lambda: removed.seen and not removed.seen[0].is_open, 10, "the write into what is gone")
    assert removed.seen[0].status == 404
    site.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": site.namespace}})
    site.create(check())
    site.wait_for_verdict("Unknown", "NoComponents")
    site.create(deployment(RELEASED))
    site.wait_for_verdict("True")
    assert len(faulty.proxy.seen(faulty.status_path(), "PATCH")) <= 4 + len(removed.seen)


# A full store


def alarm(cluster: Cluster, action: str) -> None:
    """Tell etcd that it has no space, as it tells itself above its quota, or that it has some again."""
    body = json.dumps({"action": action, "memberID": "0", "alarm": "NOSPACE"}).encode()
    with urllib.request.urlopen(f"{cluster.etcd_address}/v3/maintenance/alarm", body, timeout=10) as answer:  # noqa: S310 - our own
        answer.read()


def test_full_etcd_is_waited_out_without_a_hot_loop(faulty: FaultSite, cluster: Cluster) -> None:
    site = faulty.site
    site.create(check("other"))
    site.wait_for_verdict("True", name="other")
    site.set_image(SNAPSHOT)
    site.wait_for_verdict("False", "SnapshotBuild")
    names = ("perfana", "other")

    def tries() -> list[Seen]:
        return [one for name in names for one in faulty.proxy.seen(faulty.status_path(name), "PATCH") if one.status >= 500]

    held = faulty.proxy.on(DEPLOYMENTS, Act(delay_seconds=0.3), watch=True, times=1)
    faulty.proxy.break_off(DEPLOYMENTS)
    wait_for(lambda: held.seen, 10, "the watch to be asked for again")
    site.set_image(RELEASED)  # told after the store is full
    alarm(cluster, "ACTIVATE")
    try:
        wait_for(lambda: len(tries()) >= 6, RECOVERED_WITHIN_SECONDS, "writes that are refused")
        refused = tries()
        assert refused[-1].at - refused[0].at > 0.5
    finally:
        alarm(cluster, "DEACTIVATE")
    for name in names:
        site.wait_for_verdict("True", name=name, seconds=RECOVERED_WITHIN_SECONDS)


# A status that would be too large


def test_status_stays_small_however_much_is_found(faulty: FaultSite) -> None:
    for number in range(6):
        faulty.site.create(crowd(number, 60))
    judged = faulty.site.wait(
        lambda item: len(item["status"].get("components", ())) > 50 or item["status"].get("findingsOmitted", 0) > 200,
        "a status of hundreds of findings",
    )
    assert len(json.dumps(judged["status"], separators=(",", ":"))) < LARGEST_STATUS_BYTES
    assert conditions(judged)["Supported"]["status"] == "False"
    assert judged["status"]["findingsOmitted"] > 0
    assert judged["status"]["findings"]


def crowd(number: int, size: int) -> Object:
    """Return a Deployment of many containers, none of which is a released build."""
    item = deployment(SNAPSHOT, f"crowd-{number}")
    containers = [
        {"name": f"a-container-with-a-long-name-{index}", "image": f"perfana/perfana-web:0.2.{index}.{number}-SNAPSHOT"}
        for index in range(size)
    ]
    item["spec"]["template"]["spec"]["containers"] = containers
    return item
