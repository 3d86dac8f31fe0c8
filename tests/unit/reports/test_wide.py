"""The wide table: everything that was found, with clause and place."""

from hypothesis import given

from perfana_support.model.code import Code
from perfana_support.model.installation import Location
from perfana_support.reports.report import Report
from perfana_support.reports.result import subject_text
from perfana_support.reports.table import printable, table
from tests.unit.builders import judge, policy
from tests.unit.reports.hostile import REPORTS
from tests.unit.reports.reporting import IGNORED, NEWEST, OF_CHART, OLD, WAIVED, finding, rendered, report, with_findings


def test_wide_begins_and_ends_as_the_table_does() -> None:
    verdict = judge(OLD)
    wide, narrow = rendered("wide", [report(verdict)]).splitlines(), table([verdict], policy()).splitlines()
    head = narrow.index(next(line for line in narrow if line.startswith("EFFECT")))
    assert wide[:head] == narrow[:head]
    assert wide[-1] == narrow[-1] == "As of 2026-11-24 (UTC), policy default of 2026-11-24."


def test_every_finding_has_a_row_with_place_and_clause() -> None:
    info = finding(Code.FLOATING_TAG, Location("-", 40, 2, "perfana/templates/web.yaml"))
    chart = finding(Code.SNAPSHOT_BUILD, OF_CHART)
    lines = rendered("wide", [with_findings(finding(), info, chart, finding(Code.POLICY_STALE, None))]).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("EFFECT"))
    assert lines[start].split() == ["EFFECT", "CODE", "SUBJECT", "CONTAINER", "IMAGE", "LOCATION", "CLAUSE"]
    rows = [[cell for cell in line.split("   ") if cell] for line in lines[start + 1 : start + 5]]
    rows = [[cell.strip() for cell in row] for row in rows]
    fixed = ["Deployment/web", "web", "perfana/perfana-web:1"]
    assert rows == [
        ["Unsupported", "EndOfLife", *fixed, "deploy/perfana.yaml:12:9", str(Code.END_OF_LIFE.clause)],
        [
            *("Info", "FloatingTag", *fixed),
            *("standard input:40:2 (template perfana/templates/web.yaml)", str(Code.FLOATING_TAG.clause)),
        ],
        [
            *("Unsupported", "SnapshotBuild", *fixed),
            *("chart/templates/web.yaml (rendered line 40, template perfana/templates/web.yaml)",),
            str(Code.SNAPSHOT_BUILD.clause),
        ],
        ["AtRisk", "PolicyStale", *fixed, "<none>", str(Code.POLICY_STALE.clause)],
    ]


def test_finding_is_told_in_full() -> None:
    assert "EndOfLife, Deployment/web: seen\n  -> do this\n" in rendered("wide", [with_findings(finding())])


def test_what_is_set_aside_says_so_and_asks_for_nothing() -> None:
    text = rendered("wide", [with_findings(WAIVED, IGNORED)])
    assert "Unsupported, waived until 2027-03-31   EndOfLife" in text
    assert "Unsupported, ignored by --ignore       EndOfLife" in text
    assert "-> do this" not in text


def test_nothing_found_leaves_out_the_table() -> None:
    assert "EFFECT" not in rendered("wide", [report(judge(NEWEST))])


@given(reports=REPORTS)
def test_hostile_texts_can_do_nothing_to_a_terminal(reports: list[Report]) -> None:
    text = rendered("wide", reports)
    assert all(line.isprintable() for line in text.split("\n"))
    for one in (found for each in reports for found in each.verdict.findings):
        assert f"\n{printable(f'{one.code}, {subject_text(one.subject)}: {one.message}')}\n" in text
