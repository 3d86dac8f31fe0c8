"""`perfana-support check`: arguments, what is printed where, and the examples of its help."""

import json
import os
import shlex
from datetime import date
from pathlib import Path

import pytest

from perfana_support import __version__
from perfana_support.cli import check, main
from perfana_support.model.calendar import parse_day
from perfana_support.sources import clock
from tests.unit.cli.bundles import evidence, write_bundle
from tests.unit.cli.program import CHARTS, Program, start
from tests.unit.sources.manifests import deployment, text, write

AT = ("--as-of", "2026-11-24")
CHART = str(CHARTS / "perfana-4.0.3.yaml")
POLICY = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: ours}\nspec: {maxPolicyAgeDays: 30}\n"


def _namespaced(**images: str) -> str:
    return "---\n".join(json.dumps(deployment(image=image, namespace=name)) + "\n" for name, image in images.items())


def test_table_is_the_default(program: Program) -> None:
    outcome = program("check", "-f", CHART, *AT)
    assert outcome.out == program("check", "-f", CHART, *AT, "-o", "table").out
    assert outcome.out.startswith("NAMESPACE ")


def test_json_is_one_document_and_nothing_else(program: Program) -> None:
    outcome = program("check", "-f", CHART, *AT, "-o", "json")
    report = json.loads(outcome.out)
    assert (report["kind"], report["asOf"], report["source"]) == (
        "SupportReport",
        "2026-11-24",
        {"kind": "Manifests", "files": [CHART], "documents": 8, "namespace": ""},
    )
    assert outcome.err == ""


def test_kubernetes_version_is_recorded(program: Program) -> None:
    outcome = program("check", "-f", CHART, *AT, "-o", "json", "--kubernetes-version", "v1.35.1-gke.100")
    assert json.loads(outcome.out)["source"]["kubernetesVersion"] == "v1.35.1-gke.100"


def test_standard_input(program: Program) -> None:
    outcome = program("check", "-f", "-", *AT, "-o", "json", stdin=text(image="perfana/perfana-web:latest").encode())
    finding = json.loads(outcome.out)["findings"][0]
    assert finding["code"] == "VersionUndetermined"
    assert finding["location"] == {"file": "-", "line": 1, "column": 147}


def test_several_namespaces_are_a_list_of_reports(tmp_path: Path, program: Program) -> None:
    file = write(tmp_path, _namespaced(a="perfana/perfana-web:4.0.0", b="nginx:1.29", c="perfana/perfana-web:latest"))
    report = json.loads(program("check", "-f", file, *AT, "-o", "json").out)
    assert report["kind"] == "SupportReportList"
    assert [item["source"]["namespace"] for item in report["items"]] == ["a", "c"]


def test_namespaces_of_others_alone_are_one_report(tmp_path: Path, program: Program) -> None:
    file = write(tmp_path, _namespaced(a="nginx:1.29", b="mongo:7.0"))
    report = json.loads(program("check", "-f", file, *AT, "-o", "json").out)
    assert report["conditions"][0]["reason"] == "NoComponents"


def test_policy_of_ones_own(tmp_path: Path, program: Program) -> None:
    policy = write(tmp_path, POLICY, "policy.yaml")
    outcome = program("check", "-f", CHART, "--as-of", "2027-01-01", "--policy", policy, "-o", "json")
    report = json.loads(outcome.out)
    assert report["policy"] == {"name": "ours", "publishedOn": "2026-11-24"}
    assert "PolicyStale" in [finding["code"] for finding in report["findings"]]


def test_problems_of_a_policy_are_errors_line_by_line(tmp_path: Path, program: Program) -> None:
    policy = write(tmp_path, POLICY.replace("30", "0, publishedOn: soon"), "policy.yaml")
    assert program("check", "-f", CHART, "--policy", policy).err.splitlines() == [
        f"error: {policy}: spec.publishedOn: must be a date as YYYY-MM-DD, is 'soon'",
        f"error: {policy}: spec.maxPolicyAgeDays: must be a whole number from 1 to 36500, is 0",
    ]


def test_faults_of_manifests_are_errors_line_by_line(tmp_path: Path, program: Program) -> None:
    file, absent = write(tmp_path, "- a\n---\nkind: ''\n"), str(tmp_path / "absent.yaml")
    assert [line.partition(": is")[0] for line in program("check", "-f", file, "-f", absent).err.splitlines()] == [
        f"error: {file}, document 1, line 1",
        f"error: {file}, document 2, line 3",
        f"error: {absent}: No such file or directory",
    ]


