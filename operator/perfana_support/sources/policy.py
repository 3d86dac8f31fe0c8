"""Policies: the built-in one and those that users write."""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from perfana_support.model.document import DocumentError
from perfana_support.model.policy import Policy
from perfana_support.model.policy_document import Base, BasePolicy, build_policy, merge_specs
from perfana_support.sources.errors import SourceError, faults_of
from perfana_support.sources.yaml_document import load_file


@cache
def builtin_document() -> Mapping[str, Any]:
    """The built-in policy as plain data.

    It is written in `builtin/default-policy.yaml`; what is read is the same as JSON, which parses in a tenth of the time
    (a test holds the two together, `make policy` renews the JSON).
    """
    with open(os.path.join(os.path.dirname(__file__), "builtin", "default-policy.json"), "rb") as stream:
        document: Mapping[str, Any] = json.load(stream)
    return document


@cache
def builtin_policy() -> Policy:
    """The built-in policy."""
    return build_policy(builtin_document(), None)


def policy_of(document: object) -> Policy:
    """The policy that a document states, on top of the built-in one. Raises `DocumentError`."""
    return build_policy(document, Base(builtin_document()["spec"]))


def merged_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """A valid policy's document with all that it takes over from the built-in one written out."""
    spec = document["spec"]
    if spec.get("basePolicy") != BasePolicy.NONE:
        spec = merge_specs(builtin_document()["spec"], spec)
    return {**document, "spec": spec}


def read_policy(file: str) -> Policy:
    """The policy in a YAML or JSON file. Raises `SourceError` with every problem."""
    return _read(file)[1]


def read_policy_document(file: str) -> Mapping[str, Any]:
    """The one document of a policy's file, known to be valid. Raises `SourceError` with every problem."""
    return _read(file)[0]


def _read(file: str) -> tuple[Mapping[str, Any], Policy]:
    document = load_file(file)
    try:
        policy = policy_of(document)
    except DocumentError as error:
        raise SourceError(faults_of(file, error.problems)) from error
    return cast("Mapping[str, Any]", document), policy
