"""Excluded topics that a summary mentions, in English and Dutch."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.mention import mentions
from perfana_support.model.ticket_policy import Handling, Topic, ticket_rules
from tests.unit.builders import policy

TOPICS = tuple(ticket_rules(policy().fields.support).topics.values())
EXCLUDED = [topic for topic in TOPICS if topic.handling is Handling.EXCLUDED]


def mentioned(summary: str) -> dict[str, str]:
    return {mention.topic.name: mention.words for mention in mentions(summary, TOPICS)}


@pytest.mark.parametrize(
    ("summary", "topic", "words"),
    [
        ("We need a training", "training", "training"),
        ("Can you TRAIN our team?", "training", "train"),
        ("Wij willen een producttraining", "training", "producttraining"),
        ("cursus voor beheerders", "training", "cursus"),
        ("Hoe gebruik ik dashboards", "training", "hoe gebruik"),
        ("Feature request: dark mode", "development", "feature request"),
        ("Functieverzoek: donkere modus", "development", "functieverzoek"),
        ("maatwerk gevraagd", "development", "maatwerk"),
        ("Integrate with Jenkins", "integration", "integrate"),
        ("third-party application fails", "integration", "third party"),
        ("LDAP-koppeling werkt niet", "integration", "koppeling"),
        ("SSO broken", "integration", "sso"),
        ("runs on AWS", "cloud", "aws"),
        ("cloudomgeving is traag", "cloud", "cloudomgeving"),
        ("end-user cannot log in", "end-users", "end user"),
        ("Vraag van een eindgebruiker", "end-users", "eindgebruiker"),
        ("some consultancy", "consultancy", "consultancy"),
        ("Advies gevraagd", "consultancy", "advies"),
        ("best practices for tests", "consultancy", "best practices"),
        ("performance tuning", "tuning", "tuning"),
        ("Optimaliseren van queries", "tuning", "optimaliseren"),
        ("kan het sneller", "tuning", "sneller"),
        ("capacity planning", "planning", "capacity"),
        ("capaciteitsplanning", "planning", "capaciteitsplanning"),
        ("How much memory is needed", "planning", "how much memory"),
        ("Please install Perfana", "implementation", "install"),
        ("herinstallatie", "implementation", "herinstallatie"),
        ("is ge\u00efnstalleerd", "implementation", "geinstalleerd"),
        ("set-up of a new cluster", "implementation", "set up"),
        ("upgrade naar 4.0", "implementation", "upgrade"),
        ("tra\u200bining", "training", "training"),
        ("TRA\u00cdNING", "training", "training"),
        ("\uff34raining", "training", "training"),
        ("(training)", "training", "training"),
        ("re_training", "training", "training"),
    ],
)
def test_words_of_a_topic_are_seen(summary: str, topic: str, words: str) -> None:
    assert mentioned(summary)[topic] == words


@pytest.mark.parametrize(
    "summary",
    [
        "",
        "   ",
        "Dashboards are empty since last night",
        "Dashboards zijn leeg sinds vannacht",
        "Test run stuck in state RUNNING",
        "perfana-scheduler restarts every minute: CrashLoopBackOff",
        "The laws of nature",
        "Fortune favours the brave",
        "::error::x\x1b[31m",
    ],
)
def test_summary_without_such_words_mentions_nothing(summary: str) -> None:
    assert mentioned(summary) == {}


def test_several_topics_are_named_in_the_policys_order() -> None:
    assert list(mentioned("tuning and training by a consultant")) == ["training", "consultancy", "tuning"]


def test_topics_that_are_included_are_not_looked_for() -> None:
    assert mentions("a bug", [Topic("bug", Handling.INCLUDED, "bugs", ("bug",))]) == ()


@pytest.mark.parametrize("topic", EXCLUDED, ids=lambda topic: topic.name)
def test_every_word_of_the_policy_is_found_wherever_it_stands(topic: Topic) -> None:
    for phrase in topic.words:
        plain = phrase.strip("*")
        for summary in (plain, plain.upper(), f"x, {plain}!", plain.replace(" ", "-")):
            assert topic.name in mentioned(summary), phrase


def phrase(word: str) -> Any:  # noqa: ANN401 - shortcut
    return mentions("abc abcd dabc dabcd", [Topic("t", Handling.EXCLUDED, "s", (word,))])


def test_star_stands_for_the_rest_of_a_word_and_nothing_else_does() -> None:
    assert [found.words for found in phrase("abcd")] == ["abcd"]
    assert [found.words for found in phrase("abcd*")] == ["abcd"]
    assert [found.words for found in phrase("*bcd")] == ["abcd"]
    assert [found.words for found in phrase("dab*")] == ["dabc"]
    assert [found.words for found in phrase("*abc*")] == ["abc"]
    assert phrase("bcd") == phrase("bc*") == phrase("*dab") == phrase("---") == ()
    assert [found.words for found in phrase("*abc dabc*")] == ["dabc dabcd"]
    assert [found.words for found in phrase("abcd dab*")] == ["abcd dabc"]
    assert [found.words for found in phrase("*bc abcd")] == ["abc abcd"]


def test_no_summary_takes_long() -> None:
    began = time.perf_counter()
    for text in ("train" * 400, "a " * 1000, "-" * 2000, "set " * 500, "\u0301" * 2000):
        mentions(text, TOPICS)
    assert time.perf_counter() - began < 5


@given(st.text(max_size=60), st.sampled_from(EXCLUDED), st.text(max_size=60))
def test_word_is_seen_between_any_other(before: str, topic: Topic, after: str) -> None:
    assert topic.name in mentioned(f"{before} {topic.words[0].strip('*')} {after}")
