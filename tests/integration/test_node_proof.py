"""What containerd truly reports, proven by a real registry: the verdicts of the classes on a real node."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import pytest

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.code import ConditionType
from perfana_support.sources.clock import today
from perfana_support.sources.cluster.snapshot import read_cluster
from perfana_support.sources.policy import policy_of
from perfana_support.sources.registry.client import RegistryClient
from perfana_support.sources.registry.fetch import HttpFetch, read_trust
from perfana_support.sources.registry.hosts import hosts_of
from perfana_support.sources.registry.inquiry import Inquiry
from tests.cluster import binaries
from tests.node.image import make_image, write_archive
from tests.node.node import Node
from tests.node.programs import find_programs
from tests.node.workload import deploy, image_id, make_namespace
from tests.registry.images import Push, alone, attested, derived, nested, squashed, together
from tests.registry.server import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perfana_support.model.installation import Installation
    from perfana_support.model.policy import Policy
    from perfana_support.model.verdict import Verdict

TAG = "0.2.96.22"
WEB, ARM = make_image("vendor's own"), make_image("vendor's own", "arm64")
VENDORS = attested(WEB, ARM)
# What a mirror holds under the vendor's tag, and what comes of it.
CLASSES: dict[str, tuple[Push, str]] = {
    "identical": (VENDORS, "AllRulesMet"),
    "platform": (together(WEB), "AllRulesMet"),
    "alone": (alone(WEB), "AllRulesMet"),
    "recompressed": (together(WEB.packed_by("fast"), ARM.packed_by("fast")), "AllRulesMet"),
    "zstd": (alone(WEB.packed_by("zstd")), "AllRulesMet"),
    "nested": (nested(WEB, ARM), "AllRulesMet"),
    "derived": (alone(derived(WEB)), "DerivedImage"),
    "squashed": (alone(squashed(WEB)), "ImageModified"),
    "user": (alone(WEB.with_settings(User="0")), "ImageReconfigured"),
    "variable": (alone(WEB.with_settings(Env=["NODE_OPTIONS=--inspect"])), "ImageReconfigured"),
    "replaced": (together(derived(WEB), ARM), "DerivedImage"),
}


class Site(NamedTuple):
    """A node and the registry that its images are pulled from."""

    node: Node
    registry: Registry

    def judge(self, namespace: str) -> tuple[str, str]:
        """Judge what runs in a namespace; return reason and message of ImagesUnmodified."""
        kubeconfig = str(self.node.cluster.kubeconfig)
        (installation,) = read_cluster(kubeconfig, None, [namespace]).installations
        verdict = asyncio.run(_judged(_policy(self.registry), installation))
        found = verdict.condition(ConditionType.IMAGES_UNMODIFIED)
        return found.reason, found.message


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        find_programs(binaries.find().kubernetes)
    with Registry() as registry, Node() as node:
        node.use_registry(registry.host, registry.address)
        node.use_registry("docker.io", registry.address)
        registry.push("perfana/perfana-web", VENDORS, TAG)
        yield Site(node, registry)


def _policy(registry: Registry) -> Policy:
    registries = [
        {"name": "docker.io", "endpoint": f"{registry.address}/v2"},
        {"name": registry.host, "endpoint": f"{registry.address}/v2"},
    ]
    spec = {"images": {"verification": "Registry", "registries": registries}}
    api_version = "support.perfana.io/v1alpha1"
    return policy_of({"apiVersion": api_version, "kind": "SupportPolicy", "metadata": {"name": "acme"}, "spec": spec})


async def _judged(policy: Policy, installation: Installation) -> Verdict:
    hosts = hosts_of(policy.fields.images.registries)
    fetch = HttpFetch(hosts, read_trust())
    inquiry = Inquiry(RegistryClient(fetch, hosts))
    try:
        while True:
            verdict = evaluate(installation._replace(answers=inquiry.known_to("")), policy, today())
            if not verdict.open_questions:
                return verdict
            await inquiry.ask(verdict.open_questions)
    finally:
        await fetch.close()


def test_vendors_own_image_is_proven(site: Site) -> None:
    namespace = make_namespace(site.node.client(), "own")
    pod = deploy(site.node.client(), namespace, "web", f"perfana/perfana-web:{TAG}")
    assert image_id(pod) == f"docker.io/perfana/perfana-web@{VENDORS.digest}"
    assert site.judge(namespace)[0] == "AllRulesMet"


@pytest.mark.parametrize("kind", CLASSES)
def test_class_is_told_by_what_the_runtime_reports(site: Site, kind: str) -> None:
    push, reason = CLASSES[kind]
    site.registry.push(f"mirror-{kind}/perfana-web", push, TAG)
    namespace = make_namespace(site.node.client(), kind)
    deploy(site.node.client(), namespace, "web", f"{site.registry.host}/mirror-{kind}/perfana-web:{TAG}")
    found, message = site.judge(namespace)
    assert found == reason, message


def test_imported_image_is_proven_by_its_config(site: Site, tmp_path: Path) -> None:
    namespace = make_namespace(site.node.client(), "imported")
    own = make_image("imported and served")
    site.registry.push("perfana/perfana-api", alone(own), TAG)
    name = f"docker.io/perfana/perfana-api:{TAG}"
    site.node.import_image(write_archive(tmp_path / "image.tar", name, alone(own)))
    pod = deploy(site.node.client(), namespace, "api", name, pull_policy="Never")
    assert image_id(pod) == own.config.digest
    assert site.judge(namespace)[0] == "AllRulesMet"


def test_imported_image_that_is_not_the_vendors_is_unverified(site: Site, tmp_path: Path) -> None:
    namespace = make_namespace(site.node.client(), "imported-other")
    name = f"docker.io/perfana/perfana-web:{TAG}"
    other = make_image("somebody's")
    site.node.import_image(write_archive(tmp_path / "image.tar", name, alone(other)))
    pod = deploy(site.node.client(), namespace, "web", name, pull_policy="Never")
    assert image_id(pod) == other.config.digest
    assert site.judge(namespace)[0] == "DigestUnverified"
