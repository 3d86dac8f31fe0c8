"""Metrics: names and labels as docs/metrics.md publishes them, values off the statuses, in a format that parses."""

import asyncio
import re
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from perfana_support.controller.metrics import Metrics, Moment
from perfana_support.controller.names import CHECKS, POLICIES, Name
from perfana_support.controller.policybook import InForce, Origin
from perfana_support.sources.cluster.pulse import Cause, Pulse
from tests.unit import virtual_time
from tests.unit.controller.fake_server import OLD, FakeServer, Working

DOCUMENT = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
# Metric: its type and labels. The page must say the same.
PUBLISHED: dict[str, tuple[str, str]] = {
    "perfana_support_condition": ("gauge", "namespace name condition status"),
    "perfana_support_reason": ("gauge", "namespace name reason"),
    "perfana_support_end_timestamp_seconds": ("gauge", "namespace name"),
    "perfana_support_next_transition_timestamp_seconds": ("gauge", "namespace name"),
    "perfana_support_findings": ("gauge", "namespace name code effect"),
    "perfana_support_check_info": ("gauge", "namespace name release policy origin digest"),
    "perfana_support_policy_valid": ("gauge", "name"),
    "perfana_support_policy_published_timestamp_seconds": ("gauge", "name"),
    "perfana_support_policy_reliable_until_timestamp_seconds": ("gauge", "name origin"),
    "perfana_support_builtin_policy_published_timestamp_seconds": ("gauge", "name"),
    "perfana_support_build_info": ("gauge", "version"),
    "perfana_support_leading": ("gauge", ""),
    "perfana_support_ready": ("gauge", ""),
    "perfana_support_waiting": ("gauge", ""),
    "perfana_support_watch_following": ("gauge", "resource"),
    "perfana_support_watch_silent_seconds": ("gauge", "resource"),
    "perfana_support_watch_restarts_total": ("counter", "resource cause"),
    "perfana_support_evaluation_seconds": ("histogram", ""),
    "perfana_support_reaction_seconds": ("histogram", ""),
    "perfana_support_status_writes_total": ("counter", "result"),
    "perfana_support_events_total": ("counter", ""),
    "perfana_support_missed_changes_total": ("counter", "resource"),
    "perfana_support_framework_restarts_total": ("counter", ""),
}
VERDICTS = set(list(PUBLISHED)[:10])
Sample = tuple[str, dict[str, str], float]


def _seen() -> tuple[list[tuple[Name, Any]], tuple[InForce, ...]]:
    """Check an installation out of support and one whose maintenance will end, as the desk remembers them, and a policy."""

    async def story() -> tuple[list[tuple[Name, Any]], tuple[InForce, ...]]:
        async with Working(FakeServer()) as working:
            working.run_image(OLD)
            working.run_image("perfana/perfana-web:0.2.61.105", "second")
            working.see(POLICIES, "acme", {"maxPolicyAgeDays": 30})
            working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}, "target": {"release": "0.2"}})
            working.run_image("perfana/perfana-web:0.2.61.105", namespace="shop")
            maintenance = {"plan": "Team", "expiresOn": "2026-12-01"}
            working.see(CHECKS, "perfana", {"maintenance": maintenance}, namespace="shop")
            await asyncio.sleep(1)
            return working.desk.snapshot(), tuple(working.desk.policies.in_force())

    return virtual_time.run(story())


BODIES, POLICIES_IN_FORCE = _seen()
STATUSES = {name.namespace: body["status"] for name, body in BODIES if name.plural == CHECKS}


def _pulse() -> Pulse:
    pulse = Pulse(lambda: 5.0)
    pulse.opened()
    pulse.restarted(Cause.GONE)
    return pulse


def _families(
    bodies: list[tuple[Name, Any]] = BODIES,
    policies: tuple[InForce, ...] = POLICIES_IN_FORCE,
    *,
    is_leading: bool = True,
    is_ready: bool = True,
) -> list[Metric]:
    metrics = Metrics()
    metrics.writes.labels("Written").inc()
    metrics.missed.labels(CHECKS).inc()
    text = metrics.text(Moment(bodies, {"pods": _pulse()}, 3, is_leading, is_ready, policies)).decode()
    return list(text_string_to_metric_families(text))


def _samples(name: str, families: list[Metric] | None = None) -> list[Sample]:
    return [
        (sample.name, sample.labels, sample.value)
        for family in (_families() if families is None else families)
        for sample in family.samples
        if sample.name == name
    ]


def _value(metric: str, families: list[Metric] | None = None, **labels: str) -> float:
    (value,) = [value for _, has, value in _samples(metric, families) if labels.items() <= has.items()]
    return value


