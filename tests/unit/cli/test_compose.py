"""Compose files: what of the verdict they can show."""

import json
from pathlib import Path

from tests.unit.cli.program import Program
from tests.unit.sources.manifests import write
from tests.unit.sources.test_compose import COMPOSE


def test_what_is_not_seen_is_said(program: Program, tmp_path: Path) -> None:
    file = write(tmp_path, COMPOSE.replace("  own: {build: .}\n", ""), "docker-compose.yml")
    outcome = program("check", "-f", file, "--as-of", "2026-11-24", "-o", "json")
    conditions = {each["type"]: each for each in json.loads(outcome.out)["conditions"]}
    assert conditions["ConfigurationUnmodified"]["reason"] == "NotObservable"
    assert "left out: ConfigurationUnmodified, PlatformSupported" in conditions["Supported"]["message"]
    assert outcome.code == 0


def test_service_that_is_built_in_place_is_undetermined(program: Program, tmp_path: Path) -> None:
    assert program("check", "-f", write(tmp_path, COMPOSE, "compose.yml"), "--as-of", "2026-11-24").code == 5
