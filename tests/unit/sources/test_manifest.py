"""Manifests: what YAML and JSON allow, read document by document."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.sources.manifest import read_manifests
from tests.unit.sources.manifests import WEB, deployment, images, names, text, workloads, write

CHARTS = sorted((Path(__file__).parents[2] / "data" / "charts").glob("*.yaml"))
LISTED = [deployment("a"), deployment("b")]


def _list(kind: str, items: object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"resourceVersion": ""}, "items": items})


def test_one_document(tmp_path: Path) -> None:
    assert names(workloads(write(tmp_path, text()))) == ["Deployment/web"]


def test_many_documents_in_their_order(tmp_path: Path) -> None:
    file = write(tmp_path, "---\n" + "---\n".join(text(name) for name in "abc") + "...\n---\n" + text("d"))
    assert names(workloads(file)) == [f"Deployment/{name}" for name in "abcd"]
    assert read_manifests([file]).documents == 4


def test_empty_documents_and_comments_between(tmp_path: Path) -> None:
    content = f"# head\n---\n---\n# nothing\n---\n~\n---\nnull\n---\n{text()}---\n"
    assert names(workloads(write(tmp_path, content))) == ["Deployment/web"]


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_file_in_every_form(tmp_path: Path, indent: int | str | None) -> None:
    file = write(tmp_path, json.dumps(deployment(), indent=indent), "f.json")
    assert images(workloads(file)) == [WEB]


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    content = text("a").replace("\n", "\r\n") + "---\r\n" + text("b")
    found = workloads(write(tmp_path, b"\xef\xbb\xbf" + content.encode()))
    assert names(found) == ["Deployment/a", "Deployment/b"]
    assert [container.location.line for w in found for container in w.containers if container.location] == [1, 3]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_other_encodings_with_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    content = ("\ufeff" + text()).encode(encoding)
    assert images(workloads(write(tmp_path, content))) == [WEB]


def test_list_objects_are_opened(tmp_path: Path) -> None:
    file = write(tmp_path, _list("List", [*LISTED, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}]))
    assert names(workloads(file)) == ["Deployment/a", "Deployment/b"]


def test_typed_list_names_the_kind_of_items_without_one(tmp_path: Path) -> None:
    bare = [{field: value for field, value in item.items() if field not in ("kind", "apiVersion")} for item in LISTED]
    assert names(workloads(write(tmp_path, _list("DeploymentList", bare)))) == ["Deployment/a", "Deployment/b"]


def test_lists_in_lists(tmp_path: Path) -> None:
    nested: dict[str, Any] = deployment()
    for _ in range(4):
        nested = {"apiVersion": "v1", "kind": "List", "items": [nested, deployment("x")]}
    assert names(workloads(write(tmp_path, json.dumps(nested)))).count("Deployment/web") == 1


@pytest.mark.parametrize("items", [None, []])
def test_list_without_items(tmp_path: Path, items: list[Any] | None) -> None:
    assert workloads(write(tmp_path, _list("List", items))) == []


def test_documents_of_others_are_fine(tmp_path: Path) -> None:
    custom = {"apiVersion": "example.com/v1", "kind": "AllowList", "spec": {"entries": ["a"]}}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {"group": "a"}}
    content = "---\n".join(json.dumps(entity) + "\n" for entity in (custom, definition, deployment()))
    assert names(workloads(write(tmp_path, content))) == ["Deployment/web"]


def test_anchors_aliases_and_merge_keys(tmp_path: Path) -> None:
    content = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, labels: &labels {app: web}}
x-defaults: &defaults
  imagePullPolicy: Always
  image: &image perfana/perfana-web:4.0.0
spec:
  template:
    metadata: {labels: *labels}
    spec:
      containers:
      - {<<: *defaults, name: merged}
      - {<<: *defaults, name: own, image: perfana/perfana-api:4.0.0}
      - {name: alias, image: *image}
"""
    found = workloads(write(tmp_path, content))
    assert images(found) == [WEB, "perfana/perfana-api:4.0.0", WEB]
    assert found[0].labels == (("app", "web"),)
    assert [container.location.line for container in found[0].containers if container.location] == [6, 13, 6]


def test_separator_inside_a_block_scalar_is_text(tmp_path: Path) -> None:
    content = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  f: |\n    a\n    ---\n    kind: Deployment\n---\n"
    file = write(tmp_path, content + text())
    assert names(workloads(file)) == ["Deployment/web"]
    assert read_manifests([file]).documents == 2


def test_numbers_and_words_stay_as_written(tmp_path: Path) -> None:
    content = text().replace('"c"', "1.10").replace('"web"', "on")
    found = workloads(write(tmp_path, content))
    assert (names(found), found[0].containers[0].name) == (["Deployment/on"], "1.10")


def test_helm_leftover_in_quotes_is_an_image_that_says_nothing(tmp_path: Path) -> None:
    leftover = "perfana/perfana-web:{{ .Values.tag }}"
    assert images(workloads(write(tmp_path, text(image=leftover)))) == [leftover]