def _ours(families: list[Metric]) -> dict[str, tuple[str, set[str]]]:
    """Read each metric's type and labels, by the name that one asks for."""
    found: dict[str, tuple[str, set[str]]] = {}
    for family in families:
        if not family.name.startswith("perfana_") or family.name.endswith("_created"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, labels)
    return found


def test_metrics_are_those_that_are_published() -> None:
    assert _ours(_families()) == {name: (kind, set(labels.split())) for name, (kind, labels) in PUBLISHED.items()}


def test_page_lists_every_metric_with_type_and_labels() -> None:
    rows = re.findall(r"^\| `(perfana_\w+)` \| (\w+) \|(.*?)\| \S.* \|$", DOCUMENT, re.MULTILINE)
    assert {name: (kind, " ".join(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows} == PUBLISHED


def test_queries_of_the_page_name_what_there_is() -> None:
    asked = set(re.findall(r"perfana_support_\w+", DOCUMENT.split("## Queries")[1]))
    assert {name.removesuffix("_bucket") for name in asked} <= set(PUBLISHED)


def test_every_metric_has_a_help_that_is_a_sentence() -> None:
    for family in _families():
        if family.name.startswith("perfana_") and not family.name.endswith("_created"):
            assert family.documentation.endswith(".")


def test_no_family_comes_twice() -> None:
    names = [family.name for family in _families()]
    assert len(names) == len(set(names))


def test_only_who_leads_tells_of_checks_and_policies() -> None:
    standby = _ours(_families(is_leading=False))
    assert set(PUBLISHED) - set(standby) == VERDICTS
    assert _value("perfana_support_leading", _families(is_leading=False)) == 0.0
    assert _value("perfana_support_leading") == 1.0


def test_check_that_is_gone_leaves_no_series() -> None:
    families = _families([], ())
    assert [sample for name in VERDICTS for sample in _samples(name, families)] == []


def test_one_status_of_a_condition_is_1() -> None:
    for kind in ("Supported", "VersionSupported", "Ready", "UpgradeSupported"):
        found = [has | {"value": value} for _, has, value in _samples("perfana_support_condition")]
        values = {one["status"]: one["value"] for one in found if (one["namespace"], one["condition"]) == ("perfana", kind)}
        assert sorted(values) == ["False", "True", "Unknown"]
        assert sorted(values.values()) == [0.0, 0.0, 1.0]
    assert _value("perfana_support_condition", condition="VersionSupported", status="False", namespace="perfana") == 1.0


def test_time_stamps_stand_for_the_days_of_the_status() -> None:
    status = STATUSES["perfana"]
    end = datetime.fromisoformat(status["supportEndsOn"]).replace(tzinfo=UTC)
    assert _value("perfana_support_end_timestamp_seconds") == end.timestamp()
    assert end == datetime(2025, 11, 7, tzinfo=UTC)
    # The last day of the maintenance counts whole.
    turn = _value("perfana_support_next_transition_timestamp_seconds", namespace="shop")
    assert datetime.fromtimestamp(turn, UTC) == datetime(2026, 12, 2, tzinfo=UTC)
    assert STATUSES["shop"]["nextTransition"]["time"] == "2026-12-02T00:00:00Z"
    published = _value("perfana_support_policy_published_timestamp_seconds", name="acme")
    assert datetime.fromtimestamp(published, UTC) == datetime(2026, 11, 24, tzinfo=UTC)


def test_findings_are_counted_by_code_and_effect() -> None:
    status = STATUSES["perfana"]
    values = [value for _, has, value in _samples("perfana_support_findings") if has["namespace"] == "perfana"]
    assert sum(values) == len(status["findings"])
    assert _value("perfana_support_findings", code="EndOfLife", effect="Unsupported") >= 1.0


def test_reason_and_policy_are_those_of_the_status() -> None:
    status = STATUSES["perfana"]
    reason = next(one["reason"] for one in status["conditions"] if one["type"] == "Supported")
    assert _value("perfana_support_reason", reason=reason, namespace="perfana") == 1.0
    _, labels, value = next(one for one in _samples("perfana_support_check_info") if one[1]["namespace"] == "perfana")
    assert (labels["policy"], labels["origin"]) == ("acme", "Cluster")
    assert (labels["digest"], value) == (status["policy"]["digest"], 1.0)
    assert _value("perfana_support_policy_valid", name="acme") == 1.0


def test_a_check_tells_the_built_in_policy_from_one_of_the_cluster_that_bears_its_name() -> None:
    status = {"policy": {"name": "default", "digest": "x"}}
    specs: dict[str, Any] = {
        "ours": {"policyRef": {"name": "default"}},
        "theirs": {},
        "unjudged": {"policyRef": {"name": "default"}},
    }
    bodies = [(Name(CHECKS, "shop", name), {"spec": spec, "status": status}) for name, spec in specs.items()]
    bodies[-1][1]["status"] = {}
    found = {
        has["name"]: (has["policy"], has["origin"]) for _, has, _ in _samples("perfana_support_check_info", _families(bodies))
    }
    assert found == {"ours": ("default", "Cluster"), "theirs": ("default", "BuiltIn"), "unjudged": ("", "")}


def test_policies_tell_until_when_they_may_be_relied_on_and_the_built_in_one_has_no_object() -> None:
    days = {
        (has["origin"], has["name"]): datetime.fromtimestamp(value, UTC).date()
        for _, has, value in _samples("perfana_support_policy_reliable_until_timestamp_seconds")
    }
    # 180 days of the one that ships, and 30 that a policy states itself, after the day that it takes over.
    assert days == {("BuiltIn", "default"): date(2027, 5, 23), ("Cluster", "acme"): date(2026, 12, 24)}
    published = _value("perfana_support_builtin_policy_published_timestamp_seconds", name="default")
    assert datetime.fromtimestamp(published, UTC) == datetime(2026, 11, 24, tzinfo=UTC)


def test_policy_that_bears_the_name_of_the_built_in_one_is_told_beside_it() -> None:
    namesake = POLICIES_IN_FORCE[0]._replace(origin=Origin.CLUSTER)
    text = _samples("perfana_support_policy_reliable_until_timestamp_seconds", _families([], (POLICIES_IN_FORCE[0], namesake)))
    assert [has for _, has, _ in text] == [{"name": "default", "origin": each} for each in ("BuiltIn", "Cluster")]


def test_check_without_a_status_says_nothing_of_a_verdict() -> None:
    body: dict[str, Any] = {"metadata": {}, "spec": {}, "status": {}}
    families = _families([(Name(CHECKS, "shop", "new"), body), (Name(POLICIES, "", "new"), body)], ())
    assert [name for name in VERDICTS if _samples(name, families)] == ["perfana_support_check_info"]


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "0000-00-00"])
def test_nonsense_that_somebody_wrote_into_a_status_does_not_stop_the_others(text: str) -> None:
    odd = {"status": {"supportEndsOn": text, "nextTransition": {"time": text}}}
    families = _families([(Name(CHECKS, "odd", "odd"), odd), *BODIES])
    assert {has["namespace"] for _, has, _ in _samples("perfana_support_end_timestamp_seconds", families)} == {"perfana"}
    assert {has["namespace"] for _, has, _ in _samples("perfana_support_next_transition_timestamp_seconds", families)} == {
        "shop"
    }


