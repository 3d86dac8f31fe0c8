"""Each container once, whether a template or its pods show it."""

from perfana_support.evaluate.containers import visible_containers
from perfana_support.model.installation import Container, Installation, Workload


def names(*workloads: Workload) -> list[tuple[str, str, str]]:
    found = visible_containers(Installation("perfana", workloads))
    return [(workload.name, container.name, container.image) for workload, container in found]


TEMPLATE = Workload("Deployment", "perfana", "api", (Container("main", "a:1"), Container("side", "b:1")))


def test_a_template_is_seen() -> None:
    assert names(TEMPLATE) == [("api", "main", "a:1"), ("api", "side", "b:1")]


def test_a_pod_adds_only_what_its_template_does_not_show() -> None:
    pod = Workload(
        "Pod",
        "perfana",
        "api-1",
        (Container("main", "a:0"), Container("side", "b:1"), Container("debugger", "busybox")),
        owner=("Deployment", "api"),
    )
    assert names(pod, TEMPLATE)[:2] == [("api-1", "main", "a:0"), ("api-1", "debugger", "busybox")]


def test_pods_of_one_other_image_are_told_of_their_owner_once() -> None:
    """Else each pod of a rollout that comes or goes would change what is said."""
    old = [
        Workload(
            "Pod", "perfana", f"api-{number}", (Container("main", "a:0"), Container("side", "b:1")), owner=("Deployment", "api")
        )
        for number in range(3)
    ]
    assert names(TEMPLATE, *old)[2:] == [("api", "main", "a:0")]
    assert names(TEMPLATE, old[0])[2:] == [("api-0", "main", "a:0")]


def test_pods_with_a_container_of_their_own_are_told_one_by_one() -> None:
    debugged = [
        Workload(
            "Pod",
            "perfana",
            f"api-{number}",
            (Container("main", "a:1"), Container("debugger", "x:1")),
            owner=("Deployment", "api"),
        )
        for number in range(2)
    ]
    assert names(TEMPLATE, *debugged)[2:] == [("api-0", "debugger", "x:1"), ("api-1", "debugger", "x:1")]


def test_a_pod_without_template_is_seen() -> None:
    assert names(Workload("Pod", "perfana", "api-1", (Container("main", "a:1"),))) == [("api-1", "main", "a:1")]
    assert names(Workload("Pod", "perfana", "api-1", (Container("main", "a:1"),), owner=("Deployment", "other"))) == [
        ("api-1", "main", "a:1")
    ]


def test_a_pod_is_no_template_of_another_pod() -> None:
    first = Workload("Pod", "perfana", "api", (Container("main", "a:1"),), owner=("Deployment", "gone"))
    second = Workload("Pod", "perfana", "other", (Container("main", "a:1"),), owner=("Pod", "api"))
    assert len(names(first, second)) == 2
