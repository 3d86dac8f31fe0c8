"""Deployments on a node: made, and waited for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.cluster.client import ApiError
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from tests.cluster.client import ApiClient, Object

RUNNING_WITHIN_SECONDS = 120.0
"""A pod runs 2 s after it was made; this long where the machine is busy."""


def make_namespace(api: ApiClient, name: str) -> str:
    """Make a namespace and return once pods can be made in it: a controller makes their account."""
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    account = partial(api.get, "v1", "ServiceAccount", "default", name)
    wait_for(account, RUNNING_WITHIN_SECONDS, f"service account of {name}", ignoring=(ApiError,))
    return name


def make_deployment(api: ApiClient, namespace: str, name: str, image: str, *, pull_policy: str = "IfNotPresent") -> None:
    """Make a Deployment of one pod of an image."""
    labels = {"app": name}
    container = {"name": name, "image": image, "imagePullPolicy": pull_policy}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    api.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}, namespace)


def deploy(api: ApiClient, namespace: str, name: str, image: str, *, pull_policy: str = "IfNotPresent") -> Object:
    """Make a Deployment of one pod and return the pod once it is ready."""
    make_deployment(api, namespace, name, image, pull_policy=pull_policy)
    try:
        return wait_for(lambda: _ready_pod(api, namespace, name), RUNNING_WITHIN_SECONDS, f"pod of {name}")
    except TimeoutError as error:
        said = [f"{each['reason']}: {each['message']}" for each in api.list("v1", "Event", namespace)["items"]]
        raise TimeoutError("\n".join([str(error), *said])) from None


def image_id(pod: Object) -> str:
    """Return which image the pod's only container runs, as the node says it."""
    (status,) = pod["status"]["containerStatuses"]
    found: str = status["imageID"]
    return found


def waiting_reasons(api: ApiClient, namespace: str, name: str) -> set[str]:
    """Return why containers of a Deployment do not run."""
    states = [each["state"] for pod in _pods(api, namespace, name) for each in _statuses(pod)]
    return {state["waiting"]["reason"] for state in states if "waiting" in state}


def _ready_pod(api: ApiClient, namespace: str, name: str) -> Object | None:
    ready = [pod for pod in _pods(api, namespace, name) if _statuses(pod) and all(each["ready"] for each in _statuses(pod))]
    return ready[0] if ready else None


def _pods(api: ApiClient, namespace: str, name: str) -> list[Object]:
    found: list[Object] = api.list("v1", "Pod", namespace, labelSelector=f"app={name}")["items"]
    return found


def _statuses(pod: Object) -> list[Object]:
    found: list[Object] = pod["status"].get("containerStatuses", [])
    return found
