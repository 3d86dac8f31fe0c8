"""The built-in policy says what the facts say (tests/data/facts)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfana_support.model import installation as facts
from perfana_support.model.image import normalise_repository
from perfana_support.model.policy import Build, Numbering
from perfana_support.model.release import parse_release
from tests.unit.builders import policy

FILE = Path(__file__).parents[2] / "data" / "facts" / "releases.yaml"
FACTS: dict[str, Any] = yaml.load(FILE.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - texts only
POLICY = policy()
FIELDS = POLICY.fields


def _releases() -> dict[str, date]:
    listed = {entry["version"]: date.fromisoformat(entry["releasedOn"]) for entry in FACTS["releases"]}
    for entry in FACTS["releases0x"].split():
        version, _, day = entry.partition("@")
        listed[version] = date.fromisoformat(f"2026-{day}")
    return listed


def _full(repositories: list[str]) -> set[str]:
    return set(map(normalise_repository, repositories))


def test_published_on_the_day_of_the_facts() -> None:
    assert POLICY.published_on.isoformat() == FACTS["gatheredOn"]


def test_lines_and_their_first_days() -> None:
    stated = [(line.name, line.first_released_on.isoformat()) for line in FIELDS.lines]
    assert stated == [(entry["line"], entry["firstReleasedOn"]) for entry in FACTS["lines"]]


def test_releases_and_their_days() -> None:
    assert {release.version: release.released_on for release in FIELDS.releases} == _releases()


def test_line_begins_with_its_first_release() -> None:
    first = {line.name: min(r.released_on for r in FIELDS.releases if r.number.line == line.name) for line in FIELDS.lines}
    assert first == {line.name: line.first_released_on for line in FIELDS.lines}


def test_security_releases() -> None:
    assert [release.version for release in FIELDS.releases if release.fixes_security] == FACTS["securityReleases"]


def test_defects() -> None:
    stated: list[tuple[object, ...]] = [(set(d.repositories), d.first, d.last, d.problem, d.fixed_in) for d in FIELDS.defects]
    assert stated == [
        (_full(e["components"]), parse_release(e["from"]), parse_release(e["to"]), e["what"], e["fixedIn"])
        for e in FACTS["knownDefects"]
    ]


def test_component_versions() -> None:
    stated = {release.version: dict(release.components) for release in FIELDS.releases if release.components}
    assert stated == {
        release: {normalise_repository(name): parse_release(version) for name, version in components.items()}
        for release, components in FACTS["componentVersions"].items()
    }


def test_product_lines() -> None:
    stated = [
        (product.lines, {c.repository for c in product.components}, product.numbering, product.same_release)
        for product in FIELDS.product_lines
    ]
    assert stated == [
        (
            tuple(entry["lines"]),
            _full(entry["components"]),
            Numbering.RELEASE if entry.get("numbering") == "release" else Numbering.COMPONENT,
            entry.get("sameRelease") == "true",
        )
        for entry in FACTS["productLines"]
    ]


def test_optional_components() -> None:
    stated = {c.repository for product in FIELDS.product_lines for c in product.components if c.optional}
    assert stated == {name for entry in FACTS["productLines"] for name in _full(entry.get("optional", []))}


def test_replaced_components() -> None:
    (replaces,) = [entry["replaces"] for entry in FACTS["productLines"] if "replaces" in entry]
    assert POLICY.successors_of == {normalise_repository(old): normalise_repository(new) for old, new in replaces.items()}


def test_tools() -> None:
    assert _full(FACTS["tools"]) == FIELDS.tools


def test_repackaged_variants() -> None:
    stated = [word for word, build in POLICY.tags.qualifiers.items() if build is Build.REPACKAGED]
    assert stated == FACTS["repackagedVariants"]


@pytest.mark.parametrize(("line", "prefix"), [("2.1", "perfana-"), ("4.0", "perfana-"), ("0.1", ""), ("0.2", "")])
def test_tag_prefix_of_a_line(line: str, prefix: str) -> None:
    assert POLICY.lines[line].tag_prefix == prefix


def test_facts_that_nobody_states_are_empty() -> None:
    assert facts.Subject("Node") == ("Node", "", "", "", "")
    assert facts.Setting("a") == ("a", "", None)
    assert facts.Container("a", "b") == ("a", "b", facts.ContainerRole.MAIN, None, facts.PLAIN, "")
    assert facts.Workload("Pod", "ns", "a", ()) == ("Pod", "ns", "a", (), (), None, "")
    assert facts.Platform() == ("", "", (), ())
    assert facts.Declared("redis") == ("redis", "")
    assert facts.Installation("ns", ()) == ("ns", (), (), None, (), {}, False)


def test_roles_of_containers_have_their_words() -> None:
    assert list(facts.ContainerRole) == ["Main", "Init", "Ephemeral"]
