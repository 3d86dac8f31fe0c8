"""Rules of the house that no linter knows (docs/architecture.md)."""

import ast
import enum
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from perfana_support import model
from perfana_support.model.dependency_rules import DependencyRules
from perfana_support.model.document import Node, Problem
from perfana_support.model.policy import Policy
from tests.unit.builders import policy

ROOT = Path(__file__).parents[2]
MODULES = [importlib.import_module(f"{model.__name__}.{found.name}") for found in pkgutil.iter_modules(model.__path__)]
# A reader that collects problems, and errors: they are no values.
NO_VALUES = {"Node", "SoundNode", "DocumentError"}
MOST_LINES = 400
# Tables of what schemas accept and refuse, which belong together.
LONG_TABLES = {"tests/unit/evaluate/test_dependency.py", "tests/unit/test_crds.py", "tests/integration/test_crds.py"}
# The folder beside the repository in which it grew; in two parts, so that this file does not mention it.
NEIGHBOUR = "../" + "shared"


def _files(suffix: str = "") -> Iterator[Path]:
    """All files that are ours: hidden folders and what tools make are left out."""
    for file in ROOT.rglob(f"*{suffix}"):
        parts = file.relative_to(ROOT).parts
        made = any((part.startswith(".") and part != ".ci") or part in ("__pycache__", "build", "dist") for part in parts[:-1])
        if file.is_file() and not made and not any(part.endswith(".egg-info") for part in parts):
            yield file


def _classes() -> list[type]:
    return [value for module in MODULES for value in vars(module).values() if _is_own_class(value, module)]


def _is_own_class(value: object, module: ModuleType) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__


def test_operator_is_a_folder_and_no_package() -> None:
    assert sorted(file.name for file in (ROOT / "operator").glob("*.py")) == []
    assert [
        entry.name for entry in (ROOT / "operator").iterdir() if entry.is_dir() and not entry.name.endswith("egg-info")
    ] == ["perfana_support"]


def test_no_tests_in_a_folder_named_operator() -> None:
    assert not (ROOT / "tests" / "operator").exists()
    assert not (ROOT / "tests" / "unit" / "operator").exists()


def test_project_stands_alone() -> None:
    mentions = [str(file) for file in _files() if NEIGHBOUR.encode() in file.read_bytes()]
    assert mentions == []


def test_no_module_has_two_things_in_it() -> None:
    long = {str(file.relative_to(ROOT)) for file in _files(".py") if len(file.read_text().splitlines()) > MOST_LINES}
    assert long - LONG_TABLES == set()


def test_no_grab_bags() -> None:
    bags = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [str(file) for file in _files(".py") if bags & {file.stem, *file.relative_to(ROOT).parts[:-1]}] == []


def test_every_module_says_what_it_is() -> None:
    silent = [str(file) for file in _files(".py") if not ast.get_docstring(ast.parse(file.read_bytes()))]
    assert silent == []


@pytest.mark.parametrize("value", [one for one in _classes() if one.__name__ not in NO_VALUES], ids=lambda one: one.__name__)
def test_model_value_is_immutable(value: type) -> None:
    is_tuple = issubclass(value, tuple) and value.__dict__.get("__slots__", ()) == ()
    assert is_tuple or issubclass(value, enum.Enum) or value in {Policy, DependencyRules}


def test_policy_is_immutable() -> None:
    owner = policy({"maxPolicyAgeDays": 7})
    for field in ("name", "fields", "published_on", "tags", "lines", "anything"):
        with pytest.raises(AttributeError):
            setattr(owner, field, None)
    assert list(owner.lines)  # what is computed on first use still is


def test_vocabulary_of_tags_is_immutable() -> None:
    qualifiers: object = policy().tags.qualifiers
    with pytest.raises(TypeError):
        qualifiers["acme"] = None  # type: ignore[index] # that is the point


def test_exceptions_to_immutability_exist() -> None:
    assert {one.__name__ for one in _classes()} >= NO_VALUES
    node = Node({}, "spec", [])
    node.fail("a", "is bad")
    assert node.problems == [Problem("spec.a", "is bad")]


def test_time_is_read_in_one_module() -> None:
    readers = {"now", "utcnow", "today"}
    found = {
        str(file.relative_to(ROOT / "operator" / "perfana_support"))
        for file in _files(".py")
        if file.is_relative_to(ROOT / "operator")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Attribute) and node.attr in readers and isinstance(node.value, ast.Name)
        if node.value.id in {"datetime", "date"}
    }
    assert found == {"sources/clock.py"}
