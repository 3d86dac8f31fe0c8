"""Watches that break, expire or fall silent: nothing is lost, nothing is judged by half."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cluster.proxy import Act, event, refusal
from tests.cluster.waiting import wait_for
from tests.integration.fault_site import (
    ANY,
    CHECKS,
    DEPLOYMENTS,
    POLICIES,
    RECOVERED_WITHIN_SECONDS,
    FaultSite,
    in_namespace,
    proxied_operator,
)
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    LONG_AGO,
    POLICY,
    RELEASED,
    SNAPSHOT,
    check,
    conditions,
    delete_if_there,
    deployment,
    policy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

SILENCE_SECONDS = 2
EXPIRED = event(
    type="ERROR", object={"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "old"}
)
"""How a server says in a watch that it no longer knows the version to go on from."""

OLD_LINE = [{"name": "4.0", "endOfLifeOn": "2026-01-01"}]


@pytest.fixture(scope="module")
def running(cluster: Cluster, install_crds: list[str], identity: Identity) -> Iterator[FaultSite]:
    """Run the module's operator behind its proxy, without the audit that would find what a watch has missed."""
    assert install_crds
    with proxied_operator(cluster, identity, "--audit-seconds", "3600") as started:
        yield started


@pytest.fixture
def faulty(running: FaultSite, namespace: str) -> Iterator[FaultSite]:
    """Return the namespace of a test."""
    with in_namespace(running, namespace) as own:
        yield own
        own.assert_sound()


@pytest.fixture
def judged(faulty: FaultSite) -> Iterator[FaultSite]:
    """Return a namespace that was judged supported by a policy of its own, with all watches under way."""
    name = faulty.site.namespace
    faulty.site.create(policy(name), deployment(RELEASED), check(policyRef={"name": name}))
    faulty.site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
    for path in (DEPLOYMENTS, CHECKS, POLICIES):
        faulty.wait_for_watch(path)
    yield faulty
    delete_if_there(faulty.site.api, POLICY, name)


def change_image(faulty: FaultSite) -> None:
    """Make a change that the watch of Deployments tells."""
    faulty.site.set_image(SNAPSHOT)


def change_check(faulty: FaultSite) -> None:
    """Make a change that the watch of checks tells."""
    faulty.site.change_spec(policyRef={"name": "missing"})


def change_policy(faulty: FaultSite) -> None:
    """Make a change that the watch of policies tells."""
    faulty.site.change_spec(faulty.site.namespace, POLICY, lines=OLD_LINE)


CHANGES: list[tuple[str, Callable[[FaultSite], None], str, str]] = [
    (DEPLOYMENTS, change_image, "False", "SnapshotBuild"),
    (CHECKS, change_check, "Unknown", "PolicyNotFound"),
    (POLICIES, change_policy, "False", "EndOfLife"),
]
CASES = pytest.mark.parametrize(("path", "change", "verdict", "reason"), CHANGES, ids=["deployments", "checks", "policies"])


@CASES
@pytest.mark.parametrize("in_line", [False, True], ids=["between-lines", "in-a-line"])
def test_watch_that_breaks_off_loses_no_change(  # noqa: PLR0913 - a case has that many parts
    judged: FaultSite, path: str, change: Callable[[FaultSite], None], verdict: str, reason: str, *, in_line: bool
) -> None:
    before = judged.wait_for_watch(path)
    judged.proxy.break_off(path, in_line=in_line)
    change(judged)
    judged.site.wait_for_verdict(verdict, reason, seconds=RECOVERED_WITHIN_SECONDS)
    assert judged.wait_for_watch(path, before)


@CASES
@pytest.mark.parametrize("as_status", [False, True], ids=["event", "status"])
def test_expired_watch_starts_over_with_a_list(  # noqa: PLR0913 - a case has that many parts
    judged: FaultSite, path: str, change: Callable[[FaultSite], None], verdict: str, reason: str, *, as_status: bool
) -> None:
    expired = judged.proxy.on(path, refusal(410, "Expired") if as_status else EXPIRED, watch=True, times=1)
    judged.proxy.break_off(path)
    change(judged)
    judged.site.wait_for_verdict(verdict, reason, seconds=RECOVERED_WITHIN_SECONDS)
    assert [one for one in judged.proxy.seen(path, "GET", watch=False) if one.at > expired.seen[0].at]


