"""The store: what it holds, whom it tells of changes, and what it says could not be read."""

import pytest

from perfana_support.model.installation import Container, Node, Platform, Workload
from perfana_support.sources.cluster.store import SERVER_VERSION, ClusterStore

NODE = Node("n", "v1.33.1", "amd64", "linux")


class Told:
    """A store that notes the namespaces it tells of."""

    def __init__(self, *resources: str) -> None:
        self.of: list[str] = []
        self.store = ClusterStore(resources or ("pods", "nodes", SERVER_VERSION), self.of.append)

    def put(self, name: str = "web", image: str = "a", namespace: str = "shop", kind: str = "Pod", node: str = "") -> None:
        self.store.put(kind, (namespace, name), Workload(kind, namespace, name, (Container("c", image),), node=node))

    def names(self, namespace: str = "shop") -> list[str]:
        return [workload.name for workload in self.store.installation(namespace).workloads]

    @property
    def platform(self) -> Platform:
        platform = self.store.installation("shop").platform
        assert platform is not None
        return platform


@pytest.fixture
def told() -> Told:
    """Make a store of pods, nodes and the server's version."""
    return Told()


def test_change_is_told_to_its_namespace(told: Told) -> None:
    told.put()
    told.put(image="b")
    told.put(namespace="other")
    assert told.of == ["shop", "shop", "other"]


def test_equal_facts_are_not_told(told: Told) -> None:
    told.put()
    told.put()
    told.store.remove("Pod", ("shop", "nobody"))
    told.store.remove("Pod", ("nowhere", "nobody"))
    assert told.of == ["shop"]


def test_same_name_of_two_kinds_is_two_workloads(told: Told) -> None:
    told.put(kind="Pod")
    told.put(kind="Job")
    told.store.remove("Job", ("shop", "web"))
    assert told.names() == ["web"]


def test_removal_is_told_and_leaves_nothing(told: Told) -> None:
    told.put()
    told.store.remove("Pod", ("shop", "web"))
    assert (told.of, told.names(), told.store._namespaces) == (["shop", "shop"], [], {})  # noqa: SLF001 - nothing kept


def test_after_a_list_what_is_not_there_is_gone(told: Told) -> None:
    for namespace in ("shop", "other"):
        for name in "ab":
            told.put(name, namespace=namespace)
    told.put("a", kind="Job")
    told.store.forget_others("Pod", None, {("shop", "a")})
    assert (told.names(), told.names("other")) == (["a", "a"], [])


def test_list_of_one_namespace_says_nothing_of_others(told: Told) -> None:
    told.put(namespace="shop")
    told.put(namespace="other")
    told.store.forget_others("Pod", "shop", set())
    assert (told.names(), told.names("other")) == ([], ["web"])


def test_nodes_that_run_pods_of_the_namespace_are_its_platform(told: Told) -> None:
    told.store.put("Node", ("", "n"), NODE)
    told.store.put("Node", ("", "idle"), NODE._replace(name="idle"))
    told.put(node="n")
    told.put("other", node="unseen")
    assert told.platform.nodes == (NODE, Node("unseen", "", "", ""))


def test_node_is_told_to_the_namespaces_that_run_on_it() -> None:
    told = Told("nodes")
    told.put(node="n")
    told.put("other", node="n")
    told.put(namespace="elsewhere", node="m")
    told.of.clear()
    told.store.put("Node", ("", "n"), NODE)
    assert told.of == []  # while the cluster is being read nobody judges
    told.store.settle("nodes")
    told.store.put("Node", ("", "n"), NODE)
    told.store.put("Node", ("", "idle"), NODE._replace(name="idle"))
    assert told.of == []
    told.store.put("Node", ("", "n"), NODE._replace(kubelet_version="v1.34.0"))
    assert told.of == ["shop"]


def test_node_that_nobody_knows_shows_nothing_of_itself(told: Told) -> None:
    told.put(node="n")
    assert told.platform.nodes == (Node("n", "", "", ""),)


