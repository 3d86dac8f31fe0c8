"""The operators of a cluster that were seen: where each looks, by which Lease it leads, and which of them judges what."""

from perfana_support.evaluate.doctor.instants import renewed_before
from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Facts, Json, Setup


def all_beside(facts: Facts) -> list[Setup]:
    """The operators beside the one that is looked at, by their Deployments."""
    own = facts.setup.deployment
    found = (each for each in facts.deployments.items if each is not own)
    return [setup_of(each, str(each["metadata"].get("namespace"))) for each in found]


def others_of(facts: Facts) -> list[Setup]:
    """The operators beside the one that is looked at; none that is scaled to 0."""
    return [each for each in all_beside(facts) if not each.is_off]


def rivals_of(facts: Facts) -> list[Setup]:
    """Others that look at the same namespaces and lead by a Lease of their own, as far as nothing says that they do not."""
    own = facts.setup
    return [each for each in others_of(facts) if overlap(own, each) is not False and not shares_lease(own, each)]


def why_unseen(facts: Facts) -> str:
    """Why there may be operators that were not seen, "" where there are none."""
    leases = "" if facts.leases.found is not None else facts.leases.why_not
    return " and ".join(filter(None, (facts.deployments.unseen, leases)))


def unknown_leases(facts: Facts) -> list[Json]:
    """Leases that somebody renews, and no Deployment that was seen has: of operators outside of the cluster, say."""
    known = {(each.lease_namespace, each.lease_name) for each in (facts.setup, *others_of(facts))}
    return [
        lease for lease in facts.leases.items if name_of(lease) not in known and renewed_before(lease, facts.moment) is not None
    ]


def is_led_unseen(facts: Facts) -> bool:
    """Whether somebody leads by the Lease of an operator that has no Deployment: it may run outside of the cluster."""
    lease = facts.lease.found
    return facts.setup.deployment is None and lease is not None and renewed_before(lease, facts.moment) is not None


def looks_at(setup: Setup, namespace: str) -> bool | None:
    """Whether an operator looks at a namespace; None where its Deployment does not say."""
    if namespace in setup.watched:
        return True
    return None if setup.is_place_hidden else not setup.watched


def looks_at_all(setup: Setup) -> bool:
    """Whether an operator looks at the whole cluster."""
    return not setup.watched and not setup.is_place_hidden


def overlap(own: Setup, other: Setup) -> bool | None:
    """Whether two operators have a namespace in common; None where a Deployment does not say."""
    if looks_at_all(own) or looks_at_all(other) or set(own.watched) & set(other.watched):
        return True
    return None if own.is_place_hidden or other.is_place_hidden else False


def shares_lease(own: Setup, other: Setup) -> bool | None:
    """Whether two operators lead by one Lease, and so in turn; None where a Deployment does not say."""
    if not (own.elects and other.elects):
        return False
    if own.is_lease_hidden or other.is_lease_hidden:
        return None
    if (own.lease_namespace, own.lease_name) != (other.lease_namespace, other.lease_name):
        return False
    return None if own.hidden or other.hidden else True


def judge_of(facts: Facts, namespace: str) -> Setup | None:
    """The operator that judges the checks of a namespace, the one that is looked at or another; None for none that is known."""
    own = facts.setup
    is_own = looks_at(own, namespace)
    does_run = is_led_unseen(facts) if own.deployment is None else not own.is_off
    if is_own and does_run:
        return own
    seen = all_beside(facts)
    if is_own and not seen:
        return own
    beside = [each for each in seen if not each.is_off]
    if own.deployment is None and not does_run:
        # Where none that runs was seen, one that is scaled to 0 is the one that there is.
        beside = beside or seen
    found = [each for each in beside if looks_at(each, namespace)]
    first = next((each for each in found if not why_idle(each, facts)), next(iter(found), None))
    return first or (own if is_own and own.deployment is not None else None)


def why_idle(other: Setup, facts: Facts) -> str:
    """Why another operator writes no verdicts, "" where it does as far as its Deployment and its Lease tell."""
    if not ((other.deployment or {}).get("status") or {}).get("readyReplicas"):
        return "has no pod that is ready"
    if leads(other, facts) is False:
        return f"does not lead: nobody renews Lease {other.lease_namespace}/{other.lease_name}"
    return ""


def leads(other: Setup, facts: Facts) -> bool | None:
    """Whether somebody leads for another operator, if it elects at all; None where its Deployment does not say by what."""
    live = {name_of(each) for each in facts.leases.items if renewed_before(each, facts.moment) is not None}
    is_live = (other.lease_namespace, other.lease_name) in live
    if other.is_lease_hidden:
        return None
    if not other.elects or facts.leases.found is None or is_live:
        # Why Leases are not read is told of all operators at once.
        return True
    return None if other.hidden else False


def name_of(lease: Json) -> tuple[str, str]:
    """A Lease's namespace and name."""
    return str(lease["metadata"]["namespace"]), str(lease["metadata"]["name"])


def untold(setup: Setup) -> str:
    """What of how an operator leads its Deployment does not say."""
    return f"{setup.namespace}/{setup.name} takes {' and '.join(setup.hidden)} from elsewhere"