def test_what_is_deleted_behind_an_expired_watch_is_gone(judged: FaultSite) -> None:
    """Nobody tells of it: it is not on the list."""
    judged.site.create(deployment(SNAPSHOT, "beside"))
    judged.site.wait_for_verdict("False", "SnapshotBuild")
    gone = judged.proxy.on(DEPLOYMENTS, refusal(410, "Expired"), watch=True)
    judged.proxy.break_off(DEPLOYMENTS)
    wait_for(lambda: gone.seen, 10, "a watch that is refused")
    judged.site.api.delete("apps/v1", "Deployment", "beside", judged.site.namespace)
    judged.proxy.drop(gone)
    judged.site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)


def test_list_that_expires_between_its_pages_is_begun_anew_and_not_judged_by_half(judged: FaultSite) -> None:
    site, proxy = judged.site, judged.proxy
    site.create(deployment(SNAPSHOT, "zz-last-on-the-list"))
    site.wait_for_verdict("False", "SnapshotBuild")
    site.backdate()
    site.operator.terminate()
    proxy.on(DEPLOYMENTS, Act(ask={"limit": "1"}), watch=False, when=lambda request: "limit" in request.query)
    expired = refusal(410, "Expired", "the token is too old")
    late = proxy.on(DEPLOYMENTS, expired, watch=False, times=1, when=lambda request: "continue" in request.query)
    site.operator.start()
    wait_for(lambda: late.seen, 30, "a page that expired")
    site.set_image(SNAPSHOT)
    site.wait(lambda item: len(item["status"]["findings"]) > 1, "what happened after", seconds=RECOVERED_WITHIN_SECONDS)
    assert {entry["lastTransitionTime"] for entry in conditions(site.get()).values()} == {LONG_AGO}
    proxy.drop()
    site.api.delete("apps/v1", "Deployment", "zz-last-on-the-list", site.namespace)
    site.set_image(RELEASED)
    site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)


def test_watch_that_ends_at_once_is_not_asked_for_in_a_tight_loop(judged: FaultSite) -> None:
    ended = judged.proxy.on(DEPLOYMENTS, Act(status=200, body=b""), watch=True)
    judged.proxy.break_off(DEPLOYMENTS)
    wait_for(lambda: len(ended.seen) >= 4, RECOVERED_WITHIN_SECONDS, "four watches that ended at once")
    assert ended.seen[3].at - ended.seen[0].at > 0.5
    judged.proxy.drop(ended)
    judged.site.set_image(SNAPSHOT)
    judged.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)


STRANGE = pytest.mark.parametrize(
    "body",
    [
        b"<html>502</html>\n",
        b'{"error": "bad gateway"}\n',
        b"[]\n",
        b'{"type": "ADDED"}\n',
        b'{"type": "ADDED", "object": {}}\n',
    ],
    ids=["html", "other", "array", "no-object", "no-metadata"],
)


def answer_strangely(faulty: FaultSite, path: str, body: bytes, *, watch: bool) -> None:
    """Let the next watch or list of a path be answered, with 200, by something that is none of an API server's."""
    strange = faulty.proxy.on(path, Act(status=200, body=body), watch=watch, times=1)
    if not watch:
        faulty.proxy.on(path, EXPIRED, watch=True, times=1)
    faulty.proxy.break_off(path)
    wait_for(lambda: strange.seen, RECOVERED_WITHIN_SECONDS, "a request with a strange answer")


@pytest.mark.parametrize("watch", [True, False], ids=["watch", "list"])
@STRANGE
def test_answer_that_is_none_of_an_api_server_is_tried_again(judged: FaultSite, body: bytes, *, watch: bool) -> None:
    """A gateway in between may answer what it likes."""
    answer_strangely(judged, DEPLOYMENTS, body, watch=watch)
    change_image(judged)
    judged.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)


# Silence


@pytest.fixture(scope="module")
def alert(cluster: Cluster, install_crds: list[str], identity: Identity) -> Iterator[FaultSite]:
    """Run an operator that takes a watch for dead after seconds."""
    assert install_crds
    silence = ("--watch-silence-seconds", str(SILENCE_SECONDS))
    with proxied_operator(cluster, identity, *silence, "--audit-seconds", "3600") as started:
        yield started


