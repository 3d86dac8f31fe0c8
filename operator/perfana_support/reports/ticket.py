"""A ticket before it is raised: what is to be said, in sections, whatever they are written in."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from perfana_support.evaluate.request import Answer, Ground, Request
from perfana_support.evaluate.severity import Fit
from perfana_support.model.code import Effect, Reason, Status
from perfana_support.model.policy import Policy
from perfana_support.model.ticket_policy import Handling, PlanService, ResponseTarget, Severity, TicketRules, Unit
from perfana_support.model.verdict import Verdict
from perfana_support.reports.phrases import PHRASES, Say, moment, speaker
from perfana_support.reports.result import subject_text


class Response(NamedTuple):
    """The first answer's target, with its clock's start and end in the user's and in the vendor's zone."""

    target: ResponseTarget
    starts_at: datetime
    due_at: datetime
    vendor_starts_at: datetime
    vendor_due_at: datetime


class Ticket(NamedTuple):
    """All that is known of a ticket. `request.at` is in the user's zone.

    `verdict` is None where nothing was judged; `response` where no target is known, or none is to be hoped for. `is_taken`: the
    severity is not stated, and follows from the impact. `facts_of` is the day of a bundle's facts.
    """

    request: Request
    answer: Answer
    rules: TicketRules
    policy: Policy
    as_of: date
    plan: PlanService | None = None
    maintained_until: date | None = None
    severity: Severity | None = None
    is_taken: bool = False
    fit: Fit = Fit(None)
    response: Response | None = None
    verdict: Verdict | None = None
    source: Mapping[str, Any] = MappingProxyType({})
    bundle: str = ""
    facts_of: date | None = None

    @property
    def may_phone(self) -> bool:
        """Whether the plan lets the vendor be phoned, for a ticket that is not impossible."""
        if self.plan is None or self.severity is None or self.answer.status is Status.FALSE:
            return False
        return self.severity.name in self.plan.phone_severities


class Row(NamedTuple):
    """A label and what stands beside it, a line each; `sentence` is the policy's, which stands below."""

    label: str
    texts: tuple[str, ...]
    sentence: str = ""

    @property
    def quote(self) -> str:
        """The sentence in quotes; a clause with its heading has them."""
        return f'"{self.sentence}"' if self.sentence and '"' not in self.sentence else self.sentence


class Section(NamedTuple):
    """A heading, "" for the first one, and its rows."""

    heading: str
    rows: tuple[Row, ...]


def sections(ticket: Ticket) -> Iterator[Section]:
    """What is to be said, the answer first."""
    say = speaker(ticket.request.language)
    yield Section("", tuple(_answer(ticket, say)))
    yield Section("", tuple(_costs(ticket, say)))
    excluded = [topic for topic in ticket.rules.topics.values() if topic.handling is Handling.EXCLUDED]
    if excluded:
        yield Section(say("excluded"), tuple(Row(topic.name, (), topic.sentence) for topic in excluded))
    known = tuple(_good_to_know(ticket, say))
    if known:
        yield Section(say("good_to_know"), known)
    yield Section(say("hand_over"), tuple(_hand_over(ticket, say)))


def ground_text(ground: Ground, say: Say) -> str:
    """What a ground says: in our words where they are ours, else as the verdict has it."""
    if ground.reason not in PHRASES:
        return ground.message
    text = say(ground.reason, about=ground.about, words=ground.words)
    return text + say(f"{ground.reason}, the way out", instead=ground.instead) if ground.instead else text


def amount_text(target: ResponseTarget, say: Say) -> str:
    """A target's amount in words."""
    unit = "hours" if target.unit is Unit.HOURS else "business_days"
    return say(unit if target.amount == 1 else f"{unit}_many", amount=target.amount)


def _answer(ticket: Ticket, say: Say) -> Iterator[Row]:
    first, *others = ticket.answer.grounds
    yield Row(say("answer"), (say(str(ticket.answer.status)), f"{first.reason}: {ground_text(first, say)}"), first.sentence)
    for ground in others:
        yield Row("", (f"{ground.reason}: {ground_text(ground, say)}",), ground.sentence)
    unseen = (
        [str(each.type) for each in ticket.verdict.conditions if each.reason == Reason.NOT_OBSERVABLE] if ticket.verdict else []
    )
    if unseen and ticket.answer.status is not Status.FALSE:
        yield Row("", (say("unseen", conditions=", ".join(unseen)),))
    for mention in ticket.answer.settled:
        yield Row("", (say("settled", words=mention.words, about=mention.topic.name),), mention.topic.sentence)


