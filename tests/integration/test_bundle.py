"""`perfana-support bundle` against a real API server, as somebody types it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from perfana_support.sources.bundle.archive import unpack
from tests.integration.planting import plant, uproot
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    POLICY,
    RELEASED,
    SNAPSHOT,
    check,
    deployment,
    pod,
    policy,
    stateful_set,
)
from tests.integration.test_live_check import READS
from tests.integration.test_registry_check import RELEASE, VENDORS
from tests.planted import LOG_LINE, SERVER_ADDRESS, shapes
from tests.registry.server import Registry
from tests.shell import user
from tests.snippets import changed, snippet
from tests.unit.cli.program import Outcome, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient
    from tests.cluster.server import Cluster

PAGE = "docs/bundles.md"
PODS = 200
BUNDLE_SECONDS = 10.0
BUNDLE_BYTES = 10 * 2**20
MAY_READ_ALL = [
    *READS,
    {"apiGroups": [""], "resources": ["events", "pods", "pods/log"], "verbs": ["get", "list"]},
    {"apiGroups": ["support.perfana.io"], "resources": ["supportchecks"], "verbs": ["list"]},
]


class Desk:
    """A namespace in a cluster, and a folder for bundles of it."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.file = folder / "bundle.tar.gz"

    def take(self, *words: str, environment: dict[str, str] | None = None) -> Outcome:
        """Take a bundle."""
        where = ("--kubeconfig", str(self.kubeconfig), "-n", self.namespace, "-o", str(self.file))
        return start("bundle", *where, *words, environment=environment)

    def check(self, *words: str) -> Outcome:
        """Judge the namespace without a bundle."""
        return start("check", "--kubeconfig", str(self.kubeconfig), "-n", self.namespace, "-o", "json", *words)

    @property
    def index(self) -> dict[str, object]:
        """The index of the bundle that was taken."""
        found: dict[str, object] = json.loads(unpack(str(self.file))["index.json"])
        return found


@pytest.fixture
def desk(cluster: Cluster, namespace: str, install_crds: list[str], tmp_path: Path) -> Desk:
    assert install_crds
    return Desk(cluster.kubeconfig, namespace, tmp_path)


def judged_again(desk: Desk) -> bytes:
    """The report of the bundle, judged without a cluster."""
    outcome = start("check", "--bundle", str(desk.file), "-o", "json")
    assert outcome.code in (0, 3, 5), outcome.err
    return outcome.out.encode()


def test_the_bundles_verdict_is_that_of_the_cluster_byte_for_byte(api: ApiClient, desk: Desk) -> None:
    for each in (deployment(SNAPSHOT), stateful_set("mongo:7.0.14", "database"), pod(RELEASED, "alone")):
        api.create(each, desk.namespace)
    taken = desk.take()
    assert (taken.code, taken.err) == (0, "")
    assert "Supported: False (SnapshotBuild)" in taken.out
    assert judged_again(desk) == unpack(str(desk.file))["report/report.json"] == desk.check().out.encode()


def test_the_check_and_its_policy_are_the_clusters(api: ApiClient, desk: Desk) -> None:
    name = f"acme-{desk.namespace}"
    api.create(deployment("perfana/perfana-web:0.2.96.22"), desk.namespace)
    api.create(policy(name, lines=[{"name": "0.2", "endOfLifeOn": "2026-06-01"}]))
    api.create(
        check(
            policyRef={"name": name}, maintenance={"plan": "Team", "expiresOn": "2030-01-01"}, target={"release": "0.2.96.22"}
        ),
        desk.namespace,
    )
    assert "Supported: False (EndOfLife)\nTicketEligible: True (UpgradeAssistanceOnly)" in desk.take().out
    report = json.loads(judged_again(desk))
    assert report["policy"]["name"] == name
    assert "UpgradeSupported" in [condition["type"] for condition in report["conditions"]]
    api.create(check("second"), desk.namespace)
    refused = desk.take()
    assert refused.code == 2
    assert "has several SupportChecks, name one of them: perfana, second" in refused.err
    assert desk.take("--name", "second").code == 0
    assert json.loads(judged_again(desk))["policy"]["name"] != name
    missing = desk.take("--name", "third")
    assert (missing.code, f"is not in namespace {desk.namespace}; there are: perfana, second" in missing.err) == (2, True)
    api.delete(API_VERSION, POLICY, name)
    assert "Supported: Unknown" in desk.take("--name", "perfana").out
    assert "cannot be read, so this is by the built-in policy" in str(desk.index["missing"])
    api.delete(API_VERSION, CHECK, "second", desk.namespace)


