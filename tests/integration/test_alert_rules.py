"""The rules by Prometheus' own tool: they are well formed, and each alert fires when it should and not otherwise."""

from __future__ import annotations

import subprocess

import pytest

from tests.integration.operator_process import ROOT
from tests.watching.programs import Programs, find_programs
from tests.watching.rules import RULES

STORIES = sorted((ROOT / "tests/data/watching").glob("*.yaml"))


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest) -> Programs:
    """Return Prometheus' programs."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        return find_programs()


def _promtool(programs: Programs, *arguments: str) -> str:
    done = subprocess.run([programs.promtool, *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_are_well_formed(programs: Programs) -> None:
    assert "15 rules found" in _promtool(programs, "check", "rules", "--lint=all", "--lint-fatal", str(RULES))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story.stem))
def test_alerts_fire_when_they_should(programs: Programs, story: object) -> None:
    assert "SUCCESS" in _promtool(programs, "test", "rules", str(story))
