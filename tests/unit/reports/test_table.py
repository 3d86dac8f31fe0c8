"""A verdict for a terminal."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.installation import Location
from perfana_support.model.verdict import Verdict
from perfana_support.reports.table import columns, printable, table
from tests.unit.builders import TODAY, installation, judge, policy, waiver, without_dependencies
from tests.unit.reports.reporting import OF_CHART

NEWEST = "perfana/perfana-web:0.2.96.22"
OLD = "perfana/perfana-fe:perfana-3.1.0"


def _table(*verdicts: Verdict) -> str:
    return table(verdicts, policy())


def _lines(verdict: Verdict) -> list[str]:
    return _table(verdict).splitlines()


def test_columns_line_up_with_three_spaces_and_nothing_behind() -> None:
    assert list(columns([("A", "BB", "C"), ("aaa", "b", "")])) == ["A     BB   C", "aaa   b"]


def test_one_long_text_makes_no_other_row_long() -> None:
    rows = [("x" * 1_000_000, "y" * 1_000_000, "z"), *[("a", "b", "c")] * 300]
    lines = list(columns(rows))
    assert max(map(len, lines)) < 1100
    assert max(map(len, lines[1:])) < 350
    assert len(set(lines[1:])) == 1
    assert lines[0].startswith("x" * 500)
    assert lines[0].count("…") == 2


@given(st.lists(st.tuples(st.text(max_size=700), st.text(max_size=700)), min_size=1, max_size=9))
def test_rows_are_bounded_and_begin_with_their_cells(rows: list[tuple[str, str]]) -> None:
    for row, line in zip(rows, columns(rows), strict=True):
        assert len(line) <= 2 * 512 + 3
        assert line.startswith(printable(row[0])[:500].rstrip())


def test_image_reference_of_any_length_that_registries_take_is_whole() -> None:
    image = f"{'r' * 60}.example.com:5000/{'n' * 180}:{'t' * 128}@sha256:{'0' * 64}"
    assert image in next(columns([("Unsupported", "EndOfLife", f"Deployment/{'d' * 253}", image)]))


def test_verdict_stands_first() -> None:
    assert _lines(judge(OLD))[:2] == [
        "NAMESPACE   VERSION   SUPPORTED   REASON      UNTIL",
        "perfana     3.1.0     False       EndOfLife   2026-07-12",
    ]


def test_what_is_not_known_is_none() -> None:
    assert _lines(judge()._replace(namespace=""))[1].split() == ["<none>", "<none>", "Unknown", "NoComponents", "<none>"]


def test_every_condition_has_a_row() -> None:
    verdict = judge(NEWEST)
    rows = [line.split() for line in _lines(verdict)]
    for condition in verdict.conditions:
        assert [str(condition.type), str(condition.status), condition.reason] in rows


def test_finding_has_a_row_and_is_told_in_full() -> None:
    verdict = judge(OLD)
    output = _table(verdict)
    finding = verdict.findings[0]
    assert f"Unsupported   EndOfLife   Deployment/w0   {OLD}\n" in output
    assert f"EndOfLife: {finding.code.clause}\n  {finding.message}\n    -> {finding.remediation}\n" in output


def test_place_of_a_finding_stands_before_it() -> None:
    verdict = judge(OLD)
    placed = verdict._replace(findings=(verdict.findings[0]._replace(location=Location("f.yaml", 12)),))
    assert f"  f.yaml:12: {verdict.findings[0].message}\n" in _table(placed)
    rendered = verdict._replace(findings=(verdict.findings[0]._replace(location=OF_CHART),))
    assert f"  chart/templates/web.yaml (rendered line 40): {verdict.findings[0].message}\n" in _table(rendered)


def test_information_is_counted() -> None:
    output = _table(judge("perfana/perfana-web:0.2", "perfana/perfana-api:0.1.0", "perfana/perfana-worker:0.1.0"))
    assert "For information: FloatingTag (1), UpgradeAvailable (2); -o json has the details.\n" in output
    assert "-> set image" not in output


def test_nothing_to_tell_leaves_out_the_table_of_findings() -> None:
    output = _table(judge(NEWEST))
    assert "EFFECT" not in output
    assert "For information" not in output


def test_waived_finding_is_shown_without_advice() -> None:
    verdict = judge(OLD, waivers=(waiver("EndOfLife", date(2027, 3, 31)),))
    output = _table(verdict)
    assert "waived until 2027-03-31   EndOfLife" in output
    assert "EndOfLife: End of Life Policy" not in output


def test_subject_without_name_is_its_kind() -> None:
    assert "AtRisk   MixedReleases   Installation   <none>" in _table(judge(NEWEST, "perfana/perfana-api:0.2.96.21"))


def test_next_transition_is_told() -> None:
    assert "Next change by time alone: 2027-05-24, VersionSupported is True (PolicyStale).\n" in _table(judge(NEWEST))
    assert "Next change" not in _table(judge(OLD))


def test_target_is_told() -> None:
    check = Check(target=Target("0.2"))
    output = _table(evaluate(installation(OLD), without_dependencies(policy()), TODAY, check))
    assert "\nTarget: 0.2 means 0.2.96.22; the upgrade retires perfana/perfana-fe and brings " in output
    assert "\nTarget: " not in _table(judge(OLD))


def test_day_and_policy_stand_last() -> None:
    assert _lines(judge(NEWEST))[-1] == "As of 2026-11-24 (UTC), policy default of 2026-11-24."


def test_several_verdicts_stand_one_below_the_other() -> None:
    output = _table(judge(NEWEST), judge(OLD)._replace(namespace="legacy"))
    assert output.count("NAMESPACE") == 2
    assert output.count("As of") == 1
    assert output.index("perfana  ") < output.index("legacy  ")
    assert output.endswith("\n")
    assert not output.endswith("\n\n")


def test_control_characters_of_manifests_do_not_reach_the_terminal() -> None:
    output = _table(judge("perfana/perfana-web:\x1b[2J\x07\r\n4.0.0"))
    assert {character for character in output if not character.isprintable()} == {"\n"}
    assert "\n4.0.0" not in output
