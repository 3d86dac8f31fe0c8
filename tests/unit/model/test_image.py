"""Image references, as container runtimes read them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.image import ImageReference, normalise_repository, parse_image, to_repository

DIGEST = "sha256:7d9495d03763d2d3b8ad7a8c1d1bba51a2f3a5b0b51ab57a1c0ba0d8bd1d1f0f"

# Text: registry, path, tag, digest.
REFERENCES: dict[str, tuple[str, str, str | None, str | None]] = {
    "perfana/perfana-web": ("docker.io", "perfana/perfana-web", None, None),
    "perfana/perfana-web:0.2.96.22": ("docker.io", "perfana/perfana-web", "0.2.96.22", None),
    f"perfana/perfana-web@{DIGEST}": ("docker.io", "perfana/perfana-web", None, DIGEST),
    f"perfana/perfana-web:0.2@{DIGEST}": ("docker.io", "perfana/perfana-web", "0.2", DIGEST),
    "mongo": ("docker.io", "library/mongo", None, None),
    "mongo:7.0": ("docker.io", "library/mongo", "7.0", None),
    "docker.io/mongo:7.0": ("docker.io", "library/mongo", "7.0", None),
    "registry:5000": ("docker.io", "library/registry", "5000", None),
    "registry:5000/perfana-web": ("registry:5000", "perfana-web", None, None),
    "registry.example.com/perfana-web": ("registry.example.com", "perfana-web", None, None),
    "localhost/perfana-web:1.0": ("localhost", "perfana-web", "1.0", None),
    "localhost:5000/a/b/c:1.0": ("localhost:5000", "a/b/c", "1.0", None),
    "LOCALHOST/perfana-web": ("localhost", "perfana-web", None, None),
    "Acme/perfana-web:1.0": ("acme", "perfana-web", "1.0", None),
    "[::1]:5000/perfana/perfana-web:1.0": ("[::1]:5000", "perfana/perfana-web", "1.0", None),
    "10.0.0.1:5000/perfana/perfana-web": ("10.0.0.1:5000", "perfana/perfana-web", None, None),
    "image-registry.openshift-image-registry.svc:5000/perfana/perfana-api:0.2.96.27-ubi9": (
        "image-registry.openshift-image-registry.svc:5000",
        "perfana/perfana-api",
        "0.2.96.27-ubi9",
        None,
    ),
    "a/b__c/d-e/f.g/h---i": ("docker.io", "a/b__c/d-e/f.g/h---i", None, None),
    "perfana/perfana-web:_tag": ("docker.io", "perfana/perfana-web", "_tag", None),
    "perfana/perfana-web:" + "t" * 128: ("docker.io", "perfana/perfana-web", "t" * 128, None),
}
ONE_REPOSITORY = [
    "perfana/perfana-web",
    "docker.io/perfana/perfana-web",
    "index.docker.io/perfana/perfana-web",
    "registry-1.docker.io/perfana/perfana-web",
    "Docker.IO/perfana/perfana-web",
]
ONE_LIBRARY = ["mongo", "library/mongo", "docker.io/mongo", "docker.io/library/mongo", "index.docker.io/mongo"]
MALFORMED = [
    "",
    ":",
    "@",
    "/",
    ":1.0",
    f"@{DIGEST}",
    "perfana/perfana-web:",
    "perfana/perfana-web@",
    "perfana/perfana-web:1.0@",
    "perfana/perfana-web@sha256:abc",
    f"perfana/perfana-web@{DIGEST}@{DIGEST}",
    f"perfana/perfana-web@{DIGEST}:1.0",
    "perfana/perfana-web@7d9495d03763d2d3b8ad7a8c1d1bba51",
    "perfana/perfana-web:1:2",
    "perfana/perfana-web:.hidden",
    "perfana/perfana-web:-dash",
    "perfana/perfana-web:a b",
    "perfana/perfana-web:1.0+build",
    "perfana/perfana-web:" + "t" * 129,
    "perfana/perfana-web:{{ .Values.tag }}",
    "{{ .Values.image }}",
    "${IMAGE}",
    "$(IMAGE)",
    "<image>",
    "perfana//perfana-web",
    "/perfana/perfana-web",
    "perfana/perfana-web/",
    "perfana/Perfana-Web",
    "perfana/perfana_-web",
    "perfana/perfana..web",
    "perfana/___web",
    "perfana/-web",
    "perfana/web-",
    "perfana/perfána-web",
    "https://docker.io/perfana/perfana-web",
    "docker.io:/perfana/perfana-web",
    "docker.io:port/perfana/perfana-web",
    "docker.io:123456/perfana/perfana-web",
    "-docker.io/perfana/perfana-web",
    " perfana/perfana-web",
    "perfana/perfana-web ",
    "perfana/perfana-web\n",
    "perfana/perfana-web:1.0\n",
    "perfana/perfana-web\x00",
    "a/" * 256 + "b",
]


@pytest.mark.parametrize(("text", "parts"), REFERENCES.items())
def test_reference_has_registry_path_tag_and_digest(text: str, parts: tuple[str, str, str | None, str | None]) -> None:
    assert parse_image(text) == ImageReference(*parts)


@pytest.mark.parametrize("group", [ONE_REPOSITORY, ONE_LIBRARY])
def test_spellings_of_one_repository_are_equal(group: list[str]) -> None:
    for one, other in product(group, group):
        assert parse_image(f"{one}:1.0") == parse_image(f"{other}:1.0")
        assert normalise_repository(one) == normalise_repository(other)


def test_repository_is_registry_and_path() -> None:
    assert ImageReference("docker.io", "perfana/perfana-web", "1.0").repository == "docker.io/perfana/perfana-web"


@pytest.mark.parametrize("text", MALFORMED)
def test_reference_that_a_runtime_refuses_is_none(text: str) -> None:
    assert parse_image(text) is None


def test_length_is_bounded() -> None:
    assert parse_image("a" * 512) is not None
    assert parse_image("a" * 513) is None


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    reference = parse_image(text)
    assert reference is None or parse_image(_spelled(reference)) == reference


@given(st.text("abz09.-_/:@ABC[]", max_size=60))
def test_what_is_read_is_read_the_same_again(text: str) -> None:
    reference = parse_image(text)
    assert reference is None or parse_image(_spelled(reference)) == reference


def _spelled(reference: ImageReference) -> str:
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{reference.digest}" if reference.digest else ""
    # What has neither dot nor port is a registry by its capitals.
    is_plain = "." in reference.registry or ":" in reference.registry or reference.registry == "localhost"
    registry = reference.registry if is_plain else reference.registry.upper()
    return f"{registry}/{reference.path}{tag}{digest}"


@pytest.mark.parametrize(
    ("raw", "repository"),
    [
        ("perfana/perfana-web", "docker.io/perfana/perfana-web"),
        ("docker.io/perfana/perfana-web", "docker.io/perfana/perfana-web"),
        ("harbor.example.com:5000/a/b", "harbor.example.com:5000/a/b"),
        ("web", None),
        ("docker.io", None),
        ("Perfana/x", None),
        ("perfana/X", None),
        ("perfana/web:1", None),
        (f"perfana/web@sha256:{'a' * 64}", None),
        ("", None),
        (7, None),
    ],
)
def test_repository_of_a_policy(raw: object, repository: str | None) -> None:
    assert to_repository(raw) == repository


@pytest.mark.parametrize(
    ("digest", "is_readable"),
    [
        ("sha256:" + "a" * 64, True),
        ("sha384:" + "a" * 96, True),
        ("sha512:" + "a" * 128, True),
        ("sha256:" + "a" * 63, False),
        ("sha256:" + "a" * 65, False),
        ("sha512:" + "a" * 64, False),
        ("md5:" + "a" * 32, False),
        ("sha256+b64:" + "a" * 64, False),
        ("sha256:" + "g" * 64, False),
    ],
)
def test_digest_has_an_algorithm_that_runtimes_know_and_its_length(digest: str, *, is_readable: bool) -> None:
    assert (parse_image(f"perfana/perfana-web@{digest}") is not None) is is_readable


def test_port_of_https_is_no_other_registry() -> None:
    assert parse_image("docker.io:443/perfana/perfana-web:1.0") == parse_image("perfana/perfana-web:1.0")
    assert parse_image("eu.example.com:443/a:1") == parse_image("eu.example.com/a:1")
    assert parse_image("eu.example.com:443:443/a:1") is None
