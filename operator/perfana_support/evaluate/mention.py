"""Which excluded topics a summary mentions: words alone, which tell nobody what it is about."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from perfana_support.model.ticket_policy import Handling, Topic

_WORD = re.compile(r"[^\W_]+")
# Marks above and below letters, and what nobody sees, such as a gap of no width: they would part a word in two.
_UNSEEN = frozenset({"Mn", "Cf"})


class Mention(NamedTuple):
    """An excluded topic, and the words of the summary that speak of it."""

    topic: Topic
    words: str


def mentions(summary: str, topics: Iterable[Topic]) -> tuple[Mention, ...]:
    """The excluded topics that a summary mentions, each with the first words that do.

    Case, accents, hyphens and marks that nobody sees make no difference. Texts are only searched for texts, so nothing can
    take long.
    """
    text = _words(summary)
    excluded = (topic for topic in topics if topic.handling is Handling.EXCLUDED)
    return tuple(Mention(topic, found) for topic in excluded if (found := _found(text, topic.words)))


def _found(text: str, phrases: Iterable[str]) -> str:
    """The whole words of a text that hold one of the phrases, "" where none does."""
    for phrase in phrases:
        part = _part(phrase)
        place = text.find(part) if part.strip() else -1
        if place >= 0:
            end = place + len(part.rstrip())
            return text[text.rindex(" ", 0, place + 1) : text.index(" ", end)].strip()
    return ""


@cache
def _part(phrase: str) -> str:
    """What a text of words holds where it holds the phrase: a blank stands where a word must begin or end."""
    text = _words(phrase)
    return text[1 if phrase.startswith("*") else 0 : -1 if phrase.endswith("*") else None]


def _words(text: str) -> str:
    """The words of a text in their plainest form, a blank before and behind each."""
    plain = (each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each) not in _UNSEEN)
    return f" {' '.join(_WORD.findall(''.join(plain).casefold()))} "
