"""The CustomResourceDefinitions of this program, as `crds/` has them."""

import json
import os
from collections.abc import Mapping
from typing import Any


def shipped_definitions() -> dict[str, Mapping[str, Any]]:
    """The definitions by name.

    They are written in `crds/`; what is read is the same as JSON (a test holds the two together, `make policy` renews it).
    """
    with open(os.path.join(os.path.dirname(__file__), "builtin", "definitions.json"), "rb") as stream:
        found: list[Mapping[str, Any]] = json.load(stream)
    return {each["metadata"]["name"]: each for each in found}
