"""What a checkout hands over: the files that git knows, the name of its commit, and whether they are the same."""

import subprocess
from pathlib import Path

import pytest

from tests.release.saying import ReleaseError
from tests.release.tree import ALLOW_VARIABLE, allows_changes, check_committed, packed_files, revision

MODULE, LINK = "package/module.py", "package/link.py"


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=maintainer", "-c", "user.email=maintainer@example.com")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout with one commit, that ignores folders named build."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    folder = tmp_path / "checkout"
    (folder / "package").mkdir(parents=True)
    (folder / MODULE).write_text("one = 1\ntwo = 2\n")
    (folder / LINK).symlink_to("module.py")
    (folder / ".gitignore").write_text("build/\n__pycache__/\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=All")
    return folder


def put(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("stray = True\n")


def names(folder: Path, *places: str) -> list[str]:
    return [str(name) for name in packed_files(folder, *places)]


def test_what_the_project_ignores_is_not_packed_and_no_change(checkout: Path) -> None:
    put(checkout, "package/build/__init__.py")
    put(checkout, "package/__pycache__/module.pyc")
    assert names(checkout, "package") == [LINK, MODULE]
    assert revision(checkout) == git(checkout, "rev-parse", "HEAD")
    check_committed(checkout, "make release")


@pytest.mark.parametrize("place", ["checkout", "user"])
def test_what_a_maintainer_ignores_is_not_packed_either(checkout: Path, tmp_path: Path, place: str) -> None:
    put(checkout, "package/module.py.orig")
    assert names(checkout, "package") == [LINK, MODULE, "package/module.py.orig"]
    patterns = tmp_path / "patterns" if place == "user" else checkout / ".git" / "info" / "exclude"
    patterns.parent.mkdir(exist_ok=True)
    patterns.write_text("*.orig\n")
    git(checkout, "config", "--global", "core.excludesFile", str(tmp_path / "patterns"))
    assert names(checkout, "package") == [LINK, MODULE]


def test_what_is_committed_is_packed_although_a_pattern_says_otherwise(checkout: Path) -> None:
    put(checkout, "package/build/__init__.py")
    git(checkout, "add", "--force", "package/build/__init__.py")
    assert names(checkout, "package") == ["package/build/__init__.py", LINK, MODULE]


def test_files_are_packed_by_their_own_names_and_no_others(checkout: Path) -> None:
    put(checkout, "package2/other.py")
    put(checkout, "package/new.py")
    (checkout / MODULE).unlink()
    (checkout / LINK).unlink()
    assert names(checkout, "package", ".gitignore") == [".gitignore", "package/new.py"]


def test_an_archive_that_was_unpacked_is_packed_as_it_is_and_of_no_commit(checkout: Path) -> None:
    archive = checkout / "unpacked"
    archive.mkdir()
    put(archive, "package/module.py")
    put(archive, "package/build/__init__.py")
    put(archive, "package/__pycache__/module.pyc")
    put(archive, "LICENSE")
    assert names(archive, "package", "LICENSE") == ["LICENSE", "package/build/__init__.py", "package/module.py"]
    assert revision(archive) == "unknown"
    with pytest.raises(ReleaseError, match=r"^this is no checkout of git, "):
        check_committed(archive, "make release")


@pytest.mark.parametrize("change", ["changed", "removed", "new", "staged"])
def test_whatever_differs_from_the_commit_is_named_and_in_its_name(checkout: Path, change: str) -> None:
    name = "new.py" if change == "new" else MODULE
    if change == "removed":
        (checkout / name).unlink()
    else:
        (checkout / name).write_text("three = 3\n")
    if change == "staged":
        git(checkout, "add", name)
    assert revision(checkout) == git(checkout, "rev-parse", "HEAD") + "-dirty"
    with pytest.raises(ReleaseError) as caught:
        check_committed(checkout, "make image")
    assert str(caught.value) == (
        f"not committed: {name}; commit or remove them, or, for a trial that is not published: make image {ALLOW_VARIABLE}=1"
    )


@pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("change", ["changed", "removed"])
def test_what_git_was_told_to_pass_over_is_found(checkout: Path, bit: str, change: str) -> None:
    git(checkout, "update-index", bit, MODULE)
    if change == "removed":
        (checkout / MODULE).unlink()
    else:
        (checkout / MODULE).write_text("three = 3\n")
    assert git(checkout, "status", "--porcelain") == ""
    assert revision(checkout).endswith("-dirty")
    with pytest.raises(ReleaseError, match=f"^not as it was committed, though git status does not tell: {MODULE}; "):
        check_committed(checkout, "make release")


def test_line_ends_of_another_system_are_found(checkout: Path) -> None:
    git(checkout, "config", "core.autocrlf", "true")
    (checkout / MODULE).unlink()
    git(checkout, "checkout", "--", MODULE)
    assert b"\r\n" in (checkout / MODULE).read_bytes()
    assert git(checkout, "status", "--porcelain") == ""
    with pytest.raises(ReleaseError, match=r"core\.autocrlf changes line ends"):
        check_committed(checkout, "make release")


def test_many_changes_are_counted(checkout: Path) -> None:
    for number in range(7):
        put(checkout, f"new{number}.py")
    with pytest.raises(ReleaseError, match=r"^not committed: new0\.py, new1\.py, new2\.py, new3\.py, new4\.py and 2 more; "):
        check_committed(checkout, "make release")


def test_a_checkout_that_git_does_not_read_is_no_unpacked_archive(checkout: Path) -> None:
    (checkout / ".git" / "HEAD").write_text("spoiled")
    for asked in (lambda: names(checkout, "package"), lambda: revision(checkout)):
        with pytest.raises(ReleaseError, match=r"^git .* failed in "):
            asked()


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        *((yes, True) for yes in ("1", "yes", "true", "Yes", "TRUE", " 1 ")),
        *((no, False) for no in (None, "", "0", "no", "false", "No", "False")),
    ],
)
def test_yes_is_yes_and_no_is_no(monkeypatch: pytest.MonkeyPatch, value: str | None, *, allowed: bool) -> None:
    if value is None:
        monkeypatch.delenv(ALLOW_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(ALLOW_VARIABLE, value)
    assert allows_changes() is allowed


@pytest.mark.parametrize("value", ["perhaps", "2", "y", "-1", "on"])
def test_what_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(ALLOW_VARIABLE, value)
    with pytest.raises(ReleaseError, match=rf"^ALLOW_DIRTY={value} is neither yes \(1, yes, true\) nor no \(0, no, false\)$"):
        allows_changes()
