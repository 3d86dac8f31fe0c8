"""The other operators of a cluster: which judge the same checks, and which those that the one looked at does not."""

from collections.abc import Iterator

from perfana_support.evaluate.doctor.instants import ago
from perfana_support.evaluate.doctor.lease import renewed_before
from perfana_support.evaluate.doctor.remedies import give_reader
from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Json, Setup, State, Tools

FIGHT = "two operators that lead judge the same checks, and write over one another's verdicts"
ELSEWHERE = "takes the namespaces that it looks at from elsewhere"


def judge_others(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """Others that judge the same namespaces under a Lease of their own: they write over one another for ever."""
    if facts.setup.deployment is not None:
        for other in others_of(facts):
            yield from _rival(facts.setup, other, tools)
    unread = why_unseen(facts)
    if unread:
        fix = give_reader(facts, tools, of_cluster=True)
        found = f"whether there are any cannot be seen: {unread}"
        yield Diagnosis(Area.OPERATOR, "others", State.CANNOT_TELL, found, FIGHT, fix)
    is_everywhere = looks_at_all(facts.setup)
    if facts.deployments.unseen and not is_everywhere:
        # Each operator that is hidden may have such a Lease, and what hides them is told.
        return
    for lease in unknown_leases(facts):
        (namespace, name), spec = _name(lease), lease["spec"]
        state = State.PROBLEM if is_everywhere else State.CANNOT_TELL
        found = f"{spec['holderIdentity']} leads by it as well, and renewed it {ago(renewed_before(lease, facts.moment) or 0)}"
        found += "" if is_everywhere else "; which namespaces it looks at cannot be seen"
        fix = (tools.program(f"doctor --operator-namespace {namespace}"),)
        yield Diagnosis(Area.OPERATOR, f"Lease {namespace}/{name}", state, found, FIGHT, fix)


def others_of(facts: Facts) -> list[Setup]:
    """The operators beside the one that is looked at, by their Deployments; none that is scaled to 0."""
    return [
        setup_of(each, str(each["metadata"].get("namespace")))
        for each in facts.deployments.items
        if each is not facts.setup.deployment and (each.get("spec") or {}).get("replicas", 1)
    ]


def why_unseen(facts: Facts) -> str:
    """Why there may be operators that were not seen, "" where there are none."""
    leases = "" if facts.leases.found is not None else facts.leases.why_not
    return " and ".join(filter(None, (facts.deployments.unseen, leases)))


def unknown_leases(facts: Facts) -> list[Json]:
    """Leases that somebody renews, and no Deployment that was seen has: of operators outside of the cluster, say."""
    known = {(each.lease_namespace, each.lease_name) for each in (facts.setup, *others_of(facts))}
    return [
        lease for lease in facts.leases.items if _name(lease) not in known and renewed_before(lease, facts.moment) is not None
    ]


def looks_at(setup: Setup, namespace: str) -> bool | None:
    """Whether an operator looks at a namespace; None where its Deployment does not say."""
    if namespace in setup.watched:
        return True
    return None if setup.is_place_hidden else not setup.watched


def looks_at_all(setup: Setup) -> bool:
    """Whether an operator looks at the whole cluster."""
    return not setup.watched and not setup.is_place_hidden


def judge_of(facts: Facts, namespace: str) -> Setup | None:
    """The operator that judges the checks of a namespace, the one that is looked at or another; None for none that is known."""
    if not facts.setup.watched or namespace in facts.setup.watched:
        return facts.setup
    found = [each for each in others_of(facts) if looks_at(each, namespace)]
    return next((each for each in found if not why_idle(each, facts)), next(iter(found), None))


def why_idle(other: Setup, facts: Facts) -> str:
    """Why another operator writes no verdicts, "" where it does as far as its Deployment and its Lease tell."""
    if not ((other.deployment or {}).get("status") or {}).get("readyReplicas"):
        return "has no pod that is ready"
    name = (other.lease_namespace, other.lease_name)
    live = {_name(each) for each in facts.leases.items if renewed_before(each, facts.moment) is not None}
    if not other.elects or facts.leases.found is None or name in live:
        return ""
    return f"does not lead: nobody renews Lease {'/'.join(name)}"


def _name(lease: Json) -> tuple[str, str]:
    return str(lease["metadata"]["namespace"]), str(lease["metadata"]["name"])


def _rival(own: Setup, other: Setup, tools: Tools) -> Iterator[Diagnosis]:
    """Whether another operator writes the same checks without a Lease between them."""
    lease = (other.lease_namespace, other.lease_name)
    does_fight = _overlap(own, other)
    if does_fight is False or (own.elects and other.elects and (own.lease_namespace, own.lease_name) == lease):
        return
    subject = f"Deployment {other.namespace}/{other.name}"
    if does_fight:
        words = f"scale deployment {other.name} -n {other.namespace} --replicas=0"
        fix = (f"{tools.kubectl(words)}    # if that one is not wanted",)
        found = f"looks at the same namespaces by Lease {'/'.join(lease)}"
        yield Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, FIGHT, fix)
        return
    hidden = other if other.is_place_hidden else own
    found = f"may look at the same namespaces by Lease {'/'.join(lease)}: {hidden.namespace}/{hidden.name} {ELSEWHERE}"
    fix = (tools.kubectl(f"get deployment {hidden.name} -n {hidden.namespace} -o yaml"),)
    yield Diagnosis(Area.OPERATOR, subject, State.CANNOT_TELL, found, FIGHT, fix)


def _overlap(own: Setup, other: Setup) -> bool | None:
    """Whether two operators have a namespace in common; None where a Deployment does not say."""
    if looks_at_all(own) or looks_at_all(other) or set(own.watched) & set(other.watched):
        return True
    return None if own.is_place_hidden or other.is_place_hidden else False
