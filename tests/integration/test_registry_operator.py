"""The operator and a real registry: with the credentials that a cluster has for it, and without the right to them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.operator_process import OperatorProcess, shipped_rules
from tests.integration.support_objects import Site, check, conditions, deployment, pod_of, policy
from tests.registry.front import Front
from tests.registry.images import Push, alone, derived, together, vendor_image
from tests.registry.server import PASSWORD, USER, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster

RELEASE = "0.2.96.22"
WEB = vendor_image("perfana-web", RELEASE)
VENDORS = together(WEB, vendor_image("perfana-web", RELEASE, "arm64"))
READS_SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    """Run a registry that wants a password, with the vendor's image, behind what counts its requests."""
    with Registry(wants_password=True) as registry:
        registry.push("hub/perfana/perfana-web", VENDORS, RELEASE)
        registry.push("mirror/perfana-web", alone(derived(WEB)), RELEASE)
        registry.push("copy/perfana-web", together(WEB.packed_by("fast")), RELEASE)
        with Front(registry.address) as started:
            yield started


def operator_with(cluster: Cluster, api: ApiClient, name: str, *rules: Object, flags: tuple[str, ...] = ()) -> OperatorProcess:
    """Start an operator under an account of its own with these rights beside those that ship."""
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    identity = cluster.identity("operator", name, [*shipped_rules(), *rules], cluster=True)
    process = OperatorProcess(cluster, identity.kubeconfig, "--no-leader-election", "--http-port", "0", *flags)
    process.start()
    return process


@pytest.fixture(scope="module")
def reading(cluster: Cluster, api: ApiClient, install_crds: list[str]) -> Iterator[OperatorProcess]:
    """Run an operator that may read Secrets and is told to use those of pods."""
    assert install_crds
    with operator_with(cluster, api, "reads-secrets", READS_SECRETS, flags=("--use-pull-secrets",)) as process:
        yield process


def by(front: Front, name: str, **registry: object) -> Object:
    """Make a policy that reads Docker Hub and a registry of one's own at the front."""
    registries = [
        {"name": "docker.io", "endpoint": f"{front.address}/v2/hub", **registry},
        {"name": front.host, "endpoint": f"{front.address}/v2", **registry},
    ]
    return policy(name, images={"verification": "Registry", "registries": registries})


def pull_secret(front: Front, password: str = PASSWORD) -> Object:
    """Make a pull secret for the front."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    config = base64.b64encode(json.dumps({"auths": {front.host: {"auth": auth}}}).encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": config},
    }


def run(site: Site, image: str, push: Push, *, pulls_with: str = "") -> None:
    """Create a Deployment and its running pod, as a kubelet would report it."""
    deployed = deployment(image)
    running = pod_of(deployed, image)
    if pulls_with:
        running["spec"]["imagePullSecrets"] = [{"name": pulls_with}]
    site.create(deployed, running)
    reported = {
        "name": "main",
        "image": image,
        "imageID": f"{image.rpartition(':')[0]}@{push.digest}",
        "ready": True,
        "restartCount": 0,
        "state": {"running": {}},
    }
    status = {"status": {"phase": "Running", "containerStatuses": [reported]}}
    site.api.patch("v1", "Pod", running["metadata"]["name"], status, site.namespace, subresource="status")


def install(site: Site, front: Front, image: str, push: Push, password: str = PASSWORD) -> None:
    """Run an image where a policy asks the front about it, with a Secret that it names."""
    named = {"namespace": site.namespace, "name": "pull"}
    site.create(pull_secret(front, password), by(front, site.namespace, pullSecret=named))
    run(site, image, push)
    site.create(check(policyRef={"name": site.namespace}))


def images_become(site: Site, status: str, reason: str) -> str:
    """Return the message of ImagesUnmodified once it says so."""
    found = site.wait_for_condition("ImagesUnmodified", status, reason)
    return str(conditions(found)["ImagesUnmodified"]["message"])


def test_secret_of_the_policy_opens_the_registry(
    api: ApiClient, namespace: str, reading: OperatorProcess, front: Front
) -> None:
    site = Site(api, namespace, reading)
    install(site, front, f"perfana/perfana-web:{RELEASE}", VENDORS)
    images_become(site, "True", "AllRulesMet")


def test_secrets_of_pods_open_the_registry_that_they_pull_from(
    api: ApiClient, namespace: str, reading: OperatorProcess, front: Front
) -> None:
    site = Site(api, namespace, reading)
    site.create(pull_secret(front), by(front, namespace))
    run(site, f"perfana/perfana-web:{RELEASE}", VENDORS, pulls_with="pull")
    site.create(check(policyRef={"name": namespace}))
    images_become(site, "True", "AllRulesMet")


def test_changed_image_is_found_and_its_layer_named(
    api: ApiClient, namespace: str, reading: OperatorProcess, front: Front
) -> None:
    site = Site(api, namespace, reading)
    install(site, front, f"{front.host}/mirror/perfana-web:{RELEASE}", alone(derived(WEB)))
    assert "COPY patch.js /app/" in images_become(site, "False", "DerivedImage")


def test_recompressed_copy_is_the_vendors(api: ApiClient, namespace: str, reading: OperatorProcess, front: Front) -> None:
    site = Site(api, namespace, reading)
    install(site, front, f"{front.host}/copy/perfana-web:{RELEASE}", together(WEB.packed_by("fast")))
    images_become(site, "True", "AllRulesMet")


def test_wrong_password_is_unknown_with_the_cause_and_without_the_password(
    api: ApiClient, namespace: str, reading: OperatorProcess, front: Front
) -> None:
    site = Site(api, namespace, reading)
    install(site, front, f"perfana/perfana-web:{RELEASE}", VENDORS, password="t0p-secret")  # noqa: S106 - a test's own
    message = images_become(site, "Unknown", "DigestUnverified")
    assert "refuses to be read (401, UNAUTHORIZED)" in message
    assert "t0p-secret" not in json.dumps(site.get()) + reading.log


def test_operator_without_the_right_says_which_one(
    cluster: Cluster, api: ApiClient, install_crds: list[str], namespace: str, front: Front
) -> None:
    assert install_crds
    with operator_with(cluster, api, "reads-no-secrets") as process:
        site = Site(api, namespace, process)
        install(site, front, f"perfana/perfana-web:{RELEASE}", VENDORS)
        message = images_become(site, "Unknown", "DigestUnverified")
        assert f"Secret {namespace}/pull may not be read; grant the operator get on it" in message
