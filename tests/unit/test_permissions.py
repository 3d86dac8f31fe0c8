"""docs/permissions.md lists the rights of the roles that ship, all of them and no others."""

import re
from collections.abc import Iterator

import pytest

from tests.integration.operator_process import role_rules, shipped_rules
from tests.snippets import ROOT

Right = tuple[str, str, str, str]
ROW = re.compile(
    r"^\| (?P<verbs>[a-z, ]+) \| (?P<group>core|`[a-z.0-9]+`): (?P<resources>[^|]*?)(?:, the one named (?P<name>[a-z-]+))? \|",
    re.MULTILINE,
)


def told(heading: str) -> set[Right]:
    """Return verb, group, resource and name of what a section's tables list."""
    text = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return {
        (verb, "" if row["group"] == "core" else row["group"].strip("`"), resource, row["name"] or "")
        for row in ROW.finditer(section)
        for verb in row["verbs"].split(", ")
        for resource in row["resources"].split(", ")
    }


def given(rules: list[dict[str, list[str]]]) -> Iterator[Right]:
    """Yield the same of rules."""
    for rule in rules:
        for verb in rule["verbs"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    yield from ((verb, group, resource, name) for name in rule.get("resourceNames", [""]))


@pytest.mark.parametrize(
    ("heading", "rules"),
    [
        ("In the whole cluster", [*shipped_rules(), *shipped_rules("Role")]),
        ("In some namespaces", [*role_rules(), *role_rules("perfana-support-lease")]),
    ],
)
def test_page_lists_the_rights_that_ship(heading: str, rules: list[dict[str, list[str]]]) -> None:
    assert told(heading) == set(given(rules))
