"""`check --verification Registry` against a real registry, as somebody types it."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.registry.front import Front
from tests.registry.images import alone, derived, together, vendor_image
from tests.registry.server import PASSWORD, USER, Registry, make_certificate, server_context
from tests.unit.cli.program import start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RELEASE = "0.2.96.22"
WEB = vendor_image("perfana-web", RELEASE)
VENDORS = together(WEB, vendor_image("perfana-web", RELEASE, "arm64"))
SUPPORTED, BAD_INPUT, NOT_SUPPORTED, UNDETERMINED = 0, 2, 3, 5


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """Run a registry that wants a password."""
    with Registry(wants_password=True) as started:
        started.push("hub/perfana/perfana-web", VENDORS, RELEASE)
        started.push("hub/perfana/perfana-api", alone(derived(WEB)), RELEASE)
        yield started


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Write a Deployment of the vendor's image."""
    template = {"spec": {"containers": [{"name": "web", "image": f"perfana/perfana-web:{RELEASE}"}]}}
    file = tmp_path / "web.json"
    file.write_text(
        json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template}})
    )
    return file


def policy(folder: Path, address: str, **images: object) -> Path:
    """Write a policy whose Docker Hub is at an address."""
    spec = {"images": {"registries": [{"name": "docker.io", "endpoint": f"{address}/v2/hub"}], **images}}
    file = folder / "policy.json"
    api_version = "support.perfana.io/v1alpha1"
    file.write_text(
        json.dumps({"apiVersion": api_version, "kind": "SupportPolicy", "metadata": {"name": "acme"}, "spec": spec})
    )
    return file


def docker_config(folder: Path, host: str, password: str = PASSWORD) -> Path:
    """Write what `docker login` writes."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    file = folder / "config.json"
    file.write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return file


def images(text: str) -> tuple[str, str, str]:
    """Return what a report says of ImagesUnmodified."""
    report: dict[str, Any] = json.loads(text)
    found = next(each for each in report["conditions"] if each["type"] == "ImagesUnmodified")
    return found["status"], found["reason"], found["message"]


def test_registry_is_asked_with_the_credentials_of_docker(registry: Registry, manifest: Path, tmp_path: Path) -> None:
    words = ("-f", str(manifest), "--policy", str(policy(tmp_path, registry.address)), "-o", "json")
    proven = ("--verification", "Registry", "--registry-config", str(docker_config(tmp_path, registry.host)))
    outcome = start("check", *words, *proven)
    assert (outcome.code, outcome.err) == (SUPPORTED, "")
    assert images(outcome.out)[:2] == ("True", "AllRulesMet")
    assert images(start("check", *words).out)[:2] == ("True", "AllRulesMet")


def test_what_is_refused_is_undetermined_with_its_cause(registry: Registry, manifest: Path, tmp_path: Path) -> None:
    config = docker_config(tmp_path, registry.host, "t0p-secret")
    words = ("--policy", str(policy(tmp_path, registry.address, verification="Registry")), "--registry-config", str(config))
    outcome = start("check", "-f", str(manifest), *words, "-o", "json")
    assert outcome.code == UNDETERMINED
    assert "refuses to be read (401, UNAUTHORIZED)" in images(outcome.out)[2]
    assert "t0p-secret" not in outcome.out + outcome.err


def test_changed_image_under_a_tag_is_not_supported(registry: Registry, tmp_path: Path) -> None:
    digest = registry.push("hub/perfana/changed", alone(derived(WEB)), RELEASE)
    with Front(registry.address, headers=_basic()) as front:
        spec = {
            "verification": "Registry",
            "registries": [
                {"name": "docker.io", "endpoint": f"{front.address}/v2/hub"},
                {"name": front.host, "endpoint": f"{front.address}/v2"},
            ],
        }
        image = f"{front.host}/hub/perfana/changed/perfana-web@{digest}"
        registry.push("hub/perfana/changed/perfana-web", alone(derived(WEB)), RELEASE)
        template = {"spec": {"containers": [{"name": "web", "image": image.replace("@", f":{RELEASE}@")}]}}
        file = tmp_path / "web.json"
        document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template}}
        file.write_text(json.dumps(document))
        outcome = start("check", "-f", str(file), "--policy", str(policy(tmp_path, front.address, **spec)), "-o", "json")
    assert outcome.code == NOT_SUPPORTED
    assert images(outcome.out)[:2] == ("False", "DerivedImage")


def test_credential_helper_is_asked(
    registry: Registry, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "docker-credential-acme"
    helper.write_text(f'#!/bin/sh\ncat > "{tmp_path}/asked"\necho \'{{"Username": "{USER}", "Secret": "{PASSWORD}"}}\'\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {registry.host: "acme"}}))
    outcome = start("check", "-f", str(manifest), "--policy", str(policy(tmp_path, registry.address, verification="Registry")))
    assert outcome.code == SUPPORTED, outcome.out + outcome.err
    assert (tmp_path / "asked").read_text() == registry.host


def test_own_authority_is_trusted_when_it_is_named(registry: Registry, manifest: Path, tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    with Front(registry.address, tls=server_context(made), headers=_basic()) as front:
        words = ("-f", str(manifest), "--policy", str(policy(tmp_path, front.address, verification="Registry")), "-o", "json")
        assert start("check", *words, "--registry-ca-file", str(made.authority)).code == SUPPORTED
        outcome = start("check", *words)
        assert (outcome.code, "certificate is not trusted" in images(outcome.out)[2]) == (UNDETERMINED, True)
        outcome = start("check", *words, "--registry-ca-file", str(manifest))
        assert (outcome.code, "holds no certificates that can be read" in outcome.err) == (BAD_INPUT, True)


def test_credentials_that_are_named_and_not_there_are_a_fault(manifest: Path) -> None:
    outcome = start("check", "-f", str(manifest), "--verification", "Registry", "--registry-config", "nowhere.json")
    assert (outcome.code, outcome.out) == (BAD_INPUT, "")
    assert "nowhere.json: is no file with credentials" in outcome.err


def test_registry_that_the_policy_does_not_name_is_not_asked(registry: Registry, tmp_path: Path, manifest: Path) -> None:
    with Front(registry.address, headers=_basic()) as front:
        text = manifest.read_text().replace("perfana/perfana-web", f"{front.host}/hub/perfana/perfana-web")
        manifest.write_text(text)
        outcome = start("check", "-f", str(manifest), "--policy", str(policy(tmp_path, "http://127.0.0.1:1")), "-o", "json")
        assert outcome.code == UNDETERMINED
        outcome = start(
            *("check", "-f", str(manifest), "--policy", str(policy(tmp_path, "http://127.0.0.1:1", verification="Registry"))),
            *("-o", "json"),
        )
        assert "is not asked, for the policy names it under no spec.images.registries" in outcome.out
        assert not front.seen


def _basic() -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}


def test_proxy_of_the_environment_is_asked_for_a_name_that_only_it_knows(
    registry: Registry, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Front(registry.address, headers=_basic()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        file = policy(tmp_path, "http://registry.inside.example", verification="Registry")
        outcome = start("check", "-f", str(manifest), "--policy", str(file), "-o", "json")
        assert (outcome.code, images(outcome.out)[1]) == (SUPPORTED, "AllRulesMet"), outcome.out + outcome.err
        assert proxy.count("^GET /v2/hub/perfana/perfana-web/manifests/") == 1
        monkeypatch.setenv("no_proxy", "registry.inside.example")
        outcome = start("check", "-f", str(manifest), "--policy", str(file), "-o", "json")
        assert (outcome.code, "cannot be reached" in images(outcome.out)[2]) == (UNDETERMINED, True)
