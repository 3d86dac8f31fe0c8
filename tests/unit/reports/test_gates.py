"""What fails a run fails in the reports that pipelines read, and nothing else does there."""

from itertools import product

import pytest
from lxml import etree

from perfana_support.cli.exit_codes import Tally
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance, Target
from perfana_support.model.code import Code
from perfana_support.model.verdict import Verdict
from perfana_support.reports.report import Report, Run
from tests.unit.builders import TODAY, installation, judge, policy, waiver, without_dependencies
from tests.unit.reports.reporting import LATEST, NEWEST, OLD, finding, rendered

CONTRACT = Maintenance("Team", TODAY.replace(year=2025))
ENDING = Maintenance("Team", TODAY.replace(month=12, day=1))


def _with(check: Check, *images: str) -> Verdict:
    return evaluate(installation(*images), without_dependencies(policy()), TODAY, check)


VERDICTS = {
    "supported": judge(NEWEST),
    "not supported": judge(OLD),
    "unknown": judge(LATEST),
    "nothing": judge(),
    "at risk": judge("perfana/perfana-fe:perfana-3.2.0"),
    "unknown and at risk": judge(LATEST, "perfana/perfana-fe:perfana-3.2.0"),
    "maintenance expired": _with(Check(maintenance=CONTRACT), NEWEST),
    "maintenance expiring": _with(Check(maintenance=ENDING), NEWEST),
    "waived": judge(OLD, waivers=(waiver("EndOfLife", TODAY),)),
    "target not supported": _with(Check(target=Target("3.1.0")), NEWEST),
    "target unknown": _with(Check(target=Target("9.9.9")), NEWEST),
    "target at risk": _with(Check(target=Target("3.2.0")), NEWEST),
    "unknown and its own risk": judge(LATEST)._replace(
        findings=(finding(Code.VERSION_UNDETERMINED), finding(Code.KNOWN_DEFECT))
    ),
}
RUNS = [Run(fails_at_risk, passes_unknown) for fails_at_risk, passes_unknown in product((False, True), repeat=2)]


def _code(verdicts: list[Verdict], run: Run) -> int:
    tally = Tally()
    assert list(tally.counting(verdicts)) == verdicts
    return tally.exit_code(fails_at_risk=run.fails_at_risk, passes_unknown=run.passes_unknown)


def _failed_cases(reports: list[Report]) -> list[str]:
    root = etree.fromstring(rendered("junit", reports).encode())
    bad = [case.get("name") or "" for case in root.iter("testcase") if {child.tag for child in case} & {"failure", "error"}]
    assert len(bad) == int(root.get("failures") or 0) + int(root.get("errors") or 0)
    return bad


def _errors(reports: list[Report]) -> list[str]:
    return [line for line in rendered("github", reports).splitlines() if line.startswith("::error")]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", VERDICTS)
def test_pipeline_sees_a_failure_exactly_where_the_run_fails(name: str, run: Run) -> None:
    reports = [Report(VERDICTS[name], policy(), {}, run)]
    fails = _code([VERDICTS[name]], run) != 0
    assert bool(_failed_cases(reports)) is fails
    assert bool(_errors(reports)) is fails


@pytest.mark.parametrize("run", RUNS)
def test_pipeline_sees_a_failure_among_several(run: Run) -> None:
    for first, second in product(VERDICTS.values(), repeat=2):
        reports = [Report(verdict, policy(), {}, run) for verdict in (first, second)]
        fails = _code([first, second], run) != 0
        assert (bool(_failed_cases(reports)), bool(_errors(reports))) == (fails, fails)


def test_verdicts_are_of_every_kind() -> None:
    """Each exit code is there under each of the runs that has it, so that the facts above speak of something."""
    codes = {run: {_code([verdict], run) for verdict in VERDICTS.values()} for run in RUNS}
    assert codes == {
        Run(): {0, 3, 5},
        Run(fails_at_risk=True): {0, 3, 4, 5},
        Run(passes_unknown=True): {0, 3},
        Run(fails_at_risk=True, passes_unknown=True): {0, 3, 4},
    }


def test_what_is_let_pass_is_skipped_and_not_passed() -> None:
    root = etree.fromstring(rendered("junit", [Report(VERDICTS["unknown"], policy(), {}, Run(passes_unknown=True))]).encode())
    ended = {case.get("name"): {child.tag for child in case} for case in root.iter("testcase")}
    assert ended["Supported"] == ended["VersionSupported"] == {"skipped"}


def test_risk_that_fails_says_which_it_is() -> None:
    reports = [Report(VERDICTS["at risk"], policy(), {}, Run(fails_at_risk=True))]
    assert _failed_cases(reports) == ["Supported", "VersionSupported", "TicketEligible"][: len(_failed_cases(reports))]
    (verdict, *others) = _errors(reports)
    assert "Supported is True (ApproachingEndOfLife)" in verdict
    assert "ApproachingEndOfLife" in others[0]


def test_failures_stand_before_what_is_worse_and_let_pass() -> None:
    run = Run(fails_at_risk=True, passes_unknown=True)
    lines = rendered("github", [Report(VERDICTS["unknown and at risk"], policy(), {}, run)]).splitlines()
    names = [line.partition(" ")[0] for line in lines[1:]]
    assert names == sorted(names, key=["::error", "::warning", "::notice"].index)
    assert len(set(names)) > 1


@pytest.mark.parametrize("code", Code)
def test_every_code_belongs_to_a_condition(code: Code) -> None:
    """A finding of none would fail a run that no test case shows."""
    assert code.conditions
