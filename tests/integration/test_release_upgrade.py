"""From the releases before to this one and back, on an API server that keeps what they stored: nothing turns wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cluster.identity import wait_until_granted
from tests.cluster.server import LOOPBACK, free_ports
from tests.cluster.waiting import wait_for
from tests.integration.controlled_cluster import controlled_cluster
from tests.integration.fault_site import page_of
from tests.integration.helm_tool import find_helm
from tests.integration.installing import NAME, Place
from tests.integration.operator_process import ROOT, OperatorProcess
from tests.integration.support_objects import (
    API_VERSION,
    CHECK,
    POLICY,
    RELEASED,
    SEEN_WITHIN_SECONDS,
    SNAPSHOT,
    Site,
    check,
    conditions,
    deployment,
    policy,
)
from tests.rendered_manifests import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object

RELEASES = ROOT / "tests" / "data" / "releases"
VERSIONS = sorted(path.name for path in RELEASES.iterdir() if path.is_dir())

HELM = ("helm", "upgrade", "--install", NAME, str(CHART), "--take-ownership")
WAYS = {
    "install-yaml": ("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "manifests/install.yaml"),
    "helm-4": (*HELM, "--force-conflicts"),
    "helm-3": HELM,
}
"""How people get to this release from one that kubectl applied."""

LONG: Object = {"lines": [{"name": "4.0", "endOfLifeOn": "2999-01-01"}]}
BROKEN: Object = {"lines": [{"name": "9.0", "firstReleasedOn": "2020-01-01"}]}
"""Fine by the schema; merged, a line comes before its predecessor."""

VERDICTS = {"fine": "True", "refused": "False", "by-policy": "True", "by-broken-policy": "True"}
"""Namespaces with a check each, and what it says before, in between and afterwards."""

WORKED = "worked"
"""The namespace in which verdicts are flipped, to see that they are."""


class Stage(NamedTuple):
    """A cluster with a release in it."""

    place: Place
    old: Path
    package: Path

    @property
    def api(self) -> ApiClient:
        """The admin's client."""
        return self.place.api

    def install_old(self) -> None:
        """Apply what the release shipped."""
        self.place.kubectl("apply", "-f", str(self.old / "crds"), "-f", str(self.old / "rbac.yaml"))
        self.place.wait_until_defined()

    def install(self, way: str) -> None:
        """Apply what this release ships."""
        tool, *arguments = WAYS[way]
        (self.place.helm if tool == "helm" else self.place.kubectl)(*arguments)
        self.place.wait_until_defined()

    def operator(self, port: str = "0", *, is_old: bool = False) -> OperatorProcess:
        """Return an operator, of the old release or of the present, under the account that is there now."""
        cluster = self.place.cluster
        identity = cluster.identity_of(NAME, NAME)
        rules = self.api.get("rbac.authorization.k8s.io/v1", "ClusterRole", NAME)["rules"]
        wait_until_granted(cluster.client(identity.token), rules, None)
        given = ("--lease-namespace", NAME, "--http-host", LOOPBACK, "--http-port", port)
        made = OperatorProcess(cluster, identity.kubeconfig, *given)
        if is_old:
            made.run_package(self.package)
        return made

    def objects(self) -> list[Object]:
        """Return all checks and policies."""
        found: list[Object] = []
        for plural, kind in (("supportchecks", CHECK), ("supportpolicies", POLICY)):
            items = self.api.request("GET", f"/apis/{API_VERSION}/{plural}")["items"]
            found += [{**item, "apiVersion": API_VERSION, "kind": kind} for item in items]
        return found

    def fill(self, operator: OperatorProcess) -> None:
        """Make installations, checks and policies, and wait until all is judged."""
        self.api.create(policy("long", **LONG))
        self.api.create(policy("broken", **LONG))
        for namespace in (*VERDICTS, WORKED):
            self.place.make_namespace(namespace)
            named = {"by-policy": "long", "by-broken-policy": "broken"}.get(namespace)
            image = SNAPSHOT if namespace == "refused" else RELEASED
            made = check(policyRef={"name": named}) if named else check()
            Site(self.api, namespace, operator).create(deployment(image), made)
        self.expect_verdicts(operator)
        site = Site(self.api, "by-broken-policy", operator)
        site.wait_for_condition("Valid", "True", name="broken", of=POLICY)
        site.change_spec("broken", POLICY, **BROKEN)
        site.wait_for_condition("Valid", "False", name="broken", of=POLICY)
        site.wait(lambda item: "its last valid form" in conditions(item)["Ready"]["message"], "the caveat")

    def expect_verdicts(self, operator: OperatorProcess) -> None:
        """Wait until each check says what it shall, and see that this operator writes."""
        for namespace, verdict in VERDICTS.items():
            Site(self.api, namespace, operator).wait_for_verdict(verdict)

    def flip(self, operator: OperatorProcess) -> None:
        """See that an operator judges: a verdict that is to flip flips, and flips back."""
        site = Site(self.api, WORKED, operator)
        for image, verdict in ((SNAPSHOT, "False"), (RELEASED, "True")):
            site.set_image(image)
            site.wait_for_verdict(verdict)

    def told(self, since: str) -> str:
        """Hold that since then no check went or said anything else than it shall; return the moment until which that holds."""
        name = f"until-{since}"
        self.api.create(check(name), WORKED)
        try:
            for event in self.api.watch(API_VERSION, CHECK, deadline_seconds=SEEN_WITHIN_SECONDS, resourceVersion=since):
                item = event["object"]
                namespace, verdict = item["metadata"]["namespace"], conditions(item).get("Supported", {}).get("status")
                if item["metadata"]["name"] == name:
                    return str(item["metadata"]["resourceVersion"])
                if namespace in VERDICTS and item["metadata"]["name"] == "perfana":
                    assert (event["type"], verdict) == ("MODIFIED", VERDICTS[namespace]), item
        finally:
            self.api.delete(API_VERSION, CHECK, name, WORKED)
        raise AssertionError("a watch does not end by itself")

    def store_anew(self, objects: list[Object]) -> None:
        """Store copies of objects with their statuses, so that the definitions which are in force now judge all of each.

        What an object had already is not judged again, so one that only stays would prove nothing.
        """
        for item in objects:
            name = f"copy-of-{item['metadata']['name']}"
            namespace = item["metadata"].get("namespace")
            kept = json.loads(item.get("status", {}).get("lastValidSpec") or "{}")
            specs = [item["spec"], *([kept] if kept else [])]
            for spec in specs:
                copied = {**item, "metadata": {"name": name}, "spec": spec}
                stored = self.api.create(copied, namespace)
                path = self.api.path(API_VERSION, item["kind"], name, namespace, "status")
                with_status = {**stored, "apiVersion": API_VERSION, "kind": item["kind"], "status": item["status"]}
                after = self.api.request("PUT", path, body=with_status)
                assert (after["spec"], after["status"]) == (spec, item["status"]), "something was dropped"
                self.api.delete(API_VERSION, item["kind"], name, namespace)


