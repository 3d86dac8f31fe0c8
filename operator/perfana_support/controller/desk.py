"""The desk: checks come in, facts come in, verdicts go out as statuses.

Everything here runs in one event loop, so between two awaits nothing changes. Each check is judged by one worker at a
time, from the facts at that moment; whatever changes meanwhile brings it back to the queue.
"""

import asyncio
import contextlib
import logging
import time
import zlib
from collections.abc import Callable
from datetime import date, datetime

from perfana_support.controller.events import event_documents, tell
from perfana_support.controller.judge import Judged, flips, is_urgent, judge_check, judge_policy, unjudged
from perfana_support.controller.metrics import Metrics
from perfana_support.controller.names import (
    API_VERSION,
    CHECKS,
    KINDS,
    POLICIES,
    Name,
    list_path,
    name_of,
    trimmed,
    uid_of,
    version_of,
)
from perfana_support.controller.pace import Pace
from perfana_support.controller.permission import Permission, while_permitted
from perfana_support.controller.policybook import PolicyBook
from perfana_support.controller.registries import Registries
from perfana_support.controller.workqueue import WorkQueue
from perfana_support.model.code import ConditionType, Reason
from perfana_support.model.document import Json
from perfana_support.reports.status import VALID, differing, generation_of, status_of
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.store import ClusterStore

_NOT_FOUND, _CONFLICT = 404, 409
# With less than this left of the permission no write is begun: it takes milliseconds, on a slow day some tenths of a second.
_LEAST_SECONDS = 0.25

# The conditions that are verdicts; Ready and its like follow them.
_VERDICTS = frozenset(map(str, ConditionType))

log = logging.getLogger(__name__)


