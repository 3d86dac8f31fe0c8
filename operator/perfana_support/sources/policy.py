"""Policies: the built-in one and those that users write."""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from perfana_support.model.document import DocumentError
from perfana_support.model.policy import Policy
from perfana_support.model.policy_document import Base, BasePolicy, build_policy, merge_specs
from perfana_support.sources.errors import Fault, SourceError, faults_of
from perfana_support.sources.files import below
from perfana_support.sources.yaml_document import load_documents, load_file

_ADDRESS = r"[A-Za-z][A-Za-z0-9+.-]*://"


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
    """The policy in a YAML or JSON file, or the one in a folder. Raises `SourceError` with every problem."""
    return _read(file)[1]


def read_policy_document(file: str) -> Mapping[str, Any]:
    """The one document of a policy's file or folder, known to be valid. Raises `SourceError` with every problem."""
    return _read(file)[0]


def _read(file: str) -> tuple[Mapping[str, Any], Policy]:
    if re.match(_ADDRESS, file):
        problem = "is an address, and none is followed yet; pull it (oras pull, curl) and give the file or folder"
        raise SourceError([Fault(file, 0, 0, problem)])
    name, document = _only_one_below(file) if os.path.isdir(file) else (file, load_file(file))
    try:
        policy = policy_of(document)
    except DocumentError as error:
        raise SourceError(faults_of(name, error.problems)) from error
    return cast("Mapping[str, Any]", document), policy


def _only_one_below(folder: str) -> tuple[str, object]:
    """The policy among the documents of a folder, with its file. What else lies there is nobody's business.

    Which of several was meant nobody can tell, and a verdict by another policy answers a question that nobody asked.
    """
    found = [
        (file, document)
        for file in sorted(below(folder, (".yaml", ".yml", ".json")))
        for document in load_documents(file)
        if isinstance(document, Mapping) and document.get("kind") == "SupportPolicy"
    ]
    if len(found) != 1:
        told = ", ".join(f"{_name_of(document)} in {file}" for file, document in found)
        problem = f"holds {len(found)} policies, {told}; give the file of one" if found else "holds no SupportPolicy"
        raise SourceError([Fault(folder, 0, 0, problem)])
    return found[0]


def _name_of(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    return str(metadata.get("name")) if isinstance(metadata, Mapping) else "one without a name"
