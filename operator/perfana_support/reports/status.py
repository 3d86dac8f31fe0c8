"""Verdicts and policies as the status of their resources, by the API's conventions and within its limits."""

import json
from collections.abc import Iterable
from datetime import datetime

from perfana_support.evaluate.admission import admission
from perfana_support.model.check import Enforcement
from perfana_support.model.code import ConditionType, Reason, Status
from perfana_support.model.document import Json, NewJson, Problem
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.bounds import MAX_MESSAGE, cut, size
from perfana_support.reports.document import (
    component_documents,
    condition_document,
    day_text,
    finding_document,
    transition_document,
)

# All of a status; etcd keeps it for every check and every watcher receives it (docs/adr/0004-status.md).
MAX_STATUS_BYTES = 32 * 1024
# For what the API server adds (a bracket, an escape) beside the JSON that is counted here.
_SLACK_BYTES = 1024
_MAX_COMPONENTS = 40
# In bytes, like MAX_MESSAGE.
_MAX_IMAGE = 500
_MAX_PROBLEMS = 20
# In bytes. A spec states what differs from the built-in policy, a few kilobytes; more than this is not remembered.
_MAX_SPEC = 200_000
LAST_VALID_SPEC = "lastValidSpec"
# The schema's limits.
_MAX_PATTERN, _MAX_RULES, _MAX_ENDINGS = 16384, 256, 512
_NOT_ADMITTED = "; its patterns are too long for admission, which lets everything in"
# Beside the verdict's, for tools that read kstatus: about the evaluation, unless the check is a gate.
READY, RECONCILING, STALLED, VALID = "Ready", "Reconciling", "Stalled", "Valid"


def check_status(  # noqa: PLR0913 - a verdict, the policy behind it, and what to write it to
    verdict: Verdict,
    policy: Policy,
    policy_digest: str,
    enforcement: Enforcement,
    body: Json,
    now: datetime,
    caveat: str = "",
) -> NewJson:
    """The status that a verdict gives a check.

    `body` is the check as it is, for its generation and for the times of conditions that did not flip. `caveat` is what has
    to be known about the evaluation, "" for nothing.
    """
    documents = [{**condition_document(condition), "message": cut(condition.message)} for condition in verdict.conditions]
    documents += _kstatus(_gating(verdict), enforcement, caveat)
    status: NewJson = {
        "conditions": _dated(documents, body, now),
        "observedGeneration": generation_of(body),
        "policy": {"name": policy.name, "publishedOn": policy.published_on.isoformat(), "digest": policy_digest},
        "components": component_documents(verdict)[:_MAX_COMPONENTS],
    }
    if verdict.release:
        status["release"] = verdict.release
    if verdict.support_ends_on:
        status["supportEndsOn"] = day_text(verdict.support_ends_on)
    if verdict.next_transition:
        status["nextTransition"] = transition_document(verdict.next_transition)
    room = MAX_STATUS_BYTES - _SLACK_BYTES - size(status)
    status["findings"], status["findingsOmitted"] = _fitting(map(finding_document, verdict.findings), room)
    return status


def unjudged_status(reason: str, message: str, body: Json, now: datetime, *, is_stalled: bool) -> NewJson:
    """The status of a check that cannot be evaluated: every condition Unknown, and why.

    `is_stalled`: only the user can mend it; otherwise it is being waited for.
    """
    # What was said of an earlier target must not outlive it, nor must an upgrade look possible that nobody judged.
    has_target = (body.get("spec") or {}).get("target") is not None
    wanted = [kind for kind in ConditionType if has_target or kind is not ConditionType.UPGRADE_SUPPORTED]
    documents = [condition_document(Condition(kind, Status.UNKNOWN, reason, cut(message))) for kind in wanted]
    documents += [
        _plain(READY, Status.FALSE, reason, message),
        _plain(RECONCILING, Status.FALSE if is_stalled else Status.TRUE, reason, message),
        _plain(STALLED, Status.TRUE if is_stalled else Status.FALSE, reason, message),
    ]
    return {"conditions": _dated(documents, body, now), "observedGeneration": generation_of(body)}


def policy_status(  # noqa: PLR0913 - a policy as document and as values, its problems, and what to write them to
    policy: Policy | None,
    spec: Json,
    digest: str,
    problems: list[Problem],
    body: Json,
    now: datetime,
) -> NewJson:
    """The status of a SupportPolicy: whether it can be judged by, and each of its problems by path.

    `policy`, `spec` and `digest` are those in force: while the present spec has problems, the last that had none. That spec is
    kept in the status from the first valid one on, for an edit may be invalid at a time when no operator runs.
    """
    kept = json.dumps(spec, separators=(",", ":"), sort_keys=True, default=str) if policy else ""
    is_kept = len(kept.encode(errors="replace")) <= _MAX_SPEC
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        valid = (Status.FALSE, Reason.POLICY_INVALID, f"{problems[0]}{more}")
    else:
        valid = (Status.TRUE, Reason.POLICY_VALID, "the policy can be judged by")
    status, reason, message = valid
    told = _admission(policy, now) if policy else {}
    if policy and not told:
        message = cut(message, MAX_MESSAGE - len(_NOT_ADMITTED)) + _NOT_ADMITTED
    if not is_kept:
        caveat = f"; the last valid spec is above {_MAX_SPEC} bytes and not kept: in force until the operator starts anew"
        message = cut(message, MAX_MESSAGE - len(caveat)) + caveat
    documents = [
        _plain(VALID, status, reason, message),
        _plain(READY, status, reason, message),
        _plain(STALLED, Status.TRUE if problems else Status.FALSE, reason, message),
    ]
    document: NewJson = {"conditions": _dated(documents, body, now), "observedGeneration": generation_of(body)}
    if problems:
        document["problems"] = [cut(str(problem)) for problem in problems[:_MAX_PROBLEMS]]
    if policy:
        document |= {"digest": digest, "publishedOn": policy.published_on.isoformat()}
        document |= {LAST_VALID_SPEC: kept} if is_kept else {}
        document |= told
    return document


