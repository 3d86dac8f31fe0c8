"""Tables in a terminal: width and colours; and that neither is anywhere else."""

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.cli import bundle, check, completion, explain, operator, policy, status, ticket
from perfana_support.cli.help_text import fitted
from perfana_support.cli.terminal import fit
from tests.unit.cli.program import CHARTS, start

OLD = str(CHARTS / "perfana-3.1.2.yaml")
COMMAND = [sys.executable, "-m", "perfana_support", "check", "-f", OLD, "--as-of", "2026-11-24"]
RUN = [sys.executable, "-m", "perfana_support"]
# A cluster that has one check, as its operator left it.
STATUS = """
import sys
from perfana_support.cli import status
from perfana_support.cli.main import main
from tests.unit.cli.test_terminal import CHECKS

class Source:
    def read_objects(self, *_):
        return CHECKS, "server"

status.cluster_source = Source
sys.exit(main(["status", *sys.argv[1:]]))
"""
CHECKS = [
    {
        "metadata": {"namespace": "perfana-" + "n" * 12, "name": "perfana", "generation": 1},
        "status": {
            "release": "3.1.2",
            "conditions": [
                {"type": kind, "status": "False", "reason": "DependencyUpstreamEndOfLife", "observedGeneration": 1}
                for kind in ("Supported", "ConfigurationUnmodified")
            ],
            "findings": [
                {"effect": "Unsupported", "code": "EndOfLife", "message": "old " * 40, "remediation": "upgrade " * 40}
            ],
        },
    }
]
ESCAPE = re.compile(r"\x1b\[\d+m")


def in_terminal(columns: int, environment: Mapping[str, str], command: Sequence[str] = COMMAND, code: int = 3) -> str:
    """Run a program in a pseudo terminal and return what it wrote."""
    leader, follower = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "50"], stdin=follower, check=True)
    base = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(command, stdout=follower, stdin=follower, env={**base, "TERM": "xterm", **environment}) as process:
        os.close(follower)
        parts = []
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
        assert process.wait(60) == code
    os.close(leader)
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    text = ESCAPE.sub("", in_terminal(columns, {}))
    lines = text.splitlines()
    longest_word = max(len(word) for line in lines for word in line.split())
    assert max(map(len, lines)) <= max(columns, longest_word + 6)
    assert all(len(line) <= columns for line in lines if "   " in line.strip())


def fits(text: str, columns: int) -> bool:
    """Whether all lines are as wide as the terminal at most, except for single words that are wider."""
    lines = ESCAPE.sub("", text).splitlines()
    return all(len(line) <= columns or len(line.split()) == 1 for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 133])
@pytest.mark.parametrize("command", ["", "check", "status", "explain", "policy", "completion", "operator", "ticket"])
def test_help_fits(command: str, columns: int) -> None:
    arguments = [*RUN, command, "--help"] if command else [*RUN, "--help"]
    text = in_terminal(columns, {}, arguments, 0)
    assert max(map(len, text.splitlines())) <= columns
    assert max(map(len, text.splitlines())) > columns - 20 or columns == 133


@pytest.mark.parametrize("stated", ["", "0", "-1", "x", "9" * 5000, "\u0665"])
def test_width_that_is_none_is_not_taken(stated: str) -> None:
    text = in_terminal(70, {"COLUMNS": stated}, [*RUN, "check", "--help"], 0)
    assert 60 < max(map(len, text.splitlines())) <= 70


def test_stated_width_wins() -> None:
    text = in_terminal(200, {"COLUMNS": "66"}, [*RUN, "check", "--help"], 0)
    assert 60 < max(map(len, text.splitlines())) <= 66


@pytest.mark.parametrize("columns", [60, 80])
def test_what_is_explained_fits(columns: int) -> None:
    for arguments in ([], ["WorkloadsUnreadable"], ["NotObservable"]):
        assert fits(in_terminal(columns, {}, [*RUN, "explain", *arguments], 0), columns)


