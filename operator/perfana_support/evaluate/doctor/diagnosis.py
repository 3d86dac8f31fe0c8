"""All that is looked at, in the order in which one thing rests on another."""

from collections.abc import Iterable

from perfana_support.evaluate.doctor.checks import judge_checks
from perfana_support.evaluate.doctor.definitions import judge_definitions
from perfana_support.evaluate.doctor.lease import judge_lease
from perfana_support.evaluate.doctor.operator import judge_operator
from perfana_support.evaluate.doctor.others import judge_others
from perfana_support.evaluate.doctor.policies import judge_policies
from perfana_support.evaluate.doctor.rights import judge_own_rights, judge_rights
from perfana_support.evaluate.doctor.server import judge_clock, judge_server
from perfana_support.model.diagnosis import Diagnosis, Facts, State, Tools
from perfana_support.model.policy import Policy


def diagnose(facts: Facts, policy: Policy, tools: Tools) -> tuple[Diagnosis, ...]:
    """Every diagnosis; of a server that does not answer only that. `policy` is the built-in one."""
    if facts.version.found is None:
        return tuple(judge_server(facts, policy, tools))
    return (
        *judge_server(facts, policy, tools),
        *judge_clock(facts),
        *judge_definitions(facts, tools),
        *judge_rights(facts, tools),
        *judge_own_rights(facts, tools),
        *judge_policies(facts, tools),
        *judge_operator(facts, tools),
        *judge_lease(facts, tools),
        *judge_others(facts, tools),
        *judge_checks(facts, tools),
    )


def state_of(diagnoses: Iterable[Diagnosis]) -> State:
    """How all of it fares: a problem is told before what nobody can tell, and only without both all is well."""
    found = {each.state for each in diagnoses}
    return next((state for state in (State.PROBLEM, State.CANNOT_TELL) if state in found), State.OK)
