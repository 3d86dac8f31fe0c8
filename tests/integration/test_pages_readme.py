"""README.md, block by block, as somebody pastes it who has just cloned the repository."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.cluster.waiting import wait_for
from tests.integration.operator_process import OperatorProcess
from tests.integration.pages import DAY, check_out, forget_verdicts, table
from tests.integration.shifted_operator import ShiftedClock
from tests.integration.support_objects import NEW_CHART, OLD_CHART
from tests.shell import Shell, user
from tests.snippets import ROOT, changed, snippet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.server import Cluster

PAGE = "README.md"
SUPPORTED, USAGE, NOT_SUPPORTED = 0, 2, 3
JUDGED_WITHIN_SECONDS = 90.0
AGE = re.compile(r"(\d+[smhdy])+")


@pytest.fixture
def checkout(tmp_path: Path) -> Shell:
    """Return somebody in a checkout, without a cluster, on the day of the page."""
    check_out(tmp_path)
    return user(folder=tmp_path).having(PERFANA_SUPPORT_AS_OF=DAY)


def test_demo_and_setup_are_what_ci_runs_on_a_clean_checkout() -> None:
    """Both take minutes on a new machine, and `.ci/run` has them run on one each time."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert snippet(PAGE, "setup").strip() in lines
    assert snippet(PAGE, "demo").strip() in lines


@pytest.mark.usefixtures("installed")
def test_operator_starts_as_the_page_says_and_judges(pages_cluster: Cluster, tmp_path: Path) -> None:
    check_out(tmp_path)
    forget_verdicts(pages_cluster)
    reader = user(pages_cluster, tmp_path).having(PERFANA_SUPPORT_HTTP_PORT="0")
    with reader.meanwhile(snippet(PAGE, "operator")) as running:
        for namespace, verdict in (("legacy", "False"), ("perfana", "True")):
            running.wait_until_said(f"SupportCheck {namespace}/perfana: Supported is {verdict}", JUDGED_WITHIN_SECONDS)


@pytest.mark.usefixtures("installed")
def test_verdicts_are_those_that_kubectl_prints(pages_cluster: Cluster, tmp_path: Path) -> None:
    """All but the ages, on the page's day; for checks that nobody has judged before."""
    forget_verdicts(pages_cluster)
    reader = user(pages_cluster, tmp_path)
    command, shown = snippet(PAGE, "verdicts").split("\n", 1)
    clock = ShiftedClock(tmp_path / "clock")
    clock.set(datetime.fromisoformat(f"{DAY}T12:00:00+00:00"))
    words = ("--http-port", "0", "--clock-file", str(clock.file))
    module = "tests.integration.shifted_operator"
    with OperatorProcess(pages_cluster, pages_cluster.kubeconfig, *words, module=module) as operator:
        operator.start()

        def prints_them() -> bool:
            everything = table(reader.must(command.removeprefix("$ ")))
            printed = [row for row in everything if row[0] in ("NAMESPACE", "legacy", "perfana")]
            assert all(AGE.fullmatch(row[-1]) for row in (*printed[1:], *table(shown)[1:]))
            return [row[:-1] for row in printed] == [row[:-1] for row in table(shown)]

        wait_for(prints_them, JUDGED_WITHIN_SECONDS, "the verdicts of the page")


HELM = f"#!/bin/sh\n[ \"$*\" = 'template perfana perfana/perfana' ] && exec cat {ROOT}/tests/data/charts/{NEW_CHART}\nexit 1\n"
"""Helm with the vendor's repository added: what it renders is among our test data."""

CODES = {
    f"-f tests/data/charts/{NEW_CHART}": SUPPORTED,
    f"-f tests/data/charts/{OLD_CHART} -o json": NOT_SUPPORTED,
    "--as-of 2028-03-24": NOT_SUPPORTED,
    "-o html=report.html": NOT_SUPPORTED,
    "--target 0.2.96.22 --kubernetes-version v1.36.3": NOT_SUPPORTED,
    "explain EndOfLife": SUPPORTED,
    "ticket --severity SEV2": SUPPORTED,
    "policy show": SUPPORTED,
    "helm template": SUPPORTED,
}


def test_commands_end_as_the_table_of_exit_codes_says(checkout: Shell) -> None:
    """A ticket is raised today, so its maintenance has to be later than any today."""
    (checkout.folder / "helm").write_text(HELM)
    (checkout.folder / "helm").chmod(0o755)
    reader = checkout.finding(checkout.folder)
    block = changed(snippet(PAGE, "check"), ("--severity SEV2", f"--severity SEV2 --at {DAY}T12:00"))
    found = reader.each(block)
    wanted = {line: next(code for words, code in reversed(CODES.items()) if words in line) for line in block.splitlines()}
    assert found == wanted
    assert (reader.folder / "report.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.usefixtures("installed")
def test_check_is_taken_by_the_server_and_by_the_command_line(pages_cluster: Cluster, checkout: Shell, tmp_path: Path) -> None:
    (tmp_path / "check.yaml").write_text(snippet(PAGE, "supportcheck"))
    said = user(pages_cluster, tmp_path).must("kubectl apply --dry-run=server -f check.yaml")
    assert "supportcheck.support.perfana.io/perfana configured" in said
    before_the_end = f".venv/bin/perfana-support check -f tests/data/charts/{OLD_CHART} --as-of 2026-06-01 -o json"
    found = json.loads(checkout.must(f"{before_the_end} --check check.yaml"))["findings"]
    waived = {each.get("waivedUntil") for each in found if each["code"] == "ApproachingEndOfLife"}
    assert waived == {"2027-01-31"}


def test_policy_moves_the_end_of_life_that_it_names(checkout: Shell) -> None:
    (checkout.folder / "acme.yaml").write_text(snippet(PAGE, "policy"))
    checkout.must(".venv/bin/perfana-support policy lint acme.yaml")
    chart = f".venv/bin/perfana-support check -f tests/data/charts/{OLD_CHART} -o json"
    assert checkout.run(chart).returncode == NOT_SUPPORTED
    assert "EndOfLife" in _reasons(checkout.run(chart).stdout)
    assert "EndOfLife" not in _reasons(checkout.run(f"{chart} --policy acme.yaml --as-of 2027-03-31").stdout)
    assert "EndOfLife" in _reasons(checkout.run(f"{chart} --policy acme.yaml --as-of 2027-04-01").stdout)


def test_check_that_names_a_policy_needs_it(checkout: Shell) -> None:
    """What the page says beside that block."""
    named = changed(snippet(PAGE, "supportcheck"), ("spec:\n", "spec:\n  policyRef: {name: acme}\n"))
    (checkout.folder / "check.yaml").write_text(named)
    (checkout.folder / "acme.yaml").write_text(snippet(PAGE, "policy"))
    command = f".venv/bin/perfana-support check -f tests/data/charts/{OLD_CHART} --check check.yaml"
    assert checkout.run(command).returncode == USAGE
    checkout.must(f"{command} --policy acme.yaml")


def _reasons(report: str) -> list[str]:
    return [each["reason"] for each in json.loads(report)["conditions"]]
