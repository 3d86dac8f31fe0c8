"""What the chart refuses, each with a sentence, and that settings reach the operator as it reads them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from perfana_support.controller.settings import read_settings
from tests.integration.chart_rendering import helm_template, one
from tests.integration.helm_tool import MAJORS
from tests.rendered_manifests import CHART

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = {
    "a value that does not exist": ({"replicaCount": 2}, "replicaCount"),
    "a setting that does not exist": ({"settings": {"worker": 2}}, "worker"),
    "a setting that the chart has a value for": ({"settings": {"namespaces": "a"}}, "namespaces"),
    "a text for a number": ({"replicas": "two"}, "replicas"),
    "a fraction of a worker": ({"settings": {"workers": 1.5}}, "settings"),
    "no time at all": ({"settings": {"audit_seconds": 0}}, "audit_seconds"),
    "a pattern for namespaces": ({"watch": {"namespaces": ["perfana-*"]}}, "namespaces"),
    "one namespace as a text": ({"watch": {"namespaces": "perfana"}}, "namespaces"),
    "a policy for pulling that Kubernetes has not": ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
    "a digest that is none": ({"image": {"digest": "sha256:abc"}}, "digest"),
    "a tag in the repository's place": ({"image": {"repository": "Harbor Example"}}, "repository"),
    "an address that is no network": ({"networkPolicy": {"apiServer": {"cidrs": ["kubernetes"]}}}, "cidrs"),
    "a check without a name": ({"checks": [{"namespace": "perfana"}]}, "name"),
    "an action that is none": ({"admission": {"actions": ["Refuse"]}}, "actions"),
    "a warning of what is denied, which the API server refuses": ({"admission": {"actions": ["Warn", "Deny"]}}, "actions"),
    "a name that no Service may have": ({"fullnameOverride": "1st"}, "fullnameOverride"),
    "a label that pods are selected by": ({"podLabels": {"app.kubernetes.io/name": "x"}}, "app.kubernetes.io~1name"),
    "a label that the chart sets": ({"podLabels": {"app.kubernetes.io/version": "1"}}, "app.kubernetes.io~1version"),
    "a text that is no share of the pods": ({"podDisruptionBudget": {"maxUnavailable": "1"}}, "maxUnavailable"),
    "less time than the operator ends in": ({"terminationGracePeriodSeconds": 1}, "terminationGracePeriodSeconds"),
    "several writers": (
        {"replicas": 2, "settings": {"leader_election": False}},
        "replicas above 1 need settings.leader_election",
    ),
    "admission by an operator that writes no policy": (
        {"admission": {"enabled": True}, "watch": {"namespaces": ["perfana"]}},
        "admission.enabled needs an operator of the whole cluster: leave watch.namespaces empty",
    ),
}

SETTINGS = {
    "workers": 12,
    "http_host": "::",
    "log_format": "text",
    "verbose": True,
    "leader_election": True,
    "lease_namespace": "elsewhere",
    "lease_name": "ours",
    "lease_seconds": 20,
    "watch_silence_seconds": 120.5,
    "audit_seconds": 45,
    "resync_seconds": 7200000,
    "wake_spread_seconds": 0,
    "settle_seconds": 0.5,
}


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("case", REFUSED)
def test_chart_refuses_with_a_sentence(case: str, major: int, tmp_path: Path) -> None:
    values, told = REFUSED[case]
    rendered = helm_template(values, tmp_path, major=major)
    assert rendered.code != 0
    assert told in rendered.error
    assert "panic" not in rendered.error


@pytest.mark.parametrize("major", MAJORS)
def test_operator_reads_the_settings_that_the_chart_was_given(major: int, tmp_path: Path) -> None:
    rendered = helm_template({"settings": SETTINGS}, tmp_path, major=major).objects
    (container,) = one(rendered, "Deployment")["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    command, flag, log_format = container["args"]
    assert (command, flag) == ("operator", "--log-format")
    settings = read_settings({"log_format": log_format}, environment)
    assert {name: getattr(settings, name) for name in SETTINGS} == SETTINGS
    lease = one(rendered, "Lease")["metadata"]
    assert (lease["namespace"], lease["name"]) == ("elsewhere", "ours")


# Texts that YAML reads as something else

WORD, NETWORK = "w123", "10.0.0.1/32"
OPERATORS: dict[str, dict[str, Any]] = {
    "of the whole cluster": {"watch": {"namespaces": []}},
    "of some namespaces": {"admission": {"enabled": False}},
}


def filled(schema: dict[str, Any], *texts: str) -> Any:  # noqa: ANN401 - whatever values are
    """Return a value of a schema, in which the first text is wherever the schema takes all of them."""
    value: Any = True if schema["type"] == "boolean" else 2
    match schema:
        case {"properties": properties}:
            value = {name: filled(each, *texts) for name, each in properties.items()}
        case {"enum": [first, *_]}:
            value = first
        case {"type": "object"}:
            value = {texts[0]: texts[0]} if "additionalProperties" in schema else {}
        case {"type": "array", "items": items}:
            value = [] if items == {"type": "object"} else [filled(items, *texts)]
        case {"type": "integer", "minimum": least}:
            value = max(2, least)
        case {"type": "string", "pattern": pattern} if not all(re.search(pattern, text) for text in texts):
            value = "" if re.search(pattern, "") else NETWORK
        case {"type": "string"}:
            value = texts[0]
    return value


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("text", ["123", "true"])
def test_texts_that_look_like_numbers_or_truths_stay_texts(text: str, operator: str, major: int, tmp_path: Path) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

    def rendered(first: str, other: str) -> list[Any]:
        values = filled(schema, first, other)
        values["admission"]["actions"] = ["Deny"]
        values |= {name: {**values[name], **each} for name, each in OPERATORS[operator].items()}
        return helm_template(values, tmp_path, major=major, release=first, namespace=first).objects

    words = json.dumps(rendered(WORD, text))
    assert words.count(WORD) > 50
    assert rendered(text, WORD) == json.loads(words.replace(WORD, text).replace(WORD.upper(), text.upper()))


# Labels


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("of", ["serviceMonitor", "prometheusRule", "dashboard"])
def test_labels_for_monitoring_may_be_none_and_take_none_of_the_charts(of: str, major: int, tmp_path: Path) -> None:
    def labels(given: dict[str, str | None]) -> dict[str, str]:
        values = {"monitoring": {of: {"enabled": True, "labels": given}}}
        kind = {"serviceMonitor": "ServiceMonitor", "prometheusRule": "PrometheusRule", "dashboard": "ConfigMap"}[of]
        found: dict[str, str] = one(helm_template(values, tmp_path, major=major).objects, kind)["metadata"]["labels"]
        return found

    none = labels({"grafana_dashboard": None} if of == "dashboard" else {})
    assert none["app.kubernetes.io/name"] == "perfana-support"
    assert {**none, "release": "prometheus"}.items() <= labels({"release": "prometheus", "app.kubernetes.io/name": "x"}).items()
