"""Policy reports beside the statuses, for who asked for them: told of checks, this writes what differs and nothing else.

It works beside the desk, on a queue of its own: whatever a server says to a report, no verdict waits for it.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from perfana_support.controller.names import Name, uid_of
from perfana_support.controller.permission import Permission, while_permitted
from perfana_support.controller.workqueue import WorkQueue
from perfana_support.model.document import Json
from perfana_support.reports.policy_report import KINDS, ReportKind, is_ours, is_same_report, policy_report, report_name
from perfana_support.sources.cluster.api import ApiError, ClusterApi

# How the API server refuses to make something in a namespace that goes: by the code of a missing right.
_TERMINATING = "because it is being terminated"

log = logging.getLogger(__name__)


class _Known(NamedTuple):
    """A report as it was last seen, and the uid of the check that it was written for."""

    check_uid: str
    report: Json


class PolicyReports:
    """The reports of all checks. `look_seconds` is how often the kinds are looked for, and refused writes tried again."""

    def __init__(
        self, api: ClusterApi, permission: Permission, check: Callable[[Name], Json | None], look_seconds: float
    ) -> None:
        self._api = api
        self._permission = permission
        self._check = check
        self._look_seconds = look_seconds
        self._queue: WorkQueue[Name] = WorkQueue()
        self._names: set[Name] = set()
        self._known: dict[Name, _Known] = {}
        self._kind: ReportKind | None = None
        self._has_looked = False
        self._found = asyncio.Event()
        # Namespaces in which the server refuses reports, and until when it is left alone there.
        self._refused: dict[str, float] = {}
        self._foreign: set[Name] = set()

    def told(self, name: Name) -> None:
        """A check's status is as it should be, or the check is gone."""
        if self._check(name) is None:
            self._forget(name)
            self._queue.forget(name)
            return
        self._names.add(name)
        self._queue.add(name)

    async def look(self) -> None:
        """Look again and again for the kinds of reports that the cluster knows, until cancelled."""
        while True:
            await self._look()
            await asyncio.sleep(self._look_seconds)

    async def work(self) -> None:
        """Write, one report after the other, until cancelled."""
        while True:
            await self._found.wait()
            await self._permission.won()
            name, _ = await self._queue.get()
            kind = self._kind
            if kind is None or not self._permission.is_mine:
                self._queue.done(name)
                self._queue.add(name)
                continue
            wait = self._refused.get(name.namespace, 0.0) - asyncio.get_running_loop().time()
            if wait > 0:
                self._queue.done(name)
                self._queue.add_later(name, wait)
                continue
            try:
                await self._write(name, kind)
            except ApiError as error:
                self._fail(name, error)
            except Exception:
                # As at the desk: one report that this program stumbles over must not end the others.
                log.exception("%s: its report cannot be made, trying again", name)
                self._queue.retry(name)
            else:
                self._queue.done(name)

    async def _look(self) -> None:
        try:
            kind = await self._served()
        except ApiError as error:
            log.info("what kinds of policy reports the cluster knows cannot be read, trying again: %s", error)
            return
        if kind == self._kind and self._has_looked:
            return
        self._has_looked, self._kind = True, kind
        self._known.clear()
        if kind is None:
            self._found.clear()
            log.info("the cluster knows no policy reports (%s): none is written", " or ".join(one.group for one in KINDS))
            return
        log.info("verdicts are written as %s of %s too", kind.kind, kind.api_version)
        for name in self._names:
            self._queue.add(name)
        self._found.set()

    async def _served(self) -> ReportKind | None:
        """The first kind that the cluster serves. Raises `ApiError`."""
        for kind in KINDS:
            try:
                found = await self._api.get(f"/apis/{kind.api_version}")
            except ApiError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                continue
            if any(resource.get("name") == kind.plural for resource in found.get("resources") or ()):
                return kind
        return None

    async def _write(self, name: Name, kind: ReportKind) -> None:
        """Write a check's report if it differs. Raises `ApiError`."""
        if self._reportable(name) is None:
            return
        path = kind.path(name.namespace, report_name(name.name))
        known = self._known.get(name)
        report = known.report if known else await self._read(path)
        body = self._reportable(name)
        # The check may have gone, or another one come in its place, while the server was asked.
        if body is None:
            return
        if report is not None and not is_ours(report):
            if name not in self._foreign:
                self._foreign.add(name)
                log.warning("%s: a report of the name of its own is there, which others wrote: it is left alone", name)
            return
        desired = policy_report(body, kind)
        if report is None or not is_same_report(desired, report):
            # With its uid, a report that went meanwhile is not made anew: it went because its check did.
            if report is not None:
                desired["metadata"]["uid"] = uid_of(report)
            report = await while_permitted(self._permission, self._api.apply(path, desired))
        self._no_longer_refused(name.namespace)
        if name in self._names:
            self._known[name] = _Known(uid_of(body), report)

    def _reportable(self, name: Name) -> Json | None:
        """The check as it is now, None for one that is going, is gone or was not judged yet."""
        body = self._check(name)
        known = self._known.get(name)
        if known is not None and (body is None or uid_of(body) != known.check_uid):
            del self._known[name]
        if body is None:
            self._forget(name)
            return None
        is_going = "deletionTimestamp" in body["metadata"]
        return None if is_going or not (body.get("status") or {}).get("conditions") else body

    def _forget(self, name: Name) -> None:
        self._names.discard(name)
        self._known.pop(name, None)
        self._foreign.discard(name)
        if name.namespace in self._refused and not any(other.namespace == name.namespace for other in self._names):
            self._no_longer_refused(name.namespace)

    def _no_longer_refused(self, namespace: str) -> None:
        if self._refused.pop(namespace, None) is not None and not self._refused:
            log.info("policy reports are refused nowhere any more")

    async def _read(self, path: str) -> Json | None:
        try:
            return await self._api.get(path)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _fail(self, name: Name, error: ApiError) -> None:
        # What is there may be another by now.
        self._known.pop(name, None)
        if error.status == HTTPStatus.FORBIDDEN and _TERMINATING in str(error):
            # The check goes with its namespace: no right is missing, and nothing is to be tried again.
            self._no_longer_refused(name.namespace)
            self._queue.done(name)
            return
        if error.status == HTTPStatus.FORBIDDEN:
            if not self._refused:
                log.warning("policy reports cannot be written (manifests/policy-reports.yaml has the rights): %s", error)
            self._refused[name.namespace] = asyncio.get_running_loop().time() + self._look_seconds
            self._queue.done(name)
            self._queue.add_later(name, self._look_seconds)
            return
        level = logging.INFO if error.is_passing or error.status == HTTPStatus.CONFLICT else logging.WARNING
        log.log(level, "%s: its report is not written, trying again: %s", name, error)
        self._queue.retry(name, error.retry_after_seconds)
