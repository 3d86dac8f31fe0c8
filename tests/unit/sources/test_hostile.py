"""Input that means harm: a named error or the right answer, in bounded time and memory."""

import gzip
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from perfana_support.sources import byte_stream
from perfana_support.sources.manifest import read_manifests
from tests.unit.sources.manifests import WEB, faults, images, names, text, workloads, write

MIB = 1024 * 1024
# Address space, libraries included: the program itself takes some 60 MiB of it.
MEMORY = 400 * MIB
SECONDS = 40
# Refuses what it cannot read, and judges what it can.
BAD_INPUT, NOT_SUPPORTED = 2, 3
POD = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n  - name: c\n    image: {WEB}\n"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _check(file: str) -> Outcome:
    command = [sys.executable, "-m", "perfana_support", "check", "-f", file, "--as-of", "2026-11-24"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, preexec_fn=_limit)
    return Outcome(done.returncode, done.stdout, done.stderr)


def _write_long(file: Path, head: bytes, middle: bytes, times: int, tail: bytes = b"") -> str:
    with file.open("wb") as stream:
        stream.write(head)
        for _ in range(times):
            stream.write(middle)
        stream.write(tail)
    return str(file)


def _bomb(levels: int, wide: int) -> str:
    lines = [f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * wide)}]" for n in range(1, levels)]
    return "\n".join(["  l0: &l0 [a]", *lines, ""])


BIG = {
    "100 MB of one plain scalar": (b"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: ", b"x" * MIB, 100, b"\n"),
    "100 MB of one quoted scalar": (b'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: "', b"x" * MIB, 100, b'"\n'),
    "100 MB of one quoted scalar that never ends": (b'a: "', b"x" * MIB, 100, b""),
    "100 MB of one block scalar": (
        b"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n",
        (b"    " + b"x" * 1019 + b"\n") * 1024,
        100,
        b"",
    ),
    "100 MB of one line": (b"", b"x" * MIB, 100, b""),
    "100 MB of spaces": (b"a:", b" " * MIB, 100, b"\n"),
    "100 MB of one comment": (b"# ", b"x" * MIB, 100, b"\n"),
    "100 MB of one key": (b"? ", b"x" * MIB, 100, b"\n"),
    "100 MB of open brackets": (b"a: ", b"[" * MIB, 100, b"\n"),
    "100 MB of directives": (b"", b"%TAG !a! b\n" * (MIB // 11), 100, b""),
    "100 MB of documents that directives hold together": (b"", b"%YAML 1.1\n---\na: 1\n" * (MIB // 19), 100, b""),
}


@pytest.mark.parametrize("name", BIG)
def test_what_is_too_large_is_a_fault_in_bounded_memory(tmp_path: Path, name: str) -> None:
    outcome = _check(_write_long(tmp_path / "f.yaml", *BIG[name]))
    assert (outcome.code, outcome.out) == (BAD_INPUT, "")
    assert outcome.err.startswith(f"error: {tmp_path}/f.yaml")
    assert "Traceback" not in outcome.err
    assert len(outcome.err) < 1000


def test_many_small_documents_take_no_more_memory_than_few(tmp_path: Path) -> None:
    service = b"---\napiVersion: v1\nkind: Service\nmetadata:\n  name: x\n"
    outcome = _check(_write_long(tmp_path / "f.yaml", b"", service * 1024, 256, b"---\n" + text(image="perfana/x:1").encode()))
    assert outcome.code != BAD_INPUT, outcome.err


def test_packed_bomb_is_a_fault_in_bounded_memory(tmp_path: Path) -> None:
    packed = gzip.compress(b"# nothing\n" * (10 * MIB))
    outcome = _check(write(tmp_path, packed))
    assert (outcome.code, outcome.out) == (BAD_INPUT, "")
    assert "is larger than 32 MiB" in outcome.err


@pytest.mark.parametrize(
    "content", [b"1\n---\n" * 2_000_000, b"kind: List\nitems:\n" + b"- 1\n" * 200_000], ids=["documents", "items"]
)
def test_file_of_faults_is_left_after_a_hundred(tmp_path: Path, content: bytes) -> None:
    """A packed one of these is small, and each fault is told and kept."""
    outcome = _check(write(tmp_path, gzip.compress(content)))
    assert outcome.code == BAD_INPUT
    lines = outcome.err.splitlines()
    assert len(lines) == 101
    assert "has more than 100 faults" in lines[-1]


def test_millions_of_empty_documents_are_a_fault(tmp_path: Path) -> None:
    outcome = _check(write(tmp_path, gzip.compress(b"---\n" * 10_000_000)))
    assert outcome.code == BAD_INPUT
    assert "holds more than 1,000,000 documents" in outcome.err


@pytest.mark.parametrize("form", [b"k%d:\n", b"- %d\n", b"- {a: %d}\n"])
def test_document_of_a_million_small_values_is_a_fault(tmp_path: Path, form: bytes) -> None:
    outcome = _check(write(tmp_path, b"".join(form % number for number in range(1_000_000))))
    assert outcome.code == BAD_INPUT
    assert "the document that begins in line 1 has more than 500,000 values" in outcome.err


YAML_POD = b"- apiVersion: v1\n  kind: Pod\n  spec: {containers: [{name: c, image: 'a:1'}]}\n  x: %s\n"
JSON_POD = b'  {\n"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": "a:1"}]}, "x": "%s"\n  }'
LISTS = {
    "yaml": (b"apiVersion: v1\nitems:\n%skind: List\n", YAML_POD, b""),
    "json": (b'{\n "apiVersion": "v1",\n "items": [\n%s\n ],\n "kind": "List"\n}\n', JSON_POD, b",\n"),
}


@pytest.mark.parametrize("form", LISTS)
def test_list_as_kubectl_prints_it_may_be_larger_than_any_other_document(tmp_path: Path, form: str) -> None:
    whole, pod, between = LISTS[form]
    outcome = _check(write(tmp_path, whole % between.join([pod % (b"x" * 4000)] * 10_000)))
    assert (outcome.code, outcome.err) == (5, "")


BOMBS = {
    "in a field that nobody reads": POD + "x-bomb:\n" + _bomb(40, 9),
    "as the containers": "apiVersion: v1\nkind: Pod\nx:\n" + _bomb(30, 9) + "spec:\n  containers: *l29\n",
    "as the items of a list": "apiVersion: v1\nkind: List\nx:\n" + _bomb(30, 9) + "items: *l29\n",
    "in a kind of others": "apiVersion: a.example.com/v1\nkind: Fleet\nspec:\n" + _bomb(30, 9),
    "of merges": "apiVersion: v1\nkind: Pod\nl0: &l0 {a: 1}\n"
    + "".join(f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}]}}\n" for n in range(1, 15))
    + "spec: {<<: *l14}\n",
    "of lists in lists": "apiVersion: v1\nkind: List\n"
    "x:\n  l0: &l0 {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: w, image: 'a:1'}]}}\n"
    + "".join(f"  l{n}: &l{n} {{kind: List, items: [{', '.join([f'*l{n - 1}'] * 40)}]}}\n" for n in range(1, 4))
    + f"items: [{', '.join(['*l3'] * 40)}]\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_aliases_that_multiply_are_refused_at_once(tmp_path: Path, name: str) -> None:
    outcome = _check(write(tmp_path, BOMBS[name]))
    assert outcome.code == BAD_INPUT
    assert "its aliases make" in outcome.err


def test_volumes_and_mounts_by_aliases_are_read_in_linear_time(tmp_path: Path) -> None:
    """What each container mounts is looked up in the pod's volumes, which are read once."""
    many = 2000
    file = write(
        tmp_path,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  v: &v {name: vv, emptyDir: {}}\n"
        "  c: &c {name: w, image: 'a:1', volumeMounts: [{name: vv, mountPath: /tmp/x}]}\n"
        f"  volumes: [{','.join(['*v'] * many)}]\n  containers: [{','.join(['*c'] * many)}]\n",
    )
    began = time.process_time()
    (found,) = workloads(file)
    assert len(found.containers) == many
    assert time.process_time() - began < 30


def test_list_of_one_object_many_times_over_is_read_in_bounded_time(tmp_path: Path) -> None:
    """Nothing is endless here: what is meant is ten thousand objects."""
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{image: 'a:1'}]}}"
    file = write(tmp_path, f"kind: List\nx: &x {pod}\nitems: [{', '.join(['*x'] * 10_000)}]\n")
    assert len(workloads(file)) == 10_000


