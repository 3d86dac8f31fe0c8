"""The verdict: what the rules found, as conditions, with what time will change next."""

from collections.abc import Iterable
from datetime import date

from perfana_support.evaluate import build, version, waiver
from perfana_support.evaluate.inventory import Component, Inventory, take_inventory
from perfana_support.model.check import Waiver
from perfana_support.model.code import ConditionType, Effect, Status
from perfana_support.model.finding import Finding, severity
from perfana_support.model.installation import Installation
from perfana_support.model.policy import Policy
from perfana_support.model.release import Release
from perfana_support.model.verdict import (
    ALL_RULES_MET,
    NO_COMPONENTS,
    NOT_EVALUATED,
    ComponentSummary,
    Condition,
    Transition,
    Verdict,
)

# The conditions whose rules exist, with the sentence that is true when all of them are met.
EVALUATED = {
    ConditionType.VERSION_SUPPORTED: "every component is on a release line within its support window",
    ConditionType.BUILD_SUPPORTED: "every component is a released build",
}
# What `Supported` sums up: is this deployment supportable?
SUMMED_UP = (
    ConditionType.VERSION_SUPPORTED,
    ConditionType.BUILD_SUPPORTED,
    ConditionType.IMAGES_UNMODIFIED,
    ConditionType.CONFIGURATION_UNMODIFIED,
    ConditionType.PLATFORM_SUPPORTED,
    ConditionType.DEPENDENCIES_SUPPORTED,
)
_STATUS = {Effect.UNSUPPORTED: Status.FALSE, Effect.UNDETERMINED: Status.UNKNOWN}
_WORST_FIRST = (Status.FALSE, Status.UNKNOWN, Status.TRUE)


def evaluate(
    installation: Installation,
    policy: Policy,
    as_of: date,
    waivers: tuple[Waiver, ...] = (),
    *,
    has_target: bool = False,
) -> Verdict:
    """Judge an installation as of a day (UTC), which is an argument so that any day can be asked about."""
    inventory = take_inventory(installation, policy)
    findings, conditions = _judge(inventory, policy, as_of, waivers, has_target=has_target)
    bound = _first_to_end(inventory.components)
    return Verdict(
        namespace=installation.namespace,
        as_of=as_of,
        conditions=conditions,
        findings=findings,
        components=_summaries(inventory.components),
        release=(bound.release_text or None) if bound else None,
        support_ends_on=bound.line.end_of_life_on if bound and bound.line else None,
        next_transition=_next_transition(inventory, policy, as_of, waivers, conditions),
    )


def summarise(conditions: Iterable[Condition]) -> Condition:
    """`Supported` from the conditions it sums up: False beats Unknown beats True; those without rules take no part."""
    parts = [condition for condition in conditions if condition.type in SUMMED_UP]
    judged = [condition for condition in parts if condition.reason != NOT_EVALUATED]
    missing = [str(condition.type) for condition in parts if condition.reason == NOT_EVALUATED]
    worst = min(judged, key=lambda condition: _WORST_FIRST.index(condition.status))
    if worst.status is Status.TRUE:
        names = " and ".join(str(condition.type) for condition in judged)
        message = f"{names} are True"
        attention = [condition for condition in judged if condition.reason != ALL_RULES_MET]
        worst = attention[0] if attention else worst
    else:
        message = worst.message
    if missing:
        message += f". No rules yet for {', '.join(missing)}"
    return Condition(ConditionType.SUPPORTED, worst.status, worst.reason, message)


def _judge(
    inventory: Inventory, policy: Policy, as_of: date, waivers: tuple[Waiver, ...], *, has_target: bool = False
) -> tuple[tuple[Finding, ...], tuple[Condition, ...]]:
    found = {*version.judge(inventory, policy, as_of), *build.judge(inventory, policy, as_of)}
    findings = tuple(sorted(waiver.waive(found, waivers, as_of), key=severity))
    conditions = [
        _condition(wanted, inventory, findings)
        for wanted in ConditionType
        if wanted is not ConditionType.SUPPORTED and (has_target or wanted is not ConditionType.UPGRADE_SUPPORTED)
    ]
    return findings, (summarise(conditions), *conditions)


def _condition(wanted: ConditionType, inventory: Inventory, findings: tuple[Finding, ...]) -> Condition:
    if wanted not in EVALUATED:
        return Condition(wanted, Status.UNKNOWN, NOT_EVALUATED, f"this version has no rules for {wanted} yet")
    own = [finding for finding in findings if finding.counts and wanted in finding.code.conditions]
    status = _STATUS.get(own[0].effect, Status.TRUE) if own else Status.TRUE
    if status is Status.TRUE and not inventory.components:
        return Condition(wanted, Status.UNKNOWN, NO_COMPONENTS, "no container runs an image of a Perfana component")
    if not own or own[0].effect is Effect.INFO:
        return Condition(wanted, Status.TRUE, ALL_RULES_MET, EVALUATED[wanted])
    same = sum(finding.effect is own[0].effect for finding in own) - 1
    more = f" (and {same} more)" if same else ""
    return Condition(wanted, status, own[0].code, own[0].message + more)


def _next_transition(
    inventory: Inventory, policy: Policy, as_of: date, waivers: tuple[Waiver, ...], now: tuple[Condition, ...]
) -> Transition | None:
    """The first later day on which a condition's status or reason differs from today's.

    Only the days that the rules name can change anything, so each is judged in turn, as if that day had come.
    """
    if not inventory.components:
        return None
    days = {*version.dates(inventory, policy), *waiver.dates(waivers)}
    for day in sorted(day for day in days if day > as_of):
        _, then = _judge(inventory, policy, day, waivers)
        for before, after in zip(now[1:], then[1:], strict=False):
            if (before.status, before.reason) != (after.status, after.reason):
                return Transition(day, after.type, after.status, after.reason)
    return None


def _first_to_end(components: tuple[Component, ...]) -> Component | None:
    """The component whose support ends first; without an end of life it ends last."""
    known = [component for component in components if component.line]

    def ends(component: Component) -> tuple[date, int, Release, str]:
        line = component.line
        end = line.end_of_life_on if line and line.end_of_life_on else date.max
        return end, line.place if line else -1, component.release or Release(0, 0), component.release_text

    return min(known, key=ends, default=None)


def _summaries(components: tuple[Component, ...]) -> tuple[ComponentSummary, ...]:
    workloads: dict[tuple[str, str, str, str], set[tuple[str, str]]] = {}
    for component in components:
        key = (component.short_name, component.reference.tag or "", component.release_text, component.line_name)
        workloads.setdefault(key, set()).add((component.subject.kind, component.subject.name))
    return tuple(ComponentSummary(*key, len(users)) for key, users in sorted(workloads.items()))