def test_namespaces_are_installations_of_their_own(tmp_path: Path) -> None:
    entities = [deployment("a", namespace="y"), deployment("b"), deployment("c", namespace="x"), deployment("d", namespace="y")]
    found = read_manifests([write(tmp_path, "---\n".join(json.dumps(entity) + "\n" for entity in entities))]).installations
    assert [(one.namespace, names(one.workloads)) for one in found] == [
        ("", ["Deployment/b"]),
        ("x", ["Deployment/c"]),
        ("y", ["Deployment/a", "Deployment/d"]),
    ]


def test_folder_is_read_with_all_folders_below_in_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/c.yml", "a/b/d.json", "e.txt", "f.yaml.bak", "README.md"):
        write(tmp_path, text(Path(name).name) if name.endswith(("yaml", "yml", "json")) else "{", name)
    files = read_manifests([str(tmp_path)]).files
    assert [str(Path(file).relative_to(tmp_path)) for file in files] == ["a/b/d.json", "a/c.yml", "b.yaml"]


def test_file_that_is_named_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    assert names(workloads(write(tmp_path, text(), "rendered.txt"))) == ["Deployment/web"]


def test_several_paths_are_read_in_the_order_given(tmp_path: Path) -> None:
    files = [write(tmp_path, text(name), f"{name}.yaml") for name in ("z", "a")]
    assert names(workloads(*files)) == ["Deployment/z", "Deployment/a"]


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text().encode())))
    found = read_manifests(["-", write(tmp_path, text("file"))])
    assert names(found.installations[0].workloads) == ["Deployment/web", "Deployment/file"]
    assert found.files[0] == "-"


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: str(chart.stem))
def test_images_of_a_chart_are_at_their_lines(chart: Path) -> None:
    lines = enumerate(chart.read_text().splitlines(), 1)
    written = {(number, match[1]) for number, line in lines if (match := re.fullmatch(r'\s*(?:- )?image: "?([^"\s]+)"?', line))}
    found = {
        (container.location.line, container.image)
        for workload in workloads(str(chart))
        for container in workload.containers
        if container.location and container.location.file == str(chart)
    }
    assert found == written
    assert len(found) >= 5


def test_replica_set_of_an_earlier_template_is_judged_while_it_runs(tmp_path: Path) -> None:
    """A rollout that is stuck runs both."""
    owner = {"kind": "Deployment", "name": "web", "controller": True}
    old = deployment("web-1", image="perfana/perfana-web:0.2.90.1", ownerReferences=[owner]) | {"kind": "ReplicaSet"}
    file = write(tmp_path, _list("List", [deployment("web"), old]))
    assert names(workloads(file)) == ["Deployment/web", "ReplicaSet/web-1"]
    old["spec"]["replicas"] = 0
    assert names(workloads(write(tmp_path, _list("List", [deployment("web"), old])))) == ["Deployment/web"]


def test_dump_of_a_namespace_counts_a_deployment_once(tmp_path: Path) -> None:
    from_deployment = {"kind": "Deployment", "name": "web", "controller": True}
    from_set = {"kind": "ReplicaSet", "name": "web-5f668d8", "controller": True}
    labels = {"pod-template-hash": "5f668d8"}
    replica_set = deployment("web-5f668d8", ownerReferences=[from_deployment], labels=labels) | {"kind": "ReplicaSet"}
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "uid": name, "ownerReferences": [from_set], "labels": labels},
            "spec": deployment()["spec"]["template"]["spec"],
            "status": {"phase": phase},
        }
        for name, phase in (("web-5f668d8-a", "Running"), ("web-5f668d8-b", "Failed"))
    ]
    found = workloads(write(tmp_path, _list("List", [deployment("web"), replica_set, *pods])))
    assert names(found) == ["Deployment/web", "Pod/web-5f668d8-a"]
    assert found[1].owner == ("Deployment", "web")


@given(st.permutations(["a", "b", "c", "d"]))
def test_order_of_documents_is_the_order_of_workloads(order: list[str]) -> None:
    stream = io.TextIOWrapper(io.BytesIO("---\n".join(map(text, order)).encode()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", stream)
        assert names(workloads("-")) == [f"Deployment/{name}" for name in order]


@pytest.mark.parametrize(
    ("spec", "image"),
    [
        ({"imageName": "ghcr.io/cloudnative-pg/postgresql:16.4"}, "ghcr.io/cloudnative-pg/postgresql:16.4"),
        ({"imageName": "16"}, "16"),
        ({"imageCatalogRef": {"major": 17}}, "ghcr.io/cloudnative-pg/postgresql:17"),
        ({"instances": 3}, "ghcr.io/cloudnative-pg/postgresql"),
    ],
)
def test_database_of_an_operator_names_its_image(spec: dict[str, object], image: str, tmp_path: Path) -> None:
    cluster = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db"}, "spec": spec}
    (found,) = workloads(write(tmp_path, json.dumps(cluster)))
    assert (found.kind, found.name, images([found])) == ("Cluster", "db", [image])
