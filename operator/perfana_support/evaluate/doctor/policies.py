"""Are the policies valid, young enough, and those that checks name?"""

import shlex
from collections.abc import Iterator

from perfana_support.evaluate.doctor.neighbours import judge_of
from perfana_support.evaluate.doctor.remedies import apply_definitions, give_reader, restart, set_image
from perfana_support.evaluate.doctor.renewal import renew
from perfana_support.evaluate.doctor.setup import NAME, container_of
from perfana_support.model.code import Code, Status
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Json, PolicySeen, State, Tools

_STALE = "later releases and end-of-life dates are not in it; verdicts by it are at risk (PolicyStale)"
_INVALID = "an operator keeps the last valid form in force, or judges nothing by it if it has seen none"


def judge_policies(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """The built-in policy of this program, and each of the cluster."""
    yield _age(facts.builtin, facts, renew(facts, tools), "built-in policy")
    yield from _operators_own(facts, tools)
    if facts.policies.found is None:
        found, fix = f"cannot be read: {facts.policies.why_not}", give_reader(facts, tools, of_cluster=True)
        if facts.policies.is_absent:
            found, fix = "there are none, for their definition is not there", (apply_definitions(tools),)
        why = "whether they are valid and up to date is not known"
        yield Diagnosis(Area.POLICIES, "of the cluster", State.CANNOT_TELL, found, why, fix)
        return
    statuses = {each["metadata"]["name"]: each for each in facts.policies.items}
    for policy in facts.read_policies:
        name = shlex.quote(policy.name)
        if policy.problems:
            yield _invalid(policy, bool((statuses[policy.name].get("status") or {}).get("lastValidSpec")), tools)
            continue
        refused = _refused(statuses[policy.name])
        if refused:
            found = f"is valid to this program, and not to the operator: {refused}"
            look = (tools.kubectl(f"describe supportpolicy {name}"), *restart(facts, tools))
            yield Diagnosis(Area.POLICIES, policy.name, State.PROBLEM, found, _INVALID, look)
            continue
        today = facts.moment.date().isoformat()
        patch = f'patch supportpolicy {name} --type=merge -p \'{{"spec":{{"publishedOn":"{today}"}}}}\''
        reviewed = f"{tools.kubectl(patch)}    # once you have read the vendor's policy anew"
        yield _age(policy, facts, (tools.kubectl(f"edit supportpolicy {name}"), reviewed), policy.name)
    yield from _unnamed(facts, tools)


def _operators_own(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """The policy that is built into the operator, which may be an older program: its verdicts tell of its age."""
    stale = [
        check
        for check in facts.checks.items
        if not (check.get("spec") or {}).get("policyRef")
        and any(each.get("code") == Code.POLICY_STALE for each in (check.get("status") or {}).get("findings") or ())
    ]
    if facts.builtin.stale_after and facts.moment.date() > facts.builtin.stale_after:
        return
    judges = [judge_of(facts, check["metadata"]["namespace"]) for check in stale]
    for setup in [each for place, each in enumerate(judges) if each and each not in judges[:place]]:
        container = container_of(setup.deployment)
        fix = restart(facts._replace(setup=setup), tools)
        if container:
            image = str(container.get("image") or NAME)
            anew = set_image(facts._replace(setup=setup), tools, str(container.get("name")), image)
            fix = (f"{anew}    # this version's image, once it is there",)
        found = f"is too old, by {judges.count(setup)} verdicts of its; this program's is of {facts.builtin.published_on}"
        subject = "the operator's own" if setup == facts.setup else f"of {setup.namespace}/{setup.name}"
        yield Diagnosis(Area.POLICIES, subject, State.PROBLEM, found, _STALE, fix)


def _refused(item: Json) -> str:
    """What the operator has against the present spec of a policy, "" for nothing: it may be of another version."""
    status = item.get("status") or {}
    valid: Json = next((each for each in status.get("conditions") or () if each.get("type") == "Valid"), {})
    if valid.get("status") != Status.FALSE or status.get("observedGeneration") != item["metadata"].get("generation"):
        return ""
    return str(next(iter(status.get("problems") or ()), valid.get("message") or valid.get("reason")))


def _age(policy: PolicySeen, facts: Facts, fix: tuple[str, ...], subject: str) -> Diagnosis:
    if policy.stale_after is None or policy.published_on is None:
        return Diagnosis(Area.POLICIES, subject, State.CANNOT_TELL, "its age is not known", _STALE, fix)
    if facts.moment.date() > policy.stale_after:
        found = f"is of {policy.published_on} and was to be relied on until {policy.stale_after}"
        return Diagnosis(Area.POLICIES, subject, State.PROBLEM, found, _STALE, fix)
    found = f"valid, of {policy.published_on}, to be relied on until {policy.stale_after}"
    return Diagnosis(Area.POLICIES, subject, State.OK, found)


def _invalid(policy: PolicySeen, has_valid_form: bool, tools: Tools) -> Diagnosis:  # noqa: FBT001 - one fact of a status
    name = shlex.quote(policy.name)
    found = f"is not valid: {policy.problems[0]}"
    found += f" (and {len(policy.problems) - 1} more)" if len(policy.problems) > 1 else ""
    fix: tuple[str, ...] = (f"{tools.kubectl(f'get supportpolicy {name} -o yaml')} | perfana-support policy lint -",)
    if has_valid_form:
        kept = tools.kubectl(f"get supportpolicy {name} -o jsonpath='{{.status.lastValidSpec}}'")
        patch = f'[{{\\"op\\":\\"replace\\",\\"path\\":\\"/spec\\",\\"value\\":$({kept})}}]'
        fix += (tools.kubectl(f'patch supportpolicy {name} --type=json -p "{patch}"') + "    # back to its last valid form",)
    else:
        fix += (tools.kubectl(f"edit supportpolicy {name}"),)
    return Diagnosis(Area.POLICIES, policy.name, State.PROBLEM, found, _INVALID, fix)


def _unnamed(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """Checks that name a policy which is not there."""
    known = {policy.name for policy in facts.read_policies}
    for check in facts.checks.items:
        wanted = ((check.get("spec") or {}).get("policyRef") or {}).get("name")
        if not wanted or wanted in known:
            continue
        namespace, name = check["metadata"]["namespace"], check["metadata"]["name"]
        there = ", ".join(sorted(known)) or "none"
        found = f"SupportCheck {namespace}/{name} names it, and it does not exist; there are: {there}"
        patch = f'patch supportcheck {name} -n {namespace} --type=merge -p \'{{"spec":{{"policyRef":null}}}}\''
        fix = (tools.kubectl(patch) + "    # judges by the built-in policy",)
        yield Diagnosis(Area.POLICIES, wanted, State.PROBLEM, found, "the check is Unknown (PolicyNotFound)", fix)