def test_day_of_another_form_is_told(program: Program) -> None:
    outcome = program("check", "-f", CHART, "--as-of", "24-11-2026")
    assert "argument --as-of: must be a day as YYYY-MM-DD, is '24-11-2026'" in outcome.err


def test_today_is_the_default(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "today", lambda: date(2031, 1, 2))
    assert json.loads(program("check", "-f", CHART, "-o", "json").out)["asOf"] == "2031-01-02"


def test_clock_is_utc() -> None:
    assert str(clock.now().tzinfo) == "UTC"
    assert abs((clock.now().date() - clock.today()).days) <= 1


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_any_day_can_be_asked_about(day: str, program: Program) -> None:
    assert json.loads(program("check", "-f", CHART, "--as-of", day, "-o", "json").out)["asOf"] == day


def test_same_input_gives_the_same_output(program: Program) -> None:
    arguments = ("check", "-f", str(CHARTS), *AT, "-o", "json")
    assert program(*arguments) == program(*arguments) == start(*arguments)


def test_version(program: Program) -> None:
    assert program("--version").out == f"perfana-support {__version__}\n"


@pytest.mark.parametrize("command", main.COMMANDS)
def test_help_of_a_command_has_examples(command: str, program: Program) -> None:
    outcome = program(command, "--help")
    assert outcome.out.startswith(f"usage: perfana-support {command} [-h]")
    assert "examples:\n" in outcome.out


def test_help_lists_every_command(program: Program) -> None:
    outcome = program("--help")
    words = " ".join(outcome.out.split())
    for command, summary in main.COMMANDS.items():
        assert f" {command} " in f" {words} "
        assert summary in words


def test_no_command_prints_the_help_as_an_error(program: Program) -> None:
    outcome = program()
    assert (outcome.out, outcome.err) == ("", program("--help").out)


def _examples(prompt: str = "perfana-support check") -> list[str]:
    return [line.strip() for line in check.EXAMPLES.splitlines() if prompt in line]


@pytest.mark.parametrize("example", _examples())
def test_example_works_when_pasted(example: str, tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rendered = Path(CHART).read_text()
    for name in ("perfana.yaml", "manifests/perfana.yaml"):
        write(tmp_path, rendered, name)
    write(tmp_path, POLICY, "our-policy.yaml")
    write(tmp_path, "name: perfana\n", "chart/Chart.yaml")  # with the real one: tests/integration/test_rendering.py
    write(tmp_path, "replicas: 2\n", "production.yaml")
    Path(write(tmp_path, "#!/bin/sh\nexec cat perfana.yaml\n", "bin/helm")).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    assert program("check", "-f", "perfana.yaml", "-o", "json=report.json").out == ""
    write_bundle(tmp_path, evidence(), "perfana.tar.gz")
    words = shlex.split(example.rpartition("| ")[2], comments=True)
    assert words[0] == "perfana-support"
    if "--bundle" in words:
        assert program(*words[1:]).code == 5
        return
    if {"-n", "-A"}.intersection(words):  # a cluster: tests/integration/test_live_check.py
        words += ["--kubeconfig", "absent"]
        assert program(*words[1:]).code == 2
        return
    assert program(*words[1:], stdin=rendered.encode()).code == 0


def test_days_of_the_examples_are_days() -> None:
    days = [word for line in _examples() for word in shlex.split(line) if word[:2] == "20"]
    assert days
    assert all(map(parse_day, days))


CHECK = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportCheck\nmetadata: {name: perfana}\n"
OLD = text(image="perfana/perfana-fe:perfana-3.1.0")


def _conditions(out: str) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in json.loads(out)["conditions"]}


def _run(program: Program, tmp_path: Path, *options: str, manifest: str = OLD) -> tuple[int, dict[str, tuple[str, str]]]:
    outcome = program("check", "-f", write(tmp_path, manifest), *AT, "-o", "json", *options)
    assert outcome.err == ""
    return outcome.code, _conditions(outcome.out)


def test_check_file_states_waivers_maintenance_platform_and_target(tmp_path: Path, program: Program) -> None:
    spec = {
        "waivers": [{"code": "EndOfLife", "reason": "r", "agreedBy": "v", "expiresOn": "2027-03-31"}],
        "maintenance": {"plan": "Team", "expiresOn": "2030-01-01"},
        "dependencies": [{"product": "mongodb", "version": "7.0.14"}, {"product": "grafana", "version": "11.4.0"}],
        "platform": {"kubernetesVersion": "v1.36.3"},
        "target": {"release": "0.2.96.22"},
    }
    file = write(tmp_path, f"{CHECK}spec: {json.dumps(spec)}\n", "check.yaml")
    code, conditions = _run(program, tmp_path, "--check", file)
    assert code == 3  # of the target: what runs is supported
    assert conditions["Supported"][0] == "True"
    assert conditions["VersionSupported"] == ("True", "AllRulesMet")
    assert conditions["PlatformSupported"] == ("True", "AllRulesMet")
    assert conditions["MaintenanceActive"] == conditions["TicketEligible"] == ("True", "AllRulesMet")
    assert conditions["UpgradeSupported"] == ("False", "DependencyUnsupported")


