"""Something to see: installations that fare differently, a real operator that judges them, and a Prometheus that scrapes it."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from perfana_support.sources import clock
from tests.cluster.crds import apply_crds
from tests.cluster.server import LOOPBACK, Cluster, free_ports
from tests.cluster.waiting import wait_for
from tests.integration.operator_process import ACCOUNT, ROOT, OperatorProcess, shipped_identity
from tests.integration.support_objects import RELEASED, SNAPSHOT, Site, check, deployment
from tests.watching.rules import RULES
from tests.watching.server import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
scrape_configs:
- job_name: perfana-support
  honor_labels: true
  static_configs: [{{targets: ['{target}']}}]
"""

IMAGES = {
    "legacy": "perfana/perfana-fe:perfana-3.1.0",
    "perfana": RELEASED,
    "shop": RELEASED,
    "warehouse": "perfana/perfana-web:latest",
}
"""By namespace: what runs there."""

SEEN_WITHIN_SECONDS = 120.0
HISTORY_SECONDS = 90.0
"""How much of the past a picture shows; flips come in between."""


class Scene(NamedTuple):
    """All of it: the installations by namespace, and the port of the operator."""

    cluster: Cluster
    prometheus: Prometheus
    sites: dict[str, Site]
    port: int


@contextlib.contextmanager
def scene(host: str = LOOPBACK) -> Iterator[Scene]:
    """Run all of it, until each installation has its verdict in Prometheus; the operator serves at an address of ours."""
    (port,) = free_ports(1)
    with Cluster() as cluster:
        api = cluster.client()
        apply_crds(api, ROOT / "crds")
        identity = shipped_identity(cluster)
        places = ("--http-host", host, "--http-port", str(port), "--lease-namespace", ACCOUNT)
        with (
            Prometheus(CONFIGURATION.format(target=f"{host}:{port}"), [RULES]) as prometheus,
            OperatorProcess(cluster, identity.kubeconfig, *places) as operator,
        ):
            operator.start()
            sites = {name: Site(api, name, operator) for name in IMAGES}
            furnish(sites)
            seen = "count(perfana_support_reason)"
            wait_for(lambda: counted(prometheus, seen) == len(sites), SEEN_WITHIN_SECONDS, "verdicts in Prometheus")
            yield Scene(cluster, prometheus, sites, port)


def furnish(sites: dict[str, Site]) -> None:
    """Install what the namespaces are to have, with a policy of our own for one."""
    api = next(iter(sites.values())).api
    own = {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportPolicy", "metadata": {"name": "acme"}}
    today = clock.today()
    api.create({**own, "spec": {"publishedOn": str(today), "maxPolicyAgeDays": 60}})
    for name, site in sites.items():
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        spec: dict[str, object] = {"policyRef": {"name": "acme"}} if name == "perfana" else {}
        if name == "shop":
            spec["maintenance"] = {"plan": "Team", "expiresOn": str(today + timedelta(days=200))}
        item = check()
        site.create(deployment(IMAGES[name]), {**item, "spec": spec})


def counted(prometheus: Prometheus, expression: str) -> float:
    """Return the one value of an expression, 0 for none."""
    result = prometheus.query(expression)
    return float(result[0]["value"][1]) if result else 0.0


def history(stage: Scene) -> float:
    """Let a while pass in which something happens, and return how long it was.

    It is Prometheus that says how long it has been scraping.
    """
    age = "time() - min_over_time(timestamp(perfana_support_build_info)[1h:1s])"
    moments = ((0.3, "shop", SNAPSHOT), (0.6, "shop", RELEASED), (0.75, "warehouse", RELEASED), (1.0, "", ""))
    for part, name, image in moments:
        wait_for(partial(_is_older, stage.prometheus, age, part * HISTORY_SECONDS), 4 * HISTORY_SECONDS, "a history")
        if name:
            stage.sites[name].set_image(image)
    return counted(stage.prometheus, age)


def _is_older(prometheus: Prometheus, age: str, seconds: float) -> bool:
    return counted(prometheus, age) >= seconds
