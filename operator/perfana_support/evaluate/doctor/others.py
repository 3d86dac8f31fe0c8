"""The other operators of a cluster: which judge the same checks as the one that is looked at?"""

from collections.abc import Iterator

from perfana_support.evaluate.doctor.instants import ago, renewed_before
from perfana_support.evaluate.doctor.neighbours import (
    looks_at_all,
    name_of,
    others_of,
    overlap,
    shares_lease,
    unknown_leases,
    untold,
    why_unseen,
)
from perfana_support.evaluate.doctor.remedies import give_reader, show
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Setup, State, Tools

FIGHT = "two operators that lead judge the same checks, and write over one another's verdicts"
ELSEWHERE = "takes the namespaces that it looks at from elsewhere"


def judge_others(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """Others that judge the same namespaces under a Lease of their own: they write over one another for ever."""
    if facts.setup.deployment is not None and not facts.setup.is_off:
        for other in others_of(facts):
            yield from _rival(facts.setup, other, tools)
    unread = why_unseen(facts)
    if unread:
        found = f"whether there are any cannot be seen: {unread}"
        yield Diagnosis(Area.OPERATOR, "others", State.CANNOT_TELL, found, FIGHT, give_reader(facts, tools, of_cluster=True))
    is_everywhere = looks_at_all(facts.setup) and not facts.setup.is_off
    if facts.deployments.unseen and not is_everywhere:
        # Each operator that is hidden may have such a Lease, and what hides them is told.
        return
    for lease in unknown_leases(facts):
        (namespace, name), spec = name_of(lease), lease["spec"]
        may_be_own = facts.setup.is_lease_hidden
        state = State.PROBLEM if is_everywhere and not may_be_own else State.CANNOT_TELL
        found = f"{spec['holderIdentity']} leads by it as well, and renewed it {ago(renewed_before(lease, facts.moment) or 0)}"
        fix: tuple[str, ...] = (tools.program(f"doctor --operator-namespace {namespace}"),)
        if may_be_own:
            found += f"; it may be this operator's own: {untold(facts.setup)}"
            fix = show(facts.setup, tools)
        elif not is_everywhere:
            found += "; which namespaces it looks at cannot be seen"
        yield Diagnosis(Area.OPERATOR, f"Lease {namespace}/{name}", state, found, FIGHT, fix)


def _rival(own: Setup, other: Setup, tools: Tools) -> Iterator[Diagnosis]:
    """Whether another operator writes the same checks without a Lease between them."""
    does_fight, shares = overlap(own, other), shares_lease(own, other)
    if does_fight is False or shares:
        return
    subject, lease = f"Deployment {other.namespace}/{other.name}", f"Lease {other.lease_namespace}/{other.lease_name}"
    if does_fight and shares is False:
        words = f"scale deployment {other.name} -n {other.namespace} --replicas=0"
        scale = f"{tools.kubectl(words)}    # if that one is not wanted"
        by = f"by {'a Lease of its own' if other.is_lease_hidden else lease}" if other.elects else "without a Lease"
        found = f"looks at the same namespaces {by}"
        yield Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, FIGHT, (scale,))
        return
    if does_fight is None:
        hidden = other if other.is_place_hidden else own
        found = "may look at the same namespaces" + ("" if shares is None else f" by {lease}")
        found += f": {hidden.namespace}/{hidden.name} {ELSEWHERE}"
    else:
        hidden = other if other.hidden else own
        found = f"looks at the same namespaces; whether by the same Lease cannot be seen: {untold(hidden)}"
    yield Diagnosis(Area.OPERATOR, subject, State.CANNOT_TELL, found, FIGHT, show(hidden, tools))
