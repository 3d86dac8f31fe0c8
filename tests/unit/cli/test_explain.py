"""`perfana-support explain`: every code has its section, complete."""

import re

import pytest

from perfana_support.cli import explain
from perfana_support.model.code import Code, Reason
from tests.unit.cli.program import Program


@pytest.mark.parametrize("code", Code)
def test_code_prints_its_section(code: Code, program: Program) -> None:
    outcome = program("explain", str(code))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{code}\n\n{explain.section(code)}\n"
    lines = outcome.out.splitlines()
    assert lines[2].startswith(f"{code.effect}")
    for label in ("Policy:", "What to do:", "Example:"):
        (line,) = [line for line in lines if line.startswith(label)]
        assert line.removeprefix(label).strip(), label
    assert "\n#" not in outcome.out


@pytest.mark.parametrize("reason", Reason)
def test_reason_prints_its_section(reason: Reason, program: Program) -> None:
    outcome = program("explain", reason.upper())
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{reason}\n\n{explain.section(reason)}\n"
    lines = outcome.out.splitlines()
    assert re.match(r"(True|False|Unknown|`(Ready|Stalled)` is True)[,.: ]", lines[2])
    for label in ("What to do:", "Example:"):
        (line,) = [line for line in lines if line.startswith(label)]
        assert line.removeprefix(label).strip(), label


@pytest.mark.parametrize("spelling", ["endoflife", "ENDOFLIFE", "EndOfLife"])
def test_case_does_not_matter(spelling: str, program: Program) -> None:
    assert program("explain", spelling).out == program("explain", "EndOfLife").out


@pytest.mark.parametrize("word", ["EndOfLive", "", "End", "EndOfLife.*", "Supported"])
def test_unknown_code_is_bad_input(word: str, program: Program) -> None:
    outcome = program("explain", word)
    assert (outcome.code, outcome.out) == (2, "")
    assert re.search(r"is no code or reason( \(is .+ meant\?\))?; perfana-support explain lists all of them", outcome.err)


def test_without_a_code_all_are_listed_with_effect_and_conditions(program: Program) -> None:
    outcome = program("explain")
    assert outcome.code == 0
    codes, reasons, closing = outcome.out.split("\n\n")
    rows = [line.split(maxsplit=2) for line in codes.splitlines()]
    assert rows[0] == ["CODE", "EFFECT", "CONDITIONS"]
    assert rows[1:] == [[str(code), str(code.effect), ", ".join(code.conditions)] for code in Code]
    rows = [line.split(maxsplit=1) for line in reasons.splitlines()]
    assert rows[0] == ["REASON", "MEANING"]
    assert rows[1:] == [[str(reason), explain.section(reason).splitlines()[0]] for reason in Reason]
    assert "perfana-support explain REASON" in closing


def test_code_without_a_section_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "page", lambda: "### EndOfLifeAndMore\nx\n")
    with pytest.raises(LookupError):
        explain.section(Code.END_OF_LIFE)