def test_what_may_not_be_read_is_said_and_nothing_is_called_supported_for_it(
    api: ApiClient, cluster: Cluster, namespace: str, install_crds: list[str], tmp_path: Path
) -> None:
    assert install_crds
    api.create(deployment(RELEASED), namespace)
    rules = [rule for rule in READS if "supportchecks" not in rule["resources"]]
    one = Desk(cluster.identity("viewer", namespace, rules).kubeconfig, namespace, tmp_path)
    taken = one.take()
    assert taken.code == 0, taken.err
    assert "Supported: Unknown (WorkloadsUnreadable)" in taken.out
    missing = str(one.index["missing"])
    assert all(what in missing for what in ("SupportChecks cannot be read", "events: "))
    assert "note: missing in the bundle: events: " in taken.err
    assert judged_again(one) == unpack(str(one.file))["report/report.json"]
    other = Desk(cluster.identity("keeper", namespace, MAY_READ_ALL).kubeconfig, namespace, tmp_path)
    assert "Supported: True" in other.take().out
    assert other.index["missing"] == []


def test_a_bundle_goes_to_standard_output_where_it_is_asked_to(api: ApiClient, desk: Desk) -> None:
    api.create(deployment(RELEASED), desk.namespace)
    words = ["bundle", "-n", desk.namespace, "--kubeconfig", str(desk.kubeconfig), "-o", "-"]
    done = subprocess.run([sys.executable, "-m", "perfana_support", *words], capture_output=True, check=True)
    desk.file.write_bytes(done.stdout)
    assert judged_again(desk) == unpack(str(desk.file))["report/report.json"]


def test_nothing_is_written_where_only_a_look_was_asked_for(api: ApiClient, desk: Desk) -> None:
    api.create(deployment(RELEASED), desk.namespace)
    outcome = desk.take("--dry-run")
    assert outcome.code == 0
    assert "evidence/objects.json" in outcome.out
    assert not desk.file.exists()


def test_a_server_that_is_not_there_is_no_bundle(cluster: Cluster, desk: Desk, tmp_path: Path) -> None:
    text = cluster.kubeconfig.read_text().replace(cluster.server, "https://127.0.0.1:9")
    (tmp_path / "config").write_text(text)
    outcome = Desk(tmp_path / "config", desk.namespace, tmp_path).take()
    assert (outcome.code, outcome.out) == (2, "")
    assert not desk.file.exists()


def test_the_same_state_gives_the_same_bytes(api: ApiClient, desk: Desk) -> None:
    for place in range(5):
        api.create(deployment(RELEASED, f"web-{place}"), desk.namespace)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795600000"}
    contents = set()
    for _ in range(3):
        assert desk.take(environment=environment).code == 0
        contents.add(desk.file.read_bytes())
    assert len(contents) == 1


@pytest.fixture
def crowd(api: ApiClient, desk: Desk) -> Desk:
    """Return a namespace with as many pods as a large installation has."""
    api.create(deployment(RELEASED), desk.namespace)
    for place in range(PODS):
        api.create(pod(RELEASED, f"web-{place}"), desk.namespace)
    return desk


def test_two_hundred_pods_are_a_small_bundle_within_seconds(crowd: Desk) -> None:
    took = []
    for words in ((), ("--anonymise",), ("--logs", "100")):
        begun = time.monotonic()
        assert crowd.take(*words).code == 0
        took.append(time.monotonic() - begun)
        assert crowd.file.stat().st_size <= BUNDLE_BYTES
    assert max(took) <= BUNDLE_SECONDS, took


@pytest.fixture
def planted(api: ApiClient, desk: Desk) -> Iterator[list[str]]:
    """Plant every secret; return the names of the checks among them."""
    try:
        made = plant(api, desk.namespace)
        yield [item["metadata"]["name"] for item in made if item["kind"] == CHECK]
    finally:
        uproot(api)


