"""The program as a fixture."""

import pytest

from tests.unit.cli.program import Program


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return the program in this process."""
    return Program(capsys, monkeypatch)
