"""Does somebody lead: the Lease, and who holds it?"""

import shlex
from collections.abc import Iterator
from datetime import datetime

from perfana_support.evaluate.doctor.instants import ago, instant
from perfana_support.evaluate.doctor.operator import pods_of
from perfana_support.evaluate.doctor.remedies import apply_rights, give_reader, restart
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Json, State, Tools

# A Lease is renewed six times in its duration; a reader's clock and a busy machine are given this much beside it.
_LATE_SECONDS = 30.0
_DURATION_SECONDS = 12.0
_NOBODY = "nobody writes verdicts"
_FIGHT = "pods that lead judge the same checks, and write over one another's verdicts"


def judge_lease(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """Whether the Lease is held, by whom, and was renewed lately; without one, whether there is one pod that writes."""
    setup = facts.setup
    replicas = ((setup.deployment or {}).get("spec") or {}).get("replicas", 1)
    if setup.elects:
        yield _lease(facts, tools)
    elif replicas > 1:
        found = f"{replicas} pods of {setup.name} are wanted, and each writes: it runs with --no-leader-election"
        fix = (tools.kubectl(f"scale deployment {setup.name} -n {setup.namespace} --replicas=1"),)
        yield Diagnosis(Area.OPERATOR, "Lease", State.PROBLEM, found, _FIGHT, fix)


def _lease(facts: Facts, tools: Tools) -> Diagnosis:
    setup, reading = facts.setup, facts.lease
    subject, name = "Lease", f"{setup.lease_namespace}/{setup.lease_name}"
    fix: tuple[str, ...] = (restart(facts, tools),)
    if reading.is_absent:
        found, fix = f"{name} is not there: no operator has led yet", (*apply_rights(facts, tools), *fix)
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, _NOBODY, fix)
    if reading.found is None:
        found = f"{name} cannot be read: {reading.why_not}"
        return Diagnosis(Area.OPERATOR, subject, State.CANNOT_TELL, found, _NOBODY, give_reader(facts, tools))
    spec = reading.found.get("spec") or {}
    holder, renewed = str(spec.get("holderIdentity") or ""), instant(spec.get("renewTime"))
    if not holder or renewed is None:
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, f"nobody holds {name}", _NOBODY, fix)
    seconds = (facts.moment - renewed).total_seconds()
    if seconds > _late(spec):
        found = f"{holder} holds {name} and renewed it {ago(seconds)}, at {renewed:%Y-%m-%d %H:%M:%S} UTC"
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, _NOBODY, fix)
    if -seconds > _LATE_SECONDS:
        found = f"{holder} renewed {name} {round(-seconds)} s from now: its node's clock is ahead of the server's"
        why = "the operator judges by its node's clock, and verdicts change at 00:00 UTC"
        nodes = tools.kubectl(f"get pods -n {setup.namespace} -o wide")
        clock = "sudo timedatectl set-ntp true    # on that node"
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, why, (nodes, clock))
    return _holder(facts, holder, seconds, tools)


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


def renewed_before(lease: Json, moment: datetime) -> float | None:
    """How many seconds ago whoever holds a Lease renewed it; None where nobody does or that is too long ago."""
    spec = lease.get("spec") or {}
    renewed = instant(spec.get("renewTime"))
    if renewed is None or not spec.get("holderIdentity"):
        return None
    seconds = (moment - renewed).total_seconds()
    return seconds if seconds <= _late(spec) else None


def _late(spec: Json) -> float:
    return max(_LATE_SECONDS, 2 * float(spec.get("leaseDurationSeconds") or _DURATION_SECONDS))
