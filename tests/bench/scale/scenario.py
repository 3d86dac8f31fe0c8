"""One operator in a filled cluster: its start, its answers to changes, and that it writes nothing without need."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.scale import objects
from tests.bench.scale.loading import create_pod, namespace_name
from tests.bench.tables import percentile, say
from tests.bench.usage import Usage, usage
from tests.cluster.client import JSON_PATCH
from tests.integration.operator_process import ACCOUNT, OperatorProcess
from tests.integration.support_objects import API_VERSION, CHECK, POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bench.scale.loading import Load
    from tests.bench.scale.watching import Sighting, Watcher
    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster

OPERATOR_ARGUMENTS: tuple[str, ...] = ("--http-port", "0", "--lease-namespace", ACCOUNT)
"""Further arguments of the operator, for example to make it read everything anew more often."""

OFTEN = ("--resync-seconds", "1", "--wake-spread-seconds", "0.5", "--audit-seconds", "1")
"""Arguments of an operator that does every second what others do every hour, or every half minute."""

SUPPORTED: Object = {"lines": [{"name": "0.2", "endOfLifeOn": "2999-01-01"}]}
ENDED: Object = {"lines": [{"name": "0.2", "endOfLifeOn": "2026-10-01"}]}

WRITTEN_WITHIN_SECONDS = 300.0
SEEN_WITHIN_SECONDS = 30.0
SETTLING_SECONDS = 10.0
QUIET_SECONDS = 20.0
SILENCE_SECONDS = 3.0
"""After this long without a write the operator is taken to have done all that there was to do."""

CHANGES_A_SECOND = 20
SENDERS = 16
REPLICAS = 50
REPLACED_A_SECOND = 10
ROLLOUT_RELEASE = "0.2.96.21"
ROLLOUT_HASH = "6c8f9d7b4f"


class Start(NamedTuple):
    """A start of the operator: seconds until the first and the last condition was seen, what it used until then and after."""

    first_seconds: float
    seconds: float
    used: Usage
    settled: Usage


class Latency(NamedTuple):
    """Seconds from before a change was sent until its condition was seen, and how long the change itself took."""

    workloads: list[float]
    pods: list[float]
    requests: list[float]

    def percentile(self, percent: float) -> float:
        """Return a percentile over both kinds of change."""
        return percentile([*self.workloads, *self.pods], percent)


class Rollout(NamedTuple):
    """Replacing the pods of a workload: how long that took, writes of the check's status, and the verdict's last word."""

    seconds: float
    writes: int
    settled_after_seconds: float


class Edit(NamedTuple):
    """An edited policy: seconds until all verdicts were by it, and verdicts by the old one after that."""

    seconds: float
    relapses: int


class Quiet(NamedTuple):
    """Writes in a cluster that stays as it is."""

    unchanged: int
    heartbeats: int
    restart: int
    resyncs: int


class Site:
    """A filled cluster with an operator, as an admin and a watcher see it."""

    def __init__(self, cluster: Cluster, kubeconfig: Path, loaded: Load, watcher: Watcher) -> None:
        """Prepare; `start` starts the operator."""
        self._api: ApiClient = cluster.client()
        self._loaded = loaded
        self._watcher = watcher
        self.operator = OperatorProcess(cluster, kubeconfig, *OPERATOR_ARGUMENTS)
        self._supported: dict[str, bool] = {}

    # The start

    def start(self) -> Start:
        """Start the operator in a cluster whose checks have no status yet."""
        self._watcher.wait_for_all(
            lambda each: not each.supported, self._loaded.namespaces, WRITTEN_WITHIN_SECONDS, "checks without verdict"
        )
        mark, began = self._watcher.seen, time.monotonic()
        self.operator.start()
        self._watcher.needs(lambda: self.operator.is_running)
        ended = self._watcher.wait_for_all(
            lambda each: bool(each.supported), self._loaded.namespaces, WRITTEN_WITHIN_SECONDS, "first verdicts"
        )
        used = usage(self.operator.pid)
        first = next(each.at for each in self._watcher.since(mark) if each.supported)
        verdicts = {each.supported for each in self._watcher.since(mark)} - {""}
        assert verdicts == {"True"}, f"the first verdicts are {verdicts}"
        time.sleep(SETTLING_SECONDS)
        return Start(first - began, ended - began, used, usage(self.operator.pid))

    # Changes

    def change(self, count: int) -> Latency:
        """Send so many changes on schedule, whatever became of earlier ones: of workloads and pods in turn."""
        mark = self._watcher.seen
        sent: list[tuple[float, str, str]] = []
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(lambda _: self._api.request("GET", "/version"), range(2 * SENDERS)))
            began = time.monotonic()
            answers = []
            for number in range(count):
                time.sleep(max(0.0, began + number / CHANGES_A_SECOND - time.monotonic()))
                namespace = namespace_name(number % self._loaded.namespaces)
                wanted = not self._supported.get(namespace, True)
                self._supported[namespace] = wanted
                sent.append((time.monotonic(), namespace, str(wanted)))
                answers.append(senders.submit(self._flip, namespace, wanted=wanted, is_pod=_is_pod(namespace)))
                if (number + 1) % 100 == 0:
                    say(f"scale: {number + 1} of {count} changes sent")
            requests = [answer.result() for answer in answers]
        last = {namespace: wanted for _, namespace, wanted in sent}
        self._watcher.wait_for_all(
            lambda each: last.get(each.namespace) == each.supported, len(last), SEEN_WITHIN_SECONDS, "changed verdicts"
        )
        sightings = self._watcher.since(mark)
        taken = {number: _first(sightings, *change) - change[0] for number, change in enumerate(sent)}
        of_pods = {number for number, (_, namespace, _) in enumerate(sent) if _is_pod(namespace)}
        return Latency(
            [seconds for number, seconds in taken.items() if number not in of_pods],
            [seconds for number, seconds in taken.items() if number in of_pods],
            requests,
        )

    def _flip(self, namespace: str, *, wanted: bool, is_pod: bool) -> float:
        tag = objects.COMPONENT_RELEASES[0 if wanted else 1]
        web = objects.web(namespace)
        image = objects.with_tag(web.image, tag)
        began = time.monotonic()
        if is_pod:
            self._replace(_pod_path(namespace), "/spec/containers/0/image", image)
        else:
            self._set_image(namespace, web, image)
        return time.monotonic() - began

    def _set_image(self, namespace: str, application: objects.Application, image: str) -> None:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{application.name}"
        self._replace(path, "/spec/template/spec/containers/0/image", image)

    def _replace(self, path: str, field: str, value: object) -> None:
        self._api.request("PATCH", path, body=[{"op": "replace", "path": field, "value": value}], content_type=JSON_PATCH)

    # A rollout

    def roll_out(self) -> Rollout:
        """Replace fifty pods of one workload one after the other, as a ReplicaSet does when its Deployment changes."""
        namespace = namespace_name(self._loaded.namespaces - 1)
        self._restore(namespace)
        old = objects.worker(namespace)
        for number in range(objects.PODS_OF_EACH, REPLICAS):
            create_pod(self._api, old, objects.pod(old, f"z3z{number}", number), namespace)
        self._watcher.wait_for_silence(SILENCE_SECONDS)
        new = old._replace(image=objects.with_tag(old.image, ROLLOUT_RELEASE))
        listing = self._api.list("v1", "Pod", namespace, labelSelector=f"app.kubernetes.io/name={old.name}")
        names = [item["metadata"]["name"] for item in listing["items"]]
        assert len(names) == REPLICAS
        mark, began = self._watcher.seen, time.monotonic()
        self._set_image(namespace, new, new.image)
        for number, name in enumerate(names):
            time.sleep(max(0.0, began + number / REPLACED_A_SECOND - time.monotonic()))
            create_pod(self._api, new, objects.pod(new, f"y3y{number}", number, ROLLOUT_HASH), namespace)
            self._api.delete("v1", "Pod", name, namespace, gracePeriodSeconds=0)
        ended = time.monotonic()
        self._watcher.wait_for_silence(SILENCE_SECONDS)
        writes = self._watcher.since(mark)
        assert {each.namespace for each in writes} <= {namespace}
        settled = max((each.at for each in writes), default=began) - ended
        return Rollout(ended - began, len({each.version for each in writes}), max(settled, 0.0))

    def _restore(self, namespace: str) -> None:
        """Give a namespace back the image that it was loaded with."""
        if not self._supported.get(namespace, True):
            self._flip(namespace, wanted=True, is_pod=_is_pod(namespace))
            self._supported[namespace] = True
            self._watcher.wait_for_silence(SILENCE_SECONDS)

    # The policy

    def edit_policy(self) -> Edit:
        """Let the line that all installations run end, which changes all verdicts."""
        for number in range(self._loaded.namespaces):
            namespace = namespace_name(number)
            if not self._supported.get(namespace, True):
                self._flip(namespace, wanted=True, is_pod=_is_pod(namespace))
                self._supported[namespace] = True
        self._watcher.wait_for_all(
            lambda each: each.supported == "True", self._loaded.namespaces, SEEN_WITHIN_SECONDS, "supported again"
        )
        self._watcher.wait_for_silence(SILENCE_SECONDS)
        old = self._watcher.latest(namespace_name(0)).digest
        mark, began = self._watcher.seen, time.monotonic()
        self._api.patch(API_VERSION, POLICY, objects.POLICY, {"spec": ENDED})
        ended = self._watcher.wait_for_all(
            lambda each: each.supported == "False" and each.digest not in {old, ""},
            self._loaded.namespaces,
            WRITTEN_WITHIN_SECONDS,
            "verdicts by the edited policy",
        )
        self._watcher.wait_for_silence(SILENCE_SECONDS)
        return Edit(ended - began, len(list(_relapses(self._watcher.since(mark), old))))

    # Silence

    def stay_quiet(self) -> Quiet:
        """Count writes while nothing changes, while pods report what no rule reads, and when the operator starts anew."""
        mark = self._watcher.seen
        time.sleep(QUIET_SECONDS)
        unchanged = len(self._watcher.since(mark))
        say("scale: pods report restarts")
        mark, began = self._watcher.seen, time.monotonic()
        for number in range(int(QUIET_SECONDS * CHANGES_A_SECOND)):
            time.sleep(max(0.0, began + number / CHANGES_A_SECOND - time.monotonic()))
            self._report_restart(namespace_name(number % self._loaded.namespaces), number + 1)
        time.sleep(SILENCE_SECONDS)
        heartbeats = len(self._watcher.since(mark))
        say("scale: the operator starts anew")
        mark = self._watcher.seen
        self.operator.terminate()
        self.operator.start(*OFTEN)
        # Checks are judged in order: once the second change shows, the start has judged all of them.
        namespace = namespace_name(0)
        for plan in ("Team", "Enterprise"):
            version = self._watcher.latest(namespace).version
            changed = self._api.patch(API_VERSION, CHECK, "perfana", {"spec": {"maintenance": {"plan": plan}}}, namespace)
            version = max(version, int(changed["metadata"]["resourceVersion"]))
            self._watcher.wait_for_all(_is_after(namespace, version), 1, WRITTEN_WITHIN_SECONDS, "the new start")
        self._watcher.wait_for_silence(SILENCE_SECONDS)
        restart = len([each for each in self._watcher.since(mark) if each.namespace != namespace])
        say("scale: everything is judged again every second")
        mark = self._watcher.seen
        time.sleep(QUIET_SECONDS)
        return Quiet(unchanged, heartbeats, restart, len(self._watcher.since(mark)))

    def _report_restart(self, namespace: str, restarts: int) -> None:
        self._replace(f"{_pod_path(namespace)}/status", "/status/containerStatuses/0/restartCount", restarts)


def _is_pod(namespace: str) -> bool:
    """Whether a namespace's changes are of a pod; the others' are of a workload."""
    return int(namespace[-1]) % 2 == 1


def _pod_path(namespace: str) -> str:
    """Return the path of a pod of the workload whose image is changed."""
    return f"/api/v1/namespaces/{namespace}/pods/{objects.web(namespace).name}-{objects.HASH}-x2x40"


def _is_after(namespace: str, version: int) -> Callable[[Sighting], bool]:
    """Return whether a sighting is of that namespace's check after that version."""
    return lambda each: each.namespace == namespace and each.version > version


def _first(sightings: list[Sighting], began: float, namespace: str, wanted: str) -> float:
    """Return the moment at which a change's verdict was seen for the first time."""
    return next(each.at for each in sightings if each.at >= began and each.namespace == namespace and each.supported == wanted)


def _relapses(sightings: list[Sighting], old: str) -> Iterator[Sighting]:
    """Yield verdicts by an old policy that came after one by the new."""
    moved = set[str]()
    for each in sightings:
        if each.digest != old:
            moved.add(each.namespace)
        elif each.namespace in moved:
            yield each