class Desk:
    """The state of all checks and policies, and the work on them."""

    def __init__(  # noqa: PLR0913 - what it works with
        self,
        api: ClusterApi,
        store_resources: tuple[str, ...],
        permission: Permission,
        metrics: Metrics,
        now: Callable[[], datetime],
        settle_seconds: float,
        registries: Registries,
        *,
        writes_policies: bool = True,
        told: Callable[[Name], None] = lambda _: None,
    ) -> None:
        self._api = api
        self._permission = permission
        self._metrics = metrics
        self._now = now
        self._settle_seconds = settle_seconds
        self._registries = registries
        # Policies are the whole cluster's: an operator of some namespaces reads them, and leaves their status to another.
        self._writes_policies = writes_policies
        # Whoever follows checks: called with one whose status is as it should be, and with one that is gone.
        self._told = told
        self._queue: WorkQueue[Name] = WorkQueue()
        self._bodies: dict[Name, Json] = {}
        self._checks_in: dict[str, set[Name]] = {}
        self._written_at: dict[Name, float] = {}
        # What was asked for and what became of it, where that differs: asking again would not change it.
        self._left_at: dict[Name, tuple[Json, Json]] = {}
        self._pace: Pace[Name] = Pace()
        self._is_closing = False
        self._days: set[date] = set()
        self.policies = PolicyBook()
        self.store = ClusterStore(store_resources, self.facts_changed)

    # What comes in.

    def see(self, plural: str, body: Json) -> None:
        """Take a check or policy as it is now; what this program wrote itself brings no work."""
        name = name_of(plural, body)
        known = self._bodies.get(name)
        if known is not None and version_of(body) < version_of(known):
            return
        body = self._bodies[name] = trimmed(plural, body)
        is_changed = known is None or uid_of(known) != uid_of(body) or generation_of(known) != generation_of(body)
        if plural == CHECKS:
            self._checks_in.setdefault(name.namespace, set()).add(name)
        elif is_changed:
            if known is not None and uid_of(known) != uid_of(body):
                # Another policy of that name: the last valid form of the one before is not in force for it.
                self.policies.forget(name.name)
            self.policies.take(body)
            self._policy_changed(name.name)
        if plural == POLICIES and not self._writes_policies:
            return
        if is_changed or (known and status_of(known) != status_of(body)):
            self._queue.add(name)

    def forget(self, plural: str, body: Json) -> None:
        """A check or policy is gone."""
        name = name_of(plural, body)
        known = self._bodies.get(name)
        if known is None or uid_of(known) != uid_of(body):
            # Kopf orders the events of one object, not those of two that bear the same name one after the other.
            return
        del self._bodies[name]
        self._written_at.pop(name, None)
        self._left_at.pop(name, None)
        self._pace.forget(name)
        self._registries.forget(name)
        self._queue.forget(name)
        if plural == POLICIES:
            self.policies.forget(name.name)
            self._policy_changed(name.name)
        else:
            self._told(name)
            there = self._checks_in[name.namespace]
            there.discard(name)
            if not there:
                del self._checks_in[name.namespace]

    def facts_changed(self, namespace: str) -> None:
        """Judge the checks of a namespace again, each no more often than its pace allows; "" stands for all."""
        now = asyncio.get_running_loop().time()
        for where in [namespace] if namespace else list(self._checks_in):
            for name in self._checks_in.get(where, ()):
                wait = self._pace.wait(name, now)
                if wait:
                    self._queue.add_later(name, wait)
                else:
                    self._queue.add(name)

    def policies_unreadable(self, gap: str) -> None:
        """The cluster's policies cannot be read, and why; "" when they can be again."""
        if gap != self.policies.gap:
            self.policies.gap = gap
            self.facts_changed("")

    def known(self, plural: str, namespace: str) -> dict[Name, int]:
        """The checks or policies that are known, in a namespace or ("") everywhere, with their resource versions."""
        return {
            name: version_of(body)
            for name, body in self._bodies.items()
            if name.plural == plural and namespace in ("", name.namespace)
        }

    def body(self, name: Name) -> Json | None:
        """A check or policy as it was last seen."""
        return self._bodies.get(name)

    def snapshot(self) -> list[tuple[Name, Json]]:
        """All checks and policies as they are now, for somebody who reads them elsewhere."""
        return list(self._bodies.items())

    @property
    def waiting(self) -> int:
        """How many checks and policies wait to be judged."""
        return len(self._queue)

    def judge_all_again(self, spread_seconds: float) -> None:
        """Judge every check and policy again within a time, each at a moment of its own that it has every time."""
        for name, body in self._bodies.items():
            if name.plural == CHECKS or self._writes_policies:
                share = zlib.crc32(uid_of(body).encode()) / 2**32
                self._queue.add_later(name, share * spread_seconds)

    def take_days(self) -> set[date]:
        """The days that anything was judged by since this was asked before: more than one where the clock leapt meanwhile."""
        days, self._days = self._days, set()
        return days

    async def close(self) -> None:
        """Begin no more work, and return once the writes at hand are done; who waits for work is for the caller to end."""
        self._is_closing = True
        await self._queue.idle()

    async def read(self, name: Name) -> set[str]:
        """Read one check or policy, and return the uids of what is there under its name. Raises `ApiError`.

        By a list, for which the right is there already.
        """
        query = {"fieldSelector": f"metadata.name={name.name}"}
        found = (await self._api.list_page(list_path(name.plural, name.namespace), query))["items"]
        for body in found:
            self.see(name.plural, body)
        return {uid_of(body) for body in found}

    # How it is done.

    async def work(self) -> None:
        """Judge and write, one name after the other, until cancelled."""
        await self.store.synced()
        while not self._is_closing:
            await self._permission.won()
            name, asked_at = await self._queue.get()
            if self._is_closing or not self._permission.is_mine:
                self._queue.done(name)
                self._queue.add(name, asked_at)
                continue
            body = self._bodies.get(name)
            try:
                again_in = await self._write(name, asked_at)
            except ApiError as error:
                await self._fail(name, body, error)
            except Exception:
                # A name that this program stumbles over must not take a worker, and with it all others, along.
                log.exception("%s: cannot be worked on, trying again", name)
                self._metrics.writes.labels("Failed").inc()
                self._queue.retry(name)
            else:
                self._queue.done(name)
                if again_in:
                    self._queue.add_later(name, again_in)

    async def _fail(self, name: Name, body: Json | None, error: ApiError) -> None:
        if error.status == _NOT_FOUND and body is not None and await self._is_gone(name, body):
            log.info("%s is gone", name)
            self._queue.done(name)
            # That one: another which bears its name may have been seen meanwhile.
            self.forget(name.plural, body)
            return
        # Somebody wrote it a moment ago: nothing to warn of.
        level = logging.INFO if error.status == _CONFLICT else logging.WARNING
        log.log(level, "%s: status not written, trying again: %s", name, error)
        self._metrics.writes.labels("Conflict" if error.status == _CONFLICT else "Failed").inc()
        if error.status == _CONFLICT:
            # The watch is about to tell of it, unless it is broken: then every write would be judged of what is old.
            with contextlib.suppress(ApiError):
                await self.read(name)
        self._queue.retry(name, error.retry_after_seconds)

    async def _is_gone(self, name: Name, body: Json) -> bool:
        """Whether an object is truly gone: a server that has just started knows no custom resources for a moment."""
        try:
            return uid_of(body) not in await self.read(name)
        except ApiError:
            return False

    async def _write(self, name: Name, asked_at: float) -> float:
        """Judge, and write what differs; returns in how many seconds to look again because details have to wait, else 0."""
        body = self._bodies.get(name)
        if body is None or "deletionTimestamp" in body["metadata"]:
            return 0
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        with self._metrics.evaluation.time():
            judged = self._judge(name, body)
        desired = judged.status
        self._pace.spend(name, loop.time(), time.perf_counter() - began)
        waits = self._registries.ask(name, judged, status_of(body))
        if waits > 0:
            return waits
        if not differing(desired, status_of(body)) or self._left_at.get(name) == (desired, status_of(body)):
            self._tell(name)
            return 0
        rests_until = self._written_at.get(name, float("-inf")) + self._settle_seconds
        if loop.time() < rests_until and not is_urgent(body, desired):
            return rests_until - loop.time()
        if self._permission.seconds_left < _LEAST_SECONDS:
            return _LEAST_SECONDS
        document = {
            "apiVersion": API_VERSION,
            "kind": KINDS[name.plural],
            # With uid and version the server refuses what was judged of another object, or of this one before a change.
            "metadata": {"name": name.name, "uid": uid_of(body), "resourceVersion": body["metadata"]["resourceVersion"]}
            | ({"namespace": name.namespace} if name.namespace else {}),
            "status": desired,
        }
        # Giving up closes the connection; what is on its way by then is refused if anybody wrote the object since.
        written = await while_permitted(self._permission, self._api.apply_status(name.path, document))
        self._metrics.writes.labels("Written").inc()
        self._metrics.reaction.observe(loop.time() - asked_at)
        current = self._bodies.get(name)
        if current is not None and uid_of(current) == uid_of(written):
            self._written_at[name] = loop.time()
            self._note_what_differs(name, desired, written)
            if version_of(current) < version_of(written):
                self._bodies[name] = trimmed(name.plural, written)
        self._tell(name)
        _log_verdict(name, status_of(body), desired)
        events = event_documents(name, written, flips(status_of(body), desired), self._permission.identity, self._now())
        self._metrics.events.inc(await tell(self._api, events))
        return 0

    def _tell(self, name: Name) -> None:
        if name.plural == CHECKS:
            self._told(name)

    def _note_what_differs(self, name: Name, desired: Json, written: Json) -> None:
        """Remember a status that is not as it was asked for, so that it is not asked for again and again."""
        fields = differing(desired, status_of(written))
        if not fields:
            self._left_at.pop(name, None)
            return
        if name not in self._left_at:
            log.warning(
                "%s: its status is not as it was written, because others own parts of it or the definitions (crds/) are of "
                "another version: %s",
                name,
                ", ".join(fields),
            )
        self._left_at[name] = (desired, status_of(written))

    def _judge(self, name: Name, body: Json) -> Judged:
        now = self._now()
        self._days.add(now.date())
        if name.plural == POLICIES:
            return judge_policy(body, self.policies, now)
        try:
            return judge_check(body, self.store, self.policies, self._registries, now)
        except Exception as error:
            # One check that this program stumbles over must neither stop the others nor look like a verdict.
            log.exception("%s: cannot be judged", name)
            message = f"perfana-support failed to judge this, please report it: {type(error).__name__}: {error}"
            return unjudged(Reason.EVALUATION_FAILED, message, body, now, is_stalled=True)

    def _policy_changed(self, policy: str) -> None:
        for names in self._checks_in.values():
            for name in names:
                if (self._bodies[name]["spec"].get("policyRef") or {}).get("name") == policy:
                    self._queue.add(name)