def test_parts_tell_how_they_fare() -> None:
    assert _value("perfana_support_watch_following", resource="pods") == 1.0
    assert _value("perfana_support_watch_silent_seconds", resource="pods") == 0.0
    assert _value("perfana_support_watch_restarts_total", resource="pods", cause="Gone") == 1.0
    assert _value("perfana_support_waiting") == 3.0
    assert _value("perfana_support_ready", _families(is_ready=False)) == 0.0
    assert _value("perfana_support_status_writes_total", result="Written") == 1.0


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "ünï", "{}", "a,b=c"], ids=ascii)
def test_any_label_value_parses_back(text: str) -> None:
    status = {"release": text, "policy": {"name": text, "digest": ""}}
    families = _families([(Name(CHECKS, "shop", "odd"), {"status": status})])
    ((_, labels, _),) = _samples("perfana_support_check_info", families)
    assert (labels["release"], labels["policy"]) == (text, text)


def test_check_has_few_series() -> None:
    families = _families([(name, body) for name, body in BODIES if name.namespace == "perfana"], ())
    count = sum(len(family.samples) for family in families if family.name in VERDICTS or f"{family.name}_info" in VERDICTS)
    pairs = len(_samples("perfana_support_findings", families))
    assert count <= 13 * 3 + 4 + pairs
    words = " ".join(
        word for family in families if family.name in VERDICTS for s in family.samples for word in s.labels.values()
    )
    assert "perfana-fe" not in words
    assert "web" not in words.split()


def test_text_of_many_checks_takes_little_more_than_its_length() -> None:
    findings = [{"code": f"Code{number}", "effect": "Info"} for number in range(8)]
    status = {**STATUSES["shop"], "findings": findings}
    bodies = [(Name(CHECKS, f"a-namespace-with-a-name-{number}", "perfana"), {"status": status}) for number in range(200)]
    metrics, moment = Metrics(), Moment(bodies, {}, 0, is_leading=True, is_ready=True)
    tracemalloc.start()
    try:
        length = len(metrics.text(moment))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > 500_000
    assert peak < 3.3 * length, peak / length
