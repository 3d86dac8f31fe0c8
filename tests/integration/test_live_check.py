"""`perfana-support check -n` and `status` against a real API server, with rights in one namespace alone."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.operator_process import shipped_rules
from tests.integration.support_objects import CHECK, RELEASED, SNAPSHOT, check, deployment, pod, stateful_set
from tests.unit.cli.program import Outcome, start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.client import ApiClient
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

PODS = 200
LIVE_CHECK_SECONDS = 2.0
READS = [
    {**rule, "verbs": ["list"], "resources": [resource for resource in rule["resources"] if resource != "nodes"]}
    for rule in shipped_rules()
    if "list" in rule["verbs"]
]


@pytest.fixture
def reader(cluster: Cluster, namespace: str) -> Identity:
    """Return somebody who may list what runs in the namespace, and nothing else."""
    return cluster.identity("reader", namespace, READS)


def live(identity: Identity | Path, *arguments: str) -> Outcome:
    kubeconfig = getattr(identity, "kubeconfig", identity)
    return start("check", "--kubeconfig", str(kubeconfig), *arguments)


def test_cluster_and_manifests_get_one_verdict(api: ApiClient, namespace: str, reader: Identity, tmp_path: Path) -> None:
    objects = [deployment(SNAPSHOT), stateful_set("mongo:7.0.14", "database")]
    for each in objects:
        api.create(each, namespace)
        each["metadata"]["namespace"] = namespace
    (tmp_path / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    alive = live(reader, "-n", namespace, "-o", "json")
    written = start("check", "-f", str(tmp_path), "-o", "json")
    assert (alive.code, written.code, alive.err) == (3, 3, "")
    reports = [json.loads(outcome.out) for outcome in (alive, written)]
    found, told = ({(each["code"], each["message"]) for each in report["findings"]} for report in reports)
    assert found == told
    platform = next(each for each in reports[0]["conditions"] if each["type"] == "PlatformSupported")
    assert (platform["status"], "no node that runs the pods was seen" in platform["message"]) == ("True", True)
    assert reports[0]["source"]["kind"] == "Cluster"


def test_nodes_that_may_not_be_listed_are_not_said_to_be_supported(
    api: ApiClient, cluster: Cluster, namespace: str, reader: Identity
) -> None:
    api.create(deployment(RELEASED), namespace)
    placed = pod(RELEASED)
    placed["spec"]["nodeName"] = "nowhere"
    api.create(placed, namespace)
    conditions = json.loads(live(reader, "-n", namespace, "-o", "json").out)["conditions"]
    told = {each["type"]: each for each in conditions}
    assert (told["PlatformSupported"]["status"], told["PlatformSupported"]["reason"]) == ("Unknown", "NotObservable")
    assert "left out: PlatformSupported" in told["Supported"]["message"]
    seen = json.loads(live(cluster.kubeconfig, "-n", namespace, "-o", "json").out)["conditions"]
    assert {each["type"]: each["reason"] for each in seen}["PlatformSupported"] == "PlatformUnreadable"


def test_two_hundred_pods_are_judged_in_two_seconds(api: ApiClient, namespace: str, reader: Identity) -> None:
    api.create(deployment(RELEASED), namespace)
    for place in range(PODS):
        api.create(pod(RELEASED, f"web-{place}"), namespace)
    took = []
    for _ in range(3):
        begun = time.monotonic()
        outcome = live(reader, "-n", namespace, "-o", "json")
        took.append(time.monotonic() - begun)
        assert outcome.code == 0, outcome.err + outcome.out
    assert min(took) <= LIVE_CHECK_SECONDS, took


def test_what_is_forbidden_is_undetermined_and_named(api: ApiClient, cluster: Cluster, namespace: str) -> None:
    api.create(deployment(RELEASED), namespace)
    blind = cluster.identity("blind", namespace, [rule for rule in READS if "pods" not in rule["resources"]])
    outcome = live(blind, "-n", namespace)
    assert outcome.code == 5
    assert 'cannot list resource "pods"' in outcome.out


def test_all_namespaces_and_a_selector(api: ApiClient, cluster: Cluster, namespace: str) -> None:
    labelled = deployment(SNAPSHOT)
    labelled["metadata"]["labels"] = {"tier": "old"}
    api.create(labelled, namespace)
    api.create(deployment(RELEASED, "other"), namespace)
    admin = cluster.kubeconfig
    outcome = live(admin, "-A", "-o", "json")
    reports = json.loads(outcome.out)
    items = reports.get("items", [reports])
    assert namespace in [report["source"]["namespace"] for report in items]
    assert live(admin, "-n", namespace, "-l", "tier=old").code == 3
    assert "SnapshotBuild" not in live(admin, "-n", namespace, "-l", "tier!=old").out


def test_server_that_is_not_there_is_no_verdict(cluster: Cluster, tmp_path: Path) -> None:
    text = cluster.kubeconfig.read_text().replace(cluster.server, "https://127.0.0.1:9")
    (tmp_path / "config").write_text(text)
    outcome = live(tmp_path / "config", "-n", "default")
    assert (outcome.code, outcome.out) == (2, "")
    assert "https://127.0.0.1:9: cannot be asked" in outcome.err


def status(cluster: Cluster, *arguments: str) -> Outcome:
    return start("status", "--kubeconfig", str(cluster.kubeconfig), *arguments)


def test_status_prints_what_the_operator_says(cluster: Cluster, site: Site) -> None:
    site.create(deployment(SNAPSHOT), check())
    site.wait_for_verdict("False", "SnapshotBuild")
    outcome = status(cluster, "-n", site.namespace)
    assert outcome.code == 3
    assert [line.split()[:5] for line in outcome.out.splitlines()] == [
        ["NAMESPACE", "NAME", "VERSION", "SUPPORTED", "REASON"],
        [site.namespace, "perfana", "0.2.97.0", "False", "SnapshotBuild"],
    ]
    full = status(cluster, "perfana", "-n", site.namespace).out
    assert "Unsupported SnapshotBuild: " in full
    site.set_image(RELEASED)
    site.wait_for_verdict("True")
    assert status(cluster, "perfana", "-n", site.namespace).code == 0
    assert json.loads(status(cluster, "-n", site.namespace, "-o", "json").out)["items"][0]["kind"] == CHECK


def test_status_of_a_check_that_is_not_there_is_an_error(cluster: Cluster, site: Site) -> None:
    outcome = status(cluster, "nobody", "-n", site.namespace)
    assert (outcome.code, "there is no SupportCheck nobody" in outcome.err) == (2, True)
