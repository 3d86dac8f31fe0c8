"""Files that are written and read in one run: nothing is overwritten, however it is spelt, and nothing is written then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfana_support.cli.clash import is_report
from perfana_support.reports.formats import FORMATS
from tests.unit.builders import judge
from tests.unit.cli.program import CHARTS, Program
from tests.unit.reports.reporting import LATEST, NEWEST, rendered, report
from tests.unit.sources.manifests import text, write

AT = ("--as-of", "2026-11-24")
WEB = text(image="perfana/perfana-web:0.2.96.22")
POLICY = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: a}\nspec: {}\n"
CHECK = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportCheck\nmetadata: {name: a}\nspec: {}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with an input under several names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy").mkdir()
    write(tmp_path / "deploy", WEB, "web.yaml")
    (tmp_path / "soft.yaml").symlink_to("deploy/web.yaml")
    os.link(tmp_path / "deploy" / "web.yaml", tmp_path / "hard.txt")
    (tmp_path / "linked").symlink_to("deploy")
    return tmp_path


SPELLINGS = ["deploy/web.yaml", "./deploy/web.yaml", "deploy/../deploy//web.yaml", "soft.yaml", "hard.txt", "linked/web.yaml"]


@pytest.mark.parametrize("source", ["deploy/web.yaml", "deploy", "deploy/*.yaml", "linked"])
@pytest.mark.parametrize("output", SPELLINGS)
def test_output_that_is_an_input_is_refused_before_anything_is_written(
    program: Program, folder: Path, source: str, output: str
) -> None:
    outcome = program("check", "-f", source, *AT, "-o", "json=first.json", "-o", f"table={output}")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: --output: {output} is read in this run" in outcome.err
    assert (folder / "deploy" / "web.yaml").read_text() == WEB
    assert not (folder / "first.json").exists()


@pytest.mark.parametrize(
    ("option", "content"), [("--policy", POLICY), ("--check", CHECK), ("--baseline", "{}"), ("--config", "fail-on: at-risk")]
)
def test_output_that_is_read_by_an_option_is_refused(program: Program, folder: Path, option: str, content: str) -> None:
    write(folder, content, "read.yaml")
    (folder / "same.yaml").symlink_to("read.yaml")
    outcome = program("check", "-f", "deploy", *AT, option, "read.yaml", "-o", "yaml=same.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--output: same.yaml is read in this run as read.yaml, and would be overwritten" in outcome.err
    assert (folder / "read.yaml").read_text() == content


def test_output_that_a_chart_gets_as_values_is_refused(program: Program, folder: Path) -> None:
    (folder / "chart").mkdir()
    write(folder / "chart", "name: a\n", "Chart.yaml")
    write(folder, "a: b\n", "production.yaml")
    outcome = program("check", "-f", "chart", "--values", "production.yaml", *AT, "-o", "yaml=./production.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert "./production.yaml is read in this run as production.yaml" in outcome.err
    assert (folder / "production.yaml").read_text() == "a: b\n"


def test_output_that_standard_input_comes_from_is_refused(folder: Path) -> None:
    command = f"{sys.executable} -m perfana_support check -f - -o yaml=soft.yaml < deploy/web.yaml"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60, cwd=folder, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: --output: soft.yaml is read in this run as standard input, and would be overwritten\n"
    assert (folder / "deploy" / "web.yaml").read_text() == WEB


def test_report_in_the_file_that_standard_output_goes_to_is_refused(folder: Path) -> None:
    command = f"{sys.executable} -m perfana_support check -f deploy -o table -o json=./out > out"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60, cwd=folder, text=True)
    assert (done.returncode, (folder / "out").read_text()) == (2, "")
    assert "--output: names standard output more than once" in done.stderr


@pytest.mark.parametrize("name", ["values.yaml", "templates/_helpers.tpl", "Chart.yaml"])
def test_output_that_is_part_of_a_chart_is_refused(program: Program, folder: Path, name: str) -> None:
    for file in ("Chart.yaml", "values.yaml", "templates/_helpers.tpl"):
        (folder / "chart" / file).parent.mkdir(parents=True, exist_ok=True)
        write(folder / "chart", "a: b\n", file)
    assert program("check", "-f", "chart", *AT, "-o", f"yaml=chart/{name}").code == 2
    assert (folder / "chart" / name).read_text() == "a: b\n"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.json", "./a.json"),
        ("a.json", "deploy/../a.json"),
        ("deploy/a.json", "linked/a.json"),
        ("old.json", "older.json"),
        ("old.json", "oldest.json"),
    ],
)
def test_two_outputs_to_one_file_are_refused(program: Program, folder: Path, first: str, second: str) -> None:
    write(folder, "before", "old.json")
    (folder / "older.json").symlink_to("old.json")
    os.link(folder / "old.json", folder / "oldest.json")
    outcome = program("check", "-f", "deploy/web.yaml", *AT, "-o", f"json={first}", "-o", f"junit={second}")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"--output: names {first} more than once" in outcome.err
    assert (folder / "old.json").read_text() == "before"
    assert not (folder / "a.json").exists()


def test_different_files_are_no_clash(program: Program, folder: Path) -> None:
    assert program("check", "-f", "deploy", *AT, "-o", "json=a.json", "-o", "junit=b.xml", "-o", "wide").code == 0
    assert {"a.json", "b.xml"} <= set(os.listdir(folder))


@pytest.mark.parametrize("form", ["json", "yaml", "sarif", "gitlab"])
@pytest.mark.parametrize("image", ["perfana/perfana-web:0.2.96.22", "perfana/perfana-web:latest"])
def test_report_among_the_manifests_is_no_manifest_and_is_written_anew(
    program: Program, folder: Path, form: str, image: str
) -> None:
    write(folder / "deploy", text(image=image), "web.yaml")
    arguments = ("check", "-f", "deploy", *AT, "-o", f"{form}=deploy/report.json", "-o", "table")
    first = program(*arguments)
    written = (folder / "deploy" / "report.json").read_text()
    second = program(*arguments)
    assert (first.code, second.err) == (second.code, "")
    assert (folder / "deploy" / "report.json").read_text() == written


def test_folder_with_nothing_but_an_earlier_report_holds_nothing(program: Program, folder: Path) -> None:
    (folder / "deploy" / "web.yaml").unlink()
    write(folder / "deploy", "", "report.json")
    outcome = program("check", "-f", "deploy", *AT, "-o", "json=deploy/report.json")
    assert outcome.code == 2
    assert "deploy: holds no document" in outcome.err


@pytest.mark.parametrize("form", ["json", "yaml", "sarif", "gitlab"])
@pytest.mark.parametrize("images", [[], [NEWEST], [LATEST, NEWEST]])
@pytest.mark.parametrize("times", [1, 2])
def test_reports_are_known_by_their_beginning(tmp_path: Path, form: str, images: list[str], times: int) -> None:
    assert form in FORMATS
    assert is_report(write(tmp_path, rendered(form, [report(judge(*images))] * times)))


@pytest.mark.parametrize("chart", sorted(CHARTS.glob("*.yaml")), ids=lambda chart: str(chart.stem))
def test_manifests_are_no_reports(chart: Path) -> None:
    assert not is_report(str(chart))
    assert not is_report(str(chart.parent / "absent"))
