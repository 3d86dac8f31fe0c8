"""What a real node runs, and what it says of the images that it runs."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster import binaries
from tests.cluster.server import ClusterError
from tests.cluster.waiting import wait_for
from tests.e2e.docker_images import renamed
from tests.integration.docker_archives import SAVERS
from tests.node import control_groups, network
from tests.node.image import make_image, this_architecture, write_archive
from tests.node.node import FOLDER_PREFIX, NAME, Node, NodeError
from tests.node.programs import find_programs
from tests.node.workload import RUNNING_WITHIN_SECONDS, deploy, image_id, make_deployment, make_namespace, waiting_reasons
from tests.registry.images import alone, together
from tests.registry.server import Registry
from tests.shell import user
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object

REPOSITORY = Path(__file__).parents[2]
GONE_WITHIN_SECONDS = 60.0
VENDOR = "perfana/perfana-web"
PAGE = "tests/node/README.md"


@pytest.fixture(scope="module")
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        find_programs(binaries.find().kubernetes)
    with Node() as started:
        yield started


@pytest.fixture(scope="module")
def registry(node: Node) -> Iterator[Registry]:
    with Registry() as started:
        node.use_registry(started.host, started.address)
        node.use_registry("docker.io", started.address)
        yield started


@pytest.fixture(scope="module")
def vendors(node: Node) -> str:
    return make_namespace(node.client(), "vendors")


def _processes(folder: str) -> list[str]:
    """Processes that a node's folder is part of, by their command or their mounts: containers have these."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            command = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            if folder in command or folder in (process / "mountinfo").read_text():
                found.append(f"{process.name}: {command}")
    return found


def _runs_in(folder: str) -> bool:
    """Whether a container runs beside the one that holds its pod's namespaces; they have the same program."""
    return sum(each.endswith(": /app/run ") for each in _processes(folder)) > 1


def _traces(folder: str) -> list[str]:
    """All that is left of a node: processes, mounts, its network device, control groups, its folder."""
    devices = subprocess.run(["ip", "-details", "link", "show", "type", "bridge"], capture_output=True, text=True, check=True)
    found = [line.strip() for line in devices.stdout.splitlines() if folder in line]
    found += [str(group) for group in control_groups.ROOT.glob(f"*/{Path(folder).name}")]
    return [*_processes(folder), *found, *([folder] if Path(folder).exists() else [])]


def test_the_node_is_what_it_says(node: Node) -> None:
    info = node.client().get("v1", "Node", NAME)["status"]["nodeInfo"]
    assert info["kubeletVersion"] == f"v{node.cluster.binaries.kubernetes}"
    assert info["containerRuntimeVersion"].startswith("containerd://2.")


def test_a_node_that_boots_again_runs_its_pods_again_in_new_containers(tmp_path: Path) -> None:
    name = f"docker.io/{VENDOR}:boots"
    with Node() as own:
        own.import_image(write_archive(tmp_path / "image.tar", name, alone(make_image("boots"))))
        before = deploy(own.client(), make_namespace(own.client(), "boots"), "boots", name, pull_policy="Never")
        processes = set(_processes(str(own.folder)))
        own.restart()
        after = wait_for(lambda: _started_again(own, before), RUNNING_WITHIN_SECONDS, "a container that was started again")
        assert image_id(after) == image_id(before)
        assert not processes & {each for each in _processes(str(own.folder)) if "/app/run" in each}


def _started_again(node: Node, before: Object) -> Object | None:
    pod: Object = node.client().get("v1", "Pod", before["metadata"]["name"], before["metadata"]["namespace"])
    (status,) = pod["status"]["containerStatuses"]
    return pod if status["ready"] and status["restartCount"] > 0 else None


def test_an_imported_image_is_known_by_the_digest_of_its_configuration(node: Node, vendors: str, tmp_path: Path) -> None:
    image, name = make_image("imported"), f"docker.io/{VENDOR}:imported"
    node.import_image(write_archive(tmp_path / "image.tar", name, alone(image)))
    pod = deploy(node.client(), vendors, "imported", name, pull_policy="Never")
    assert image_id(pod) == image.config.digest


@pytest.mark.parametrize("version", SAVERS)
def test_what_docker_saved_runs_under_the_name_that_make_kind_gives_it(
    node: Node, vendors: str, tmp_path: Path, version: str
) -> None:
    kept, label = "perfana-support-kind/vendor-0:latest", f"saved-{version.replace(' ', '-')}"
    name = f"docker.io/{VENDOR}:{label}"
    archive = renamed(SAVERS[version](tmp_path / "saved.tar", [kept]), tmp_path / "images.tar", {kept: name})
    node.import_image(archive, "--all-platforms", "--digests")
    pod = deploy(node.client(), vendors, label, name, pull_policy="Never")
    assert image_id(pod)
    assert kept not in node.ctr("images", "list")


