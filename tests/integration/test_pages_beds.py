"""The blocks of tests/cluster/README.md, tests/node/README.md and docs/testing.md: what contributors paste in a checkout."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys

import pytest

from tests.cluster import binaries
from tests.node.programs import find_programs
from tests.shell import Shell, user
from tests.snippets import ROOT, snippet

READY_WITHIN_SECONDS = 120.0
TERMINATED = 128 + signal.SIGTERM
USAGE = 2


@pytest.fixture
def reader() -> Shell:
    """Return somebody in our own checkout, into which these commands write nothing."""
    return user()


def without_remarks(block: str) -> list[str]:
    """Return the commands of a block without what is said beside them."""
    return [line.partition("#")[0].strip() for line in block.splitlines()]


@pytest.mark.parametrize("line", without_remarks(snippet("tests/cluster/README.md", "run")))
def test_cluster_does_what_its_page_says(line: str, reader: Shell) -> None:
    """What a version is built from once is built before: nothing here waits for that."""
    version = line.partition("--kubernetes ")[2].split(" ")[0]
    binaries.find(version or None)
    if line.endswith("build"):
        assert "etcd and kubectl are at hand" in reader.must(line)
    elif " exec -- " in line:
        assert "kube-system" in reader.must(line)
    else:
        with reader.meanwhile(line, ends_with=TERMINATED) as running:
            said = running.wait_until_said("# Ctrl-C", READY_WITHIN_SECONDS)
            exports = "\n".join(line for line in said.splitlines() if line.startswith("export "))
            asked = reader.must(f"{exports}\nkubectl version; kubectl get crds")
        assert f"Server Version: v{version}" in asked
        assert ("supportchecks.support.perfana.io" in asked) is ("--crds" in line)


def test_node_is_built_as_its_page_says(reader: Shell) -> None:
    """The other commands there are one with and without an option, and test_node.py runs the one with it."""
    without, with_image, build = without_remarks(snippet("tests/node/README.md", "run"))
    assert with_image == f"{without} --image my-image.tar"
    find_programs(binaries.find().kubernetes)
    assert reader.must(build) == ""


@pytest.mark.parametrize("line", without_remarks(snippet("docs/testing.md", "mutation")))
def test_mutants_are_run_by_what_the_page_says(line: str) -> None:
    """All of it takes half an hour; so make only says what it would run, and that ends at a module more that nobody has."""
    said = subprocess.run([*shlex.split(line), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=True)
    program, *words = shlex.split(said.stdout.splitlines()[-1])
    assert program == ".venv/bin/python"
    done = subprocess.run([sys.executable, *words, "evaluate/nothing"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == USAGE
    assert done.stderr.endswith("error: no modules of the judgement: evaluate/nothing\n")
    assert [word in words for word in ("evaluate/version", "10")] == ["MODULES=" in line, "EVERY=" in line]
