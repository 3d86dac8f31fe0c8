"""Objects that the operator judges, and waiting for what it says about them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

import yaml

from tests.cluster.client import ApiClient, ApiError, Object
from tests.integration.operator_process import ROOT, OperatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

API_VERSION = "support.perfana.io/v1alpha1"
CHECK, POLICY = "SupportCheck", "SupportPolicy"
CHARTS = ROOT / "tests" / "data" / "charts"
NEW_CHART, OLD_CHART = "perfana-4.0.3.yaml", "perfana-3.1.2.yaml"

RELEASED = "perfana/perfana-web:perfana-4.0.0"
SNAPSHOT = "perfana/perfana-web:0.2.97.0-SNAPSHOT"

SEEN_WITHIN_SECONDS = 90.0
"""The operator answers in tens of milliseconds, its start takes two seconds; this is for a busy machine."""

LOG_TAIL_CHARACTERS = 4000

LONG_AGO = "2026-01-01T00:00:00Z"
"""A time that no condition can have got from the operator in a test."""


class Site(NamedTuple):
    """One namespace with an installation, as an admin sees it, and the operator that judges it."""

    api: ApiClient
    namespace: str
    operator: OperatorProcess
    spare: Iterator[str] | None = None
    """Namespaces that the operator knows and no test has, if it does not know every one."""

    def create(self, *items: Object) -> None:
        """Create objects in the namespace."""
        for item in items:
            self.api.create(item, self.namespace)

    def apply_chart(self, name: str) -> None:
        """Apply a rendered chart as if it was rendered for the namespace."""
        for document in chart(name):
            self.api.apply(document, self.namespace)

    def set_image(self, image: str, name: str = "perfana-web", kind: str = "Deployment") -> None:
        """Give the first container of a workload another image, as `kubectl set image` does."""
        change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
        self.api.patch("apps/v1", kind, name, change, self.namespace, content_type="application/json-patch+json")

    def get(self, name: str = "perfana", kind: str = CHECK) -> Object:
        """Return a check or policy as it is now."""
        return self.api.get(API_VERSION, kind, name, self.namespace)

    def change_spec(self, name: str = "perfana", kind: str = CHECK, **spec: object) -> None:
        """Change fields of a check's or policy's spec; None removes one."""
        self.api.patch(API_VERSION, kind, name, {"spec": spec}, self.namespace)

    def wait(
        self,
        is_there: Callable[[Object], bool],
        what: str,
        *,
        name: str = "perfana",
        kind: str = CHECK,
        seconds: float = SEEN_WITHIN_SECONDS,
    ) -> Object:
        """Return a check or policy as soon as it is as wanted; with a watch, as any client would see it."""
        last: Object = {}
        try:
            for event in self.api.watch(
                API_VERSION, kind, self.namespace, deadline_seconds=seconds, fieldSelector=f"metadata.name={name}"
            ):
                last = event["object"]
                if event["type"] != "DELETED" and is_there(last):
                    return last
        except TimeoutError:
            tail = self.operator.log[-LOG_TAIL_CHARACTERS:]
            raise TimeoutError(f"{what}: not within {seconds:g} s, at last {last.get('status')}\noperator:\n{tail}") from None
        raise AssertionError("a watch does not end by itself")

    def wait_for_condition(  # noqa: PLR0913 - what is waited for, and on which object
        self,
        kind: str,
        status: str,
        reason: str | None = None,
        *,
        name: str = "perfana",
        of: str = CHECK,
        seconds: float = SEEN_WITHIN_SECONDS,
    ) -> Object:
        """Return the object once its condition has that status, and that reason if given, for its present spec."""

        def is_there(item: Object) -> bool:
            condition = conditions(item).get(kind, {})
            is_current = condition.get("observedGeneration") == item["metadata"]["generation"]
            return is_current and condition["status"] == status and reason in {None, condition["reason"]}

        what = f"{of} {name} has {kind}={status}" + (f" ({reason})" if reason else "")
        return self.wait(is_there, what, name=name, kind=of, seconds=seconds)

    def wait_for_verdict(
        self, status: str, reason: str | None = None, *, name: str = "perfana", seconds: float = SEEN_WITHIN_SECONDS
    ) -> Object:
        """Return the check once `Supported` says so."""
        return self.wait_for_condition("Supported", status, reason, name=name, seconds=seconds)

    def pass_barrier(self) -> None:
        """Return once the operator has worked off everything that happened before.

        It is told of Deployments by one watch, in order, and judges in that order: a change in another namespace that
        shows comes after all that did not.
        """
        if self.spare is None:
            name = f"barrier-{secrets.token_hex(4)}"
            self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        else:
            name = next(self.spare)
        beyond = self._replace(namespace=name)
        beyond.create(deployment(SNAPSHOT), check())
        beyond.wait_for_verdict("False", "SnapshotBuild")
        beyond.set_image(RELEASED)
        beyond.wait_for_verdict("True")
        self.api.delete("v1", "Namespace", name)

    def backdate(self, name: str = "perfana") -> Object:
        """Make the conditions look as if they had their status for long, and return the check once the operator saw that.

        Times are whole seconds, so a test could not tell a kept one from a new one without waiting. That the operator has
        seen it shows in its repair of a message.
        """
        entries = self.get(name)["status"]["conditions"]
        aged = [{**entry, "lastTransitionTime": LONG_AGO} for entry in entries]
        aged[0]["message"] = "tampered with"
        self.api.patch(API_VERSION, CHECK, name, {"status": {"conditions": aged}}, self.namespace, subresource="status")
        return self.wait(
            lambda item: item["status"]["conditions"][0]["message"] != "tampered with", "the message is repaired", name=name
        )


def chart(name: str) -> list[Object]:
    """Return the documents of a rendered chart without namespaces: the vendor's charts write `perfana` into one object."""
    documents = [document for document in yaml.safe_load_all((CHARTS / name).read_text(encoding="utf-8")) if document]
    for document in documents:
        document["metadata"].pop("namespace", None)
    return documents


