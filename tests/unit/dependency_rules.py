"""The dependency rules of the built-in policy, or of what a test writes, and installations to hold against them."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from perfana_support.evaluate.dependency import judge, judge_absence
from perfana_support.model.dependency_policy import read_dependencies
from perfana_support.model.dependency_rules import DependencyRules
from perfana_support.model.document import DocumentError, Node, Problem
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Container, ContainerRole, Declared, Installation, Workload
from perfana_support.model.release import Release
from perfana_support.sources.policy import builtin_document, builtin_policy
from perfana_support.sources.yaml_document import load_document

DATA = Path(__file__).parents[1] / "data"
NAMESPACE = "perfana"
# The day on which the facts were gathered and the built-in policy was published.
TODAY = date(2026, 11, 24)


def load(*names: str) -> Any:  # noqa: ANN401 - plain data
    """Read a YAML file below tests/data."""
    with DATA.joinpath(*names).open("rb") as stream:
        return load_document(stream)


def dependencies_spec() -> dict[str, Any]:
    """Read what the built-in policy says under `spec.dependencies`."""
    spec: dict[str, Any] = (
        builtin_document()["spec"].get("dependencies") or load("policies", "dependencies.yaml")["dependencies"]
    )
    return spec


def rules_of(spec: Mapping[str, Any]) -> DependencyRules:
    """Build the rules that a whole `spec.dependencies` states."""
    problems: list[Problem] = []
    rules = read_dependencies(Node(spec, "spec.dependencies", problems))
    if problems:
        raise DocumentError(problems)
    return rules


@cache
def builtin_rules() -> DependencyRules:
    """Build the built-in policy's rules."""
    return rules_of(dependencies_spec())


def workload(image: str, name: str = "db", kind: str = "StatefulSet", role: ContainerRole = ContainerRole.MAIN) -> Workload:
    """Build a workload with one container."""
    return Workload(kind, NAMESPACE, name, (Container("main", image, role),))


def installation(*images: str, declared: Mapping[str, str] | None = None, gaps: tuple[str, ...] = ()) -> Installation:
    """Build an installation with a workload for each image, and what its check declares."""
    return Installation(
        NAMESPACE,
        tuple(workload(image, f"w{place}") for place, image in enumerate(images)),
        gaps,
        declared=tuple(Declared(product, version) for product, version in (declared or {}).items()),
    )


def findings(
    facts: Installation,
    *lines: str,
    as_of: date = TODAY,
    rules: DependencyRules | None = None,
    releases: Iterable[Release] = (),
) -> list[Finding]:
    """Judge the dependencies of an installation."""
    rules, policy = rules or builtin_rules(), builtin_policy()
    return [
        *judge(facts, lines, rules, policy, as_of, releases),
        *judge_absence(facts, lines, rules, policy, releases),
    ]


def codes(found: Iterable[Finding]) -> list[tuple[str, str]]:
    """List codes with what they are about: an image, or the name of what was declared or is missing."""
    return sorted((str(each.code), each.subject.image or each.subject.name) for each in found)
