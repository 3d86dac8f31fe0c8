"""Does somebody lead: the Lease, and who holds it?"""

import shlex
from collections.abc import Iterator

from perfana_support.evaluate.doctor.instants import LATE_SECONDS, ago, instant, late_after, renewed_before
from perfana_support.evaluate.doctor.neighbours import untold
from perfana_support.evaluate.doctor.operator import WRONG_PLACE, pods_of
from perfana_support.evaluate.doctor.remedies import apply_rights, give_reader, look_elsewhere, restart, show, state_lease
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, State, Tools

_NOBODY = "nobody writes verdicts"
_NOT_THIS = "this operator writes no verdicts"
_FIGHT = "pods that lead judge the same checks, and write over one another's verdicts"


def judge_lease(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """Whether the Lease is held, by whom, and was renewed lately; without one, whether there is one pod that writes."""
    setup = facts.setup
    replicas = ((setup.deployment or {}).get("spec") or {}).get("replicas", 1)
    if setup.elects:
        told = _lease(facts, tools)
        is_live = renewed_before(facts.lease.found or {}, facts.moment) is not None
        is_assumed = setup.is_lease_hidden or (bool(setup.hidden) and not is_live)
        yield _assumed(told, facts, tools) if is_assumed and told.state is State.PROBLEM else told
    elif replicas > 1:
        found = f"{replicas} pods of {setup.name} are wanted, and each writes: it runs with --no-leader-election"
        fix = (tools.kubectl(f"scale deployment {setup.name} -n {setup.namespace} --replicas=1"),)
        yield Diagnosis(Area.OPERATOR, "Lease", State.PROBLEM, found, _FIGHT, fix)


def _assumed(found: Diagnosis, facts: Facts, tools: Tools) -> Diagnosis:
    """What is wrong with a Lease that may not be the operator's, which says nothing of it."""
    told = f"whether it leads cannot be seen: {untold(facts.setup)}"
    return found._replace(
        state=State.CANNOT_TELL, found=told, fix=(*show(facts.setup, tools), *state_lease(facts.setup, tools))
    )


def _lease(facts: Facts, tools: Tools) -> Diagnosis:
    setup, reading = facts.setup, facts.lease
    subject, name = "Lease", f"{setup.lease_namespace}/{setup.lease_name}"
    fix, why = restart(facts, tools), _NOT_THIS if setup.is_off else _NOBODY
    why = WRONG_PLACE if look_elsewhere(facts, tools) else why
    if reading.is_absent:
        return _absent(facts, name, tools)
    if reading.found is None:
        found = f"{name} cannot be read: {reading.why_not}"
        return Diagnosis(Area.OPERATOR, subject, State.CANNOT_TELL, found, _NOBODY, give_reader(facts, tools))
    spec = reading.found.get("spec") or {}
    holder, renewed = str(spec.get("holderIdentity") or ""), instant(spec.get("renewTime"))
    if not holder or renewed is None:
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, f"nobody holds {name}", why, fix)
    seconds = (facts.moment - renewed).total_seconds()
    if seconds > late_after(spec):
        found = f"{holder} holds {name} and renewed it {ago(seconds)}, at {renewed:%Y-%m-%d %H:%M:%S} UTC"
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, why, fix)
    if -seconds > LATE_SECONDS:
        found = f"{holder} renewed {name} {round(-seconds)} s from now: its node's clock is ahead of the server's"
        why = "the operator judges by its node's clock, and verdicts change at 00:00 UTC"
        nodes = tools.kubectl(f"get pods -n {setup.namespace} -o wide")
        clock = "sudo timedatectl set-ntp true    # on that node"
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, why, (nodes, clock))
    return _holder(facts, holder, seconds, tools)


def _absent(facts: Facts, name: str, tools: Tools) -> Diagnosis:
    elsewhere = look_elsewhere(facts, tools)
    if elsewhere:
        found = f"{name} is not there: no operator has led by it"
        return Diagnosis(Area.OPERATOR, "Lease", State.PROBLEM, found, WRONG_PLACE, elsewhere)
    # Where nothing is installed yet both may be one command.
    fix = tuple(dict.fromkeys((*apply_rights(facts, tools), *restart(facts, tools))))
    return Diagnosis(Area.OPERATOR, "Lease", State.PROBLEM, f"{name} is not there: no operator has led yet", _NOBODY, fix)


def _holder(facts: Facts, holder: str, seconds: float, tools: Tools) -> Diagnosis:
    subject, setup = "Lease", facts.setup
    found = f"{setup.lease_namespace}/{setup.lease_name}: held by {holder}, renewed {ago(seconds)}"
    if facts.setup.deployment is None:
        return Diagnosis(Area.OPERATOR, subject, State.OK, found)
    if facts.pods.found is None:
        why = "one that runs elsewhere would write instead of this one"
        found += "; whether that is a pod of this operator cannot be seen"
        return Diagnosis(Area.OPERATOR, subject, State.CANNOT_TELL, found, why, give_reader(facts, tools))
    if holder not in {pod["metadata"]["name"] for pod in pods_of(facts)}:
        found += f", which is no pod of Deployment {facts.setup.name}"
        why = "verdicts are written by another process, maybe of another version; once it has ended this operator leads"
        words = f"get pods -A --field-selector metadata.name={shlex.quote(holder)}"
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, why, (tools.kubectl(words),))
    return Diagnosis(Area.OPERATOR, subject, State.OK, found)
