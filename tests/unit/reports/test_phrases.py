"""Phrases are there in both languages, with the same parts."""

import string
from datetime import datetime, timedelta, timezone
from typing import get_args

import pytest

from perfana_support.evaluate.request import TicketReason
from perfana_support.model.code import Status
from perfana_support.model.ticket_policy import Impact
from perfana_support.reports.phrases import LANGUAGES, PHRASES, moment, speaker


def parts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("phrase", PHRASES)
def test_phrase_has_the_same_parts_in_each_language(phrase: str) -> None:
    texts = PHRASES[phrase]
    assert len(texts) == len(LANGUAGES)
    assert all(texts)
    assert len({frozenset(parts(text)) for text in texts}) == 1
    assert not get_args(texts)


def test_every_status_reason_and_impact_has_one() -> None:
    assert {*map(str, Status), *map(str, TicketReason), *map(str, Impact)} <= PHRASES.keys()


def test_other_languages_are_spoken_to_in_english() -> None:
    assert [speaker(language)("severity") for language in ("en", "nl", "de")] == ["Severity", "Ernst", "Severity"]


def test_parts_may_hold_braces() -> None:
    assert speaker("en")("ask_again", text="{text}{0}") == "{text}{0} is none of these"


def test_moment_has_weekday_and_offset() -> None:
    at = datetime(2026, 11, 30, 9, 5, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert moment(at, "en") == "Monday 2026-11-30 09:05 (UTC+05:45)"
    assert moment(at, "nl") == "maandag 2026-11-30 09:05 (UTC+05:45)"
    assert moment(at - timedelta(days=1), "nl").startswith("zondag ")
