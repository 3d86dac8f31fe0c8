"""The proxy that makes faults: each of its acts, as a client sees it."""

from __future__ import annotations

import http.client
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.cluster.client import ApiClient, ApiError
from tests.cluster.proxy import Act, Proxy, event, refusal
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object
    from tests.cluster.server import Cluster

NAMESPACES = "/api/v1/namespaces"
CONFIG_MAPS = ".*/configmaps"


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    with Proxy(cluster) as listening:
        yield listening


@pytest.fixture
def through(cluster: Cluster, proxy: Proxy) -> ApiClient:
    """Return a client of an admin that goes through the proxy."""
    return ApiClient(proxy.server, cluster.user("test-admin").token, cluster.ca_file)


def config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def test_passes_requests_on_as_they_are(through: ApiClient, proxy: Proxy, namespace: str, cluster: Cluster) -> None:
    through.create(config_map("one"), namespace)
    assert through.get("v1", "ConfigMap", "one", namespace)["metadata"]["name"] == "one"
    with pytest.raises(ApiError, match="404 NotFound"):
        through.get("v1", "ConfigMap", "two", namespace)
    assert [seen.status for seen in proxy.seen(f"{CONFIG_MAPS}.*")] == [201, 200, 404]
    assert {seen.agent for seen in proxy.requests} == {"perfana-support-tests"}
    kubeconfig = proxy.kubeconfig(cluster.folder / "through.kubeconfig", cluster.user("test-admin").token)
    assert cluster.kubectl("get", "configmap", "one", "-n", namespace, "-o", "name", kubeconfig=kubeconfig).stdout.strip()


def test_answers_by_rules_the_last_first_and_as_often_as_told(through: ApiClient, proxy: Proxy) -> None:
    always = proxy.on(NAMESPACES, refusal(500, "InternalError"))
    once = proxy.on(NAMESPACES, refusal(429, "TooManyRequests", Retry_After="1"), method="GET", times=1)
    for expected in ("429 TooManyRequests", "500 InternalError"):
        with pytest.raises(ApiError, match=expected):
            through.request("GET", NAMESPACES)
    assert (len(once.seen), len(always.seen)) == (1, 1)
    assert once.seen[0].at <= always.seen[0].at
    proxy.drop(always)
    assert through.request("GET", NAMESPACES)["items"]
    proxy.on(NAMESPACES, refusal(500, "InternalError"), query={"limit": "1"})
    assert through.request("GET", NAMESPACES)["items"]
    with pytest.raises(ApiError, match="500"):
        through.request("GET", NAMESPACES, query={"limit": 1})
    proxy.drop()
    assert through.request("GET", NAMESPACES, query={"limit": 1})["items"]


def test_knows_whose_request_it_is(through: ApiClient, proxy: Proxy, cluster: Cluster) -> None:
    proxy.on(NAMESPACES, refusal(401, "Unauthorized"), token=cluster.user("test-admin").token)
    with pytest.raises(ApiError, match="401"):
        through.request("GET", NAMESPACES)
    with pytest.raises(ApiError, match="403"):
        ApiClient(proxy.server, None, cluster.ca_file).request("GET", NAMESPACES)


def test_calls_before_it_passes_on(through: ApiClient, proxy: Proxy, namespace: str, api: ApiClient) -> None:
    through.create(config_map("one"), namespace)
    delete = Act(before=lambda: api.delete("v1", "ConfigMap", "one", namespace))
    proxy.on(f"{CONFIG_MAPS}/one", delete, method="GET")
    with pytest.raises(ApiError, match="404"):
        through.get("v1", "ConfigMap", "one", namespace)


def test_is_slow_as_told(through: ApiClient, proxy: Proxy) -> None:
    proxy.on(NAMESPACES, Act(delay_seconds=0.2, dribble_seconds=0.01))
    began = time.monotonic()
    assert through.request("GET", NAMESPACES)["items"]
    assert time.monotonic() - began > 0.3


def test_loses_an_answer_after_the_deed(through: ApiClient, proxy: Proxy, namespace: str, api: ApiClient) -> None:
    proxy.on(CONFIG_MAPS, Act(lines=0), method="POST")
    with pytest.raises((http.client.HTTPException, OSError)):
        through.create(config_map("one"), namespace)
    assert api.get("v1", "ConfigMap", "one", namespace)


def test_cuts_in_the_middle(through: ApiClient, proxy: Proxy) -> None:
    proxy.on(NAMESPACES, Act(lines=0, more_bytes=7))
    with pytest.raises((http.client.HTTPException, OSError)):
        through.request("GET", NAMESPACES)


def test_answers_a_watch_with_an_event(through: ApiClient, proxy: Proxy, namespace: str) -> None:
    proxy.on(CONFIG_MAPS, event(type="ERROR", object={"code": 410, "reason": "Expired"}), watch=True)
    with pytest.raises(ApiError, match="410 Expired"):
        next(through.watch("v1", "ConfigMap", namespace, deadline_seconds=10))


def watch_names(through: ApiClient, namespace: str, names: list[str]) -> threading.Thread:
    """Watch in a thread, which ends when the watch does."""

    def follow() -> None:
        for found in through.watch("v1", "ConfigMap", namespace, deadline_seconds=60):
            names.append(found["object"]["metadata"]["name"])  # noqa: PERF401 - seen one by one from outside

    def follow_to_its_end() -> None:
        try:
            follow()
        except (EOFError, http.client.HTTPException, OSError, ValueError) as error:
            names.append(type(error).__name__)

    thread = threading.Thread(target=follow_to_its_end, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("in_line", [False, True])
def test_breaks_a_watch_off(through: ApiClient, proxy: Proxy, namespace: str, api: ApiClient, *, in_line: bool) -> None:
    names: list[str] = []
    thread = watch_names(through, namespace, names)
    api.create(config_map("one"), namespace)
    wait_for(lambda: "one" in names, 10, "the watch")
    (broken,) = proxy.break_off(CONFIG_MAPS, in_line=in_line)
    if in_line:
        api.create(config_map("two"), namespace)
    thread.join(10)
    assert names[:-1] == ["one"]
    assert names[-1] != "two"
    assert not broken.is_open


def test_silences_a_watch_that_stays_open(through: ApiClient, proxy: Proxy, namespace: str, api: ApiClient) -> None:
    names: list[str] = []
    thread = watch_names(through, namespace, names)
    api.create(config_map("one"), namespace)
    wait_for(lambda: "one" in names, 10, "the watch")
    (dead,) = proxy.silence(CONFIG_MAPS)
    api.create(config_map("two"), namespace)
    fresh: list[str] = []
    watch_names(through, namespace, fresh)
    wait_for(lambda: "two" in fresh, 10, "a second watch, which hears of both")
    assert dead.is_open
    assert names == ["one"]
    assert thread.is_alive()
    proxy.break_off(CONFIG_MAPS)
    thread.join(10)
