"""Answers are asked for once, hold for as long as the policy says, and stay while a registry is out of reach."""

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from perfana_support.model.answer import Absent, Answer, Config, Gap, Index, Manifest, Question, Subject
from perfana_support.sources.registry.inquiry import FIRST_RETRY_SECONDS, FORGOTTEN_AFTER_SECONDS, LAST_RETRY_SECONDS, Inquiry

if TYPE_CHECKING:
    from perfana_support.sources.registry.client import RegistryClient

HOURS = 3600.0
A, B = (f"sha256:{letter * 64}" for letter in "ab")
TAG = Question(Subject.MANIFEST, "docker.io/perfana/perfana-web", "0.2.96.22")
DIGEST = Question(Subject.MANIFEST, "docker.io/perfana/perfana-web", A)
CONFIG = Question(Subject.CONFIG, "docker.io/perfana/perfana-web", B)
OLD, NEW = Index(A, ()), Index(B, ())
REFUSED = Gap("docker.io: refuses to be read (401)")
DOWN = Gap("docker.io: answers 503")


class Clerk:
    """Stands for a client: answers by question, and what it was asked, by GET or HEAD."""

    def __init__(self) -> None:
        self.answers: dict[Question, Answer] = {
            TAG: OLD,
            DIGEST: Manifest(A, B),
            CONFIG: Config(B, "linux/amd64", ()),
        }
        self.asked: list[tuple[str, Question]] = []
        self.now = 0.0
        self.refused: set[str] = set()

    async def answer(self, question: Question, namespace: str = "") -> Answer:
        self.asked.append(("GET", question))
        await asyncio.sleep(0)
        return self.answers[question] if namespace not in self.refused else REFUSED

    async def digest_of_tag(self, question: Question, _namespace: str = "") -> str | None:
        self.asked.append(("HEAD", question))
        found = self.answers[question]
        return found.digest if isinstance(found, Index) else None


def known(inquiry: Inquiry, question: Question, namespace: str = "") -> Answer | None:
    """What a namespace knows."""
    return inquiry.known_to(namespace).get(question)


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
def inquiry(clerk: Clerk) -> Inquiry:
    return Inquiry(cast("RegistryClient", clerk), 24 * HOURS, lambda: clerk.now)


def test_question_of_many_is_asked_once(clerk: Clerk, inquiry: Inquiry) -> None:
    async def many() -> None:
        await asyncio.gather(*(inquiry.ask([TAG, DIGEST]) for _ in range(50)))

    asyncio.run(many())
    assert clerk.asked == [("GET", TAG), ("GET", DIGEST)]
    assert (known(inquiry, TAG), known(inquiry, DIGEST)) == (OLD, Manifest(A, B))
    assert len(inquiry) == 2


def test_who_asks_is_told_whether_anything_is_new(inquiry: Inquiry) -> None:
    assert asyncio.run(inquiry.ask([TAG]))
    assert not asyncio.run(inquiry.refresh())


def test_nothing_is_asked_within_the_time_that_answers_hold(clerk: Clerk, inquiry: Inquiry) -> None:
    asyncio.run(inquiry.ask([TAG, DIGEST, CONFIG]))
    clerk.now = 24 * HOURS - 1
    for question in (TAG, DIGEST, CONFIG):
        assert known(inquiry, question)
    assert not asyncio.run(inquiry.refresh())
    assert len(clerk.asked) == 3


def test_tag_is_looked_at_again_by_head_and_content_never(clerk: Clerk, inquiry: Inquiry) -> None:
    asyncio.run(inquiry.ask([TAG, DIGEST, CONFIG]))
    for day in range(1, 4):
        clerk.now = day * 24 * HOURS
        assert all(known(inquiry, question) for question in (TAG, DIGEST, CONFIG))
        assert not asyncio.run(inquiry.refresh())
    assert clerk.asked[3:] == [("HEAD", TAG)] * 3


def test_tag_that_was_pushed_again_is_read(clerk: Clerk, inquiry: Inquiry) -> None:
    asyncio.run(inquiry.ask([TAG]))
    clerk.answers[TAG], clerk.now = NEW, 24 * HOURS
    assert known(inquiry, TAG) == OLD
    assert asyncio.run(inquiry.refresh())
    assert known(inquiry, TAG) == NEW
    assert clerk.asked == [("GET", TAG), ("HEAD", TAG), ("GET", TAG)]


