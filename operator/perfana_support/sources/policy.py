"""Policies: the built-in one and those that users write."""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from perfana_support.model.document import DocumentError
from perfana_support.model.policy import Policy
from perfana_support.model.policy_document import Base, build_policy
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.yaml_document import load_document


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


def read_policy(file: str) -> Policy:
    """The policy in a YAML or JSON file, which must hold that one document. Raises `SourceError`."""
    try:
        with open(file, "rb") as stream:
            return policy_of(load_document(stream))
    except OSError as error:
        raise SourceError([Fault(file, 0, 0, error.strerror or str(error))]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        problem = getattr(error, "problem", None) or str(error)
        raise SourceError([Fault(file, 0, line, f"is not one YAML document: {problem}")]) from error
    except DocumentError as error:
        faults = [Fault(file, 0, 0, str(problem)) for problem in error.problems]
        raise SourceError(faults) from error
