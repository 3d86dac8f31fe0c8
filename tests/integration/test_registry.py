"""Proof by a real registry: every class of image pushed to it, and every fault that stands between."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.code import ConditionType
from perfana_support.model.installation import Container, Installation, Node, Platform, Workload
from perfana_support.sources.clock import today
from perfana_support.sources.policy import policy_of
from perfana_support.sources.registry.client import RegistryClient
from perfana_support.sources.registry.credentials import Credential
from perfana_support.sources.registry.fetch import HttpFetch, read_trust
from perfana_support.sources.registry.hosts import Endpoint, hosts_of
from perfana_support.sources.registry.inquiry import Inquiry
from tests.registry.front import Fault, Front
from tests.registry.images import (
    Image,
    Push,
    alone,
    attested,
    derived,
    nested,
    rebuilt,
    squashed,
    together,
    vendor_image,
)
from tests.registry.server import PASSWORD, USER, Registry, make_certificate, server_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perfana_support.model.policy import Policy
    from perfana_support.model.verdict import Verdict

TAG, OLDER = "0.2.96.22", "0.2.96.21"
OFFICIAL = f"perfana/perfana-web:{TAG}"
AMD, ARM = vendor_image("perfana-web", TAG), vendor_image("perfana-web", TAG, "arm64")
OLD = vendor_image("perfana-web", OLDER)
VENDORS = attested(AMD, ARM)
NODES = Platform("v1.36.3", nodes=(Node("a", "v1.36.3", "amd64", "linux"),))


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """Run a registry that has the vendor's images under `hub`."""
    with Registry() as started:
        started.push("hub/perfana/perfana-web", VENDORS, TAG)
        started.push("hub/perfana/perfana-web", alone(OLD), OLDER)
        yield started


@pytest.fixture(scope="module")
def shared_front(registry: Registry) -> Iterator[Front]:
    """Run a front before it."""
    with Front(registry.address) as started:
        yield started


@pytest.fixture
def front(shared_front: Front) -> Front:
    """Return the front without a fault."""
    shared_front.heal()
    return shared_front


class Asked(NamedTuple):
    """What is asked, and how: the policy, whom to trust and with which credentials."""

    policy: Policy
    authority: str = ""
    credential: Credential | None = None


def by(hub: str, mirror: str = "", folder: str = "") -> Policy:
    """Make a policy whose Docker Hub is below `hub`, an address, and that may ask a mirror, of which a folder is a copy."""
    registries = [{"name": "docker.io", "endpoint": f"{hub}/v2/hub"}]
    if mirror:
        registries.append({"name": mirror.rpartition("/")[2], "endpoint": f"{mirror}/v2"})
    mirrors = [{"from": f"{mirror.rpartition('/')[2]}/{folder}/", "to": "perfana/"}] if folder else []
    spec = {"images": {"verification": "Registry", "registries": registries, "mirrors": mirrors}}
    api_version = "support.perfana.io/v1alpha1"
    return policy_of({"apiVersion": api_version, "kind": "SupportPolicy", "metadata": {"name": "acme"}, "spec": spec})


def running(image: str, *image_ids: str) -> Installation:
    """Make a Deployment with a pod for each image id."""
    workloads = [Workload("Deployment", "ns", "web", (Container("web", image),))]
    for place, image_id in enumerate(image_ids):
        container = Container("web", image, image_id=image_id)
        workloads.append(Workload("Pod", "ns", f"web-{place}", (container,), owner=("Deployment", "web"), node="a"))
    return Installation("ns", tuple(workloads), platform=NODES)


async def _judged(asked: Asked, installation: Installation) -> Verdict:
    async def find(_endpoint: Endpoint, _namespace: str) -> Credential | None:
        return asked.credential

    hosts = hosts_of(asked.policy.fields.images.registries)
    fetch = HttpFetch(hosts, read_trust(asked.authority))
    inquiry = Inquiry(RegistryClient(fetch, hosts, find))
    try:
        while True:
            verdict = evaluate(installation._replace(answers=inquiry.known_to("")), asked.policy, today())
            if not verdict.open_questions:
                return verdict
            await inquiry.ask(verdict.open_questions)
    finally:
        await fetch.close()


def judge(asked: Asked | Policy, installation: Installation) -> tuple[str, str, str]:
    """Judge with the registry asked; return status, reason and message of ImagesUnmodified."""
    verdict = asyncio.run(_judged(asked if isinstance(asked, Asked) else Asked(asked), installation))
    found = verdict.condition(ConditionType.IMAGES_UNMODIFIED)
    return str(found.status), str(found.reason), found.message


