"""What an operator asks of a registry for 500 checks with 2,500 containers of 40 images, and how soon verdicts are there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from perfana_support.sources.policy import builtin_policy
from tests.bench.tables import milliseconds, say, table
from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ACCOUNT, OperatorProcess, shipped_identity
from tests.integration.support_objects import API_VERSION, CHECK, check, conditions, pod, policy
from tests.registry.front import Front
from tests.registry.images import Push, alone, attested, vendor_image
from tests.registry.server import Registry

if TYPE_CHECKING:
    from tests.cluster.client import ApiClient

CRDS = Path(__file__).parents[2] / "crds"
CHECKS, CONTAINERS_OF_EACH = 500, 5
COMPONENTS = 5
RELEASES = ("0.2.96.22", "0.2.96.21", "0.2.96.20", "0.2.96.18", "0.2.96.17", "0.2.96.16", "0.2.96.15", "0.2.96.14")
NEWCOMERS = 40
DEADLINE_SECONDS = 300.0
RESYNC_SECONDS, QUIET_SECONDS = 5.0, 20.0
POLICY = "asks-registries"


class Image(NamedTuple):
    """An image as pods name it, and what is pushed for it."""

    reference: str
    push: Push


def measure() -> str:
    """Return the table."""
    say("pushing 40 images")
    images = _images()
    with Registry() as registry, Front(registry.address) as front, Cluster() as cluster:
        for image in images:
            repository, _, tag = image.reference.partition(":")
            registry.push(repository, image.push, tag)
        api = cluster.client()
        apply_crds(api, CRDS)
        registries = [{"name": "docker.io", "endpoint": f"{front.address}/v2"}]
        api.create(policy(POLICY, images={"verification": "Registry", "registries": registries}))
        say(f"creating {CHECKS} namespaces with {CONTAINERS_OF_EACH} running pods each")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(partial(_fill, api, images), range(CHECKS)))
        newcomers = _push_newcomers(registry)
        return _measure(cluster, front, newcomers)


def _images() -> list[Image]:
    line = builtin_policy().product_line_of("0.2")
    assert line is not None
    names = [component.repository.rpartition("/")[2] for component in line.components][:COMPONENTS]
    return [
        Image(f"perfana/{name}:{release}", attested(vendor_image(name, release), vendor_image(name, release, "arm64")))
        for release in RELEASES
        for name in names
    ]


def _push_newcomers(registry: Registry) -> list[str]:
    """Push images that no check has asked for; return references that are pinned to another one each."""
    other = alone(vendor_image("other", "1"))
    registry.push("perfana/perfana-web", other)
    tags = [f"0.2.94.{number}" for number in range(NEWCOMERS)]
    for tag in tags:
        registry.push("perfana/perfana-web", alone(vendor_image("perfana-web", tag)), tag)
    return [f"perfana/perfana-web:{tag}@{other.digest}" for tag in tags]


def _fill(api: ApiClient, images: list[Image], number: int) -> None:
    """Make a namespace with a check and running pods of one release."""
    namespace = f"bench-{number:03}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    first = number % len(RELEASES) * COMPONENTS
    for place in range(CONTAINERS_OF_EACH):
        image = images[first + (number + place) % COMPONENTS]
        created = api.create(pod(image.reference, f"pod-{place}"), namespace)
        reported = {
            "name": "main",
            "image": image.reference,
            "ready": True,
            "restartCount": 0,
            "state": {"running": {}},
            "imageID": f"docker.io/{image.reference.partition(':')[0]}@{image.push.digest}",
        }
        status = {"phase": "Running", "containerStatuses": [reported]}
        path = api.path("v1", "Pod", created["metadata"]["name"], namespace, "status")
        api.request("PUT", path, body={**created, "status": status})
    api.create(check(policyRef={"name": POLICY}), namespace)


def _measure(cluster: Cluster, front: Front, newcomers: list[str]) -> str:
    api, identity = cluster.client(), shipped_identity(cluster)
    flags = ("--http-port", "0", "--lease-namespace", ACCOUNT, "--resync-seconds", str(RESYNC_SECONDS))
    with OperatorProcess(cluster, identity.kubeconfig, *flags) as operator:
        began = time.monotonic()
        operator.start()
        _wait_until_proven(api)
        whole = time.monotonic() - began
        cold = [each for each in front.seen if "/manifests/" in each.path]
        after = time.monotonic() - max(each.at for each in front.seen)
        say(f"registries: quiet for {QUIET_SECONDS:.0f} s, in which all is judged again every {RESYNC_SECONDS:.0f} s")
        asked = len(front.seen)
        ends_at = time.monotonic() + QUIET_SECONDS
        wait_for(lambda: time.monotonic() > ends_at, 2 * QUIET_SECONDS, "quiet")
        again = len(front.seen) - asked
        say(f"registries: {NEWCOMERS} images that nobody has asked for, one after the other")
        reactions = _reactions(api, front, newcomers)
        rows = [
            ["manifest requests until all are proven", str(len(cold)), "40"],
            ["other requests (configs, tokens)", str(asked - len(cold)), ""],
            ["requests at once, the most", str(front.most_at_once), "4"],
            [f"requests in {QUIET_SECONDS:.0f} s of judging everything again", str(again), "0"],
            ["s from the operator's start until all conditions are written", f"{whole:.1f}", ""],
            ["s from the last answer until all conditions are seen, 500 writes included", f"{after:.1f}", ""],
            [
                "ms from the answers about a new image until its condition is seen, median",
                milliseconds(median(reactions)),
                "2000",
            ],
            ["the same, the most", milliseconds(max(reactions)), "2000"],
        ]
    caption = (
        f"{CHECKS} checks with {CHECKS * CONTAINERS_OF_EACH:,} running containers of {COMPONENTS * len(RELEASES)} images, "
        "verification Registry, one registry on loopback; conditions seen by a client that watches."
    )
    return f"{caption}\n\n" + table(["", "measured", "aim, at most"], rows)


def _reactions(api: ApiClient, front: Front, newcomers: list[str]) -> list[float]:
    """Seconds from the last answer about each image to the condition that a watching client sees."""
    events = api.watch(API_VERSION, CHECK, deadline_seconds=DEADLINE_SECONDS)
    taken = []
    for number, image in enumerate(newcomers):
        namespace = f"bench-{number:03}"
        api.create(pod(image, "newcomer"), namespace)
        for event in events:
            item = event["object"]
            found = conditions(item).get("ImagesUnmodified", {})
            if item["metadata"]["namespace"] == namespace and found.get("status") != "True":
                taken.append(time.monotonic() - max(each.at for each in front.seen))
                break
    assert len(taken) == len(newcomers), f"{len(taken)} of {len(newcomers)} were noticed"
    return taken


def _wait_until_proven(api: ApiClient) -> None:
    """Return once a watching client has seen the images of every check proven."""
    proven = set()
    for event in api.watch(API_VERSION, CHECK, deadline_seconds=DEADLINE_SECONDS):
        item = event["object"]
        if conditions(item).get("ImagesUnmodified", {}).get("status") == "True":
            proven.add(item["metadata"]["namespace"])
            if len(proven) == CHECKS:
                return
    raise TimeoutError(f"{len(proven)} of {CHECKS} installations are proven")
