"""docs/gates/kubectl.md with the real kubectl: what it waits for, and that no old verdict passes for a new spec."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.support_objects import RELEASED, SNAPSHOT, check, deployment
from tests.shell import user
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    import subprocess

    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

PAGE = "docs/gates/kubectl.md"
NEWEST, ENDED = "0.2.96.22", "3.1.0"
NO_END_SECONDS = 60.0
"""What the page gives kubectl, and what a definite no must not take."""


def run(cluster: Cluster, site: Site, block: str, *changes: tuple[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a block of the page in a site's namespace, with parts of it changed."""
    placed = changed(block, ("-n perfana", f"-n {site.namespace}"), *changes)
    return user(cluster).run(placed)


SHORT = ("--timeout=60s", "--timeout=3s")


def test_supported_is_waited_for_from_the_first_moment(cluster: Cluster, site: Site) -> None:
    """The check is there, and nothing is said of it yet."""
    site.create(deployment(RELEASED), check())
    assert run(cluster, site, snippet(PAGE, "supported")).returncode == 0


@pytest.mark.parametrize("image", [SNAPSHOT, "perfana/perfana-web:latest"])
def test_what_is_not_supported_or_unknown_times_out(cluster: Cluster, site: Site, image: str) -> None:
    site.create(deployment(image), check())
    done = run(cluster, site, snippet(PAGE, "supported"), SHORT)
    assert done.returncode == 1
    assert "timed out waiting for the condition" in done.stderr


def test_old_verdict_on_the_target_passes_for_no_new_one(cluster: Cluster, site: Site) -> None:
    """Each time the change and the wait are one script, so the wait begins before any operator can have judged."""
    site.create(deployment(RELEASED), check())
    for _ in range(3):
        assert run(cluster, site, snippet(PAGE, "upgrade")).returncode == 0
        assert run(cluster, site, snippet(PAGE, "upgrade"), (NEWEST, ENDED), SHORT).returncode == 1


def test_supported_upgrade_passes_though_what_runs_has_ended(cluster: Cluster, site: Site) -> None:
    site.create(deployment("perfana/perfana-fe:perfana-3.1.0", "fe"), check())
    assert run(cluster, site, snippet(PAGE, "upgrade")).returncode == 0
    assert run(cluster, site, snippet(PAGE, "supported"), SHORT).returncode == 1


def test_definite_no_of_a_gate_ends_the_wait_at_once(cluster: Cluster, site: Site) -> None:
    site.create(deployment(RELEASED), check(enforcement="Gate", target={"release": ENDED}))
    began = time.monotonic()
    done = run(cluster, site, snippet(PAGE, "either"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert time.monotonic() - began < NO_END_SECONDS


def test_supported_target_of_a_gate_passes(cluster: Cluster, site: Site) -> None:
    site.create(deployment(RELEASED), check(enforcement="Gate", target={"release": NEWEST}))
    assert run(cluster, site, snippet(PAGE, "either")).returncode == 0
