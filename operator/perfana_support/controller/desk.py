"""The desk: checks come in, facts come in, verdicts go out as statuses.

Everything here runs in one event loop, so between two awaits nothing changes. Each check is judged by one worker at a
time, from the facts at that moment; whatever changes meanwhile brings it back to the queue.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from perfana_support.controller.workqueue import WorkQueue
from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, read_check
from perfana_support.model.code import ConditionType
from perfana_support.model.document import DocumentError, Problem
from perfana_support.model.policy import Policy
from perfana_support.reports.status import (
    check_status,
    generation_of,
    is_same,
    policy_status,
    status_of,
    unjudged_status,
)
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.store import ClusterStore
from perfana_support.sources.policy import builtin_document, builtin_policy, policy_of

GROUP, VERSION = "support.perfana.io", "v1alpha1"
CHECKS, POLICIES = "supportchecks", "supportpolicies"
_API = f"/apis/{GROUP}/{VERSION}"
# Verdicts change at 00:00 UTC; looking twice a minute notices a day, a suspended machine and a clock set right alike.
CALENDAR_SECONDS = 30.0
# How long a policy that was deleted behind a broken watch stays in force. A handful of objects cost the server nothing.
POLICY_SECONDS = 15.0
_NOT_FOUND = 404

Json = Mapping[str, Any]
log = logging.getLogger(__name__)


class Name(NamedTuple):
    """A resource to write to: its plural, its namespace ("" for a policy) and its name."""

    plural: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Its path on the API server."""
        where = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"{_API}{where}/{self.plural}/{self.name}"


class PolicyState(NamedTuple):
    """A policy that checks may refer to: `policy` is the last good one, None before there was any."""

    policy: Policy | None
    digest: str
    problems: list[Problem]


