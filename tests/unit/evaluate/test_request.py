"""May a ticket be raised: verdict, contract, topic and language together."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.request import Answer, Request, TicketReason, answer, unjudged
from perfana_support.model.code import Code, ConditionType, Reason, Status
from perfana_support.model.ticket_policy import TicketRules, ticket_rules
from perfana_support.model.verdict import Condition
from tests.unit.builders import policy

RULES: TicketRules = ticket_rules(policy().fields.support)
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


def eligible(status: Status = Status.TRUE, reason: str = Reason.ALL_RULES_MET) -> Condition:
    return Condition(ConditionType.TICKET_ELIGIBLE, status, reason, "as the verdict says")


UPGRADE = eligible(reason=Reason.UPGRADE_ASSISTANCE_ONLY)


def asked(condition: Condition | None, topic: str = "", summary: str = "", language: str = "en") -> Answer:
    return answer(Request(AT, language, RULES.topics.get(topic), summary), condition, RULES)


def reasons(found: Answer) -> list[str]:
    return [str(ground.reason) for ground in found.grounds]


def test_eligible_is_possible() -> None:
    found = asked(eligible())
    assert (found.status, reasons(found)) == (Status.TRUE, ["AllRulesMet"])


def test_nothing_judged_is_never_possible() -> None:
    for topic in ("", *RULES.topics):
        assert asked(None, topic).status is not Status.TRUE
    assert reasons(asked(None)) == [TicketReason.NOT_JUDGED]


def test_contract_alone_can_only_say_no() -> None:
    for status in (Status.TRUE, Status.UNKNOWN):
        assert unjudged(eligible(status)) is None
    ended = eligible(Status.FALSE, Code.MAINTENANCE_EXPIRED)
    assert unjudged(ended) is ended


def test_ineligible_is_not_possible_with_the_policys_sentence() -> None:
    found = asked(eligible(Status.FALSE, Code.MAINTENANCE_EXPIRED))
    [ground] = found.grounds
    assert (found.status, ground.message, ground.sentence) == (
        Status.FALSE,
        "as the verdict says",
        str(Code.MAINTENANCE_EXPIRED.clause),
    )


def test_verdict_that_is_unknown_leaves_it_unknown() -> None:
    assert asked(eligible(Status.UNKNOWN, Reason.NOT_DECLARED), "incident").status is Status.UNKNOWN


def test_excluded_topic_is_not_possible_with_the_policys_sentence() -> None:
    found = asked(eligible(), "training")
    assert found.status is Status.FALSE
    assert found.grounds[0][1:] == (TicketReason.TOPIC_EXCLUDED, "", "Product training", "training", "", "")


def test_summary_that_mentions_an_excluded_topic_is_unknown_with_sentence_word_and_way_out() -> None:
    found = asked(eligible(), summary="a training was planned when it broke")
    [ground] = found.grounds
    assert (found.status, ground.reason) == (Status.UNKNOWN, TicketReason.TOPIC_MENTIONED)
    assert (ground.sentence, ground.about, ground.words, ground.instead) == (
        "Product training",
        "training",
        "training",
        "incident",
    )


@pytest.mark.parametrize("topic", ["incident", "bug", "root-cause"])
def test_included_topic_settles_what_a_summary_mentions(topic: str) -> None:
    found = asked(eligible(), topic, "fails after the upgrade")
    assert found.status is Status.TRUE
    assert [mention.words for mention in found.settled] == ["upgrade"]


def test_end_of_life_leaves_upgrade_assistance_alone() -> None:
    assert asked(UPGRADE, "upgrade").status is Status.TRUE
    unstated = asked(UPGRADE)
    assert (unstated.status, reasons(unstated), unstated.grounds[0].instead) == (
        Status.UNKNOWN,
        [TicketReason.TOPIC_NOT_STATED],
        "upgrade",
    )
    for topic in ("incident", "bug", "root-cause", "training"):
        found = asked(UPGRADE, topic)
        assert found.status is Status.FALSE
        assert TicketReason.NOT_UPGRADE_ASSISTANCE in reasons(found)
    assert asked(UPGRADE, "upgrade").grounds[0].sentence == (
        "The only exception is for assistance related to upgrading from your EOL version to a supported version."
    )


def test_every_part_of_a_ground_is_as_it_is_told() -> None:
    assistance = RULES.topics["upgrade"].sentence
    told = "as the verdict says"
    for found, expected in (
        (asked(eligible()), (Status.TRUE, "AllRulesMet", told, "", "", "", "")),
        (asked(None), (Status.UNKNOWN, "NotJudged", "", "", "", "", "")),
        (asked(UPGRADE, "upgrade"), (Status.TRUE, "UpgradeAssistanceOnly", told, assistance, "", "", "")),
        (asked(UPGRADE), (Status.UNKNOWN, "TopicNotStated", told, assistance, "", "", "upgrade")),
        (asked(UPGRADE, "bug"), (Status.FALSE, "NotUpgradeAssistance", told, assistance, "bug", "", "")),
        (
            asked(eligible(), language="de"),
            (Status.FALSE, "LanguageNotCovered", "", RULES.sentences.language, "de", "", ""),
        ),
    ):
        assert found.grounds == (expected,)


def test_policy_without_topics_and_languages_says_nothing_of_them() -> None:
    silent = RULES._replace(topics={}, languages=())
    assert answer(Request(AT, "de", None, "training"), eligible(), silent).status is Status.TRUE
    unstated = answer(Request(AT, "de"), UPGRADE, silent)
    told = (Status.UNKNOWN, "TopicNotStated", "as the verdict says", "", "", "", "")
    assert (unstated.status, unstated.grounds) == (Status.UNKNOWN, (told,))


def test_mention_without_an_included_topic_has_no_way_out() -> None:
    excluded = RULES._replace(topics={"training": RULES.topics["training"]})
    [ground] = answer(Request(AT, "en", None, "training"), eligible(), excluded).grounds
    assert (ground.reason, ground.instead) == ("TopicMentioned", "")


def test_grounds_that_say_no_come_first_whatever_was_asked_first() -> None:
    found = asked(eligible(Status.UNKNOWN, Reason.NOT_DECLARED), summary="training", language="de")
    assert [ground.status for ground in found.grounds] == [Status.FALSE, Status.UNKNOWN, Status.UNKNOWN]
    assert reasons(found) == ["LanguageNotCovered", "NotDeclared", "TopicMentioned"]
    found = asked(eligible(Status.UNKNOWN, Code.VERSION_UNDETERMINED), summary="training")
    assert reasons(found) == ["VersionUndetermined", "TopicMentioned"]


def test_another_language_is_not_possible_with_the_policys_sentence() -> None:
    for language in ("en", "nl"):
        assert asked(eligible(), language=language).status is Status.TRUE
    found = asked(eligible(), language="de")
    assert (found.status, found.grounds[0].sentence) == (
        Status.FALSE,
        "Support in languages other than English and Dutch",
    )


def test_language_that_a_policy_adds_is_possible() -> None:
    rules = ticket_rules(policy({"support": {"languages": [{"name": "de", "title": "German"}]}}).fields.support)
    assert answer(Request(AT, "de"), eligible(), rules).status is Status.TRUE


def test_what_says_no_comes_first_and_what_says_yes_is_left_out() -> None:
    found = asked(eligible(Status.UNKNOWN, Reason.NOT_DECLARED), "training", language="de")
    assert [ground.status for ground in found.grounds] == [Status.FALSE, Status.FALSE, Status.UNKNOWN]
    assert reasons(asked(eligible(), "training")) == [TicketReason.TOPIC_EXCLUDED]


CONDITIONS = st.one_of(
    st.none(),
    st.just(UPGRADE),
    st.builds(eligible, st.sampled_from(Status), st.sampled_from([*Code, Reason.NOT_DECLARED, Reason.ALL_RULES_MET])),
)


@given(CONDITIONS, st.sampled_from(["", *RULES.topics]), st.text(max_size=40), st.sampled_from(["en", "nl", "de"]))
def test_possible_only_where_nothing_speaks_against_it(
    condition: Condition | None, topic: str, summary: str, language: str
) -> None:
    found = asked(condition, topic, summary, language)
    if found.status is Status.TRUE:
        assert condition is not None
        assert condition.status is Status.TRUE
        assert language != "de"
        assert topic in {"", "incident", "bug", "root-cause", "upgrade"}
        assert condition is not UPGRADE or topic == "upgrade"
    assert found.grounds


@given(CONDITIONS, st.sampled_from(["", *RULES.topics]), st.text(max_size=40), st.text(max_size=40))
def test_longer_summary_never_makes_it_possible(condition: Condition | None, topic: str, summary: str, more: str) -> None:
    order = [Status.FALSE, Status.UNKNOWN, Status.TRUE]
    one, other = (asked(condition, topic, text).status for text in (summary, f"{summary} {more}"))
    assert order.index(other) <= order.index(one)
