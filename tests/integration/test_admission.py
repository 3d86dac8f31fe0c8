"""manifests/admission.yaml on a real API server: what it says, of what, and what it leaves alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from perfana_support.evaluate.admission import admission
from perfana_support.sources.clock import today
from perfana_support.sources.policy import builtin_policy
from tests.admission import refused_by
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ROOT
from tests.integration.support_objects import (
    API_VERSION,
    POLICY,
    RELEASED,
    SNAPSHOT,
    cron_job,
    daemon_set,
    deployment,
    job,
    pod,
    pod_of,
    stateful_set,
)
from tests.shell import user
from tests.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster
    from tests.integration.operator_process import OperatorProcess

PAGE = "docs/gates/admission.md"
ADMISSION_API = "admissionregistration.k8s.io/v1"
BINDING = "ValidatingAdmissionPolicyBinding"
ENDED = "perfana/perfana-web:perfana-3.1.0"
OURS = re.compile(r"^Warning: Validation failed for ValidatingAdmissionPolicy 'perfana-support-images'.*$", re.MULTILINE)
SEEN_WITHIN_SECONDS = 60.0
"""An API server takes policies and parameters from watches of its own: tenths of a second."""


class Said(NamedTuple):
    """What came of kubectl: its exit code, what it warned of, and all that it wrote to standard error."""

    code: int
    warning: str
    text: str


class Gate(NamedTuple):
    """A namespace behind the gate, and kubectl."""

    cluster: Cluster
    namespace: str
    folder: Path

    def kubectl(self, *arguments: str) -> Said:
        """Run kubectl in the namespace."""
        done = self.cluster.kubectl("--namespace", self.namespace, *arguments)
        found = OURS.search(done.stderr)
        return Said(done.returncode, found[0] if found else "", done.stderr)

    def apply(self, item: Object, *options: str) -> Said:
        """Apply an object as users do."""
        file = self.folder / "object.yaml"
        file.write_text(yaml.safe_dump(item), encoding="utf-8")
        return self.kubectl("apply", "-f", str(file), *options)

    def try_out(self, item: Object) -> Said:
        """Ask what applying an object would come to, and leave nothing behind."""
        return self.apply(item, "--dry-run=server")


@pytest.fixture(scope="module")
def installed(cluster: Cluster, operator: OperatorProcess) -> Iterator[ApiClient]:
    """Install it as the page says, and remove it as the page says."""
    assert operator.is_running
    api = cluster.client()
    user(cluster).must(snippet(PAGE, "install"))
    wait_for(
        lambda: "admission" in api.get(API_VERSION, POLICY, "perfana-support").get("status", {}), 90, "the patterns are there"
    )
    yield api
    user(cluster).must(snippet(PAGE, "remove"))


@pytest.fixture
def gate(cluster: Cluster, namespace: str, installed: ApiClient, tmp_path: Path) -> Gate:
    """Return a namespace in which the server is known to warn."""
    assert installed
    gate = Gate(cluster, namespace, tmp_path)
    wait_for(lambda: gate.try_out(deployment(SNAPSHOT)).warning, SEEN_WITHIN_SECONDS, "the API server warns")
    return gate


@pytest.fixture
def denying(gate: Gate, installed: ApiClient) -> Iterator[Gate]:
    """Return a namespace in which the server is known to refuse, as long as the test lasts."""
    binding = yaml.safe_load(snippet(PAGE, "deny"))
    installed.create(binding)
    wait_for(lambda: gate.try_out(deployment(SNAPSHOT)).code, SEEN_WITHIN_SECONDS, "the API server refuses")
    yield gate
    installed.delete(ADMISSION_API, BINDING, binding["metadata"]["name"])
    wait_for(lambda: not gate.try_out(deployment(SNAPSHOT)).code, SEEN_WITHIN_SECONDS, "the API server warns again")


def replica_set(image: str) -> Object:
    return {**deployment(image), "kind": "ReplicaSet"}


def replication_controller(image: str) -> Object:
    made = deployment(image)
    spec = {"selector": {"app": "perfana-web"}, "template": made["spec"]["template"]}
    return {**made, "apiVersion": "v1", "kind": "ReplicationController", "spec": spec}


def in_init_container(image: str) -> Object:
    made = deployment(RELEASED)
    made["spec"]["template"]["spec"]["initContainers"] = [{"name": "first", "image": image}]
    return made


KINDS: list[Callable[[str], Object]] = [
    deployment,
    stateful_set,
    daemon_set,
    replica_set,
    replication_controller,
    job,
    cron_job,
    pod,
    in_init_container,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_workload_is_looked_at(gate: Gate, kind: Callable[[str], Object]) -> None:
    said = gate.try_out(kind(SNAPSHOT))
    assert said.code == 0
    assert f"{SNAPSHOT} is a SNAPSHOT, a development build (SnapshotBuild)" in said.warning
    assert gate.try_out(kind(RELEASED)) == Said(0, "", "")


def test_end_of_life_is_told_as_the_page_shows(gate: Gate) -> None:
    assert gate.try_out(deployment(ENDED)).warning == snippet(PAGE, "warning").strip()


@pytest.mark.usefixtures("installed")
def test_page_shows_what_is_refused(cluster: Cluster) -> None:
    lines = user(cluster).must(snippet(PAGE, "show")).splitlines()
    told = admission(builtin_policy(), today())
    assert lines == [f"{rule.code}\t{rule.message}" for rule in told.rules]


@pytest.mark.parametrize(
    "image",
    ["nginx:1.29-SNAPSHOT", "registry.acme.example/perfana/perfana-web:perfana-3.1.0", "acme/perfana-fe:3.1.0-SNAPSHOT"],
)
def test_images_of_others_are_left_alone(gate: Gate, image: str) -> None:
    assert gate.try_out(deployment(image)) == Said(0, "", "")


def test_ephemeral_container_is_looked_at(gate: Gate) -> None:
    assert gate.apply(pod(RELEASED)).code == 0
    said = gate.kubectl("debug", "pod/perfana-web", f"--image={SNAPSHOT}", "--container=late", "--attach=false")
    assert said.code == 0, said.text
    assert SNAPSHOT in said.warning
    said = gate.kubectl("debug", "pod/perfana-web", f"--image={RELEASED}", "--container=later", "--attach=false")
    assert (said.code, said.warning) == (0, "")


def test_what_a_controller_makes_is_let_in_with_its_template(gate: Gate) -> None:
    assert gate.try_out(pod_of(deployment(SNAPSHOT), SNAPSHOT)) == Said(0, "", "")


def test_several_images_are_told_of_together(gate: Gate) -> None:
    made = deployment(SNAPSHOT)
    made["spec"]["template"]["spec"]["containers"].append({"name": "other", "image": ENDED})
    said = gate.try_out(made)
    assert SNAPSHOT in said.warning
    assert ENDED in said.warning


def test_old_workload_can_be_scaled_and_mended_where_it_is_refused(denying: Gate, installed: ApiClient) -> None:
    old = deployment(ENDED)
    refused = denying.apply(old)
    assert refused.code == 1
    assert "ValidatingAdmissionPolicy 'perfana-support-images'" in refused.text
    assert "is of line 3.1" in refused.text
    installed.create(
        {**old, "metadata": {**old["metadata"], "name": "was-there", "ownerReferences": _owner()}}, denying.namespace
    )
    installed.patch("apps/v1", "Deployment", "was-there", {"metadata": {"ownerReferences": None}}, denying.namespace)
    assert denying.kubectl("scale", "deployment/was-there", "--replicas=3").code == 0
    assert denying.kubectl("set", "env", "deployment/was-there", "A=b").code == 0
    assert denying.kubectl("set", "image", "deployment/was-there", f"main={SNAPSHOT}").code == 1
    assert denying.kubectl("set", "image", "deployment/was-there", f"main={RELEASED}").code == 0


def test_what_is_refused_stays_so_when_the_manifests_are_applied_anew(denying: Gate) -> None:
    assert denying.kubectl("apply", "-f", str(ROOT / "manifests" / "admission.yaml")).code == 0
    assert denying.try_out(deployment(SNAPSHOT)).code == 1
    assert denying.try_out(deployment(RELEASED)).code == 0


def _owner() -> list[Object]:
    uid = "5b1a3c1e-6f2d-4c57-9d9c-0c4a4f0f7a11"
    return [{"apiVersion": "v1", "kind": "ConfigMap", "name": "any", "uid": uid, "controller": True}]


def test_namespaces_can_be_chosen_in_which_it_is_refused(gate: Gate, installed: ApiClient) -> None:
    binding = yaml.safe_load(snippet(PAGE, "deny"))
    binding["spec"] |= yaml.safe_load(snippet(PAGE, "deny-in-namespaces"))["spec"]
    installed.create(binding)
    assert gate.try_out(deployment(SNAPSHOT)).code == 0
    gate.kubectl("label", "namespace", gate.namespace, "support.perfana.io/gate=true")
    wait_for(lambda: gate.try_out(deployment(SNAPSHOT)).code, SEEN_WITHIN_SECONDS, "the API server refuses")
    assert gate.try_out(deployment(RELEASED)).code == 0
    installed.delete(ADMISSION_API, BINDING, binding["metadata"]["name"])


def test_without_patterns_all_is_let_in(gate: Gate, installed: ApiClient) -> None:
    """An operator that was never there, and a policy that is none."""
    for name in ("unwritten", "absent"):
        binding = installed.get(ADMISSION_API, BINDING, "perfana-support-images")
        spec = {**binding["spec"], "validationActions": ["Deny"], "paramRef": {**binding["spec"]["paramRef"], "name": name}}
        installed.create({"apiVersion": ADMISSION_API, "kind": BINDING, "metadata": {"name": name}, "spec": spec})
    assert gate.try_out(deployment(SNAPSHOT)).code == 0
    for name in ("unwritten", "absent"):
        installed.delete(ADMISSION_API, BINDING, name)


def test_large_pod_costs_no_more_than_the_server_allows(gate: Gate) -> None:
    """As many containers as fit: what the server cannot afford it lets in without a word."""
    made = pod(RELEASED)
    made["spec"]["containers"] = [{"name": f"c{number}", "image": f"{SNAPSHOT}-{number}"} for number in range(60)]
    made["spec"]["initContainers"] = [{"name": f"i{number}", "image": f"nginx:1.{number}"} for number in range(200)]
    assert gate.try_out(made).warning


CORPUS = yaml.safe_load((ROOT / "tests" / "data" / "corpus" / "images.yaml").read_text(encoding="utf-8"))
IMAGES = sorted({image for case in CORPUS for image in case["images"] if re.fullmatch(r"[!-~]{1,200}", image)})
CHUNK = 12


@pytest.mark.parametrize("start", range(0, len(IMAGES), CHUNK))
def test_server_refuses_what_the_rules_refuse(gate: Gate, start: int) -> None:
    """The patterns in Go's engine and in Python's, and the CEL around them: the same of each image of the corpus."""
    images, told = IMAGES[start : start + CHUNK], admission(builtin_policy(), today())
    made = pod(RELEASED)
    made["spec"]["containers"] = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    expected = [f"{image} {rule.message} ({rule.code})" for image in images if (rule := refused_by(image, told))]
    _, _, found = gate.try_out(made).warning.partition("with binding 'perfana-support-images': ")
    assert (found.split("; ") if found else []) == expected


def test_what_follows_from_an_earlier_policy_refuses_nothing(
    gate: Gate, installed: ApiClient, operator: OperatorProcess
) -> None:
    lasting = {"spec": {"lines": [{"name": "3.1", "endOfLifeOn": "2035-01-01"}]}}
    with operator.asleep():
        installed.patch(API_VERSION, POLICY, "perfana-support", lasting)
        wait_for(lambda: not gate.try_out(deployment(ENDED)).warning, SEEN_WITHIN_SECONDS, "line 3.1 is let in")
    installed.patch(API_VERSION, POLICY, "perfana-support", {"spec": {"lines": None}})
    wait_for(lambda: gate.try_out(deployment(ENDED)).warning, SEEN_WITHIN_SECONDS, "line 3.1 is told of again")


def test_policy_that_changes_is_followed(gate: Gate, installed: ApiClient) -> None:
    installed.patch(API_VERSION, POLICY, "perfana-support", {"spec": {"lines": [{"name": "3.1", "endOfLifeOn": "2035-01-01"}]}})
    wait_for(lambda: not gate.try_out(deployment(ENDED)).warning, SEEN_WITHIN_SECONDS, "line 3.1 is let in")
    installed.patch(API_VERSION, POLICY, "perfana-support", {"spec": {"lines": None}})
    wait_for(lambda: gate.try_out(deployment(ENDED)).warning, SEEN_WITHIN_SECONDS, "line 3.1 is told of again")


@pytest.mark.usefixtures("installed")
def test_nothing_is_left_when_it_is_removed(cluster: Cluster) -> None:
    user(cluster).must(snippet(PAGE, "remove"))
    left = cluster.kubectl("get", "validatingadmissionpolicies,validatingadmissionpolicybindings,supportpolicies", "-o", "name")
    assert not {"perfana-support", "perfana-support-images"} & {name.rpartition("/")[2] for name in left.stdout.split()}
    user(cluster).must(snippet(PAGE, "install"))