def test_options_win_over_the_check_file(tmp_path: Path, program: Program) -> None:
    spec = "{target: {release: 3.1.0}, platform: {kubernetesVersion: v1.20.1, distribution: eks}}"
    file = write(tmp_path, f"{CHECK}spec: {spec}\n", "check.yaml")
    _, conditions = _run(program, tmp_path, "--check", file)
    assert (conditions["PlatformSupported"][0], conditions["UpgradeSupported"][0]) == ("False", "False")
    options = ("--check", file, "--target", "0.2.96.22", "--kubernetes-version", "v1.36.3", "--distribution", "gke")
    _, conditions = _run(program, tmp_path, *options)
    assert (conditions["PlatformSupported"][0], conditions["UpgradeSupported"][0]) == ("True", "True")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("kind: SupportPolicy\n", "must be a SupportCheck object"),
        ("- a\n", "must be a SupportCheck object"),
        ("a: [", "is not one YAML document"),
        (f"{CHECK}spec: {{enforcement: Deny}}\n", "spec.enforcement: must be one of Report, Gate, is 'Deny'"),
        (f"{CHECK}spec: {{maintenance: {{expiresOn: soon}}}}\n", "spec.maintenance.plan: is missing"),
        (f"{CHECK}spec: {{waiver: []}}\n", "spec.waiver: is not a known field, known are dependencies, "),
        (f"{CHECK}sepc: {{}}\n", "sepc: is not a known field, known are apiVersion, kind, metadata, spec, status"),
        (f"{CHECK}metadata: {{name: a}}\n", "field 'metadata' stands twice"),
        (CHECK.replace("v1alpha1", "v1"), "apiVersion: must be support.perfana.io/v1alpha1, is 'support.perfana.io/v1'"),
        (
            f"{CHECK}spec: {{waivers: [{{code: SnapshotBuid, reason: r, agreedBy: v, expiresOn: 2027-03-31}}]}}\n",
            "spec.waivers[0].code: must be the code of a finding (perfana-support explain lists them), is 'SnapshotBuid'",
        ),
    ],
)
def test_faults_of_a_check_file_are_bad_input(content: str, words: str, tmp_path: Path, program: Program) -> None:
    outcome = program("check", "-f", CHART, "--check", write(tmp_path, content, "check.yaml"))
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err


def test_every_fault_of_a_check_file_is_named_at_once(tmp_path: Path, program: Program) -> None:
    file = write(tmp_path, f"{CHECK}x: 1\nspec: {{enforcement: Deny, target: {{}}, platform: {{os: linux}}}}\n", "check.yaml")
    faults = [
        line.partition(": must")[0].partition(": is not")[0]
        for line in program("check", "-f", CHART, "--check", file).err.splitlines()
    ]
    assert faults == [f"error: {file}: {path}" for path in ("x", "spec.enforcement", "spec.platform.os", "spec.target")]


def test_check_that_names_a_policy_is_judged_by_that_policy_alone(tmp_path: Path, program: Program) -> None:
    names = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: %s}\nspec: {}\n"
    file = write(tmp_path, f"{CHECK}spec: {{policyRef: {{name: acme}}}}\n", "check.yaml")
    acme, other = (write(tmp_path, names % name, f"{name}.yaml") for name in ("acme", "other"))
    outcome = program("check", "-f", CHART, *AT, "--check", file)
    words = "names policy acme, it is not looked up from here; give it with --policy FILE"
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"error: {file}: spec.policyRef.name: {words}\n")
    outcome = program("check", "-f", CHART, *AT, "--check", file, "--policy", other)
    assert (outcome.code, outcome.out) == (2, "")
    assert "names policy acme, --policy gives other" in outcome.err
    outcome = program("check", "-f", CHART, *AT, "--check", file, "--policy", acme)
    assert outcome.err == ""
    assert outcome.out == program("check", "-f", CHART, *AT, "--policy", acme).out


@pytest.mark.parametrize(
    "words", [("-f", "-", "-f", "-"), ("-f", "-", "--policy", "-"), ("-f", CHART, "--policy", "-", "--check", "-")]
)
def test_standard_input_is_read_once(words: tuple[str, ...], program: Program) -> None:
    outcome = program("check", *words, stdin=OLD.encode())
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: standard input: can be read once, it is named more often\n"


