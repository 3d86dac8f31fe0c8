"""The store: whose pods are whose."""

import pytest

from perfana_support.model.installation import Container, Workload
from perfana_support.sources.cluster.store import ClusterStore
from tests.unit.builders import NAMESPACE

CONTAINERS = (Container("c", "perfana/perfana-web:0.2.96.22"),)


def _owner_of_pod(job: str, *others: tuple[str, str]) -> tuple[str, str] | None:
    store = ClusterStore(("pods",), lambda _: None)
    store.put("Pod", (NAMESPACE, "p"), Workload("Pod", NAMESPACE, "p", CONTAINERS, owner=("Job", job)))
    for kind, name in others:
        store.put(kind, (NAMESPACE, name), Workload(kind, NAMESPACE, name, CONTAINERS))
    return next(each.owner for each in store.installation(NAMESPACE).workloads if each.kind == "Pod")


@pytest.mark.parametrize(
    ("job", "others", "owner"),
    [
        ("nightly-29390580", [("CronJob", "nightly")], ("CronJob", "nightly")),
        ("nightly-29390580", [("CronJob", "nightly"), ("Job", "nightly-29390580")], ("Job", "nightly-29390580")),
        ("nightly-29390580", [("Deployment", "nightly")], ("Job", "nightly-29390580")),
        ("nightly-by-hand", [("CronJob", "nightly")], ("Job", "nightly-by-hand")),
        ("nightly-29390580", [], ("Job", "nightly-29390580")),
    ],
)
def test_pod_of_a_cron_jobs_job_is_the_cron_jobs(job: str, others: list[tuple[str, str]], owner: tuple[str, str]) -> None:
    assert _owner_of_pod(job, *others) == owner