def test_last_answer_stays_while_the_registry_is_out_of_reach(clerk: Clerk, inquiry: Inquiry) -> None:
    asyncio.run(inquiry.ask([TAG]))
    clerk.answers[TAG], clerk.now = DOWN, 24 * HOURS
    assert known(inquiry, TAG) == OLD
    assert not asyncio.run(inquiry.refresh())
    assert known(inquiry, TAG) == OLD
    clerk.answers[TAG], clerk.now = NEW, 24 * HOURS + FIRST_RETRY_SECONDS
    assert asyncio.run(inquiry.refresh())
    assert known(inquiry, TAG) == NEW


def test_gap_is_asked_about_again_less_and_less_often(clerk: Clerk, inquiry: Inquiry) -> None:
    clerk.answers[TAG] = DOWN
    asyncio.run(inquiry.ask([TAG]))
    times = []
    while clerk.now < 8 * HOURS:
        clerk.now += 10.0
        assert known(inquiry, TAG) == DOWN
        before = len(clerk.asked)
        assert not asyncio.run(inquiry.refresh())
        if len(clerk.asked) > before:
            times.append(clerk.now)
    waits = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    assert waits[:4] == [60.0, 120.0, 240.0, 480.0]
    assert set(waits[6:]) == {LAST_RETRY_SECONDS}


def test_registry_that_asks_to_be_left_alone_for_long_is(clerk: Clerk, inquiry: Inquiry) -> None:
    clerk.answers[TAG] = Gap("docker.io: asks to be left alone", 900.0)
    asyncio.run(inquiry.ask([TAG]))
    clerk.answers[TAG] = OLD
    clerk.now = 899.0
    assert not asyncio.run(inquiry.refresh())
    clerk.now = 900.0
    assert asyncio.run(inquiry.refresh())
    assert known(inquiry, TAG) == OLD


def test_absence_holds_as_long_as_a_tag(clerk: Clerk, inquiry: Inquiry) -> None:
    clerk.answers[DIGEST] = Absent()
    asyncio.run(inquiry.ask([DIGEST]))
    clerk.answers[DIGEST], clerk.now = Manifest(A, B), 24 * HOURS - 1
    assert known(inquiry, DIGEST) == Absent()
    assert not asyncio.run(inquiry.refresh())
    clerk.now = 24 * HOURS
    assert asyncio.run(inquiry.refresh())
    assert known(inquiry, DIGEST) == Manifest(A, B)


def test_what_nobody_reads_is_forgotten_and_not_asked_again(clerk: Clerk, inquiry: Inquiry) -> None:
    asyncio.run(inquiry.ask([TAG, CONFIG]))
    clerk.now = FORGOTTEN_AFTER_SECONDS
    assert known(inquiry, TAG) == OLD
    clerk.now += 1
    asyncio.run(inquiry.refresh())
    assert [known(inquiry, TAG), known(inquiry, CONFIG)] == [OLD, None]
    clerk.now = 48 * HOURS
    asyncio.run(inquiry.refresh())
    assert not inquiry
    assert len(clerk.asked) == 2


def test_gap_is_of_the_namespace_whose_credentials_met_it_and_an_answer_is_for_all(clerk: Clerk, inquiry: Inquiry) -> None:
    clerk.refused = {"without"}
    asyncio.run(inquiry.ask([TAG], "without"))
    assert (known(inquiry, TAG, "without"), known(inquiry, TAG, "with")) == (REFUSED, None)
    assert asyncio.run(inquiry.ask([TAG], "with"))
    assert (known(inquiry, TAG, "without"), known(inquiry, TAG, "with")) == (OLD, OLD)


def test_gap_is_asked_about_again_on_behalf_of_the_same_namespace(clerk: Clerk, inquiry: Inquiry) -> None:
    clerk.refused = {"", "a"}
    asyncio.run(inquiry.ask([TAG], "a"))
    clerk.refused = {""}
    clerk.now = FIRST_RETRY_SECONDS
    assert asyncio.run(inquiry.refresh())
    assert known(inquiry, TAG, "b") == OLD


def test_question_of_two_namespaces_at_once_is_asked_for_the_second_when_the_first_is_refused(
    clerk: Clerk, inquiry: Inquiry
) -> None:
    clerk.refused = {"a"}

    async def both() -> None:
        await asyncio.gather(inquiry.ask([TAG], "a"), inquiry.ask([TAG], "b"))
        assert known(inquiry, TAG, "b") is None
        await inquiry.ask([TAG], "b")

    asyncio.run(both())
    assert known(inquiry, TAG, "b") == OLD


def test_what_is_known_is_looked_up_and_not_gone_through(inquiry: Inquiry) -> None:
    with pytest.raises(TypeError):
        list(inquiry.known_to(""))
    with pytest.raises(KeyError):
        inquiry.known_to("")[TAG]
    assert len(inquiry.known_to("")) == 0
