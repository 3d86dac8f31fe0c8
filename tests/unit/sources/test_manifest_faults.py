"""Manifests that cannot be read: each fault names file, document and line, and none is skipped."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.manifest import read_manifests
from tests.unit.sources.manifests import deployment, faults, names, text, workloads, write

ONE_LINE = text()
# The second document of three is bad; its fault is in line 4 of the file unless said otherwise.
BAD_DOCUMENTS = {
    "a field that stands twice": ("{apiVersion: v1, kind: Pod,\n kind: Pod}", 4, "field 'kind' stands twice, first in line 3"),
    "an image that stands twice": (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n    image: a\n    image: b",
        9,
        "field 'image' stands twice, first in line 8",
    ),
    "no kind": ("replicas: 1", 3, "is not a Kubernetes object: it has no kind"),
    "an empty kind": ("kind: ''", 3, "is not a Kubernetes object: it has no kind"),
    "a kind that is no text": ("kind: [Pod]", 3, "is not a Kubernetes object: it has no kind"),
    "a kustomization, which changes images": (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages: [{name: a, newTag: b}]",
        3,
        "is a kustomization, which changes what is deployed",
    ),
    "a text": ("just text", 3, "is not a Kubernetes object: it must be a mapping with apiVersion and kind"),
    "a list": ("- kind: Pod", 3, "is not a Kubernetes object: it must be a mapping with apiVersion and kind"),
    "a field name that is a mapping": (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {{ .Values.image }}",
        7,
        "a field's name must be a text",
    ),
    "a Deployment without containers": (
        "apiVersion: apps/v1\nkind: Deployment",
        3,
        "spec.template.spec.containers: must be a list",
    ),
    "a Pod without containers": ("apiVersion: v1\nkind: Pod\nspec: {nodeName: a}", 3, "spec.containers: must be a list"),
    "a label that is no text": (
        "apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: {b: c}}}\nspec: {containers: [{image: a}]}",
        3,
        "metadata.labels.a: must be a text",
    ),
    "containers that are no list": ("apiVersion: v1\nkind: Pod\nspec: {containers: web}", 3, "containers: must be a list"),
    "items that are no list": ("kind: List\nitems: web", 4, "items: must be a list in a List"),
    "items that are no objects": ("kind: List\nitems: [web]", 4, "items: must hold objects"),
    "an item without kind": ("kind: List\nitems:\n- a: 1", 5, "is not a Kubernetes object: it has no kind"),
    "a broken item": ("kind: List\nitems:\n- {apiVersion: v1, kind: Pod}", 5, "spec.containers: must be a list"),
    "a broken item of a typed list": (
        "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- spec: {}",
        6,
        "spec.template.spec.containers",
    ),
    "lists nested too deep": (
        "kind: List\nitems: [{kind: List, items: [{kind: List, items: [{kind: List, items: [{kind: List, items: []}]}]}]}]",
        4,
        "lists are nested more than 4 deep",
    ),
    "a list in itself": ("&x [a, *x]", 3, "an anchor holds an alias of itself"),
    "items in themselves": ("kind: List\nitems: &x [*x]", 4, "an anchor holds an alias of itself"),
    "containers in themselves": (
        "apiVersion: v1\nkind: Pod\nspec: {containers: &x [*x]}",
        None,
        "an anchor holds an alias of itself",
    ),
    "a name in disguise": ("kind: Pod\n!!binary c3BlYw==: {}\n", 4, "a field's name must be a text without the tag !!binary"),
    "a kind in disguise": ("apiVersion: v1\nkind: !!binary UG9k", 4, "the tag !!binary changes what is written"),
    "a merge in disguise": (
        "x: &x {a: 1}\nkind: Pod\n!!merge '<<': *x",
        5,
        "a field's name must be a text without the tag !!merge",
    ),
    "a merge in itself": ("&x {kind: Pod, <<: *x}", 3, "an anchor holds an alias of itself"),
}
# Faults of YAML end the file: nothing behind them can be trusted.
BAD_YAML: dict[str, tuple[bytes, int, str]] = {
    "an open bracket": (b"a: [1\nb: 2\n", 4, "did not find expected ',' or ']'"),
    "a tab as indentation": (b"a:\n\tb: 1\n", 4, "found character that cannot start any token"),
    "an unknown alias": (b"a: *nobody\n", 3, "found undefined alias"),
    "a leftover of a template": (b"{{- if .Values.x }}\na: 1\n{{- end }}\n", 3, ""),
    "text behind a quote": (b'a: "b" c\n', 3, "did not find expected key"),
    "a NUL byte": (b"a: b\x00c\n", 3, "the character U+0000 (NUL) is not allowed in YAML"),
    "bytes that are no UTF-8": (b"a: \xe9t\xe9\n", 3, "the byte 0xE9 is not UTF-8"),
    "a cut character": (b"a: \xc3", 3, "the byte 0xC3 is not UTF-8"),
}


def _document(fault: Fault) -> tuple[int, int]:
    return fault.document, fault.line


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_bad_document_is_named_and_the_others_are_still_read(tmp_path: Path, name: str) -> None:
    content, line, problem = BAD_DOCUMENTS[name]
    file = write(tmp_path, f"{ONE_LINE}---\n{content}\n---\nkind: 7\n---\n- also bad\n")
    first, last = faults(file)
    assert (first.file, first.document) == (file, 2)
    assert first.line == (line or first.line) > 0
    assert first.problem.startswith(problem)
    assert last.document == 4
    column = f", column {first.column}" if first.column else ""
    assert str(first) == f"{file}, document 2, line {first.line}{column}: {first.problem}"


@pytest.mark.parametrize("name", BAD_YAML)
def test_fault_of_yaml_ends_the_file(tmp_path: Path, name: str) -> None:
    content, line, problem = BAD_YAML[name]
    file = write(tmp_path, ONE_LINE.encode() + b"---\n" + content)
    (fault,) = faults(file)
    assert fault.file == file
    assert fault.line == line
    assert fault.problem.startswith("is not valid YAML: ")
    assert problem in fault.problem
    assert fault.document == 2
    assert fault.column > 0


def test_broken_file_among_good_ones_fails_the_run(tmp_path: Path) -> None:
    write(tmp_path, text("a"), "a.yaml")
    broken = write(tmp_path, "a: [", "b.yaml")
    write(tmp_path, text("c"), "c.yaml")
    assert [fault.file for fault in faults(str(tmp_path))] == [broken]


def test_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    files = [write(tmp_path, "a: [", f"{name}.yaml") for name in "abc"]
    assert [fault.file for fault in faults(str(tmp_path))] == files


def test_missing_file(tmp_path: Path) -> None:
    file = str(tmp_path / "absent.yaml")
    assert [str(fault) for fault in faults(file)] == [f"{file}: No such file or directory"]


def test_missing_file_among_good_ones(tmp_path: Path) -> None:
    good, absent = write(tmp_path, text()), str(tmp_path / "absent.yaml")
    assert [fault.file for fault in faults(good, absent)] == [absent]


def test_link_to_nowhere_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, text())
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "absent.yaml")
    assert [Path(fault.file).name for fault in faults(str(tmp_path))] == ["gone.yaml"]


def test_error_of_the_disk_is_a_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, text())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", file)

    monkeypatch.setattr("builtins.open", refuse)
    assert [str(fault) for fault in faults(file)] == [f"{file}: Permission denied"]


def test_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, text())
    closed = tmp_path / "closed"
    closed.mkdir()
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(closed))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert f"{closed}: Permission denied" in [str(fault) for fault in faults(str(tmp_path))]


def test_folder_without_manifests(tmp_path: Path) -> None:
    write(tmp_path, "x", "README.md")
    assert [str(fault) for fault in faults(str(tmp_path))] == [f"{tmp_path}: the folder holds no .yaml, .yml or .json file"]


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n"])
def test_nothing_to_read_is_a_fault(tmp_path: Path, content: str) -> None:
    file = write(tmp_path, content)
    (fault,) = faults(file)
    assert fault.problem == "holds no document; is the right file given, did rendering succeed?"
    assert fault.file == file


def test_empty_file_beside_a_good_one_is_fine(tmp_path: Path) -> None:
    files = [write(tmp_path, "# nothing\n", "a.yaml"), write(tmp_path, text(), "b.yaml")]
    assert names(workloads(*files)) == ["Deployment/web"]


def test_fault_of_standard_input_is_named_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: [\n")))
    (fault,) = faults("-")
    assert str(fault).startswith("standard input, document 1, line ")


def test_fault_without_document_and_line_names_the_file_alone() -> None:
    assert str(Fault("f.yaml", 0, 0, "is bad")) == "f.yaml: is bad"
    assert str(Fault("f.yaml", 0, 3, "is bad")) == "f.yaml, line 3: is bad"
    assert str(SourceError([Fault("a", 0, 0, "x"), Fault("b", 1, 2, "y")])) == "a: x\nb, document 1, line 2: y"


DEEP = {
    "open brackets": "[" * 10_000,
    "brackets": f"kind: Pod\nspec: {'[' * 10_000}{']' * 10_000}\n",
    "braces": '{"kind": ' * 10_000 + "1" + "}" * 10_000,
    "dashes": "- " * 10_000 + "a\n",
    "items": "kind: List\nitems:\n" + "- " * 10_000 + "a\n",
    "nine hundred lists": "kind: List\nitems: " + "[" * 900 + "]" * 900 + "\n",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_a_fault_and_no_crash(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, DEEP[name])
    command = [sys.executable, "-m", "perfana_support", "check", "-f", file, "--as-of", "2026-11-24"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {file}, document 1, line ")


def test_aliases_that_multiply_are_a_fault_and_take_no_time(tmp_path: Path) -> None:
    levels = [f"x{level}: &x{level} [" + ", ".join([f"*x{level - 1}"] * 9) + "]" for level in range(1, 12)]
    content = "\n".join(["kind: List", "x0: &x0 [a]", *levels, "items: *x11", ""])
    command = [sys.executable, "-m", "perfana_support", "check", "-f", write(tmp_path, content), "--as-of", "2026-11-24"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    assert done.returncode == 2
    assert "document 1" in done.stderr


FIELDS = [
    "spec",
    "template",
    "containers",
    "metadata",
    "labels",
    "ownerReferences",
    "image",
    "items",
    "kind",
    "status",
    "conditions",
]
PLAIN = st.recursive(
    st.none() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=9,
)


def _read_or_refuse(content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        read_manifests(["-"])


@given(st.binary(max_size=60) | st.text("ab:-[]{}&*|>#'\"\n \t<", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_a_fault(content: bytes) -> None:
    _read_or_refuse(content)


@given(PLAIN)
def test_any_object_is_read_or_a_fault(entity: object) -> None:
    _read_or_refuse(
        json.dumps({**deployment(), "spec": entity, "status": entity, "metadata": entity, "items": entity}).encode()
    )


def test_kustomization_of_a_cluster_is_an_object_like_any_other(tmp_path: Path) -> None:
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {path: ./prd}\n---\n"
    assert names(workloads(write(tmp_path, flux + ONE_LINE))) == ["Deployment/web"]


NUMBERS = [
    "3",
    "3.14",
    "-1",
    "+1",
    "1_000",
    "0x1F",
    "0o17",
    "0b1",
    "1e3",
    ".5",
    ".inf",
    "-.Inf",
    ".nan",
    "true",
    "False",
    "yes",
    "OFF",
]
TEXTS = [
    "a",
    "nginx",
    "3.14.1",
    "7:16",
    "1a",
    "node:22",
    "yesno",
    "truth",
    "0x",
    "2026-01-01",
    "e3",
    "on:1",
    ".5.5",
    "1e3x",
    "_1",
]
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - name: a
    image: perfana/perfana-web:4.0.0
  - name: b
    image: %s
"""


