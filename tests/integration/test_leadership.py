"""Two operators at once: one writes, the other takes over, and never do both; the server's audit log is the witness."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import threading
import time
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cluster.client import ApiError
from tests.cluster.crds import apply_crds
from tests.cluster.identity import RBAC, RBAC_GROUP, grant
from tests.cluster.proxy import Act, Proxy
from tests.cluster.server import LOOPBACK, METADATA_AUDIT_POLICY, Cluster, free_ports
from tests.cluster.waiting import wait_for
from tests.integration.fault_site import Page, page_of
from tests.integration.operator_process import ACCOUNT, ROOT, OperatorProcess, role_rules, shipped_identity, shipped_rules
from tests.integration.shifted_operator import ShiftedClock
from tests.integration.support_objects import RELEASED, SNAPSHOT, Site, check, deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.identity import Identity

LEASES = "coordination.k8s.io/v1"
LEASE = "perfana-support"
SHORT_LEASE_SECONDS = 3
TAKEN_OVER_WITHIN_SECONDS = 20.0
HANDED_OVER_WITHIN_SECONDS = 20.0
"""After SIGTERM: the other looks every two seconds, and judges what changed."""

LEADING_WITHIN_SECONDS = 30.0
ROUNDS = 3
IMAGES = (SNAPSHOT, RELEASED)

AUDIT_POLICY: Object = {
    **METADATA_AUDIT_POLICY,
    "rules": [
        {"level": "Request", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "Metadata"},
    ],
}


@pytest.fixture(scope="module")
def watched() -> Iterator[Cluster]:
    """Boot a cluster whose audit log has what is written into Leases."""
    with Cluster(audit_policy=AUDIT_POLICY) as booted:
        apply_crds(booted.client(), ROOT / "crds")
        apply_crds(booted.client(), ROOT / "tests" / "data" / "crds")
        shipped_identity(booted)
        yield booted


class Pair(NamedTuple):
    """Two operators of one Lease, the first of which leads at first, and a site that both judge."""

    first: OperatorProcess
    second: OperatorProcess
    site: Site
    cluster: Cluster

    def holder(self) -> str:
        """Return who holds the Lease."""
        try:
            lease = self.site.api.get(LEASES, "Lease", LEASE, ACCOUNT)
        except ApiError:
            return ""
        return str(lease["spec"].get("holderIdentity") or "")

    def wait_for_other_holder(self, than: str, seconds: float = TAKEN_OVER_WITHIN_SECONDS) -> str:
        """Return the next holder."""

        def other() -> str:
            now = self.holder()
            return "" if now == than else now

        return wait_for(other, seconds, f"a holder other than {than!r}")


@pytest.fixture(scope="module")
def identities(watched: Cluster) -> tuple[Identity, Identity]:
    """Return two accounts with the rights that ship, so that the audit log tells them apart."""
    made = []
    for name in ("first", "second"):
        made.append(watched.identity(name, ACCOUNT, shipped_rules(), cluster=True))
        grant(watched.client(), name, ACCOUNT, shipped_rules("Role"), cluster=False)
    return made[0], made[1]


@contextlib.contextmanager
def pair_of(
    cluster: Cluster,
    identities: tuple[Identity, Identity],
    *arguments: str,
    first: Path | None = None,
    clock: ShiftedClock | None = None,
    has_a_role: bool = False,
) -> Iterator[Pair]:
    """Run two operators; the first through another kubeconfig or by another clock if given, or both of one namespace."""
    api, namespace = cluster.client(), f"led-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    with contextlib.suppress(ApiError):  # of the pair before, whose leader may have been killed
        api.delete(LEASES, "Lease", LEASE, ACCOUNT)
    ports = [str(port) for port in free_ports(2)]
    given = ("--http-host", LOOPBACK, "--lease-namespace", ACCOUNT, "--settle-seconds", "0", *arguments)
    ours = ("--clock-file", str(clock.file)) if clock else ()
    if has_a_role:
        given += ("-n", namespace)
        for identity in identities:
            bind_role(api, namespace, identity)
    module = "tests.integration.shifted_operator" if clock else "perfana_support"
    with (
        OperatorProcess(
            cluster, first or identities[0].kubeconfig, *given, *ours, "--http-port", ports[0], module=module
        ) as one,
        OperatorProcess(cluster, identities[1].kubeconfig, *given, "--http-port", ports[1]) as other,
    ):
        pair = Pair(one, other, Site(api, namespace, one), cluster)
        pair.site.create(deployment(RELEASED), check())
        one.start()
        pair.site.wait_for_verdict("True", seconds=LEADING_WITHIN_SECONDS)
        other.start()
        ready = Page(200, "standing by")
        wait_for(lambda: said(ports[1], ready), LEADING_WITHIN_SECONDS, "the second to stand by", ignoring=(OSError,))
        yield pair
    assert writes_without_lease(cluster) == []


def bind_role(api: ApiClient, namespace: str, identity: Identity) -> None:
    """Give an account the rights of `role.yaml` in a namespace."""
    account = identity.username.rpartition(":")[2]
    api.apply({"apiVersion": RBAC, "kind": "Role", "metadata": {"name": account}, "rules": role_rules()}, namespace)
    binding = {
        "apiVersion": RBAC,
        "kind": "RoleBinding",
        "metadata": {"name": account},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "Role", "name": account},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": ACCOUNT}],
    }
    api.apply(binding, namespace)


# Who may write, by the audit log


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def is_about(event: Object, resource: str, name: str = "") -> bool:
    """Whether an audit event is about a resource, and about that name if given and known: what is created has none yet."""
    reference = event.get("objectRef", {})
    return reference.get("resource") == resource and (not name or reference.get("name", name) == name)


def writes_without_lease(cluster: Cluster) -> list[object]:
    """Return the status writes of an operator that did not hold the Lease, by whoever held it when the server received them."""
    done = [
        event
        for event in cluster.audit_events()
        if event["stage"] == "ResponseComplete" and event["responseStatus"]["code"] < 300
    ]
    leases = [event for event in done if is_about(event, "leases", LEASE) and event["verb"] != "get"]
    # Who writes it holds it, unless it is to be nobody's; who deletes it says nothing of a holder.
    held = [
        (moment(event["stageTimestamp"]), event["user"]["username"], event.get("requestObject", {}).get("spec", {}))
        for event in sorted(leases, key=lambda event: moment(event["stageTimestamp"]))
        if event["verb"] in {"create", "update", "delete"}
    ]
    wrong: list[object] = []
    writes = [event for event in done if event["verb"] == "patch" and is_about(event, "supportchecks")]
    assert writes
    for event in writes:
        received, writer = moment(event["requestReceivedTimestamp"]), event["user"]["username"]
        known = [entry for entry in held if entry[0] <= received]
        since, holder, spec = known[-1] if known else (received, "", {})
        lasts = timedelta(seconds=spec.get("leaseDurationSeconds", 0))
        if not spec.get("holderIdentity") or holder != writer or received > since + lasts:
            wrong.append((event["requestReceivedTimestamp"], writer, str(since), holder, spec))
    return wrong


class Traffic:
    """Changes the image again and again until the end of the context, so that there is always something to write."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._flow, daemon=True)

    def _flow(self) -> None:
        for image in itertools.cycle(IMAGES):
            if self._ending.wait(0.03):
                return
            self._site.set_image(image)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()


