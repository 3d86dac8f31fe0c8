"""A SupportCheck's spec as a value."""

import copy
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.check import Check, Enforcement, Maintenance, Operator, Requirement, Target, Waiver, read_check
from perfana_support.model.code import Code
from perfana_support.model.document import DocumentError
from perfana_support.model.installation import Declared, Platform, Subject
from tests.unit.builders import waiver

WAIVER = {"code": "EndOfLife", "reason": "migration in March", "agreedBy": "the vendor", "expiresOn": "2027-03-31"}
SUBJECT = Subject("Deployment", "perfana", "perfana-web", "web", "perfana/perfana-web:1.0.0")


def _problems(spec: object) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_check(spec)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("spec", [None, {}])
def test_nothing_stated_judges_everything_by_the_builtin_policy(spec: dict[str, Any] | None) -> None:
    assert read_check(spec) == Check(policy=None, selector=(), enforcement=Enforcement.REPORT, waivers=(), target=None)


@pytest.mark.parametrize("field", ["policyRef", "waivers", "workloadSelector", "target", "maintenance", "platform"])
def test_null_is_refused_as_in_a_policy(field: str) -> None:
    (problem,) = _problems({field: None})
    assert problem.startswith(f"spec.{field}: must be a ")
    assert problem.endswith(", is null; leave the field out to state nothing")


def test_everything_stated() -> None:
    spec = {
        "policyRef": {"name": "acme"},
        "enforcement": "Gate",
        "waivers": [WAIVER | {"subject": {"kind": "Deployment", "name": "perfana-web", "container": "web"}}],
        "workloadSelector": {"matchLabels": {"app": "perfana"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]},
        "target": {"release": "0.2.96.22"},
        "maintenance": {"plan": "Team", "expiresOn": "2027-12-31"},
        "dependencies": [{"product": "postgresql", "version": "18.4"}, {"product": "redis"}],
        "platform": {"kubernetesVersion": "v1.36.3", "distribution": "eks"},
    }
    assert read_check(spec) == Check(
        policy="acme",
        selector=(Requirement("app", Operator.IN, ("perfana",)), Requirement("tier", Operator.EXISTS)),
        enforcement=Enforcement.GATE,
        waivers=(
            Waiver("EndOfLife", "Deployment", "perfana-web", "web", "migration in March", "the vendor", date(2027, 3, 31)),
        ),
        target=Target("0.2.96.22"),
        maintenance=Maintenance("Team", date(2027, 12, 31)),
        declared=(Declared("postgresql", "18.4"), Declared("redis")),
        platform=Platform("v1.36.3", "eks"),
    )


def test_part_of_a_target_and_of_a_platform_leaves_the_other_part_open() -> None:
    image = "perfana/perfana-web:0.2.96.22"
    assert read_check({"target": {"images": [image]}}).target == Target("", (image,))
    assert read_check({"target": {"release": "0.2.96.22"}}).target == Target("0.2.96.22", ())
    assert read_check({"platform": {"distribution": "eks"}}).platform == Platform("", "eks")
    assert read_check({"platform": {"kubernetesVersion": "v1.36.3"}}).platform == Platform("v1.36.3", "")


def test_values_of_a_label_expression_are_read() -> None:
    expression = {"key": "tier", "operator": "NotIn", "values": ["a", "b"]}
    spec = {"workloadSelector": {"matchExpressions": [expression]}}
    assert read_check(spec).selector == (Requirement("tier", Operator.NOT_IN, ("a", "b")),)


