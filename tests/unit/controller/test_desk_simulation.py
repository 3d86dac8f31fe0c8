"""Desk, audit and permission through minutes of trouble: in the end every status says what is so, and nobody wrote who may not.

Watches are late and lose events, writes are slow and refused, objects come, change and go, and so does the permission.
`PERFANA_SIMULATIONS=5000 pytest tests/unit/controller/test_desk_simulation.py` plays as many stories.
"""

import asyncio
import os
from random import Random
from typing import Any

import pytest

from perfana_support.controller.audit import Audit
from perfana_support.controller.names import CHECKS, POLICIES, Name
from perfana_support.reports.status import is_same, status_of
from perfana_support.sources.cluster.api import ApiError
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, OLD, FakeServer, Permit, Working

STORIES = int(os.environ.get("PERFANA_SIMULATIONS", "60"))
AUDIT_SECONDS = 30.0
NAMESPACES, NAMES, ACME = ("shop", "perfana"), ("one", "two"), "acme"
IMAGES = (GOOD, OLD, "perfana/perfana-web:0.2.61.106", "nginx:1.29", "")
CHECK_SPECS: tuple[dict[str, Any], ...] = ({}, {"policyRef": {"name": ACME}}, {"enforcement": "Gate"}, {"enforcement": "Never"})
POLICY_SPECS: tuple[dict[str, Any], ...] = ({}, {"maxPolicyAgeDays": 30}, {"releases": "none"})

Json = dict[str, Any]


class Cluster(FakeServer):
    """A server with watches that are late and lose events, which looks at who writes."""

    def __init__(self, random: Random, permit: Permit) -> None:
        super().__init__()
        self.random = random
        self.permit = permit
        self.working: Working | None = None
        self.lost = random.choice([0.0, 0.0, 0.1, 0.5])
        self.late = random.choice([0.01, 0.5, 3.0])
        self.refused = random.choice([0.0, 0.2, 0.6])
        self.slow = random.choice([0.0, 0.1, 4.0])
        self.at_work: set[str] = set()
        self._told_until = 0.0

    def touch(self, entity: Json) -> Json:
        body = super().touch(entity)
        self._tell("see", body)
        return body

    def delete(self, plural: str, name: str, namespace: str = "") -> Json:
        entity = self.objects.pop(Name(plural, "" if plural == POLICIES else namespace, name))
        body = super().touch(entity)
        self._tell("forget", body)
        return body

    async def apply_status(self, path: str, document: Json) -> Json:
        assert self.permit.is_mine
        assert path not in self.at_work
        self.at_work.add(path)
        self.write_seconds = self.random.uniform(0, self.slow)
        if self.random.random() < self.refused:
            status = self.random.choice([0, 429, 500, 503])
            self.faults = [ApiError(status, "trouble", self.random.choice([None, 2.0]))]
        try:
            return await super().apply_status(path, document)
        finally:
            self.at_work.discard(path)

    def _tell(self, how: str, body: Json) -> None:
        """Let the watch tell of a change later, after all that it has to tell before, or never."""
        if self.working is None or self.random.random() < self.lost:
            return
        loop = asyncio.get_running_loop()
        self._told_until = max(self._told_until, loop.time() + self.random.uniform(0, self.late))
        plural = CHECKS if body["kind"] == "SupportCheck" else POLICIES
        loop.call_at(self._told_until, getattr(self.working.desk, how), plural, body)

    def calm(self) -> None:
        """End all trouble."""
        self.lost = self.refused = self.slow = 0.0
        self.late = 0.01


def _happen(cluster: Cluster, working: Working) -> None:
    random = cluster.random
    namespace, name = random.choice(NAMESPACES), random.choice(NAMES)
    what = random.randrange(10)
    if what <= 3:
        image, workload = random.choice(IMAGES), random.choice(NAMES)
        if image:
            working.run_image(image, workload, namespace=namespace)
        else:
            working.desk.store.remove("Deployment", (namespace, workload))
    elif what == 4:
        cluster.put(CHECKS, name, random.choice(CHECK_SPECS), namespace)
    elif what == 5:
        cluster.put(POLICIES, ACME, random.choice(POLICY_SPECS))
    elif what == 6:
        found = random.choice([*cluster.objects, None])
        if found is not None:
            cluster.delete(found.plural, found.name, found.namespace)
    elif what == 7:
        for entity in random.sample(list(cluster.objects.values()), min(1, len(cluster.objects))):
            entity["status"] = {"conditions": [{"type": "Supported", "status": "True", "reason": "Odd", "message": ""}]}
            cluster.touch(entity)
    elif what == 8:
        cluster.permit.turn(is_mine=not cluster.permit.is_mine)
    else:
        working.desk.judge_all_again(5.0)


async def _story(seed: int) -> list[str]:
    """Play a story; returns what is wrong in the end."""
    random = Random(seed)  # noqa: S311 - no secret
    permit = Permit(is_mine=True)
    cluster = Cluster(random, permit)
    async with Working(cluster, permit) as working:
        cluster.working = working
        audit = asyncio.create_task(Audit(cluster.api, working.desk, working.metrics, ()).run(AUDIT_SECONDS))
        for namespace in NAMESPACES:
            cluster.put(CHECKS, "one", {}, namespace)
        for _ in range(random.randrange(5, 60)):
            _happen(cluster, working)
            await asyncio.sleep(random.choice([0.0, 0.01, 0.3, 1.0, 5.0]))
        cluster.calm()
        permit.turn(is_mine=True)
        await asyncio.sleep(3 * AUDIT_SECONDS)
        asked = cluster.asked
        await asyncio.sleep(2 * AUDIT_SECONDS)
        await virtual_time.end(audit)
        known = {name for name, _ in working.desk.snapshot()}
        wrong = [f"{name} is not known rightly" for name in known ^ set(cluster.objects)]
        wrong += [
            f"{name} says what is not so"
            for name, entity in cluster.objects.items()
            if name in known and not is_same(working.desk._judge(name, entity).status, status_of(entity))  # noqa: SLF001
        ]
        if cluster.asked != asked or working.desk.waiting:
            wrong.append("there is no rest")
    return wrong


@pytest.mark.parametrize("seed", range(STORIES))
def test_in_the_end_every_status_says_what_is_so(seed: int) -> None:
    assert virtual_time.run(_story(seed)) == []
