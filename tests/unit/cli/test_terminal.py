"""Tables in a terminal: width and colours; and that neither is anywhere else."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.cli.terminal import fit
from tests.unit.cli.program import CHARTS, start

OLD = str(CHARTS / "perfana-3.1.2.yaml")
COMMAND = [sys.executable, "-m", "perfana_support", "check", "-f", OLD, "--as-of", "2026-11-24"]
ESCAPE = re.compile(r"\x1b\[\d+m")


def in_terminal(columns: int, environment: Mapping[str, str]) -> str:
    """Run the program in a pseudo terminal and return what it wrote."""
    leader, follower = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "50"], stdin=follower, check=True)
    base = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(COMMAND, stdout=follower, stdin=follower, env={**base, "TERM": "xterm", **environment}) as process:
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
        assert process.wait(60) == 3
    os.close(leader)
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    text = ESCAPE.sub("", in_terminal(columns, {}))
    lines = text.splitlines()
    longest_word = max(len(word) for line in lines for word in line.split())
    assert max(map(len, lines)) <= max(columns, longest_word + 6)
    assert all(len(line) <= columns for line in lines if "   " in line.strip())


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
