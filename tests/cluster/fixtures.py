"""Pytest plugin: the test cluster as fixtures.

A cluster that cannot boot is an error of the test that wanted it, never a skip.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.cluster import binaries
from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient

NAMESPACE_LENGTH = 63 - 9
"""Length of a DNS label, less the random part and its dash."""

_BOOTED = pytest.StashKey[Cluster]()


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Boot the session's cluster, of the version in `$PERFANA_TEST_KUBERNETES` if set, with an audit log.

    A test that stops the API server starts it again: all tests share this one.
    """
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        binaries.find()
    with Cluster() as booted:
        request.config.stash[_BOOTED] = booted
        yield booted


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> ApiClient:
    """Return the admin's client."""
    return cluster.client()


@pytest.fixture
def namespace(api: ApiClient, request: pytest.FixtureRequest) -> Iterator[str]:
    """Make a namespace for this test alone.

    It is told to go afterwards but stays `Terminating`, as no controller empties it; its name is never used
    again.
    """
    label = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:NAMESPACE_LENGTH].strip("-")
    name = f"{label}-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    api.delete("v1", "Namespace", name)


@pytest.fixture(scope="session")
def install_crds(api: ApiClient, request: pytest.FixtureRequest) -> list[str]:
    """Apply every definition of the repository's crds/ and return their names once all are served."""
    return apply_crds(api, request.config.rootpath / "crds")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how long the boot took, so that a slower one is noticed."""
    booted = config.stash.get(_BOOTED, None)
    if booted is not None:
        terminalreporter.write_line(
            f"test cluster: Kubernetes {booted.binaries.kubernetes} was ready in {booted.boot_seconds:.1f} s"
        )
