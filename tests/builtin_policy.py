"""Write the built-in policy's JSON from its YAML: `make policy`."""

import json
from pathlib import Path

from perfana_support.sources import builtin
from perfana_support.sources.yaml_document import load_document

FOLDER = Path(builtin.__file__).parent
YAML, JSON = FOLDER / "default-policy.yaml", FOLDER / "default-policy.json"


def as_json() -> str:
    """Return the policy that the YAML states, as the JSON that the program reads."""
    with YAML.open("rb") as stream:
        return json.dumps(load_document(stream), separators=(",", ":"), ensure_ascii=False) + "\n"


if __name__ == "__main__":
    JSON.write_text(as_json())
