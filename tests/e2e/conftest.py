"""Where the tests of this folder run, and what is on the nodes when they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster import binaries
from tests.e2e.docker_images import make_archive, need_docker
from tests.e2e.first_verdict import FirstVerdict, first_verdict
from tests.e2e.installation import RELEASED, SNAPSHOT, run_perfana
from tests.e2e.kind_place import KindPlace
from tests.e2e.node_place import NodePlace
from tests.e2e.place import Place, Shell
from tests.e2e.programs import ProgramError, find_program
from tests.image.built import built_image
from tests.integration.helm_tool import find_helm
from tests.node.image import make_image, write_archive
from tests.node.node import Node
from tests.node.programs import find_programs
from tests.registry.images import alone
from tests.release.saying import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
        make = _made_for_kind if request.config.getoption("--kind") else _made_for_node
        images, programs = make(archives)
    with KindPlace(home, *programs) if request.config.getoption("--kind") else Node() as started:
        found = started if isinstance(started, KindPlace) else NodePlace(started, home, *programs)
        for archive in images:
            found.load(archive)
        yield found


def _made_for_kind(archives: Path) -> tuple[list[Path], list[Path]]:
    """Return archives of images, made with Docker, and the programs of a user; or say in one line what is missing."""
    try:
        need_docker()
        _, *programs = [find_program(name) for name in ("kind", "kubectl", "helm")]
        return [make_archive(archives, VENDORS)], programs
    except (ReleaseError, ProgramError) as error:
        pytest.exit(str(error), returncode=2)


def _made_for_node(archives: Path) -> tuple[list[Path], list[Path]]:
    """Return the same without Docker: archives by buildah and by our own hand, and the one program that the place has not."""
    programs, image = [find_helm(4)], built_image()
    find_programs(binaries.find().kubernetes)
    vendors = [write_archive(archives / f"{number}.tar", name, alone(make_image(name))) for number, name in enumerate(VENDORS)]
    return [image, *vendors], programs


@pytest.fixture(scope="session")
def shell(place: Place) -> Shell:
    """Return commands of a user of the place."""
    return Shell(place.environment)


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest, shell: Shell) -> FirstVerdict:
    """Install the operator as the documentation says, beside a Perfana that runs; return its first verdict."""
    run_perfana(shell)
    first = first_verdict(shell)
    request.config.stash[FIRST_VERDICT] = first.seconds
    return first


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell how long the way to the first verdict was."""
    if FIRST_VERDICT in config.stash:
        terminalreporter.write_line(f"From a bare cluster to the first verdict: {config.stash[FIRST_VERDICT]:.1f} s")
