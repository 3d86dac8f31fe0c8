"""`perfana-support check`: outputs, gates, baseline, and options from variables and a file."""

import errno
import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from perfana_support.cli import check
from perfana_support.cli.check import OPTIONS
from perfana_support.cli.options import CONFIG_FILE, Option, fill
from perfana_support.model.installation import Container, Installation, Platform, Workload
from perfana_support.reports.formats import FORMATS
from perfana_support.sources.cluster import snapshot
from perfana_support.sources.cluster.snapshot import Snapshot
from tests.unit.cli.program import CHARTS, Program
from tests.unit.sources.manifests import deployment, text, write

AT = ("--as-of", "2026-11-24")
OLD, NEW = str(CHARTS / "perfana-3.1.2.yaml"), str(CHARTS / "perfana-4.0.3.yaml")
SNAPSHOT = "perfana/perfana-web:0.2.96.22-SNAPSHOT"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PERFANA_SUPPORT_")]:
        monkeypatch.delenv(name)
    return tmp_path


def test_several_formats_in_one_run(program: Program, folder: Path) -> None:
    alone = program("check", "-f", OLD, *AT, "-o", "json").out
    outcome = program("check", "-f", OLD, *AT, "-o", "table", "-o", "json=report.json")
    assert (folder / "report.json").read_text() == alone
    assert outcome.out == program("check", "-f", OLD, *AT).out


def test_ignored_finding_stays_visible_and_does_not_count(program: Program, folder: Path) -> None:
    assert folder
    outcome = program("check", "-f", OLD, *AT, "--ignore", "EndOfLife", "-o", "json")
    report = json.loads(outcome.out)
    ignored = [finding for finding in report["findings"] if finding["code"] == "EndOfLife"]
    assert {finding["ignoredBy"] for finding in ignored} == {"--ignore"}
    assert outcome.code == 0
    version = next(each for each in report["conditions"] if each["type"] == "VersionSupported")
    assert version["message"].endswith("apart from what is set aside: EndOfLife")
    assert report["conditions"][0]["message"].endswith(". Set aside: EndOfLife")
    assert "ignored by --ignore   EndOfLife" in program("check", "-f", OLD, *AT, "--ignore", "EndOfLife").out


def test_baseline_leaves_what_is_new(program: Program, folder: Path) -> None:
    file = write(folder, text("a", image=SNAPSHOT))
    assert program("check", "-f", file, *AT, "-o", "json=before.json").code == 3
    assert program("check", "-f", file, *AT, "--baseline", "before.json").code == 0
    write(folder, text("a", image=SNAPSHOT) + "---\n" + text("b", image=SNAPSHOT))
    outcome = program("check", "-f", file, *AT, "--baseline", "before.json", "-o", "json=after.json")
    assert outcome.code == 3
    found = json.loads((folder / "after.json").read_text())["findings"]
    assert [each["subject"]["name"] for each in found if each["code"] == "SnapshotBuild" and "ignoredBy" not in each] == ["b"]
    assert program("check", "-f", file, *AT, "--baseline", "after.json").code == 0


def test_baseline_does_not_take_over_what_was_ignored_by_hand(program: Program, folder: Path) -> None:
    file = write(folder, text("a", image=SNAPSHOT))
    program("check", "-f", file, *AT, "--ignore", "SnapshotBuild", "-o", "json=before.json")
    assert program("check", "-f", file, *AT, "--baseline", "before.json").code == 3


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[", "is not JSON"),
        ("{}", "is no report"),
        ('{"kind": "SupportReport"}', "is not a report of this program"),
        ('{"kind": "SupportReport", "findings": [{"code": "X", "subject": {"a": 1}}]}', "is not a report of this program"),
    ],
)
def test_baseline_that_is_none_is_refused(program: Program, folder: Path, content: str, problem: str) -> None:
    write(folder, content, "baseline.json")
    outcome = program("check", "-f", NEW, "--baseline", "baseline.json")
    assert (outcome.code, problem in outcome.err) == (2, True)


