"""Completion in zsh and fish themselves; bash, which every machine has, is among the unit tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perfana_support.cli.completion import SCRIPTS

if TYPE_CHECKING:
    from pathlib import Path

ASK_ZSH = (
    "autoload -Uz compinit; compinit -u -D; source ./script; "
    "compadd() { print -l -- $candidates }; words=(perfana-support check --fail-on ''); CURRENT=4; _perfana_support"
)
ASK_FISH = "source script; complete -C 'perfana-support check --fail-on '"


@pytest.mark.parametrize(("shell", "command"), [("zsh", ("-fc", ASK_ZSH)), ("fish", ("-c", ASK_FISH))])
def test_shell_completes(shell: str, command: tuple[str, str], tmp_path: Path) -> None:
    program = tmp_path / "perfana-support"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m perfana_support "$@"\n')
    program.chmod(0o755)
    (tmp_path / "script").write_text(SCRIPTS[shell])
    found = shutil.which(shell)
    assert found, f"{shell} is not installed; on Debian: apt-get install {shell}"
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        [found, *command], cwd=tmp_path, env=environment, capture_output=True, check=True, timeout=300, text=True
    )
    assert done.stdout.split() == ["at-risk", "not-supported"]
