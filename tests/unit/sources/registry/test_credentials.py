"""Credentials: which entry of Docker's configuration holds, and that no secret is ever shown."""

import base64
import json
from typing import Any

import pytest

from perfana_support.sources.registry.credentials import (
    Credential,
    CredentialError,
    read_docker_config,
    run_helper,
)

HUB, HARBOR = "docker.io", "harbor.example.com"
WHERE = "config.json"


def packed(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


def find(document: object, registry: str = HARBOR, path: str = "team/perfana-web") -> Credential | None:
    return read_docker_config(json.dumps(document), WHERE)(registry, path)


@pytest.mark.parametrize(
    "key",
    [HARBOR, f"https://{HARBOR}", f"https://{HARBOR}/", f"https://{HARBOR}/v1/", f"http://{HARBOR}/v2/", f"{HARBOR}/team"],
)
def test_entry_is_found_however_it_names_the_registry(key: str) -> None:
    assert find({"auths": {key: packed("me", "secret")}}) == Credential("me", "secret")


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"])
def test_docker_hub_has_several_names(key: str) -> None:
    assert find({"auths": {key: packed("me", "secret")}}, HUB) == Credential("me", "secret")


@pytest.mark.parametrize(
    "key", ["example.com", f"x.{HARBOR}", f"{HARBOR}:5000", f"{HARBOR}/other", f"{HARBOR}/tea", HARBOR.upper()]
)
def test_entry_of_another_registry_or_path_is_not_sent(key: str) -> None:
    assert find({"auths": {key: packed("me", "secret")}}) is None


def test_longest_path_wins() -> None:
    auths = {
        HARBOR: packed("all", "1"),
        f"{HARBOR}/team": packed("team", "2"),
        f"{HARBOR}/team/perfana-web": packed("web", "3"),
    }
    assert find({"auths": auths}) == Credential("web", "3")
    assert find({"auths": auths}, path="team/other") == Credential("team", "2")
    assert find({"auths": auths}, path="other/other") == Credential("all", "1")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"username": "me", "password": "a:b"}, Credential("me", "a:b")),
        (packed("me", "a:b"), Credential("me", "a:b")),
        ({"identitytoken": "t"}, Credential("", "", "t")),
        (packed("<token>", "t"), Credential("", "", "t")),
        ({}, None),
        ({"email": "me@example.com"}, None),
    ],
)
def test_forms_of_an_entry(entry: dict[str, str], expected: Credential | None) -> None:
    assert find({"auths": {HARBOR: entry}}) == expected


def test_pull_secret_of_the_old_kind_has_no_auths() -> None:
    assert find({HARBOR: packed("me", "secret")}) == Credential("me", "secret")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is no JSON"),
        ("[]", "must be a mapping"),
        ('{"auths": []}', "must be mappings"),
        ('{"auths": {"harbor.example.com": 1}}', "must be a mapping"),
        ('{"auths": {"harbor.example.com": {"auth": "%%"}}}', "in base64"),
        ('{"auths": {"harbor.example.com": {"auth": "c2VjcmV0"}}}', "in base64"),
    ],
)
def test_what_cannot_be_read_is_an_error_without_the_secret(text: str, problem: str) -> None:
    with pytest.raises(CredentialError, match=problem) as caught:
        read_docker_config(text, WHERE)(HARBOR, "x")
    assert "c2VjcmV0" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_helper_is_asked_for_its_registry_and_the_store_for_what_it_keeps() -> None:
    asked: list[tuple[str, str]] = []

    def run(helper: str, server: str) -> str:
        asked.append((helper, server))
        return json.dumps({"ServerURL": server, "Username": "me", "Secret": helper})

    document = {"credHelpers": {HARBOR: "ecr-login"}, "credsStore": "pass", "auths": {"https://index.docker.io/v1/": {}}}
    found = read_docker_config(json.dumps(document), WHERE, run)
    assert found(HARBOR, "x") == Credential("me", "ecr-login")
    assert found(HUB, "perfana/x") == Credential("me", "pass")
    assert found("other.example.com", "x") == Credential("me", "pass")
    assert asked == [("ecr-login", HARBOR), ("pass", "https://index.docker.io/v1/"), ("pass", "other.example.com")]


def test_store_that_cannot_be_asked_leaves_what_is_public() -> None:
    def run(_helper: str, _server: str) -> str:
        raise CredentialError("docker-credential-desktop cannot be asked")

    assert read_docker_config('{"credsStore": "desktop", "auths": {}}', WHERE, run)(HUB, "x") is None


@pytest.mark.parametrize("answer", ["", "[]", "no", '{"Username": 1}', '{"Username": "a", "Secret": ""}'])
def test_answer_of_a_helper_that_is_none(answer: str) -> None:
    found = read_docker_config(json.dumps({"credHelpers": {HARBOR: "x"}}), WHERE, lambda _helper, _server: answer)
    if answer.startswith("{") or answer == "[]":
        assert found(HARBOR, "x") is None
    else:
        with pytest.raises(CredentialError, match="answer is no JSON"):
            found(HARBOR, "x")


@pytest.mark.parametrize("helper", ["../x", "a b", "a;b", "", "/bin/sh"])
def test_helper_is_no_path_and_no_command(helper: str) -> None:
    with pytest.raises(CredentialError, match="is no name of a credential helper"):
        run_helper(helper, HARBOR)


def test_helper_that_is_not_there_is_an_error() -> None:
    with pytest.raises(CredentialError, match="docker-credential-absent cannot be asked"):
        run_helper("absent", HARBOR)


def test_credential_shows_nothing() -> None:
    secret: Any = Credential("me", "hunter2", "t0ken")
    for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{secret!r}"):
        assert not any(part in text for part in ("me,", "hunter2", "t0ken"))
