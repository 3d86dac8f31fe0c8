"""The definitions that the program carries are those of crds/."""

from __future__ import annotations

from perfana_support.sources.definitions import shipped_definitions
from tests.builtin_policy import DEFINITIONS, definitions_as_json


def test_definitions_are_those_of_the_folder() -> None:
    assert DEFINITIONS.read_text(encoding="utf-8") == definitions_as_json(), "run: make policy"
    assert sorted(shipped_definitions()) == ["supportchecks.support.perfana.io", "supportpolicies.support.perfana.io"]
