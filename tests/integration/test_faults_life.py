"""An operator that is told to end: it finishes the write at hand, and leaves in time whatever the server does."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.cluster.proxy import Act
from tests.cluster.server import LOOPBACK
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
)
from tests.integration.operator_process import ENDED_WITHIN_SECONDS
from tests.integration.support_objects import RELEASED, SNAPSHOT, check, deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

LEASES = ".*/leases.*"


@pytest.fixture(scope="module")
def running(cluster: Cluster, install_crds: list[str], identity: Identity) -> Iterator[FaultSite]:
    """Run the module's operator behind its proxy."""
    assert install_crds
    with proxied_operator(cluster, identity) as started:
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


def end(faulty: FaultSite) -> float:
    """Send SIGTERM and return how long it took, which must end well."""
    began = time.monotonic()
    assert faulty.site.operator.terminate() == 0, faulty.site.operator.log[-4000:]
    return time.monotonic() - began


def test_write_at_hand_is_finished(faulty: FaultSite) -> None:
    under_way = faulty.proxy.on(faulty.status_path(), Act(delay_seconds=1.5), method="PATCH")
    faulty.site.set_image(SNAPSHOT)
    wait_for(lambda: under_way.seen, 10, "a write under way")
    assert end(faulty) < ENDED_WITHIN_SECONDS
    assert faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=1)
    assert under_way.seen[0].status == 200
    assert len(under_way.seen) == 1


def test_write_at_hand_is_finished_and_no_other_is_begun(faulty: FaultSite) -> None:
    """However many wait: each would take as long."""
    names = [f"check-{number}" for number in range(20)]
    faulty.site.create(*(check(name) for name in names))
    for name in names:
        faulty.site.wait_for_verdict("True", name=name)
    under_way = faulty.proxy.on(STATUSES, Act(delay_seconds=1.0), method="PATCH")
    faulty.site.set_image(SNAPSHOT)
    wait_for(lambda: under_way.seen, 10, "a write under way")
    assert end(faulty) < ENDED_WITHIN_SECONDS
    assert {one.status for one in under_way.seen} == {200}
    assert len(under_way.seen) < len(names)
    faulty.proxy.drop()
    faulty.site.operator.start()
    for name in names:
        faulty.site.wait_for_verdict("False", "SnapshotBuild", name=name, seconds=RECOVERED_WITHIN_SECONDS)


@pytest.mark.parametrize("path", [STATUSES, LEASES, ANY], ids=["statuses", "leases", "everything"])
def test_server_that_does_not_answer_does_not_keep_it(faulty: FaultSite, path: str) -> None:
    held = faulty.proxy.on(path, Act(delay_seconds=3600))
    faulty.site.set_image(SNAPSHOT)
    wait_for(lambda: held.seen, 10, "a request without an answer")
    assert end(faulty) < ENDED_WITHIN_SECONDS


def test_scrape_that_is_not_read_does_not_keep_it(faulty: FaultSite) -> None:
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        reader.connect((LOOPBACK, int(faulty.http_port)))
        # So many answers that no buffer of the two kernels takes them all.
        reader.settimeout(1.0)
        with contextlib.suppress(TimeoutError):
            for _ in range(2000):
                reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: operator\r\n\r\n")
        assert end(faulty) < ENDED_WITHIN_SECONDS


def test_connection_that_is_cut_in_the_middle_of_ending_does_not_keep_it(faulty: FaultSite) -> None:
    cut = faulty.proxy.on(STATUSES, Act(delay_seconds=0.5, lines=0), method="PATCH")
    faulty.site.set_image(SNAPSHOT)
    wait_for(lambda: cut.seen, 10, "a write under way")
    assert end(faulty) < ENDED_WITHIN_SECONDS
    faulty.proxy.drop()
    faulty.site.operator.start()
    faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)


@pytest.mark.parametrize("path", [STATUSES, ".*/supportpolicies", CHECKS, DEPLOYMENTS, LEASES], ids=str)
def test_operator_killed_at_a_chosen_request_goes_on_with_the_next_start(faulty: FaultSite, path: str) -> None:
    """The server does what it was asked for, and nobody is there to learn of it."""
    faulty.site.operator.terminate()
    faulty.site.set_image(SNAPSHOT)
    fatal = faulty.proxy.on(path, Act(before=faulty.site.operator.kill), times=1)
    faulty.site.operator.start()
    wait_for(lambda: fatal.seen, 30, "the request at which it is killed")
    wait_for(lambda: not faulty.site.operator.is_running, 10, "its end")
    faulty.site.operator.start()
    faulty.site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
