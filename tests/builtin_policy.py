"""Write what the program carries along as JSON, the built-in policy and our definitions, from their YAML: `make policy`."""

import json
from pathlib import Path

import yaml

from perfana_support.sources import builtin
from perfana_support.sources.yaml_document import load_document

FOLDER = Path(builtin.__file__).parent
YAML, JSON = FOLDER / "default-policy.yaml", FOLDER / "default-policy.json"
CRDS, DEFINITIONS = Path(__file__).parents[1] / "crds", FOLDER / "definitions.json"


def as_json() -> str:
    """Return the policy that the YAML states, as the JSON that the program reads."""
    with YAML.open("rb") as stream:
        return json.dumps(load_document(stream), separators=(",", ":"), ensure_ascii=False) + "\n"


def definitions_as_json() -> str:
    """Return the definitions of crds/ as the JSON that the program compares a cluster's with."""
    found = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(CRDS.glob("*.yaml"))]
    definitions = [each for each in found if each["kind"] == "CustomResourceDefinition"]
    return json.dumps(definitions, separators=(",", ":"), ensure_ascii=False) + "\n"


if __name__ == "__main__":
    JSON.write_text(as_json())
    DEFINITIONS.write_text(definitions_as_json())
