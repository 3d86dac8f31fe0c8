"""A file is written as a whole, where it is meant, and by nobody's link."""

import os
import threading
from pathlib import Path

import pytest

from perfana_support.cli.whole_file import write_whole
from perfana_support.sources.errors import SourceError


def test_a_file_takes_the_place_of_an_older_one_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "it"
    file.write_bytes(b"old and longer")
    write_whole(str(file), b"new")
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"new", [file])


def test_it_may_be_read_by_whom_the_user_lets_and_a_private_one_by_nobody_else(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_whole(str(tmp_path / "open"), b"")
        write_whole(str(tmp_path / "private"), b"", is_private=True)
    finally:
        os.umask(mask)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("open", "private")] == [0o640, 0o600]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(str(tmp_path / "link"), b"new")
    assert ((tmp_path / "real").read_bytes(), (tmp_path / "link").is_symlink()) == (b"new", True)


def test_a_link_that_somebody_laid_beside_it_is_not(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    for name in (".it.part", ".perfana-support-"):
        (tmp_path / name).symlink_to(victim)
    write_whole(str(tmp_path / "it"), b"new")
    assert (victim.read_bytes(), (tmp_path / "it").read_bytes()) == (b"mine", b"new")


def test_a_pipe_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(str(tmp_path / "pipe"), b"new")
    reader.join()
    assert (found, (tmp_path / "pipe").is_fifo()) == ([b"new"], True)


@pytest.mark.parametrize("place", ["absent/it", "folder"])
def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match=f"{place}: cannot be written"):
        write_whole(str(tmp_path / place), b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
