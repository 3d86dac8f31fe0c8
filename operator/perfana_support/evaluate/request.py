"""May a ticket be raised? What the verdict, the contract, the topic and the language say, joined.

A false "possible" is the worst that could be said: what nobody has judged, and what a summary only seems to be about, is
Unknown.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from perfana_support.evaluate.mention import Mention, mentions
from perfana_support.model.code import Code, Reason, Status
from perfana_support.model.ticket_policy import Handling, Impact, TicketRules, Topic
from perfana_support.model.verdict import Condition

_CODES = {str(code): code for code in Code}
_ORDER = (Status.FALSE, Status.UNKNOWN, Status.TRUE)


class TicketReason(StrEnum):
    """Why a ticket is possible or not, beside the reasons of the condition `TicketEligible`."""

    NOT_JUDGED = "NotJudged"
    FACTS_OUTDATED = "FactsOutdated"
    LANGUAGE_NOT_COVERED = "LanguageNotCovered"
    TOPIC_EXCLUDED = "TopicExcluded"
    TOPIC_MENTIONED = "TopicMentioned"
    TOPIC_NOT_STATED = "TopicNotStated"
    NOT_UPGRADE_ASSISTANCE = "NotUpgradeAssistance"


class Request(NamedTuple):
    """What somebody wants to raise. `topic` is the policy's, None where none is stated; `language` a language's short name."""

    at: datetime
    language: str
    topic: Topic | None = None
    summary: str = ""
    impacts: frozenset[Impact] = frozenset()


class Ground(NamedTuple):
    """One ground of the answer.

    `message` is the verdict's own where the reason is; `sentence` is the policy's. `about` is what it speaks of: a topic, a
    language; `words` those of a summary; `instead` is a topic to state, where that would settle it.
    """

    status: Status
    reason: str
    message: str = ""
    sentence: str = ""
    about: str = ""
    words: str = ""
    instead: str = ""


class Answer(NamedTuple):
    """Whether a ticket may be raised, with all grounds for that; `settled` are mentions that a stated topic makes harmless."""

    status: Status
    grounds: tuple[Ground, ...]
    settled: tuple[Mention, ...] = ()


def answer(request: Request, eligible: Condition | None, rules: TicketRules) -> Answer:
    """The answer from the condition `TicketEligible`, None where no installation was judged, and from what is asked."""
    found = mentions(request.summary, rules.topics.values())
    grounds = [_of_verdict(eligible, request.topic, rules), *_of_request(request, rules)]
    if request.topic is None:
        included = next((each.name for each in rules.topics.values() if each.handling is Handling.INCLUDED), "")
        mentioned = Ground(Status.UNKNOWN, TicketReason.TOPIC_MENTIONED, instead=included)
        grounds += [mentioned._replace(sentence=each.topic.sentence, about=each.topic.name, words=each.words) for each in found]
    worst = next(status for status in _ORDER if any(ground.status is status for ground in grounds))
    telling = tuple(ground for ground in sorted(grounds, key=_rank) if ground.status is not Status.TRUE or worst is Status.TRUE)
    return Answer(worst, telling, found if request.topic else ())


def unjudged(eligible: Condition) -> Condition | None:
    """The condition where nothing was judged but the contract: only a False says something then."""
    return eligible if eligible.status is Status.FALSE else None


def outdated(eligible: Condition) -> Condition:
    """The condition on facts that are too old for a ticket of today: what is there by now, nobody has seen."""
    return eligible._replace(status=_at_most_unknown(eligible), reason=TicketReason.FACTS_OUTDATED)


def _rank(ground: Ground) -> int:
    return _ORDER.index(ground.status)


def _of_verdict(eligible: Condition | None, topic: Topic | None, rules: TicketRules) -> Ground:
    if eligible is None:
        return Ground(Status.UNKNOWN, TicketReason.NOT_JUDGED)
    if eligible.reason != Reason.UPGRADE_ASSISTANCE_ONLY:
        code = _CODES.get(eligible.reason)
        return Ground(eligible.status, eligible.reason, eligible.message, str(code.clause) if code else "")
    assistance = next((each for each in rules.topics.values() if each.handling is Handling.UPGRADE_ASSISTANCE), None)
    ground = Ground(eligible.status, eligible.reason, eligible.message, assistance.sentence if assistance else "")
    if topic is None:
        name = assistance.name if assistance else ""
        return ground._replace(status=_at_most_unknown(eligible), reason=TicketReason.TOPIC_NOT_STATED, instead=name)
    if topic.handling is not Handling.UPGRADE_ASSISTANCE:
        return ground._replace(status=Status.FALSE, reason=TicketReason.NOT_UPGRADE_ASSISTANCE, about=topic.name)
    return ground


def _at_most_unknown(condition: Condition) -> Status:
    return Status.UNKNOWN if condition.status is Status.TRUE else condition.status


def _of_request(request: Request, rules: TicketRules) -> Iterator[Ground]:
    if rules.languages and request.language not in {language.name for language in rules.languages}:
        sentence = rules.sentences.language
        yield Ground(Status.FALSE, TicketReason.LANGUAGE_NOT_COVERED, "", sentence, request.language)
    if request.topic is not None and request.topic.handling is Handling.EXCLUDED:
        yield Ground(Status.FALSE, TicketReason.TOPIC_EXCLUDED, "", request.topic.sentence, request.topic.name)
