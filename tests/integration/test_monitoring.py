"""A real Prometheus that scrapes a real operator: what the pages say about watching it, and what the dashboard asks for."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.crds import apply_crds
from tests.cluster.waiting import wait_for
from tests.integration.clinic import POD, pod_spec
from tests.integration.operator_process import ACCOUNT, ROOT
from tests.integration.support_objects import API_VERSION, POLICY
from tests.node.network import Bridge, make_bridge
from tests.shell import Shell, user
from tests.snippets import changed, snippet
from tests.unit.controller.test_metrics import PUBLISHED
from tests.watching.dashboard import DASHBOARD, panels, queries
from tests.watching.picture import HONEST, Past, draw
from tests.watching.programs import find_programs
from tests.watching.rules import FOLDER, RULES, alerts, groups
from tests.watching.scene import IMAGES, SEEN_WITHIN_SECONDS, Scene, counted, scene
from tests.watching.server import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import Object

PAGE = "docs/monitoring.md"

OR_NOTHING = " or vector(0)"
MAY_BE_EMPTY = {"Begun anew", "Operators not ready"}
"""Panels of what need not have happened yet: what they ask for is exported all the same."""


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """Return a network with an address of this machine that is not loopback, as pods have: the server goes to no other."""
    owner = tmp_path_factory.mktemp("perfana-test-node-") / "bridge"
    owner.mkdir()
    made = make_bridge(owner)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, bridge: Bridge) -> Iterator[Scene]:
    """Run installations, an operator and a Prometheus, with the Service that ships before the operator."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        find_programs()
    with scene(bridge.address) as made:
        for item in _service(bridge.address, made.port):
            made.cluster.client().create(item, ACCOUNT)
        addresses = {"podIP": bridge.address, "podIPs": [{"ip": bridge.address}]}
        made.cluster.client().patch("v1", "Pod", POD, {"status": addresses}, ACCOUNT, subresource="status")
        yield made


def _service(address: str, port: int) -> list[Object]:
    """The Service that ships, what a controller makes of it, and the pod behind it: the server goes to pods alone."""
    labels = {"app.kubernetes.io/name": "perfana-support"}
    name = {"name": "perfana-support", "labels": {**labels, "kubernetes.io/service-name": "perfana-support"}}
    ports = [{"name": "http", "port": port, "targetPort": port}]
    target = {"kind": "Pod", "namespace": ACCOUNT, "name": POD}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": {"ports": ports}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": name,
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": port}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}, "targetRef": target}],
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD}, "spec": pod_spec(["operator"])},
    ]


def _shell(stage: Scene, folder: Path = ROOT) -> Shell:
    """Somebody with promtool as well."""
    return user(stage.cluster, folder).finding(find_programs().promtool.parent)


def _exported(stage: Scene) -> str:
    """What the operator says, through the API server."""
    path = f"/api/v1/namespaces/{ACCOUNT}/services/perfana-support:http/proxy/metrics"
    return str(stage.cluster.client().request("GET", path)["text"])


