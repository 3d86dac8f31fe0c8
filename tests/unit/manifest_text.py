"""Objects as a manifest spells them: order, style, anchors, lists, empty fields and namespaces as drawn."""

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from perfana_support.model.installation import Installation
from perfana_support.sources.manifest import read_manifests
from tests.unit.builders import NAMESPACE
from tests.unit.installations import Json, Objects


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:  # noqa: ANN401 - that is its signature
        return True


@st.composite
def spellings(draw: st.DrawFn, objects: Objects) -> str:
    """Draw a text that says these objects."""
    documents = draw(st.permutations([copy.deepcopy(each) for each in objects]))
    if draw(st.booleans()):
        for each in documents:
            each["metadata"]["namespace"] = NAMESPACE
    # With all scalars in quotes a null would need its tag written out, which nobody does.
    quotes = draw(st.sampled_from([None, None, '"', "'"]))
    for container in [container for each in documents for container in containers_of(each)]:
        for field in draw(st.lists(st.sampled_from(["env", "args", "volumeMounts", "lifecycle"]), max_size=2)):
            empty: Any = {} if field == "lifecycle" else []
            container.setdefault(field, empty if quotes or draw(st.booleans()) else None)
    documents = draw(_grouped(documents))
    has_anchors = draw(st.booleans())
    if has_anchors:
        documents = _shared(documents, {})
    if draw(st.integers(0, 4)) == 0:
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}, indent=draw(st.sampled_from([None, 1])))
    return "---\n".join(
        yaml.dump(
            each,
            Dumper=yaml.SafeDumper if has_anchors else _Plain,
            default_flow_style=draw(st.sampled_from([True, False, None])),
            default_style=quotes,
            width=draw(st.sampled_from([20, 4096])),
            sort_keys=draw(st.booleans()),
        )
        for each in documents
    )


@st.composite
def _grouped(draw: st.DrawFn, documents: Objects) -> Objects:
    """Put some of the documents into a List, or into one of their kind whose items do not repeat it."""
    how = draw(st.sampled_from(["", "List", "DeploymentList"]))
    if how == "DeploymentList":
        listed = [each for each in documents if each["kind"] == "Deployment"]
        others = [each for each in documents if each["kind"] != "Deployment"]
        items = [{field: value for field, value in each.items() if field not in ("kind", "apiVersion")} for each in listed]
        return [*others, {"apiVersion": "apps/v1", "kind": how, "items": items}]
    count = draw(st.integers(0, len(documents))) if how else 0
    return [*documents[count:], {"apiVersion": "v1", "kind": "List", "items": documents[:count]}] if count else documents


def _shared(value: Any, known: dict[str, Any]) -> Any:  # noqa: ANN401 - plain data
    """The same data with equal parts made one, which YAML writes as an anchor and its aliases."""
    if isinstance(value, dict):
        value = {field: _shared(part, known) for field, part in value.items()}
    elif isinstance(value, list):
        value = [_shared(part, known) for part in value]
    else:
        return value
    return known.setdefault(json.dumps(value, sort_keys=True), value)


def containers_of(entity: Json) -> list[Json]:
    """All containers in an object, wherever they stand."""
    found: list[Json] = []
    for field, value in entity.items():
        if field in ("containers", "initContainers"):
            found += value
        elif isinstance(value, dict):
            found += containers_of(value)
    return found


def written(text: str) -> Installation:
    """The installation that the command line judges when it is given this text and told the namespace that it leaves out."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "f.yaml"
        file.write_text(text)
        found = read_manifests([str(file)]).installations
    workloads = [workload._replace(namespace=NAMESPACE) for installation in found for workload in installation.workloads]
    return Installation(NAMESPACE, tuple(workloads))
