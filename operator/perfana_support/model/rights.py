"""The rights that the operator needs, one table for all who speak of them: a test holds it against the manifests that ship."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

OURS = "support.perfana.io"
LEASE = "perfana-support"


class Place(StrEnum):
    """Where a right is given."""

    # In all namespaces or, to an operator of some, in each of these.
    LOOKED_AT = "LookedAt"
    # In the cluster only: an operator of some namespaces does without.
    CLUSTER = "Cluster"
    # Where the operator's Lease is.
    LEASE = "Lease"


class Right(NamedTuple):
    """One verb on one resource (with its subresource), in whichever `place`; `needs_name`: given for the Lease's name alone."""

    group: str
    resource: str
    verb: str
    place: Place
    without: str
    needs_name: bool = False

    @property
    def kind(self) -> str:
        """The resource as `kubectl auth can-i` takes it."""
        name, _, part = self.resource.partition("/")
        return f"{name}.{self.group}{f'/{part}' if part else ''}" if self.group else self.resource


_VERDICTS = "what runs is not known, and verdicts are Unknown"
_NO_LEASE = "no operator may lead, and nobody writes verdicts"
_FOLLOWED = (
    ("apps", "deployments", Place.LOOKED_AT, _VERDICTS),
    ("apps", "statefulsets", Place.LOOKED_AT, _VERDICTS),
    ("apps", "daemonsets", Place.LOOKED_AT, _VERDICTS),
    ("batch", "cronjobs", Place.LOOKED_AT, _VERDICTS),
    ("batch", "jobs", Place.LOOKED_AT, _VERDICTS),
    ("", "pods", Place.LOOKED_AT, _VERDICTS),
    ("", "nodes", Place.CLUSTER, "nodes' versions and architectures are not known, and PlatformSupported is Unknown"),
    ("postgresql.cnpg.io", "clusters", Place.LOOKED_AT, "databases of CloudNativePG are not seen, and verdicts are Unknown"),
    (OURS, "supportchecks", Place.LOOKED_AT, "the operator sees no check, and judges nothing"),
    (OURS, "supportpolicies", Place.CLUSTER, "checks that name a policy are Unknown (PolicyUnreadable)"),
)
RIGHTS = (
    *(
        Right(group, resource, verb, place, without)
        for group, resource, place, without in _FOLLOWED
        for verb in ("list", "watch")
    ),
    Right(OURS, "supportchecks/status", "patch", Place.LOOKED_AT, "no verdict can be written"),
    Right(OURS, "supportpolicies/status", "patch", Place.CLUSTER, "no policy's status is written"),
    Right("events.k8s.io", "events", "create", Place.LOOKED_AT, "no Event tells that a verdict has flipped"),
    Right("coordination.k8s.io", "leases", "create", Place.LEASE, _NO_LEASE),
    Right("coordination.k8s.io", "leases", "get", Place.LEASE, _NO_LEASE, needs_name=True),
    Right("coordination.k8s.io", "leases", "update", Place.LEASE, _NO_LEASE, needs_name=True),
)
# What `check -A` and `check -n` read, in order; nodes only where all namespaces are read.
READ = tuple(right for right in RIGHTS if right.verb == "list" and right.group != OURS)


def needed(*, is_namespaced: bool, elects: bool = True) -> Iterator[Right]:
    """The rights of an operator of the whole cluster, or of some namespaces."""
    for right in RIGHTS:
        if (is_namespaced and right.place is Place.CLUSTER) or (right.place is Place.LEASE and not elects):
            continue
        yield right


def rules(rights: Iterable[Right], lease_name: str = LEASE) -> list[dict[str, list[str]]]:
    """Rights as the rules of a Role: one for each group, set of verbs and name."""
    verbs: dict[tuple[str, str, bool], list[str]] = {}
    for right in rights:
        verbs.setdefault((right.group, right.resource, right.needs_name), []).append(right.verb)
    resources: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
    for (group, resource, needs_name), found in verbs.items():
        resources.setdefault((group, tuple(found), needs_name), []).append(resource)
    return [
        {
            "apiGroups": [group],
            "resources": together,
            **({"resourceNames": [lease_name]} if needs_name else {}),
            "verbs": list(found),
        }
        for (group, found, needs_name), together in resources.items()
    ]