def said(port: str, expected: Page) -> bool:
    """Whether an operator's readiness has that status and has those words in it."""
    page = page_of(port, "/readyz")
    return page.status == expected.status and expected.text in page.text


def stands_by(operator: OperatorProcess, since: int) -> bool:
    """Whether an operator's log says so after its first characters."""
    return "standing by" in operator.log[since:]


# Taking over


@pytest.fixture(scope="module")
def with_roles(watched: Cluster) -> tuple[Identity, Identity]:
    """Return two accounts that have no right on the cluster, and that on the Lease."""
    rules = role_rules(f"{ACCOUNT}-lease")
    return watched.identity("third", ACCOUNT, rules), watched.identity("fourth", ACCOUNT, rules)


def test_operators_with_a_role_follow_one_another_too(watched: Cluster, with_roles: tuple[Identity, Identity]) -> None:
    arguments = ("--lease-seconds", str(SHORT_LEASE_SECONDS))
    with pair_of(watched, with_roles, *arguments, has_a_role=True) as pair:
        with pair.first.asleep():
            pair.site.set_image(SNAPSHOT)
            pair.site.wait_for_verdict("False", seconds=TAKEN_OVER_WITHIN_SECONDS)
        wait_for(lambda: "standing by" in pair.first.log, 10, "it to see that it was followed")
        assert pair.second.terminate() == 0
        pair.site.set_image(RELEASED)
        pair.site.wait_for_verdict("True", seconds=HANDED_OVER_WITHIN_SECONDS)


def test_one_leads_and_the_other_stands_by(watched: Cluster, identities: tuple[Identity, Identity]) -> None:
    with pair_of(watched, identities) as pair:
        pair.site.set_image(SNAPSHOT)
        pair.site.wait_for_verdict("False")
        assert "leading" in pair.first.log
        assert "leading" not in pair.second.log
        lease = pair.site.api.get(LEASES, "Lease", LEASE, ACCOUNT)["spec"]
        assert lease["leaseTransitions"] == 0
        assert {"holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime"} <= lease.keys()