def _admission(policy: Policy, now: datetime) -> NewJson:
    """What an API server is told to refuse today; nothing where that is longer than the schema allows."""
    told = admission(policy, now.date())
    rules = [
        {"code": str(rule.code), "message": rule.message, "pattern": rule.pattern}
        | ({"endings": list(rule.endings)} if rule.endings else {})
        for rule in told.rules
    ]
    is_long = max(map(len, (told.components, told.exempt, *(rule.pattern for rule in told.rules)))) > _MAX_PATTERN
    if is_long or len(rules) > _MAX_RULES or any(len(rule.endings) > _MAX_ENDINGS for rule in told.rules):
        return {}
    exempt = {"exempt": told.exempt} if told.exempt else {}
    return {"admission": {"components": told.components, **exempt, "rules": rules}}


def status_of(body: Json) -> Json:
    """The status that an object has, empty before the first."""
    status: Json = body.get("status") or {}
    return status


def generation_of(body: Json) -> int:
    """The generation of an object: it counts changes of the spec."""
    return int(body["metadata"].get("generation", 0))


def differing(desired: Json, current: Json) -> list[str]:
    """The fields that writing `desired` might change: everybody else's conditions are left out of the comparison."""
    # One of ours that is no longer stated counts as well: it would look as if it still held.
    own = {*map(str, ConditionType), *(condition["type"] for condition in desired["conditions"])}
    trimmed = {
        **current,
        "conditions": [condition for condition in current.get("conditions") or () if condition.get("type") in own],
    }
    wanted, found = _canonical(desired), _canonical(trimmed)
    return sorted(field for field in wanted.keys() | found.keys() if wanted.get(field) != found.get(field))


def is_same(desired: Json, current: Json) -> bool:
    """Whether writing `desired` would change nothing."""
    return not differing(desired, current)


def _canonical(status: Json) -> NewJson:
    """A status without order of conditions and without empty lists, which the API server may or may not keep."""
    document = {field: value for field, value in status.items() if value not in ([], None)}
    document["conditions"] = {condition["type"]: condition for condition in status["conditions"]}
    return document


def _gating(verdict: Verdict) -> Condition:
    """What a gate lets pass or stops: the upgrade where one is stated, for what runs now may be what it mends."""
    upgrade = (each for each in verdict.conditions if each.type is ConditionType.UPGRADE_SUPPORTED)
    return next(upgrade, verdict.condition(ConditionType.SUPPORTED))


def _kstatus(gating: Condition, enforcement: Enforcement, caveat: str) -> list[NewJson]:
    """Ready, Reconciling and Stalled: in progress, done, or failed for good, as kstatus reads them."""
    evaluated = "the installation was evaluated" + (f"; {caveat}" if caveat else "")
    ready, message = Status.TRUE, evaluated
    reason: str = Reason.EVALUATED
    stalled = Status.FALSE
    if enforcement is Enforcement.GATE:
        ready, reason, message = gating.status, gating.reason, gating.message
        stalled = Status.TRUE if gating.status is Status.FALSE else Status.FALSE
    stalled_reason = Reason.NOT_SUPPORTED if stalled is Status.TRUE else Reason.EVALUATED
    return [
        _plain(READY, ready, reason, message),
        _plain(RECONCILING, Status.FALSE, Reason.EVALUATED, evaluated),
        _plain(STALLED, stalled, stalled_reason, message),
    ]


def _plain(kind: str, status: Status, reason: str, message: str) -> NewJson:
    return {"type": kind, "status": str(status), "reason": reason, "message": cut(message)}


def _dated(documents: Iterable[NewJson], body: Json, now: datetime) -> list[NewJson]:
    """Conditions with generation and time; the time changes only when the status does."""
    before = {condition["type"]: condition for condition in status_of(body).get("conditions") or ()}
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    dated = []
    for document in documents:
        old = before.get(document["type"], {})
        time = old.get("lastTransitionTime") if old.get("status") == document["status"] else None
        dated.append({**document, "observedGeneration": generation_of(body), "lastTransitionTime": time or stamp})
    return dated


def _fitting(findings: Iterable[NewJson], room: int) -> tuple[list[NewJson], int]:
    """As many findings, the worst first, as there are bytes left for, and how many are left out."""
    kept: list[NewJson] = []
    omitted = 0
    for finding in findings:
        shown = {**finding, "message": cut(finding["message"]), "remediation": cut(finding["remediation"])}
        shown["subject"] = {part: cut(text, _MAX_IMAGE) for part, text in finding["subject"].items()}
        room -= size(shown)
        if room < 0:
            omitted += 1
        else:
            kept.append(shown)
    return kept, omitted
