"""docs/images.md, block by block: with a registry on loopback for Docker Hub, and a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ACCOUNT, shipped_identity
from tests.integration.support_objects import deployment
from tests.registry.images import alone, vendor_image
from tests.registry.server import Registry
from tests.shell import Shell, user
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient
    from tests.cluster.server import Cluster

PAGE = "docs/images.md"
RELEASES = ("0.2.96.21", "0.2.96.22")
GRANTED_WITHIN_SECONDS = 60.0


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """Run what stands for Docker Hub, with one component of the page's releases."""
    with Registry() as started:
        for release in RELEASES:
            started.push("perfana/perfana-web", alone(vendor_image("perfana-web", release)), release)
        yield started


@pytest.fixture
def policy(registry: Registry, tmp_path: Path) -> Path:
    """Write the page's policy, whose Docker Hub is the registry."""
    hub = (
        "- name: docker.io                            #",
        f"- name: docker.io\n      endpoint: {registry.address}/v2                #",
    )
    file = tmp_path / "acme.yaml"
    file.write_text(changed(snippet(PAGE, "policy"), hub))
    return file


@pytest.fixture
def reader(pages_cluster: Cluster, tmp_path: Path, policy: Path) -> Shell:
    """Return somebody with a cluster, a manifest and the policy."""
    assert policy.exists()
    reader = user(pages_cluster, tmp_path)
    (tmp_path / "perfana.yaml").write_text(yaml.safe_dump(deployment(f"perfana/perfana-web:{RELEASES[0]}")))
    return reader


@pytest.fixture(scope="module")
def namespace(pages_cluster: Cluster, registry: Registry) -> str:
    """Make a namespace that runs the vendor's image, by its digest."""
    name, api = "perfana-proven", pages_cluster.client()
    digest = registry.push("perfana/perfana-web", alone(vendor_image("perfana-web", RELEASES[1])), RELEASES[1])
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    api.create(deployment(f"perfana/perfana-web:{RELEASES[1]}@{digest}"), name)
    return name


def test_images_are_proven_by_the_registry(reader: Shell, namespace: str) -> None:
    """The second command is about the built-in policy's registry, Docker Hub, for which a variable names the page's policy."""
    live, file = snippet(PAGE, "check").splitlines()
    assert "ImagesUnmodified          True      AllRulesMet" in reader.must(changed(live, ("-n perfana", f"-n {namespace}")))
    assert "ImagesUnmodified          True      AllRulesMet" in reader.having(PERFANA_SUPPORT_POLICY="acme.yaml").must(file)


def test_catalogue_proves_what_runs_with_no_registry(reader: Shell, namespace: str) -> None:
    block = changed(
        snippet(PAGE, "catalogue"),
        ("> catalogue.yaml", "--policy acme.yaml > catalogue.yaml"),
        ("-n perfana", f"-n {namespace}"),
    )
    assert "ImagesUnmodified          True      AllRulesMet" in reader.must(block)


@pytest.mark.usefixtures("installed")
def test_role_lets_the_operator_read_that_secret_and_no_other(pages_cluster: Cluster, reader: Shell, tmp_path: Path) -> None:
    """The operator's account is the one that ships; its client asks, so that the server's own answer counts."""
    account = shipped_identity(pages_cluster)
    (tmp_path / "secret.yaml").write_text(snippet(PAGE, "secret"))
    reader.must("kubectl apply -f secret.yaml")
    client = pages_cluster.client(account.token)
    wait_for(lambda: _may_read(client, "harbor"), GRANTED_WITHIN_SECONDS, "the right to one Secret")
    assert not _may_read(client, "another")
    named = yaml.safe_load(snippet(PAGE, "policy"))["spec"]["images"]["registries"][1]["pullSecret"]
    assert named == {"namespace": ACCOUNT, "name": "harbor"}


def _may_read(client: ApiClient, secret: str) -> bool:
    asked = {"verb": "get", "resource": "secrets", "namespace": ACCOUNT, "name": secret}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    return bool(client.create({**kind, "metadata": {}, "spec": {"resourceAttributes": asked}})["status"]["allowed"])
