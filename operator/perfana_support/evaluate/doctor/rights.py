"""Has the operator the rights that it needs, and whoever asks those that `check` takes?"""

from collections.abc import Iterator
from itertools import groupby

from perfana_support.evaluate.doctor.neighbours import untold
from perfana_support.evaluate.doctor.remedies import apply_rights, caller, give_reader, show
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Granted, State, Tools
from perfana_support.model.rights import Place


def judge_rights(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """The operator's rights, each that is missing by its resource."""
    user = facts.setup.user
    if not facts.asked:
        found = f"cannot be asked for {user}: {facts.may_ask.why_not}"
        why = "a right that is missing makes verdicts Unknown; your own rights say nothing of the operator's"
        fix = give_reader(facts, tools, of_cluster=True)
        yield Diagnosis(Area.RIGHTS, "operator", State.CANNOT_TELL, found, why, fix)
        return
    if facts.setup.is_place_hidden:
        found, why = (
            "the Deployment takes the namespaces that it looks at from elsewhere",
            "there it needs rights, not everywhere",
        )
        yield Diagnosis(Area.RIGHTS, "operator", State.CANNOT_TELL, found, why, apply_rights(facts, tools))
        return
    missing = [each for each in facts.granted if each.is_allowed is False]
    elected = [each for each in missing if each.right.place is Place.LEASE]
    unsaid = [each for each in facts.granted if each.is_allowed is None]
    told = f"of {user} (asked for by {facts.asked})"
    fix = apply_rights(facts, tools)
    if len(missing) == len(facts.granted):
        found, why = f"none of its {len(missing)} rights are given {told}", "the operator sees nothing, and judges nothing"
        yield Diagnosis(Area.RIGHTS, "operator", State.PROBLEM, found, why, fix)
        return
    if facts.setup.hidden and elected:
        found = f"whether {user} may lead cannot be seen: {untold(facts.setup)}"
        yield Diagnosis(
            Area.RIGHTS, elected[0].right.kind, State.CANNOT_TELL, found, elected[0].right.without, show(facts.setup, tools)
        )
        missing = [each for each in missing if each not in elected]
    for (kind, where), group in groupby(missing, key=lambda each: (each.right.kind, _where(each))):
        rights = list(group)
        verbs = " and ".join(each.right.verb for each in rights)
        yield Diagnosis(Area.RIGHTS, kind, State.PROBLEM, f"{user} may not {verbs} {kind}{where}", rights[0].right.without, fix)
    if unsaid:
        found = f"the server did not say of {len(unsaid)} rights, such as {unsaid[0].right.verb} {unsaid[0].right.kind}"
        yield Diagnosis(
            Area.RIGHTS,
            "operator",
            State.CANNOT_TELL,
            found,
            unsaid[0].right.without,
            (tools.kubectl(f"auth can-i --list --as={facts.setup.user}"),),
        )
    elif not missing and not (facts.setup.hidden and elected):
        yield Diagnosis(Area.RIGHTS, "operator", State.OK, f"all {len(facts.granted)} {told}")


def judge_own_rights(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """The rights that `check -A`, or `-n` for an operator of some namespaces, takes of whoever asks."""
    name = caller(facts)
    command = "check " + (" ".join(f"-n {each}" for each in facts.setup.watched) or "-A")
    missing = [each for each in facts.own if each.is_allowed is False]
    if not facts.own or any(each.is_allowed is None for each in facts.own):
        found = "the server does not say which you have"
        why = "what you may not read, `check` reports as Unknown"
        yield Diagnosis(Area.RIGHTS, "your own", State.CANNOT_TELL, found, why, give_reader(facts, tools))
    elif missing:
        kinds = ", ".join(dict.fromkeys(each.right.kind for each in missing))
        where = _where(missing[0])
        found = f"{name or 'you'} may not list {kinds}{where}, which {command} takes"
        why = "what you may not read, `check` reports as Unknown; the operator has rights of its own"
        yield Diagnosis(Area.RIGHTS, "your own", State.PROBLEM, found, why, give_reader(facts, tools))
    else:
        yield Diagnosis(Area.RIGHTS, "your own", State.OK, f"{name or 'you'} may list all that {command} reads")


def _where(granted: Granted) -> str:
    if granted.right.place is Place.CLUSTER:
        return ""
    return f" in namespace {granted.namespace}" if granted.namespace else " in all namespaces"