def _costs(ticket: Ticket, say: Say) -> Iterator[Row]:
    if ticket.request.summary:
        yield Row(say("summary"), (ticket.request.summary,))
    if ticket.request.topic:
        yield Row(say("topic"), (ticket.request.topic.name,), ticket.request.topic.sentence)
    yield Row(say("plan"), (_plan(ticket, say),))
    yield _severity(ticket, say)
    if ticket.request.impacts:
        stated = [say(str(impact)) for impact in sorted(ticket.request.impacts)]
        yield Row(say("impact"), ("; ".join(stated),))
        yield Row(say("by_impact"), tuple(_fit(ticket, say)), ticket.fit.severity.definition if ticket.fit.severity else "")
    language = ticket.request.language
    yield Row(say("requested"), (moment(ticket.request.at, language),))
    if ticket.answer.status is Status.FALSE or ticket.plan is None or ticket.severity is None:
        return
    names = {"plan": ticket.plan.name, "severity": ticket.severity.name}
    response = ticket.response
    if response is None:
        yield Row(say("answer_by"), (say("no_target", **names),))
    else:
        yield Row(say("clock_starts"), _in_both_zones(response.starts_at, response.vendor_starts_at, language, say))
        texts = _in_both_zones(response.due_at, response.vendor_due_at, language, say)
        notes = [say("target", amount=amount_text(response.target, say), **names)]
        if ticket.answer.status is Status.UNKNOWN:
            notes.append(say("if_possible"))
        yield Row(say("answer_by"), (*texts, *notes), ticket.rules.sentences.response_targets)
    yield Row(say("phone"), (say("phone_yes" if ticket.may_phone else "phone_no", **names),))
    if ticket.rules.portal:
        yield Row(say("portal"), (ticket.rules.portal,))


def _plan(ticket: Ticket, say: Say) -> str:
    if ticket.plan is None:
        return say("no_plan")
    if not ticket.plan.has_portal:
        return ticket.plan.name
    if ticket.maintained_until is None:
        return say("until_unknown", plan=ticket.plan.name)
    return say("until", plan=ticket.plan.name, day=ticket.maintained_until)


def _severity(ticket: Ticket, say: Say) -> Row:
    severity = ticket.severity
    if severity is None:
        return Row(say("severity"), (say("no_severity"),))
    text = say("taken" if ticket.is_taken else "stated", name=severity.name, title=severity.title)
    return Row(say("severity"), (text,), severity.definition)


def _fit(ticket: Ticket, say: Say) -> Iterator[str]:
    fit = ticket.fit
    if fit.severity is None:
        yield say("fits_none")
    elif ticket.severity is not None and ticket.severity.name != fit.severity.name:
        yield say("fits_other", fitting=fit.severity.name, stated=ticket.severity.name)
    else:
        yield say("fits_same", fitting=fit.severity.name)
    if fit.nearest is not None:
        yield say("nearest", name=fit.nearest.name, missing="; ".join(say(str(impact)) for impact in fit.missing))


def _in_both_zones(own: datetime, vendors: datetime, language: str, say: Say) -> tuple[str, str]:
    return say("yours", time=moment(own, language)), say("vendors", time=moment(vendors, language))


def _good_to_know(ticket: Ticket, say: Say) -> Iterator[Row]:
    sentences, topic = ticket.rules.sentences, ticket.request.topic
    community = sentences.community if ticket.plan is not None and not ticket.plan.has_portal else ""
    guidance = sentences.guidance if topic is not None and topic.handling is Handling.UPGRADE_ASSISTANCE else ""
    for sentence in (community, guidance, sentences.requesters, sentences.knowledge):
        if sentence:
            yield Row(say("policy_says"), (), sentence)


def _hand_over(ticket: Ticket, say: Say) -> Iterator[Row]:
    verdict = ticket.verdict
    if verdict is not None:
        yield Row(say("version"), (verdict.release or "<none>",))
        yield Row(say("conditions"), tuple(f"{each.type}: {each.status} ({each.reason})" for each in verdict.conditions))
        shown = [each for each in verdict.findings if each.effect is not Effect.INFO]
        texts = [
            f"{each.code} ({each.set_aside or each.effect}), {subject_text(each.subject)}: {each.message}" for each in shown
        ]
        yield Row(say("findings"), tuple(texts) or (say("no_findings"),))
    policy = ticket.policy
    if ticket.facts_of:
        yield Row(say("facts_of"), (ticket.facts_of.isoformat(),))
    yield Row(say("judged_by"), (say("policy_of", name=policy.name, day=policy.published_on, as_of=ticket.as_of),))
    yield Row(say("bundle"), (ticket.bundle or say("no_bundle"),))
