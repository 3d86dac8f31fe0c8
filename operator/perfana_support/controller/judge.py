"""From a check or policy and the facts of this moment to the status that it should have. Decides; writes nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from perfana_support.controller.policybook import PolicyBook
from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.answer import Answer, Question
from perfana_support.model.check import read_check
from perfana_support.model.code import Reason
from perfana_support.model.document import DocumentError, Json
from perfana_support.model.image_policy import ImageRules, Verification
from perfana_support.reports.status import check_status, generation_of, policy_status, status_of, unjudged_status
from perfana_support.sources.cluster.store import ClusterStore


class Answered(Protocol):
    """Who knows what registries have said: `Registries`."""

    def known(self, rules: ImageRules, namespace: str) -> Mapping[Question, Answer]:
        """The answers of the registries that a policy names, as far as a namespace may know them."""


class Judged(NamedTuple):
    """The status that something should have. `questions` are open: the registries of `rules` would have to answer them."""

    status: dict[str, Any]
    rules: ImageRules = ImageRules()
    questions: tuple[Question, ...] = ()


def judge_check(body: Json, store: ClusterStore, policies: PolicyBook, registries: Answered, now: datetime) -> Judged:
    """The status of a check: its verdict, or why there is none."""
    try:
        check = read_check(body.get("spec"))
    except DocumentError as error:
        return unjudged(Reason.CHECK_INVALID, str(error), body, now, is_stalled=True)
    if check.target:
        check = check._replace(target=check.target._replace(may_install=True))
    if check.policy is not None and policies.gap:
        return unjudged(Reason.POLICY_UNREADABLE, policies.gap, body, now, is_stalled=True)
    found = policies.of(check)
    if found.policy is None and not found.problems:
        message = f"SupportPolicy {check.policy} does not exist; create it or correct spec.policyRef.name"
        return unjudged(Reason.POLICY_NOT_FOUND, message, body, now, is_stalled=False)
    if found.policy is None:
        message = f"SupportPolicy {check.policy} is not valid: {found.problems[0]}"
        return unjudged(Reason.POLICY_INVALID, message, body, now, is_stalled=True)
    rules = found.policy.fields.images
    namespace = body["metadata"]["namespace"]
    installation = select(store.installation(namespace), check, found.policy)
    if rules.verification is Verification.REGISTRY:
        installation = installation._replace(answers=registries.known(rules, namespace))
    verdict = evaluate(installation, found.policy, now.date(), check)
    caveat = (
        f"SupportPolicy {check.policy} is not valid, its last valid form is in force: {found.problems[0]}"
        if found.problems
        else ""
    )
    status = check_status(verdict, found.policy, found.digest, check.enforcement, body, now, caveat)
    return Judged(status, rules, verdict.open_questions)


def unjudged(reason: Reason, message: str, body: Json, now: datetime, *, is_stalled: bool) -> Judged:
    """A check without a verdict, and why."""
    return Judged(unjudged_status(reason, message, body, now, is_stalled=is_stalled))


def judge_policy(body: Json, policies: PolicyBook, now: datetime) -> Judged:
    """The status of a policy: whether it can be judged by."""
    state = policies.state(body["metadata"]["name"])
    return Judged(policy_status(state.policy, state.spec, state.digest, state.problems, body, now))


def flips(before: Json, after: Json) -> list[tuple[Json, Json]]:
    """The conditions whose status is another than it was, as (before, after); one that is new has not flipped."""
    old = {condition["type"]: condition for condition in before.get("conditions") or ()}
    pairs = [(old.get(condition["type"]), condition) for condition in after["conditions"]]
    return [(was, is_now) for was, is_now in pairs if was is not None and was["status"] != is_now["status"]]


def is_urgent(body: Json, desired: Json) -> bool:
    """Whether somebody may wait for this status: a first one, one for a new spec, or one that flips a condition."""
    current = status_of(body)
    kinds = {condition["type"] for condition in current.get("conditions") or ()}
    return (
        current.get("observedGeneration") != generation_of(body)
        or bool(flips(current, desired))
        or any(condition["type"] not in kinds for condition in desired["conditions"])
    )
