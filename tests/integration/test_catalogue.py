"""`catalogue` against a real registry, and what its list proves with no registry at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.registry.front import Fault, Front
from tests.registry.images import alone, attested, derived, together, vendor_image
from tests.registry.server import Registry
from tests.unit.cli.program import start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RELEASE = "0.2.96.22"
COMPONENTS = ("perfana-web", "perfana-api")
WEB = vendor_image("perfana-web", RELEASE)
SUPPORTED, BAD_INPUT, NOT_SUPPORTED, UNDETERMINED = 0, 2, 3, 5
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    """Run a registry with two components of a release, and copies of one."""
    with Registry() as registry:
        for name in COMPONENTS:
            images = (vendor_image(name, RELEASE), vendor_image(name, RELEASE, "arm64"))
            registry.push(f"hub/perfana/{name}", attested(*images), RELEASE)
        registry.push("mirror/perfana-web", together(WEB.packed_by("zstd")), RELEASE)
        registry.push("changed/perfana-web", alone(derived(WEB)), RELEASE)
        with Front(registry.address) as started:
            yield started


def policy(file: Path, hub: str, **images: object) -> str:
    """Write a policy whose Docker Hub is at an address."""
    spec = {"images": {"registries": [{"name": "docker.io", "endpoint": f"{hub}/v2/hub"}], **images}}
    api_version = "support.perfana.io/v1alpha1"
    file.write_text(
        json.dumps({"apiVersion": api_version, "kind": "SupportPolicy", "metadata": {"name": "acme"}, "spec": spec})
    )
    return str(file)


@pytest.fixture(scope="module")
def catalogue(front: Front, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the catalogue of the release as the command prints it."""
    folder = tmp_path_factory.mktemp("catalogue")
    outcome = start("catalogue", RELEASE, "--policy", policy(folder / "policy.json", front.address))
    assert outcome.code == SUPPORTED, outcome.err
    return outcome.out


def pod(file: Path, image: str) -> str:
    """Write a pod."""
    spec = {"containers": [{"name": "web", "image": image}]}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}))
    return str(file)


def images(text: str) -> tuple[str, str, str]:
    """Return what a report says of ImagesUnmodified."""
    found = next(each for each in json.loads(text)["conditions"] if each["type"] == "ImagesUnmodified")
    return found["status"], found["reason"], found["message"]


def test_catalogue_lists_index_manifests_and_configs_of_each_component(catalogue: str) -> None:
    entries = yaml.safe_load(catalogue)["spec"]["images"]["digests"]
    for name in COMPONENTS:
        pushed = [vendor_image(name, RELEASE, architecture) for architecture in ("amd64", "arm64")]
        wanted = {attested(*pushed).digest, *(part.digest for each in pushed for part in (each.manifest, each.config))}
        assert {entry["digest"] for entry in entries if entry["repository"] == f"perfana/{name}"} == wanted
    assert {entry["madeOf"]["platform"] for entry in entries if "madeOf" in entry} == {"linux/amd64", "linux/arm64"}


def test_component_that_is_not_served_is_told(front: Front, tmp_path: Path) -> None:
    outcome = start("catalogue", RELEASE, "--policy", policy(tmp_path / "policy.json", front.address))
    assert "note: docker.io/perfana/perfana-worker:0.2.96.22 is not served" in outcome.err


def test_listed_digest_is_proven_with_the_network_refused(catalogue: str, tmp_path: Path) -> None:
    (tmp_path / "catalogue.yaml").write_text(catalogue)
    words = ("--policy", str(tmp_path / "catalogue.yaml"), "--verification", "Catalogue", "-o", "json")
    for part in (WEB.manifest, WEB.config):
        file = pod(tmp_path / "pod.json", f"perfana/perfana-web:{RELEASE}@{part.digest}")
        assert images(start("check", "-f", file, *words).out)[:2] == ("True", "AllRulesMet")
    file = pod(tmp_path / "pod.json", f"perfana/perfana-web:{RELEASE}@{derived(WEB).manifest.digest}")
    assert images(start("check", "-f", file, *words).out)[:2] == ("Unknown", "DigestUnverified")


@pytest.mark.parametrize(("repository", "reason"), [("mirror", "AllRulesMet"), ("changed", "DerivedImage")])
def test_mirror_is_held_against_the_list_where_the_vendor_is_out_of_reach(
    catalogue: str, front: Front, tmp_path: Path, repository: str, reason: str
) -> None:
    listed = yaml.safe_load(catalogue)["spec"]["images"]["digests"]
    own = [
        {"name": "docker.io", "endpoint": f"{NOWHERE}/v2"},
        {"name": front.host, "endpoint": f"{front.address}/v2"},
    ]
    mirrors = [{"from": f"{front.host}/{repository}/", "to": "perfana/"}]
    file = policy(tmp_path / "own.json", NOWHERE, verification="Registry", digests=listed, registries=own, mirrors=mirrors)
    image = pod(tmp_path / "pod.json", f"{front.host}/{repository}/perfana-web:{RELEASE}")
    outcome = start("check", "-f", image, "--policy", file, "-o", "json")
    assert images(outcome.out)[1] == reason, outcome.out + outcome.err


def test_what_cannot_be_read_fails_the_run(front: Front, tmp_path: Path) -> None:
    front.on("perfana-api/manifests", Fault(status=500))
    outcome = start("catalogue", RELEASE, "--policy", policy(tmp_path / "policy.json", front.address))
    front.heal()
    assert outcome.code == BAD_INPUT
    assert "error: perfana/perfana-api:0.2.96.22: " in outcome.err
    assert "answers 500" in outcome.err
    assert "perfana/perfana-web" in outcome.out


def test_release_that_no_policy_lists_is_refused() -> None:
    outcome = start("catalogue", "9.9.9")
    assert (outcome.code, outcome.out) == (BAD_INPUT, "")
    assert "9.9.9: is no release that policy default lists" in outcome.err
