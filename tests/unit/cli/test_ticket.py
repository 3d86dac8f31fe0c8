"""`perfana-support ticket`: what it answers, by which exit code, and what it refuses."""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from perfana_support.cli import ticket
from tests.snippets import snippet
from tests.unit.cli.bundles import evidence, write_bundle
from tests.unit.cli.program import CHARTS, Outcome, Program
from tests.unit.sources.bundle.test_evidence import CHECK_DOCUMENT
from tests.unit.sources.manifests import deployment, text, write

CHART = str(CHARTS / "perfana-4.0.3.yaml")
OLD = str(CHARTS / "perfana-3.1.2.yaml")
HEAD = "apiVersion: support.perfana.io/v1alpha1\nmetadata: {name: perfana}\n"
CHECK = f"{HEAD}kind: SupportCheck\nspec: {{maintenance: {{plan: Team, expiresOn: '2099-12-31'}}}}\n"
AT = ("--at", "2026-11-27T16:59+01:00", "--time-zone", "+01:00")
TEAM = ("--plan", "Team", "--maintenance-until", "2027-12-31")
GOOD = ("ticket", "-f", CHART, *TEAM, *AT)


def document(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def told(program: Program, *words: str) -> dict[str, Any]:
    return document(program(*words, "-o", "json"))


# --- the answer and its exit code


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (GOOD, 0, "AllRulesMet"),
        ((*GOOD, "--topic", "incident"), 0, "AllRulesMet"),
        ((*GOOD, "--summary", "Dashboards are empty"), 0, "AllRulesMet"),
        ((*GOOD, "--summary", "fails after an upgrade"), 5, "TopicMentioned"),
        ((*GOOD, "--summary", "cursus voor beheerders", "--language", "nl"), 5, "TopicMentioned"),
        ((*GOOD, "--summary", "fails after an upgrade", "--topic", "Bug"), 0, "AllRulesMet"),
        ((*GOOD, "--topic", "training"), 3, "TopicExcluded"),
        ((*GOOD, "--language", "de"), 3, "LanguageNotCovered"),
        (("ticket", "-f", CHART, *AT), 5, "NotDeclared"),
        (("ticket", "-f", CHART, *AT, "--plan", "Team"), 5, "NotDeclared"),
        (("ticket", "-f", CHART, *AT, "--plan", "Free"), 3, "CommunityPlan"),
        (("ticket", "-f", CHART, *AT, "--plan", "team", "--maintenance-until", "2026-11-26"), 3, "MaintenanceExpired"),
        (("ticket", "-f", CHART, *AT, "--plan", "team", "--maintenance-until", "2026-11-27"), 0, "AllRulesMet"),
        (("ticket", "-f", OLD, *AT, *TEAM), 5, "TopicNotStated"),
        (("ticket", "-f", OLD, *AT, *TEAM, "--topic", "upgrade"), 0, "UpgradeAssistanceOnly"),
        (("ticket", "-f", OLD, *AT, *TEAM, "--topic", "incident"), 3, "NotUpgradeAssistance"),
        (("ticket", *AT, *TEAM), 5, "NotJudged"),
        (("ticket", *AT, *TEAM, "--topic", "incident"), 5, "NotJudged"),
        (("ticket", *AT, "--plan", "Free"), 3, "CommunityPlan"),
        (("ticket", *AT), 5, "NotJudged"),
    ],
)
def test_answer(program: Program, words: tuple[str, ...], code: int, reason: str) -> None:
    outcome = program(*words, "--severity", "SEV2", "-o", "json")
    assert (outcome.code, document(outcome)["possible"]["reason"], outcome.err) == (code, reason, "")


def test_nothing_of_perfana_is_unknown(program: Program, tmp_path: Path) -> None:
    other = write(tmp_path, text(image="nginx:1.29"))
    outcome = program("ticket", "-f", other, *TEAM, *AT, "--severity", "SEV2", "-o", "json")
    assert (outcome.code, document(outcome)["possible"]["status"]) == (5, "Unknown")


def test_what_is_not_possible_has_no_target_and_no_phone(program: Program) -> None:
    found = told(program, *GOOD, "--plan", "Enterprise", "--severity", "SEV1", "--topic", "training")
    assert (found["response"], found["mayPhone"]) == (None, False)