@pytest.mark.parametrize("depth", [100, 900, 5_000, 1_000_000])
@pytest.mark.parametrize(
    "nest",
    [
        lambda depth: f"{POD}x: {'[' * depth}{']' * depth}\n",
        lambda depth: f"{POD}x: {'{a: ' * depth}1{'}' * depth}\n",
        lambda depth: f"{POD}x:\n  {'- ' * depth}a\n",
        lambda depth: f"{POD}x:\n  {'? ' * depth}a\n",
        lambda depth: "apiVersion: v1\nkind: Service\nspec: " + "[" * depth + "]" * depth + f"\n---\n{POD}",
    ],
    ids=["brackets", "braces", "dashes", "question marks", "what is passed over"],
)
def test_deep_nesting_is_read_or_a_fault(tmp_path: Path, nest: Callable[[int], str], depth: int) -> None:
    outcome = _check(write(tmp_path, nest(depth)))
    assert outcome.code in {0, BAD_INPUT, NOT_SUPPORTED, 5}
    assert outcome.code != BAD_INPUT or re.search(r"document 1, line |begins in line 1 has more than", outcome.err)


@pytest.mark.parametrize("depth", range(900, 1100, 20))
def test_nesting_near_the_limit_of_the_library(tmp_path: Path, depth: int) -> None:
    outcome = _check(write(tmp_path, f"{POD}x: {'[' * depth}{']' * depth}\n"))
    assert outcome.code != 1, outcome.err


