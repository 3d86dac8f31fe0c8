"""An archive is the same bytes for the same files, and whatever is not as it is written is refused."""

import gzip
import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.sources.bundle.archive import MAX_FILE_BYTES, MAX_FILES, is_plain, pack, unpack
from perfana_support.sources.errors import SourceError

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILES = {"index.json": b"{}\n", "evidence/objects.json": b"x" * 70_000, "logs/a_b.log": b""}
NAMES = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}){0,2}", fullmatch=True)


def test_the_same_files_in_any_order_are_the_same_bytes() -> None:
    assert pack(FILES, MOMENT) == pack(dict(reversed(FILES.items())), MOMENT)


def test_tar_reads_what_is_written_as_files_of_nobody(tmp_path: Path) -> None:
    file = tmp_path / "bundle.tar.gz"
    file.write_bytes(pack(FILES, MOMENT))
    with tarfile.open(file) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [f"bundle/{name}" for name in sorted(FILES)]
    assert {(member.uid, member.gid, member.uname, member.mtime, member.mode) for member in members} == {
        (0, 0, "", int(MOMENT.timestamp()), 0o644)
    }


@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=8))
def test_what_is_packed_is_unpacked(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    file = tmp_path_factory.mktemp("it") / "bundle.tar.gz"
    file.write_bytes(pack(files, MOMENT))
    assert unpack(str(file)) == files


@given(st.integers(0, len(pack(FILES, MOMENT)) - 1), st.integers(1, 255))
def test_a_changed_byte_is_an_error_with_a_name_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int
) -> None:
    content = bytearray(pack(FILES, MOMENT))
    content[place] ^= change
    file = tmp_path_factory.mktemp("it") / "bundle.tar.gz"
    file.write_bytes(bytes(content))
    assert _outcome(str(file)) in (FILES, f"{file}: ")


def _outcome(file: str) -> object:
    """What is read, or what an error begins with."""
    try:
        return unpack(file)
    except SourceError as error:
        return str(error)[: len(file) + 2]


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "a//b", "", ".x", "a/.x", "a\\b", "C:x", "a\nb", "ä", "a b"])
def test_a_name_that_leads_anywhere_is_not_plain(name: str) -> None:
    assert not is_plain(name)


def test_more_files_than_any_bundle_has_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "bundle.tar.gz"
    file.write_bytes(pack({f"f{place}": b"" for place in range(MAX_FILES + 1)}, MOMENT))
    with pytest.raises(SourceError, match=f"more than {MAX_FILES} files"):
        unpack(str(file))


def test_a_packed_endlessness_is_refused_before_it_is_held(tmp_path: Path) -> None:
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for place in range(5):
            entry = tarfile.TarInfo(f"bundle/f{place}.json")
            entry.size = MAX_FILE_BYTES
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    file = tmp_path / "bundle.tar.gz"
    file.write_bytes(gzip.compress(unpacked.getvalue(), 1))
    with pytest.raises(SourceError, match="unpacks to more than 128 MiB"):
        unpack(str(file))
