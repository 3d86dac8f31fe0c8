"""The operator and registries: asked beside the judging, once for all, and no status flips for a question that is under way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from perfana_support.controller.names import CHECKS, POLICIES
from perfana_support.controller.registries import HOLD_SECONDS, Opened
from perfana_support.model.answer import Answer, Gap, Question, Subject
from perfana_support.model.installation import Container, Workload
from perfana_support.model.registry import Registry
from perfana_support.sources.registry.client import RegistryClient
from perfana_support.sources.registry.inquiry import FIRST_RETRY_SECONDS
from tests.unit import virtual_time
from tests.unit.controller.fake_server import FakeServer, Working, condition
from tests.unit.evaluate.registry_content import AMD, ARM, TAG, VENDOR, Image
from tests.unit.evaluate.registry_content import Registry as Content

OFFICIAL = f"perfana/perfana-web:{TAG}"
SPEC = {"policyRef": {"name": "acme"}}
ASKS = {"images": {"verification": "Registry", "registries": [{"name": "docker.io"}]}}
WEB = Question(Subject.MANIFEST, VENDOR, TAG)


class Clerk(RegistryClient):
    """A client whose answers a test holds back until it lets them go."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.opened_for: list[tuple[Registry, ...]] = []
        self.asked: list[tuple[Question, str]] = []
        self.closed = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def open(self, registries: Sequence[Registry]) -> Opened:
        self.opened_for.append(tuple(registries))
        return self, self.close

    async def close(self) -> None:
        self.closed += 1

    async def answer(self, question: Question, namespace: str = "") -> Answer:
        self.asked.append((question, namespace))
        await self.may_answer.wait()
        return self.content.answer(question)

    async def digest_of_tag(self, _question: Question, _namespace: str = "") -> str | None:
        return None


@pytest.fixture
def content() -> Content:
    made = Content()
    made.push(VENDOR, AMD, ARM)
    return made


Play = Callable[[Working, Clerk], Awaitable[None]]


def played(content: Content, play: Play) -> tuple[FakeServer, Clerk]:
    """Play with a desk under a policy that asks registries."""

    async def story() -> tuple[FakeServer, Clerk]:
        clerk = Clerk(content)
        working = Working(FakeServer(), open_client=clerk.open)
        working.see(POLICIES, "acme", ASKS, "")
        async with working:
            await play(working, clerk)
        await working.registries.close()
        return working.server, clerk

    return virtual_time.run(story())


def run(working: Working, digest: str, namespace: str, name: str = "web", image: str = OFFICIAL) -> None:
    """Let the store know of a Deployment with a running pod."""
    put = working.desk.store.put
    put("Deployment", (namespace, name), Workload("Deployment", namespace, name, (Container("c", image),)))
    container = Container("c", image, image_id=f"{VENDOR}@{digest}")
    put("Pod", (namespace, f"{name}-0"), Workload("Pod", namespace, f"{name}-0", (container,), owner=("Deployment", name)))


def images(server: FakeServer, name: str = "perfana", namespace: str = "ns") -> tuple[str, str]:
    return condition(server.status(name, namespace=namespace), "ImagesUnmodified")


def test_first_status_has_the_proof_already(content: Content) -> None:
    async def play(working: Working, _clerk: Clerk) -> None:
        run(working, AMD.manifest.digest, "ns")
        working.see(CHECKS, "perfana", SPEC, "ns")
        await asyncio.sleep(1)

    server, clerk = played(content, play)
    assert images(server) == ("True", "AllRulesMet")
    assert len([write for write in server.writes if write.name.plural == CHECKS]) == 1
    assert clerk.asked == [(WEB, "")]
    assert clerk.closed == 1
    assert clerk.opened_for == [(Registry("docker.io"),)]


def test_many_checks_ask_once(content: Content) -> None:
    async def play(working: Working, clerk: Clerk) -> None:
        clerk.may_answer.clear()
        for place in range(20):
            run(working, AMD.manifest.digest, f"ns{place}")
            working.see(CHECKS, "perfana", SPEC, f"ns{place}")
        await asyncio.sleep(1)
        clerk.may_answer.set()
        await asyncio.sleep(1)

    server, clerk = played(content, play)
    assert {images(server, namespace=f"ns{place}") for place in range(20)} == {("True", "AllRulesMet")}
    assert len(clerk.asked) == 1
    assert clerk.opened_for == [(Registry("docker.io"),)]