UNKNOWN = [
    ({}, "spec", "dependencies, enforcement, maintenance, platform, policyRef, target, waivers, workloadSelector"),
    ({"policyRef": {"name": "a"}}, "spec.policyRef", "name"),
    ({"workloadSelector": {}}, "spec.workloadSelector", "matchExpressions, matchLabels"),
    (
        {"workloadSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}},
        "spec.workloadSelector.matchExpressions[0]",
        "key, operator, values",
    ),
    ({"target": {"release": "0.2.96.22"}}, "spec.target", "images, release"),
    ({"maintenance": {"plan": "Team"}}, "spec.maintenance", "expiresOn, plan"),
    ({"dependencies": [{"product": "redis"}]}, "spec.dependencies[0]", "product, version"),
    ({"platform": {"distribution": "eks"}}, "spec.platform", "distribution, kubernetesVersion"),
    ({"waivers": [WAIVER]}, "spec.waivers[0]", "agreedBy, code, expiresOn, reason, subject"),
    ({"waivers": [WAIVER | {"subject": {"kind": "Job"}}]}, "spec.waivers[0].subject", "container, kind, name"),
]


@pytest.mark.parametrize(("spec", "path", "known"), UNKNOWN, ids=[path for _, path, _ in UNKNOWN])
def test_field_that_nobody_knows_is_refused(spec: dict[str, Any], path: str, known: str) -> None:
    misspelt = copy.deepcopy(spec)
    place: Any = misspelt
    for field, index in re.findall(r"(\w+)(?:\[(\d)\])?", path.removeprefix("spec")):
        place = place[field][int(index)] if index else place[field]
    place["platfrom"] = "x"
    assert read_check(spec)
    assert _problems(misspelt) == [f"{path}.platfrom: is not a known field, known are {known}"]


@pytest.mark.parametrize("code", ["SnapshotBuid", "snapshotbuild", "", 7, ["EndOfLife"]])
def test_code_that_no_finding_has_is_refused(code: object) -> None:
    (problem,) = _problems({"waivers": [WAIVER | {"code": code}]})
    assert problem == f"spec.waivers[0].code: must be the code of a finding (perfana-support explain lists them), is {code!r}"


ONE_OF_BOTH = "must have exactly one of release and images"
VALUES = "must be given with operator In and NotIn, and be left out with Exists and DoesNotExist"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"workloadSelector": {"matchExpressions": [{"operator": "Exists"}]}},
            "spec.workloadSelector.matchExpressions[0].key: is missing",
        ),
        (
            {"workloadSelector": {"matchExpressions": [{"key": "a"}]}},
            "spec.workloadSelector.matchExpressions[0].operator: is missing",
        ),
        ({"maintenance": {"expiresOn": "2027-12-31"}}, "spec.maintenance.plan: is missing"),
        ({"dependencies": [{"version": "1"}]}, "spec.dependencies[0].product: is missing"),
        ({"dependencies": [{"product": "redis"}, {"product": "redis"}]}, "spec.dependencies[1].product: must be listed once"),
    ],
)
def test_part_without_what_it_is_about_is_a_problem(spec: dict[str, Any], problem: str) -> None:
    (found,) = _problems(spec)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"target": {}}, f"target: {ONE_OF_BOTH}"),
        ({"target": {"release": "1.0.0", "images": ["perfana/perfana-web:1.0.0"]}}, f"target: {ONE_OF_BOTH}"),
        (
            {"waivers": [WAIVER | {"subject": {}}]},
            "waivers[0].subject: must have at least one of kind, name and container; leave it out to waive the code everywhere",
        ),
        ({"workloadSelector": {"matchLabels": {"a": True}}}, "workloadSelector.matchLabels.a: must be a text, is True"),
        *(
            (
                {"workloadSelector": {"matchExpressions": [{"key": "a", "operator": operator, "values": values}]}},
                f"workloadSelector.matchExpressions[0].values: {VALUES}",
            )
            for operator, values in (("In", []), ("NotIn", []), ("Exists", ["x"]), ("DoesNotExist", ["x"]))
        ),
    ],
)
def test_what_the_schema_refuses_is_refused(spec: dict[str, Any], problem: str) -> None:
    assert _problems(spec) == [f"spec.{problem}"]


def test_waiver_without_subject_is_for_all() -> None:
    (read,) = read_check({"waivers": [WAIVER]}).waivers
    assert (read.kind, read.name, read.container) == ("", "", "")


def test_same_code_may_be_waived_twice() -> None:
    assert len(read_check({"waivers": [WAIVER, WAIVER]}).waivers) == 2


@pytest.mark.parametrize("spec", ["text", [], 1])
def test_spec_that_is_no_mapping(spec: object) -> None:
    assert _problems(spec) == ["spec: must be a mapping"]