def test_flags_win_over_variables_and_variables_over_the_file(
    program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "as-of: 2026-07-12\nignore: [UpgradeAvailable, EndOfLife]\n", CONFIG_FILE)
    outcome = program("check", "-f", OLD, "-o", "json")
    assert json.loads(outcome.out)["asOf"] == "2026-07-12"
    assert outcome.err.splitlines()[0] == f"options of {CONFIG_FILE} hold"
    monkeypatch.setenv("PERFANA_SUPPORT_AS_OF", "2026-11-01")
    monkeypatch.setenv("PERFANA_SUPPORT_IGNORE", "UpgradeAvailable")
    outcome = program("check", "-f", OLD, "-o", "json")
    assert (json.loads(outcome.out)["asOf"], outcome.code) == ("2026-11-01", 3)
    assert json.loads(program("check", "-f", OLD, "-o", "json", "--as-of", "2026-11-02").out)["asOf"] == "2026-11-02"


def test_every_option_can_be_set_by_a_variable(program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder
    monkeypatch.setenv("PERFANA_SUPPORT_FILENAME", f"{OLD},{NEW}")
    monkeypatch.setenv("PERFANA_SUPPORT_OUTPUT", "json, table=report.txt")
    outcome = program("check", *AT)
    assert json.loads(outcome.out)["source"]["files"] == [OLD, NEW]
    assert (folder / "report.txt").read_text().startswith("NAMESPACE")
    for option in check.OPTIONS:
        monkeypatch.setenv(option.variable, "")
        assert program("check", "-f", NEW).code in (0, 2)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("fail-at: x", "fail-at: is no option, known are filename, namespace"),
        ("fail-on: x", "fail-on: must be one of not-supported, at-risk, is 'x'"),
        ("target: 0.10", "target: must be a text, in quotes where it looks like a number"),
        ("policy: [a, b]", "policy: must be a text"),
        ("ignore: [Nothing]", "ignore: must be a finding's code, is 'Nothing'"),
        ("[a]", "must be a mapping of options"),
        ("a: [", "is not one YAML document"),
    ],
)
def test_errors_of_the_file_say_what_must_be(program: Program, folder: Path, content: str, problem: str) -> None:
    write(folder, content, CONFIG_FILE)
    outcome = program("check", "-f", NEW, *AT)
    assert outcome.code == 2
    assert f"error: {CONFIG_FILE}" in outcome.err
    assert problem in outcome.err


