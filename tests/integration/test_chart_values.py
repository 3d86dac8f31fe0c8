"""What the chart refuses, each with a sentence, and that settings reach the operator as it reads them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfana_support.controller.settings import read_settings
from tests.integration.chart_rendering import KUBERNETES, helm_template, one
from tests.integration.helm_tool import MAJORS, find_helm
from tests.rendered_manifests import CHART
from tests.shell import Shell
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import Object

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
    "root as the user": ({"podSecurityContext": {"runAsUser": 0}}, "runAsUser"),
    "a name for a user": ({"podSecurityContext": {"runAsUser": "nonroot"}}, "runAsUser"),
    "an address of one runbook": (
        {"monitoring": {"prometheusRule": {"runbookUrl": "https://docs.example.com/#down"}}},
        "runbookUrl",
    ),
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


def _paths(values: Object, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the path of every value, maps of values among them, with its default."""
    for name, default in values.items():
        yield (*above, name), default
        if isinstance(default, dict):
            yield from _paths(default, (*above, name))


VALUES = dict(_paths(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))))
MAPS = [path for path, default in VALUES.items() if isinstance(default, dict)]
OPEN = (("resources",), ("monitoring", "dashboard", "labels"))
"""Maps whose keys are those of Kubernetes, or the user's own: null takes out a default there."""

MAY_BE_NULL = {("podSecurityContext", "runAsUser"), ("podSecurityContext", "runAsGroup")}


def _is_taken_out(path: tuple[str, ...]) -> bool:
    return path in MAY_BE_NULL or any(path != each and path[: len(each)] == each for each in OPEN)


def _null(*paths: tuple[str, ...]) -> Object:
    """Return values of which these are null."""
    values: Object = {}
    for *above, name in paths:
        place = values
        for each in above:
            place = place.setdefault(each, {})
        place[name] = None
    return values


def _missing(error: str) -> set[tuple[str, ...]]:
    """Return the values that Helm names as missing."""
    found = re.findall(r"^ *- at '(.*)': missing propert(?:y|ies) (.*)$", error, re.MULTILINE)
    return {(*place.split("/")[1:], name) for place, names in found for name in re.findall(r"'(\w+)'", names)}


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("path", MAPS, ids=".".join)
def test_null_for_a_map_of_values_is_refused_by_its_name(path: tuple[str, ...], major: int, tmp_path: Path) -> None:
    """But for maps of Kubernetes' own, of which any may be left out."""
    rendered = helm_template(_null(path), tmp_path, major=major)
    if _is_taken_out(path):
        assert rendered.objects
    else:
        assert rendered.code != 0
        assert _missing(rendered.error) == {path}
        assert "nil pointer" not in rendered.error


@pytest.mark.parametrize("major", MAJORS)
def test_null_is_no_value_of_any_other_either_and_all_of_them_are_named_at_once(major: int, tmp_path: Path) -> None:
    """`crds.keep: null` would be false, and take all checks along."""
    single = [path for path, default in VALUES.items() if not isinstance(default, dict) and not _is_taken_out(path)]
    assert len(single) > 40
    assert _missing(helm_template(_null(*single), tmp_path, major=major).error) == set(single)


@pytest.mark.parametrize("major", MAJORS)
def test_of_what_is_taken_out_by_null_nothing_is_rendered(major: int, tmp_path: Path) -> None:
    rendered = helm_template(_null(*MAY_BE_NULL, ("resources", "limits")), tmp_path, major=major).objects
    for item in rendered:
        pod = (
            item["spec"]["template"]["spec"]
            if item["kind"] == "Deployment"
            else item["spec"]
            if item["kind"] == "Pod"
            else None
        )
        if pod:
            assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    (container,) = one(rendered, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}}


@pytest.mark.parametrize("major", MAJORS)
def test_another_user_is_that_of_all_pods(major: int, tmp_path: Path) -> None:
    wanted = {"runAsUser": 1000660000, "runAsGroup": 1}
    rendered = helm_template({"podSecurityContext": wanted}, tmp_path, major=major).objects
    for pod in (one(rendered, "Deployment")["spec"]["template"]["spec"], one(rendered, "Pod")["spec"]):
        assert pod["securityContext"] == {"runAsNonRoot": True, **wanted, "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.parametrize("major", MAJORS)
def test_runbooks_are_where_the_value_says(major: int, tmp_path: Path) -> None:
    def addresses(**given: str) -> list[str]:
        values = {"monitoring": {"prometheusRule": {"enabled": True, **given}}}
        groups = one(helm_template(values, tmp_path, major=major).objects, "PrometheusRule")["spec"]["groups"]
        return [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"]]

    published = "https://docs.example.com/perfana-support/runbooks/"
    unpublished = str(VALUES["monitoring", "prometheusRule", "runbookUrl"])
    assert addresses(runbookUrl=published) == [each.replace(unpublished, published) for each in addresses()]
    assert {each.partition("#")[0] for each in addresses(runbookUrl=published)} == {published}


@pytest.mark.parametrize("major", MAJORS)
def test_the_page_of_monitoring_says_how_runbooks_get_another_address(major: int, tmp_path: Path) -> None:
    """Rendered, for an upgrade wants a cluster."""
    wanted = f"--kube-version {KUBERNETES} --set monitoring.prometheusRule.enabled=true"
    block = changed(
        snippet("docs/monitoring.md", "runbooks-helm"), ("upgrade", "template"), ("--reset-then-reuse-values", wanted)
    )
    shell = Shell({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}).finding(find_helm(major).parent)
    rendered = [item for item in yaml.safe_load_all(shell.must(block)) if item]
    rules = [rule for group in one(rendered, "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    named = {rule["annotations"]["runbook_url"].partition("#")[0] for rule in rules}
    assert named == {"https://docs.example.com/perfana-support/runbooks/"}


@pytest.mark.parametrize("major", MAJORS)
def test_two_releases_in_one_namespace_are_scraped_each_by_its_own(major: int, tmp_path: Path) -> None:
    values = {"monitoring": {"serviceMonitor": {"enabled": True}}}
    releases = {
        name: helm_template({**values, "fullnameOverride": name}, tmp_path, major=major, release=name).objects
        for name in ("perfana-support", "second")
    }
    for name, rendered in releases.items():
        wanted = one(rendered, "ServiceMonitor")["spec"]["selector"]["matchLabels"].items()
        taken = {other for other, items in releases.items() if wanted <= one(items, "Service")["metadata"]["labels"].items()}
        assert taken == {name}


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
            value = next(each for each in ("", NETWORK, "https://docs.example.com/") if re.search(pattern, each))
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
