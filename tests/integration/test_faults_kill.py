"""An operator that is killed two hundred times while the cluster changes: nothing is lost, nothing flips without a cause."""

from __future__ import annotations

import itertools
import json
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pytest
import yaml

from tests.cluster.client import ApiError
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ACCOUNT, ROOT
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    POLICY,
    RELEASED,
    SNAPSHOT,
    check,
    conditions,
    delete_if_there,
    deployment,
    policy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

KILLS = 200
STOPS = 20
SEED = 20261125
NAMESPACES = 4
STARTED_WITHIN_SECONDS = 1.2
"""By then a forked operator has read everything and written its verdicts, so kills spread over all that it does."""

ENDED_WITHIN_SECONDS = 5.0
CONVERGED_WITHIN_SECONDS = 60.0
IMAGES = (RELEASED, SNAPSHOT, "perfana/perfana-web:perfana-3.1.2", "perfana/perfana-web:0.2.97.0-rc1", "nginx:1.27")
LINES = ([{"name": "4.0", "endOfLifeOn": "2026-01-01"}], [{"name": "4.0", "endOfLifeOn": "2029-01-01"}])
EVALUATION = {"Ready", "Reconciling", "Stalled"}


class ForkedOperator:
    """Starts operators by `forked_operator.py`."""

    def __init__(self, cluster: Cluster, folder: Path, kubeconfig: Path, *arguments: str) -> None:
        self._log = folder / "operator.log"
        argv = [sys.executable, "-m", "tests.integration.forked_operator", "--log", str(self._log)]
        argv += [
            "--kubeconfig",
            str(kubeconfig),
            "--http-port",
            "0",
            "--identity",
            f"forked-{secrets.token_hex(4)}",
            *arguments,
        ]
        environment = cluster.environment(kubeconfig)
        self._process = subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._answer() == "ready"

    @property
    def log(self) -> str:
        """Everything that operators wrote."""
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start one; it is under way when this returns."""
        self._ask("start")

    def kill(self) -> int:
        """End it with SIGKILL; its exit code, another than that if it had ended before."""
        return self._ask("kill")

    def stop(self) -> int:
        """End it with SIGTERM."""
        return self._ask("stop")

    def _ask(self, word: str) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return int(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End everything."""
        self._process.communicate()


