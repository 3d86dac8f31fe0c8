"""Reading `spec.images`, and the catalogue of digests."""

from typing import Any

import pytest

from perfana_support.model.document import Node, Problem
from perfana_support.model.image_policy import (
    KEYED_LISTS,
    MAX_DIGESTS,
    MAX_REGISTRIES,
    Catalogue,
    ImageRules,
    ListedDigest,
    Verification,
    build_catalogue,
    read_images,
    to_digest,
)
from perfana_support.model.registry import Registry, SecretName
from perfana_support.model.release import Release
from perfana_support.sources.policy import builtin_policy
from tests.unit.rules import image_rules

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
HARBOR = {"name": "harbor.example.com:8443"}
ENTRY = {"digest": A, "repository": "perfana/perfana-web", "release": "0.2.96.22"}


def problems_of(spec: dict[str, Any]) -> list[str]:
    problems: list[Problem] = []
    read_images(Node(spec, "spec.images", problems))
    return [str(problem) for problem in problems]


def test_empty_node_asks_for_the_reference_only() -> None:
    assert image_rules() == ImageRules(Verification.REFERENCE, (), 24)


@pytest.mark.parametrize("verification", list(Verification))
def test_every_verification_is_read(verification: Verification) -> None:
    assert image_rules(verification=str(verification)).verification is verification


def test_digests_are_read() -> None:
    rules = image_rules(verification="Catalogue", digests=[ENTRY | {"digest": A.upper().replace("SHA256", "sha256")}])
    assert rules.digests == (ListedDigest(A, "docker.io/perfana/perfana-web", "0.2.96.22", Release(0, 2, 96, 22)),)


def test_registry_cache_hours_are_read() -> None:
    assert image_rules(verification="Registry", registryCacheHours=1).registry_cache_hours == 1


def test_mirrors_are_the_callers() -> None:
    problems: list[Problem] = []
    node = Node({"mirrors": [{"from": "a.example/", "to": "docker.io/"}]}, "spec.images", problems)
    assert list(node.nodes("mirrors", "from"))
    read_images(node)
    assert not problems


def test_keyed_lists() -> None:
    assert KEYED_LISTS == {"digests": "digest", "registries": "name"}


@pytest.mark.parametrize(
    ("spec", "path", "form"),
    [
        ({"verification": "None"}, "verification", "must be one of Reference, Registry, Catalogue"),
        ({"registryCacheHours": 0}, "registryCacheHours", "from 1 to 8760"),
        ({"registryCacheHours": True}, "registryCacheHours", "must be a whole number"),
        ({"digests": {}}, "digests", "must be a list"),
        ({"digests": ["x"]}, "digests[0]", "must be a mapping"),
        ({"digests": [ENTRY | {"digest": "sha256:abc"}]}, "digests[0].digest", "64 hexadecimal digits"),
        ({"digests": [ENTRY | {"digest": 5}]}, "digests[0].digest", "64 hexadecimal digits"),
        ({"digests": [ENTRY | {"repository": "perfana/perfana-web:1"}]}, "digests[0].repository", "without tag"),
        ({"digests": [ENTRY | {"repository": None}]}, "digests[0].repository", "is missing"),
        ({"digests": [ENTRY | {"release": "4"}]}, "digests[0].release", "must be a release number"),
        ({"digests": [ENTRY | {"release": 4.0}]}, "digests[0].release", "must be a release number"),
        ({"digests": [ENTRY | {"kind": "index"}]}, "digests[0].kind", "is not a known field"),
        ({"digests": [ENTRY, ENTRY]}, "digests[1].digest", "must be listed once"),
        ({"registries": [{}]}, "registries[0].name", "is missing"),
        ({"registries": [{"name": "harbor"}]}, "registries[0].name", "must be a registry as images name it"),
        (
            {"registries": [{"name": "https://harbor.example.com"}]},
            "registries[0].name",
            "must be a registry as images name it",
        ),
        ({"registries": [{"name": "harbor.example.com/hub"}]}, "registries[0].name", "must be a registry as images name it"),
        ({"registries": [{"name": "Harbor.example.com"}]}, "registries[0].name", "must be a registry as images name it"),
        ({"registries": [HARBOR, HARBOR]}, "registries[1].name", "must be listed once"),
        ({"registries": [HARBOR | {"endpoint": "harbor.example.com"}]}, "registries[0].endpoint", "must be an address"),
        ({"registries": [HARBOR | {"endpoint": "https://a:b@harbor.example.com"}]}, "registries[0].endpoint", "an address"),
        ({"registries": [HARBOR | {"endpoint": "https://harbor.example.com/v2?x"}]}, "registries[0].endpoint", "an address"),
        ({"registries": [HARBOR | {"endpoint": "ftp://harbor.example.com"}]}, "registries[0].endpoint", "an address"),
        ({"registries": [HARBOR | {"pullSecret": "a"}]}, "registries[0].pullSecret", "must be a mapping"),
        ({"registries": [HARBOR | {"pullSecret": {"name": "a"}}]}, "registries[0].pullSecret.namespace", "is missing"),
        ({"registries": [HARBOR | {"plain": True}]}, "registries[0].plain", "is not a known field"),
        ({"catalog": []}, "catalog", "is not a known field"),
    ],
)
def test_fault_names_path_and_form(spec: dict[str, Any], path: str, form: str) -> None:
    (problem,) = problems_of(spec)
    assert problem.startswith(f"spec.images.{path}: ")
    assert form in problem