def test_leader_that_is_killed_is_followed_within_twenty_seconds(
    watched: Cluster, identities: tuple[Identity, Identity], record_property: Callable[[str, object], None]
) -> None:
    with pair_of(watched, identities) as pair:
        pair.first.kill()
        began = time.monotonic()
        pair.site.set_image(SNAPSHOT)
        pair.site.wait_for_verdict("False", seconds=TAKEN_OVER_WITHIN_SECONDS)
        record_property("seconds", time.monotonic() - began)
        assert pair.site.api.get(LEASES, "Lease", LEASE, ACCOUNT)["spec"]["leaseTransitions"] == 1


def test_leader_that_is_told_to_end_hands_over_at_once(
    watched: Cluster, identities: tuple[Identity, Identity], record_property: Callable[[str, object], None]
) -> None:
    with pair_of(watched, identities) as pair:
        began = time.monotonic()
        assert pair.first.terminate() == 0
        pair.site.set_image(SNAPSHOT)
        pair.site.wait_for_verdict("False", seconds=HANDED_OVER_WITHIN_SECONDS)
        record_property("seconds", time.monotonic() - began)


def test_leader_that_stood_still_writes_no_more_when_it_goes_on(
    watched: Cluster, identities: tuple[Identity, Identity]
) -> None:
    with pair_of(watched, identities, "--lease-seconds", str(SHORT_LEASE_SECONDS)) as pair, Traffic(pair.site):
        leader, other = pair.first, pair.second
        for _ in range(ROUNDS):
            holder = pair.holder()
            with leader.asleep():
                pair.wait_for_other_holder(holder)
                before = len(leader.log)
            wait_for(partial(stands_by, leader, before), 10, "it to see that it was followed")
            leader, other = other, leader


@pytest.mark.parametrize("is_written_meanwhile", [True, False], ids=["other-writes", "other-finds-nothing-to-write"])
def test_leader_that_is_cut_off_is_followed_and_gives_up_its_last_write(
    watched: Cluster, identities: tuple[Identity, Identity], tmp_path: Path, *, is_written_meanwhile: bool
) -> None:
    """Its write is under way when its connection stalls, for longer than it leads.

    If the other has nothing to write, the server would still take it: the object is as it was.
    """
    with Proxy(watched) as proxy:
        kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig", identities[0].token)
        with pair_of(watched, identities, "--lease-seconds", str(SHORT_LEASE_SECONDS), first=kubeconfig) as pair:
            arrived, holder = threading.Event(), pair.holder()
            late = proxy.on(".*/status", Act(before=lambda: arrived.wait(60)), method="PATCH", times=1)
            pair.site.set_image(SNAPSHOT)
            wait_for(lambda: late.seen, 10, "a write under way")
            proxy.on(".*/leases.*", Act(before=lambda: arrived.wait(60)))
            if not is_written_meanwhile:
                pair.site.set_image(RELEASED)
            pair.wait_for_other_holder(holder)
            if is_written_meanwhile:
                pair.site.wait_for_verdict("False", "SnapshotBuild")
                pair.site.set_image(RELEASED)
            right = pair.site.wait_for_verdict("True")
            wait_for(lambda: not late.seen[0].is_open, 10, "the late write to be given up")
            arrived.set()
            wait_for(lambda: "standing by" in pair.first.log, 10, "it to see that it was followed")
            assert late.seen[0].status == 0
            assert pair.site.get() == right


def test_clocks_that_differ_make_no_second_leader(
    watched: Cluster, identities: tuple[Identity, Identity], tmp_path: Path
) -> None:
    """The first's is hours behind: by the other's clock its Lease ran out long ago."""
    clock = ShiftedClock(tmp_path / "clock")
    clock.file.write_text("-7200")
    arguments = ("--lease-seconds", str(SHORT_LEASE_SECONDS))
    with pair_of(watched, identities, *arguments, clock=clock) as pair:
        renewed: set[str] = set()

        def is_renewed_often() -> bool:
            renewed.add(pair.site.api.get(LEASES, "Lease", LEASE, ACCOUNT)["spec"]["renewTime"])
            return len(renewed) >= 10

        wait_for(is_renewed_often, 5 * SHORT_LEASE_SECONDS, "ten renewals")
        assert "leading" not in pair.second.log
        assert pair.site.api.get(LEASES, "Lease", LEASE, ACCOUNT)["spec"]["leaseTransitions"] == 0


def test_lease_that_somebody_deletes_is_made_anew(watched: Cluster, identities: tuple[Identity, Identity]) -> None:
    with pair_of(watched, identities, "--lease-seconds", str(SHORT_LEASE_SECONDS)) as pair:
        pair.site.api.delete(LEASES, "Lease", LEASE, ACCOUNT)
        pair.wait_for_other_holder("")
        pair.site.set_image(SNAPSHOT)
        pair.site.wait_for_verdict("False", seconds=TAKEN_OVER_WITHIN_SECONDS)
