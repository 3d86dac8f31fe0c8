"""Is the API server there, is its version one that the policy supports, and do both have the same time?"""

from collections.abc import Iterator

from perfana_support.evaluate.kubernetes import judge
from perfana_support.model.code import Effect
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, State, Tools
from perfana_support.model.kubernetes import parse_kubernetes_version
from perfana_support.model.policy import Policy

# Far above what a network and the whole seconds of HTTP's Date add, far below what moves a verdict to another day unnoticed.
_MOST_SECONDS = 60
_STATES = {Effect.UNSUPPORTED: State.PROBLEM, Effect.UNDETERMINED: State.CANNOT_TELL, Effect.AT_RISK: State.CANNOT_TELL}
_DAYS = "verdicts change at 00:00 UTC; with a wrong clock `check` judges by another day than the operator"


def judge_server(facts: Facts, policy: Policy, tools: Tools) -> Iterator[Diagnosis]:
    """Whether the server answers, and what the policy says of its version."""
    text = str((facts.version.found or {}).get("gitVersion") or "")
    if facts.version.found is None:
        told = "refuses to say its version" if facts.version.status else "does not answer"
        found = f"{facts.server} {told}: {facts.version.why_not}"
        why = "nothing else can be looked at"
        yield Diagnosis(Area.SERVER, "API server", State.PROBLEM, found, why, (tools.kubectl("cluster-info"),))
        return
    yield Diagnosis(Area.SERVER, "API server", State.OK, f"{facts.server} answers")
    version = parse_kubernetes_version(text)
    if version is None:
        found = f"the server calls its version {text!r}, which is none of Kubernetes'"
        why = "whether the policy supports it nobody can tell"
        yield Diagnosis(Area.SERVER, "version", State.CANNOT_TELL, found, why, (tools.kubectl("version"),))
        return
    outcomes = list(judge(version, "", policy.fields.platform, facts.moment.date(), upgrade_what="the cluster"))
    for outcome in outcomes:
        fix = (f"perfana-support explain {outcome.code}",)
        state = _STATES.get(outcome.code.effect, State.PROBLEM)
        yield Diagnosis(Area.SERVER, "version", state, f"{text}: {outcome.words}", f"{outcome.code}: {outcome.remedy}", fix)
    if not outcomes:
        yield Diagnosis(Area.SERVER, "version", State.OK, f"{text}, which the built-in policy supports")


def judge_clock(facts: Facts) -> Iterator[Diagnosis]:
    """Whether this machine and the server agree about the time."""
    if facts.server_time is None:
        found = "the server's answers bear no Date"
        yield Diagnosis(Area.CLOCK, "this machine", State.CANNOT_TELL, found, _DAYS, ("date -u",))
        return
    seconds = round((facts.now - facts.server_time).total_seconds())
    if abs(seconds) <= _MOST_SECONDS:
        yield Diagnosis(Area.CLOCK, "this machine", State.OK, f"within {_MOST_SECONDS} s of the server's")
        return
    found = (
        f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} the server's, {facts.server_time:%Y-%m-%d %H:%M:%S} UTC"
    )
    yield Diagnosis(Area.CLOCK, "this machine", State.PROBLEM, found, _DAYS, ("sudo timedatectl set-ntp true",))
