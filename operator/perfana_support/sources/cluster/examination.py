"""What `doctor` looks at, read from a cluster at once: nothing is written but reviews of rights, which no server keeps."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from perfana_support.evaluate.doctor.setup import LABEL, NAME, find_setup, setup_of
from perfana_support.model.diagnosis import Facts, Granted, PolicySeen, Reading, Setup
from perfana_support.model.document import DocumentError
from perfana_support.model.image_policy import Verification
from perfana_support.model.rights import OURS, READ, Place, Right, needed
from perfana_support.sources.clock import now
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.definitions import shipped_definitions
from perfana_support.sources.policy import builtin_policy, policy_of

_GROUP = f"/apis/{OURS}/v1alpha1"
_REVIEWS = "/apis/authorization.k8s.io/v1"
_SELF, _SUBJECT = "selfsubjectaccessreviews", "subjectaccessreviews"
_KINDS = {_SELF: "SelfSubjectAccessReview", _SUBJECT: "SubjectAccessReview"}
_SELECTED = {"labelSelector": f"{LABEL}={NAME}"}
# As many requests at once as no server minds, and how long one may take before it counts as unanswered.
_AT_ONCE = 16
_WITHIN_SECONDS = 10.0
# Steps beside the questions of rights, for a bar that tells how far this is.
_STEPS = 14

Json = dict[str, Any]


class Wanted(NamedTuple):
    """Which operator is looked at: its namespace, and what the user states in place of its Deployment."""

    namespace: str = NAME
    account: str = ""
    watched: tuple[str, ...] = ()
    lease_name: str = ""


def examine(
    kubeconfig: str | None,
    context: str | None,
    wanted: Wanted,
    on_step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Facts:
    """All that a diagnosis needs. What cannot be read is told in the facts; raises `SourceError` where no cluster is named."""
    return asyncio.run(_Examination(ClusterApi(kubeconfig, context), wanted, on_step).read())


class _Examination:
    """One look at everything, a few requests at a time."""

    def __init__(self, api: ClusterApi, wanted: Wanted, on_step: Callable[[int, int], None]) -> None:
        self._api = api
        self._wanted = wanted
        self._on_step = on_step
        self._few = asyncio.Semaphore(_AT_ONCE)
        self._done, self._total = 0, _STEPS

    async def read(self) -> Facts:
        shipped = shipped_definitions()
        async with self._api:
            asked_at = now()
            version, date = await self._version()
            asked_at += (now() - asked_at) / 2
            if version.found is None:
                # One question is enough to learn that nobody answers.
                return self._nothing(version, asked_at, shipped)
            caller, discovery, cnpg, place, deployments, checks, policies, *definitions = await asyncio.gather(
                self._caller(),
                self._get(_GROUP, "get the API's discovery"),
                self._get("/apis/postgresql.cnpg.io/v1", "get the API's discovery"),
                self._get(f"/api/v1/namespaces/{self._wanted.namespace}", f"get namespaces/{self._wanted.namespace}"),
                self._deployments(),
                self._list(f"{_GROUP}/supportchecks", f"list supportchecks.{OURS} in all namespaces"),
                self._list(f"{_GROUP}/supportpolicies", f"list supportpolicies.{OURS}"),
                *(self._definition(name) for name in shipped),
            )
            setup = find_setup(deployments.items, *self._wanted)
            if checks.is_forbidden and setup.watched:
                checks = await self._checks_of(setup.watched)
            (asked, may_ask, granted), own, lease, leases, pods, events = await asyncio.gather(
                self._granted(setup, caller),
                self._reviews(_SELF, None, _own(setup, knows_databases=cnpg.found is not None)),
                self._lease(setup),
                self._leases(setup, deployments),
                self._in_namespace("/api/v1", "pods", _SELECTED),
                self._in_namespace("/api/v1", "events", {"fieldSelector": "type=Warning", "limit": "500"}),
            )
        return Facts(
            server=str(self._api.configuration.host),
            now=asked_at,
            version=version,
            server_time=date,
            caller=caller,
            definitions=dict(zip(shipped, definitions, strict=True)),
            discovery=discovery,
            shipped=shipped,
            setup=setup,
            place=place,
            asked=asked,
            may_ask=may_ask,
            granted=granted,
            own=own,
            policies=policies,
            read_policies=tuple(map(policy_seen, policies.items)),
            builtin=builtin_seen(),
            deployments=deployments,
            pods=pods,
            events=events,
            lease=lease,
            leases=leases,
            checks=checks,
        )

    def _nothing(self, version: Reading, asked_at: datetime, shipped: Mapping[str, Any]) -> Facts:
        none = Reading(problem="the server does not answer")
        setup = find_setup((), *self._wanted)
        readings = {"caller": none, "discovery": none, "may_ask": none, "policies": none, "deployments": none}
        readings |= {"place": none, "pods": none, "events": none, "lease": none, "leases": none, "checks": none}
        return Facts(
            server=str(self._api.configuration.host),
            now=asked_at,
            version=version,
            server_time=None,
            definitions=dict.fromkeys(shipped, none),
            shipped=shipped,
            setup=setup,
            asked="",
            granted=(),
            own=(),
            read_policies=(),
            builtin=builtin_seen(),
            **readings,
        )

    async def _try(self, asking: Awaitable[Json], right: str) -> Reading:
        try:
            async with self._few, asyncio.timeout(_WITHIN_SECONDS):
                return Reading(await asking, right=right)
        except ApiError as error:
            return Reading(None, str(error), error.status, right)
        except TimeoutError:
            return Reading(None, f"no answer within {_WITHIN_SECONDS:g} s", 0, right)
        finally:
            self._done += 1
            self._on_step(self._done, self._total)

    async def _get(self, path: str, right: str) -> Reading:
        return await self._try(self._api.get(path), right)

    async def _list(self, path: str, right: str, query: Mapping[str, str] | None = None) -> Reading:
        return await self._try(self._api.list_page(path, query), right)

    async def _in_namespace(self, root: str, plural: str, query: Mapping[str, str]) -> Reading:
        namespace = self._wanted.namespace
        kind = plural if root == "/api/v1" else f"{plural}.{root.split('/')[2]}"
        return await self._list(f"{root}/namespaces/{namespace}/{plural}", f"list {kind} in namespace {namespace}", query)

    async def _version(self) -> tuple[Reading, datetime | None]:
        dates = list[str]()

        async def ask() -> Json:
            found, date = await self._api.get_dated("/version")
            dates.append(date)
            return found

        reading = await self._try(ask(), "get /version")
        return reading, _instant("".join(dates))

    async def _caller(self) -> Reading:
        document = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        return await self._try(self._api.send("POST", path, document), "create selfsubjectreviews.authentication.k8s.io")

    async def _definition(self, name: str) -> Reading:
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
        return await self._get(path, f"get customresourcedefinitions/{name}")

    async def _deployments(self) -> Reading:
        """The operators of all namespaces, or of the one that is looked at."""
        everywhere = await self._list("/apis/apps/v1/deployments", "list deployments.apps in all namespaces", _SELECTED)
        if not everywhere.is_forbidden:
            return everywhere
        here = await self._in_namespace("/apis/apps/v1", "deployments", _SELECTED)
        return here if here.found is None else here._replace(unseen=everywhere.why_not)

    async def _checks_of(self, namespaces: Sequence[str]) -> Reading:
        readings = await asyncio.gather(
            *(
                self._list(f"{_GROUP}/namespaces/{each}/supportchecks", f"list supportchecks.{OURS} in namespace {each}")
                for each in namespaces
            )
        )
        return _together(readings)

    async def _lease(self, setup: Setup) -> Reading:
        path = f"/apis/coordination.k8s.io/v1/namespaces/{setup.lease_namespace}/leases/{setup.lease_name}"
        return await self._get(path, f"get leases.coordination.k8s.io/{setup.lease_name} in namespace {setup.lease_namespace}")

    async def _leases(self, setup: Setup, deployments: Reading) -> Reading:
        """The Leases that operators may lead by: of the usual name, and of those that their Deployments say."""
        others = (setup_of(each, str(each["metadata"].get("namespace"))) for each in deployments.items)
        names = list(dict.fromkeys((NAME, setup.lease_name, *(other.lease_name for other in others))))
        self._total += len(names) - 1
        path, right = "/apis/coordination.k8s.io/v1/leases", "list leases.coordination.k8s.io in all namespaces"
        return _together(
            await asyncio.gather(*(self._list(path, right, {"fieldSelector": f"metadata.name={name}"}) for name in names))
        )

    async def _granted(self, setup: Setup, caller: Reading) -> tuple[str, Reading, tuple[Granted, ...]]:
        """The operator's rights: who was asked, whether one may ask, and the answers."""
        rights = list(_of_operator(setup))
        user = (((caller.found or {}).get("status") or {}).get("userInfo") or {}).get("username")
        kind, subject = (_SELF, None) if user == setup.user else (_SUBJECT, setup)
        probe = await self._review(kind, subject, *rights[0])
        if probe.is_forbidden:
            return "", probe, ()
        return _KINDS[kind], probe, await self._reviews(kind, subject, rights)

    async def _reviews(self, kind: str, subject: Setup | None, rights: Iterable[tuple[Right, str, str]]) -> tuple[Granted, ...]:
        rights = list(rights)
        self._total += len(rights)
        readings = await asyncio.gather(*(self._review(kind, subject, *each) for each in rights))
        return tuple(
            Granted(
                right, namespace, None if reading.found is None else bool((reading.found.get("status") or {}).get("allowed"))
            )
            for (right, namespace, _), reading in zip(rights, readings, strict=True)
        )

    async def _review(self, kind: str, subject: Setup | None, right: Right, namespace: str, name: str) -> Reading:
        resource, _, part = right.resource.partition("/")
        attributes = {"verb": right.verb, "group": right.group, "resource": resource, "subresource": part}
        attributes |= {"namespace": namespace, "name": name if right.needs_name else ""}
        spec: Json = {"resourceAttributes": attributes}
        if subject:
            spec |= {"user": subject.user, "groups": _groups(subject.namespace)}
        document = {"apiVersion": "authorization.k8s.io/v1", "kind": _KINDS[kind], "spec": spec}
        return await self._try(self._api.send("POST", f"{_REVIEWS}/{kind}", document), f"create {kind}.authorization.k8s.io")