class Recorder:
    """Every version of every check, as a watch tells of them."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._stopping = False
        self.versions: dict[str, list[Object]] = {}
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        for event in self._api.watch(API_VERSION, CHECK, deadline_seconds=900):
            item = event["object"]
            self.versions.setdefault(item["metadata"]["uid"], []).append(item)
            if self._stopping:
                return

    def stop(self, namespace: str) -> None:
        """Return once everything that happened until now was told; a new check is the last that it hears of."""
        self._stopping = True
        self._api.create(check("the-last"), namespace)
        self._thread.join(30)


class Scene(NamedTuple):
    """What changes while operators come and go: namespaces with a workload or two and a check, and one policy."""

    api: ApiClient
    namespaces: list[str]
    policy: str
    chance: random.Random

    def change(self) -> None:
        """Make one change."""
        kinds: list[Callable[[str], None]] = [self._image] * 5 + [self._second, self._reference, self._again, self._lines]
        self.chance.choice(kinds)(self.chance.choice(self.namespaces))

    def _image(self, namespace: str) -> None:
        image = self.chance.choice(IMAGES)
        change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
        content_type = "application/json-patch+json"
        self.api.patch("apps/v1", "Deployment", "perfana-web", change, namespace, content_type=content_type)

    def _second(self, namespace: str) -> None:
        """A second workload comes, or goes."""
        try:
            self.api.delete("apps/v1", "Deployment", "second", namespace)
        except ApiError:
            self.api.create(deployment(self.chance.choice(IMAGES), "second"), namespace)

    def _reference(self, namespace: str) -> None:
        """The check names another policy: ours, none, or one that does not exist."""
        reference = self.chance.choice([{"name": self.policy}, None, {"name": "missing"}])
        self.api.patch(API_VERSION, CHECK, "perfana", {"spec": {"policyRef": reference}}, namespace)

    def _again(self, namespace: str) -> None:
        """The check is deleted and made anew."""
        self.api.delete(API_VERSION, CHECK, "perfana", namespace)
        self.api.create(check(policyRef={"name": self.policy}), namespace)

    def _lines(self, _: str) -> None:
        """The policy is edited, or deleted and made anew."""
        lines = self.chance.choice(LINES)
        if self.chance.random() < 0.3:
            self.api.delete(API_VERSION, POLICY, self.policy)
            self.api.create(policy(self.policy, lines=lines))
        else:
            self.api.patch(API_VERSION, POLICY, self.policy, {"spec": {"lines": lines}})


@pytest.fixture
def scene(api: ApiClient, install_crds: list[str]) -> Iterator[Scene]:
    """Make the namespaces."""
    assert install_crds
    names = [f"killed-{secrets.token_hex(4)}" for _ in range(NAMESPACES)]
    made = Scene(api, names, names[0], random.Random(SEED))  # noqa: S311 - no secret
    api.create(policy(made.policy, lines=LINES[0]))
    for name in names:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        api.create(deployment(RELEASED), name)
        api.create(check(policyRef={"name": made.policy}), name)
    yield made
    delete_if_there(api, POLICY, made.policy)
    for name in names:
        api.delete("v1", "Namespace", name)


def pass_time(seconds: float) -> None:
    """Let the operator run: how long is chance, and no fact to wait for."""
    threading.Event().wait(seconds)


def test_operator_killed_at_any_moment_loses_nothing_and_flips_nothing(
    scene: Scene, cluster: Cluster, identity: Identity, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    recorder = Recorder(scene.api)
    places = [argument for name in scene.namespaces for argument in ("-n", name)]
    with ForkedOperator(
        cluster, tmp_path, identity.kubeconfig, "--lease-namespace", ACCOUNT, "--settle-seconds", "0", *places
    ) as operator:
        for _ in range(KILLS):
            operator.start()
            for _ in range(scene.chance.randint(0, 2)):
                scene.change()
            pass_time(scene.chance.uniform(0, scene.chance.choice((0.3, STARTED_WITHIN_SECONDS))))
            scene.change()
            code = operator.kill()
            assert code == -9, (code, operator.log[-4000:])
        operator.start()
        for name in scene.namespaces:
            wait_for(partial(is_right, scene, cluster, name, tmp_path), CONVERGED_WITHIN_SECONDS, f"{name} to be right")
        recorder.stop(scene.namespaces[0])
        assert operator.kill() == -9
    assert unfounded_times(recorder.versions) == []
    record_property("starts that led", operator.log.count("leading: "))
    record_property("verdicts told", operator.log.count("Supported is "))
    written = sum(len(versions) for versions in recorder.versions.values())
    record_property("versions of checks", written)
    assert written > KILLS / 2, "operators that never wrote prove nothing"


def is_right(scene: Scene, cluster: Cluster, namespace: str, folder: Path) -> bool:
    """Whether a check says what a fresh evaluation says."""
    return differences(scene, cluster, namespace, folder) == []


def differences(scene: Scene, cluster: Cluster, namespace: str, folder: Path) -> list[object]:
    """Return what a fresh evaluation by the command line says otherwise than the check's status."""
    item = scene.api.get(API_VERSION, CHECK, "perfana", namespace)
    reference = item["spec"].get("policyRef", {}).get("name")
    said = {kind: entry for kind, entry in conditions(item).items() if kind not in EVALUATION}
    if any(entry["observedGeneration"] != item["metadata"]["generation"] for entry in said.values()):
        return ["an older generation"]
    if reference == "missing":
        return [entry for entry in said.values() if (entry["status"], entry["reason"]) != ("Unknown", "PolicyNotFound")]
    documents = [item, *scene.api.list("apps/v1", "Deployment", namespace)["items"]]
    for document in documents[1:]:
        document |= {"apiVersion": "apps/v1", "kind": "Deployment"}
    paths = {name: folder / f"{namespace}-{name}.yaml" for name in ("check", "policy", "manifest")}
    paths["check"].write_text(yaml.safe_dump({**item, "status": None}))
    paths["manifest"].write_text(yaml.safe_dump_all(documents[1:]))
    arguments: list[str | Path] = ["check", "-f", paths["manifest"], "--check", paths["check"], "-o", "json"]
    arguments += ["--kubernetes-version", f"v{cluster.binaries.kubernetes}"]
    if reference:
        paths["policy"].write_text(yaml.safe_dump(scene.api.get(API_VERSION, POLICY, reference)))
        arguments += ["--policy", paths["policy"]]
    report = run_command(*arguments)
    own = {"lastTransitionTime", "observedGeneration"}
    ours = [{name: text for name, text in entry.items() if name not in own} for entry in said.values()]
    return [pair for pair in itertools.zip_longest(ours, report["conditions"]) if pair[0] != pair[1]]


def run_command(*arguments: str | Path) -> dict[str, Any]:
    """Return the report of `perfana-support`."""
    program = Path(sys.executable).with_name("perfana-support")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, env={"PATH": os.defpath})
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def unfounded_times(seen: dict[str, list[Object]]) -> list[object]:
    """Return conditions whose time changed without their status, or whose status changed while their time went back."""
    wrong: list[object] = []
    for versions in seen.values():
        for before, after in itertools.pairwise(versions):
            old, new = conditions(before), conditions(after)
            for kind in old.keys() & new.keys():
                times = old[kind]["lastTransitionTime"], new[kind]["lastTransitionTime"]
                is_flip = old[kind]["status"] != new[kind]["status"]
                if (times[0] != times[1]) if not is_flip else (times[0] > times[1]):
                    wrong.append((old[kind], new[kind]))
    return wrong


def test_operator_told_to_end_at_any_moment_of_its_start_does_so_in_order(
    scene: Scene, cluster: Cluster, identity: Identity, tmp_path: Path
) -> None:
    places = [argument for name in scene.namespaces for argument in ("-n", name)]
    with ForkedOperator(cluster, tmp_path, identity.kubeconfig, "--lease-namespace", ACCOUNT, *places) as operator:
        for _ in range(STOPS):
            operator.start()
            pass_time(scene.chance.uniform(0.1, STARTED_WITHIN_SECONDS))
            scene.change()
            began = time.monotonic()
            code = operator.stop()
            assert code == 0, operator.log[-4000:]
            assert time.monotonic() - began < ENDED_WITHIN_SECONDS
        assert "Traceback" not in operator.log
