"""Manifests, indexes and configs: what is kept of them, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.answer import Index, Manifest, PlatformEntry
from perfana_support.sources.registry.content import ContentError, read_config, read_manifest, verify
from tests.unit.sources.registry.images import TYPES, blob, config, index, manifest

FAMILIES = pytest.mark.parametrize("family", TYPES)


@FAMILIES
def test_manifest_names_its_config(family: str) -> None:
    of = config("a", family=family)
    made = manifest(of, family)
    assert read_manifest(made.content) == Manifest(made.digest, of.digest)


@FAMILIES
def test_index_lists_its_platforms(family: str) -> None:
    one, other = manifest(config("a"), family), manifest(config("b"), family)
    made = index(("linux/amd64", one), ("linux/arm/v6", other), family=family)
    entries = (PlatformEntry("linux/amd64", one.digest), PlatformEntry("linux/arm/v6", other.digest))
    assert read_manifest(made.content) == Index(made.digest, entries)


def test_what_describes_an_image_is_no_platform_of_it() -> None:
    one, attestation = manifest(config("a")), manifest(config("b"))
    made = index(("linux/amd64", one), ("unknown/unknown", attestation))
    found = read_manifest(made.content)
    assert isinstance(found, Index)
    assert [entry.digest for entry in found.entries] == [one.digest]


def test_entry_without_a_type_or_platform_is_kept_for_a_runtime_may_take_it() -> None:
    one = manifest(config("a"))
    listed = [{"digest": one.digest}, {"digest": one.digest, "mediaType": "application/vnd.example.signature"}]
    found = read_manifest(blob(TYPES["oci"][0], {"manifests": listed}).content)
    assert isinstance(found, Index)
    assert found.entries == (PlatformEntry("", one.digest),)


@pytest.mark.parametrize(
    ("document", "header"),
    [({"config": {"mediaType": TYPES["oci"][2]}}, TYPES["oci"][1]), ({"config": {"mediaType": TYPES["docker"][2]}}, "")],
)
def test_header_counts_where_the_document_does_not_say_what_it_is(document: dict[str, Any], header: str) -> None:
    document["config"]["digest"] = config("a").digest
    assert isinstance(read_manifest(json.dumps(document).encode(), f"{header}; charset=utf-8"), Manifest)


GOOD = config("a")
REFUSED: dict[str, tuple[object, str]] = {
    "no JSON": (b"<html>", "no JSON"),
    "a list": ([], "a manifest is no mapping"),
    "schema 1": ({"schemaVersion": 1, "fsLayers": []}, "no manifest that can be compared"),
    "a chart": ({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": GOOD.digest}}, "no image"),
    "a config without digest": ({"config": {"mediaType": GOOD.media_type}}, "config's digest is 'None'"),
    "a config with another's digest": ({"config": {"mediaType": GOOD.media_type, "digest": "md5:1"}}, "'md5:1'"),
    "manifests that are no list": ({"manifests": {}}, "manifests are no list"),
    "an entry that is no mapping": ({"manifests": [1]}, "an entry of an index is no mapping"),
    "an entry without digest": ({"manifests": [{}]}, "entry's digest is 'None'"),
    "too many entries": ({"manifests": [{}] * 1001}, "more than 200"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image_is_refused(name: str) -> None:
    document, problem = REFUSED[name]
    with pytest.raises(ContentError, match=problem):
        read_manifest(document if isinstance(document, bytes) else json.dumps(document).encode())


def test_config_is_kept_as_far_as_it_decides_what_runs() -> None:
    of = config("a", "b", variant="v8")
    found = read_config(of.content)
    assert (found.digest, found.platform, len(found.diff_ids)) == (of.digest, "linux/amd64/v8", 2)
    assert found.settings == (("Entrypoint", '["node"]'), ("Env", '["A=1", "B=2"]'))
    assert found.history == ("ADD a", "ADD b")


def test_order_of_variables_labels_and_empty_settings_make_no_difference() -> None:
    one = config("a")
    other = config("a", config={"Env": ["A=1", "B=2"], "Entrypoint": ["node"], "Cmd": None, "User": "", "WorkingDir": ""})
    assert read_config(one.content).settings == read_config(other.content).settings


@pytest.mark.parametrize(
    "changed",
    [{"Entrypoint": ["sh"]}, {"Cmd": ["-c"]}, {"Env": ["A=2"]}, {"User": "0"}, {"WorkingDir": "/x"}, {"Shell": ["a"]}],
)
def test_every_setting_that_decides_what_runs_makes_a_difference(changed: dict[str, Any]) -> None:
    stated = {"Entrypoint": ["node"], "Env": ["B=2", "A=1"]}
    other = config("a", config=stated | changed)
    assert read_config(config("a").content).settings != read_config(other.content).settings


@pytest.mark.parametrize("history", [None, [], [{"created_by": "x"}] * 3, "x", [{"created_by": "x", "empty_layer": True}]])
def test_history_that_does_not_match_the_layers_is_not_told(history: object) -> None:
    assert read_config(config("a", "b", history=history).content).history == ()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"rootfs": {}}, "diff_ids are no list"),
        ({"rootfs": []}, "rootfs is no mapping"),
        ({"rootfs": {"diff_ids": ["x"]}}, "a diff id is 'x'"),
        ({"config": []}, None),
        ({"config": [1]}, "config is no mapping"),
    ],
)
def test_config_that_is_none_is_refused(fields: dict[str, Any], problem: str | None) -> None:
    content = config("a", **fields).content
    if problem is None:
        assert read_config(content).settings == ()
    else:
        with pytest.raises(ContentError, match=problem):
            read_config(content)


JSON = st.recursive(st.none() | st.text() | st.integers(), lambda each: st.lists(each) | st.dictionaries(st.text(), each))


@given(st.binary(max_size=64) | JSON)
def test_any_content_is_read_or_refused(content: object) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    for read in (read_manifest, read_config):
        try:
            read(raw)
        except ContentError:
            continue


def test_content_is_worth_nothing_without_its_digest() -> None:
    made = config("a")
    verify(made.content, made.digest)
    for content, digest in ((made.content + b" ", made.digest), (made.content, config("b").digest), (made.content, "sha256:x")):
        with pytest.raises(ContentError):
            verify(content, digest)


@pytest.mark.parametrize(
    ("stated", "platform"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": "x86_64"}, "linux/amd64"),
        ({"os": "Linux", "architecture": "AMD64", "variant": "v1"}, "linux/amd64"),
        ({"os": "linux", "architecture": "x86-64", "variant": "v3"}, "linux/amd64/v3"),
        ({"os": "linux", "architecture": "aarch64"}, "linux/arm64"),
        ({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64"),
        ({"os": "linux", "architecture": "armhf"}, "linux/arm"),
        ({"os": "linux", "architecture": "armel"}, "linux/arm/v6"),
        ({"os": "linux", "architecture": "arm", "variant": "v6"}, "linux/arm/v6"),
        ({"architecture": "amd64"}, "amd64"),
        ({}, ""),
    ],
)
def test_platform_is_in_the_form_that_runtimes_give_it(stated: dict[str, str], platform: str) -> None:
    listed = {"manifests": [{"digest": manifest(config("a")).digest, "platform": stated}]}
    found = read_manifest(json.dumps(listed).encode())
    assert isinstance(found, Index)
    assert found.entries[0].platform == platform


@pytest.mark.parametrize("name", ["x" * 61, "a\nb"])
def test_platform_that_is_none_is_refused(name: str) -> None:
    listed = {"manifests": [{"digest": manifest(config("a")).digest, "platform": {"os": "linux", "architecture": name}}]}
    with pytest.raises(ContentError, match="is no platform"):
        read_manifest(json.dumps(listed).encode())


AMBIGUOUS = [
    '{"config": {"Entrypoint": ["node"], "entrypoint": ["/evil"]}, "rootfs": {"diff_ids": []}}',
    '{"config": {"user": "0"}, "rootfs": {"diff_ids": []}}',
    '{"config": {"User": "0"}, "config": {"Entrypoint": ["node"]}, "rootfs": {"diff_ids": []}}',
    '{"rootfs": {"diff_ids": []}, "Rootfs": {"diff_ids": []}}',
    '{"rootfs": {"diff_ids": [], "DIFF_IDS": []}}',
    '{"rootfs": {"diff_ids": []}, "Architecture": "amd64"}',
    '{"config": {"\u017fhell": ["x"]}, "rootfs": {"diff_ids": []}}',
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_config_that_a_runtime_reads_in_another_way_is_refused(text: str) -> None:
    with pytest.raises(ContentError, match=r"stands twice|is no spelling of"):
        read_config(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"manifests": [], "Manifests": []}',
        '{"manifests": [{"digest": "x", "Digest": "y"}]}',
        '{"manifests": [{"digest": "x", "platform": {"Architecture": "arm64"}}]}',
        '{"config": {"digest": "x"}, "config": {"digest": "y"}}',
    ],
)
def test_manifest_that_a_runtime_reads_in_another_way_is_refused(text: str) -> None:
    with pytest.raises(ContentError, match=r"stands twice|is no spelling of"):
        read_manifest(text.encode())


def test_labels_may_be_called_as_they_like() -> None:
    made = config("a", config={"Labels": {"user": "a", "User": "b", "env": "c"}})
    assert read_config(made.content).settings == ()


@pytest.mark.parametrize("name", ["Cmd", "Entrypoint", "Shell"])
def test_order_of_words_counts_whatever_is_in_them(name: str) -> None:
    one, other = (read_config(config("a", config={name: words}).content) for words in (["A=1", "x=y"], ["x=y", "A=1"]))
    assert one.settings != other.settings
