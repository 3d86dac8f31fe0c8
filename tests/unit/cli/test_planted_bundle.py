"""Nothing that must not be seen is in a bundle, however it stands in what a bundle is made from."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from perfana_support.cli.bundle_making import compose
from perfana_support.model.evidence import Evidence
from perfana_support.sources.bundle.extras import Extras, Log, pick_events, pick_node, pick_pod, pick_status
from perfana_support.sources.policy import builtin_document, merged_document
from tests.planted import LOG_LINE, SERVER_ADDRESS, Shape, shapes
from tests.planted_objects import objects
from tests.unit.builders import TODAY
from tests.unit.cli.bundles import MOMENT
from tests.unit.cli.program import Program
from tests.unit.cluster_objects import observed

NAMESPACE = "perfana"


def bundle_of(shape: Shape, known: dict[str, dict[str, str]] | None = None) -> bytes:
    """Return the unpacked bundle of a cluster in which a secret stands."""
    found: list[dict[str, Any]] = [] if shape.where in (LOG_LINE, SERVER_ADDRESS) else objects(shape, NAMESPACE)
    of_kind = {kind: [each for each in found if each["kind"] == kind] for kind in {each["kind"] for each in found}}
    check = next(iter(of_kind.get("SupportCheck", ())), {})
    stated = next(iter(of_kind.get("SupportPolicy", ())), None)
    evidence = Evidence(
        observed(found),
        merged_document(stated) if stated else builtin_document(),
        {field: check[field] for field in ("apiVersion", "kind", "metadata", "spec") if field in check},
        TODAY,
        {"kind": "Cluster", "server": shape.text if shape.where == SERVER_ADDRESS else "https://server.example", "context": ""},
    )
    extras = Extras(
        events=pick_events(of_kind.get("Event", [])),
        pods=tuple(map(pick_pod, of_kind.get("Pod", ()))),
        nodes=tuple(map(pick_node, of_kind.get("Node", ()))),
        status=pick_status(check) if check else {},
        logs=(Log("perfana-web", "web", f"{shape.text}\n"),) if shape.where == LOG_LINE else (),
    )
    assert shape.leaks(json.dumps([found, shape.text], ensure_ascii=False).encode()), "the secret is not there to be leaked"
    return gzip.decompress(compose(evidence, extras, MOMENT, known).content)


@pytest.mark.parametrize("shape", shapes(), ids=lambda shape: shape.name)
def test_no_secret_is_in_a_bundle(shape: Shape) -> None:
    assert shape.leaks(bundle_of(shape)) == []


@pytest.mark.parametrize(
    "shape", [shape for shape in shapes() if shape.where not in (LOG_LINE, SERVER_ADDRESS)], ids=lambda shape: shape.name
)
def test_no_secret_is_in_a_ticket(shape: Shape, tmp_path: Path, program: Program) -> None:
    file = tmp_path / "objects.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(shape, NAMESPACE)}))
    outputs = [tmp_path / name for name in ("text", "json", "markdown")]
    words = [word for output in outputs for word in ("-o", f"{output.name}={output}")]
    outcome = program("ticket", "--severity", "SEV1", "-f", str(file), *words)
    assert outcome.code in (3, 5), outcome.err
    assert [shape.leaks(output.read_bytes()) for output in outputs] == [[], [], []]


@pytest.mark.parametrize("shape", [shape for shape in shapes() if shape.where != LOG_LINE], ids=lambda shape: shape.name)
def test_no_secret_is_in_a_bundle_under_pseudonyms(shape: Shape) -> None:
    assert shape.leaks(bundle_of(shape, {})) == []
