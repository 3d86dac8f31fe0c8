"""What is well with an operator in its cluster, what is not, and what nobody can tell: the values of `doctor`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from perfana_support.model.program import Installed
from perfana_support.model.rights import Right

Json = Mapping[str, Any]

_FORBIDDEN, _NOT_FOUND = 403, 404
# Flags of the operator that say how it leads.
LEASE_NAME, LEASE_NAMESPACE, LEADER_ELECTION = "--lease-name", "--lease-namespace", "--leader-election"


class State(StrEnum):
    """How something fares. What could not be looked at is never Ok."""

    OK = "Ok"
    PROBLEM = "Problem"
    CANNOT_TELL = "CannotTell"


class Area(StrEnum):
    """What is looked at, in the order in which one thing rests on another."""

    SERVER = "Server"
    CLOCK = "Clock"
    DEFINITIONS = "Definitions"
    RIGHTS = "Rights"
    POLICIES = "Policies"
    OPERATOR = "Operator"
    CHECKS = "Checks"


class Diagnosis(NamedTuple):
    """One thing that was looked at: what was found, why it matters, and the commands that mend it, to be run in this order."""

    area: Area
    subject: str
    state: State
    found: str
    why: str = ""
    fix: tuple[str, ...] = ()


class Reading(NamedTuple):
    """An answer of the API server, or why there is none. `right` is what asking takes, as `kubectl auth can-i` writes it.

    Of a list that was read in one namespace alone, `unseen` says why not in all.
    """

    found: Json | None = None
    problem: str = ""
    status: int = 0
    right: str = ""
    unseen: str = ""

    @property
    def is_absent(self) -> bool:
        """Whether the server says that there is no such thing."""
        return self.status == _NOT_FOUND

    @property
    def is_forbidden(self) -> bool:
        """Whether it is there for others only."""
        return self.status == _FORBIDDEN

    @property
    def items(self) -> Sequence[Json]:
        """The objects of a list, none where it was not read."""
        return (self.found or {}).get("items") or ()

    @property
    def why_not(self) -> str:
        """Why there is no answer, with the right that is missing where that is why."""
        return f"you may not {self.right}" if self.is_forbidden else self.problem


class Granted(NamedTuple):
    """Whether somebody has a right, in a namespace or, with "", in all; None where the server would not say."""

    right: Right
    namespace: str
    is_allowed: bool | None


class PolicySeen(NamedTuple):
    """A policy as this program reads it; without days where it has problems."""

    name: str
    published_on: date | None = None
    stale_after: date | None = None
    problems: tuple[str, ...] = ()
    asks_registries: bool = False


class Setup(NamedTuple):
    """How an operator is set up, by its Deployment and by what the user states. No `watched` namespaces: it looks at all.

    With `is_place_hidden` the Deployment takes namespaces from elsewhere, and which these are is not known; `hidden` are the
    flags of leading that it takes from there: what stands here in their place is no more than the default.
    """

    namespace: str
    account: str
    deployment: Json | None = None
    watched: tuple[str, ...] = ()
    elects: bool = True
    lease_namespace: str = ""
    lease_name: str = ""
    is_place_hidden: bool = False
    hidden: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The Deployment's name, or the one that it would have."""
        return str((self.deployment or {}).get("metadata", {}).get("name") or "perfana-support")

    @property
    def is_lease_hidden(self) -> bool:
        """Whether the name or the namespace of its Lease is not known."""
        return bool({LEASE_NAME, LEASE_NAMESPACE} & {*self.hidden})

    @property
    def is_off(self) -> bool:
        """Whether its Deployment wants no pod."""
        return self.deployment is not None and not (self.deployment.get("spec") or {}).get("replicas", 1)

    @property
    def user(self) -> str:
        """The operator's name as the API server knows it."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"


class Facts(NamedTuple):
    """All that was read of a cluster for a diagnosis, and what this program brings along to compare it with.

    `now` is this machine's time when `version` was asked for, `server_time` the server's in its answer. `shipped` are the
    definitions of this program, `place` is the operator's namespace. `asked` says by what kind of review the operator's rights
    were asked for, "" for none, and `may_ask` why.
    """

    server: str
    now: datetime
    version: Reading
    server_time: datetime | None
    caller: Reading
    definitions: Mapping[str, Reading]
    discovery: Reading
    shipped: Mapping[str, Json]
    setup: Setup
    place: Reading
    asked: str
    may_ask: Reading
    granted: tuple[Granted, ...]
    own: tuple[Granted, ...]
    policies: Reading
    read_policies: tuple[PolicySeen, ...]
    builtin: PolicySeen
    deployments: Reading
    pods: Reading
    events: Reading
    lease: Reading
    leases: Reading
    checks: Reading

    @property
    def moment(self) -> datetime:
        """What time it is: by the server, whose objects bear its times, where it says so."""
        return self.server_time or self.now


class Tools(NamedTuple):
    """The words that commands begin with, for the cluster that was looked at; Helm has a word of its own for a context.

    `installed` is by what this program was, which a newer one comes by.
    """

    options: str = ""
    helm_options: str = ""
    installed: Installed = Installed()

    def kubectl(self, words: str) -> str:
        """A command of kubectl."""
        return f"kubectl{self.options} {words}"

    def helm(self, words: str) -> str:
        """A command of Helm."""
        return f"helm{self.helm_options} {words}"

    def program(self, words: str) -> str:
        """A command of this program, which reads the same cluster."""
        return f"perfana-support {words}{self.options}"
