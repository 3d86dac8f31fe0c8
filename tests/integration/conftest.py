"""The operator as a fixture, under the rights that ship with it; and the tools that render charts and kustomizations."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.cluster import binaries
from tests.cluster.crds import apply_crds
from tests.cluster.server import LOOPBACK, free_ports
from tests.integration.controlled_cluster import controlled_cluster
from tests.integration.helm_tool import MAJORS, find_helm
from tests.integration.operator_process import ACCOUNT, ROOT, OperatorProcess, shipped_identity
from tests.integration.packages import Machine, make_machine
from tests.integration.pipelines import Publication, gate_tools, publish, write_workspace
from tests.integration.publishing import Checkout, release_a_version
from tests.integration.support_objects import NEW_CHART, OLD_CHART, Site, chart, check
from tests.release.making import make_release
from tests.release.platforms import this_platform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.identity import Identity
from tests.cluster.server import Cluster

# Kinds of others that the operator reads where a cluster knows them.
FOREIGN_CRDS = ROOT / "tests" / "data" / "crds"


@pytest.fixture(scope="session")
def identity(cluster: Cluster) -> Identity:
    """Return who the operator is: the service account of `rbac.yaml`."""
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


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout in which a maintainer has made a new version and released it, for this platform."""
    return release_a_version(tmp_path_factory.mktemp("maintainer") / "checkout")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine on which nothing of ours was ever run."""
    return make_machine(tmp_path)


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> dict[str, Path]:
    """Return the real tools: kubectl, helm-4, helm-3."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        return {"kubectl": binaries.find().kubectl} | {f"helm-{major}": find_helm(major) for major in MAJORS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder of our own, with nothing on the PATH and no file of the user's."""
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(("KUBECONFIG", "HELM_", "XDG_", "PERFANA_SUPPORT_"))]:
        monkeypatch.delenv(name)
    return here


@pytest.fixture(params=[f"helm-{major}" for major in MAJORS])
def helm(request: pytest.FixtureRequest, programs: dict[str, Path], folder: Path) -> Path:
    """Put a Helm on the PATH."""
    (folder.parent / "bin/helm").symlink_to(programs[request.param])
    return programs[request.param]


@pytest.fixture
def kubectl(programs: dict[str, Path], folder: Path) -> Path:
    """Put kubectl on the PATH."""
    (folder.parent / "bin/kubectl").symlink_to(programs["kubectl"])
    return programs["kubectl"]


# The operator under faults, its clock and its Lease, the proxy of the tests, and gates that others hold: a version of the
# server changes nothing about them.
_CLOCKWORK = re.compile(
    r"test_(faults_|role_faults|operator_faults|time|leadership|proxy|flux|argocd|gate_|pipelines|admission_dates)"
)


# What people get and read: packages, image, chart, manifests, pages. Builds and renderings, which a busy machine does no harm.
_SHIPPED = re.compile(
    r"test_(chart_values|docs_|doctor_remedies|image|install|kind|krew|manifest_schemas|pages_|release|rendered_manifests"
    r"|single_file|site|wheel)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of runs against another version of Kubernetes, and of two runs beside one another."""
    parser.addoption("--server-only", action="store_true", help="run only what another version may fail")
    parser.addoption("--shipped", choices=("only", "not"), help="run only the tests of what is shipped, or all others")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Compare the rights that ship with those that were used when all other tests are done."""
    wanted = [item for item in items if _is_wanted(item, config)]
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = wanted
    items.sort(key=lambda item: item.path.stem == "test_rights_used")


def _is_wanted(item: pytest.Item, config: pytest.Config) -> bool:
    if config.getoption("--server-only") and not _knows_a_version(item):
        return False
    shipped = config.getoption("--shipped")
    return shipped is None or (shipped == "only") is bool(_SHIPPED.match(item.path.stem))


def _knows_a_version(item: pytest.Item) -> bool:
    return "cluster" in getattr(item, "fixturenames", ()) and not _CLOCKWORK.match(item.path.stem)


@pytest.fixture(scope="module")
def controlled() -> Iterator[Cluster]:
    """Return a cluster of the module's own, whose controllers make pods of Deployments."""
    with controlled_cluster() as made:
        yield made


@pytest.fixture(scope="session")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """Return the project as pipelines of others fetch it."""
    return publish(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs that requirements/gates.txt pins."""
    return gate_tools(tmp_path_factory.mktemp("gates") / "environment")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a checkout with manifests: one installation in each folder."""
    return write_workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def pages_cluster() -> Iterator[Cluster]:
    """Run a cluster of its own for what the documentation shows, so that namespaces there are named as they are in it."""
    with Cluster() as booted:
        yield booted


@pytest.fixture(scope="session")
def installed(pages_cluster: Cluster) -> None:
    """Install two releases of Perfana, and our definitions, into the documentation's cluster; with a check for each."""
    api = pages_cluster.client()
    assert pages_cluster.kubectl("apply", "-f", str(ROOT / "crds")).returncode == 0
    maintained: Object = {"maintenance": {"plan": "Team", "expiresOn": "2099-12-31"}}
    for namespace, name, spec in (("perfana", NEW_CHART, maintained), ("legacy", OLD_CHART, {})):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for document in chart(name):
            api.apply(document, namespace)
        api.create(check("perfana", **spec), namespace)
