"""Rules of one condition as tests need them: from the policy's own data, or from a few lines of it."""

from pathlib import Path
from typing import Any

from perfana_support.model.configuration_policy import ConfigurationRules, read_configuration
from perfana_support.model.document import DocumentError, Node, Problem
from perfana_support.model.image_policy import ImageRules, read_images
from perfana_support.sources.policy import builtin_document
from perfana_support.sources.yaml_document import load_document

DATA = Path(__file__).parents[1] / "data"


def load(*names: str) -> Any:  # noqa: ANN401 - plain data
    """Read a YAML file below tests/data."""
    with DATA.joinpath(*names).open("rb") as stream:
        return load_document(stream)


def configuration_spec() -> dict[str, Any]:
    """Return what the built-in policy says under `spec.configuration`."""
    return dict(builtin_document()["spec"]["configuration"])


def configuration_rules(**spec: Any) -> ConfigurationRules:  # noqa: ANN401 - plain data
    """Build the built-in rules, with some fields replaced."""
    problems: list[Problem] = []
    rules = read_configuration(Node(configuration_spec() | spec, "spec.configuration", problems))
    if problems:
        raise DocumentError(problems)
    return rules


def image_rules(**spec: Any) -> ImageRules:  # noqa: ANN401 - plain data
    """Build the rules of `spec.images`."""
    problems: list[Problem] = []
    rules = read_images(Node(spec, "spec.images", problems))
    if problems:
        raise DocumentError(problems)
    return rules
