"""Are the checks of the cluster judged: does each have a verdict on its present spec, and what keeps it from one?"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from perfana_support.evaluate.doctor.instants import ago, instant
from perfana_support.evaluate.doctor.neighbours import (
    is_led_unseen,
    judge_of,
    leads,
    looks_at,
    others_of,
    unknown_leases,
    untold,
    why_idle,
    why_unseen,
)
from perfana_support.evaluate.doctor.others import ELSEWHERE
from perfana_support.evaluate.doctor.remedies import (
    apply_definitions,
    apply_rights,
    give_reader,
    look_at_too,
    look_elsewhere,
    restart,
    show,
)
from perfana_support.model.code import Code, ConditionType, Reason, Status
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Json, Reading, State, Tools

# An operator judges within a second; it is waited for as long as a busy cluster may take to start one.
_PATIENCE_SECONDS = 60.0
_MOST_TOLD = 20
_NO_JUDGE = "what stands in the status is old, and nobody writes it anew"
_NO_VERDICT = "what stands in its status is no verdict on what it asks now"
_GAPS = (Code.WORKLOADS_UNREADABLE, Code.PLATFORM_UNREADABLE)


def judge_checks(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """Each check without a verdict, and how many have one."""
    if facts.checks.found is None:
        found, fix = f"cannot be read: {facts.checks.why_not}", give_reader(facts, tools)
        if facts.checks.is_absent:
            found, fix = "there are none, for their definition is not there", (apply_definitions(tools),)
        yield Diagnosis(Area.CHECKS, "of the cluster", State.CANNOT_TELL, found, "whether they are judged is not known", fix)
        return
    checks = facts.checks.items
    judged = [_check(check, facts, tools) for check in checks]
    # What keeps an operator from judging several checks is told once.
    told = list(dict.fromkeys(filter(None, judged)))
    yield from told[:_MOST_TOLD]
    if len(told) > _MOST_TOLD:
        fix = (tools.kubectl("get supportchecks -A -o wide"),)
        found = f"{len(told) - _MOST_TOLD} more are not well"
        yield Diagnosis(Area.CHECKS, "further checks", max(told, key=_weight).state, found, _NO_VERDICT, fix)
    if not checks:
        found = f"there are none, so nothing is judged yet: {tools.kubectl('explain supportcheck.spec')} says what one states"
        yield Diagnosis(Area.CHECKS, "of the cluster", State.OK, found)
    elif None in judged:
        found = f"{judged.count(None)} of {len(checks)} have a verdict on their present spec"
        yield Diagnosis(Area.CHECKS, "of the cluster", State.OK, found)


def _weight(diagnosis: Diagnosis) -> bool:
    return diagnosis.state is State.PROBLEM


def _check(check: Json, facts: Facts, tools: Tools) -> Diagnosis | None:
    """What is wrong with a check, by the operator that judges it; None for nothing."""
    namespace, name = str(check["metadata"]["namespace"]), str(check["metadata"]["name"])
    judge = judge_of(facts, namespace)
    if judge is None:
        return _unwatched(facts, namespace, name, tools)
    if judge == facts.setup:
        return _verdict(check, facts, tools)
    place = f"{judge.namespace}/{judge.name}"
    idle = why_idle(judge, facts)
    if idle:
        fix: tuple[str, ...] = (tools.program(f"doctor --operator-namespace {judge.namespace}"),)
        return Diagnosis(Area.CHECKS, f"of Deployment {place}", State.PROBLEM, f"{place} {idle}", _NO_JUDGE, fix)
    verdict = _verdict(check, facts._replace(setup=judge, place=Reading({})), tools)
    if verdict is None and leads(judge, facts) is None:
        found, why = f"whether it leads cannot be seen: {untold(judge)}", "its verdicts may be old, and nobody writes them anew"
        return Diagnosis(Area.CHECKS, f"of Deployment {place}", State.CANNOT_TELL, found, why, show(judge, tools))
    return verdict


def _verdict(check: Json, facts: Facts, tools: Tools) -> Diagnosis | None:
    metadata, status = check["metadata"], check.get("status") or {}
    subject = f"{metadata['namespace']}/{metadata['name']}"
    supported = _condition(status, ConditionType.SUPPORTED)
    generation = metadata.get("generation")
    if not supported or status.get("observedGeneration") != generation:
        return _late(check, bool(supported), facts, tools)
    reason, message = str(supported.get("reason")), str(supported.get("message") or "")
    if supported.get("status") == Status.UNKNOWN and reason in _UNJUDGED:
        fix = _unjudged(reason, subject, facts, tools)
        return Diagnosis(Area.CHECKS, subject, State.PROBLEM, f"{reason}: {message}", _UNJUDGED[reason], fix)
    findings = status.get("findings") or ()
    for finding in findings:
        if finding.get("code") in _GAPS:
            found = f"{finding['code']}: {finding.get('message')}"
            why = "the verdict is Unknown, or by less than what runs"
            return Diagnosis(Area.CHECKS, subject, State.PROBLEM, found, why, apply_rights(facts, tools))
    return _registries(check, findings, facts, tools)


def _unwatched(facts: Facts, namespace: str, name: str, tools: Tools) -> Diagnosis:
    """A check in a namespace that no operator looks at, as far as can be seen."""
    setup, subject = facts.setup, f"{namespace}/{name}"
    found = f"the operator looks at {', '.join(setup.watched)} only"
    if setup.deployment is None or not setup.watched:
        found = f"which operator looks at namespace {namespace} is not known"
    state, why = State.CANNOT_TELL, "another operator may judge it, or nobody"
    hidden = next((each for each in (facts.setup, *others_of(facts)) if looks_at(each, namespace) is None), None)
    unread = why_unseen(facts) or ("" if facts.deployments.found is not None else facts.deployments.why_not)
    unknown = unknown_leases(facts)
    if hidden:
        found += f"; {hidden.namespace}/{hidden.name} {ELSEWHERE}"
        fix = show(hidden, tools)
    elif unread:
        found += f"; whether another looks there cannot be seen: {unread}"
        fix = give_reader(facts, tools, of_cluster=True)
    elif unknown:
        where = unknown[0]["metadata"]["namespace"]
        found += f"; which namespaces the holder of Lease {where}/{unknown[0]['metadata']['name']} looks at cannot be seen"
        fix = (tools.program(f"doctor --operator-namespace {where}"),)
    elif is_led_unseen(facts):
        lease = f"{setup.lease_namespace}/{setup.lease_name}"
        found += f": no Deployment says where the holder of Lease {lease} looks"
        fix = (tools.kubectl(f"get lease {setup.lease_name} -n {setup.lease_namespace} -o yaml"),)
    elif setup.deployment is None:
        state, why, fix = State.PROBLEM, _NO_JUDGE, look_elsewhere(facts, tools)
        found = f"no operator looks at namespace {namespace}"
        if not fix:
            found += ", for none is installed"
            places = "".join(f" -n {each}" for each in (*setup.watched, namespace))
            fix = (tools.program(f"doctor --operator-namespace {setup.namespace}{places}"),)
    else:
        state, why = State.PROBLEM, _NO_JUDGE
        found = f"no operator looks at namespace {namespace}; this one looks at {', '.join(setup.watched)}"
        unwanted = tools.kubectl(f"delete supportcheck {name} -n {namespace}")
        fix = (f"{unwanted}    # if nobody needs its verdict", *look_at_too(facts, tools, namespace))
    return Diagnosis(Area.CHECKS, subject, state, found, why, fix)


_UNJUDGED: Mapping[str, str] = {
    Reason.EVALUATION_FAILED: "this program stumbled over it, which is a fault of it: report it with this bundle",
    Reason.POLICY_UNREADABLE: "a check that names a policy cannot be judged while the operator may not read it",
    Reason.POLICY_INVALID: "there is no valid form of the policy that it names",
    Reason.POLICY_NOT_FOUND: "the policy that it names is not there",
    Reason.CHECK_INVALID: "it states what nobody can judge by",
}


def _unjudged(reason: str, subject: str, facts: Facts, tools: Tools) -> tuple[str, ...]:
    namespace, _, name = subject.partition("/")
    builtin = f'patch supportcheck {name} -n {namespace} --type=merge -p \'{{"spec":{{"policyRef":null}}}}\''
    if reason == Reason.EVALUATION_FAILED:
        words = f"logs deployment/{facts.setup.name} -n {facts.setup.namespace} --tail=100"
        return (tools.program(f"bundle -n {namespace} --name {name}"), tools.kubectl(words))
    if reason == Reason.POLICY_UNREADABLE:
        return (*apply_rights(facts, tools), tools.kubectl(builtin) + "    # or judge by the built-in policy")
    if reason == Reason.CHECK_INVALID:
        return (tools.kubectl(f"edit supportcheck {name} -n {namespace}"),)
    return (tools.kubectl("get supportpolicies"), tools.kubectl(builtin) + "    # judges by the built-in policy")


def _late(check: Json, was_judged: bool, facts: Facts, tools: Tools) -> Diagnosis:  # noqa: FBT001 - one fact of a status
    """A check that is not judged yet, or whose verdict is on an older spec."""
    metadata = check["metadata"]
    subject = f"{metadata['namespace']}/{metadata['name']}"
    changed = _changed_at(check) or instant(metadata.get("creationTimestamp"))
    seconds = (facts.moment - changed).total_seconds() if changed else _PATIENCE_SECONDS + 1
    told = "its verdict is on an earlier spec" if was_judged else "has no verdict"
    found = f"{told}; it was changed {ago(seconds)}" if changed else told
    if seconds <= _PATIENCE_SECONDS:
        words = f"wait --for=condition=Ready supportcheck/{metadata['name']} -n {metadata['namespace']} --timeout=60s"
        return Diagnosis(
            Area.CHECKS, subject, State.CANNOT_TELL, found, "it may be judged in a moment", (tools.kubectl(words),)
        )
    return Diagnosis(Area.CHECKS, subject, State.PROBLEM, found, _NO_VERDICT, restart(facts, tools))


def _changed_at(check: Json) -> datetime | None:
    """When somebody last wrote anything but the status, by the server's own notes."""
    notes = check["metadata"].get("managedFields") or ()
    times = [found for note in notes if note.get("subresource") != "status" and (found := instant(note.get("time")))]
    return max(times, default=None)


def _registries(check: Json, findings: Any, facts: Facts, tools: Tools) -> Diagnosis | None:  # noqa: ANN401 - a status' list
    """Images that a registry did not prove, where the check's policy has registries asked."""
    wanted = ((check.get("spec") or {}).get("policyRef") or {}).get("name")
    asks = {policy.name for policy in facts.read_policies if policy.asks_registries}
    unproven = [each for each in findings if each.get("code") == Code.DIGEST_UNVERIFIED]
    if wanted not in asks or not unproven:
        return None
    namespace, name = check["metadata"]["namespace"], check["metadata"]["name"]
    found = f"images that their registry did not prove: {len(unproven)}, such as: {unproven[0].get('message')}"
    why = "a registry that the operator cannot ask leaves ImagesUnmodified Unknown"
    fix = (tools.program(f"check -n {namespace} --verification Registry"),)
    return Diagnosis(Area.CHECKS, f"{namespace}/{name}", State.PROBLEM, found, why, fix)


def _condition(status: Json, kind: ConditionType) -> Json:
    return next((each for each in status.get("conditions") or () if each.get("type") == kind), {})