def write_chart(name: str, namespace: str, folder: Path) -> Path:
    """Write a chart as rendered for a namespace, for the command line to read, and return the file."""
    documents = chart(name)
    for document in documents:
        document["metadata"]["namespace"] = namespace
    path = folder / name
    path.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return path


def check(name: str = "perfana", **spec: object) -> Object:
    """Return a SupportCheck."""
    return {"apiVersion": API_VERSION, "kind": CHECK, "metadata": {"name": name}, "spec": spec}


def policy(name: str, **spec: object) -> Object:
    """Return a SupportPolicy."""
    return {"apiVersion": API_VERSION, "kind": POLICY, "metadata": {"name": name}, "spec": spec}


def pod_spec(image: str, **fields: object) -> Object:
    """Return a pod's spec with one container `main`."""
    return {"containers": [{"name": "main", "image": image}], **fields}


def template(image: str, name: str, **fields: object) -> Object:
    """Return a pod template that a selector `app: name` selects."""
    return {"metadata": {"labels": {"app": name}}, "spec": pod_spec(image, **fields)}


def deployment(image: str, name: str = "perfana-web") -> Object:
    """Return a Deployment, labelled `app: name` itself."""
    return _selecting("Deployment", image, name)


def stateful_set(image: str, name: str = "perfana-web") -> Object:
    """Return a StatefulSet."""
    item = _selecting("StatefulSet", image, name)
    item["spec"]["serviceName"] = name
    return item


def daemon_set(image: str, name: str = "perfana-web") -> Object:
    """Return a DaemonSet."""
    return _selecting("DaemonSet", image, name)


def _selecting(kind: str, image: str, name: str) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(image, name)},
    }


def job(image: str, name: str = "perfana-web") -> Object:
    """Return a Job."""
    spec = {"template": template(image, name, restartPolicy="Never")}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def cron_job(image: str, name: str = "perfana-web") -> Object:
    """Return a CronJob."""
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template(image, name, restartPolicy="Never")}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}


def pod(image: str, name: str = "perfana-web", **metadata: object) -> Object:
    """Return a pod."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": pod_spec(image)}


def pod_of(deployed: Object, image: str) -> Object:
    """Return a pod as a Deployment's ReplicaSet makes it: with a hash in its label, and the ReplicaSet as its owner."""
    name, template_hash = deployed["metadata"]["name"], "5d4f8c7b9"
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{name}-{template_hash}",
        "uid": "5b1a3c1e-6f2d-4c57-9d9c-0c4a4f0f7a11",
        "controller": True,
    }
    return pod(
        image,
        f"{name}-{template_hash}-x2x4z",
        labels={"app": name, "pod-template-hash": template_hash},
        ownerReferences=[owner],
    )


def conditions(item: Object) -> dict[str, Object]:
    """Return the conditions of an object by type."""
    return {condition["type"]: condition for condition in item.get("status", {}).get("conditions", ())}


def findings(item: Object, code: str) -> list[Object]:
    """Return the findings of a code in a check's status."""
    return [finding for finding in item["status"].get("findings", ()) if finding["code"] == code]


def images(found: Sequence[Object]) -> list[str]:
    """Return the images that findings are about, sorted."""
    return sorted(finding["subject"]["image"] for finding in found if "image" in finding["subject"])


def kstatus(item: Object) -> str:
    """Return what kubectl, Flux and Helm 4 take an object for: the generic rules of cli-utils, pkg/kstatus/status.

    A custom resource is Current unless it says otherwise: by an observedGeneration that is not its generation, by
    Reconciling, by Stalled, or by a Ready that is not True.
    """
    status = item.get("status", {})
    said = {kind: condition["status"] for kind, condition in conditions(item).items()}
    if "deletionTimestamp" in item["metadata"]:
        return "Terminating"
    if status.get("observedGeneration", item["metadata"]["generation"]) != item["metadata"]["generation"]:
        return "InProgress"
    if said.get("Reconciling") == "True":
        return "InProgress"
    if said.get("Stalled") == "True":
        return "Failed"
    return "Current" if said.get("Ready", "True") == "True" else "InProgress"


def delete_if_there(api: ApiClient, kind: str, name: str, namespace: str | None = None) -> None:
    """Delete one of our objects; that it is gone already is fine."""
    try:
        api.delete(API_VERSION, kind, name, namespace)
    except ApiError as error:
        if error.reason != "NotFound":
            raise
