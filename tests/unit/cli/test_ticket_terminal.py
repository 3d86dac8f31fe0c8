"""What `ticket` asks on a terminal, on standard error, and that it asks nobody elsewhere."""

import json
import os
import pty
import subprocess
import sys
import threading
from typing import NamedTuple

import pytest

from tests.unit.cli.program import CHARTS, start

CHART = str(CHARTS / "perfana-4.0.3.yaml")
AT = ("--at", "2026-11-27T16:59+01:00", "--time-zone", "+01:00")
RUN = [sys.executable, "-m", "perfana_support", "ticket", *AT, "-f", CHART, "-o", "json"]
DEADLINE = 60


class Talk(NamedTuple):
    """A run that somebody talked to: its exit code, its standard output, and what the terminal showed."""

    code: int
    out: str
    shown: str


def talk(*words: str, typed: str) -> Talk:
    """Run with a terminal for input and errors, on which lines are typed; output goes to a file as in `> ticket.json`."""
    leader, follower = pty.openpty()
    parts: list[bytes] = []

    def read() -> None:
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:  # the other end is closed
                return
            if not part:
                return
            parts.append(part)

    with subprocess.Popen([*RUN, *words], stdin=follower, stderr=follower, stdout=subprocess.PIPE) as process:
        os.close(follower)
        reader = threading.Thread(target=read)
        reader.start()
        os.write(leader, typed.encode())
        out, _ = process.communicate(timeout=DEADLINE)
    reader.join(DEADLINE)
    os.close(leader)
    return Talk(process.returncode, out.decode(), b"".join(parts).decode().replace("\r\n", "\n"))


def test_what_is_missing_is_asked_for_with_the_definitions_in_view() -> None:
    found = talk(typed="SEV2\nTeam\n2027-12-31\n")
    assert found.code == 0
    document = json.loads(found.out)
    assert (document["severity"]["name"], document["plan"]) == (
        "SEV2",
        {"name": "Team", "supportPortal": True, "maintenanceUntil": "2027-12-31"},
    )
    assert "SEV2  Serious Degradation: Serious degradation of application performance or functionality" in found.shown
    for question in ("Which severity?", "Which plan? (Free, Team, Enterprise; empty: not known)", "Until when does its maint"):
        assert question in found.shown


def test_it_asks_in_dutch() -> None:
    found = talk("--language", "nl", typed="2\nteam\n2027-12-31\n")
    assert (found.code, json.loads(found.out)["severity"]["name"]) == (0, "SEV2")
    assert "Welke ernst?" in found.shown
    assert "Welk plan?" in found.shown


def test_what_is_stated_is_not_asked_for() -> None:
    found = talk("--severity", "SEV1", "--plan", "Team", "--maintenance-until", "2027-12-31", typed="")
    assert (found.code, "?" in found.shown) == (0, False)
    assert "Which severity" not in talk("--production-down", "--plan", "Free", typed="").shown


def test_wrong_answers_are_asked_again_and_empty_ones_are_not_known() -> None:
    found = talk(typed="SEV9\nSEV3\ngold\nTeam\nsoon\n\n")
    assert found.code == 5
    assert json.loads(found.out)["plan"]["maintenanceUntil"] is None
    for wrong in ("'SEV9'", "'gold'", "'soon'"):
        assert f"{wrong} is none of these" in found.shown


def test_who_answers_nothing_gets_no_severity_and_no_plan() -> None:
    found = talk(typed="\n\n")
    document = json.loads(found.out)
    assert (found.code, document["severity"], document["plan"], document["response"]) == (5, None, None, None)


def test_who_has_no_answer_is_not_asked_for_ever() -> None:
    found = talk(typed="x\n" * 12)
    assert (found.code, found.shown.count("is none of these")) == (5, 12 - 2)


def test_plan_that_is_none_is_told_before_anything_is_asked() -> None:
    found = talk("--plan", "Gold", typed="")
    assert (found.code, found.out) == (2, "")
    assert "Which severity?" not in found.shown


def test_typed_text_can_do_nothing_to_the_terminal() -> None:
    found = talk("--plan", "Free", typed="\x1b[31m::error::\nSEV1\n")
    assert found.code == 3
    assert "'\\x1b[31m::error::' is none of these" in found.shown


@pytest.mark.parametrize("words", [(), ("--plan", "Team")])
def test_without_a_terminal_a_missing_severity_is_named_with_its_flags(words: tuple[str, ...]) -> None:
    outcome = start("ticket", *AT, *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: --severity: is missing; state one of SEV1, SEV2, SEV3, SEV4, or the impact: --production-down, "
        "--major-malfunction, --serious-degradation, --users-affected, --business-impact\n"
    )