def test_a_pulled_image_is_known_by_its_repository_and_the_digest_of_its_manifest(
    node: Node, vendors: str, registry: Registry
) -> None:
    digest = registry.push(VENDOR, alone(make_image("by tag")), "by-tag")
    pod = deploy(node.client(), vendors, "by-tag", f"{registry.host}/{VENDOR}:by-tag")
    assert image_id(pod) == f"{registry.host}/{VENDOR}@{digest}"


def test_python_of_the_page_runs(node: Node, vendors: str, registry: Registry, tmp_path: Path) -> None:
    """It is given what it names: the fixtures of this module, and what the page's table of modules lists."""
    modules = {each.__name__: each for each in (alone, deploy, make_image, write_archive)}
    given: dict[str, Any] = {
        "node": node,
        "registry": registry,
        "path": tmp_path / "image.tar",
        "namespace": vendors,
        **modules,
    }
    exec(snippet(PAGE, "images"), given)  # noqa: S102 - a page of ours
    assert image_id(given["pod"]) == make_image("any text").config.digest


def test_an_image_pulled_by_digest_is_known_by_it(node: Node, vendors: str, registry: Registry) -> None:
    digest = registry.push(VENDOR, alone(make_image("by digest")), "by-digest")
    pod = deploy(node.client(), vendors, "by-digest", f"{registry.host}/{VENDOR}@{digest}")
    assert image_id(pod) == f"{registry.host}/{VENDOR}@{digest}"


def test_an_image_for_several_platforms_is_known_by_the_digest_of_its_index(
    node: Node, vendors: str, registry: Registry
) -> None:
    images = [make_image("several", each) for each in ("amd64", "arm64")]
    digest = registry.push(VENDOR, together(*images), "several")
    pod = deploy(node.client(), vendors, "several", f"{registry.host}/{VENDOR}:several")
    assert image_id(pod) == f"{registry.host}/{VENDOR}@{digest}"


def test_a_mirror_is_not_seen_in_what_is_said_of_an_image(node: Node, vendors: str, registry: Registry) -> None:
    digest = registry.push(VENDOR, alone(make_image("mirrored")), "mirrored")
    pod = deploy(node.client(), vendors, "mirrored", f"{VENDOR}:mirrored")
    assert image_id(pod) == f"docker.io/{VENDOR}@{digest}"


def test_an_image_with_a_second_name_on_the_node_is_known_as_before(node: Node, vendors: str, tmp_path: Path) -> None:
    image, first, second = make_image("second name"), "docker.io/acme/web:1", f"docker.io/{VENDOR}:second-name"
    node.import_image(write_archive(tmp_path / "image.tar", first, alone(image)))
    node.ctr("images", "tag", first, second)
    pod = deploy(node.client(), vendors, "second-name", second, pull_policy="Never")
    assert image_id(pod) == image.config.digest


def test_a_pulled_image_with_a_second_name_is_not_run_under_it(node: Node, vendors: str, registry: Registry) -> None:
    registry.push("acme/web", alone(make_image("renamed")), "renamed")
    deploy(node.client(), vendors, "original", f"{registry.host}/acme/web:renamed")
    node.ctr("images", "tag", f"{registry.host}/acme/web:renamed", f"docker.io/{VENDOR}:renamed")
    make_deployment(node.client(), vendors, "renamed", f"{VENDOR}:renamed", pull_policy="Never")
    wait_for(
        lambda: "ErrImageNeverPull" in waiting_reasons(node.client(), vendors, "renamed"), RUNNING_WITHIN_SECONDS, "refusal"
    )


def test_an_image_imported_with_digests_is_known_by_a_repository_that_nobody_has(
    node: Node, vendors: str, tmp_path: Path
) -> None:
    name = f"docker.io/{VENDOR}:digests"
    node.import_image(write_archive(tmp_path / "image.tar", name, alone(make_image("digests"))), "--digests")
    pod = deploy(node.client(), vendors, "digests", name, pull_policy="Never")
    assert re.fullmatch(r"docker\.io/library/import-[0-9-]+@sha256:[0-9a-f]{64}", image_id(pod))


def test_an_image_for_several_platforms_is_known_by_its_configuration_when_imported(
    node: Node, vendors: str, tmp_path: Path
) -> None:
    images, name = [make_image("imports", each) for each in ("amd64", "arm64")], f"docker.io/{VENDOR}:imports"
    node.import_image(write_archive(tmp_path / "image.tar", name, together(*images)))
    pod = deploy(node.client(), vendors, "imports", name, pull_policy="Never")
    (ours,) = [each for each in images if each.architecture == this_architecture()]
    assert image_id(pod) == ours.config.digest


