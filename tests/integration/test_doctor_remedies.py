"""Commands that `doctor` prints, run as they are: to install, by Helm too, to restrict pods, to get a newer program."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from perfana_support import __version__
from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster
from tests.cluster.waiting import wait_for
from tests.integration.helm_tool import MAJORS, find_helm
from tests.integration.installing import APPS, NAME, Place
from tests.integration.operator_process import ROOT
from tests.integration.packages import CLUSTER_FILE
from tests.release.platforms import this_platform
from tests.shell import BASH, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.packages import Machine

DEFINITIONS = "supportchecks.support.perfana.io"
WITHIN_SECONDS = 240.0


class Admin(NamedTuple):
    """Somebody with doctor, kubectl and one Helm, who runs in a checkout what is printed."""

    place: Place
    namespace: str

    def problems(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return the problems by area and subject."""
        done = self._shell.run(f"perfana-support doctor -o json --operator-namespace {self.namespace} {' '.join(arguments)}")
        found = json.loads(done.stdout)["checks"]
        return {f"{each['area']} {each['subject']}": each for each in found if each["state"] == "Problem"}

    def run(self, command: str) -> str:
        """Run a command as it is printed."""
        return self._shell.must(command)

    @property
    def _shell(self) -> Shell:
        return self.place.shell._replace(by=BASH)

    @property
    def deployment(self) -> dict[str, Any]:
        """The operator's."""
        found: dict[str, Any] = self.place.api.get(APPS, "Deployment", NAME, self.namespace)
        return found


@pytest.fixture(params=MAJORS, ids=[f"helm-{major}" for major in MAJORS])
def admin(controlled: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Admin]:
    """Return somebody with one of the two Helms, for whom a namespace is there."""
    made = Admin(Place(controlled, tmp_path, find_helm(request.param)), f"shop-{request.param}")
    made.place.make_namespace(made.namespace)
    yield made
    made.place.delete_namespace(made.namespace)


def test_commands_in_their_order_install_an_operator_and_then_keep_its_values(admin: Admin) -> None:
    """Somebody who types them one after the other, each once, with the registry of the documentation."""
    watching = ("-n", admin.namespace)
    problems = admin.problems(*watching)
    for each in problems.values():
        typed = [fix["command"] for fix in each["fix"]]
        assert len({*typed}) == len(typed), each
    commands = [fix["command"] for each in problems.values() for fix in each["fix"]]
    noted = {fix["command"]: fix.get("note", "") for each in problems.values() for fix in each["fix"]}
    for command in dict.fromkeys(commands):
        assert command.startswith("helm ") == ("in place of harbor.example.com/perfana" in noted[command])
        admin.run(command)
    image = f"harbor.example.com/perfana/perfana-support:{__version__}"
    assert admin.deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert not {name for name in admin.problems() if name.startswith(("Definitions", "Rights"))}

    admin.place.helm("upgrade", NAME, f"charts/{NAME}", "--reuse-values", "--set", "replicas=2", namespace=admin.namespace)
    values = admin.place.helm("get", "values", NAME, "-o", "json", namespace=admin.namespace)
    admin.place.kubectl("delete", "deployment", NAME, "-n", admin.namespace)
    (fix,) = admin.problems(*watching)["Operator Deployment"]["fix"]
    admin.run(fix["command"])
    spec = admin.deployment["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (2, image)
    assert json.loads(admin.place.helm("get", "values", NAME, "-o", "json", namespace=admin.namespace)) == json.loads(values)


def test_pods_that_the_namespace_refuses_are_restricted_and_nothing_else_changes(admin: Admin) -> None:
    """The controller's own Event tells of it, with the words of the server's admission."""
    apply_crds(admin.place.api, ROOT / "crds")
    words = (
        "--set",
        "crds.install=false,image.repository=harbor.example.com/ours",
        "--set",
        "replicas=2",
    )
    admin.place.helm("install", NAME, f"charts/{NAME}", *words, "--set", f"watch.namespaces={{{admin.namespace}}}",
                     namespace=admin.namespace)  # fmt: skip
    admin.run(f"kubectl label namespace {admin.namespace} pod-security.kubernetes.io/enforce=restricted")
    loose = {"allowPrivilegeEscalation": True, "runAsUser": 0, "runAsNonRoot": False}
    container = {"name": "operator", "securityContext": {**loose, "capabilities": {"add": ["NET_ADMIN"], "drop": None}}}
    pod = {"hostNetwork": True, "securityContext": {"seccompProfile": {"type": "Unconfined"}}, "containers": [container]}
    before = admin.deployment["spec"]["template"]["spec"]
    patch = json.dumps({"spec": {"template": {"spec": pod}}})
    admin.run(f"kubectl patch deployment {NAME} -n {admin.namespace} -p {shlex.quote(patch)}")
    found = wait_for(lambda: admin.problems().get("Operator Pod Security"), WITHIN_SECONDS, "the refusal is told")
    assert 'violates PodSecurity "restricted:latest"' in found["found"]
    admin.run(found["fix"][0]["command"])
    wait_for(lambda: admin.deployment["status"].get("updatedReplicas") == 2, WITHIN_SECONDS, "pods are made")
    assert admin.deployment["spec"]["template"]["spec"] == before


def test_program_of_a_single_file_names_the_file_that_is_to_be_replaced(release: Path, machine: Machine) -> None:
    with Cluster() as cluster:
        api = cluster.client()
        apply_crds(api, ROOT / "crds")
        stored = api.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", DEFINITIONS)
        fields = stored["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
        fields["later"] = {"type": "string"}
        api.replace(stored)
        program = machine.programs / "kubectl-perfana_support"
        program.write_bytes((release / CLUSTER_FILE).read_bytes())
        program.chmod(0o755)
        outcome = machine.run([program, "doctor", "-o", "json", "--kubeconfig", cluster.kubeconfig])
        (found,) = [each for each in json.loads(outcome.out)["checks"] if "is newer than this program" in each["found"]]
        (fix,) = found["fix"]
        assert fix["command"] == f"install -m 755 perfana-support-cluster-{this_platform()}.pyz {program}"
        (machine.folder / f"perfana-support-cluster-{this_platform()}.pyz").write_text("newer")
        assert machine.run(shlex.split(fix["command"])).code == 0
        assert program.read_text() == "newer"