def test_registries_are_read() -> None:
    hub = {"name": "docker.io", "endpoint": "http://127.0.0.1:5000/v2", "pullSecret": {"namespace": "tools", "name": "hub"}}
    read = image_rules(registries=[HARBOR, hub]).registries
    assert read == (
        Registry("harbor.example.com:8443"),
        Registry("docker.io", "http://127.0.0.1:5000/v2", SecretName("tools", "hub")),
    )
    assert [registry.is_plain for registry in read] == [False, True]


@pytest.mark.parametrize(("count", "faults"), [(MAX_REGISTRIES, 0), (MAX_REGISTRIES + 1, 1)])
def test_list_of_registries_is_bounded(count: int, faults: int) -> None:
    assert len(problems_of({"registries": [{"name": f"r{place}.example.com"} for place in range(count)]})) == faults


def test_release_that_is_no_text_is_named() -> None:
    problems: list[Problem] = []
    assert read_images(Node({"digests": [ENTRY | {"release": "x.y"}]}, "spec.images", problems)).digests == ()
    assert len(problems) == 1


@pytest.mark.parametrize(("count", "faults"), [(MAX_DIGESTS, 0), (MAX_DIGESTS + 1, 1)])
def test_list_of_digests_is_bounded(count: int, faults: int) -> None:
    entries = [ENTRY | {"digest": f"sha256:{number:064x}"} for number in range(count)]
    assert len(problems_of({"digests": entries})) == faults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (A, A),
        (A.upper(), A),
        ("sha512:" + "0" * 128, "sha512:" + "0" * 128),
        ("sha512:" + "0" * 64, None),
        ("sha256:" + "g" * 64, None),
        ("sha256:" + "a" * 63, None),
        ("md5:" + "a" * 32, None),
        ("a" * 64, None),
        ("", None),
        (":", None),
    ],
)
def test_digest(text: str, expected: str | None) -> None:
    assert to_digest(text) == expected


def test_catalogue_knows_all_that_a_digest_was_served_as() -> None:
    web = ListedDigest(A, "docker.io/perfana/perfana-web", "0.2.96.22", Release(0, 2, 96, 22))
    again = web._replace(release="0.2.96.21", number=Release(0, 2, 96, 21))
    other = web._replace(digest=B)
    catalogue = build_catalogue([web, again, web, other])
    assert catalogue.of(A) == (web, again)
    assert catalogue.of(B) == (other,)
    assert catalogue.of("sha256:" + "c" * 64) == ()
    assert catalogue.count_of(web.repository, web.number) == 2
    assert Catalogue().of(A) == ()


def test_built_in_policy_asks_for_the_reference_and_lists_no_digest() -> None:
    assert builtin_policy().fields.images == ImageRules(registries=(Registry("docker.io"),))


@pytest.mark.parametrize("repository", [5, "perfana/perfana-web:0.2", f"perfana/perfana-web@{A}", "Not An Image"])
def test_repository_of_a_digest_is_one_without_tag_and_digest(repository: object) -> None:
    (problem,) = problems_of({"digests": [ENTRY | {"repository": repository}]})
    assert problem.startswith("spec.images.digests[0].repository: must be an image repository without tag, ")


@pytest.mark.parametrize("field", ["repository", "release", "digest"])
def test_digest_needs_all_that_it_says(field: str) -> None:
    (problem,) = problems_of({"digests": [{key: value for key, value in ENTRY.items() if key != field}]})
    assert problem.startswith(f"spec.images.digests[0].{field}: is missing")


def test_too_many_digests_are_named_by_their_list() -> None:
    digests = [ENTRY | {"digest": f"sha256:{number:064x}"} for number in range(MAX_DIGESTS + 1)]
    assert problems_of({"digests": digests})[0].startswith("spec.images.digests: must list at most ")
