"""What Prometheus is told: the verdicts, and how the operator fares. docs/metrics.md lists every name and label.

Counters and histograms count as things happen. Verdicts are read off the statuses when somebody asks, so there is nothing
to keep in step, and a check that is gone leaves no series behind. They are written one family after the other and one sample
after the other: those of hundreds of checks as objects would be many times as large as the text.
"""

import contextlib
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily as CountFamily
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from perfana_support import __version__
from perfana_support.controller.names import CHECKS, Name
from perfana_support.controller.policybook import InForce, Origin
from perfana_support.model.code import Status
from perfana_support.model.document import Json
from perfana_support.reports.status import VALID, status_of
from perfana_support.sources.cluster.pulse import Phase, Pulse

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Statuses = Sequence[tuple[Name, Json]]
Labels = dict[str, str]


class Metrics:
    """What is counted as it happens."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.evaluation = Histogram(
            "perfana_support_evaluation_seconds",
            "Time that judging one check or policy takes.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.reaction = Histogram(
            "perfana_support_reaction_seconds",
            "Time from learning of a change to the status that says so.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.writes = Counter(
            "perfana_support_status_writes",
            "Statuses written, by what came of it: Written, Conflict (somebody was quicker) or Failed.",
            ("result",),
            registry=self.registry,
        )
        self.events = Counter("perfana_support_events", "Kubernetes Events written.", registry=self.registry)
        self.missed = Counter(
            "perfana_support_missed_changes",
            "Changes of checks and policies that no watch told of and an audit found.",
            ("resource",),
            registry=self.registry,
        )
        self.kopf_restarts = Counter(
            "perfana_support_framework_restarts", "Times that Kopf had to be started anew.", registry=self.registry
        )

    def text(self, moment: "Moment") -> bytes:
        """Everything in Prometheus' text format."""
        families = MomentCollector(moment).collect()
        return b"".join((generate_latest(self.registry), *(generate_latest(_Alone(family)) for family in families)))


class Moment(NamedTuple):
    """The operator at one moment, in values that may be read while it goes on."""

    bodies: Sequence[tuple[Name, Json]]
    pulses: Mapping[str, Pulse]
    waiting: int
    is_leading: bool
    is_ready: bool
    policies: Sequence[InForce] = ()


class _Alone(Collector):
    """A family by itself."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


class MomentCollector(Collector):
    """A moment as metrics. Only who leads tells of checks and policies, so that no verdict is counted twice."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from _operator(self._moment)
        if self._moment.is_leading:
            bodies = self._moment.bodies
            checks = [(name, body) for name, body in bodies if name.plural == CHECKS]
            yield from _checks([(name, status_of(body)) for name, body in checks])
            yield _judged(checks)
            yield from _policies([(name, status_of(body)) for name, body in bodies if name.plural != CHECKS])
            yield from _in_force(self._moment.policies)


def _operator(moment: Moment) -> Iterator[Metric]:
    build = InfoMetricFamily("perfana_support_build", "The program.")
    build.add_metric((), {"version": __version__})
    yield build
    yield GaugeMetricFamily("perfana_support_leading", "1 on the operator that writes statuses.", float(moment.is_leading))
    yield GaugeMetricFamily("perfana_support_ready", "1 once the whole cluster is known and followed.", float(moment.is_ready))
    yield GaugeMetricFamily("perfana_support_waiting", "Checks and policies that wait to be judged.", moment.waiting)
    following = GaugeMetricFamily(
        "perfana_support_watch_following", "1 while a watch of the resource is open.", labels=("resource",)
    )
    silent = GaugeMetricFamily(
        "perfana_support_watch_silent_seconds",
        "Time since anything was heard of the resource, bookmarks included.",
        labels=("resource",),
    )
    restarts = CountFamily("perfana_support_watch_restarts", "Watches begun anew, by cause.", labels=("resource", "cause"))
    for resource, pulse in moment.pulses.items():
        following.add_metric((resource,), float(pulse.phase is Phase.FOLLOWING))
        silent.add_metric((resource,), round(pulse.silent_seconds, 3))
        for cause, count in sorted(pulse.restarts.items()):
            restarts.add_metric((resource, str(cause)), count)
    yield from (following, silent, restarts)