@pytest.mark.parametrize("image", NUMBERS)
def test_image_that_is_a_number_is_a_fault_in_its_line(image: str, tmp_path: Path) -> None:
    """The API server refuses the object, so nothing would run what it says."""
    file = write(tmp_path, POD % image)
    problem = f"containers[1].image: must be a text, is {image}; put it into quotes if an image is called so"
    assert faults(file) == [Fault(file, 1, 9, problem)]


@pytest.mark.parametrize("image", [*TEXTS, *(f'"{number}"' for number in NUMBERS), "'3'"])
def test_image_that_is_a_text_is_read(image: str, tmp_path: Path) -> None:
    (found,) = workloads(write(tmp_path, POD % image))
    assert found.containers[1].image == image.strip("\"'")


def test_number_for_an_image_in_json_is_a_fault(tmp_path: Path) -> None:
    manifest = deployment()
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = 3
    (fault,) = faults(write(tmp_path, json.dumps(manifest)))
    assert fault.problem.startswith("containers[0].image: must be a text, is 3;")


def test_number_for_the_image_of_a_database_is_a_fault(tmp_path: Path) -> None:
    cluster = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\nspec:\n  imageName: 16.4\n"
    (fault,) = faults(write(tmp_path, cluster))
    assert (fault.line, fault.problem.partition(";")[0]) == (5, "spec.imageName: must be a text, is 16.4")
