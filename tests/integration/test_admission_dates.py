"""What the API server refuses follows the day, without a restart of the operator or a change of anything."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import yaml

from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ROOT, OperatorProcess
from tests.integration.shifted_operator import ShiftedClock
from tests.integration.support_objects import API_VERSION, POLICY, RELEASED, deployment

if TYPE_CHECKING:
    from tests.cluster.client import ApiClient
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

MIDNIGHT = datetime(2027, 3, 1, tzinfo=UTC)
LAST_DAY = "2027-02-28"
NOTICED_WITHIN_SECONDS = 90.0


def test_line_is_refused_from_the_day_after_its_end_without_a_restart(
    cluster: Cluster, api: ApiClient, install_crds: list[str], identity: Identity, namespace: str
) -> None:
    assert install_crds
    manifest = ROOT / "manifests" / "admission.yaml"
    clock = ShiftedClock(cluster.folder / f"clock-{secrets.token_hex(4)}")
    clock.set(MIDNIGHT - timedelta(hours=14))
    arguments = ["--clock-file", str(clock.file), "--http-port", "0", "--wake-spread-seconds", "0", "--no-leader-election"]

    def warning() -> str:
        text = yaml.safe_dump(deployment(RELEASED))
        return cluster.kubectl("-n", namespace, "apply", "--dry-run=server", "-f", "-", stdin=text).stderr

    def told() -> str:
        return str(api.get(API_VERSION, POLICY, "perfana-support").get("status", {}).get("admission", ""))

    try:
        assert cluster.kubectl("apply", "-f", str(manifest)).returncode == 0
        api.patch(API_VERSION, POLICY, "perfana-support", {"spec": {"lines": [{"name": "4.0", "endOfLifeOn": LAST_DAY}]}})
        with OperatorProcess(cluster, identity.kubeconfig, *arguments, module="tests.integration.shifted_operator") as process:
            process.start()
            wait_for(lambda: "line 3.1" in told(), NOTICED_WITHIN_SECONDS, "the patterns are there")
            assert "line 4.0" not in told()
            assert warning() == ""
            clock.set(MIDNIGHT - timedelta(seconds=2))
            wait_for(lambda: "line 4.0" in told(), NOTICED_WITHIN_SECONDS, "the patterns follow the day")
            wait_for(lambda: f"reached its end of life on {LAST_DAY}" in warning(), NOTICED_WITHIN_SECONDS, "the server warns")
            assert process.is_running
    finally:
        cluster.kubectl("delete", "-f", str(manifest), "--ignore-not-found")
