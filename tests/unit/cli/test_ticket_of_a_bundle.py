"""`perfana-support ticket` of what a bundle holds, and sources that contradict each other."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.bundles import evidence, write_bundle
from tests.unit.cli.program import Program


def test_a_bundles_own_contract_and_verdict_count_and_the_bundle_is_named(tmp_path: Path, program: Program) -> None:
    file = write_bundle(tmp_path, evidence("perfana/perfana-web:perfana-4.0.3"))
    outcome = program("ticket", "--severity", "SEV2", "--bundle", file, "--at", "2026-11-27T16:59+01:00", "-o", "json")
    found = json.loads(outcome.out)
    assert (outcome.code, found["plan"]["name"]) == (0, "Team")
    assert found["bundle"].startswith("bundle.tar.gz (sha256 ")
    assert found["response"]["vendorDueTime"] == "2026-11-30T13:59:00+01:00"


def test_a_bundle_of_what_could_not_be_read_is_undetermined(tmp_path: Path, program: Program) -> None:
    blind = evidence("perfana/perfana-web:perfana-4.0.3")
    blind = blind._replace(installation=blind.installation._replace(gaps=("pods cannot be listed: forbidden",)))
    outcome = program("ticket", "--severity", "SEV2", "--bundle", write_bundle(tmp_path, blind))
    assert (outcome.code, "WorkloadsUnreadable" in outcome.out) == (5, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-f", "x.yaml", "--bundle", "y"), "no two of them"),
        (("-n", "x", "--bundle", "y"), "no two of them"),
        (("--bundle", "y", "--policy", "z"), "holds its own check and policy"),
        (("--bundle", "no-such-file"), "no-such-file: No such file or directory"),
    ],
)
def test_sources_that_contradict_each_other_are_refused(program: Program, words: tuple[str, ...], told: str) -> None:
    outcome = program("ticket", "--severity", "SEV2", *words)
    assert (outcome.code, outcome.out, told in outcome.err) == (2, "", True)


@pytest.mark.parametrize(("day", "code"), [("2026-12-24", 0), ("2027-01-15", 5), ("2026-10-01", 5)])
def test_a_ticket_on_facts_of_another_month_is_undetermined(tmp_path: Path, program: Program, day: str, code: int) -> None:
    file = write_bundle(tmp_path, evidence("perfana/perfana-web:perfana-4.0.3"))
    outcome = program("ticket", "--severity", "SEV2", "--bundle", file, "--at", f"{day}T12:00+01:00")
    assert (outcome.code, "FactsOutdated" in outcome.out, "2026-11-24" in outcome.out) == (code, code == 5, True)
