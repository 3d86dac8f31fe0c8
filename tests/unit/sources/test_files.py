"""Which files a path stands for: patterns that no shell wrote out, folders, packed files."""

import contextlib
import gzip
import io
import json
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


def _make_pipe(file: Path) -> None:
    os.mkfifo(file)


def _make_socket(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(file.parent):
        made.bind(file.name)


def _make_device(file: Path) -> None:
    file.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_make_pipe, _make_socket, _make_device])
@pytest.mark.parametrize("pattern", ["", "*.yaml", "**/*"])
def test_what_is_no_regular_file_is_named_and_not_opened(folder: Path, make: Callable[[Path], None], pattern: str) -> None:
    """Opening a pipe that nobody writes to waits for ever, and a device never ends."""
    odd = folder / "deep" / "x.yaml" if pattern != "*.yaml" else folder / "x.yaml"
    make(odd)
    read = read_manifests([str(folder / pattern)])
    assert [str(fault) for fault in read.faults] == [
        f"{odd}: is no regular file, and reading it may never end; if it is meant, name it by itself"
    ]
    assert {"a", "b"} <= {workload.name for each in read.installations for workload in each.workloads}


def test_folder_of_a_pipe_alone_says_one_thing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    (fault,) = faults(str(tmp_path))
    assert "is no regular file" in fault.problem


def test_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    """As a shell's <(helm template …) is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(pipe.write_text, text("x"))
        assert names(workloads(str(pipe))) == ["Deployment/x"]
        written.result(10)


def test_two_substitutions_of_a_shell_are_two_files(tmp_path: Path) -> None:
    given = " ".join(f"-f <(cat {write(tmp_path, text(name), name)})" for name in "ab")
    command = f"{sys.executable} -m perfana_support check {given} -o json"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert len(json.loads(done.stdout)["source"]["files"]) == 2, done.stderr


SPELLINGS: dict[str, Callable[[Path], list[str]]] = {
    "a dot": lambda folder: [f"{folder}/a.yaml", f"{folder}/./a.yaml"],
    "two slashes": lambda folder: [f"{folder}/a.yaml", f"{folder}//a.yaml"],
    "the same": lambda folder: [f"{folder}/a.yaml", f"{folder}/a.yaml"],
    "a folder above": lambda folder: [f"{folder}/deep/../a.yaml", f"{folder}/a.yaml"],
    "a link": lambda folder: [f"{folder}/a.yaml", f"{folder}/link.yaml"],
    "a linked folder": lambda folder: [f"{folder}/a.yaml", f"{folder}/linked/a.yaml"],
    "its folder": lambda folder: [f"{folder}/a.yaml", str(folder)],
    "its folder before": lambda folder: [str(folder), f"{folder}/./a.yaml"],
    "a pattern": lambda folder: [f"{folder}/a.y*", f"{folder}/./a.yaml"],
    "its folder twice": lambda folder: [str(folder), f"{folder}/"],
    "another folder": lambda folder: [os.path.relpath(folder), str(folder)],
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_file_is_read_once_however_it_is_spelt(folder: Path, name: str) -> None:
    (folder / "link.yaml").symlink_to(folder / "a.yaml")
    (folder / "linked").symlink_to(folder)
    read = read_manifests(SPELLINGS[name](folder))
    found = [workload.name for each in read.installations for workload in each.workloads]
    assert found.count("a") == 1
    assert len(found) == len(set(found)) == len(read.files)
    assert not read.faults
    named = [path for path in SPELLINGS[name](folder) if os.path.isfile(path)]
    assert named[:1] == [file for file in read.files if file in named]


def test_files_of_one_content_are_each_read(folder: Path) -> None:
    """A hard link is a file of its own: both names may be deployed, by different tools."""
    (folder / "hard.yaml").hardlink_to(folder / "a.yaml")
    write(folder, text("a"), "copy.yaml")
    assert names(workloads(str(folder / "?????.yaml"), str(folder))).count("Deployment/a") == 3


def test_named_file_without_a_document_stays_a_fault_beside_its_folder(folder: Path) -> None:
    empty = write(folder, "", "empty.yaml")
    for paths in ([str(folder), f"{folder}/./empty.yaml"], [empty, str(folder)]):
        (fault,) = faults(*paths)
        assert "holds no document" in fault.problem


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        ("Chart.yaml", "Helm chart"),
        *((name, "kustomization") for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")),
    ],
)
def test_folder_to_be_rendered_below_another_is_named_once(folder: Path, root: str, kind: str) -> None:
    below = folder / "charts" / "perfana"
    for name in (root, "values.yaml", "templates/web.yaml", "charts/mongo/Chart.yaml"):
        write(folder, "replicas: {{ .Values.replicas }}\n", f"charts/perfana/{name}")
    read = read_manifests([str(folder)])
    assert [str(fault) for fault in read.faults] == [
        f"{below}: is a {kind} within a folder of manifests: give it by itself, -f {below}"
    ]
    assert len(read.files) == 4