def test_an_image_of_two_repositories_is_known_by_the_one_that_is_first_in_the_alphabet(
    node: Node, vendors: str, registry: Registry
) -> None:
    image = make_image("twice")
    digests = [registry.push(repository, alone(image), "twice") for repository in ("acme/web", VENDOR)]
    deploy(node.client(), vendors, "theirs", "acme/web:twice")
    pod = deploy(node.client(), vendors, "ours", f"{VENDOR}:twice")
    assert image_id(pod) == f"docker.io/acme/web@{digests[0]}"


def test_an_image_that_differs_by_its_compression_is_known_by_the_manifest_of_another(
    node: Node, vendors: str, registry: Registry
) -> None:
    image = make_image("compressed")
    theirs = registry.push("acme/web", alone(image), "compressed")
    assert registry.push(VENDOR, alone(image.packed_by("fast")), "compressed") != theirs
    deploy(node.client(), vendors, "quick", "acme/web:compressed")
    pod = deploy(node.client(), vendors, "small", f"{VENDOR}:compressed")
    assert image_id(pod) == f"docker.io/acme/web@{theirs}"


def test_logs_are_read_through_the_server(node: Node, vendors: str, tmp_path: Path) -> None:
    name = f"docker.io/{VENDOR}:logs"
    node.import_image(write_archive(tmp_path / "image.tar", name, alone(make_image("logs"))))
    deploy(node.client(), vendors, "logs", name, pull_policy="Never")
    assert node.cluster.kubectl("logs", "-n", vendors, "deployment/logs").stdout == "ready\n"


def test_the_log_is_read_as_the_runbooks_say(node: Node, tmp_path: Path) -> None:
    name = f"docker.io/{VENDOR}:runbook"
    node.import_image(write_archive(tmp_path / "image.tar", name, alone(make_image("runbook"))))
    make_namespace(node.client(), "perfana-support")
    deploy(node.client(), "perfana-support", "perfana-support", name, pull_policy="Never")
    assert user(node.cluster).must(snippet("docs/runbooks.md", "log")) == "ready\n"


def test_a_start_that_fails_leaves_nothing() -> None:
    folder = Path(tempfile.gettempdir())
    before = set(folder.glob(f"{FOLDER_PREFIX}*"))
    with pytest.raises(ClusterError, match="no-such-flag"):
        Node(flags=["--no-such-flag"])
    assert set(folder.glob(f"{FOLDER_PREFIX}*")) - before == set()


def test_a_kubelet_that_does_not_start_is_shown_with_its_log_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def write_nonsense(folder: Path, **_: object) -> Path:
        path = folder / "kubelet.json"
        path.write_text("nonsense")
        return path

    monkeypatch.setattr("tests.node.node.write_kubelet_settings", write_nonsense)
    with pytest.raises(NodeError, match="kubelet ended with code 1") as caught:
        Node()
    shown = re.search(
        rf"failed to load kubelet config file, path: (\S*/{FOLDER_PREFIX}[^/]+)/kubelet/kubelet.json", str(caught.value)
    )
    assert shown, caught.value
    assert _traces(shown[1]) == []


def test_a_closed_node_leaves_nothing(tmp_path: Path) -> None:
    name = "docker.io/perfana/perfana-web:closed"
    with Node() as node:
        node.import_image(write_archive(tmp_path / "image.tar", name, alone(make_image("closed"))))
        deploy(node.client(), "default", "closed", name, pull_policy="Never")
        folder = str(node.folder)
        assert _traces(folder)
    assert _traces(folder) == []


def test_containers_of_a_node_end_with_it_when_it_is_killed(tmp_path: Path) -> None:
    name = "docker.io/perfana/perfana-web:killed"
    archive = write_archive(tmp_path / "image.tar", name, alone(make_image("killed")))
    line = next(each for each in snippet(PAGE, "run").splitlines() if "my-image.tar" in each)
    python, *words = shlex.split(changed(line, ("my-image.tar", str(archive))), comments=True)
    assert python == "python"
    command = [sys.executable, *words]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = [next(process.stdout) for _ in range(3)]
            folder = re.search(rf"\S*/{FOLDER_PREFIX}[^/]+", said[0])
            assert folder, said
            environment = {"KUBECONFIG": said[2].partition("=")[2].strip(), "PATH": os.defpath}
            kubectl = [str(binaries.find().kubectl), "create", "deployment", "killed", f"--image={name}"]
            subprocess.run(kubectl, env=environment, check=True, stdout=subprocess.DEVNULL)
            wait_for(lambda: _runs_in(folder[0]), RUNNING_WITHIN_SECONDS, "container")
        finally:
            process.kill()
    wait_for(lambda: not Path(folder[0]).exists() and not _processes(folder[0]), GONE_WITHIN_SECONDS, f"{folder[0]} gone")
    network.remove_orphans()
    control_groups.remove_orphans(FOLDER_PREFIX)
    assert _traces(folder[0]) == []
