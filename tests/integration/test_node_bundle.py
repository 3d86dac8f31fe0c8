"""A bundle with the logs, states and events of what a real node runs."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from perfana_support.sources.bundle.archive import unpack
from tests.cluster import binaries
from tests.node.image import make_image, write_archive
from tests.node.node import NAME, Node
from tests.node.programs import find_programs
from tests.node.workload import deploy, make_namespace
from tests.planted import LOG_LINE, shapes
from tests.planted_objects import log_lines
from tests.registry.images import alone
from tests.unit.cli.program import start

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PRODUCT, OTHER = "docker.io/perfana/perfana-web:0.2.96.22", "docker.io/acme/agent:1.0"


def test_logs_go_along_without_secrets_and_of_the_product_alone(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        find_programs(binaries.find().kubernetes)
    with Node() as node:
        api = node.client()
        namespace = make_namespace(api, "bundled")
        for name, image, said in (
            ("web", PRODUCT, "\n".join(["web has started", *log_lines(), "web goes on", ""])),
            ("agent", OTHER, "the agent has started\n"),
        ):
            node.import_image(write_archive(tmp_path / f"{name}.tar", image, alone(make_image(name, said=said))))
            deploy(api, namespace, name, image, pull_policy="Never")
        file = tmp_path / "bundle.tar.gz"
        where = ("-n", namespace, "--kubeconfig", str(node.cluster.kubeconfig), "-o", str(file))
        taken = start("bundle", *where, "--logs", "500")
        assert (taken.code, taken.err) == (0, "")
    found = unpack(str(file))
    (log,) = (content.decode() for name, content in found.items() if name.startswith("logs/"))
    assert log.startswith("web has started\n")
    assert log.endswith("web goes on\n")
    content = gzip.decompress(file.read_bytes())
    assert [shape.name for shape in shapes() if shape.where == LOG_LINE and shape.leaks(content)] == []
    pods = json.loads(found["extras/pods.json"])["items"]
    assert {container["ready"] for pod in pods for container in pod["containers"]} == {True}
    (seen,) = json.loads(found["extras/nodes.json"])["items"]
    assert (seen["name"], seen["containerRuntimeVersion"].startswith("containerd://")) == (NAME, True)
    assert {"Scheduled", "Started"} <= {event["reason"] for event in json.loads(found["extras/events.json"])["items"]}
    assert start("check", "--bundle", str(file), "-o", "json").out.encode() == found["report/report.json"]
