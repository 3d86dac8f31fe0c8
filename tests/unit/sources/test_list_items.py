"""Lists read item by item: the same workloads, places and faults as when they are read whole, in less memory."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from perfana_support.sources import manifest
from perfana_support.sources.list_items import Cut, cut
from perfana_support.sources.manifest import read_manifests
from tests.unit.sources.manifests import deployment, faults, names, workloads

# Texts that look like what a cut is made at.
TRICKY = ["a", "x\n- y", "- ", "},\n        {\n", "\n    ]", 'a"b', "# no", "{", "*a", "&b", "é", " ", "\n"]
TEXTS = st.sampled_from(TRICKY) | st.text(max_size=8)


def _yaml(document: object) -> str:
    return yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True)


def _json(document: object) -> str:
    return json.dumps(document, indent=4, sort_keys=True) + "\n"


@st.composite
def lists(draw: st.DrawFn) -> dict[str, Any]:
    """A List of workloads and others, with texts that could be taken for its own form."""
    items: list[Any] = []
    for number in range(draw(st.integers(1, 4))):
        item = deployment(f"d{number}", image=f"perfana/perfana-web:{number}")
        item["metadata"]["annotations"] = {"note": draw(TEXTS), draw(TEXTS): "x"}
        if draw(st.booleans()):
            item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": draw(TEXTS)}}
        items.append(item)
    kind = draw(st.sampled_from(["List", "DeploymentList"]))
    tail = {"metadata": {"resourceVersion": draw(TEXTS)}} if draw(st.booleans()) else {}
    return {"apiVersion": draw(st.sampled_from(["v1", "apps/v1"])), "kind": kind, "items": items} | tail


def _read(text: str, folder: Path, *, whole: bool) -> object:
    file = folder / "list.yaml"
    file.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        if whole:
            patch.setattr(manifest, "cut", lambda _text: None)
        return read_manifests([str(file)])


@given(document=lists(), form=st.sampled_from([_yaml, _json]))
def test_list_is_read_as_if_whole(document: dict[str, Any], form: Any, tmp_path_factory: pytest.TempPathFactory) -> None:  # noqa: ANN401 - a function
    text, folder = form(document), tmp_path_factory.mktemp("list")
    assert _read(text, folder, whole=False) == _read(text, folder, whole=True)


@given(document=lists(), form=st.sampled_from([_yaml, _json]), data=st.data())
def test_broken_list_has_the_same_faults_as_if_whole(
    document: dict[str, Any],
    form: Any,  # noqa: ANN401 - a function
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lines = form(document).splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        others = ["- a\n", "items:\n", "    ],\n", '"\n', "'\n", "- &a x\n", "- *a\n", "---\n", "\t\n", lines[place][1:], ""]
        lines[place] = data.draw(st.sampled_from(others))
    text, folder = "".join(lines), tmp_path_factory.mktemp("list")
    assert _read(text, folder, whole=False) == _read(text, folder, whole=True)


def test_lists_of_kubectl_are_cut_into_their_items() -> None:
    """Else the tests above would compare the same with the same."""
    document = {"apiVersion": "v1", "kind": "List", "items": [deployment("a"), deployment("b")], "metadata": {"x": "y"}}
    for form in (_yaml, _json, lambda each: json.dumps(each, indent=2, sort_keys=True)):
        found = cut(form(document).encode())
        assert found is not None
        assert [len(found.spans), b"perfana-web" in found.envelope] == [2, False]
        assert [yaml.safe_load(text) for text, _ in found.items()] in (
            [[deployment("a")], [deployment("b")]],
            document["items"],
        )


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nitems: []\nkind: List\n",
        "apiVersion: v1\r\nitems:\r\n- a: 1\r\n",
        "items: [\n{}\n]\n",
        '{"apiVersion": "v1", "items": [{}]}',
        '{\n    "apiVersion": "v1",\n    "items": [\n        1\n    ]\n}',
        "items:\n- a: 1\nkind: List\nitems:\n- b: 1\n",
    ],
)
def test_what_has_another_form_is_read_whole(text: str) -> None:
    assert cut(text.encode()) is None


def test_items_know_their_lines() -> None:
    found = cut(b"apiVersion: v1\nitems:\n- a: 1\n  b: 2\n- c: 3\nkind: List\n")
    assert isinstance(found, Cut)
    assert list(found.items()) == [(b"- a: 1\n  b: 2\n", 2), (b"- c: 3\n", 4)]


@pytest.mark.parametrize("form", [_yaml, _json])
def test_fault_in_one_item_leaves_the_others(tmp_path: Path, form: Any) -> None:  # noqa: ANN401 - a function
    broken = deployment("b")
    del broken["spec"]["template"]["spec"]["containers"]
    document = {"apiVersion": "v1", "kind": "List", "items": [deployment("a"), broken, deployment("c")]}
    file = tmp_path / "f.yaml"
    file.write_text(form(document))
    (fault,) = faults(str(file))
    assert "must be a list of containers" in fault.problem
    line = file.read_text().splitlines()[fault.line - 1]
    assert line.strip() in {"- apiVersion: apps/v1", "{"}
    assert names(workloads(str(file))) == ["Deployment/a", "Deployment/c"]


@example(size=0)
@given(size=st.integers(1, 40))
def test_typed_list_gives_its_items_kind_and_version(size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    items = [{key: value for key, value in deployment(f"d{n}").items() if key in {"metadata", "spec"}} for n in range(size)]
    file = tmp_path_factory.mktemp("list") / "f.yaml"
    file.write_text(_yaml({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": items}))
    assert len(workloads(str(file))) == size
