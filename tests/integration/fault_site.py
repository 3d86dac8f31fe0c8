"""An operator with a proxy between it and the server, for tests that make faults."""

from __future__ import annotations

import contextlib
import re
import secrets
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

from perfana_support.sources.cluster.backoff import LAST_WAIT_SECONDS
from tests.cluster.client import ApiClient, ApiError, Object
from tests.cluster.proxy import Proxy, Seen
from tests.cluster.server import LOOPBACK, Cluster, free_ports
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ACCOUNT, OperatorProcess
from tests.integration.support_objects import API_VERSION, CHECK, Site, conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.identity import Identity

OURS = f"/apis/{API_VERSION}"
_PLACE = "(?:namespaces/[^/]+/)?"
"""An operator of some namespaces asks for each of them."""
CHECKS, POLICIES = f"{OURS}/{_PLACE}supportchecks", f"{OURS}/supportpolicies"
DEPLOYMENTS, PODS, NODES = f"/apis/apps/v1/{_PLACE}deployments", f"/api/v1/{_PLACE}pods", "/api/v1/nodes"
STATUSES = f"{OURS}/.*/status"
ANY = ".*"

WATCHING_WITHIN_SECONDS = 120.0
RECOVERED_WITHIN_SECONDS = 3 * LAST_WAIT_SECONDS + 60.0
"""What was tried often in vain is tried again after the last wait and half of it more, and then works at once."""


class Page(NamedTuple):
    """An answer of the operator's own HTTP server."""

    status: int
    text: str


class FaultSite(NamedTuple):
    """A namespace that an operator behind a proxy judges. `api` goes past the proxy."""

    site: Site
    proxy: Proxy
    http_port: str

    def page(self, path: str) -> Page:
        """Return what the operator answers at `/healthz`, `/readyz` or `/metrics`."""
        return page_of(self.http_port, path)

    def wait_for_watch(self, path: str, after: Seen | None = None) -> Seen:
        """Return a watch of that path that is under way, with `after` one that began later."""

        def found() -> Seen | None:
            watches = self.proxy.seen(path, watch=True, is_open=True)
            fresh = [one for one in watches if one.status == 200 and (after is None or one.at > after.at)]
            return fresh[-1] if fresh else None

        return wait_for(found, WATCHING_WITHIN_SECONDS, f"a watch of {path}")

    def status_path(self, name: str = "perfana") -> str:
        """Return the pattern of the path that a check's status is written to."""
        return re.escape(f"{OURS}/namespaces/{self.site.namespace}/supportchecks/{name}/status")

    def assert_sound(self) -> None:
        """Fail if the operator ended, or stumbled over something that it did not foresee."""
        log = self.site.operator.log
        assert self.site.operator.is_running, log[-4000:]
        assert not [line for line in log.splitlines() if "cannot be judged" in line or " CRITICAL " in line], log[-4000:]


def page_of(http_port: str, path: str) -> Page:
    """Return what an operator answers on its port of loopback."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{http_port}{path}", timeout=10) as response:
            return Page(response.status, response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Page(error.code, error.read().decode())


@contextlib.contextmanager
def proxied_operator(cluster: Cluster, identity: Identity, *arguments: str) -> Iterator[FaultSite]:
    """Run an operator behind a proxy. The site's namespace is "": `in_namespace` gives each test its own."""
    (port,) = free_ports(1)
    with Proxy(cluster) as proxy:
        kubeconfig = proxy.kubeconfig(cluster.folder / "identities" / f"proxied-{secrets.token_hex(4)}", identity.token)
        places = ("--http-host", LOOPBACK, "--http-port", str(port), "--lease-namespace", ACCOUNT)
        with OperatorProcess(cluster, kubeconfig, *places, *arguments) as process:
            process.start()
            yield FaultSite(Site(cluster.client(), "", process), proxy, str(port))


@contextlib.contextmanager
def in_namespace(faulty: FaultSite, namespace: str) -> Iterator[FaultSite]:
    """Give a test its namespace, and end its faults with it."""
    if not faulty.site.operator.is_running:  # the fault of another test, which has failed for it
        faulty.site.operator.start()
    try:
        yield faulty._replace(site=faulty.site._replace(namespace=namespace))
    finally:
        faulty.proxy.drop()
        faulty.proxy.break_off(ANY)


def remove_namespace(api: ApiClient, name: str) -> None:
    """Delete a namespace with all that our tests put into it, as the controllers of a real cluster do."""
    with contextlib.suppress(ApiError):
        api.delete("v1", "Namespace", name)
    for version, kind in ((API_VERSION, CHECK), ("apps/v1", "Deployment"), ("v1", "Pod")):
        api.request("DELETE", api.path(version, kind, namespace=name))
    body = api.get("v1", "Namespace", name)
    body["spec"]["finalizers"] = []
    api.request("PUT", f"{api.path('v1', 'Namespace', name)}/finalize", body=body)


def supported(item: Object) -> str:
    """Return the verdict of a check in one word, "" before there is one."""
    return str(conditions(item).get("Supported", {}).get("status", ""))
