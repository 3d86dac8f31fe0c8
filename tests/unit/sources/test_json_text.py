"""Surrogate pairs: JSON's way to write a character, which YAML knows nothing of."""

import io
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.sources.json_text import with_characters
from perfana_support.sources.list_items import cut
from perfana_support.sources.manifest import read_manifests
from perfana_support.sources.yaml_document import load_document
from tests.unit.sources.manifests import deployment, write

WHALE = "\U0001f40b"
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.sampled_from(f'a\\u"d8{WHALE}é')), inner, max_size=3)
    ),
)


def _as_yaml(text: bytes) -> object:
    return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - it makes nothing but texts


@given(value=st.dictionaries(st.text(st.sampled_from(f'a\\u"d8{WHALE}')), VALUES), indent=st.sampled_from([None, 2]))
def test_json_means_what_it_means_as_yaml(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent).encode()
    as_characters = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    assert _as_yaml(with_characters(text)) == _as_yaml(as_characters)
    assert len(with_characters(text)) == len(text)
    assert with_characters(text).count(b"\n") == text.count(b"\n")


@pytest.mark.parametrize("head", ["", "---\n", "\n\n", "\ufeff", "--- "])
def test_pair_in_a_manifest_is_the_character(tmp_path: Path, head: str) -> None:
    entity = deployment(f"a{WHALE}b", image="perfana/perfana-web:1")
    text = head + json.dumps(entity)
    assert "\\ud83d\\udc0b" in text
    plain = read_manifests([write(tmp_path, head + json.dumps(deployment("aXXXXXXXXXXXXb", image="perfana/perfana-web:1")))])
    found = read_manifests([write(tmp_path, text)])
    assert not found.faults
    (workload,), (same,) = found.installations[0].workloads, plain.installations[0].workloads
    assert workload.name == f"a{WHALE}b"
    assert [each.location for each in workload.containers] == [each.location for each in same.containers]


def test_pair_in_a_list_as_kubectl_prints_it_is_the_character(tmp_path: Path) -> None:
    items = [deployment(f"{WHALE}{place}", image="perfana/perfana-web:1") for place in range(3)]
    text = json.dumps({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}, indent=4)
    assert cut(with_characters(text.encode()))
    found = read_manifests([write(tmp_path, text)])
    assert not found.faults
    assert [workload.name for workload in found.installations[0].workloads] == [f"{WHALE}{place}" for place in range(3)]


@pytest.mark.parametrize("escape", ["\\ud83d", "\\udc0b", "\\udc0b\\ud83d", "\\ud83dx", "\\ud83d\\\\udc0b", "\\ud83d\\ud83d"])
def test_half_of_a_pair_stays_a_fault_with_its_place(tmp_path: Path, escape: str) -> None:
    text = json.dumps(deployment("NAME"), indent=1).replace("NAME", escape)
    found = read_manifests([write(tmp_path, text)])
    (fault,) = found.faults
    assert fault.line == 1 + text[: text.index(escape)].count("\n")
    assert "is not valid YAML: found invalid Unicode character escape code" in fault.problem


@pytest.mark.parametrize(
    "text",
    [
        'a: "\\ud83d\\udc0b"',
        '{a: "\\ud83d\\udc0b"}',
        '{"a": "\\ud83d\\udc0b",}',
        '{"a": "\\ud83d\\udc0b"} # b',
        "{" * 9000 + "\\ud8",
    ],
)
def test_what_is_no_json_is_left_as_it_is(text: str) -> None:
    assert with_characters(text.encode()) == text.encode()


@pytest.mark.parametrize("text", ['{"a": "\\\\ud83d\\\\udc0b"}', '{"a": "b"}', "", '{"a": "\\u00e9"}'])
def test_json_without_a_pair_is_left_as_it_is(text: str) -> None:
    assert with_characters(text.encode()) == text.encode()


def test_settings_and_policies_are_read_so_as_well() -> None:
    assert load_document(io.BytesIO(json.dumps({"a": WHALE}).encode())) == {"a": WHALE}