def _together(readings: Sequence[Reading]) -> Reading:
    """Lists as one, or why one of them was not read."""
    unread = next((reading for reading in readings if reading.found is None), None)
    return unread or Reading({"items": [item for reading in readings for item in reading.items]})


def policy_seen(document: Mapping[str, Any]) -> PolicySeen:
    """A policy of the cluster as this program reads it."""
    name = str(document["metadata"]["name"])
    try:
        policy = policy_of({**document, "spec": document.get("spec") or {}})
    except DocumentError as error:
        return PolicySeen(name, problems=tuple(map(str, error.problems)))
    asks = policy.fields.images.verification is Verification.REGISTRY
    return PolicySeen(name, policy.published_on, policy.stale_after, (), asks)


def builtin_seen() -> PolicySeen:
    """The built-in policy."""
    policy = builtin_policy()
    return PolicySeen(policy.name, policy.published_on, policy.stale_after)


def _groups(namespace: str) -> list[str]:
    """The groups that each service account is in, which may have rights of their own."""
    return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]


def _of_operator(setup: Setup) -> Iterable[tuple[Right, str, str]]:
    """The operator's rights by namespace, with the name of its Lease."""
    rights = list(needed(is_namespaced=bool(setup.watched), elects=setup.elects))
    for namespace in setup.watched or ("",):
        yield from ((right, namespace, "") for right in rights if right.place is Place.LOOKED_AT)
    yield from ((right, "", "") for right in rights if right.place is Place.CLUSTER)
    yield from ((right, setup.lease_namespace, setup.lease_name) for right in rights if right.place is Place.LEASE)


def _own(setup: Setup, *, knows_databases: bool) -> Iterable[tuple[Right, str, str]]:
    """What `check` takes of whoever runs it; databases only where the cluster knows them."""
    for right in READ:
        if right.group == "postgresql.cnpg.io" and not knows_databases:
            continue
        if right.place is Place.CLUSTER:
            yield from [] if setup.watched else [(right, "", "")]
        else:
            yield from ((right, namespace, "") for namespace in setup.watched or ("",))


def _instant(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None
