"""Two minutes from a bare cluster to the first verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.installation import OPERATORS, ready_operator_pods
from tests.snippets import snippet

if TYPE_CHECKING:
    from tests.e2e.first_verdict import FirstVerdict
    from tests.e2e.place import Place, Shell

TWO_MINUTES = 120.0


def test_from_a_bare_cluster_to_the_first_verdict_it_takes_two_minutes_at_most(installed: FirstVerdict) -> None:
    assert installed.seconds < TWO_MINUTES
    header, verdict = [line.split() for line in installed.table.splitlines()[-2:]]
    assert verdict[header.index("SUPPORTED")] == "True"


@pytest.mark.usefixtures("installed")
def test_the_chart_asks_the_operator_by_its_service_whether_it_is_well(place: Place, shell: Shell) -> None:
    ready_operator_pods(shell)
    place.publish(OPERATORS, OPERATORS)
    assert "Succeeded" in shell.must(snippet("charts/perfana-support/README.md", "test"))
