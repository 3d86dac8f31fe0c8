"""Tickets as text, Markdown and JSON, to the letter (tests/data/tickets/README.md), and the shape of the JSON."""

import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest

from perfana_support.evaluate.request import Ground, Request, TicketReason, answer
from perfana_support.model.code import Code, ConditionType, Status
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Subject
from perfana_support.model.ticket_policy import ticket_rules
from perfana_support.model.verdict import Condition
from perfana_support.reports import ticket_document, ticket_formats
from perfana_support.reports.markdown import MAX_LENGTH
from perfana_support.reports.phrases import speaker
from perfana_support.reports.ticket import Ticket, ground_text
from tests.unit.builders import TODAY, judge, policy
from tests.unit.cli.program import ROOT, Program
from tests.unit.reports.shape import fits

FOLDER = ROOT / "tests" / "data" / "tickets"
RENEW = "PERFANA_RENEW_GOLDEN"
NEW, OLD = "tests/data/charts/perfana-4.0.3.yaml", "tests/data/charts/perfana-3.1.2.yaml"
ZONE = ("--time-zone", "Europe/Amsterdam")
TEAM = ("--plan", "Team", "--maintenance-until", "2027-12-31")
CASES = {
    "possible": ("-f", NEW, *TEAM, "--severity", "SEV2", "--at", "2026-11-27T16:59", *ZONE),
    "phone": (
        *("-f", NEW, "--plan", "Enterprise", "--maintenance-until", "2027-12-31", "--production-down"),
        *("--summary", "Nothing answers since the upgrade", "--topic", "incident", "--at", "2027-06-25T18:30", *ZONE),
    ),
    "mentioned": (
        "-f",
        NEW,
        *TEAM,
        "--severity",
        "SEV1",
        "--summary",
        "training",
        "--major-malfunction",
        "--at",
        "2026-12-31T10:00",
        *ZONE,
    ),
    "upgrade": ("-f", OLD, *TEAM, "--severity", "SEV4", "--topic", "upgrade", "--at", "2026-11-28T12:00", *ZONE),
    "impossible": ("-f", OLD, "--plan", "Free", "--severity", "SEV3", "--topic", "tuning", "--at", "2026-11-28T12:00", *ZONE),
    "unjudged": ("--severity", "SEV3", "--at", "2026-11-28T12:00", *ZONE),
}
FORMATS = {"text": "txt", "markdown": "md", "json": "json"}