def resource_version(api: ApiClient) -> str:
    """Return the moment that it is for checks."""
    return str(api.request("GET", f"/apis/{API_VERSION}/supportchecks")["metadata"]["resourceVersion"])


@pytest.fixture(params=[(version, way) for version in VERSIONS for way in WAYS], ids="-".join)
def staged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Stage, str]]:
    version, way = request.param
    old = RELEASES / version
    (wheel,) = old.glob("*.whl")
    package = tmp_path / "package"
    zipfile.ZipFile(wheel).extractall(package)
    with controlled_cluster() as cluster:
        yield Stage(Place(cluster, tmp_path, find_helm(3 if way == "helm-3" else 4)), old, package), way


def test_release_before_is_followed_and_can_be_gone_back_to(staged: tuple[Stage, str]) -> None:
    stage, way = staged
    stage.install_old()
    with stage.operator(is_old=True) as old:
        old.start()
        stage.fill(old)
        since, by_old = resource_version(stage.api), stage.objects()
        stage.install(way)
        port = str(free_ports(1)[0])
        with stage.operator(port) as new:
            new.start()
            wait_for(
                lambda: page_of(port, "/readyz").status == 200,
                SEEN_WITHIN_SECONDS,
                "the new one to stand by",
                ignoring=(OSError,),
            )
            assert "leading" not in new.log
            since = stage.told(since)
            assert old.terminate() == 0
            wait_for(lambda: "leading" in new.log, SEEN_WITHIN_SECONDS, "the new one to lead")
            stage.flip(new)
            stage.expect_verdicts(new)
            since = stage.told(since)
            by_new = stage.objects()
            assert {each["metadata"]["uid"] for each in by_new} == {each["metadata"]["uid"] for each in by_old}
            assert new.terminate() == 0
    assert "REASON" in stage.place.kubectl("get", "supportchecks", "-A")
    stage.store_anew(by_old)
    since = resource_version(stage.api)
    stage.install_old()
    stage.store_anew(by_new)
    with stage.operator(is_old=True) as old:
        old.start()
        stage.flip(old)
        stage.expect_verdicts(old)
        stage.told(since)
        assert {each["metadata"]["uid"] for each in stage.objects()} == {each["metadata"]["uid"] for each in by_old}
    printed = stage.place.kubectl("get", "supportchecks,supportpolicies", "-A")
    assert all(namespace in printed for namespace in VERDICTS)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_run_as_the_release_before_is_its_wheel(version: str, tmp_path: Path) -> None:
    """It may have the version of this one, which says nothing then."""
    (wheel,) = (RELEASES / version).glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", "import perfana_support; print(perfana_support.__file__)"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == str(tmp_path / "perfana_support" / "__init__.py")
