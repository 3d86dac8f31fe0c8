"""The verdict: what the rules found, as conditions, with what time will change next."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from perfana_support.evaluate import (
    build,
    configuration,
    dependency,
    ignored,
    image,
    maintenance,
    platform,
    target,
    ticket,
    version,
    waiver,
)
from perfana_support.evaluate.inventory import Component, Inventory, take_inventory
from perfana_support.model.check import Check, Target
from perfana_support.model.code import ConditionType, Effect, Reason, Status
from perfana_support.model.finding import Finding, severity
from perfana_support.model.image_policy import Verification
from perfana_support.model.installation import COMPOSE_SERVICE, Installation, Platform
from perfana_support.model.policy import Policy
from perfana_support.model.release import Release
from perfana_support.model.verdict import (
    ComponentSummary,
    Condition,
    Transition,
    Verdict,
)

if TYPE_CHECKING:
    from perfana_support.evaluate.image_proof import Proofs
    from perfana_support.model.answer import Question

# What `Supported` sums up, with the sentence that is true when all rules of a condition are met.
SUMMED_UP = {
    ConditionType.VERSION_SUPPORTED: "every component is on a release line within its support window",
    ConditionType.BUILD_SUPPORTED: "every component is a released build",
    ConditionType.IMAGES_UNMODIFIED: "every component runs the vendor's own image",
    ConditionType.CONFIGURATION_UNMODIFIED: "nothing replaces or injects product code",
    ConditionType.PLATFORM_SUPPORTED: "Kubernetes and the nodes are in the policy",
    ConditionType.DEPENDENCIES_SUPPORTED: "the dependencies are of supported products and versions",
}
_STATUS = {Effect.UNSUPPORTED: Status.FALSE, Effect.UNDETERMINED: Status.UNKNOWN}
_WORST_FIRST = (Status.FALSE, Status.UNKNOWN, Status.TRUE)
_ALWAYS = tuple(kind for kind in ConditionType if kind is not ConditionType.UPGRADE_SUPPORTED)
_NO_CHECK = Check()
# Of what changes on one day a part says most: the summary follows it, and a target is another question.
_TOLD_LAST = {ConditionType.SUPPORTED: 1, ConditionType.UPGRADE_SUPPORTED: 2}


class _Case(NamedTuple):
    """All that a judgement depends on beside the day.

    `lasting` is what the rules find on any day, as far as registries have answered; `open_questions` are the others. `leaving`
    are the dependencies that an upgrade leaves behind. `hides_nodes`: pods run on nodes of which the source shows nothing.
    """

    installation: Installation
    inventory: Inventory
    lines: tuple[str, ...]
    policy: Policy
    check: Check
    lasting: tuple[Finding, ...]
    open_questions: "tuple[Question, ...]" = ()
    leaving: frozenset[str] = frozenset()
    hides_nodes: bool = False


class _Plan(NamedTuple):
    """What a target makes of an installation: the case after the upgrade with what changes, or why there is none."""

    after: _Case | None
    changes: str = ""
    reason: str = ""


class _Judgement(NamedTuple):
    findings: tuple[Finding, ...]
    conditions: tuple[Condition, ...]


def evaluate(installation: Installation, policy: Policy, as_of: date, check: Check = _NO_CHECK) -> Verdict:
    """Judge an installation as of a day (UTC), which is an argument so that any day can be asked about."""
    case = _case(_with_declarations(installation, check), policy, check)
    plan = _plan(check.target, case, as_of) if check.target else None
    return _verdict(case, plan, as_of)


def evaluate_target(installation: Installation, policy: Policy, as_of: date, check: Check) -> Verdict:
    """Judge what an upgrade to the check's target would leave, and nothing of what it mends; without one, what is there.

    Each message says so: nobody is to take it for a verdict on what runs.
    """
    if check.target is None:
        return evaluate(installation, policy, as_of, check)
    case = _case(_with_declarations(installation, check), policy, check)
    plan = _plan(check.target, case, as_of)
    verdict = _verdict(plan.after or case, None, as_of)
    if plan.after is None:
        unknown = tuple(Condition(kind, Status.UNKNOWN, plan.reason, plan.changes) for kind in _ALWAYS)
        verdict = verdict._replace(conditions=unknown, findings=(), next_transition=None)
    after = f"after the upgrade to {check.target.release or 'the images of the target'}: "
    changes = f"{plan.changes}; " if plan.after and plan.changes else ""
    conditions = tuple(
        each._replace(message=f"{after}{changes if each.type is ConditionType.SUPPORTED else ''}{each.message}")
        for each in verdict.conditions
    )
    return verdict._replace(conditions=conditions)


def _verdict(case: _Case, plan: _Plan | None, as_of: date) -> Verdict:
    judgement = _judge(case, as_of)
    upgrade = _upgrade(plan, as_of)
    conditions = (*judgement.conditions, *upgrade.conditions)
    bound = _first_to_end(case.inventory.components)
    return Verdict(
        namespace=case.installation.namespace,
        as_of=as_of,
        conditions=conditions,
        findings=judgement.findings,
        components=_summaries(case.inventory.components),
        release=(bound.release_text or None) if bound else None,
        support_ends_on=bound.line.end_of_life_on if bound and bound.line else None,
        next_transition=_next_transition(case, plan, as_of, conditions),
        upgrade_findings=upgrade.findings,
        open_questions=_open_questions(case, plan),
    )


def summarise(conditions: Iterable[Condition], findings: Sequence[Finding] = ()) -> Condition:
    """`Supported` from the conditions it sums up: False beats Unknown beats True.

    What a source cannot show takes no part, and the message says so; what was found of it all the same wants attention.
    """
    parts = [condition for condition in conditions if condition.type in SUMMED_UP]
    judged = [condition for condition in parts if condition.reason != Reason.NOT_OBSERVABLE]
    missing = [condition.type for condition in parts if condition.reason == Reason.NOT_OBSERVABLE]
    worst = min(judged, key=lambda condition: _WORST_FIRST.index(condition.status))
    if worst.status is Status.TRUE:
        found = (_from_findings(kind, "", [each for each in findings if kind in each.code.conditions]) for kind in missing)
        attention = [condition for condition in (*judged, *found) if condition.reason != Reason.ALL_RULES_MET]
        worst = attention[0] if attention else worst
        message = worst.message if attention else "all conditions that could be observed are met"
    else:
        message = worst.message
    if missing:
        message += f". Not observable here and left out: {', '.join(missing)}"
    return Condition(ConditionType.SUPPORTED, worst.status, worst.reason, message)


def _case(installation: Installation, policy: Policy, check: Check) -> _Case:
    inventory = take_inventory(installation, policy)
    lines = dependency.judged_lines(inventory, policy)
    is_told = inventory.components or inventory.lookalikes
    proofs: Proofs = ()
    questions: tuple[Question, ...] = ()
    if policy.fields.images.verification is Verification.REGISTRY:
        from perfana_support.evaluate.image_proof import open_questions, prove_images  # noqa: PLC0415 - only who asks registries pays for it

        proofs = prove_images(inventory, installation, policy.catalogue)
        questions = open_questions(proofs)
    lasting = tuple(_find_lasting(installation, inventory, lines, policy, proofs)) if is_told else ()
    return _Case(installation, inventory, lines, policy, check, lasting, questions, hides_nodes=_hides_nodes(installation))


def _open_questions(case: _Case, plan: _Plan | None) -> "tuple[Question, ...]":
    """What both cases would have to know of registries."""
    later = plan.after.open_questions if plan and plan.after else ()
    return tuple(dict.fromkeys((*case.open_questions, *later)))


def _with_declarations(installation: Installation, check: Check) -> Installation:
    """The facts with what the user states: dependencies elsewhere, and of the platform what the source does not show."""
    stated, seen = check.platform, installation.platform
    if stated is not None:
        seen = seen or Platform()
        seen = seen._replace(server_version=seen.server_version or stated.server_version, distribution=stated.distribution)
    return installation._replace(platform=seen, declared=installation.declared + check.declared)


def _find_lasting(
    installation: Installation, inventory: Inventory, lines: tuple[str, ...], policy: Policy, proofs: "Proofs"
) -> Iterator[Finding]:
    """What the rules find that do not ask for the day: once a case, though several days are judged."""
    yield from image.judge(inventory, policy, policy.fields.images, policy.catalogue, proofs)
    yield from configuration.judge(installation, policy, policy.fields.configuration)
    releases = dependency.judged_releases(inventory)
    yield from dependency.judge_absence(installation, lines, policy.fields.dependencies, policy, releases)


def _find(case: _Case, as_of: date) -> Iterator[Finding]:
    """Everything that the rules find, waivers aside."""
    installation, inventory, policy = case.installation, case.inventory, case.policy
    rules = policy.fields
    yield from version.judge(inventory, policy, as_of)
    yield from maintenance.judge(case.check.maintenance, installation.namespace, rules.support, as_of)
    yield from case.lasting
    if not inventory.components:
        return
    yield from build.judge(inventory, policy, as_of)
    releases = dependency.judged_releases(inventory)
    yield from dependency.judge(installation, case.lines, rules.dependencies, policy, as_of, releases, case.leaving)
    if installation.platform is not None:
        yield from platform.judge(installation.platform, installation.namespace, rules.platform, as_of)


def _days(case: _Case) -> Iterator[date]:
    """The days on which time alone may change what `_find` finds."""
    rules = case.policy.fields
    yield from version.dates(case.inventory, case.policy)
    yield from maintenance.dates(case.check.maintenance, rules.support)
    yield from dependency.dates(case.installation, case.lines, rules.dependencies, case.policy)
    yield from waiver.dates(case.check.waivers)
    if case.installation.platform is not None:
        yield from platform.dates(case.installation.platform, rules.platform)


def _judge(case: _Case, as_of: date) -> _Judgement:
    waived = waiver.waive(set(_find(case, as_of)), case.check.waivers, as_of)
    findings = tuple(sorted(ignored.set_aside(waived, case.check), key=severity))
    concerned: dict[ConditionType, list[Finding]] = {}
    for finding in findings:
        for wanted in finding.code.conditions:
            concerned.setdefault(wanted, []).append(finding)
    parts = [_condition(wanted, sentence, case, concerned.get(wanted, ())) for wanted, sentence in SUMMED_UP.items()]
    contract = _maintenance_condition(case, concerned.get(ConditionType.MAINTENANCE_ACTIVE, ()))
    supported = summarise(parts, findings)
    if supported.status is Status.TRUE:
        summed_up = (each for each in findings if not SUMMED_UP.keys().isdisjoint(each.code.conditions))
        aside = _set_aside(summed_up)
        supported = supported._replace(message=f"{supported.message}. Set aside: {aside}" if aside else supported.message)
    eligible = ticket.judge(supported, contract, findings)
    return _Judgement(findings, (supported, *parts, contract, eligible))


def _condition(wanted: ConditionType, sentence: str, case: _Case, concerned: Sequence[Finding]) -> Condition:
    platform = case.installation.platform
    if wanted is ConditionType.PLATFORM_SUPPORTED and platform is None:
        message = "manifests show neither the server nor the nodes; state what they are for to have it judged"
        return Condition(wanted, Status.UNKNOWN, Reason.NOT_OBSERVABLE, message)
    if wanted is ConditionType.PLATFORM_SUPPORTED and platform and not platform.nodes:
        sentence = "Kubernetes is in the policy" + ("" if case.hides_nodes else "; no node that runs the pods was seen")
    condition = _from_findings(wanted, sentence, concerned)
    if condition.status is not Status.TRUE:
        return condition
    if wanted is ConditionType.CONFIGURATION_UNMODIFIED and _hides_settings(case.inventory):
        message = "of Compose files only the images are read, not what is set beside them"
        return Condition(wanted, Status.UNKNOWN, Reason.NOT_OBSERVABLE, message)
    if not case.inventory.components:
        return Condition(wanted, Status.UNKNOWN, Reason.NO_COMPONENTS, "no container runs an image of a Perfana component")
    if wanted is ConditionType.PLATFORM_SUPPORTED and case.hides_nodes:
        message = f"{condition.message}; nothing can be seen here of nodes that run the pods"
        return Condition(wanted, Status.UNKNOWN, Reason.NOT_OBSERVABLE, message)
    return condition


def _hides_nodes(installation: Installation) -> bool:
    """Whether pods run on nodes of which the source shows nothing, as for somebody who may read some namespaces only."""
    shown = {node.name for node in installation.platform.nodes} if installation.platform else set()
    return any(workload.node and workload.node not in shown for workload in installation.workloads)


def _hides_settings(inventory: Inventory) -> bool:
    """Whether a component is there of which the source shows nothing but the image."""
    return any(component.subject.kind == COMPOSE_SERVICE for component in inventory.components)


def _maintenance_condition(case: _Case, concerned: Sequence[Finding]) -> Condition:
    wanted, contract = ConditionType.MAINTENANCE_ACTIVE, case.check.maintenance
    if contract is None:
        message = "no maintenance contract is declared; set spec.maintenance of the SupportCheck"
        return Condition(wanted, Status.UNKNOWN, Reason.NOT_DECLARED, message)
    condition = _from_findings(wanted, "the declared plan has an active maintenance period", concerned)
    if contract.plan not in case.policy.fields.support.plans:
        message = f"plan {contract.plan} is declared, which policy {case.policy.name} does not list"
        return Condition(wanted, Status.UNKNOWN, Reason.NOT_DECLARED, message)
    if condition.status is Status.TRUE and contract.expires_on is None:
        message = f"plan {contract.plan} is declared without the end of its maintenance period"
        return Condition(wanted, Status.UNKNOWN, Reason.NOT_DECLARED, message)
    return condition


def _from_findings(wanted: ConditionType, sentence: str, concerned: Sequence[Finding]) -> Condition:
    """A condition by its worst finding that counts, of those that concern it; without any, the sentence is true."""
    own = [finding for finding in concerned if finding.counts]
    if not own or own[0].effect is Effect.INFO:
        aside = _set_aside(concerned)
        apart = f", apart from what is set aside: {aside}" if aside else ""
        return Condition(wanted, Status.TRUE, Reason.ALL_RULES_MET, sentence + apart)
    same = sum(finding.effect is own[0].effect for finding in own) - 1
    more = f" (and {same} more)" if same else ""
    return Condition(wanted, _STATUS.get(own[0].effect, Status.TRUE), own[0].code, own[0].message + more)


def _set_aside(findings: Iterable[Finding]) -> str:
    """The codes of what does not count although it was found."""
    return ", ".join(sorted({str(each.code) for each in findings if not each.counts and each.effect is not Effect.INFO}))


def _plan(wanted: Target, case: _Case, as_of: date) -> _Plan:
    """What the target makes of the installation: what goes, what comes, and what is judged then."""
    is_first = not case.inventory.components
    if is_first and (not wanted.may_install or case.installation.is_part):
        return _Plan(None, "there is no Perfana component to upgrade", Reason.NO_COMPONENTS)
    upgrade = target.upgrade_to(wanted, case.installation, case.inventory, case.policy, as_of)
    if upgrade.problem:
        return _Plan(None, upgrade.problem, Reason.TARGET_UNKNOWN)
    after = _case(upgrade.installation, case.policy, case.check)
    rules = case.policy.fields.dependencies
    needs, leaves = dependency.changed_needs(case.lines, after.lines, rules)
    lists = (
        ("retires", upgrade.retires),
        ("brings", upgrade.brings),
        ("needs", needs),
        ("no longer needs", map(rules.title, leaves)),
    )
    changes = " and ".join(f"{word} {text}" for word, names in lists if (text := ", ".join(names)))
    told = [f"{wanted.release} means {upgrade.release}"] if upgrade.release not in ("", wanted.release) else []
    told += ["no component runs here yet"] if is_first else []
    told += [f"the upgrade {changes}"] if changes else []
    return _Plan(after._replace(leaving=frozenset(leaves)), "; ".join(told))


def _upgrade(plan: _Plan | None, as_of: date) -> _Judgement:
    """Would the installation be supported after the upgrade, and by which findings? Nothing where no target is stated."""
    if plan is None:
        return _Judgement((), ())
    kind = ConditionType.UPGRADE_SUPPORTED
    if plan.after is None:
        return _Judgement((), (Condition(kind, Status.UNKNOWN, plan.reason, plan.changes),))
    judgement = _judge(plan.after, as_of)
    after = summarise(judgement.conditions, judgement.findings)
    message = f"{plan.changes}; {after.message}" if plan.changes else after.message
    findings = (finding for finding in judgement.findings if finding.effect is not Effect.INFO)
    behind = tuple(finding for finding in findings if not SUMMED_UP.keys().isdisjoint(finding.code.conditions))
    return _Judgement(behind, (Condition(kind, after.status, after.reason, message),))


def _next_transition(case: _Case, plan: _Plan | None, as_of: date, now: tuple[Condition, ...]) -> Transition | None:
    """The first later day on which a condition's status or reason differs from today's, that of the target included.

    Only the days that the rules name can change anything, so each is judged in turn, as if that day had come.
    """
    days = {*_days(case), *(_days(plan.after) if plan and plan.after else ())}
    for day in sorted(day for day in days if day > as_of):
        then = (*_judge(case, day).conditions, *_upgrade(plan, day).conditions)
        pairs = zip(now, then, strict=True)
        changed = [after for before, after in pairs if (before.status, before.reason) != (after.status, after.reason)]
        if changed:
            told = min(changed, key=lambda each: _TOLD_LAST.get(each.type, 0))
            return Transition(day, told.type, told.status, told.reason)
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