def test_node_that_is_gone_is_known_as_long_as_pods_are_on_it(told: Told) -> None:
    """They outlive it by a minute, and ran on what it was: a spot node that goes turns no verdict."""
    told.store.put("Node", ("", "n"), NODE)
    told.put(node="n")
    told.store.forget_others("Node", None, set())
    assert told.platform.nodes == (NODE,)
    told.put(node="")
    told.store.put("Node", ("", "m"), NODE._replace(name="m"))
    told.store.remove("Node", ("", "m"))
    told.put(node="n")
    assert told.platform.nodes == (Node("n", "", "", ""),)


def test_node_that_came_back_is_no_gone_one(told: Told) -> None:
    told.put(node="n")
    told.store.put("Node", ("", "n"), NODE)
    told.store.remove("Node", ("", "n"))
    told.store.put("Node", ("", "n"), NODE)
    told.put(node="")
    told.store.remove("Node", ("", "other"))
    told.put(node="n")
    assert told.platform.nodes == (NODE,)


def test_nodes_that_cannot_be_read_any_more_are_forgotten_although_pods_are_on_them(told: Told) -> None:
    told.store.put("Node", ("", "n"), NODE)
    told.put(node="n")
    told.store.remove("Node", ("", "n"))
    told.of.clear()
    for _ in range(2):
        told.store.forget_all("Node", None)
    assert (told.platform.nodes, told.of) == ((Node("n", "", "", ""),), [""])


def test_kind_that_cannot_be_read_any_more_is_forgotten_where_it_cannot(told: Told) -> None:
    for namespace in ("shop", "other"):
        told.put(namespace=namespace)
        told.put(namespace=namespace, kind="Job")
    told.store.forget_all("Pod", "shop")
    assert (told.names(), told.names("other")) == (["web"], ["web", "web"])


def test_version_that_cannot_be_read_any_more_is_forgotten(told: Told) -> None:
    told.store.set_server_version("v1.33.0")
    for _ in range(2):
        told.store.forget_server_version()
    assert (told.of, told.platform.server_version) == (["", ""], "")


def test_version_that_is_read_closes_its_gap(told: Told) -> None:
    told.store.mark_unreadable(SERVER_VERSION, "no right")
    told.store.set_server_version("v1.33.0")
    assert (told.platform.gaps, told.store.waits_for(SERVER_VERSION)) == ((), False)


def test_without_nodes_none_are_missed() -> None:
    told = Told("shop/pods", SERVER_VERSION)
    told.put(node="n")
    assert told.platform.nodes == ()


def test_version_of_the_server_is_told_when_it_changes(told: Told) -> None:
    for version in ("v1.33.0", "v1.33.0", "v1.34.0"):
        told.store.set_server_version(version)
    assert (told.of, told.platform.server_version) == (["", ""], "v1.34.0")


def test_gap_is_told_once_and_until_it_is_closed(told: Told) -> None:
    for problem in ("no right", "no right"):
        told.store.mark_unreadable("pods", problem)
    assert (told.of, told.store.installation("shop").gaps) == ([""], ("no right",))
    for _ in range(2):
        told.store.mark_readable("pods")
    assert (told.of, told.store.installation("shop").gaps) == (["", ""], ())


def test_gap_of_the_platform_is_no_gap_in_what_runs(told: Told) -> None:
    told.store.mark_unreadable("nodes", "no right")
    assert (told.store.installation("shop").gaps, told.platform.gaps) == ((), ("no right",))


def test_gap_of_one_namespace_does_not_speak_of_another() -> None:
    told = Told("shop/pods", "shop-2/pods")
    told.store.mark_unreadable("shop/pods", "no right")
    assert told.store.installation("shop").gaps == ("no right",)
    assert told.store.installation("shop-2").gaps == ()


def test_all_resources_must_be_known_first(told: Told) -> None:
    told.store.mark_readable("pods")
    told.store.mark_unreadable("nodes", "no right")
    assert not told.store.is_synced
    told.store.set_server_version("v1.33.0")
    assert told.store.is_synced