def test_silent_registry_is_said_after_a_while_and_its_answer_seen_at_once(content: Content) -> None:
    async def play(working: Working, clerk: Clerk) -> None:
        clerk.may_answer.clear()
        run(working, AMD.manifest.digest, "ns")
        working.see(CHECKS, "perfana", SPEC, "ns")
        await asyncio.sleep(HOLD_SECONDS - 1)
        assert not working.server.status("perfana", namespace="ns")
        await asyncio.sleep(2)
        assert images(working.server) == ("Unknown", "DigestUnverified")
        clerk.may_answer.set()
        await asyncio.sleep(1)
        assert images(working.server) == ("True", "AllRulesMet")

    played(content, play)


def test_what_is_not_supported_anyway_waits_for_no_registry(content: Content) -> None:
    async def play(working: Working, clerk: Clerk) -> None:
        clerk.may_answer.clear()
        run(working, AMD.manifest.digest, "ns", image="perfana/perfana-web:0.2.97.0-SNAPSHOT")
        working.see(CHECKS, "perfana", SPEC, "ns")
        await asyncio.sleep(0.5)
        assert condition(working.server.status("perfana", namespace="ns")) == ("False", "SnapshotBuild")

    played(content, play)


def test_registry_that_comes_back_is_noticed_without_an_event(content: Content) -> None:
    async def play(working: Working, clerk: Clerk) -> None:
        content.faults[WEB] = Gap("docker.io: answers 503")
        run(working, AMD.manifest.digest, "ns")
        working.see(CHECKS, "perfana", SPEC, "ns")
        running = asyncio.create_task(working.registries.run())
        await asyncio.sleep(1)
        assert images(working.server) == ("Unknown", "DigestUnverified")
        del content.faults[WEB]
        await asyncio.sleep(FIRST_RETRY_SECONDS + 60)
        assert images(working.server) == ("True", "AllRulesMet")
        await virtual_time.end(running)
        assert len(clerk.asked) == 2

    played(content, play)


def test_changed_image_that_a_rollout_brings_is_told_once(content: Content) -> None:
    patched = Image(("base", "other"))
    content.push("harbor.example.com/x/perfana-web", patched)

    async def play(working: Working, _clerk: Clerk) -> None:
        run(working, AMD.manifest.digest, "ns")
        working.see(CHECKS, "perfana", SPEC, "ns")
        await asyncio.sleep(1)
        assert images(working.server) == ("True", "AllRulesMet")
        run(working, patched.manifest.digest, "ns", image=f"harbor.example.com/x/perfana-web:{TAG}")
        await asyncio.sleep(3)
        assert images(working.server) == ("False", "ImageModified")

    server, _ = played(content, play)
    assert len([write for write in server.writes if write.name.plural == CHECKS]) == 2


def test_restart_writes_nothing_while_the_registry_is_asked(content: Content) -> None:
    content.push("harbor.example.com/x/perfana-web", patched := Image(("base", "other")))

    async def play(working: Working, clerk: Clerk) -> None:
        run(working, patched.manifest.digest, "ns", image=f"harbor.example.com/x/perfana-web:{TAG}")
        working.see(CHECKS, "perfana", SPEC, "ns")
        await asyncio.sleep(1)
        assert images(working.server) == ("False", "ImageModified")
        # A new operator knows nothing yet.
        again = Working(working.server, open_client=clerk.open)
        entities = {name.plural: entity for name, entity in working.server.objects.items()}
        again.desk.see(POLICIES, entities[POLICIES])
        run(again, patched.manifest.digest, "ns", image=f"harbor.example.com/x/perfana-web:{TAG}")
        async with again:
            again.desk.see(CHECKS, entities[CHECKS])
            await asyncio.sleep(1)
        await again.registries.close()

    server, _ = played(content, play)
    assert len([write for write in server.writes if write.name.plural == CHECKS]) == 1


def test_registries_of_a_policy_that_is_gone_are_closed(content: Content) -> None:
    async def play(working: Working, clerk: Clerk) -> None:
        run(working, AMD.manifest.digest, "ns")
        working.see(CHECKS, "perfana", SPEC, "ns")
        running = asyncio.create_task(working.registries.run())
        await asyncio.sleep(1)
        working.see(POLICIES, "acme", {"images": {"verification": "Reference"}}, "")
        await asyncio.sleep(5 * 3600)
        await virtual_time.end(running)
        assert clerk.closed == 1

    played(content, play)
