"""docs/first-check.md, and what other pages of the documentation show of checks and policies, block by block."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.integration.operator_process import ACCOUNT
from tests.integration.support_objects import API_VERSION, NEW_CHART, POLICY, check, delete_if_there, deployment
from tests.shell import Shell, user
from tests.snippets import snippet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

PAGE = "docs/first-check.md"
MIRRORED = "harbor.example.com/dockerhub/perfana/perfana-web:perfana-4.0.0"


@pytest.fixture
def shell(cluster: Cluster) -> Shell:
    return user(cluster)


def placed(block: str, site: Site) -> str:
    """Return a block for the test's own namespace."""
    return re.sub(r"(-n |namespace: )perfana\b", rf"\g<1>{site.namespace}", block)


def test_first_check_from_the_question_to_the_verdict_and_the_target(shell: Shell, site: Site) -> None:
    site.apply_chart(NEW_CHART)
    assert "Supported" in shell.must(placed(snippet(PAGE, "ask"), site))
    assert shell.must(snippet(PAGE, "explain")).startswith("EndOfLife")
    shell.must(placed(snippet(PAGE, "check"), site))
    got = shell.must(placed(snippet(PAGE, "wait"), site)).splitlines()[-2:]
    shown = snippet(PAGE, "table").splitlines()
    assert [line.split()[:-1] for line in got] == [line.split()[:-1] for line in shown]
    details = shell.must(placed(snippet(PAGE, "details"), site))
    assert "\nVersionSupported True AllRulesMet\n" in f"\n{details}"
    assert "condition met" in shell.must(placed(snippet(PAGE, "target"), site))


def test_waiver_of_the_concepts_is_taken_by_the_server(site: Site) -> None:
    document = yaml.safe_load(snippet("docs/concepts.md", "waiver"))
    del document["metadata"]["namespace"]
    site.create(document)
    assert site.get()["spec"]["waivers"][0]["code"] == "ApproachingEndOfLife"


def test_policy_of_ones_own_is_looked_at_and_put_into_force(shell: Shell, site: Site, tmp_path: Path) -> None:
    site.create(deployment(MIRRORED), check())
    site.wait_for_condition("ImagesUnmodified", "Unknown", "UnofficialRepository")
    (tmp_path / "acme.yaml").write_text(snippet("docs/policy-authoring.md", "policy"), encoding="utf-8")
    (tmp_path / "perfana.yaml").write_text(yaml.safe_dump(deployment(MIRRORED)), encoding="utf-8")
    told = shell.at(tmp_path).must(snippet("docs/policy-authoring.md", "lint"))
    assert "acme.yaml: valid" in told
    assert "2027-03-31" in told
    try:
        shell.at(tmp_path).must(placed(snippet("docs/policy-authoring.md", "apply"), site))
        site.wait_for_condition("ImagesUnmodified", "True", "AllRulesMet")
    finally:
        delete_if_there(site.api, POLICY, "acme")


@pytest.mark.parametrize(
    ("block", "judged", "told"),
    [
        (snippet("docs/policy-authoring.md", "line"), ("perfana/perfana-web:0.3.1", "2026-11-26"), "UnlistedPatch"),
        (snippet("docs/policy-authoring.md", "release"), ("perfana/perfana-web:0.2.96.22", "2026-11-26"), "SecurityFixMissing"),
        (
            snippet("docs/policy-authoring.md", "clock"),
            ("perfana/perfana-web:perfana-3.5.0", "2027-02-01"),
            "ApproachingEndOfLife",
        ),
    ],
)
def test_recipes_do_what_they_say(shell: Shell, tmp_path: Path, block: str, judged: tuple[str, str], told: str) -> None:
    """Each is told of with the recipe, and without it is not."""
    image, as_of = judged
    head = f"apiVersion: {API_VERSION}\nkind: SupportPolicy\nmetadata: {{name: acme}}\n"
    (tmp_path / "acme.yaml").write_text(head + block, encoding="utf-8")
    (tmp_path / "perfana.yaml").write_text(yaml.safe_dump(deployment(image)), encoding="utf-8")
    command = f"perfana-support check -f perfana.yaml --as-of {as_of} -o wide --on-unknown pass"
    assert "valid" in shell.at(tmp_path).must("perfana-support policy lint acme.yaml")
    assert told in shell.at(tmp_path).run(f"{command} --policy acme.yaml").stdout
    assert told not in shell.at(tmp_path).run(command).stdout


def test_mirror_without_a_network_is_the_vendors_by_the_policy_of_the_page(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(snippet("docs/air-gap.md", "policy"), encoding="utf-8")
    image = "registry.internal/dockerhub/perfana/perfana-web:perfana-4.0.0"
    (tmp_path / "perfana.yaml").write_text(yaml.safe_dump(deployment(image)), encoding="utf-8")
    assert "Supported" in shell.at(tmp_path).must(snippet("docs/air-gap.md", "judge"))
    assert shell.at(tmp_path).run("perfana-support check -f perfana.yaml").returncode == 5


def test_rights_of_the_operator_are_listed_as_the_page_shows(shell: Shell, operator: object) -> None:
    """By its account in this cluster: pods may be listed and watched, and Secrets are not even mentioned."""
    assert operator
    rows = shell.must(snippet("docs/permissions.md", "look")).splitlines()
    (pods,) = [row for row in rows if row.startswith("pods ")]
    assert "[list watch]" in pods
    assert not any("secrets" in row for row in rows)
    assert ACCOUNT == "perfana-support"
