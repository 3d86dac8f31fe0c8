"""Which files a path stands for: patterns that no shell wrote out, folders, packed files."""

import gzip
import io
import sys
import zlib
from pathlib import Path

import pytest

from perfana_support.sources import byte_stream
from perfana_support.sources.manifest import read_manifests
from tests.unit.sources.manifests import faults, names, text, workloads, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.yaml", "a.yaml", "deep/c.yaml", "deep/er/d.yml", "notes.txt"):
        write(tmp_path, text(name.rpartition("/")[2][0]), name)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.yaml", "ab"),
        ("?.yaml", "ab"),
        ("[b-z].yaml", "b"),
        ("deep/*.yaml", "c"),
        ("*/*.yaml", "c"),
        ("d*", "cd"),
        ("**/*.yaml", "abc"),
        ("**/*.y*ml", "abcd"),
    ],
)
def test_pattern_is_written_out_in_order(folder: Path, pattern: str, found: str) -> None:
    assert names(workloads(str(folder / pattern))) == [f"Deployment/{name}" for name in found]


def test_pattern_that_finds_nothing_is_a_fault(folder: Path) -> None:
    pattern = str(folder / "*.json")
    assert [str(fault) for fault in faults(pattern)] == [f"{pattern}: no file matches this pattern"]


def test_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    assert names(workloads(write(folder, text("x"), "[ab].yaml"))) == ["Deployment/x"]


def test_files_of_a_pattern_are_named_by_their_paths(folder: Path) -> None:
    assert read_manifests([str(folder / "[ab].yaml")]).files == (str(folder / "a.yaml"), str(folder / "b.yaml"))


def test_what_can_be_read_is_there_beside_the_faults(folder: Path) -> None:
    broken = write(folder, "a: [", "b.yaml")
    read = read_manifests([str(folder)])
    assert [workload.name for installation in read.installations for workload in installation.workloads] == ["a", "c", "d"]
    assert [fault.file for fault in read.faults] == [broken]


@pytest.mark.parametrize("name", ["f.yaml", "f.yaml.gz", "f"])
def test_packed_file_is_known_by_its_first_bytes(tmp_path: Path, name: str) -> None:
    assert names(workloads(write(tmp_path, gzip.compress(text("x").encode()), name))) == ["Deployment/x"]


def test_packed_files_of_a_folder_are_read(tmp_path: Path) -> None:
    for number, suffix in enumerate(("yaml.gz", "yml.gz", "json.gz", "tar.gz")):
        write(tmp_path, gzip.compress(text(f"x{number}").encode()), f"{number}.{suffix}")
    assert names(workloads(str(tmp_path))) == ["Deployment/x0", "Deployment/x1", "Deployment/x2"]


def test_packed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(text("x").encode()))))
    assert names(workloads("-")) == ["Deployment/x"]


def test_packed_parts_one_behind_the_other(tmp_path: Path) -> None:
    parts = [gzip.compress(f"---\n{text(name)}".encode()) for name in "ab"]
    assert names(workloads(write(tmp_path, parts[0] + parts[1] + bytes(512)))) == ["Deployment/a", "Deployment/b"]


def test_packed_utf_16(tmp_path: Path) -> None:
    assert names(workloads(write(tmp_path, gzip.compress(text("é").encode("utf-16"))))) == ["Deployment/é"]


def test_long_packed_stream_keeps_its_lines(tmp_path: Path) -> None:
    documents = "".join(f"---\n# {'x' * 1000}\n{text(str(number))}" for number in range(2000))
    found = workloads(write(tmp_path, gzip.compress(documents.encode())))
    places = [container.location.line for workload in found for container in workload.containers if container.location]
    assert places == list(range(3, 6001, 3))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (gzip.compress(text().encode() * 50)[:-20], "is not valid gzip: it ends too early; was the download cut off?"),
        (b"\x1f\x8b", "is not valid gzip: it ends too early; was the download cut off?"),
        (b"\x1f\x8bnonsense", "is not valid gzip: "),
        (gzip.compress(text().encode()) + b"nonsense", "is not valid gzip: "),
    ],
)
def test_broken_gzip_is_a_fault(tmp_path: Path, content: bytes, problem: str) -> None:
    (fault,) = faults(write(tmp_path, content))
    assert fault.problem.startswith(problem)


def test_what_unpacks_to_too_much_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_stream, "MAX_UNPACKED", 1024 * 1024)
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join([packer.compress(b"# nothing\n---\n" * 100_000) for _ in range(10)]) + packer.flush()
    (fault,) = faults(write(tmp_path, bomb))
    assert fault.problem == "unpacks to more than 1 MiB"


def test_linked_folders_are_followed_and_each_is_read_once(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere, text("e"), "e.YAML")
    (folder / "link").symlink_to(elsewhere)
    (folder / "deep" / "loop").symlink_to(folder)
    (folder / "..data").symlink_to(folder / "deep")
    assert sorted(names(workloads(str(folder)))) == [f"Deployment/{name}" for name in "abcde"]


@pytest.mark.parametrize("pattern", ["deep/**/", "dee**", "deep/**"])
def test_folders_that_a_deep_pattern_means_are_read_once(folder: Path, pattern: str) -> None:
    assert sorted(names(workloads(str(folder / pattern)))) == ["Deployment/c", "Deployment/d"]


def test_named_file_without_a_document_is_a_fault_beside_a_good_one(folder: Path) -> None:
    """A pipeline whose rendering failed has written an empty file."""
    empty = write(folder, "", "empty.yaml")
    assert [fault.file for fault in faults(str(folder / "a.yaml"), empty)] == [empty]
    assert not read_manifests([str(folder)]).faults
