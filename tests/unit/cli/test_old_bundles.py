"""Bundles of every earlier version can be read and judged, and say what they said."""

import json
from pathlib import Path

import pytest

from perfana_support.sources.bundle.archive import unpack
from tests.snippets import ROOT
from tests.unit.cli.program import Program

FOLDER = ROOT / "tests" / "data" / "bundles"
BUNDLES = sorted(FOLDER.glob("*.tar.gz"))


def test_there_is_one_of_the_first_version() -> None:
    assert [file.name for file in BUNDLES][:1] == ["version-0.1.0.tar.gz"]


@pytest.mark.parametrize("file", BUNDLES, ids=lambda file: file.name)
def test_a_bundle_of_an_older_version_is_judged(file: Path, program: Program) -> None:
    outcome = program("check", "--bundle", str(file), "-o", "json")
    assert outcome.code in (0, 3, 5), outcome.err
    then, now = json.loads(unpack(str(file))["report/report.json"]), json.loads(outcome.out)
    told = {each["type"]: each["status"] for each in now["conditions"]}
    assert {each["type"]: told.get(each["type"]) for each in then["conditions"]} == {
        each["type"]: each["status"] for each in then["conditions"]
    }
    assert program("bundle", "show", str(file)).code == 0