def test_error_of_a_variable_names_it(program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder
    monkeypatch.setenv("PERFANA_SUPPORT_FAIL_ON", "x")
    outcome = program("check", "-f", NEW, *AT)
    assert (outcome.code, outcome.err) == (
        2,
        "error: PERFANA_SUPPORT_FAIL_ON: must be one of not-supported, at-risk, is 'x'\n",
    )


def test_manifests_must_be_named_somewhere(program: Program, folder: Path) -> None:
    assert folder
    outcome = program("check")
    assert (outcome.code, "needs one of -f FILE" in outcome.err) == (2, True)


def test_full_disk_is_told_and_no_verdict(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "report.json")

    monkeypatch.setattr(check, "write_all", full)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    outcome = program("check", "-f", NEW, *AT)
    assert (outcome.code, outcome.err) == (1, "error: report.json: cannot be written: No space left on device\n")


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_full_disk_ends_a_real_run_without_a_traceback(debug: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "perfana_support", "check", "-f", NEW, *AT, *debug]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 1
    if not debug:
        assert done.stderr == b"error: standard output: cannot be written: No space left on device\n"


@pytest.mark.parametrize("form", FORMATS)
def test_full_disk_names_the_file_that_it_has_no_room_for(form: str) -> None:
    command = [sys.executable, "-m", "perfana_support", "check", "-f", NEW, *AT, "-o", f"{form}=/dev/full"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"error: /dev/full: cannot be written: No space left on device\n"


def test_reader_that_goes_away_is_no_verdict_and_no_traceback(tmp_path: Path) -> None:
    documents = "---\n".join(text(f"w{place}", image=SNAPSHOT) for place in range(2000))
    file = write(tmp_path, documents)
    command = [sys.executable, "-m", "perfana_support", "check", "-f", file, *AT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(60) == 141
    assert errors == b""


def test_one_broken_file_of_a_hundred_fails_the_run_and_the_others_are_reported(program: Program, folder: Path) -> None:
    for place in range(99):
        image = SNAPSHOT if place == 50 else "perfana/perfana-web:0.2.96.22"
        write(folder, text(f"w{place}", image=image), f"f{place}.yaml")
    write(folder, "kind: Deployment\na: [", "g.yaml")
    outcome = program("check", "-f", ".", *AT, "-o", "json")
    report = json.loads(outcome.out)
    assert (outcome.code, outcome.err.count("error: ")) == (2, 1)
    assert "g.yaml, document 1, line 3" in outcome.err
    assert report["components"][0]["workloads"] == 98
    found = {finding["code"]: finding for finding in report["findings"]}
    assert found["SnapshotBuild"]["subject"]["name"] == "w50"
    assert "g.yaml" in found["WorkloadsUnreadable"]["message"]


def test_second_finding_of_a_kind_on_one_container_is_new(program: Program, folder: Path) -> None:
    def manifest(*paths: str) -> str:
        entity = deployment("a", image="perfana/perfana-web:0.2.96.22")
        pod = entity["spec"]["template"]["spec"]
        pod["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": path} for path in paths]
        pod["volumes"] = [{"name": "v", "configMap": {"name": "c"}}]
        return write(folder, json.dumps(entity))

    file = manifest("/app/a.js")
    assert program("check", "-f", file, *AT, "-o", "json=before.json").code == 3
    assert program("check", "-f", file, *AT, "--baseline", "before.json").code == 0
    assert program("check", "-f", manifest("/app/a.js", "/app/b.js"), *AT, "--baseline", "before.json").code == 3


def test_flags_that_say_what_is_judged_win_as_a_whole(program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder
    monkeypatch.setenv("PERFANA_SUPPORT_NAMESPACE", "perfana")
    assert program("check", "-f", NEW, *AT).code == 0
    monkeypatch.setenv("PERFANA_SUPPORT_FILENAME", NEW)
    assert "no two of them" in program("check").err


def test_namespace_that_was_asked_for_and_runs_nothing_is_undetermined(
    program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of the hand in a name must not pass."""
    assert folder
    container = Container("web", "perfana/perfana-web:0.2.96.22")
    there = Installation("perfana", (Workload("Deployment", "perfana", "web", (container,)),), platform=Platform("v1.35.1"))
    nothing = Installation("pefrana", (), platform=Platform("v1.35.1"))
    found = {"perfana": there, "pefrana": nothing}

    def read(_file: str | None, _context: str | None, namespaces: list[str]) -> Snapshot:
        return Snapshot(tuple(found[name] for name in namespaces), "server")

    monkeypatch.setattr(snapshot, "read_cluster", read)
    assert program("check", "-n", "perfana", *AT).code == 0
    outcome = program("check", "-n", "perfana", "-n", "pefrana", *AT)
    assert (outcome.code, "NoComponents" in outcome.out) == (5, True)


def test_values_of_the_file_are_of_its_charts_and_leave_a_cluster_alone(
    program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = Container("web", "perfana/perfana-web:0.2.96.22")
    there = Installation("perfana", (Workload("Deployment", "perfana", "web", (container,)),), platform=Platform("v1.35.1"))
    monkeypatch.setattr(snapshot, "read_cluster", lambda *_: Snapshot((there,), "server"))
    write(folder, "filename: [chart]\nvalues: [ours.yaml]\n", CONFIG_FILE)
    assert program("check", "-n", "perfana", *AT).code == 0
    outcome = program("check", "-n", "perfana", "--values", "ours.yaml", *AT)
    assert (outcome.code, "error: --values: is for charts" in outcome.err) == (2, True)


def test_baseline_does_not_know_what_cannot_be_read(program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder
    container = Container("web", "perfana/perfana-web:0.2.96.22")
    workloads = (Workload("Deployment", "perfana", "web", (container,)),)
    there = Installation("perfana", workloads, ("cronjobs: forbidden",), Platform("v1.35.1"))
    monkeypatch.setattr(snapshot, "read_cluster", lambda *_: Snapshot((there,), "server"))
    assert program("check", "-n", "perfana", *AT, "-o", "json=gap.json").code == 5
    assert program("check", "-n", "perfana", *AT, "--baseline", "gap.json").code == 5


def test_check_of_another_namespace_is_refused(program: Program, folder: Path) -> None:
    check = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportCheck\nmetadata: {name: a, namespace: perfana}\nspec: {}\n"
    write(folder, check, "check.yaml")
    file = write(folder, json.dumps(deployment(image="perfana/perfana-web:0.2.96.22", namespace="perfana-prod")))
    outcome = program("check", "-f", file, *AT, "--check", "check.yaml")
    assert (outcome.code, "is for namespace perfana; found are perfana-prod" in outcome.err) == (2, True)


def test_hostile_text_cannot_reach_the_terminal_by_an_error(program: Program, folder: Path) -> None:
    entity = deployment("a")
    entity["spec"]["template"]["spec"]["containers"][0] |= {"name": "a\n::error::pwn\x1b[2J", "env": "foo"}
    outcome = program("check", "-f", write(folder, json.dumps(entity)), *AT)
    assert outcome.code == 2
    assert "\x1b" not in outcome.err
    assert not [line for line in outcome.err.splitlines() if line.startswith("::")]


@pytest.mark.parametrize(("redirect", "code"), [("2>&-", 0), (">&-", 0), (">&- 2>&-", 0), ("-f - <&-", 2)])
def test_closed_streams_change_no_verdict(redirect: str, code: int) -> None:
    command = f"{sys.executable} -m perfana_support check -f {NEW} --as-of 2026-11-24 {redirect}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.returncode == code
    assert b"error" not in done.stdout


def test_baseline_without_end_is_refused(program: Program, folder: Path) -> None:
    write(folder, "[" * 5000, "deep.json")
    assert program("check", "-f", NEW, "--baseline", "deep.json").code == 2


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
@pytest.mark.parametrize("value", ["", " ", ",", " , "])
def test_variable_that_a_pipeline_leaves_empty_states_nothing(option: Option, value: str) -> None:
    if value.strip() and not option.is_list:
        return
    arguments = Namespace(config=None, **dict.fromkeys(each.dest for each in OPTIONS))
    fill(arguments, OPTIONS, {option.variable: value})
    assert getattr(arguments, option.dest) is None


def test_empty_parts_of_a_variable_state_nothing(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    monkeypatch.setenv("PERFANA_SUPPORT_FAIL_ON", "")
    monkeypatch.setenv("PERFANA_SUPPORT_IGNORE", "UpgradeAvailable,,EndOfLife,")
    assert program("check", "-f", OLD, "--as-of", "2026-11-24").code == 0


def test_empty_variable_leaves_the_file_in_force(tmp_path: Path) -> None:
    file = write(tmp_path, "fail-on: at-risk\n")
    arguments = Namespace(config=file, **dict.fromkeys(each.dest for each in OPTIONS))
    fill(arguments, OPTIONS, {"PERFANA_SUPPORT_FAIL_ON": ""})
    assert arguments.fail_on == "at-risk"