def _checks(statuses: Statuses) -> Iterator[Metric]:
    yield _family(
        "perfana_support_condition",
        "1 for the status that a condition has, 0 for the two others.",
        (
            (labels | {"condition": kind, "status": str(each)}, float(value == each))
            for labels, status in _each(statuses)
            for kind, value, _ in _conditions(status)
            for each in Status
        ),
    )
    yield _family(
        "perfana_support_reason",
        "1 for the reason that the condition Supported has.",
        (
            (labels | {"reason": reason}, 1.0)
            for labels, status in _each(statuses)
            for kind, _, reason in _conditions(status)
            if kind == "Supported"
        ),
    )
    yield _family(
        "perfana_support_end_timestamp_seconds",
        "Last day of the line's support (00:00 UTC).",
        ((labels, second) for labels, status in _each(statuses) for second in _seconds(status.get("supportEndsOn"))),
    )
    yield _family(
        "perfana_support_next_transition_timestamp_seconds",
        "Next day on which the verdict changes by itself (00:00 UTC).",
        (
            (labels, second)
            for labels, status in _each(statuses)
            for second in _seconds((status.get("nextTransition") or {}).get("time"))
        ),
    )
    yield _family(
        "perfana_support_findings",
        "Findings of a check, by code and effect.",
        (
            (labels | {"code": code, "effect": effect}, count)
            for labels, status in _each(statuses)
            for (code, effect), count in sorted(Tally((f["code"], f["effect"]) for f in status.get("findings", ())).items())
        ),
    )


def _judged(checks: Statuses) -> Metric:
    return _family(
        "perfana_support_check",
        "What was judged, and by which policy.",
        ((labels | _judged_by(body), 1.0) for labels, body in _each(checks)),
        is_info=True,
    )


def _policies(statuses: Statuses) -> Iterator[Metric]:
    yield _family(
        "perfana_support_policy_valid",
        "1 while the policy can be judged by.",
        (
            ({"name": name.name}, float(value == Status.TRUE))
            for name, status in statuses
            for kind, value, _ in _conditions(status)
            if kind == VALID
        ),
    )
    yield _family(
        "perfana_support_policy_published_timestamp_seconds",
        "Day on which the policy in force was published.",
        (({"name": name.name}, second) for name, status in statuses for second in _seconds(status.get("publishedOn"))),
    )


def _in_force(policies: Sequence[InForce]) -> Iterator[Metric]:
    """The built-in policy has no object, and what a policy takes over from it stands in no status."""
    yield _family(
        "perfana_support_policy_reliable_until_timestamp_seconds",
        "Last day on which the policy may be relied on (00:00 UTC).",
        (({"name": one.name, "origin": str(one.origin)}, _second(one.last_day)) for one in policies),
    )
    yield _family(
        "perfana_support_builtin_policy_published_timestamp_seconds",
        "Day on which the policy that ships with the program was published.",
        (({"name": one.name}, _second(one.published_on)) for one in policies if one.origin is Origin.BUILT_IN),
    )


def _family(name: str, documentation: str, samples: Iterable[tuple[Labels, float]], *, is_info: bool = False) -> Metric:
    """A family whose samples are made one by one while it is written."""
    family = Metric(name, documentation, "info" if is_info else "gauge")
    sample_name = f"{name}_info" if is_info else name
    family.samples = (Sample(sample_name, labels, value) for labels, value in samples)  # type: ignore[assignment]
    return family


def _each(items: Statuses) -> Iterator[tuple[Labels, Json]]:
    return (({"namespace": name.namespace, "name": name.name}, item) for name, item in items)


def _judged_by(body: Json) -> Labels:
    """A policy of the cluster is named by the check; the name alone does not tell it from the built-in one."""
    status = status_of(body)
    policy = status.get("policy") or {}
    origin = Origin.CLUSTER if (body.get("spec") or {}).get("policyRef") else Origin.BUILT_IN
    return {
        "release": status.get("release", ""),
        "policy": policy.get("name", ""),
        "origin": str(origin) if policy else "",
        "digest": policy.get("digest", ""),
    }


def _conditions(status: Json) -> Iterable[tuple[str, str, str]]:
    for condition in status.get("conditions") or ():
        yield condition["type"], condition["status"], condition["reason"]


def _second(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _seconds(text: str | None) -> Iterator[float]:
    """A day or moment of a status in seconds. Others may write nonsense: it is left out until it is put right."""
    if text is not None:
        with contextlib.suppress(ValueError):
            moment = datetime.fromisoformat(text)
            yield (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
