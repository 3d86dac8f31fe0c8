"""Where a run takes place: the folder and the root of the repository around it."""

from pathlib import Path

import pytest

from perfana_support.sources.repository import Surroundings, look_around


@pytest.mark.parametrize("mark", ["folder", "file"])
@pytest.mark.parametrize("below", ["", "a", "a/b"])
def test_root_is_where_git_marks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, below: str) -> None:
    root = tmp_path.resolve() / "repository"
    (root / below).mkdir(parents=True)
    if mark == "folder":
        (root / ".git").mkdir()
    else:
        (root / ".git").write_text("gitdir: elsewhere\n")
    monkeypatch.chdir(root / below)
    assert look_around() == Surroundings(str(root / below) if below else str(root), str(root))


def test_without_a_repository_the_folder_is_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert look_around() == Surroundings(str(tmp_path.resolve()), str(tmp_path.resolve()))


def test_folder_that_is_gone_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert look_around() == Surroundings()
