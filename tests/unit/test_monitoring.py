"""Rules and runbooks: one text for both kinds of Prometheus, a section for each alert, no name that the operator has not."""

import re
from pathlib import Path

import pytest
import yaml

from perfana_support.controller.policybook import Origin
from perfana_support.model.code import Code, ConditionType, Effect, Reason, Status
from tests.snippets import ROOT, snippets
from tests.unit.controller.test_metrics import PUBLISHED
from tests.watching.dashboard import dashboard, panels, queries
from tests.watching.rules import FOLDER, OBJECT, RUNBOOKS, alerts, groups, object_text

PAGE = "docs/runbooks.md"
SECTION = re.compile(r"^### (?P<alert>\w+)\n(?P<text>.*?)(?=^##)", re.MULTILINE | re.DOTALL)
SECTIONS = {found["alert"]: found["text"] for found in SECTION.finditer((ROOT / PAGE).read_text(encoding="utf-8") + "\n##")}
ALERTS = {alert["alert"]: alert for alert in alerts()}

# What Prometheus puts beside our labels, by the configurations that docs/monitoring.md shows and by the ServiceMonitor.
OF_TARGETS = {"instance", "job", "namespace", "pod", "service", "cluster", "le", "app_kubernetes_io_name"}
OF_OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"}
VALUES = {
    "status": {str(status) for status in Status},
    "condition": {str(kind) for kind in ConditionType},
    "reason": {str(reason) for reason in (*Reason, *Code)},
    "effect": {str(effect) for effect in Effect},
    "origin": {str(origin) for origin in Origin},
    "result": {"Written", "Conflict", "Failed"},
}
KEYWORDS = re.compile(r"\b(?:by|on|ignoring) \(([^)]*)\)")
SELECTOR = re.compile(r"\b([a-z_:]+)\{([^}]*)\}")
SUFFIX = re.compile(r"_(?:bucket|sum|count)$")


def _expressions() -> list[tuple[str, str]]:
    """Every expression of rules and dashboard, by what asks."""
    found = [(name, alert["expr"]) for name, alert in ALERTS.items()]
    found += [(panel["title"], query.expression) for panel in panels() for query in queries(panel)]
    found += [(one["name"], one["query"]["query"]) for one in dashboard()["templating"]["list"] if one["type"] == "query"]
    return found


def _labels(metric: str) -> set[str]:
    name = metric if metric in PUBLISHED else SUFFIX.sub("", metric)
    return set(PUBLISHED[name][1].split()) | OF_TARGETS if name in PUBLISHED else OF_TARGETS


def test_the_object_for_the_operator_of_prometheus_is_written_from_the_rules() -> None:
    assert OBJECT.read_text(encoding="utf-8") == object_text(), "python -m tests.watching write"
    assert yaml.safe_load(object_text())["spec"]["groups"] == groups()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_means_where_to_look_and_where_to_read_on(name: str) -> None:
    alert = ALERTS[name]
    assert re.fullmatch(r"Perfana(?:[A-Z][a-z]+)+", name)
    assert alert["labels"] == {"severity": "warning"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["runbook_url"] == f"{RUNBOOKS}#{name.lower()}"
    assert alert["for"]


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    assert list(SECTIONS) == list(ALERTS)
    for text in SECTIONS.values():
        assert [part in text for part in ("**Means**", "**Look**", "**Do**", "```sh name=")] == [True] * 4


@pytest.mark.parametrize("name", ALERTS)
def test_the_command_of_an_alert_is_one_of_its_runbook(name: str) -> None:
    command = re.search(r"kubectl [^;]+", ALERTS[name]["annotations"]["description"])
    assert command
    names = {"namespace": "perfana", "name": "acme" if "Policy" in name else "perfana"}
    text = re.sub(r"\{\{ \$labels\.(name|namespace) \}\}", lambda found: names[found[1]], command[0])
    text = re.sub(r'\{\{ or \$labels\.(?:namespace|service) "([a-z-]+)" \}\}', r"\1", text)
    blocks = "\n".join(one.text for one in snippets(PAGE) if f"name={one.name}\n" in SECTIONS[name])
    assert text in blocks


def test_a_policy_that_is_too_old_is_said_to_do_what_its_code_does() -> None:
    assert Code.POLICY_STALE.effect is Effect.AT_RISK
    for text in (ALERTS["PerfanaPolicyStale"]["annotations"]["description"], SECTIONS["PerfanaPolicyStale"]):
        assert ("at risk" in text, "Unknown" in text) == (True, False)


def test_pages_name_the_address_that_is_to_be_replaced() -> None:
    assert f"s|{RUNBOOKS}|" in (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("what", "expression"), _expressions())
def test_rules_and_dashboard_name_metrics_and_labels_that_the_operator_exports(what: str, expression: str) -> None:
    metrics = set(re.findall(r"\b(?:perfana|process|python)_\w+|\bup\b", re.sub(r'"[^"]*"', '""', expression)))
    assert metrics, what
    known = {one for one in metrics if one in PUBLISHED or SUFFIX.sub("", one) in PUBLISHED}
    assert metrics - known <= OF_OTHERS
    for metric, selector in SELECTOR.findall(expression):
        assert set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector)) <= _labels(metric)
    used = {label.strip() for labels in KEYWORDS.findall(expression) for label in labels.split(",")}
    assert used <= set().union(*map(_labels, metrics)) | {"origin", "name"}
    for label, values in VALUES.items():
        assert set(re.findall(rf'\b{label}="(\w+)"', expression)) <= values, label


def test_the_monitor_selects_the_service_that_ships_and_a_port_of_it() -> None:
    monitor = yaml.safe_load((FOLDER / "servicemonitor.yaml").read_text(encoding="utf-8"))["spec"]
    service = yaml.safe_load((ROOT / "manifests/base/service.yaml").read_text(encoding="utf-8"))
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {one["port"] for one in monitor["endpoints"]} <= {port["name"] for port in service["spec"]["ports"]}


def test_the_component_lists_all_that_stands_beside_it() -> None:
    component = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    (generator,) = component["configMapGenerator"]
    assert component["kind"] == "Component"
    assert generator["options"]["labels"]["grafana_dashboard"] == "1"
    files = {
        *component["resources"],
        *(one.partition("=")[2] for one in generator["files"]),
        "kustomization.yaml",
        "rules.yaml",
    }
    assert {file.name for file in FOLDER.iterdir()} == files


def test_stories_about_alerts_are_all_read() -> None:
    stories = Path(ROOT / "tests/data/watching").glob("*.yaml")
    text = "".join(story.read_text(encoding="utf-8") for story in stories)
    assert set(re.findall(r"\bPerfana\w+", text)) >= set(ALERTS)
