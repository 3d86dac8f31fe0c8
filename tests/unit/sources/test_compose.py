"""Compose files: images, and nothing else."""

from pathlib import Path

import pytest

from tests.unit.sources.manifests import faults, images, names, workloads, write

COMPOSE = """\
version: "3"
services:
  web:
    image: perfana/perfana-web:0.2.96.22
    environment: {NODE_OPTIONS: --require=/tmp/x.js}
  db: {image: "timescale/timescaledb-ha:pg18.6-ts2.30.2"}
  own: {build: .}
volumes: {}
"""


def test_services_are_workloads_with_their_images(tmp_path: Path) -> None:
    found = workloads(write(tmp_path, COMPOSE, "docker-compose.yml"))
    assert names(found) == ["ComposeService/web", "ComposeService/db", "ComposeService/own"]
    assert images(found) == ["perfana/perfana-web:0.2.96.22", "timescale/timescaledb-ha:pg18.6-ts2.30.2", ""]
    assert [container.location.line for each in found for container in each.containers if container.location][:2] == [4, 6]


@pytest.mark.parametrize("image", ["perfana/perfana-web:${TAG}", "perfana/perfana-web:${TAG:-0.2.96.22}"])
def test_variable_leaves_the_image_open_for_anything_may_set_it(tmp_path: Path, image: str) -> None:
    assert images(workloads(write(tmp_path, f"services: {{a: {{image: '{image}'}}}}"))) == [image]


@pytest.mark.parametrize(
    "text", ["include: [more.yml]\nservices: {a: {image: b}}", "services: {a: {extends: {service: b}, image: c}}"]
)
def test_what_is_elsewhere_is_a_fault(tmp_path: Path, text: str) -> None:
    assert "is not followed; give what docker compose config writes out" in str(faults(write(tmp_path, text))[0])


@pytest.mark.parametrize("services", ["{a: b}", "{a: {image: [b]}}"])
def test_broken_services_are_faults(tmp_path: Path, services: str) -> None:
    assert "services.a" in str(faults(write(tmp_path, f"services: {services}"))[0])


def test_values_of_a_chart_are_no_compose_file(tmp_path: Path) -> None:
    assert "has no kind" in str(faults(write(tmp_path, "services: [a]\nreplicas: 1\n"))[0])
