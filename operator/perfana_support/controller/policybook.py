"""The policies that checks are judged by: the built-in one and those of the cluster, each with its last good state."""

import hashlib
import json
import logging
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from perfana_support.model.check import Check
from perfana_support.model.document import DocumentError, Json, Problem
from perfana_support.model.policy import Policy
from perfana_support.reports.status import LAST_VALID_SPEC, status_of
from perfana_support.sources.policy import builtin_document, builtin_policy, policy_of

log = logging.getLogger(__name__)


class PolicyState(NamedTuple):
    """A policy that checks may refer to: `policy` is the last good one, `spec` what states it; None and {} before any."""

    policy: Policy | None
    spec: Json
    digest: str
    problems: list[Problem]


class Origin(StrEnum):
    """Where a policy comes from: one of the cluster may bear the built-in one's name."""

    BUILT_IN = "BuiltIn"
    CLUSTER = "Cluster"


class InForce(NamedTuple):
    """A policy that checks may be judged by: the day it is of, and the last day that it may be relied on."""

    origin: Origin
    name: str
    published_on: date
    last_day: date


_ABSENT = PolicyState(None, {}, "", [])


class PolicyBook:
    """Policies by name. `gap` says why those of the cluster cannot be read, "" while they can."""

    def __init__(self) -> None:
        self._states: dict[str, PolicyState] = {}
        self.gap = ""

    def take(self, body: Json) -> PolicyState:
        """Read a policy. One that is not valid leaves the last good one in force, which its status remembers."""
        name = body["metadata"]["name"]
        try:
            state = _read(body, body.get("spec") or {})
        except DocumentError as error:
            state = self._last_good(body, error.problems)
            log.warning("SupportPolicy %s is not valid%s: %s", name, ", the last good one stays" if state.policy else "", error)
        except Exception as error:
            log.exception("SupportPolicy %s cannot be read", name)
            problem = f"perfana-support failed to read this, please report it: {type(error).__name__}: {error}"
            state = self._last_good(body, [Problem("spec", problem)])
        self._states[name] = state
        return state

    def _last_good(self, body: Json, problems: list[Problem]) -> PolicyState:
        before = self._states.get(body["metadata"]["name"]) or _remembered(body)
        return before._replace(problems=problems)

    def forget(self, name: str) -> None:
        """A policy is gone."""
        self._states.pop(name, None)

    def state(self, name: str) -> PolicyState:
        """A policy of the cluster as it was last read."""
        return self._states.get(name, _ABSENT)

    def in_force(self) -> Iterator[InForce]:
        """The built-in policy and the last good ones of the cluster."""
        for origin, state in ((Origin.BUILT_IN, _builtin()), *((Origin.CLUSTER, state) for state in self._states.values())):
            if state.policy:
                yield InForce(origin, state.policy.name, state.policy.published_on, state.policy.stale_after)

    def of(self, check: Check) -> PolicyState:
        """The policy that a check is judged by."""
        if check.policy is None:
            return _builtin()
        return self.state(check.policy)


@cache
def _builtin() -> PolicyState:
    spec = builtin_document()["spec"]
    return PolicyState(builtin_policy(), spec, digest(spec), [])


def _read(body: Json, spec: Json) -> PolicyState:
    """The state that a spec gives. Raises `DocumentError`."""
    return PolicyState(policy_of({**body, "spec": spec}), spec, digest([builtin_document()["spec"], spec]), [])


def _remembered(body: Json) -> PolicyState:
    """The last good state that a status tells of: of before this process began, or when another one wrote."""
    try:
        return _read(body, json.loads(status_of(body).get(LAST_VALID_SPEC) or "null"))
    except (DocumentError, ValueError, TypeError):
        return _ABSENT


def digest(content: object) -> str:
    """A digest of plain data: which policy, to the letter, gave a verdict."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