# What is pushed to a mirror under the vendor's tag, and what that is.
CLASSES: dict[str, tuple[Push, str]] = {
    "identical": (VENDORS, "AllRulesMet"),
    "without the attestations": (together(AMD, ARM), "AllRulesMet"),
    "of one platform": (together(AMD), "AllRulesMet"),
    "of one platform, without an index": (alone(AMD), "AllRulesMet"),
    "of another platform": (together(ARM), "AllRulesMet"),
    "recompressed": (together(AMD.packed_by("fast"), ARM.packed_by("fast")), "AllRulesMet"),
    "with zstd layers": (together(AMD.packed_by("zstd")), "AllRulesMet"),
    "unpacked": (alone(AMD.packed_by("none")), "AllRulesMet"),
    "as Docker's schema 2": (
        together(replace(AMD, family="docker"), replace(ARM, family="docker"), family="docker"),
        "AllRulesMet",
    ),
    "under an index of indexes": (nested(AMD, ARM), "AllRulesMet"),
    "of another release": (alone(OLD), "DigestUnverified"),
    "of another release, recompressed": (alone(OLD.packed_by("fast")), "DigestUnverified"),
    "with one layer more": (alone(derived(AMD)), "DerivedImage"),
    "with two layers more": (alone(derived(derived(AMD), "RUN apt-get install curl")), "DerivedImage"),
    "another release with one layer more": (alone(derived(OLD)), "ImageModified"),
    "squashed": (alone(squashed(AMD)), "ImageModified"),
    "another entrypoint": (alone(AMD.with_settings(Entrypoint=["/bin/sh"])), "ImageReconfigured"),
    "another variable": (alone(AMD.with_settings(Env=["NODE_OPTIONS=--require=/x.js"])), "ImageReconfigured"),
    "another user": (alone(AMD.with_settings(User="0")), "ImageReconfigured"),
    "other code under the name": (alone(rebuilt(AMD)), "ImageModified"),
    "something else under the name": (alone(Image(derived(OLD).layers[-1:])), "ImageModified"),
    "one architecture replaced, the one that runs": (together(rebuilt(AMD), ARM), "ImageModified"),
    "one architecture replaced, another one": (together(AMD, rebuilt(ARM)), "AllRulesMet"),
}


@pytest.mark.parametrize("reported", ["tag", "platform"])
@pytest.mark.parametrize("place", range(len(CLASSES)), ids=CLASSES)
def test_class_of_an_image_is_told(front: Front, registry: Registry, place: int, reported: str) -> None:
    push, reason = list(CLASSES.values())[place]
    folder = f"mirror/class-{place}"
    repository = f"{folder}/perfana-web"
    digest = registry.push(repository, push, TAG)
    if reported == "platform":
        digest = next((each for each in push.images if each.architecture == "amd64"), push.images[0]).manifest.digest
    image = f"{front.host}/{repository}"
    status, found, message = judge(by(front.address, front.address, folder), running(f"{image}:{TAG}", f"{image}@{digest}"))
    assert found == reason, message
    wanted = {"AllRulesMet": "True", "DigestUnverified": "Unknown"}.get(reason, "False")
    assert status == wanted


def test_added_layers_are_named_by_what_made_them(front: Front, registry: Registry) -> None:
    digest = registry.push("mirror/named/perfana-web", alone(derived(derived(AMD), "RUN apt-get install curl")), TAG)
    image = f"{front.host}/mirror/named/perfana-web"
    _, reason, message = judge(by(front.address, front.address), running(f"{image}:{TAG}", f"{image}@{digest}"))
    assert reason == "DerivedImage"
    assert "2 more, made by: COPY patch.js /app/; RUN apt-get install curl" in message


@pytest.mark.parametrize(
    "image_id",
    [
        f"docker.io/perfana/perfana-web@{VENDORS.digest}",
        f"docker-pullable://perfana/perfana-web@{VENDORS.digest}",
        f"docker.io/perfana/perfana-web@{AMD.manifest.digest}",
        f"quay.io/somebody/else@{AMD.manifest.digest}",
        AMD.config.digest,
        AMD.config.digest.removeprefix("sha256:"),
        f"docker://{AMD.config.digest}",
    ],
)
def test_digest_is_proven_as_runtimes_report_it(front: Front, image_id: str) -> None:
    assert judge(by(front.address), running(OFFICIAL, image_id))[:2] == ("True", "AllRulesMet")


@pytest.mark.parametrize("image_id", ["import-2026-11-25", f"import-2026-11-25@{derived(AMD).config.digest}", "sha256:abc"])
def test_what_no_registry_has_is_unverified(front: Front, image_id: str) -> None:
    assert judge(by(front.address), running(OFFICIAL, image_id))[:2] == ("Unknown", "DigestUnverified")


