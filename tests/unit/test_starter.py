"""Which folder of unpacked code a single file trusts; what it does beside that is tried in tests/integration."""

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.release.starter.start import is_ours

STRANGER = 54_321


@pytest.mark.parametrize(
    ("mode", "owner", "expected"),
    [
        (stat.S_IFDIR | 0o755, None, True),
        (stat.S_IFDIR | 0o700, None, True),
        (stat.S_IFDIR | 0o755, 0, True),
        (stat.S_IFDIR | 0o755, STRANGER, False),
        (stat.S_IFDIR | 0o775, None, False),
        (stat.S_IFDIR | 0o757, None, False),
        (stat.S_IFREG | 0o755, None, False),
        (stat.S_IFLNK | 0o755, None, False),
    ],
)
def test_folder_is_run_only_where_nobody_else_could_write(
    mode: int,
    owner: int | None,
    expected: bool,  # noqa: FBT001 - a column of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = SimpleNamespace(st_mode=mode, st_uid=os.geteuid() if owner is None else owner)
    monkeypatch.setattr(os, "lstat", lambda _path: found)
    assert is_ours("/folder") is expected


def test_folder_that_is_not_there_is_not_run(tmp_path: Path) -> None:
    assert not is_ours(str(tmp_path / "absent"))
    assert is_ours(str(tmp_path))