def test_check_comes_from_standard_input(tmp_path: Path, program: Program) -> None:
    spec = "{waivers: [{code: EndOfLife, reason: r, agreedBy: v, expiresOn: 2027-03-31}]}"
    outcome = program("check", "-f", write(tmp_path, OLD), *AT, "--check", "-", stdin=f"{CHECK}spec: {spec}\n".encode())
    assert (outcome.code, outcome.err) == (0, "")


def test_empty_standard_input_has_a_name(program: Program) -> None:
    assert program("check", "-f", "-").err.startswith("error: standard input: holds no document;")


def test_target_alone_gives_upgrade_supported(tmp_path: Path, program: Program) -> None:
    assert "UpgradeSupported" not in _run(program, tmp_path)[1]
    code, conditions = _run(program, tmp_path, "--target", "0.2.96.22")
    assert (code, conditions["UpgradeSupported"]) == (3, ("True", "DependencyUndeclared"))
    assert _run(program, tmp_path, "--target", "9.9.9")[1]["UpgradeSupported"] == ("Unknown", "TargetUnknown")


@pytest.mark.parametrize(
    ("options", "code", "platform"),
    [
        ((), 0, ("Unknown", "NotObservable")),
        (("--kubernetes-version", "v1.36.3"), 0, ("True", "AllRulesMet")),
        (("--kubernetes-version", "v1.36.3", "--distribution", "eks"), 0, ("True", "AllRulesMet")),
        (("--kubernetes-version", "v1.20.1"), 3, ("False", "KubernetesEndOfLife")),
        (("--kubernetes-version", "v2.0.1"), 5, ("Unknown", "KubernetesUnlisted")),
        (("--distribution", "eks"), 5, ("Unknown", "KubernetesUnlisted")),
        (("--kubernetes-version", "v1.36.3", "--distribution", "acme"), 5, ("Unknown", "KubernetesUnlisted")),
    ],
)
def test_stated_platform_takes_part(
    options: tuple[str, ...], code: int, platform: tuple[str, str], tmp_path: Path, program: Program
) -> None:
    found, conditions = _run(program, tmp_path, *options, manifest=text(image="perfana/perfana-web:0.2.96.22"))
    assert (found, conditions["PlatformSupported"]) == (code, platform)


@pytest.mark.parametrize(("day", "maintenance"), [("2027-06-30", ""), ("2026-11-24", "{maintenance: {plan: Free}}")])
def test_namespaces_of_others_do_not_decide(day: str, maintenance: str, tmp_path: Path, program: Program) -> None:
    """What is said of the policy or of the contract alone is said of no installation."""
    file = write(tmp_path, _namespaced(a="perfana/perfana-web:0.2.96.22", b="nginx:1.29"))
    check_file = write(tmp_path, f"{CHECK}spec: {maintenance or '{}'}\n", "check.yaml")
    assert program("check", "-f", file, "--as-of", day, "--check", check_file).code == 0


def test_documents_without_namespace_belong_to_the_installation_beside_them(program: Program, tmp_path: Path) -> None:
    """`kubectl apply --namespace perfana` puts them there: a database among them must not get lost."""
    web = json.dumps(deployment(image="perfana/perfana-web:0.2.96.22", namespace="perfana"))
    database = json.dumps(deployment("db", image="mongo:7.0.14"))
    file = write(tmp_path, f"{web}\n---\n{database}\n")
    report = json.loads(program("check", "-f", file, *AT, "-o", "json").out)
    assert [finding["code"] for finding in report["findings"] if finding["subject"].get("name") == "db"] == [
        "DependencyUnsupported"
    ]
    assert report["source"]["namespace"] == "perfana"


def test_installation_without_namespace_stays_one_of_its_own(program: Program, tmp_path: Path) -> None:
    file = write(tmp_path, _namespaced(monitoring="mongo:7.0.14") + "---\n" + text(image="perfana/perfana-web:0.2.96.22"))
    report = json.loads(program("check", "-f", file, *AT, "-o", "json").out)
    assert (report["kind"], report["source"]["namespace"]) == ("SupportReport", "")
    assert not [finding for finding in report["findings"] if finding["code"] == "DependencyUnsupported"]


def test_unreadable_input_is_exit_code_2_with_debug_as_well(program: Program, tmp_path: Path) -> None:
    outcome = program("check", "-f", str(tmp_path / "nothing.yaml"), "--debug")
    assert (outcome.code, "No such file" in outcome.err) == (2, True)