SERVICE = b"apiVersion: v1\nkind: Service\nmetadata:\n  name: x\nspec:\n  a: %s\n"
BROKEN = {
    "a NUL byte": b"b\x00c",
    "another control character": b"b\x07c",
    "bytes that are no UTF-8": b"\xe9t\xe9",
    "a surrogate in UTF-8": b"\xed\xa0\x80",
    "a character beyond Unicode": b"\xf5\x80\x80\x80",
    "an overlong slash": b"\xc0\xaf",
    "a mark of byte order": b"1\n\xef\xbb\xbfb: 1",
    "an unknown alias": b"*nobody",
    "an open bracket": b"[1, 2",
    "an open quote": b'"b',
    "a tab as indentation": b"\n\tb: 1",
    "a leftover of a template": b"{{ .Values.x }}: 1",
    "a percent sign": b"%b",
    "a sign nobody may use": b"@b",
    "a separator inside a quote": b'"b\n---\nc"',
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("head", [b"", b"# Source: a/b.yaml\n", b"--- # x\n"], ids=["bare", "Helm's", "other"])
def test_broken_document_that_nobody_reads_is_a_fault_all_the_same(tmp_path: Path, name: str, head: bytes) -> None:
    (fault,) = faults(write(tmp_path, POD.encode() + b"---\n" + head + SERVICE.replace(b"%s", BROKEN[name])))
    assert fault.document > 0
    assert fault.problem.startswith("is not valid YAML: ")


@pytest.mark.parametrize("field", ["kind: Service", "apiVersion: v1", "spec: {}", "metadata: {}"])
def test_field_that_stands_twice_in_what_nobody_reads(tmp_path: Path, field: str) -> None:
    (fault,) = faults(write(tmp_path, SERVICE.replace(b"%s", b"1").decode() + field + "\n"))
    assert fault.problem.startswith(f"field {field.partition(':')[0]!r} stands twice, first in line ")


HIDDEN = {
    "behind a kind in a quote that goes on": 'apiVersion: v1\nkind: Service\nx: "\nkind: List\n"\n%s',
    "under a name with an escape": 'apiVersion: v1\nkind: Service\n"\\x73pec":\n  "\\x63ontainers": [{image: "%i"}]\n',
    "behind an end of a document": f"apiVersion: v1\nkind: Service\nspec: {{}}\n...\n{POD}",
    "behind an end and a directive": f"apiVersion: v1\nkind: Service\nspec: {{}}\n...\n%YAML 1.1\n---\n{POD}",
    "behind a line end of another system": f"apiVersion: v1\nkind: Service\nspec: {{}}\n...\r{POD}",
    "behind a next line": f"apiVersion: v1\nkind: Service\nspec: {{}}\u0085---\u0085{POD}",
    "behind a line separator": f"apiVersion: v1\nkind: Service\nspec: {{}}\u2028---\u2028{POD}",
    "under a kind that goes on": f"apiVersion: v1\nkind: Service\n  List\nitems: []\n---\n{POD}",
    "in a list of Services": "apiVersion: v1\nkind: ServiceList\nitems:\n- apiVersion: v1\n  kind: Pod\n"
    "  spec: {containers: [{image: '%i'}]}\n",
    "in a kind of others": "apiVersion: a.io/v1\nkind: Service\nspec:\n  steps: [{image: '%i'}]\n",
    "behind a separator without a line end": f"{POD}---",
    "behind a separator and a tab": f"a: 1\nkind: X\n---\t# x\n{POD}",
    "on the line of a separator": "a: 1\nkind: X\n--- {apiVersion: v1, kind: Pod, spec: {containers: [{image: '%i'}]}}\n",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_nothing_hides_from_the_quick_look(tmp_path: Path, name: str) -> None:
    content = HIDDEN[name].replace("%s", "spec: {containers: [{image: '%i'}]}").replace("%i", WEB)
    file = write(tmp_path, content)
    read = read_manifests([file])
    found = images([workload for installation in read.installations for workload in installation.workloads])
    assert found == [WEB] or read.faults


def test_separator_inside_block_scalars_is_text(tmp_path: Path) -> None:
    scalar = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    ---\n    kind: Pod\n   \n  b: >\n    ---\n"
    assert names(workloads(write(tmp_path, f"{scalar}---\n{POD}---\n{scalar}"))) == ["Pod/web"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_marks_change_nothing(tmp_path: Path, end: str, mark: str) -> None:
    content = mark + f"---\n{POD}---\napiVersion: v1\nkind: Service\nspec: {{}}\n---\n{POD}".replace("\n", end)
    assert names(workloads(write(tmp_path, content))) == ["Pod/web", "Pod/web"]


@pytest.mark.parametrize("block", [5, 6, 7, 11, 64])
def test_separators_are_found_wherever_a_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(byte_stream, "_BLOCK", block)
    content = "".join(f"---\n# Source: {n}\n{text(str(n))}--- \n---\t\n---\r\n" for n in range(9))
    for packed in (content.encode(), gzip.compress(content.encode()), content.encode("utf-16")):
        assert names(workloads(write(tmp_path, packed))) == [f"Deployment/{n}" for n in range(9)]
