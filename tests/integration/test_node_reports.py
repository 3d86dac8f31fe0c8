"""Policy reports where Kubernetes' own garbage collector runs: they go with their check, and stay away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.kyverno import FOLDER
from tests.cluster import binaries
from tests.cluster.client import ApiError
from tests.cluster.crds import apply_crds
from tests.cluster.module import module_folder
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ROOT, shipped_identity
from tests.integration.support_objects import API_VERSION, CHECK, SNAPSHOT, Site, check, deployment
from tests.integration.test_policy_reports import NAME, OPEN, apply_definition, apply_rights, operator, options
from tests.node.node import Node
from tests.node.programs import find_programs
from tests.node.workload import make_namespace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

COLLECTED_WITHIN_SECONDS = 180.0
"""The collector learns of new kinds every half a minute."""


def test_report_is_collected_with_its_check_and_not_written_again(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        find_programs(binaries.find().kubernetes)
    with Node() as node:
        api = node.client()
        apply_crds(api, ROOT / "crds")
        definitions = module_folder(FOLDER, "github.com/openreports/reports-api") / "config/crd"
        apply_definition(api, definitions / "openreports.io_reports.yaml", tmp_path / "definitions")
        identity = shipped_identity(node.cluster)
        apply_rights(api)
        with operator(node.cluster, identity, *options()) as process:
            process.start()
            site = Site(api, make_namespace(api, "collected"), process)

            def reports() -> set[str]:
                return {each["metadata"]["name"] for each in api.list(*OPEN, site.namespace)["items"]}

            site.create(deployment(SNAPSHOT), check(), check("other"))
            wait_for(
                lambda: reports() == {NAME, "perfana-support-other"},
                COLLECTED_WITHIN_SECONDS,
                "both reports",
                ignoring=(ApiError,),
            )
            api.delete(API_VERSION, CHECK, "perfana", site.namespace)
            wait_for(lambda: NAME not in reports(), COLLECTED_WITHIN_SECONDS, "the report is collected", ignoring=(ApiError,))
            site.create(check("third"))
            left = {"perfana-support-other", "perfana-support-third"}
            wait_for(lambda: reports() == left, COLLECTED_WITHIN_SECONDS, "that of a third check, and no other")
