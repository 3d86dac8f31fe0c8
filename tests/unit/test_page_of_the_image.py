"""docs/image.md, block by block, with a stand-in for Docker, which CI has not: what is asked of it is what there is.

That the Dockerfile builds and what comes of it is what tests/integration/test_image.py shows, with another builder.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from perfana_support import __version__
from tests.integration.support_objects import RELEASED, deployment
from tests.shell import Shell
from tests.snippets import ROOT, snippet

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/image.md"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
VALUED = {"--build-arg", "--build-context", "--platform", "--output", "--network", "--cap-drop"}
STAND_IN = f"""\
#!{sys.executable}
import json, os, pathlib, sys, tarfile
with pathlib.Path(__file__).with_name("asked").open("a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
if sys.argv[1:3] == ["buildx", "build"]:
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as context:
        pathlib.Path(__file__).with_name("context").write_text("\\n".join(entry.name for entry in context if not entry.isdir()))
if sys.argv[1] == "run":
    program = [sys.executable, "-m", "perfana_support"]
    image = next(place for place, word in enumerate(sys.argv) if word.startswith("perfana-support:"))
    os.execv(program[0], [*program, *sys.argv[image + 1 :]])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a docker that notes what it is asked, and runs the program where it should run an image."""
    docker = tmp_path / "docker"
    docker.write_text(STAND_IN, encoding="utf-8")
    docker.chmod(0o755)
    (tmp_path / "manifests.yaml").write_text(yaml.safe_dump(deployment(RELEASED)), encoding="utf-8")
    return tmp_path


def pasted(block: str, folder: Path, *, cwd: Path = ROOT) -> tuple[list[str], str]:
    """Return what docker was asked by a block, and what the block printed."""
    path = os.pathsep.join([str(folder), "/usr/bin", "/bin"])
    said = Shell({"PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT / "operator")}, cwd).must(block)
    (asked,) = (folder / "asked").read_text(encoding="utf-8").splitlines()
    return json.loads(asked), said


def options(asked: list[str], name: str) -> list[str]:
    """Return the values of an option."""
    return [asked[place + 1] for place, word in enumerate(asked) if word == name]


def positional(asked: list[str]) -> list[str]:
    """Return the words that are no option and no value of one."""
    return [
        word
        for place, word in enumerate(asked)
        if (word == "-" or not word.startswith("-")) and (place == 0 or asked[place - 1] not in VALUED)
    ]


def assert_builds(asked: list[str], folder: Path) -> None:
    """Check that docker was asked for a build of the last commit and no more, with arguments that the Dockerfile has."""
    assert positional(asked) == ["buildx", "build", "-"]
    context = (folder / "context").read_text(encoding="utf-8").splitlines()
    committed = subprocess.run(["git", "ls-tree", "-rz", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, check=True)
    assert sorted(context) == sorted(committed.stdout.decode().split("\0")[:-1])
    assert "Dockerfile" in context
    known = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
    assert {each.partition("=")[0] for each in options(asked, "--build-arg")} <= known
    assert all(each.partition("=")[2] for each in options(asked, "--build-arg"))


def test_make_image_is_a_target() -> None:
    block = snippet("docs/image.md", "make")
    done = subprocess.run([*block.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "-m tests.image" in done.stdout


def test_an_image_for_two_platforms_is_built_with_this_version_and_the_commits_date(folder: Path) -> None:
    asked, _ = pasted(snippet("docs/image.md", "platforms"), folder)
    assert_builds(asked, folder)
    assert options(asked, "--platform") == ["linux/amd64,linux/arm64"]
    given = dict(each.split("=", 1) for each in options(asked, "--build-arg"))
    assert given["VERSION"] == __version__
    assert re.fullmatch(r"[0-9a-f]{40}", given["REVISION"])
    assert given["SOURCE_DATE_EPOCH"].isdecimal()
    assert "rewrite-timestamp=true" in options(asked, "--output")[0].split(",")


def test_an_image_on_another_base_is_built_by_arguments(folder: Path) -> None:
    asked, _ = pasted(snippet("docs/image.md", "bases"), folder)
    assert_builds(asked, folder)
    assert {each.partition("=")[0] for each in options(asked, "--build-arg")} == {"BUILD_BASE", "RUN_BASE"}


def test_an_offline_build_gives_the_context_that_the_dockerfile_takes_wheels_from(folder: Path) -> None:
    asked, _ = pasted(snippet("docs/image.md", "offline"), folder)
    assert_builds(asked, folder)
    assert options(asked, "--build-context") == ["wheels=wheels"]
    assert "from=wheels" in DOCKERFILE


def test_a_digest_is_asked_of_the_name_that_was_pushed(folder: Path) -> None:
    asked, _ = pasted(snippet("docs/image.md", "inspect"), folder)
    assert asked[:3] == ["buildx", "imagetools", "inspect"]
    assert f"name={asked[3]}," in snippet("docs/image.md", "platforms")


def test_an_image_is_run_without_anything_that_it_could_write_to(folder: Path) -> None:
    asked, printed = pasted(snippet("docs/image.md", "run"), folder, cwd=folder)
    assert {"--read-only", "--rm", "-i"} <= set(asked)
    assert "Supported" in printed