def _families(stage: Scene) -> dict[str, tuple[str, set[str]]]:
    """The type and the labels of each metric that the operator exports."""
    found = {}
    for family in text_string_to_metric_families(_exported(stage)):
        if family.name.startswith("perfana_") and not family.name.endswith("_created"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
    return found


def test_what_a_real_operator_exports_is_what_is_documented(stage: Scene) -> None:
    found = _families(stage)
    assert {name: kind for name, (kind, _) in found.items()} == {name: kind for name, (kind, _) in PUBLISHED.items()}
    for name, (_, labels) in found.items():  # one that counts what did not happen yet has no series
        assert labels in (set(PUBLISHED[name][1].split()), set()), name


def test_promtool_has_nothing_against_the_metrics(stage: Scene) -> None:
    done = subprocess.run(
        [find_programs().promtool, "check", "metrics"], input=_exported(stage), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_prometheus_evaluates_every_rule(stage: Scene) -> None:
    def evaluated() -> list[Object] | None:
        found = stage.prometheus.ask("rules")["data"]["groups"]
        rules = [rule for group in found for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else None

    rules = wait_for(evaluated, SEEN_WITHIN_SECONDS, "rules that were evaluated")
    assert {rule["health"] for rule in rules} == {"ok"}
    assert sorted(rule["name"] for rule in rules) == sorted(alert["alert"] for alert in alerts())
    pending = 'ALERTS{alertname="PerfanaNotSupported", namespace="legacy", name="perfana"}'
    wait_for(lambda: counted(stage.prometheus, pending) == 1.0, SEEN_WITHIN_SECONDS, "an alert about what is not supported")


@pytest.mark.parametrize("panel", list(panels()), ids=lambda panel: str(panel["title"]))
def test_every_panel_has_something_to_show(stage: Scene, panel: Object) -> None:
    """Without the 0 that some show for nothing, which is always there."""
    for query in queries(panel, "30s"):
        asked = query.expression.removesuffix(OR_NOTHING)
        assert "vector(" not in asked
        if panel["title"] in MAY_BE_EMPTY:
            assert set(re.findall(r"perfana_\w+", asked)) <= _families(stage).keys()
        else:
            wait_for(partial(stage.prometheus.query, asked), SEEN_WITHIN_SECONDS, f"an answer to {asked}")
        now = time.time()
        stage.prometheus.query(query.expression, **({} if query.is_instant else {"start": now - 60, "end": now, "step": 15}))


@pytest.mark.parametrize("title", sorted(MAY_BE_EMPTY))
def test_panels_that_may_be_empty_are_panels(title: str) -> None:
    assert [panel["title"] for panel in panels()].count(title) == 1


@pytest.mark.parametrize("line", snippet("docs/metrics.md", "queries").splitlines())
def test_the_queries_of_the_page_are_answered(stage: Scene, line: str) -> None:
    stage.prometheus.query(line.partition("#")[0].strip())


def test_the_variables_of_the_dashboard_find_namespaces_and_checks(stage: Scene) -> None:
    series = stage.prometheus.ask("series", {"match[]": "perfana_support_check_info"})["data"]
    assert {(one["namespace"], one["name"]) for one in series} == {(name, "perfana") for name in IMAGES}


def test_the_picture_is_drawn(stage: Scene) -> None:
    wanted = {HONEST, "EndOfLife", "legacy", "Verdicts over time", "acme", "leads"}

    def drawn() -> str | None:
        now = time.time()
        text = draw(stage.prometheus, Past(now - 30, now))
        missing[:] = [words for words in wanted if words not in text.replace("&#x27;", "'")]
        return None if missing else text

    missing = list[str]()
    text = wait_for(drawn, SEEN_WITHIN_SECONDS, f"a picture with {missing}")
    assert len(text.encode()) < 300_000


def test_the_picture_of_the_page_is_of_this_dashboard() -> None:
    text = (ROOT / "docs/images/dashboard.svg").read_text(encoding="utf-8")
    assert len(text.encode()) < 300_000
    assert [panel["title"] for panel in panels() if panel["title"] not in text] == []


def test_the_plain_configuration_finds_the_operator_by_its_service(stage: Scene) -> None:
    access = f"- role: endpointslice\n    kubeconfig_file: {stage.cluster.kubeconfig}"
    text = changed(snippet(PAGE, "prometheus"), ("- role: endpointslice", access))
    with Prometheus("global: {scrape_interval: 1s, evaluation_interval: 1s}\n" + text, [RULES]) as prometheus:
        leading = 'perfana_support_leading{namespace="perfana-support", job="perfana-support"}'
        wait_for(lambda: counted(prometheus, leading) == 1.0, SEEN_WITHIN_SECONDS, "the operator as a target")
        verdicts = prometheus.query('perfana_support_condition{condition="Supported"} == 1')
        assert {one["metric"]["namespace"] for one in verdicts} == set(IMAGES)


def test_rules_are_tried_as_the_page_says(stage: Scene) -> None:
    assert "SUCCESS" in _shell(stage).must(snippet(PAGE, "promtool"))


def _kustomized(stage: Scene, folder: Path, kustomization: str) -> dict[str, Object]:
    """What one of the page's kustomizations renders, by kind."""
    shutil.copytree(FOLDER, folder / "perfana-support/manifests/monitoring")
    overlay = folder / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(kustomization, encoding="utf-8")
    text = _shell(stage, overlay).must(snippet(PAGE, "kustomize"))
    return {item["kind"]: item for item in yaml.safe_load_all(text)}


def test_the_component_renders_what_the_server_takes(stage: Scene, tmp_path: Path) -> None:
    items = _kustomized(stage, tmp_path, snippet(PAGE, "kustomization"))
    assert set(items) == {"ConfigMap", "PrometheusRule", "ServiceMonitor"}
    assert items["PrometheusRule"]["spec"]["groups"] == groups()
    assert items["ServiceMonitor"]["spec"]["endpoints"][0]["honorLabels"] is True
    apply_crds(stage.cluster.client(), ROOT / "tests/data/monitoring-crds")
    for item in items.values():
        applied = stage.cluster.kubectl("apply", "--validate=strict", "-n", ACCOUNT, "-f", "-", stdin=yaml.safe_dump(item))
        assert applied.returncode == 0, applied.stderr


def test_a_label_for_a_choosy_prometheus_is_added(stage: Scene, tmp_path: Path) -> None:
    items = _kustomized(stage, tmp_path, snippet(PAGE, "labels"))
    for kind in ("PrometheusRule", "ServiceMonitor"):
        assert items[kind]["metadata"]["labels"]["release"] == "prometheus"
    assert "release" not in items["ConfigMap"]["metadata"]["labels"]


def test_another_address_of_the_runbooks_is_put_in_by_kustomize(stage: Scene, tmp_path: Path) -> None:
    items = _kustomized(stage, tmp_path, snippet(PAGE, "runbooks-kustomize"))
    assert set(items) == {"ConfigMap", "PrometheusRule", "ServiceMonitor"}
    _assert_published(items["PrometheusRule"]["spec"]["groups"])
    assert items["ConfigMap"]["metadata"]["name"] == "perfana-support-dashboard"


def test_another_address_of_the_runbooks_is_put_into_the_file(stage: Scene, tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    _shell(stage, tmp_path).must(snippet(PAGE, "runbooks"))
    _assert_published(yaml.safe_load((tmp_path / RULES.name).read_text(encoding="utf-8"))["groups"])


def _assert_published(found: list[Object]) -> None:
    urls = [rule["annotations"]["runbook_url"] for group in found for rule in group["rules"]]
    base = "https://docs.example.com/perfana-support/runbooks/#"
    assert urls == [f"{base}{alert['alert'].lower()}" for alert in alerts()]


def test_the_sidecar_gets_its_dashboard(stage: Scene) -> None:
    api = stage.cluster.client()
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}})
    _shell(stage).must(snippet(PAGE, "sidecar"))
    made = api.get("v1", "ConfigMap", "perfana-support-dashboard", "monitoring")
    assert made["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert made["data"] == {"perfana-support.json": DASHBOARD.read_text(encoding="utf-8")}


RUNBOOKS = {
    snippet("docs/runbooks.md", "not-supported"): "EndOfLife",
    snippet("docs/runbooks.md", "unknown"): "PlatformSupported",
    snippet("docs/runbooks.md", "ends-soon"): "perfana",
    snippet("docs/runbooks.md", "evaluation-failed"): "",
    snippet("docs/runbooks.md", "policy-stale"): "acme",
    snippet("docs/runbooks.md", "policy-stale-soon"): "60",
    snippet("docs/runbooks.md", "operator-absent"): "endpointslice",
    snippet("docs/runbooks.md", "operator-down"): "",
    snippet("docs/runbooks.md", "operator-unsteady"): "RESTARTS",
    snippet("docs/runbooks.md", "leaderless"): "yes",
    snippet("docs/runbooks.md", "watch-dead"): "yes",
    snippet("docs/runbooks.md", "blind"): "supportpolicies.support.perfana.io",
    snippet("docs/runbooks.md", "behind"): "perfana_support_waiting 0.0",
    snippet("docs/runbooks.md", "writes-fail"): "yes",
}
"""The commands of each runbook, and a word that they print here; the one that reads a log is run on a node,
that of an invalid policy has a test of its own."""


@pytest.mark.parametrize("commands", RUNBOOKS)
def test_the_commands_of_the_runbooks_run(stage: Scene, commands: str) -> None:
    done = _shell(stage).run(commands)
    assert done.returncode == 0, done.stderr
    assert RUNBOOKS[commands] in done.stdout
    assert "error" not in done.stderr.lower()


def test_the_runbook_of_an_invalid_policy_shows_its_problems(stage: Scene) -> None:
    """Of a policy that somebody spoils while it is in force, once the alert is on its way."""
    api, acme = stage.cluster.client(), (API_VERSION, POLICY, "acme")
    alert = 'ALERTS{alertname="PerfanaPolicyInvalid", name="acme"}'
    api.patch(*acme, {"spec": {"lines": [{"name": "9.0", "firstReleasedOn": "2020-01-01"}]}})
    try:
        wait_for(lambda: counted(stage.prometheus, alert) == 1.0, SEEN_WITHIN_SECONDS, "an alert about the policy")
        said = _shell(stage).must(snippet("docs/runbooks.md", "policy-invalid"))
    finally:
        api.patch(*acme, {"spec": {"lines": None}})
    problem = 'spec.lines["9.0"].firstReleasedOn: must not be before '
    assert said.splitlines()[-1].startswith(problem)
    assert "PolicyInvalid" in said
    wait_for(lambda: counted(stage.prometheus, alert) == 0.0, SEEN_WITHIN_SECONDS, "an end of the alert")
