"""Compose files: what of the verdict they can show."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.program import Program
from tests.unit.sources.manifests import deployment, write
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


@pytest.mark.parametrize("image", ["redis:7", "perfana/perfana-web:0.2.96.22"])
def test_compose_file_beside_manifests_takes_nothing_away(program: Program, tmp_path: Path, image: str) -> None:
    pod = deployment()
    pod["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "a", "mountPath": "/app/a"}]
    manifest = write(tmp_path, json.dumps(pod), "web.yaml")
    compose = write(tmp_path, json.dumps({"services": {"cache": {"image": image}}}), "docker-compose.yaml")
    outcome = program("check", "-f", manifest, "-f", compose, "--as-of", "2026-11-24", "-o", "json")
    conditions = {each["type"]: each for each in json.loads(outcome.out)["conditions"]}
    assert (conditions["ConfigurationUnmodified"]["status"], outcome.code) == ("False", 3)


def test_service_that_is_built_under_the_vendors_name_is_undetermined(program: Program, tmp_path: Path) -> None:
    compose = write(tmp_path, "services: {web: {image: 'perfana/perfana-web:0.2.96.22', build: .}}", "compose.yaml")
    assert program("check", "-f", compose, "--as-of", "2026-11-24").code == 5
