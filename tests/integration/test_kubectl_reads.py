"""What kubectl would send from a manifest is what is judged: the same images, or the input is refused.

kubectl reads with the API server's own library, which differs from the YAML specification here and there. A manifest that the
two understand differently would be judged for something else than what runs.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfana_support.sources.manifest import read_manifests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.server import Cluster

DATA = Path(__file__).parents[1] / "data"
GOOD, BAD = "perfana/perfana-web:0.2.96.22", "perfana/perfana-web:0.2.96.22-SNAPSHOT"
HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


BAD_POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": BAD}]}}


def _pod(*lines: str, spec: str = "") -> str:
    """A Pod with these lines in its container, and with two anchors before."""
    anchors = f"x: &bad {{image: '{BAD}'}}\ny: &good {{image: '{GOOD}'}}\n"
    return f"{HEAD}{anchors}spec:\n{spec}  containers:\n  - name: c\n" + "".join(f"    {line}\n" for line in lines)


def _spec(head: str, merged: str) -> str:
    """A Pod whose spec is brought in by a merge as well."""
    return f"{HEAD}{head}spec:\n  {merged}\n  containers: [{{name: c, image: '{GOOD}'}}]\n"


INIT = f"x: &bad {{initContainers: [{{name: i, image: '{BAD}'}}]}}\n"
MANIFESTS = {
    "plain": _pod(f"image: {GOOD}"),
    "an alias": HEAD + f"x: &i {GOOD}\nspec: {{containers: [{{name: c, image: *i}}]}}\n",
    "a merge": _pod("<<: *bad"),
    "a merge before a field": _pod("<<: *bad", f"image: {GOOD}"),
    "a merge behind a field": _pod(f"image: {GOOD}", "<<: *bad"),
    "two merges": _pod("<<: *good", "<<: *bad"),
    "a merge of two": _pod("<<: [*good, *bad]"),
    "a merge of two, turned round": _pod("<<: [*bad, *good]"),
    "a quoted merge": _pod(f"image: {GOOD}", "'<<': *bad"),
    "a tagged merge": _pod(f"image: {GOOD}", '!!merge "<<": *bad'),
    "a merge that brings a list": _spec(INIT, "<<: *bad"),
    "a tagged merge that brings a list": _spec(INIT, '!!merge "<<": *bad'),
    "a binary name": _pod(f"image: {GOOD}", f"!!binary aW1hZ2U=: '{BAD}'"),
    "a binary image": _pod("image: !!binary cGVyZmFuYS94OjE="),
    "a binary kind": json.dumps(BAD_POD).replace('"Pod"', "!!binary UG9k"),
    "a text tag": _pod(f"image: !!str {GOOD}"),
    "a tag of its own": _pod(f"image: !own {GOOD}"),
    "a field twice": _pod(f"image: {GOOD}", f"image: {BAD}"),
    "a field twice, once in quotes": _pod(f"image: {GOOD}", f'"image": {BAD}'),
    "a field twice, once escaped": _pod(f"image: {GOOD}", f'"im\\u0061ge": {BAD}'),
    "a name in capitals": _pod(f"image: {GOOD}", f"Image: {BAD}"),
    "an explicit key": _pod(f"? image\n    : {GOOD}"),
    "a number": _pod("image: 1.10"),
    "an octal number": _pod("image: 0o17"),
    "a truth value": _pod("image: yes"),
    "a date": _pod("image: 2026-11-25"),
    "null": _pod("image: ~"),
    "a folded text": _pod("image: >-\n      perfana/perfana-web:0.2.96.22"),
    "a literal text": _pod(f"image: |-\n      {GOOD}"),
    "a text over two lines": _pod('image: "perfana/\\\n      perfana-web:1"'),
    "a comment in the text": _pod(f"image: {GOOD} # {BAD}"),
    "no blank before the comment": _pod(f"image: {GOOD}#x"),
    "documents in a literal": _pod(f"image: {GOOD}", f"command:\n    - |\n      ---\n      image: {BAD}"),
    "a document end": _pod(f"image: {GOOD}") + "...\n" + _pod(f"image: {BAD}"),
    "another document": _pod(f"image: {GOOD}") + "--- # x\n" + _pod(f"image: {BAD}"),
    "a document on the marker's line": f"--- {json.dumps(BAD_POD)}\n",
    "a list": f"apiVersion: v1\nkind: List\nitems:\n- {json.dumps(BAD_POD)}\n",
    "a list of kubectl": json.dumps({"apiVersion": "v1", "items": [BAD_POD, BAD_POD], "kind": "List"}, indent=4),
    "carriage returns": _pod(f"image: {GOOD}").replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + _pod(f"image: {GOOD}"),
    "a template in a pod": _pod(
        f"image: {GOOD}", spec=f"  template: {{spec: {{containers: [{{name: d, image: '{BAD}'}}]}}}}\n"
    ),
    "a status": _pod(f"image: {BAD}") + "status: {phase: Succeeded}\n",
    "a line separator": _pod(f"image: {GOOD}", "command: ['a\u2028image: b']"),
    "a next line": _pod(f"image: {GOOD}", f"command: [a] #\u0085    image: {BAD}"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_images_are_those_that_kubectl_sends(cluster: Cluster, tmp_path: Path, name: str) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_text(MANIFESTS[name], encoding="utf-8", newline="")
    ours = read_manifests([str(file)])
    theirs = _sent(cluster, file)
    if not ours.faults and theirs is not None:
        assert sorted(_judged(ours.installations)) == sorted(theirs)


@pytest.mark.parametrize("file", sorted((DATA / "charts").glob("*.yaml")), ids=lambda file: str(file.stem))
def test_images_of_the_vendors_charts_are_those_that_kubectl_sends(cluster: Cluster, file: Path) -> None:
    ours = read_manifests([str(file)])
    assert not ours.faults
    assert sorted(_judged(ours.installations)) == sorted(_sent(cluster, file) or ())


def _judged(installations: Any) -> Iterator[str]:  # noqa: ANN401 - plain data
    for installation in installations:
        for workload in installation.workloads:
            yield from (container.image for container in workload.containers)


def _sent(cluster: Cluster, file: Path) -> list[str] | None:
    """The images that kubectl would send, None where it refuses. Nothing is asked of a server."""
    command = [str(cluster.binaries.kubectl), "label", "--local", "--filename", str(file), "a=b", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        return None
    decoder, text, images = json.JSONDecoder(), done.stdout.strip(), list[str]()
    while text:
        found, end = decoder.raw_decode(text)
        text = text[end:].strip()
        for item in found["items"] if found["kind"] == "List" else [found]:
            images += _images(item)
    return images


def _images(item: dict[str, Any]) -> Iterator[str]:
    spec = item.get("spec") or {}
    spec = spec.get("jobTemplate", {}).get("spec") or spec
    spec = spec if item["kind"] == "Pod" else spec.get("template", {}).get("spec") or {}
    for field in ("containers", "initContainers"):
        yield from (str(container.get("image") or "") for container in spec.get(field) or ())