def test_no_planted_secret_is_in_a_bundle_of_a_real_cluster(desk: Desk, planted: list[str]) -> None:
    assert len(planted) > 1
    for name in planted:
        for words in ((), ("--anonymise",)):
            taken = desk.take("--name", name, "--attest", *words)
            assert taken.code == 0, taken.err
            content = gzip.decompress(desk.file.read_bytes()) + desk.file.with_name("bundle.tar.gz.intoto.json").read_bytes()
            said = content + (taken.out + taken.err).encode()
            assert [
                shape.name for shape in shapes() if shape.where not in (LOG_LINE, SERVER_ADDRESS) and shape.leaks(said)
            ] == []
            assert judged_again(desk) == unpack(str(desk.file))["report/report.json"]


def test_what_registries_said_is_in_a_bundle_and_none_is_asked_again(api: ApiClient, desk: Desk, tmp_path: Path) -> None:
    with Registry() as registry:
        digest = registry.push("hub/perfana/perfana-web", VENDORS, RELEASE)
        images = {"verification": "Registry", "registries": [{"name": "docker.io", "endpoint": f"{registry.address}/v2/hub"}]}
        api.create(deployment(f"perfana/perfana-web:{RELEASE}@{digest}"), desk.namespace)
        file = tmp_path / "policy.json"
        file.write_text(json.dumps(policy("proof", images=images)))
        taken = desk.take("--policy", str(file))
        assert taken.code == 0, taken.err
        alive = desk.check("--policy", str(file))
        report = unpack(str(desk.file))["report/report.json"]
        assert report == alive.out.encode()
        hidden = desk.take("--policy", str(file), "--anonymise")
    assert (hidden.code, alive.code, hidden.out.splitlines()[1:]) == (0, 0, taken.out.splitlines()[1:])
    assert judged_again(desk) == unpack(str(desk.file))["report/report.json"]
    assert {each["type"]: each["reason"] for each in json.loads(report)["conditions"]}["ImagesUnmodified"] == "AllRulesMet"


def test_the_page_about_bundles_does_what_it_says(api: ApiClient, cluster: Cluster, desk: Desk, tmp_path: Path) -> None:
    api.create(deployment(SNAPSHOT), desk.namespace)
    here = ("-n perfana", f"-n {desk.namespace}")

    def run(block: str, *changes: tuple[str, str]) -> str:
        done = user(cluster, tmp_path).run(changed(block, *changes))
        assert done.returncode in (0, 3), done.stderr
        return done.stdout

    said = run(snippet(PAGE, "take"), here)
    assert "evidence/objects.json" in said
    assert "SnapshotBuild" in said
    bundle = tmp_path / "perfana.tar.gz"
    bundle.rename(tmp_path / "before.tar.gz")
    run(snippet(PAGE, "anonymise"), here)
    assert json.loads((tmp_path / "pseudonyms.json").read_text())["namespace"] == {desk.namespace: "namespace-1"}
    assert (tmp_path / "pseudonyms.json").stat().st_mode & 0o077 == 0
    assert desk.namespace.encode() not in gzip.decompress(bundle.read_bytes())
    bundle.rename(tmp_path / "after.tar.gz")
    assert "one of them is under pseudonyms" in run(snippet(PAGE, "diff"))


def test_a_ticket_is_asked_for_what_runs_and_for_its_bundle_alike(api: ApiClient, desk: Desk) -> None:
    api.create(deployment("perfana/perfana-fe:perfana-3.1.0"), desk.namespace)
    api.create(check(maintenance={"plan": "Team", "expiresOn": "2099-01-01"}), desk.namespace)
    assert desk.take().code == 0
    words = ("ticket", "--severity", "SEV2", "--topic", "upgrade", "-o", "json")
    alive = start(*words, "-n", desk.namespace, "--kubeconfig", str(desk.kubeconfig))
    again = start(*words, "--bundle", str(desk.file))
    found = [json.loads(outcome.out) for outcome in (alive, again)]
    assert [(each["possible"]["reason"], each["plan"]["name"]) for each in found] == [("UpgradeAssistanceOnly", "Team")] * 2
    assert (alive.code, again.code) == (0, 0)
    assert (found[0]["bundle"], found[1]["bundle"].split()[0]) == (None, "bundle.tar.gz")
