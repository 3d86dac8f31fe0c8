"""The chart on a real API server, by both Helms: installed, upgraded, rolled back, tested, uninstalled, installed again."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster.client import GONE_WITHIN_SECONDS, ApiError
from tests.cluster.identity import grant, wait_until_granted
from tests.cluster.waiting import wait_for
from tests.integration.controlled_cluster import everything
from tests.integration.helm_tool import MAJORS, find_helm
from tests.integration.installing import APPS, NAME, Place, resources_of
from tests.integration.support_objects import API_VERSION, CHECK, RELEASED, Site, deployment
from tests.rendered_manifests import CHART
from tests.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import Object
    from tests.cluster.server import Cluster

COLUMN = "Version"
FIRST_CHECK = ("--set", "checks[0].name=perfana,checks[0].namespace=perfana")
OURS = ("customresourcedefinitions", "apiservices", "supportchecks")


@pytest.fixture(params=MAJORS, ids=[f"helm-{major}" for major in MAJORS])
def place(controlled: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    made = Place(controlled, tmp_path, find_helm(request.param))
    made.make_namespace("perfana")
    yield made
    made.delete_namespace("perfana")


def older_chart(folder: Path) -> Path:
    """Return a copy of the chart, of which the definition of checks lacks a column."""
    copied = folder / "older"
    shutil.copytree(CHART, copied)
    path = copied / "files" / "crds" / "support.perfana.io_supportchecks.yaml"
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    (version,) = definition["spec"]["versions"]
    version["additionalPrinterColumns"] = [each for each in version["additionalPrinterColumns"] if each["name"] != COLUMN]
    path.write_text(yaml.safe_dump(definition), encoding="utf-8")
    return copied


def test_release_lives_and_goes(place: Place, tmp_path: Path) -> None:
    api, before = place.api, everything(place.api)
    chart = str(CHART)
    notes = place.helm("install", NAME, str(older_chart(tmp_path)), "--create-namespace", *FIRST_CHECK)
    assert "kubectl get supportchecks -A" in notes
    assert "keeps the definitions" in notes
    place.wait_until_defined()
    assert COLUMN.upper() not in place.kubectl("get", "supportchecks", "-A")
    created = checked(place)["metadata"]["uid"]
    with place.operator() as operator:
        operator.start()
        site = Site(place.api, "perfana", operator)
        site.create(deployment(RELEASED))
        site.wait_for_verdict("True")

        place.helm("upgrade", NAME, chart, *FIRST_CHECK, "--set", "replicas=2,settings.resync_seconds=600")
        assert api.get(APPS, "Deployment", NAME, NAME)["spec"]["replicas"] == 2
        assert api.get("policy/v1", "PodDisruptionBudget", NAME, NAME)
        assert COLUMN.upper() in place.kubectl("get", "supportchecks", "-A")
        assert checked(place)["metadata"]["uid"] == created

        place.helm("rollback", NAME, "1")
        assert api.get(APPS, "Deployment", NAME, NAME)["spec"]["replicas"] == 1
        place.api.wait_until_gone("policy/v1", "PodDisruptionBudget", NAME, NAME)
        assert checked(place)["metadata"]["uid"] == created
        place.helm("upgrade", NAME, chart, *FIRST_CHECK)
        site.wait_for_verdict("True")

        place.helm("uninstall", NAME)
        api.delete(APPS, "Deployment", "perfana-web", "perfana")
    kept = resources_of(everything(api), OURS) - before
    assert {each[2] for each in kept} == {
        "perfana",
        "v1alpha1.support.perfana.io",
        "supportchecks.support.perfana.io",
        "supportpolicies.support.perfana.io",
    }
    place.delete_namespace(NAME)
    place.wait_until_left(before | kept)

    # What was kept is taken over by the next release of that name, and goes where that is wanted.
    place.helm("install", NAME, chart, "--create-namespace", *FIRST_CHECK, "--set", "crds.keep=false")
    assert checked(place)["metadata"]["uid"] == created
    place.helm("uninstall", NAME)
    place.delete_namespace(NAME)
    place.wait_until_left(before)


def checked(place: Place) -> Object:
    """Return the check."""
    return place.api.get(API_VERSION, CHECK, "perfana", "perfana")


def test_helm_test_asks_the_operator_and_nobody_else(place: Place) -> None:
    """No node is here, so what its pod comes to is said by the test; what it runs is run on a real node."""
    before = everything(place.api)
    place.shell.must(snippet("charts/perfana-support/README.md", "install"))
    seen: list[Object] = []

    def succeed() -> None:
        def pod() -> Object:
            return place.api.get("v1", "Pod", f"{NAME}-test", NAME)

        seen.append(wait_for(pod, GONE_WITHIN_SECONDS, "the pod of helm test", ignoring=(ApiError,)))
        place.api.patch("v1", "Pod", f"{NAME}-test", {"status": {"phase": "Succeeded"}}, NAME, subresource="status")

    thread = threading.Thread(target=succeed)
    thread.start()
    said = place.helm("test", NAME)
    thread.join()
    assert "Succeeded" in said
    (pod,) = seen
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["containers"][0]["command"][-1] == "PERFANA_SUPPORT_SERVICE_HOST", "what kubelet says of the service"
    place.wait_until_defined()
    place.shell.must(snippet("docs/install.md", "helm-uninstall"))
    place.wait_until_left(before)


def test_second_release_that_wants_admission_too_is_refused_before_anything_is_made(place: Place) -> None:
    """Of admission a cluster has one; all else has names of its own."""
    before = everything(place.api)
    wanted = "crds.keep=false,admission.enabled=true"
    place.helm("install", NAME, str(CHART), "--create-namespace", "--set", wanted)
    place.wait_until_defined()
    place.wait_for_controllers(NAME)
    first = everything(place.api)
    second = ("install", "second", str(CHART), "--set")
    with pytest.raises(AssertionError, match=rf"invalid ownership metadata.* must equal .?second.*current value is .?{NAME}"):
        place.helm(*second, "fullnameOverride=second,crds.install=false,admission.enabled=true")
    assert everything(place.api) == first
    place.helm(*second, "fullnameOverride=second,crds.install=false")
    for release in ("second", NAME):
        place.helm("uninstall", release)
    place.delete_namespace(NAME)
    place.wait_until_left(before)


@pytest.mark.parametrize("values", ["rbac.create=false", f"watch.namespaces={{{NAME}}}"], ids=["rights-given", "own-namespace"])
def test_who_may_do_all_in_one_namespace_and_nothing_else_installs_there(place: Place, values: str) -> None:
    place.kubectl("apply", "-f", "crds/")
    place.wait_until_defined()
    place.make_namespace(NAME)
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    grant(place.api, "installer", NAME, rules, cluster=False)
    installer = place.cluster.identity_of("installer", NAME)
    wait_until_granted(place.cluster.client(installer.token), rules, NAME)
    theirs = place._replace(kubeconfig=installer.kubeconfig)
    for command in ("install", "upgrade"):
        theirs.helm(command, NAME, str(CHART), "--set", f"crds.install=false,{values}")
    assert place.api.get(APPS, "Deployment", NAME, NAME)
    theirs.helm("uninstall", NAME)
    place.delete_namespace(NAME)
    place.kubectl("delete", "-f", "crds/")


def test_release_in_some_namespaces_takes_no_right_on_the_cluster(place: Place) -> None:
    place.kubectl("apply", "-f", "crds/")
    place.wait_until_defined()
    before = everything(place.api)
    values = ("--set", "watch.namespaces={perfana},crds.install=false")
    place.helm("install", NAME, str(CHART), "--create-namespace", *values)
    made = {each for each in everything(place.api) - before if not each[1]}
    assert {each[0] for each in made} == {"namespaces", "ipaddresses"}, "that of the Service is the server's doing"
    with place.operator() as operator:
        operator.start()
        place.site("perfana", operator).wait_for_verdict("True")
        place.helm("uninstall", NAME)
        place.kubectl("delete", "supportcheck/perfana", "deployment/perfana-web", "-n", "perfana")
    place.delete_namespace(NAME)
    place.wait_until_left(before)
    place.kubectl("delete", "-f", "crds/")
