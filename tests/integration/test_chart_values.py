"""What the chart refuses, each with a sentence, and that settings reach the operator as it reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perfana_support.controller.settings import read_settings
from tests.integration.chart_rendering import helm_template, one
from tests.integration.helm_tool import MAJORS

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
