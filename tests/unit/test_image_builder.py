"""What `make image` calls: the builder that is there, with what it must know for the same bytes."""

import re
from pathlib import Path

import pytest

from perfana_support import __version__
from tests.image.__main__ import build_options, find_builder
from tests.image.built import NAME, arguments_of_build
from tests.release.saying import ReleaseError

GIVEN = {"VERSION": "1.2.3", "SOURCE_DATE_EPOCH": "86400"}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder of programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _put(folder: Path, name: str, code: int) -> None:
    (folder / name).write_text(f"#!/bin/sh\nexit {code}\n")
    (folder / name).chmod(0o755)


def test_a_docker_that_runs_builds(programs: Path) -> None:
    _put(programs, "docker", 0)
    _put(programs, "buildah", 0)
    assert find_builder() == ("docker", "buildx", "build")


def test_a_docker_that_does_not_run_is_passed_over(programs: Path) -> None:
    _put(programs, "docker", 1)
    _put(programs, "podman", 0)
    assert find_builder() == ("podman", "build")
    _put(programs, "buildah", 0)
    assert find_builder() == ("buildah", "build")


def test_without_a_builder_those_that_would_do_are_named(programs: Path) -> None:
    assert list(programs.iterdir()) == []
    with pytest.raises(ReleaseError, match="Docker with buildx is needed, or buildah, or podman"):
        find_builder()


def test_what_is_built_is_told_its_version_its_commit_and_its_date() -> None:
    arguments = arguments_of_build()
    assert arguments["VERSION"] == __version__
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", arguments["REVISION"])
    assert int(arguments["SOURCE_DATE_EPOCH"]) > 1_700_000_000
    assert f"perfana-support:{__version__}" == NAME


def test_options_say_name_arguments_and_date() -> None:
    common = ["--tag=a:1", "--build-arg=VERSION=1.2.3", "--build-arg=SOURCE_DATE_EPOCH=86400"]
    assert build_options(("docker", "buildx", "build"), "a:1", GIVEN, None) == [*common, "--load"]
    assert build_options(("buildah", "build"), "a:1", GIVEN, None) == [*common, "--timestamp=86400"]
    assert "--build-context=wheels=w" in build_options(("podman", "build"), "a:1", GIVEN, Path("w"))