def test_only_manifests_and_configs_are_read(front: Front, registry: Registry) -> None:
    registry.push("mirror/read/perfana-web", alone(rebuilt(AMD)), TAG)
    image = f"{front.host}/mirror/read/perfana-web"
    judge(by(front.address, front.address), running(f"{image}:{TAG}"))
    layers = {layer.digest for push in (VENDORS, alone(rebuilt(AMD))) for each in push.images for layer in each.packed}
    assert front.count("^GET /v2/.*/blobs/")
    assert not any(layer in each.path for layer in layers for each in front.seen)


# What stands between

UNKNOWN = b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'
FAULTS = {
    "401": (Fault(status=401), "refuses to be read (401)"),
    "403": (Fault(status=403, body=b'{"errors": [{"code": "DENIED"}]}'), "refuses to be read (403, DENIED)"),
    "404 of a proxy": (Fault(status=404, body=b"<html>"), "without saying as a registry"),
    "404 of a registry": (Fault(status=404, body=UNKNOWN), "has no tag 0.2.96.22"),
    "429": (Fault(status=429, headers={"Retry-After": "30"}), "asks to be left alone for 30 s (429)"),
    "500": (Fault(status=500), "answers 500"),
    "503": (Fault(status=503, headers={"Retry-After": "5"}), "asks to be left alone for 5 s (503)"),
    "cut short": (Fault(is_cut=True), "breaks its answer off"),
    "without an end": (Fault(is_endless=True), "answers more than 4096 KiB"),
    "a login page": (Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>"), "no JSON"),
    "of another content": (Fault(body=AMD.manifest.content), "its content has the digest"),
    "elsewhere": (Fault(status=302, headers={"Location": "https://evil.example.com/v2/x"}), "which is not followed"),
    "in circles": (Fault(status=302, headers={"Location": "/v2/x"}), "redirects more than"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_unknown_with_its_cause(front: Front, name: str) -> None:
    fault, cause = FAULTS[name]
    front.on("^GET /v2/", fault)
    status, reason, message = judge(by(front.address), running(OFFICIAL, f"x@{VENDORS.digest}"))
    assert (status, reason) == ("Unknown", "DigestUnverified")
    assert cause in message


def test_registry_that_is_not_there_is_unknown(front: Front) -> None:
    front.on(".*", Fault(status=500))
    with Front("http://127.0.0.1:1") as gone:
        address = gone.address
    status, _, message = judge(by(address), running(OFFICIAL, f"x@{VENDORS.digest}"))
    assert status == "Unknown"
    assert "cannot be reached" in message


def test_slow_registry_is_waited_for(front: Front) -> None:
    held = threading.Event()
    front.on("^GET", Fault(held=held))
    threading.Timer(0.5, held.set).start()
    assert judge(by(front.address), running(OFFICIAL, f"x@{VENDORS.digest}"))[0] == "True"


def test_token_is_fetched_for_each_repository(registry: Registry) -> None:
    with Front(registry.address, wants_token=True) as front:
        assert judge(by(front.address), running(OFFICIAL, f"x@{VENDORS.digest}"))[0] == "True"
        assert front.count("^GET /token") == 1


def test_password_is_sent_where_it_is_wanted() -> None:
    with Registry(wants_password=True) as registry:
        registry.push("hub/perfana/perfana-web", VENDORS, TAG)
        installation = running(OFFICIAL, f"x@{VENDORS.digest}")
        given = Asked(by(registry.address), credential=Credential(USER, PASSWORD))
        assert judge(given, installation)[0] == "True"
        status, _, message = judge(given._replace(credential=Credential(USER, "wrong")), installation)
        assert (status, "refuses to be read (401, UNAUTHORIZED)" in message) == ("Unknown", True)
        status, _, message = judge(given._replace(credential=None), installation)
        assert (status, "wants a name and password, and none are given" in message) == ("Unknown", True)
        assert "wrong" not in message


def test_certificate_must_be_trusted_and_of_that_name(registry: Registry, tmp_path: Path) -> None:
    installation = running(OFFICIAL, f"x@{VENDORS.digest}")
    good, other = (tmp_path / name for name in ("good", "other"))
    for folder, address in ((good, "127.0.0.1"), (other, "192.0.2.1")):
        folder.mkdir()
        made = make_certificate(folder, address)
        with Front(registry.address, tls=server_context(made)) as front:
            trusted = Asked(by(front.address), str(made.authority))
            status, _, message = judge(trusted, installation)
            assert status == ("True" if folder is good else "Unknown"), message
            status, _, message = judge(Asked(by(front.address)), installation)
            assert (status, "its certificate is not trusted" in message) == ("Unknown", True)