@pytest.mark.parametrize("columns", [60, 80])
def test_status_fits_and_keeps_its_sentences(columns: int) -> None:
    for arguments in ([], ["perfana"]):
        text = in_terminal(columns, {}, [sys.executable, "-c", STATUS, *arguments])
        assert fits(text, columns)
        assert "\x1b[31mFalse" in text
        assert "…" in text.splitlines()[1]
    assert text.split().count("upgrade") == 40


@pytest.mark.parametrize("columns", [60, 80])
def test_policy_fits_and_stays_the_same(columns: int, tmp_path: Path) -> None:
    text = in_terminal(columns, {}, [*RUN, "policy", "show"], 0)
    assert yaml.safe_load(text) == yaml.safe_load(start("policy", "show").out)
    assert max(map(len, text.splitlines())) <= 128
    file = tmp_path / "own.yaml"
    defect = (
        "{name: a, repositories: [docker.io/perfana/perfana-web], from: 0.2.1, to: 0.2.2, problem: it breaks, fixedIn: 0.2.3}"
    )
    head = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: a}\n"
    file.write_text(f"{head}spec: {{publishedOn: 2026-01-01, defects: [{defect}]}}\n")
    assert fits(in_terminal(columns, {}, [*RUN, "policy", "diff", str(file)], 0), columns)


def examples() -> list[str]:
    modules = (check, status, explain, policy, completion, operator, ticket, bundle)
    return [line for module in modules for line in module.EXAMPLES.splitlines() if "perfana-support " in line]


@pytest.mark.parametrize("width", [58, 78])
@pytest.mark.parametrize("line", examples())
def test_example_can_be_copied_whatever_the_width(line: str, width: int) -> None:
    lines = list(fitted(line, width))
    assert max(map(len, lines)) <= width
    copied = "\n".join(lines).replace("\\\n", " ")
    assert shlex.split(copied, comments=True) == shlex.split(line, comments=True)
    assert copied.count("#") == line.count("#")


@given(st.lists(st.text(alphabet="ab  ", max_size=90), max_size=9), st.integers(60, 100))
def test_sentence_with_blanks_is_no_row(texts: list[str], width: int) -> None:
    sentences = "\n".join(texts)
    assert fit(f"EndOfLife: a   b\n{sentences}", width, colours=False).split()[3:] == sentences.split()


def test_row_is_cut_below_its_header_alone() -> None:
    long = "a" * 40 + "   " + "b" * 40
    assert fit(f"NAME   IMAGE\n{long}\n\n{long}\n", 60, colours=False).splitlines() == [
        "NAME   IMAGE",
        long[:59] + "…",
        "",
        "a" * 40,
        "  " + "b" * 40,
    ]


def test_wrapped_line_is_no_command_of_a_jobs_log() -> None:
    lines = fit("word " * 11 + "::error::x " + "word " * 11, 60, colours=False).splitlines()
    assert not [line for line in lines if line.lstrip().startswith("::")]


def test_colours_repeat_what_words_say() -> None:
    text = in_terminal(120, {})
    assert "\x1b[31mFalse\x1b[0m" in text
    assert ESCAPE.sub("", text) == in_terminal(120, {"NO_COLOR": "1"}) == in_terminal(120, {"TERM": "dumb"})


def test_without_a_terminal_there_are_no_colours_and_no_cuts() -> None:
    outcome = start(*COMMAND[3:])
    assert not ESCAPE.search(outcome.out)
    assert "…" not in outcome.out


@given(st.text(alphabet="ab \n", max_size=400), st.integers(60, 100))
def test_words_are_never_lost_from_sentences(text: str, width: int) -> None:
    sentences = "\n".join(" ".join(line.split()) for line in text.splitlines())
    assert fit(sentences, width, colours=False).split() == sentences.split()


def test_nothing_is_changed_for_a_terminal_of_unknown_width() -> None:
    assert fit("a" * 300 + "\n", 0, colours=False) == "a" * 300 + "\n"