def test_problems_are_named_by_path_and_all_at_once() -> None:
    spec = {
        "enforcement": "Deny",
        "policyRef": {"name": 7},
        "waivers": [{"code": "EndOfLife", "expiresOn": "2027-02-30"}, "all"],
        "workloadSelector": {"matchExpressions": [{"key": "a", "operator": "Like"}]},
    }
    assert _problems(spec) == [
        "spec.policyRef.name: must be a text, is 7",
        "spec.enforcement: must be one of Report, Gate, is 'Deny'",
        "spec.waivers[1]: must be a mapping, is 'all'",
        "spec.waivers[0].reason: is missing, must be a text",
        "spec.waivers[0].agreedBy: is missing, must be a text",
        "spec.waivers[0].expiresOn: must be a date as YYYY-MM-DD, is '2027-02-30'",
        "spec.workloadSelector.matchExpressions[0].operator: must be one of In, NotIn, Exists, DoesNotExist, is 'Like'",
    ]


def test_reference_to_a_policy_needs_its_name() -> None:
    assert _problems({"policyRef": {}}) == ["spec.policyRef.name: is missing, must be a text"]


@pytest.mark.parametrize("field", ["code", "reason", "agreedBy", "expiresOn"])
def test_waiver_must_say_what_why_who_and_until_when(field: str) -> None:
    (problem,) = _problems({"waivers": [{name: value for name, value in WAIVER.items() if name != field}]})
    assert problem.startswith(f"spec.waivers[0].{field}: is missing")


@pytest.mark.parametrize(
    ("subject", "covers"),
    [
        ({}, True),
        ({"kind": "Deployment"}, True),
        ({"kind": "Deployment", "name": "perfana-web", "container": "web"}, True),
        ({"kind": "deployment"}, False),
        ({"kind": "StatefulSet", "name": "perfana-web"}, False),
        ({"name": "perfana-api"}, False),
        ({"container": "init"}, False),
    ],
)
def test_waiver_covers_the_subject_that_it_names(subject: dict[str, str], *, covers: bool) -> None:
    assert waiver("EndOfLife", date.max, **subject).covers(Code.END_OF_LIFE, SUBJECT) is covers


def test_waiver_covers_its_own_code_alone() -> None:
    covered = [code for code in Code if waiver("EndOfLife", date.max).covers(code, SUBJECT)]
    assert covered == [Code.END_OF_LIFE]


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        (Requirement("a", Operator.IN, ("x", "y")), [True, True, False, False]),
        (Requirement("a", Operator.NOT_IN, ("x", "y")), [False, False, True, True]),
        (Requirement("a", Operator.EXISTS), [True, True, True, False]),
        (Requirement("a", Operator.DOES_NOT_EXIST), [False, False, False, True]),
    ],
)
def test_requirement_of_a_label_selector(requirement: Requirement, met: list[bool]) -> None:
    labels: list[dict[str, str]] = [{"a": "x"}, {"a": "y", "b": "x"}, {"a": "z"}, {"b": "x"}]
    assert [requirement.is_met(one) for one in labels] == met


def test_selector_needs_all_its_requirements() -> None:
    check = read_check({"workloadSelector": {"matchLabels": {"app": "perfana", "tier": "web"}}})
    assert check.selects((("app", "perfana"), ("tier", "web"), ("x", "y")))
    assert not check.selects((("app", "perfana"),))
    assert not check.selects(())


def test_no_selector_selects_everything() -> None:
    assert Check().selects(())
    assert read_check({"workloadSelector": {}}).selects((("a", "b"),))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "key", "code", "subject"]), inner),
    max_leaves=6,
)
FIELDS = ["policyRef", "enforcement", "waivers", "workloadSelector", "target", "maintenance", "dependencies", "platform"]


@given(st.dictionaries(st.sampled_from(FIELDS), PLAIN))
def test_any_spec_is_a_check_or_a_document_error(spec: dict[str, Any]) -> None:
    try:
        read_check(spec)
    except DocumentError as error:
        assert error.problems  # noqa: PT017 - either outcome is right, another error is not
