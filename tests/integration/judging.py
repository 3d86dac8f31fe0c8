"""`perfana-support check` as a process of its own, and what it finds."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.unit.cli.program import start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = ("--as-of", "2026-11-24")


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=300).stdout


def report(*arguments: str | Path, stdin: bytes = b"") -> dict[str, Any]:
    """Judge what holds an old release, and return the report."""
    outcome = start("check", *map(str, arguments), *AT, "-o", "json", stdin=stdin)
    assert (outcome.code, outcome.err) == (3, "")
    document: dict[str, Any] = json.loads(outcome.out)
    return document


def judge(*arguments: str | Path, stdin: bytes = b"") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield subject, image and place of what is found about containers."""
    for finding in report(*arguments, stdin=stdin)["findings"]:
        subject = finding["subject"]
        if "container" in subject:
            yield f"{subject['kind']}/{subject['name']}", subject["image"], finding["location"]


def refused(*arguments: str | Path) -> str:
    """Judge what cannot be read, and return what is said about it."""
    outcome = start("check", *map(str, arguments), *AT)
    assert (outcome.code, outcome.out) == (2, "")
    return outcome.err
