"""The operator as a fixture, under the rights that ship with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.crds import apply_crds
from tests.cluster.server import LOOPBACK, free_ports
from tests.integration.operator_process import ACCOUNT, ROOT, OperatorProcess, shipped_identity
from tests.integration.packages import Machine, make_machine
from tests.integration.support_objects import Site
from tests.release.making import make_release
from tests.release.platforms import this_platform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient
    from tests.cluster.identity import Identity
from tests.cluster.server import Cluster

# Kinds of others that the operator reads where a cluster knows them.
FOREIGN_CRDS = ROOT / "tests" / "data" / "crds"


@pytest.fixture(scope="session")
def identity(cluster: Cluster) -> Identity:
    """Return who the operator is: the service account of manifests/rbac.yaml."""
    return shipped_identity(cluster)


@pytest.fixture(scope="module")
def health_url() -> str:
    """Return where the module's operator answers probes."""
    (port,) = free_ports(1)
    return f"http://{LOOPBACK}:{port}/healthz"


@pytest.fixture(scope="module")
def operator(
    cluster: Cluster, api: ApiClient, install_crds: list[str], identity: Identity, health_url: str
) -> Iterator[OperatorProcess]:
    """Run the module's operator for all namespaces; a test that ends it starts it again."""
    assert install_crds
    apply_crds(api, FOREIGN_CRDS)
    port = health_url.rpartition(":")[2].partition("/")[0]
    with OperatorProcess(cluster, identity.kubeconfig, "--http-port", port, "--lease-namespace", ACCOUNT) as process:
        process.start()
        yield process


@pytest.fixture
def site(api: ApiClient, namespace: str, operator: OperatorProcess) -> Site:
    """Return a namespace of the test's own that the operator judges."""
    return Site(api, namespace, operator)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a release for this platform."""
    folder = tmp_path_factory.mktemp("release")
    make_release(folder, [this_platform()])
    return folder


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine on which nothing of ours was ever run."""
    return make_machine(tmp_path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Compare the rights that ship with those that were used when all other tests are done."""
    items.sort(key=lambda item: item.path.stem == "test_rights_used")
