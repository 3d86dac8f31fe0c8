"""Where the tests of this folder run, and what is on the nodes when they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster import binaries
from tests.e2e.first_verdict import first_verdict
from tests.e2e.installation import RELEASED, SNAPSHOT, run_perfana
from tests.e2e.kind_place import KindPlace
from tests.e2e.node_place import NodePlace
from tests.e2e.place import Place, Shell
from tests.image.built import built_image
from tests.integration.helm_tool import find_helm
from tests.node.image import make_image, write_archive
from tests.node.node import Node
from tests.node.programs import find_programs
from tests.registry.images import alone

if TYPE_CHECKING:
    from collections.abc import Iterator

VENDORS = tuple(f"docker.io/{image}" for image in (RELEASED, SNAPSHOT))
"""What Perfana runs here, by the whole names that a node knows images by."""

FIRST_VERDICT = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that chooses the place."""
    parser.addoption("--kind", action="store_true", help="run in a cluster of kind, which needs Docker")


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a place with the operator's own image and images of Perfana's on its nodes, and nothing installed."""
    home, archives = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("images")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # builds take minutes: let their progress be seen
        kubectl, helm, image = binaries.find().kubectl, find_helm(4), built_image()
        is_kind = request.config.getoption("--kind")
        if not is_kind:
            find_programs(binaries.find().kubernetes)
    vendors = [write_archive(archives / f"{number}.tar", name, alone(make_image(name))) for number, name in enumerate(VENDORS)]
    with KindPlace(home, kubectl, helm) if is_kind else Node() as started:
        found = started if isinstance(started, KindPlace) else NodePlace(started, home, helm)
        for archive in (image, *vendors):
            found.load(archive)
        yield found


@pytest.fixture(scope="session")
def shell(place: Place) -> Shell:
    """Return commands of a user of the place."""
    return Shell(place.environment)


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest, shell: Shell) -> float:
    """Install the operator as the documentation says, beside a Perfana that runs; return the seconds to its first verdict."""
    run_perfana(shell)
    seconds = first_verdict(shell)
    request.config.stash[FIRST_VERDICT] = seconds
    return seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell how long the way to the first verdict was."""
    if FIRST_VERDICT in config.stash:
        terminalreporter.write_line(f"From a bare cluster to the first verdict: {config.stash[FIRST_VERDICT]:.1f} s")
