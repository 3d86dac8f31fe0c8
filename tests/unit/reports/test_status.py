"""Verdicts as the status of a SupportCheck: conditions, times, kstatus, size."""

import itertools
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Enforcement, Target
from perfana_support.model.code import ConditionType
from perfana_support.model.document import Problem
from perfana_support.model.installation import Container, Installation, Workload
from perfana_support.model.verdict import Verdict
from perfana_support.reports.status import MAX_STATUS_BYTES, check_status, differing, is_same, policy_status, unjudged_status
from tests.unit.builders import TODAY, installation, judge, policy, waiver, without_dependencies

NOW, LATER = datetime(2026, 11, 24, 12, 30, 15, 999_999, tzinfo=UTC), datetime(2026, 11, 25, 8, 0, 0, tzinfo=UTC)
SPEC = {"maxPolicyAgeDays": 90}
DIGEST = "sha256:" + "0" * 64
BODY: dict[str, Any] = {"metadata": {"name": "perfana", "generation": 3}}

NEWEST = "perfana/perfana-web:0.2.96.22"
SNAPSHOT = "perfana/perfana-web:0.2.96.22-SNAPSHOT"
UNKNOWN = "perfana/perfana-web:latest"
IMAGES = {"True": NEWEST, "False": SNAPSHOT, "Unknown": UNKNOWN}

# Enforcement and Supported: Ready, Reconciling, Stalled, and the reasons of Ready and Stalled.
KSTATUS = {
    ("Report", "True"): ("True", "False", "False", "Evaluated", "Evaluated"),
    ("Report", "False"): ("True", "False", "False", "Evaluated", "Evaluated"),
    ("Report", "Unknown"): ("True", "False", "False", "Evaluated", "Evaluated"),
    ("Gate", "True"): ("True", "False", "False", "AllRulesMet", "Evaluated"),
    ("Gate", "False"): ("False", "False", "True", "SnapshotBuild", "NotSupported"),
    ("Gate", "Unknown"): ("Unknown", "False", "False", "VersionUndetermined", "Evaluated"),
}


def _status(
    verdict: Verdict,
    body: dict[str, Any] | None = None,
    now: datetime = NOW,
    enforcement: Enforcement = Enforcement.REPORT,
) -> dict[str, Any]:
    return check_status(verdict, policy(), DIGEST, enforcement, body or BODY, now)