@pytest.mark.parametrize(
    ("plan", "severity", "due", "phone"),
    [
        ("Team", "SEV1", "2026-11-30T08:59:00Z", False),
        ("Team", "SEV4", "2026-12-01T15:59:00Z", False),
        ("Enterprise", "SEV1", "2026-11-27T16:59:00Z", True),
        ("Enterprise", "SEV2", "2026-11-27T17:59:00Z", False),
    ],
)
def test_target_and_phone(program: Program, plan: str, severity: str, due: str, *, phone: bool) -> None:
    found = told(program, *GOOD, "--plan", plan, "--severity", severity)
    assert (found["response"]["dueTime"], found["mayPhone"]) == (due, phone)


def test_times_are_told_in_both_zones(program: Program) -> None:
    words = ("ticket", "-f", CHART, *TEAM, "--at", "2026-11-27T10:59", "--time-zone", "America/New_York", "--severity", "SEV1")
    response = told(program, *words)["response"]
    assert response["localDueTime"] == "2026-11-30T03:59:00-05:00"
    assert response["vendorDueTime"] == "2026-11-30T09:59:00+01:00"
    lines = program(*words).out
    assert "Monday 2026-11-30 03:59 (UTC-05:00), your time" in lines
    assert "Monday 2026-11-30 09:59 (UTC+01:00), the vendor's" in lines


# --- severity and impact


def test_severity_follows_from_the_impact(program: Program) -> None:
    found = told(program, *GOOD, "--major-malfunction", "--users-affected", "many")
    assert (found["severity"]["name"], found["severity"]["isStated"], found["fit"]["severity"]) == ("SEV1", False, "SEV1")
    assert "(from the stated impact)" in program(*GOOD, "--serious-degradation").out


def test_stated_severity_that_does_not_fit_is_told(program: Program) -> None:
    outcome = program(*GOOD, "--severity", "SEV1", "--business-impact", "limited")
    assert "SEV4 fits by the policy's definitions, and SEV1 is stated" in outcome.out
    assert '"Issue or question with limited business impact"' in outcome.out
    assert told(program, *GOOD, "--severity", "SEV1", "--business-impact", "limited")["severity"]["name"] == "SEV1"


def test_impact_that_fits_nothing_gives_no_severity(program: Program) -> None:
    outcome = program(*GOOD, "--major-malfunction")
    assert "no definition of the policy fits what is stated" in outcome.out
    assert "for SEV1 this is not stated: many users are affected" in outcome.out
    found = told(program, *GOOD, "--major-malfunction")
    assert (found["severity"], found["response"], found["fit"]["missing"]) == (None, None, ["ManyUsers"])