@CASES
def test_watch_that_is_silently_dead_is_noticed_and_begun_anew(  # noqa: PLR0913 - a case has that many parts
    alert: FaultSite, namespace: str, path: str, change: Callable[[FaultSite], None], verdict: str, reason: str
) -> None:
    with in_namespace(alert, namespace) as faulty:
        site = faulty.site
        site.create(policy(namespace), deployment(RELEASED), check(policyRef={"name": namespace}))
        try:
            site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
            before = faulty.wait_for_watch(path)
            faulty.proxy.silence(path)
            change(faulty)
            site.wait_for_verdict(verdict, reason, seconds=RECOVERED_WITHIN_SECONDS)
            assert faulty.wait_for_watch(path, before)
            wait_for(lambda: not before.is_open, 60, "the dead connection to be closed")
            if path == DEPLOYMENTS:
                lines = faulty.page("/healthz").text.splitlines()
                assert any(line.startswith("deployments:") and "Silent" in line for line in lines), lines
        finally:
            delete_if_there(site.api, POLICY, namespace)
        faulty.assert_sound()


def test_server_that_falls_silent_altogether_is_found_again(alert: FaultSite, namespace: str) -> None:
    """As when a firewall forgets connections: packets go nowhere and nobody says so."""
    with in_namespace(alert, namespace) as faulty:
        faulty.site.create(deployment(RELEASED), check())
        faulty.site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
        faulty.proxy.silence(ANY)
        faulty.site.set_image(SNAPSHOT)
        faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
        faulty.assert_sound()


# What only a comparison with the server's list finds


@pytest.fixture(scope="module")
def audited(cluster: Cluster, install_crds: list[str], identity: Identity) -> Iterator[FaultSite]:
    """Run an operator that compares every second and notices no silence."""
    assert install_crds
    with proxied_operator(cluster, identity, "--watch-silence-seconds", "3600", "--audit-seconds", "1") as started:
        yield started


@pytest.fixture
def compared(audited: FaultSite, namespace: str) -> Iterator[FaultSite]:
    """Return a namespace that was judged supported by a policy of its own."""
    with in_namespace(audited, namespace) as own:
        own.site.create(policy(namespace), deployment(RELEASED), check(policyRef={"name": namespace}))
        own.site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
        yield own
        delete_if_there(own.site.api, POLICY, namespace)
        own.assert_sound()


def test_audit_finds_what_a_silent_watch_of_checks_and_policies_has_missed(compared: FaultSite) -> None:
    """And with it that the watch is dead, which is said, and mended by starting Kopf anew."""
    site, name = compared.site, compared.site.namespace
    silenced = []
    for path in (CHECKS, POLICIES):
        silenced.append(compared.wait_for_watch(path))
        compared.proxy.silence(path)
    change_policy(compared)
    site.wait_for_verdict("False", "EndOfLife")
    compared.wait_for_watch(POLICIES, after=silenced[-1])
    compared.proxy.silence(CHECKS)
    site.api.delete(API_VERSION, POLICY, name)
    site.wait_for_verdict("Unknown", "PolicyNotFound")
    site.change_spec(policyRef=None)
    site.wait_for_verdict("True")
    compared.wait_for_watch(CHECKS, after=silenced[0])
    text = compared.page("/healthz").text
    assert re.search(r"^supportpolicies: following, .*begun anew: .*Silent", text, re.MULTILINE), text


@pytest.mark.parametrize("kind", ["check", "policy"])
def test_check_or_policy_deleted_behind_an_expired_watch_is_gone(compared: FaultSite, kind: str) -> None:
    site, name = compared.site, compared.site.namespace
    path = CHECKS if kind == "check" else POLICIES
    gone = compared.proxy.on(path, refusal(410, "Expired"), watch=True)
    compared.proxy.break_off(path)
    wait_for(lambda: gone.seen, 10, "a watch that is refused")
    if kind == "policy":
        site.api.delete(API_VERSION, POLICY, name)
    else:
        site.api.delete(API_VERSION, CHECK, "perfana", name)
        site.create(check())
    compared.proxy.drop(gone)
    if kind == "policy":
        site.wait_for_verdict("Unknown", "PolicyNotFound", seconds=RECOVERED_WITHIN_SECONDS)
    else:
        site.wait(lambda item: item["status"].get("policy", {}).get("name") != name, "the new check's verdict")
        site.wait_for_verdict("True")


@pytest.mark.parametrize(("body", "watch"), [(b'{"type": "ADDED"}\n', True), (b"[]\n", False)], ids=["watch", "list"])
def test_strange_answer_to_the_framework_costs_no_change(compared: FaultSite, body: bytes, *, watch: bool) -> None:
    """Kopf ends over it, and is started anew after growing waits."""
    answer_strangely(compared, CHECKS, body, watch=watch)
    change_check(compared)
    compared.site.wait_for_verdict("Unknown", "PolicyNotFound", seconds=RECOVERED_WITHIN_SECONDS)
