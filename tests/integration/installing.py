"""Installing, running and removing the operator as its users do, on a cluster with controllers."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

import yaml

from tests.cluster.client import GONE_WITHIN_SECONDS, ApiError
from tests.cluster.crds import wait_until_served
from tests.cluster.waiting import wait_for
from tests.integration.controlled_cluster import everything
from tests.integration.operator_process import OperatorProcess
from tests.integration.support_objects import RELEASED, Site, check, deployment
from tests.shell import Shell, helm_user

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster
    from tests.integration.controlled_cluster import Found

NAME = "perfana-support"
APPS = "apps/v1"


class Place(NamedTuple):
    """A cluster that somebody installs into, and who: with kubectl, one Helm and a home that is empty."""

    cluster: Cluster
    folder: Path
    helm_program: Path
    kubeconfig: Path | None = None
    """Whose: the admin's, unless another is named."""

    @property
    def api(self) -> ApiClient:
        """The admin's client; a new one, which knows nothing of kinds that were there before."""
        return self.cluster.client()

    @property
    def shell(self) -> Shell:
        """Theirs, in the repository."""
        user = helm_user(self.cluster, self.helm_program, self.folder)
        return user.having(KUBECONFIG=str(self.kubeconfig)) if self.kubeconfig else user

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the repository, which must succeed; return what it prints."""
        return self.shell.kubectl(*arguments)

    def helm(self, *arguments: str, namespace: str = NAME) -> str:
        """Run Helm in the repository, which must succeed; return what it prints."""
        return self.shell.must(shlex.join(["helm", *arguments, "--namespace", namespace]))

    def make_namespace(self, name: str) -> None:
        """Make a namespace, and wait for what the controllers put into each."""
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.wait_for_controllers(name)

    def wait_for_controllers(self, name: str) -> None:
        """Wait for what the controllers put into a namespace."""
        for kind, each in (("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")):
            wait_for(lambda: self.api.get("v1", kind, each, name), GONE_WITHIN_SECONDS, each, ignoring=(ApiError,))  # noqa: B023

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and wait until it is gone."""
        self.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")
        self.api.wait_until_gone("v1", "Namespace", name)

    def wait_until_left(self, left: set[Found]) -> None:
        """Wait until there is nothing but these: what is deleted takes a moment to go."""
        last: list[set[Found]] = []

        def are_left() -> bool:
            last[:] = [everything(self.api)]
            return last[0] == left

        try:
            wait_for(are_left, GONE_WITHIN_SECONDS, "nothing left")
        except TimeoutError:
            raise AssertionError(f"too much: {last[0] - left}, too little: {left - last[0]}") from None

    def wait_until_defined(self) -> None:
        """Wait until our definitions are served."""
        names = [f"{name}.support.perfana.io" for name in ("supportchecks", "supportpolicies")]
        version = "apiextensions.k8s.io/v1"
        wait_until_served(self.api, [self.api.get(version, "CustomResourceDefinition", name) for name in names])

    def operator(self, namespace: str = NAME, *arguments: str) -> OperatorProcess:
        """Return the operator as the Deployment there would run it, with its account, not started yet."""
        spec: Object = self.api.get(APPS, "Deployment", NAME, namespace)["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        identity = self.cluster.identity_of(spec["serviceAccountName"], namespace)
        given = ("--lease-namespace", namespace, "--http-port", "0", *arguments)
        return OperatorProcess(self.cluster, identity.kubeconfig, *container["args"][1:], *given)

    def site(self, namespace: str, operator: OperatorProcess) -> Site:
        """Put an installation that is supported into a namespace, with a check."""
        site = Site(self.api, namespace, operator)
        site.create(deployment(RELEASED), check())
        return site


def documents(path: Path) -> list[Object]:
    """Return the objects of a file."""
    return [item for item in yaml.safe_load_all(path.read_text(encoding="utf-8")) if item]


def resources_of(found: set[Found], names: Sequence[str]) -> set[Found]:
    """Return the objects of some resources."""
    return {each for each in found if each[0] in names}
