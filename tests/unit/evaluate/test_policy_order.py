"""The order of a policy's entries says nothing, except where it is what they say."""

import random
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance, Target
from perfana_support.model.installation import Declared, Installation
from perfana_support.model.policy import Policy
from perfana_support.sources.policy import builtin_document, policy_of
from tests.unit.builders import TODAY, policy, policy_document
from tests.unit.cluster_objects import CIRCUMSTANCES, Circumstances, held, observed
from tests.unit.installations import Objects, installations

# Lines followed each other, and the words of a command line stand one behind the other.
IN_ORDER = {"lines", "entrypoint", "command"}
CHECK = Check(
    maintenance=Maintenance("Team", TODAY.replace(year=2030)),
    target=Target("0.2.96.22"),
    declared=(Declared("timescaledb", "2.30.2"), Declared("postgresql", "15.2")),
)


def _shuffled(value: Any, order: random.Random) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, dict):
        fields = order.sample(list(value), len(value))
        return {field: value[field] if field in IN_ORDER else _shuffled(value[field], order) for field in fields}
    if isinstance(value, list):
        return [_shuffled(each, order) for each in order.sample(value, len(value))]
    return value


@cache
def _policy(seed: int) -> Policy:
    spec = _shuffled(builtin_document()["spec"], random.Random(seed))  # noqa: S311 - no secret
    return policy_of({**policy_document(**spec), "metadata": {"name": "default"}})


def _essence(subject: Installation, rules: Policy) -> tuple[object, ...]:
    """A verdict without its sentences, which list what is supported in the order in which the policy does."""
    verdict = evaluate(subject, rules, TODAY, CHECK)
    findings = {(finding.code, finding.subject) for finding in verdict.findings}
    conditions = [(condition.type, condition.status, condition.reason) for condition in verdict.conditions]
    return findings, conditions, verdict.components, verdict.release, verdict.support_ends_on, verdict.next_transition


@given(installations(), CIRCUMSTANCES, st.integers(0, 5))
def test_order_of_policy_entries_changes_no_verdict(objects: Objects, circumstances: Circumstances, seed: int) -> None:
    subject = observed(held(objects, circumstances))
    assert _essence(subject, _policy(seed)) == _essence(subject, policy())
