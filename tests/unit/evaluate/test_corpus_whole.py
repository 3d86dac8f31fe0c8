"""Whole installations and saved clusters with all that must come of them (tests/data/corpus/README.md)."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from perfana_support.sources.yaml_document import load_document
from tests.corpus.__main__ import run
from tests.corpus.cases import CLUSTERS, EXPECTED, FIELDS, INSTALLATIONS, LABELS, Case, cases_in, load, pairs, source_of
from tests.corpus.judging import labels_of

FOLDERS = {"installations": (INSTALLATIONS, 30), "clusters": (CLUSTERS, 12)}
DOCUMENT_FIELDS = {"manifests", "cases"}


def name_of(case: Case) -> str:
    return f"{case.pair}-{case.name}".replace(" ", "-")


def check(case: Case) -> None:
    expect = {**case.expect, "findings": sorted(case.expect["findings"])}
    assert labels_of(case) == expect


@pytest.mark.parametrize("case", cases_in(INSTALLATIONS), ids=name_of)
def test_installation(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", cases_in(CLUSTERS), ids=name_of)
def test_cluster(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_is_large_and_every_file_has_its_other_half(folder: str) -> None:
    path, least = FOLDERS[folder]
    names = pairs(path)
    assert len(names) >= least
    sources = {source_of(path, name, load(path / f"{name}{EXPECTED}")) for name in names}
    assert {source for source in sources if not source.is_file()} == set()
    assert {file for file in path.iterdir() if not file.name.endswith(EXPECTED)} == {
        source for source in sources if source.parent == path
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_expected_files_have_known_fields_and_unique_names(folder: str) -> None:
    path, _ = FOLDERS[folder]
    for name in pairs(path):
        document = load(path / f"{name}{EXPECTED}")
        assert set(document) <= DOCUMENT_FIELDS, name
        assert all({"name", *LABELS} <= set(entry) <= FIELDS for entry in document["cases"]), name
        titles = [entry["name"] for entry in document["cases"]]
        assert sorted(set(titles)) == sorted(titles), name


def test_every_chart_of_the_vendor_is_judged_on_several_days() -> None:
    charts = set(Path(INSTALLATIONS.parents[1], "charts").glob("*.yaml"))
    days = {chart: {case.as_of for case in cases_in(INSTALLATIONS) if case.source == chart} for chart in charts}
    assert {chart.name: len(found) for chart, found in days.items() if len(found) <= 1} == {}


@pytest.mark.parametrize("pair", ["installations/current", "installations/two-namespaces", "clusters/missing-permission-nodes"])
def test_what_the_command_prints_has_the_form_of_an_expected_file(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([pair]) == 0
    printed: Any = load_document(BytesIO(capsys.readouterr().out.encode()))
    written = load(INSTALLATIONS.parent / f"{pair}{EXPECTED}")
    for one, other in zip(printed["cases"], written["cases"], strict=True):
        assert {label: one[label] for label in ("name", "conditions", "next")} == {
            label: other[label] for label in ("name", "conditions", "next")
        }
        assert sorted(one["findings"]) == sorted(other["findings"])


def test_the_command_prints_a_skeleton_for_a_new_pair(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tests.corpus.__main__.CORPUS", tmp_path)
    folder = tmp_path / "installations"
    folder.mkdir()
    (folder / "new.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: perfana}\n")
    assert run(["installations/new"]) == 0
    assert run([]) == 2
