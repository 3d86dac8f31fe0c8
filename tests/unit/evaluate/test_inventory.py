"""Which containers are judged, and which release each of them runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.inventory import Component, Inventory, identify, select, take_inventory
from perfana_support.model.check import Check, Operator, Requirement
from perfana_support.model.image import parse_image
from perfana_support.model.image_policy import ListedDigest
from perfana_support.model.installation import Container, ContainerRole, Installation, Location, Workload
from perfana_support.model.policy import Build, Policy
from perfana_support.model.release import Release
from tests.unit.builders import NAMESPACE, installation, policy, workload

WEB, API = "perfana/perfana-web:0.2.96.22", "perfana/perfana-api:0.2.96.22"
SNAPSHOT = "perfana/perfana-web:0.2.97.0-SNAPSHOT"
MIRRORED = {"images": {"mirrors": [{"from": "cache.example.com/acme/", "to": "registry.example.com/other/"}]}}


def _inventory(*workloads: Workload) -> Inventory:
    return take_inventory(Installation(NAMESPACE, workloads), policy())


def _component(image: str) -> Component:
    (component,) = take_inventory(installation(image), policy()).components
    return component


def _pod(*images: str, owner: tuple[str, str] | None, names: tuple[str, ...] = ("c0", "c1")) -> Workload:
    containers = tuple(Container(name, image) for name, image in zip(names, images, strict=False))
    return Workload("Pod", NAMESPACE, "perfana-5f668d8-x", containers, owner=owner)


def _images(inventory: Inventory) -> list[str]:
    return [f"{component.subject.kind}:{component.subject.image}" for component in inventory.components]


def test_container_is_judged_by_its_image_and_not_by_its_name() -> None:
    named = Workload("Deployment", NAMESPACE, "a", (Container("perfana-web", "nginx:1.29"), Container("nginx", WEB)))
    assert [component.subject.container for component in _inventory(named).components] == ["nginx"]


@pytest.mark.parametrize("role", ContainerRole)
def test_container_of_every_role_is_judged(role: ContainerRole) -> None:
    assert len(_inventory(Workload("Deployment", NAMESPACE, "a", (Container("a", WEB, role),))).components) == 1


@pytest.mark.parametrize(
    ("image", "identity"),
    [
        ("perfana/perfana-web:1.0", ("docker.io/perfana/perfana-web", False)),
        ("registry.example.com/copy/perfana-web", ("docker.io/perfana/perfana-web", False)),
        ("perfana-web", ("docker.io/perfana/perfana-web", False)),
        ("perfana/perfana-fe-test:1.0", ("docker.io/perfana/perfana-fe", True)),
        ("registry.example.com/perfana-fe-test", ("docker.io/perfana/perfana-fe", True)),
        ("perfana/perfana-fixture:1.0", None),
        ("perfana/perfana-fixture-test:1.0", None),
        ("perfana/afterburner:1.0", None),
        ("nginx:1.29", None),
        ("acme/-test", None),
        ("perfana/perfana-web-test-test", None),
        ("perfana-web/other:1.0", None),
    ],
)
def test_image_is_a_component_by_its_repository(image: str, identity: tuple[str, bool] | None) -> None:
    reference = parse_image(image)
    assert (identify(reference, policy()) if reference else None) == identity


def test_mirrored_image_is_what_it_copies() -> None:
    spec = MIRRORED | {
        "productLines": [{"name": "platform", "components": [{"repository": "registry.example.com/other/engine"}]}]
    }
    for image in ("cache.example.com/acme/engine:4.0.0", "registry.example.com/other/engine:4.0.0"):
        (component,) = take_inventory(installation(image), policy(spec)).components
        assert component.repository == "registry.example.com/other/engine"


def test_component_named_like_a_test_repository_is_no_test() -> None:
    spec = {"productLines": [{"name": "platform", "components": [{"repository": "perfana/perfana-web-test"}]}]}
    (component,) = take_inventory(installation("perfana/perfana-web-test:4.0.0"), policy(spec)).components
    assert not component.is_test


@pytest.mark.parametrize(
    ("image", "release", "text", "line"),
    [
        ("perfana/perfana-web:0.2.96.22", Release(0, 2, 96, 22), "0.2.96.22", "0.2"),
        ("perfana/perfana-web:perfana-4.0.0", Release(4, 0), "4.0.0", "4.0"),
        ("perfana/perfana-web:0.2.24", Release(0, 2, 24), "0.2.24.0", "0.2"),
        ("perfana/perfana-web:0.2.99.1-alpine", Release(0, 2, 99, 1), "0.2.99.1", "0.2"),
        ("perfana/perfana-ds:0.2.8", Release(3, 3), "3.3.0", "3.3"),
        ("perfana/perfana-fe:2.46.1", None, "", ""),
        ("perfana/perfana-fe:perfana-3.1.0", Release(3, 1), "3.1.0", "3.1"),
        ("perfana/perfana-web:0.2", None, "", "0.2"),
        ("perfana/perfana-fe:perfana-2.4", None, "", "2.4"),
        ("perfana/perfana-fe:2.4", None, "", ""),
        ("perfana/perfana-fe:3.3", None, "", ""),
        ("perfana/perfana-web:9.9.9", Release(9, 9, 9), "9.9.9", "9.9"),
        ("perfana/perfana-web:latest", None, "", ""),
        ("perfana/perfana-web", None, "", ""),
    ],
)
def test_release_and_line_of_an_image(image: str, release: Release | None, text: str, line: str) -> None:
    component = _component(image)
    assert (component.release, component.release_text, component.line_name) == (release, text, line)


def test_unlisted_line_has_a_name_and_no_end() -> None:
    assert _component("perfana/perfana-web:9.9.9").line is None


def test_short_name_leaves_out_docker_hub_alone() -> None:
    assert _component("index.docker.io/perfana/perfana-web:1.0").short_name == "perfana/perfana-web"


def test_image_that_cannot_be_read_may_be_anything() -> None:
    inventory = _inventory(Workload("Deployment", NAMESPACE, "a", (Container("a", "{{ x }}", location=Location("f.yaml", 7)),)))
    assert inventory.components == ()
    (unreadable,) = inventory.unreadable
    assert (unreadable.subject.image, unreadable.location) == ("{{ x }}", Location("f.yaml", 7))


def test_image_that_cannot_be_read_hides_no_other() -> None:
    inventory = _inventory(workload("{{ x }}", "nginx:1.29", WEB, "", API))
    assert _images(inventory) == [f"Deployment:{WEB}", f"Deployment:{API}"]
    assert [each.subject.image for each in inventory.unreadable] == ["{{ x }}", ""]


def test_gaps_of_the_source_are_kept() -> None:
    assert take_inventory(Installation("a", (), ("pods cannot be read",)), policy()).gaps == ("pods cannot be read",)


def test_pod_adds_nothing_to_the_template_that_made_it() -> None:
    inventory = _inventory(workload(WEB, API), _pod(WEB, API, owner=("Deployment", "perfana")))
    assert _images(inventory) == [f"Deployment:{WEB}", f"Deployment:{API}"]


def test_pod_adds_an_image_that_its_template_does_not_show() -> None:
    inventory = _inventory(workload(WEB, API), _pod(SNAPSHOT, API, owner=("Deployment", "perfana")))
    assert _images(inventory) == [f"Deployment:{WEB}", f"Deployment:{API}", f"Pod:{SNAPSHOT}"]


def test_pod_adds_a_container_of_its_own() -> None:
    inventory = _inventory(workload(WEB), _pod(WEB, WEB, owner=("Deployment", "perfana"), names=("c0", "debugger")))
    assert [component.subject.container for component in inventory.components] == ["c0", "debugger"]


@pytest.mark.parametrize("owner", [None, ("Deployment", "other"), ("StatefulSet", "perfana"), ("ReplicaSet", "perfana")])
def test_pod_of_another_owner_is_judged_itself(owner: tuple[str, str] | None) -> None:
    assert _images(_inventory(workload(WEB), _pod(WEB, owner=owner))) == [f"Deployment:{WEB}", f"Pod:{WEB}"]


def test_pod_that_names_another_pod_as_owner_is_judged_itself() -> None:
    first = _pod(WEB, owner=("Pod", "perfana-5f668d8-x"))
    assert _images(_inventory(first)) == [f"Pod:{WEB}"]


A = "sha256:" + "a" * 64


def _listed(*numbers: int, repository: str = "docker.io/perfana/perfana-web") -> Policy:
    """A catalogue that knows one digest, as releases 0.2.96.x; two sources may know it as two."""
    releases = [Release(0, 2, 96, number) for number in numbers]
    digests = tuple(ListedDigest(A, repository, f"0.2.96.{release.build}", release) for release in releases)
    fields = policy().fields
    return Policy(fields._replace(images=fields.images._replace(digests=digests)))


@pytest.mark.parametrize("tag", ["", ":latest"])
def test_listed_digest_tells_the_release_where_the_tag_does_not(tag: str) -> None:
    image = f"perfana/perfana-web{tag}@{A.upper().replace('SHA', 'sha')}"
    (component,) = take_inventory(installation(image), _listed(21)).components
    assert (component.release, component.release_text, component.line_name) == (Release(0, 2, 96, 21), "0.2.96.21", "0.2")
    assert (component.tag.build, component.tag.is_line) == (Build.RELEASED, False)


@pytest.mark.parametrize(
    "listed",
    [
        _listed(21, 20),
        _listed(21, repository="docker.io/perfana/perfana-api"),
        policy(),
    ],
)
def test_digest_of_several_releases_of_another_component_or_of_none_tells_nothing(listed: Policy) -> None:
    (component,) = take_inventory(installation(f"perfana/perfana-web@{A}"), listed).components
    assert (component.release, component.line_name, component.tag.build) == (None, "", Build.FLOATING)


def test_digest_does_not_change_what_a_tag_says() -> None:
    (component,) = take_inventory(installation(f"perfana/perfana-web:0.2.24@{A}"), _listed(21)).components
    assert component.release == Release(0, 2, 24)


def test_version_of_a_component_that_is_of_no_release_beside_a_line_number_names_no_line() -> None:
    (component,) = take_inventory(installation(f"perfana/perfana-fe:2.46@{A}"), policy()).components
    assert (component.line_name, component.line) == ("", None)


def _labelled(name: str, image: str, *labels: tuple[str, str]) -> Workload:
    return Workload("Deployment", NAMESPACE, name, (Container("proxy", "nginx:1.29"), Container("c", image)), labels)


def test_selector_means_components_by_their_labels_and_everything_else() -> None:
    check = Check(selector=(Requirement("team", Operator.IN, ("a",)),))
    subject = Installation(
        NAMESPACE,
        (
            _labelled("own", WEB, ("team", "a")),
            _labelled("other", API, ("team", "b")),
            _labelled("unlabelled", API),
            _labelled("unreadable", "{{ x }}", ("team", "b")),
            _labelled("unreadable-own", "{{ x }}", ("team", "a")),
            _labelled("database", "mongo:7.0", ("team", "b")),
        ),
        ("a gap",),
    )
    chosen = select(subject, check, policy())
    assert [each.name for each in chosen.workloads] == ["own", "unreadable-own", "database"]
    assert chosen.gaps == ("a gap",)
    assert select(subject, Check(), policy()) == subject


def test_image_ids_of_pods_are_those_of_their_template_in_order_and_each_once() -> None:
    def pod(name: str, *ids: str) -> Workload:
        containers = tuple(Container("c0", WEB, image_id=image_id) for image_id in ids)
        return Workload("Pod", NAMESPACE, name, containers, owner=("Deployment", "perfana"))

    inventory = _inventory(workload(WEB), pod("p1", "b", ""), pod("p2", "a"), pod("p3", "b"))
    assert [component.image_ids for component in inventory.components] == [("a", "b")]


@given(st.text(max_size=60))
def test_any_image_is_a_component_unreadable_or_none_of_ours(image: str) -> None:
    inventory = take_inventory(installation(image), policy())
    assert len(inventory.components) + len(inventory.unreadable) <= 1
    assert bool(inventory.unreadable) == (parse_image(image) is None)