def _condition(status: Json, kind: str) -> Json:
    return next((condition for condition in status.get("conditions") or () if condition["type"] == kind), {})


def _log_verdict(name: Name, before: Json, after: Json) -> None:
    """One line for each write that changed a verdict: what became of the main condition, and which others flipped with it."""
    kind = str(ConditionType.SUPPORTED) if name.plural == CHECKS else VALID
    old, new = _condition(before, kind), _condition(after, kind)
    others = [
        f"{is_now['type']} {was['status']} to {is_now['status']}"
        for was, is_now in flips(before, after)
        if is_now["type"] in _VERDICTS and is_now["type"] != kind
    ]
    if (old.get("status"), old.get("reason")) == (new.get("status"), new.get("reason")) and not others:
        return
    was = old.get("status") or "not judged"
    facts = {
        "resource": KINDS[name.plural],
        "namespace": name.namespace,
        "name": name.name,
        "condition": kind,
        "status": new.get("status"),
        "reason": new.get("reason"),
        "was": was,
        "flips": others,
    }
    also = f" (also {', '.join(others)})" if others else ""
    log.info(
        "%s: %s is %s (%s), was %s: %s%s",
        *(name, kind, new.get("status"), new.get("reason"), was, new.get("message"), also),
        extra={"facts": facts},
    )