# --- what is refused


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "--severity: is missing; state one of SEV1, SEV2, SEV3, SEV4, or the impact: --production-down, "),
        (("--severity", "SEV5"), "--severity: must be one of SEV1, SEV2, SEV3, SEV4, is 'SEV5'"),
        (("--topic", "trainin"), "is 'trainin' (is training meant?)"),
        (("--plan", "Gold"), "--plan: must be one of Free, Team, Enterprise, is 'Gold'"),
        (
            ("--severity", "SEV1", "--maintenance-until", "2027-01-01"),
            "--maintenance-until: needs --plan, one of Free, Team, Enterprise",
        ),
        (("--maintenance-until", "soon"), "must be a day as YYYY-MM-DD, is 'soon'"),
        (("--at", "soon"), "--at: must be a time as YYYY-MM-DDTHH:MM, local or with an offset"),
        (("--at", "2026-11-31T10:00"), "--at: must be a time as YYYY-MM-DDTHH:MM"),
        (("--at", "9999-12-31T23:59"), "--at: must be a time as YYYY-MM-DDTHH:MM"),
        (("--time-zone", "Nowhere/Land"), "--time-zone: is no time zone that this machine knows, is 'Nowhere/Land'"),
        (("--at", "2027-03-28T02:30", "--time-zone", "Europe/Amsterdam"), "--at: does not exist there"),
        (("--at", "2026-10-25T02:30", "--time-zone", "Europe/Amsterdam"), "--at: is there twice, with +0200 and +0100"),
        (("--language", "english"), "must be a language's two or three letters, en or nl, is 'english'"),
        (("--summary", "a" * 2001), "must have at most 2000 characters, has 2001"),
        (("-o", "html"), "must be one of text, json, markdown, alone or with =FILE, is 'html'"),
        (("-o", "json="), "must be one of text, json, markdown, alone or with =FILE, is 'json='"),
        (("-f", "nofile.yaml", "--severity", "SEV1"), "nofile.yaml: "),
        (("--policy", "nofile.yaml"), "nofile.yaml: "),
        (("--check", "nofile.yaml", "--severity", "SEV1"), "nofile.yaml: "),
        (("--check", "-", "-f", "-", "--severity", "SEV1"), "standard input: can be read once"),
    ],
)
def test_refused(program: Program, words: tuple[str, ...], problem: str) -> None:
    outcome = program("ticket", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert problem in outcome.err


def test_manifest_that_cannot_be_read_is_no_verdict(program: Program, tmp_path: Path) -> None:
    broken = write(tmp_path, text(image="perfana/perfana-web:0.2.96.22") + "---\na: [\n")
    outcome = program("ticket", "-f", broken, *TEAM, *AT, "--severity", "SEV1")
    assert (outcome.code, outcome.out) == (2, "")


def test_which_of_several_installations_is_meant_is_not_guessed(program: Program, tmp_path: Path) -> None:
    both = write(
        tmp_path,
        "---\n".join(
            json.dumps(deployment(image="perfana/perfana-web:0.2.96.22", namespace=each)) + "\n" for each in ("one", "two")
        ),
    )
    outcome = program("ticket", "-f", both, *TEAM, *AT, "--severity", "SEV1")
    assert (outcome.code, outcome.out) == (2, "")
    assert "hold several installations, of namespaces one, two" in outcome.err
    check = write(tmp_path, CHECK.replace("name: perfana", "name: perfana, namespace: two"), "check.yaml")
    assert told(program, "ticket", "-f", both, "--check", check, *AT, "--severity", "SEV1")["source"]["namespace"] == "two"
    other = write(tmp_path, CHECK.replace("name: perfana", "name: perfana, namespace: three"), "other.yaml")
    outcome = program("ticket", "-f", both, "--check", other, *AT, "--severity", "SEV1")
    assert (outcome.code, outcome.err.partition(": ")[2]) == (2, f"{other}: is for namespace three; found are one, two\n")


def test_plan_of_a_check_that_the_policy_does_not_list_is_refused(program: Program, tmp_path: Path) -> None:
    check = write(tmp_path, CHECK.replace("Team", "Gold"), "check.yaml")
    outcome = program("ticket", "--check", check, "--severity", "SEV1")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{check}: spec.maintenance.plan: must be one of Free, Team, Enterprise, is 'Gold'" in outcome.err


def test_check_that_names_a_policy_needs_it(program: Program, tmp_path: Path) -> None:
    check = write(tmp_path, f"{HEAD}kind: SupportCheck\nspec: {{policyRef: {{name: acme}}}}\n", "check.yaml")
    outcome = program("ticket", "--check", check, "--severity", "SEV1")
    assert (outcome.code, "names policy acme" in outcome.err) == (2, True)


# --- check, policy, outputs


def test_check_states_maintenance_and_options_win(program: Program, tmp_path: Path) -> None:
    check = write(tmp_path, CHECK, "check.yaml")
    words = ("ticket", "-f", CHART, "--check", check, *AT, "--severity", "SEV1")
    assert told(program, *words)["plan"] == {"name": "Team", "supportPortal": True, "maintenanceUntil": "2099-12-31"}
    found = told(program, *words, "--plan", "Enterprise", "--maintenance-until", "2028-01-01")["plan"]
    assert found == {"name": "Enterprise", "supportPortal": True, "maintenanceUntil": "2028-01-01"}


def test_waiver_of_a_check_holds(program: Program, tmp_path: Path) -> None:
    waiver = "{code: DependencyUndeclared, reason: known, agreedBy: us, expiresOn: '2027-01-01'}"
    spec = f"spec: {{maintenance: {{plan: Team, expiresOn: '2027-12-31'}}, waivers: [{waiver}]}}\n"
    check = write(tmp_path, f"{HEAD}kind: SupportCheck\n{spec}", "check.yaml")
    findings = told(program, "ticket", "-f", CHART, "--check", check, *AT, "--severity", "SEV1")["installation"]["findings"]
    assert {each.get("waivedUntil") for each in findings if each["code"] == "DependencyUndeclared"} == {"2027-01-01"}


def policy_file(folder: Path, support: str) -> str:
    return write(folder, f"{HEAD}kind: SupportPolicy\nspec: {{support: {support}}}\n", "policy.yaml")


def test_policy_of_ones_own_counts(program: Program, tmp_path: Path) -> None:
    coverage = "{timeZone: Europe/Amsterdam, holidays: ['2026-11-30']}"
    policy = policy_file(tmp_path, f"{{portal: 'https://help.example.com', coverage: {coverage}}}")
    found = told(program, *GOOD, "--policy", policy, "--severity", "SEV1")
    assert found["response"]["vendorDueTime"] == "2026-12-01T09:59:00+01:00"
    assert (found["portal"], found["policy"]["name"]) == ("https://help.example.com", "perfana")


def test_policy_with_an_unknown_zone_is_refused_by_ticket_and_lint(program: Program, tmp_path: Path) -> None:
    policy = policy_file(tmp_path, "{coverage: {timeZone: Nowhere/Land}}")
    outcome = program(*GOOD, "--policy", policy, "--severity", "SEV1")
    problem = "is no time zone that this machine knows, is 'Nowhere/Land'; state an offset such as +01:00, or install tzdata"
    assert (outcome.code, outcome.out) == (2, "")
    assert f"policy perfana: spec.support.coverage.timeZone: {problem}" in outcome.err
    outcome = program("policy", "lint", policy)
    assert (outcome.code, f"{policy}: spec.support.coverage.timeZone: {problem}" in outcome.err) == (2, True)


def test_coverage_that_never_suffices_is_a_problem_of_the_policy(program: Program, tmp_path: Path) -> None:
    hours = "{opensAt: '08:00', closesAt: '08:01', weekdays: [Monday]}"
    policy = policy_file(
        tmp_path, f"{{coverage: {hours}, plans: [{{name: Team, responseTargets: [{{severity: SEV1, amount: 999}}]}}]}}"
    )
    outcome = program(*GOOD, "--policy", policy, "--severity", "SEV1")
    assert (outcome.code, outcome.out) == (2, "")
    assert (
        "policy perfana: spec.support.coverage: has no hours for the target of plan Team and SEV1 within 20 years"
        in outcome.err
    )


def test_plan_without_a_target_says_so(program: Program, tmp_path: Path) -> None:
    policy = policy_file(tmp_path, "{severities: [{name: SEV5, definition: none of these}]}")
    outcome = program(*GOOD, "--policy", policy, "--severity", "SEV5")
    assert (outcome.code, "the policy states none for plan Team and SEV5" in outcome.out) == (0, True)


def test_several_outputs_in_one_run(program: Program, tmp_path: Path) -> None:
    files = {name: tmp_path / f"ticket.{name}" for name in ("json", "markdown")}
    outputs = [word for name, file in files.items() for word in ("-o", f"{name}={file}")]
    outcome = program(*GOOD, "--severity", "SEV2", "-o", "text", *outputs)
    assert outcome.out.startswith("Ticket: ")
    assert json.loads(files["json"].read_text())["kind"] == "SupportTicket"
    assert files["markdown"].read_text().startswith("## Perfana support ticket: &#9989; possible\n")


def test_outputs_overwrite_no_input_and_no_other(program: Program, tmp_path: Path) -> None:
    check = write(tmp_path, CHECK, "check.yaml")
    outcome = program(*GOOD, "--check", check, "--severity", "SEV1", "-o", f"json={check}")
    assert (outcome.code, Path(check).read_text()) == (2, CHECK)
    assert program(*GOOD, "--severity", "SEV1", "-o", "json", "-o", "text").code == 2
    assert program(*GOOD, "--severity", "SEV1", "-o", f"json={tmp_path}/none/x").code == 2


def test_output_of_an_earlier_run_is_gone_where_this_one_fails(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "ticket.json"
    file.write_text("possible")
    assert program("ticket", "--severity", "SEV9", "-o", f"json={file}").code == 2
    assert file.read_text() == ""


# --- hostile texts


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
@pytest.mark.parametrize("summary", ["::error::x", "\x1b[31mred\x07", "a\n::error::x", "##[error]x", "##vso[task.x]y"])
def test_summary_can_do_nothing_to_a_terminal_or_a_jobs_log(program: Program, form: str, summary: str) -> None:
    outcome = program(*GOOD, "--severity", "SEV2", "--summary", summary, "-o", form)
    assert outcome.code == 0
    assert outcome.out.replace("\n", "").isprintable()
    for line in outcome.out.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "##vso[" not in line


def test_summary_is_no_markup(program: Program) -> None:
    summary = "**b** <img src=x> [a](http://x) @team #1 | {braces} {0}"
    outcome = program(*GOOD, "--severity", "SEV2", "--summary", summary, "-o", "markdown")
    [line] = [line for line in outcome.out.splitlines() if line.startswith("| **Summary** |")]
    assert not [each for each in ("**b", "<img", "](", "://", "@t", "#1 ") if each in line.replace("**Summary**", "")]
    assert line.count("|") == 3


def test_words_that_are_repeated_are_harmless_in_errors(program: Program) -> None:
    outcome = program("ticket", "--severity", "::error::\x1b[31m")
    assert (outcome.code, outcome.out, "\x1b" in outcome.err) == (2, "", False)


# --- help


def examples() -> list[str]:
    return [line.strip() for line in ticket.EXAMPLES.splitlines() if "perfana-support ticket" in line]


@pytest.mark.parametrize("example", examples())
def test_example_works_when_pasted(example: str, tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, Path(CHART).read_text(), "perfana.yaml")
    write(tmp_path, CHECK, "check.yaml")
    words = shlex.split(example, comments=True)
    if "-n" in words:  # a cluster: tests/integration/test_bundle.py
        assert program(*words[1:], "--kubeconfig", "absent").code == 2
        return
    check = {**CHECK_DOCUMENT, "spec": {"maintenance": {"plan": "Team", "expiresOn": "2030-01-01"}}}
    write_bundle(tmp_path, evidence("perfana/perfana-web:perfana-4.0.3")._replace(check=check), "perfana.tar.gz")
    outcome = program(*words[1:])
    assert (outcome.code, outcome.err) == (3 if "training" in words else 0, "")


def test_exit_codes_of_the_help_are_those_of_the_program(program: Program) -> None:
    outcome = program("ticket", "--help")
    for line in ("0  possible", "3  not possible", "5  undetermined"):
        assert line in outcome.out


# --- the page about it


def page() -> str:
    text = (CHARTS.parents[2] / "docs" / "command-line.md").read_text()
    return text.partition("## Before a ticket\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("command", snippet("docs/command-line.md", "ticket").splitlines())
def test_command_of_the_page_works_when_pasted(
    command: str, tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, Path(CHART).read_text(), "perfana.yaml")
    write(tmp_path, CHECK, "check.yaml")
    assert program(*shlex.split(command)[1:]).code == 0


def test_policy_of_the_page_is_valid_and_says_what_the_page_says(program: Program, tmp_path: Path) -> None:
    block = snippet("docs/command-line.md", "support")
    policy = write(tmp_path, f"{HEAD}kind: SupportPolicy\n{block}", "policy.yaml")
    assert program("policy", "lint", policy).code == 0
    words = ("ticket", "-f", CHART, *TEAM, "--policy", policy, "--severity", "SEV3", "--at", "2026-12-24T15:00+01:00")
    assert told(program, *words)["response"]["vendorDueTime"] == "2026-12-28T10:00:00+01:00"
    assert told(program, *words, "--summary", "coaching")["possible"]["status"] == "True"
    assert told(program, *words, "--summary", "basisopleiding")["possible"]["reason"] == "TopicMentioned"


def test_page_names_every_option() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    ticket.add_arguments(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}  # noqa: SLF001 - argparse tells no other way
    assert {flag for flag in flags if f"`{flag}" not in page() and f"{flag} " not in page()} == {
        "--output",
        "--filename",
        "--namespace",
    }
