"""Gates that are Jobs, on a real node: the program in a pod, with the rights of its manifest, ends the upgrade or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from tests.cluster import binaries
from tests.cluster.waiting import wait_for
from tests.node.image import make_image, write_archive
from tests.node.node import Node
from tests.node.program_image import make_program_image
from tests.node.programs import find_programs
from tests.node.workload import deploy, make_namespace
from tests.registry.images import alone
from tests.shell import helm_user
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

PAGE = "docs/gates/helm.md"
GATE_IMAGE = "docker.io/library/perfana-support:test"
RUNNING = "docker.io/perfana/perfana-fe:perfana-3.1.0"
NEWEST, ENDED, NOBODYS = "0.2.96.22", "3.1.0", "9.9.0"
ROOT = Path(__file__).parents[2]
ENDED_WITHIN_SECONDS = 180.0


@pytest.fixture(scope="module")
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that has the program's image, and one of the vendor's that runs."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        find_programs(binaries.find().kubernetes)
    folder = tmp_path_factory.mktemp("images")
    with Node() as started:
        started.import_image(write_archive(folder / "gate.tar", GATE_IMAGE, alone(make_program_image())))
        started.import_image(write_archive(folder / "old.tar", RUNNING, alone(make_image("old"))))
        yield started


class Chart(NamedTuple):
    """A chart with the Job of the page, and Helm."""

    node: Node
    helm: Path
    namespace: str
    folder: Path

    def install(self) -> subprocess.CompletedProcess[str]:
        """Install the chart as the release that runs."""
        self.write_values(ENDED)
        return self._run("helm install perfana ./chart --namespace perfana")

    def upgrade(self, release: str) -> subprocess.CompletedProcess[str]:
        """Run the page's command with a release as value."""
        self.write_values(release)
        return self._run(snippet(PAGE, "upgrade"))

    def write_values(self, release: str) -> None:
        values = f'perfanaRelease: "{release}"\ngateImage: {GATE_IMAGE}\n'
        (self.folder / "chart" / "values.yaml").write_text(values, encoding="utf-8")

    def _run(self, block: str) -> subprocess.CompletedProcess[str]:
        placed = changed(block, ("--namespace perfana", f"--namespace {self.namespace}"))
        return helm_user(self.node.cluster, self.helm, self.folder).at(self.folder).run(placed)

    @property
    def said(self) -> str:
        """What the Job said, and the exit code of its container."""
        pods = self.node.client().list("v1", "Pod", self.namespace, labelSelector="job-name=perfana-support-gate")["items"]
        codes = [each["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] for each in pods]
        logs = self.node.cluster.kubectl("logs", "job/perfana-support-gate", "-n", self.namespace)
        return f"{codes} {logs.stdout}{logs.stderr}"

    @property
    def release(self) -> str:
        """The release that the application's ConfigMap tells of."""
        return str(self.node.client().get("v1", "ConfigMap", "application", self.namespace)["data"]["release"])


APPLICATION = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: application}
data: {release: {{ .Values.perfanaRelease | quote }}}
"""


@pytest.fixture
def chart(node: Node, programs: dict[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Chart:
    """A chart that is installed, in a namespace that enforces Pod Security restricted, beside a release that has ended."""
    name = "gate-" + "".join(each if each.isalnum() else "-" for each in request.node.name[-40:]).strip("-").lower()
    namespace = make_namespace(node.client(), name)
    deploy(node.client(), namespace, "fe", RUNNING)
    enforced = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    node.client().patch("v1", "Namespace", namespace, enforced)
    templates = tmp_path / "chart" / "templates"
    templates.mkdir(parents=True)
    (templates / "gate.yaml").write_text(snippet(PAGE, "job"), encoding="utf-8")
    (templates / "application.yaml").write_text(APPLICATION, encoding="utf-8")
    (templates.parent / "Chart.yaml").write_text("apiVersion: v2\nname: perfana\nversion: 1.0.0\n", encoding="utf-8")
    made = Chart(node, programs[getattr(request, "param", "helm-4")], namespace, tmp_path)
    installed = made.install()
    assert installed.returncode == 0, installed.stderr
    return made


@pytest.mark.parametrize("chart", ["helm-4", "helm-3"], indirect=True)
def test_supported_upgrade_of_an_ended_release_goes_ahead(chart: Chart) -> None:
    done = chart.upgrade(NEWEST)
    assert done.returncode == 0, done.stderr + chart.said
    assert chart.said.startswith("[0] ")
    assert chart.release == NEWEST


@pytest.mark.parametrize(
    ("chart", "target", "code"),
    [("helm-4", ENDED, 3), ("helm-4", NOBODYS, 5), ("helm-3", ENDED, 3)],
    indirect=["chart"],
)
def test_upgrade_that_is_not_supported_leaves_what_runs(chart: Chart, target: str, code: int) -> None:
    done = chart.upgrade(target)
    assert done.returncode != 0
    assert chart.said.startswith(f"[{code}] "), chart.said
    assert "after the upgrade to" in chart.said
    assert chart.release == "3.1.0"
    running = chart.node.client().get("apps/v1", "Deployment", "fe", chart.namespace)
    assert running["status"]["readyReplicas"] == 1


def test_right_that_is_missing_stops_the_upgrade(chart: Chart) -> None:
    """What nobody can read is no pass, and no crash."""
    gate = chart.folder / "chart" / "templates" / "gate.yaml"
    gate.write_text(snippet(PAGE, "job").replace("resources: [pods]", "resources: [services]"), encoding="utf-8")
    assert chart.upgrade(NEWEST).returncode != 0
    assert chart.said.startswith("[5] "), chart.said
    assert chart.release == "3.1.0"


PRESYNC = ROOT / "manifests" / "argocd" / "presync.yaml"
OUTCOMES = [(NEWEST, 0, "Complete"), (ENDED, 3, "Failed"), (NOBODYS, 5, "Failed")]


@pytest.mark.parametrize(("target", "code", "condition"), OUTCOMES)
def test_job_before_a_sync_ends_as_the_verdict_is(node: Node, target: str, code: int, condition: str) -> None:
    """What Argo CD reads of a PreSync hook: whether its Job is Complete or Failed."""
    api = node.client()
    namespace = make_namespace(api, f"presync-{code}")
    deploy(api, namespace, "fe", RUNNING)
    api.patch("v1", "Namespace", namespace, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    for item in yaml.safe_load_all(
        PRESYNC.read_text(encoding="utf-8").replace("namespace: perfana\n", f"namespace: {namespace}\n")
    ):
        if item["kind"] == "RoleBinding":
            item["subjects"][0]["namespace"] = namespace
        if item["kind"] == "Job":
            (container,) = item["spec"]["template"]["spec"]["containers"]
            container["image"] = GATE_IMAGE
            container["env"][0]["value"] = target
        api.create(item, namespace)

    def ended() -> str:
        said = api.get("batch/v1", "Job", "perfana-support-presync", namespace)["status"].get("conditions", [])
        return next((each["type"] for each in said if each["type"] in {"Complete", "Failed"} and each["status"] == "True"), "")

    assert wait_for(ended, ENDED_WITHIN_SECONDS, "the Job has ended") == condition
    (made,) = api.list("v1", "Pod", namespace, labelSelector="job-name=perfana-support-presync")["items"]
    (state,) = made["status"]["containerStatuses"]
    assert state["state"]["terminated"]["exitCode"] == code
    assert code == 0 or "policy default of" in state["state"]["terminated"]["message"], "the end of what it said"