# Every field of a ticket with the type of its value; None beside a type: the field may be null.
GROUND = {"status": str, "reason": str, "message": str, "sentence": str}
SHAPE: dict[str, Any] = {
    "apiVersion": str,
    "kind": str,
    "asOf": str,
    "policy": {"name": str, "publishedOn": str},
    "source": (
        {"kind": str, "files": [str], "documents": int, "namespace": str},
        {"kind": str, "namespace": str},
    ),
    "request": {"time": str, "localTime": str, "language": str, "topic": (str, None), "summary": str, "impacts": [str]},
    "possible": {"status": str, "reason": str, "message": str},
    "grounds": [(GROUND, {**GROUND, "about": str}, {**GROUND, "about": str, "words": str})],
    "settledMentions": [{"topic": str, "words": str, "sentence": str}],
    "plan": ({"name": str, "supportPortal": bool, "maintenanceUntil": (str, None)}, None),
    "severity": ({"name": str, "title": str, "definition": str, "isStated": bool}, None),
    "fit": ({"severity": (str, None), "definition": (str, None), "nearest": (str, None), "missing": [str]}, None),
    "response": (
        {"amount": int, "unit": str, "startTime": str, "dueTime": str, "localDueTime": str, "vendorDueTime": str},
        None,
    ),
    "mayPhone": bool,
    "portal": str,
    "excluded": [{"topic": str, "sentence": str}],
    "installation": (
        {
            "namespace": str,
            "release": (str, None),
            "supportEndsOn": (str, None),
            "conditions": [{"type": str, "status": str, "reason": str, "message": str}],
            "findings": [dict],
            "components": [dict],
        },
        None,
    ),
    "bundle": (str, None),
    "factsOf": (str, None),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("case", CASES)
def test_ticket_to_the_letter(
    case: str, language: str, form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    outcome = Program(capsys, monkeypatch)("ticket", *CASES[case], "--language", language, "-o", form)
    assert outcome.err == ""
    file = FOLDER / f"{case}.{language}.{FORMATS[form]}"
    if RENEW in os.environ:
        file.write_text(outcome.out, encoding="utf-8")
    assert outcome.out == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("case", CASES)
def test_json_has_its_shape(case: str, language: str) -> None:
    document = json.loads((FOLDER / f"{case}.{language}.json").read_text())
    for field, shape in SHAPE.items():
        assert fits(document[field], shape), field
    assert list(document) == list(SHAPE)
    assert (document["apiVersion"], document["kind"]) == ("support.perfana.io/v1alpha1", "SupportTicket")


@pytest.mark.parametrize("case", CASES)
def test_languages_say_the_same(case: str) -> None:
    one, other = (json.loads((FOLDER / f"{case}.{language}.json").read_text()) for language in ("en", "nl"))
    for document in (one, other):
        document["request"]["language"] = document["possible"]["message"] = ""
        for ground in document["grounds"]:
            ground["message"] = ""
    assert one == other


def test_folder_has_nothing_else() -> None:
    expected = {f"{case}.{language}.{end}" for case in CASES for language in ("en", "nl") for end in FORMATS.values()}
    assert {file.name for file in FOLDER.iterdir()} == expected | {"README.md"}


def ticket(findings: int = 0, message: str = "m", **fields: Any) -> Ticket:  # noqa: ANN401 - of a ticket
    rules = ticket_rules(policy().fields.support)
    request = Request(datetime(2026, 11, 26, 12, tzinfo=UTC), "en")
    eligible = Condition(ConditionType.TICKET_ELIGIBLE, Status.TRUE, "AllRulesMet", "")
    found = tuple(
        Finding(Code.KNOWN_DEFECT, Subject("Deployment", "perfana", f"w{place}"), message, "mend it")
        for place in range(findings)
    )
    verdict = judge("perfana/perfana-web:0.2.96.22")._replace(findings=found)
    return Ticket(request, answer(request, eligible, rules), rules, policy(), TODAY, verdict=verdict)._replace(**fields)


@pytest.mark.parametrize(("findings", "length"), [(10, 10), (2000, 100), (300, 5000)])
def test_markdown_fits_wherever_it_is_pasted(findings: int, length: int) -> None:
    text = ticket_formats.markdown(ticket(findings, "m" * length))
    assert len(text) <= MAX_LENGTH
    assert text.isascii()
    assert ("more; the JSON has all" in text) is (findings > 10)
    assert text.count("KnownDefect") >= 1


def test_texts_of_findings_are_no_markup_and_no_command() -> None:
    hostile = ticket(1, "::error::\x1b[31m **b** <a> @team [x](http://y)\n## x")
    text, document = ticket_formats.text(hostile), ticket_document.text(hostile)
    assert text.replace("\n", "").isprintable()
    markdown = ticket_formats.markdown(hostile)
    assert not [each for each in ("**b", "<a>", "@t", "](", "://", "\n## x") if each in markdown]
    assert json.loads(document)["installation"]["findings"][0]["message"].startswith("::error::")


def test_no_topic_is_asked_for_that_a_policy_has_not() -> None:
    ground = Ground(Status.UNKNOWN, TicketReason.TOPIC_NOT_STATED)
    assert ground_text(ground, speaker("en")) == "end of life leaves tickets about the upgrade alone"
    told = ground_text(ground._replace(instead="upgrade"), speaker("en"))
    assert told == "end of life leaves tickets about the upgrade alone; if this is one, say so: --topic upgrade"


def test_bundle_is_named_where_there_is_one() -> None:
    one = ticket(bundle="perfana-2026-11-26.tar.gz")
    assert "Bundle: perfana-2026-11-26.tar.gz" in ticket_formats.text(one)
    assert ticket_document.document(one)["bundle"] == "perfana-2026-11-26.tar.gz"
    assert "Bundle: none" in ticket_formats.text(ticket())
