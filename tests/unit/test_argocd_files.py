"""What ships for Argo CD is what its health checks and the program's own statuses make of it.

After a change that is meant: `PERFANA_RENEW_GOLDEN=1 pytest tests/unit/test_argocd_files.py`, then read the difference.
"""

import os

import pytest
import yaml

from tests.gates.argocd_files import API_VERSION, CHECKS, GROUP, KINDS, SHIPPED, cases, files, health_check

RENEW = "PERFANA_RENEW_GOLDEN"
WRITTEN_BY_HAND = {"health.lua", "presync.yaml"}


def test_files_are_those_that_are_made() -> None:
    made = files()
    if os.environ.get(RENEW):
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
    there = {path for path in SHIPPED.rglob("*") if path.is_file() and path.name not in WRITTEN_BY_HAND}
    assert there == set(made)
    different = [str(path.relative_to(SHIPPED)) for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    assert different == []


def test_settings_hold_the_health_checks_as_they_are() -> None:
    data = yaml.safe_load((SHIPPED / "argocd-cm.yaml").read_text(encoding="utf-8"))["data"]
    assert data == {f"resource.customizations.health.{GROUP}_{kind}": health_check(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_layout_is_that_of_the_repository_of_argo_cd(kind: str) -> None:
    folder = CHECKS / kind
    tests = yaml.safe_load((folder / "health_test.yaml").read_text(encoding="utf-8"))["tests"]
    assert sorted(each["inputPath"] for each in tests) == sorted(f"testdata/{path.name}" for path in folder.glob("testdata/*"))
    for each in tests:
        item = yaml.safe_load((folder / each["inputPath"]).read_text(encoding="utf-8"))
        assert (item["apiVersion"], item["kind"]) == (API_VERSION, kind)
        assert sorted(each["healthStatus"]) == ["message", "status"]


def test_every_health_is_among_the_cases() -> None:
    assert {case.status for case in cases("SupportCheck")} == {"Healthy", "Progressing", "Degraded"}
    assert {case.status for case in cases("SupportPolicy")} == {"Healthy", "Progressing", "Degraded"}