class Desk:
    """The state of all checks and policies, and the work on them."""

    def __init__(self, api: ClusterApi, store_resources: tuple[str, ...], now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now
        self._day = now().date()
        self._queue: WorkQueue[Name] = WorkQueue()
        self._bodies: dict[Name, Json] = {}
        self._checks_in: dict[str, set[Name]] = {}
        self._policies: dict[str, PolicyState] = {}
        self.store = ClusterStore(store_resources, self.facts_changed)

    # What comes in.

    async def load_policies(self) -> None:
        """Read all policies, so that no check is judged before the policy that it refers to is known, or after it is gone."""
        listing = await self._api.get(f"{_API}/{POLICIES}")
        there = {body["metadata"]["name"] for body in listing["items"]}
        for name, body in list(self._bodies.items()):
            # What Kopf told of after the list was made is not on it.
            is_older = _version(body) <= _version(listing)
            if name.plural == POLICIES and name.name not in there and is_older:
                self.forget(POLICIES, body)
        for body in listing["items"]:
            self.see(POLICIES, body)

    def see(self, plural: str, body: Json) -> None:
        """Take a check or policy as it is now; what this program wrote itself brings no work."""
        metadata = body["metadata"]
        name = Name(plural, metadata.get("namespace", ""), metadata["name"])
        known = self._bodies.get(name)
        if known is not None and _version(body) < _version(known):
            return
        self._bodies[name] = body
        is_changed = known is None or _uid(known) != _uid(body) or generation_of(known) != generation_of(body)
        if plural == CHECKS:
            self._checks_in.setdefault(name.namespace, set()).add(name)
        elif is_changed:
            self._take_policy(name, body)
        if is_changed or (known and status_of(known) != status_of(body)):
            self._queue.add(name)

    def forget(self, plural: str, body: Json) -> None:
        """A check or policy is gone."""
        metadata = body["metadata"]
        name = Name(plural, metadata.get("namespace", ""), metadata["name"])
        known = self._bodies.get(name)
        if known is None or _uid(known) != _uid(body):
            # Kopf orders the events of one object, not those of two that bear the same name one after the other.
            return
        del self._bodies[name]
        self._queue.forget(name)
        if plural == POLICIES:
            self._policies.pop(name.name, None)
            self._policy_changed(name.name)
        else:
            self._checks_in.get(name.namespace, set()).discard(name)

    def facts_changed(self, namespace: str) -> None:
        """Judge the checks of a namespace again; "" stands for all."""
        for where in [namespace] if namespace else list(self._checks_in):
            for name in self._checks_in.get(where, ()):
                self._queue.add(name)

    # What goes on.

    async def work(self) -> None:
        """Judge and write, one name after the other, until cancelled."""
        await self.store.synced()
        while True:
            name = await self._queue.get()
            try:
                await self._write(name)
            except ApiError as error:
                self._fail(name, error)
            else:
                self._queue.done(name)

    async def watch_policies(self) -> None:
        """Read the policies again now and then: a watch that broke says nothing of what was deleted meanwhile."""
        while True:
            await asyncio.sleep(POLICY_SECONDS)
            try:
                await self.load_policies()
            except ApiError as error:
                log.warning("the policies cannot be read, the last ones stay in force: %s", error)

    async def watch_calendar(self) -> None:
        """Judge everything again on a new day."""
        while True:
            await asyncio.sleep(CALENDAR_SECONDS)
            self.turn_page()

    def turn_page(self) -> None:
        """Notice a new day (UTC): only then can time alone change a verdict."""
        day = self._now().date()
        if day != self._day:
            log.info("a new day: %s; judging all checks again", day)
            self._day = day
            self.facts_changed("")

    # How it is done.

    def _fail(self, name: Name, error: ApiError) -> None:
        if error.status == _NOT_FOUND:
            log.info("%s/%s is gone", name.namespace, name.name)
            self._queue.done(name)
            if name in self._bodies:
                self.forget(name.plural, self._bodies[name])
            return
        log.warning("%s/%s: status not written, trying again: %s", name.namespace, name.name, error)
        self._queue.retry(name, error.retry_after_seconds)

    async def _write(self, name: Name) -> None:
        body = self._bodies.get(name)
        if body is None or body["metadata"].get("deletionTimestamp"):
            return
        desired = self._judge_policy(name, body) if name.plural == POLICIES else self._judge_check(name, body)
        if is_same(desired, status_of(body)):
            return
        document = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": body.get("kind") or ("SupportPolicy" if name.plural == POLICIES else "SupportCheck"),
            # With the uid, an object that was deleted and made anew is not given the old one's verdict.
            "metadata": {"name": name.name, "uid": _uid(body)} | ({"namespace": name.namespace} if name.namespace else {}),
            "status": desired,
        }
        written = await self._api.apply_status(name.path, document)
        current = self._bodies.get(name)
        if current is not None and _uid(current) == _uid(written) and _version(current) < _version(written):
            if generation_of(current) != generation_of(written):
                self._queue.add(name)
                return
            self._bodies[name] = written
        _log_flip(name, status_of(body), desired)

    def _judge_check(self, name: Name, body: Json) -> dict[str, Any]:
        try:
            check = read_check(body.get("spec"))
        except DocumentError as error:
            return unjudged_status("CheckInvalid", str(error), body, self._now(), is_stalled=True)
        found = self._policy_of(check)
        if found.policy is None and not found.problems:
            message = f"SupportPolicy {check.policy} does not exist; create it or correct spec.policyRef.name"
            return unjudged_status("PolicyNotFound", message, body, self._now(), is_stalled=False)
        if found.policy is None:
            message = f"SupportPolicy {check.policy} is not valid: {found.problems[0]}"
            return unjudged_status("PolicyInvalid", message, body, self._now(), is_stalled=True)
        installation = select(self.store.installation(name.namespace), check, found.policy)
        verdict = evaluate(installation, found.policy, self._day, check)
        return check_status(verdict, found.policy, found.digest, check.enforcement, body, self._now())

    def _judge_policy(self, name: Name, body: Json) -> dict[str, Any]:
        state = self._policies[name.name]
        return policy_status(state.policy, state.digest, state.problems, body, self._now())

    def _policy_of(self, check: Check) -> PolicyState:
        if check.policy is None:
            return PolicyState(builtin_policy(), _digest(builtin_document()["spec"]), [])
        return self._policies.get(check.policy, PolicyState(None, "", []))

    def _take_policy(self, name: Name, body: Json) -> None:
        """Read a policy. One that is not valid leaves the last good one in force."""
        before = self._policies.get(name.name)
        try:
            state = PolicyState(policy_of(body), _digest([builtin_document()["spec"], body.get("spec")]), [])
        except DocumentError as error:
            policy, digest = (before.policy, before.digest) if before else (None, "")
            state = PolicyState(policy, digest, error.problems)
            log.warning("SupportPolicy %s is not valid: %s", name.name, error)
        self._policies[name.name] = state
        self._policy_changed(name.name)

    def _policy_changed(self, policy: str) -> None:
        for names in self._checks_in.values():
            for name in names:
                spec = self._bodies[name].get("spec") or {}
                if (spec.get("policyRef") or {}).get("name") == policy:
                    self._queue.add(name)


def _digest(content: object) -> str:
    """A digest of plain data: which policy, to the letter, gave a verdict."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _version(body: Json) -> int:
    """The resource version, which the API guarantees to be a comparable number (since Kubernetes 1.35, and always was)."""
    return int(body["metadata"]["resourceVersion"])


def _uid(body: Json) -> str:
    return str(body["metadata"]["uid"])


def _condition(status: Json, kind: str) -> Json:
    return next((condition for condition in status.get("conditions") or () if condition["type"] == kind), {})


def _log_flip(name: Name, before: Json, after: Json) -> None:
    """One line for each verdict that changed."""
    kind = str(ConditionType.SUPPORTED) if name.plural == CHECKS else "Valid"
    old, new = _condition(before, kind), _condition(after, kind)
    if (old.get("status"), old.get("reason")) != (new.get("status"), new.get("reason")):
        log.info(
            "%s %s: %s is %s (%s), was %s: %s",
            name.plural,
            "/".join(part for part in (name.namespace, name.name) if part),
            kind,
            new.get("status"),
            new.get("reason"),
            old.get("status") or "not judged",
            new.get("message"),
        )