def _by_type(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {condition["type"]: condition for condition in status["conditions"]}


def _with(status: dict[str, Any]) -> dict[str, Any]:
    return {**BODY, "status": status}


def _size(status: dict[str, Any]) -> int:
    return len(json.dumps(status, ensure_ascii=False).encode())


def test_status_of_a_check() -> None:
    status = _status(judge("perfana/perfana-fe:3.3.0"))
    head = {field: status[field] for field in status if field not in ("conditions", "findings", "components")}
    assert head == {
        "observedGeneration": 3,
        "policy": {"name": "default", "publishedOn": "2026-11-24", "digest": DIGEST},
        "findingsOmitted": 0,
        "release": "3.3.0",
        "supportEndsOn": "2027-07-15",
        "nextTransition": {
            "time": "2027-04-16T00:00:00Z",
            "condition": "VersionSupported",
            "status": "True",
            "reason": "ApproachingEndOfLife",
        },
    }


def test_conditions_come_first() -> None:
    assert next(iter(_status(judge(NEWEST)))) == "conditions"


def test_what_is_not_known_is_left_out() -> None:
    status = _status(judge("nginx:1.29"))
    assert {"release", "supportEndsOn", "nextTransition"} & set(status) == set()


def test_condition_is_complete() -> None:
    for condition in _status(judge(SNAPSHOT))["conditions"]:
        assert sorted(condition) == ["lastTransitionTime", "message", "observedGeneration", "reason", "status", "type"]
        assert condition["lastTransitionTime"] == "2026-11-24T12:30:15Z"
        assert condition["observedGeneration"] == 3
        assert condition["message"]


def test_all_conditions_are_written_on_the_first_visit() -> None:
    expected = [str(kind) for kind in ConditionType if kind is not ConditionType.UPGRADE_SUPPORTED]
    assert list(_by_type(_status(judge(NEWEST)))) == [*expected, "Ready", "Reconciling", "Stalled"]


def test_upgrade_supported_is_written_with_a_target_alone() -> None:
    verdict = evaluate(Installation("perfana", ()), policy(), TODAY, Check(target=Target("0.2.96.22")))
    assert "UpgradeSupported" in _by_type(_status(verdict))


@pytest.mark.parametrize(("enforcement", "supported"), KSTATUS)
def test_kstatus(enforcement: str, supported: str) -> None:
    conditions = _by_type(_status(judge(IMAGES[supported]), enforcement=Enforcement(enforcement)))
    assert conditions["Supported"]["status"] == supported
    statuses = [conditions[kind]["status"] for kind in ("Ready", "Reconciling", "Stalled")]
    reasons = [conditions[kind]["reason"] for kind in ("Ready", "Stalled")]
    assert tuple(statuses + reasons) == KSTATUS[enforcement, supported]


def test_reconciling_and_stalled_are_never_both_true() -> None:
    statuses = [_status(judge(image), enforcement=mode) for image, mode in itertools.product(IMAGES.values(), Enforcement)]
    statuses += [unjudged_status("PolicyNotFound", "none", BODY, NOW, is_stalled=stalled) for stalled in (True, False)]
    for status in statuses:
        conditions = _by_type(status)
        assert not conditions["Reconciling"]["status"] == conditions["Stalled"]["status"] == "True"


def test_gate_that_is_not_supported_says_why() -> None:
    conditions = _by_type(_status(judge(SNAPSHOT), enforcement=Enforcement.GATE))
    assert conditions["Stalled"]["message"] == conditions["Ready"]["message"] == conditions["Supported"]["message"]


@pytest.mark.parametrize(
    ("runs", "target", "ready", "stalled"),
    [
        ("perfana/perfana-fe:perfana-3.2.0", "0.2.96.22", ("True", "AllRulesMet"), ("False", "Evaluated")),
        (NEWEST, "0.2.96.22-SNAPSHOT", ("Unknown", "TargetUnknown"), ("False", "Evaluated")),
        ("perfana/perfana-fe:perfana-3.2.0", "3.1.0", ("False", "EndOfLife"), ("True", "NotSupported")),
        (NEWEST, "9.9", ("Unknown", "TargetUnknown"), ("False", "Evaluated")),
    ],
)
def test_gate_with_a_target_lets_the_supported_upgrade_pass_and_only_that(
    runs: str, target: str, ready: tuple[str, str], stalled: tuple[str, str]
) -> None:
    verdict = evaluate(installation(runs), without_dependencies(policy()), TODAY, Check(target=Target(release=target)))
    conditions = _by_type(_status(verdict, enforcement=Enforcement.GATE))
    assert (conditions["Ready"]["status"], conditions["Ready"]["reason"]) == ready
    assert (conditions["Stalled"]["status"], conditions["Stalled"]["reason"]) == stalled
    assert conditions["Ready"]["message"] == conditions["UpgradeSupported"]["message"]


def test_transition_time_stays_while_the_status_does() -> None:
    first = _status(judge("perfana/perfana-fe:perfana-3.2.0"))
    second = _status(judge(NEWEST), _with(first), LATER)
    before, after = _by_type(first), _by_type(second)
    assert before["VersionSupported"]["reason"] != after["VersionSupported"]["reason"]
    assert {condition["lastTransitionTime"] for condition in after.values()} == {"2026-11-24T12:30:15Z"}


def test_transition_time_changes_for_what_flips_alone() -> None:
    first = _status(judge(NEWEST), enforcement=Enforcement.GATE)
    second = _status(judge(SNAPSHOT), _with(first), LATER, Enforcement.GATE)
    flipped = [
        kind for kind, condition in _by_type(second).items() if condition["lastTransitionTime"] == "2026-11-25T08:00:00Z"
    ]
    assert flipped == ["Supported", "BuildSupported", "TicketEligible", "Ready", "Stalled"]


def test_condition_without_time_gets_one() -> None:
    current = {"conditions": [{"type": "Supported", "status": "True"}]}
    assert _by_type(_status(judge(NEWEST), _with(current), LATER))["Supported"]["lastTransitionTime"] == "2026-11-25T08:00:00Z"


def test_generation_is_that_of_the_object() -> None:
    status = _status(judge(NEWEST), {"metadata": {"generation": 9}})
    assert {condition["observedGeneration"] for condition in status["conditions"]} == {9} == {status["observedGeneration"]}


def test_same_verdict_is_no_change() -> None:
    status = _status(judge(SNAPSHOT))
    assert is_same(_status(judge(SNAPSHOT), _with(status), LATER), status)


def test_first_visit_is_a_change() -> None:
    for current in ({}, {"observedGeneration": -1}, {"conditions": None}):
        assert not is_same(_status(judge(NEWEST)), current)


@pytest.mark.parametrize("image", [SNAPSHOT, UNKNOWN, "perfana/perfana-web:0.2.96.21", "perfana/perfana-api:0.2.96.22"])
def test_another_verdict_is_a_change(image: str) -> None:
    status = _status(judge(NEWEST))
    assert not is_same(_status(judge(image), _with(status), LATER), status)


def test_another_generation_is_a_change() -> None:
    status = _status(judge(NEWEST))
    assert not is_same(_status(judge(NEWEST), {"metadata": {"generation": 4}, "status": status}), status)


def test_conditions_of_others_and_their_order_are_no_change() -> None:
    status = _status(judge(NEWEST))
    foreign = {"type": "acme.example.com/Seen", "status": "True"}
    current = {**status, "conditions": [foreign, *reversed(status["conditions"])]}
    assert is_same(status, current)


def test_empty_list_that_the_server_dropped_is_no_change() -> None:
    status = _status(judge(NEWEST))
    current = {field: value for field, value in status.items() if value != []}
    assert is_same(status, current)
    assert status["findings"] == []


def test_condition_of_ours_that_is_no_longer_stated_is_a_difference() -> None:
    status = _status(judge(NEWEST))
    stale = {**status["conditions"][0], "type": "UpgradeSupported"}
    assert differing(status, {**status, "conditions": [*status["conditions"], stale]}) == ["conditions"]
    foreign = {**stale, "type": "example.com/Audited"}
    assert differing(status, {**status, "conditions": [*status["conditions"], foreign]}) == []
    assert differing(status, {**status, "release": "9.9", "policy": None}) == ["policy", "release"]


def test_unjudged_check_says_unknown_everywhere() -> None:
    conditions = _by_type(unjudged_status("PolicyNotFound", "SupportPolicy acme does not exist", BODY, NOW, is_stalled=False))
    judged = [condition for kind, condition in conditions.items() if kind in list(ConditionType)]
    assert len(judged) == len(ConditionType) - 1
    assert {(condition["status"], condition["reason"]) for condition in judged} == {("Unknown", "PolicyNotFound")}


@pytest.mark.parametrize(
    ("spec", "is_asked"), [({"target": {"release": "4.1"}}, True), ({"target": None}, False), ({}, False), (None, False)]
)
def test_unjudged_check_says_nothing_of_an_upgrade_only_if_none_is_asked_about(
    spec: dict[str, Any] | None, *, is_asked: bool
) -> None:
    conditions = _by_type(unjudged_status("PolicyNotFound", "none", {**BODY, "spec": spec}, NOW, is_stalled=False))
    assert ("UpgradeSupported" in conditions) is is_asked
    if is_asked:
        assert conditions["UpgradeSupported"]["status"] == "Unknown"


@pytest.mark.parametrize(("stalled", "statuses"), [(True, ["False", "False", "True"]), (False, ["False", "True", "False"])])
def test_unjudged_check_is_stalled_or_waits(statuses: list[str], *, stalled: bool) -> None:
    conditions = _by_type(unjudged_status("CheckInvalid", "bad", BODY, NOW, is_stalled=stalled))
    assert [conditions[kind]["status"] for kind in ("Ready", "Reconciling", "Stalled")] == statuses


def test_status_of_a_valid_policy() -> None:
    status = policy_status(policy(), SPEC, DIGEST, [], BODY, NOW)
    assert {kind: (c["status"], c["reason"]) for kind, c in _by_type(status).items()} == {
        "Valid": ("True", "PolicyValid"),
        "Ready": ("True", "PolicyValid"),
        "Stalled": ("False", "PolicyValid"),
    }
    assert (status["digest"], status["publishedOn"], status["observedGeneration"]) == (DIGEST, "2026-11-24", 3)
    assert "problems" not in status


def test_status_of_an_invalid_policy_names_its_problems() -> None:
    problems = [Problem(f"spec.releases[{place}]", "must be a mapping") for place in range(30)]
    status = policy_status(None, {}, "", problems, BODY, NOW)
    assert {kind: (c["status"], c["reason"]) for kind, c in _by_type(status).items()} == {
        "Valid": ("False", "PolicyInvalid"),
        "Ready": ("False", "PolicyInvalid"),
        "Stalled": ("True", "PolicyInvalid"),
    }
    assert _by_type(status)["Valid"]["message"] == "spec.releases[0]: must be a mapping (and 29 more)"
    assert len(status["problems"]) == 20
    assert "digest" not in status


def test_invalid_policy_with_a_last_good_one_keeps_its_digest() -> None:
    status = policy_status(policy(), SPEC, DIGEST, [Problem("spec.tools", "must be a list")], BODY, NOW)
    assert (_by_type(status)["Valid"]["status"], status["digest"]) == ("False", DIGEST)
    assert _by_type(status)["Valid"]["message"] == "spec.tools: must be a list"
    assert json.loads(status["lastValidSpec"]) == SPEC


def test_valid_policy_is_kept_from_the_first_on() -> None:
    """An invalid edit may come while no operator runs."""
    assert json.loads(policy_status(policy(), SPEC, DIGEST, [], BODY, NOW)["lastValidSpec"]) == SPEC
    assert policy_status(policy(), {}, DIGEST, [], BODY, NOW)["lastValidSpec"] == "{}"


@pytest.mark.parametrize("problems", [[], [Problem("spec", "bad")], [Problem("spec", "bad " * 1000)]])
def test_spec_too_long_to_keep_is_left_out_and_the_condition_says_so(problems: list[Problem]) -> None:
    status = policy_status(policy(), {"tools": ["x" * 300_000]}, DIGEST, problems, BODY, NOW)
    assert "lastValidSpec" not in status
    for kind in ("Valid", "Ready"):
        message = _by_type(status)[kind]["message"]
        assert message.endswith("is above 200000 bytes and not kept: in force until the operator starts anew")
        assert len(message.encode()) <= 1000


def test_spec_just_short_enough_is_kept() -> None:
    spec = {"a": "x" * (200_000 - len('{"a":""}'))}
    assert "lastValidSpec" in policy_status(policy(), spec, DIGEST, [], BODY, NOW)
    assert "lastValidSpec" not in policy_status(policy(), {"a": spec["a"] + "x"}, DIGEST, [], BODY, NOW)


# Names at the limits of the API: 253 for an object, 63 for a container; 500 containers.
NAME, CONTAINER, COUNT = "n" * 248, "c" * 63, 500
LARGE = {
    "supported": [NEWEST] * COUNT,
    "builds of many words": [
        f"registry.example.com:5000/a/perfana-web:0.2.96.22-{place}-{'b' * 100}" for place in range(COUNT)
    ],
    "snapshots": [f"perfana/perfana-fe:2.{place}.1-SNAPSHOT" for place in range(COUNT)],
    "as many releases": [f"perfana/perfana-web:0.2.96.{1000 + place}" for place in range(COUNT)],
    "unreadable at length": ["{{ " + "x" * 100_000] * 3 + [SNAPSHOT] * 20,
    "unreadable in another script": ["{{ " + "\u0436" * 4000 + str(place) for place in range(COUNT)],
    "unreadable in pictures": ["{{ " + "\U0001f40b" * 4000 + str(place) for place in range(COUNT)],
}


def _large(name: str) -> Installation:
    workloads = [
        Workload("Deployment", "perfana", f"{place:04}-{NAME}", (Container(CONTAINER, image),))
        for place, image in enumerate(LARGE[name])
    ]
    return Installation("perfana", tuple(workloads))


@pytest.mark.parametrize("enforcement", Enforcement)
@pytest.mark.parametrize("name", LARGE)
def test_status_stays_below_its_limit(name: str, enforcement: Enforcement) -> None:
    verdict = evaluate(_large(name), policy(), TODAY)
    status = _status(verdict, enforcement=enforcement)
    assert _size(status) < MAX_STATUS_BYTES
    assert len(status["findings"]) + status["findingsOmitted"] == len(verdict.findings)


def test_limit_is_that_of_the_conventions() -> None:
    assert MAX_STATUS_BYTES == 32 * 1024


def test_worst_findings_are_kept() -> None:
    verdict = evaluate(_large("snapshots"), policy(), TODAY)
    kept = _status(verdict)["findings"]
    assert [finding["code"] for finding in kept] == [str(finding.code) for finding in verdict.findings[: len(kept)]]
    assert kept


@pytest.mark.parametrize("name", ["unreadable at length", "unreadable in pictures"])
def test_long_image_does_not_drive_out_all_findings(name: str) -> None:
    assert _status(evaluate(_large(name), policy(), TODAY))["findings"]


def test_long_message_is_cut() -> None:
    status = unjudged_status("CheckInvalid", "x" * 5000, BODY, NOW, is_stalled=True)
    (message,) = {condition["message"] for condition in status["conditions"]}
    assert message.strip("x") == "\u2026"
    assert 990 < len(message) <= 1000


@pytest.mark.parametrize("letter", ["x", "\u0436", "\U0001f40b"])
def test_unjudged_status_stays_below_its_limit(letter: str) -> None:
    assert _size(unjudged_status("CheckInvalid", letter * 5000, BODY, NOW, is_stalled=True)) < MAX_STATUS_BYTES


@pytest.mark.parametrize("letter", ["x", "\u0436", "\U0001f40b"])
def test_policy_status_stays_below_its_limit(letter: str) -> None:
    problems = [Problem("spec", letter * 5000)] * 50
    assert _size(policy_status(policy(), SPEC, DIGEST, problems, BODY, NOW)) < MAX_STATUS_BYTES


def test_waived_finding_says_until_when() -> None:
    verdict = judge(SNAPSHOT, waivers=(waiver("SnapshotBuild", date(2027, 1, 1)),))
    assert [finding.get("waivedUntil") for finding in _status(verdict)["findings"]] == ["2027-01-01"]


def test_policy_whose_patterns_are_too_long_says_that_admission_lets_everything_in() -> None:
    mirrors = [{"from": f"registry-{number}.acme.example/{'x' * 200}/", "to": "docker.io/"} for number in range(100)]
    status = policy_status(policy({"images": {"mirrors": mirrors}}), SPEC, DIGEST, [], BODY, NOW)
    assert "admission" not in status
    assert _by_type(status)["Valid"]["message"].endswith("its patterns are too long for admission, which lets everything in")
    assert "admission" in policy_status(policy(), SPEC, DIGEST, [], BODY, NOW)
