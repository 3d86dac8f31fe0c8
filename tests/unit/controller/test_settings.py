"""Settings: where each comes from, what is refused, and what `--help` says of them."""

import argparse
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields

import pytest

from perfana_support.controller.settings import ENVIRONMENT_PREFIX, Settings, add_arguments, flag, read_settings, variable
from perfana_support.sources.errors import SourceError

NAMES = [one.name for one in fields(Settings)]
# A value of each, as text, that is no default, and what is read of it.
GIVEN: dict[str, tuple[str, object]] = {
    "kubeconfig": ("admin.conf", "admin.conf"),
    "context": ("prod", "prod"),
    "namespaces": ("a, b,a", ("a", "b")),
    "workers": ("3", 3),
    "http_host": ("127.0.0.1", "127.0.0.1"),
    "http_port": ("0", 0),
    "log_format": ("json", "json"),
    "verbose": ("true", True),
    "leader_election": ("false", False),
    "lease_namespace": ("ops", "ops"),
    "lease_name": ("mine", "mine"),
    "identity": ("me", "me"),
    "lease_seconds": ("30", 30.0),
    "watch_silence_seconds": ("120", 120.0),
    "audit_seconds": ("5.5", 5.5),
    "resync_seconds": ("600", 600.0),
    "wake_spread_seconds": ("0", 0.0),
    "settle_seconds": ("0", 0.0),
    "registry_ca_file": ("/etc/ssl/own.pem", "/etc/ssl/own.pem"),
    "use_pull_secrets": ("true", True),
    "policy_reports": ("true", True),
}
SWITCHES = [one.name for one in fields(Settings) if one.type is bool]


def _read(*words: str, **environment: str) -> Settings:
    """Read flags and variables, the latter by the names of settings."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_settings(vars(parser.parse_args(words)), {variable(name): text for name, text in environment.items()})


def _problems(*words: str, **environment: str) -> list[str]:
    with pytest.raises(SourceError) as caught:
        _read(*words, **environment)
    return [str(fault) for fault in caught.value.faults]


def _words(name: str, text: str) -> list[str]:
    if name in SWITCHES:
        return [flag(name) if text == "true" else flag(name).replace("--", "--no-")]
    return [flag(name), text]


def test_every_setting_is_tested() -> None:
    assert list(GIVEN) == NAMES


def test_without_anything_the_defaults_count() -> None:
    assert _read() == Settings()


@pytest.mark.parametrize("name", NAMES)
def test_flag_wins_over_the_environment_and_that_over_the_default(name: str) -> None:
    text, value = GIVEN[name]
    default = getattr(Settings(), name)
    assert value != default
    assert getattr(_read(*_words(name, text)), name) == value
    assert getattr(_read(**{name: text}), name) == value
    opposite = {"true": "false", "false": "true"}.get(text, "json" if name == "log_format" else "7")
    assert getattr(_read(*_words(name, text), **{name: opposite}), name) == value


@pytest.mark.parametrize("name", NAMES)
def test_empty_variable_is_none(name: str) -> None:
    assert _read(**{name: ""}) == Settings()


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_has_unit_and_purpose(name: str) -> None:
    one = next(one for one in fields(Settings) if one.name == name)
    assert bool(one.metadata["unit"]) is (name not in SWITCHES)
    purpose = one.metadata["purpose"]
    assert purpose[0].islower()
    assert not purpose.endswith(".")
    if name.endswith("_seconds"):
        assert (one.metadata["unit"], one.type) == ("SECONDS", float)


@pytest.mark.parametrize("name", NAMES)
def test_help_names_flag_variable_and_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    text = " ".join(parser.format_help().split())
    default = getattr(Settings(), name)
    written = (
        {True: "on", False: "off"}[default] if name in SWITCHES else f"{default:g}" if isinstance(default, float) else default
    )
    assert f"{flag(name)}" in text
    assert f"(${variable(name)}; default: {written or 'none'})" in text


def test_command_shows_the_settings() -> None:
    environment = {**os.environ, "COLUMNS": "400"}
    words = [sys.executable, "-m", "perfana_support", "operator", "--help"]
    text = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout
    assert all(f"${variable(name)}; default: " in text for name in NAMES)


@pytest.mark.parametrize("name", ["Shop", "a_b", "a.b", "-a", "a-", "team-*", "a/b", "é", "a" * 64])
def test_what_cannot_be_a_namespace_is_refused(name: str) -> None:
    (problem,) = _problems("-n", f"shop,{name}")
    assert problem.startswith(f"--namespace: {name!r} cannot be a namespace")
    assert "kubectl get namespaces" in problem


@pytest.mark.parametrize("name", ["a", "7", "a--b", "a" * 63])
def test_what_can_be_a_namespace_is_taken(name: str) -> None:
    assert _read("-n", name).namespaces == (name,)


def test_namespaces_are_repeated_or_listed() -> None:
    assert _read("-n", "a", "--namespace", "b,c", "-n", "a").namespaces == ("a", "b", "c")
    assert _read(namespaces=" a ,,b ").namespaces == ("a", "b")


@pytest.mark.parametrize("words", [["-n", ""], ["-n", ","], ["-n", " "]], ids=str)
def test_flag_for_namespaces_that_names_none_is_refused(words: list[str]) -> None:
    assert _problems(*words) == ["--namespace: names no namespace; leave it out to look at the whole cluster"]


@pytest.mark.parametrize("text", ["true", "TRUE", "yes", "1", "false", "No", "0"])
def test_switch_is_read(text: str) -> None:
    assert _read(verbose=text).verbose is (text.lower() in ("true", "yes", "1"))


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("workers", "0", "must be at least 1, not 0"),
        ("workers", "two", "must be a whole number, not 'two'"),
        ("workers", "-1", "must be a whole number, not '-1'"),
        ("workers", "1.5", "must be a whole number, not '1.5'"),
        ("http_port", "65536", "must be a port, 0 to 65535, not 65536"),
        ("log_format", "xml", "must be text or json, not 'xml'"),
        ("lease_seconds", "0", "must be greater than 0, not 0"),
        ("lease_seconds", "0.5", "must be at least 1, not 0.5: a Lease counts whole seconds"),
        ("lease_seconds", "-1", "must be a number of seconds, not '-1'"),
        ("lease_seconds", "nan", "must be a number of seconds, not 'nan'"),
        ("lease_seconds", "1e999", "must be a number of seconds, not '1e999'"),
        ("lease_seconds", "10s", "must be a number of seconds, not '10s'"),
        ("audit_seconds", "0", "must be greater than 0, not 0"),
        ("resync_seconds", "0", "must be greater than 0, not 0"),
        ("watch_silence_seconds", "0.0", "must be greater than 0, not 0"),
        ("verbose", "perhaps", "must be true or false, not 'perhaps'"),
        ("leader_election", "off", "must be true or false, not 'off'"),
    ],
)
def test_value_that_could_not_work_is_refused(name: str, text: str, problem: str) -> None:
    assert _problems(**{name: text}) == [f"{variable(name)}: {problem}"]
    if name not in SWITCHES:
        assert _problems(f"{flag(name)}={text}") == [f"{flag(name)}: {problem}"]


def test_all_problems_come_at_once_and_each_names_where_it_stands() -> None:
    assert _problems("--workers", "two", "--http-port=70000", lease_seconds="0", log_format="xml", verbose="perhaps") == [
        "--workers: must be a whole number, not 'two'",
        "--http-port: must be a port, 0 to 65535, not 70000",
        "PERFANA_SUPPORT_LOG_FORMAT: must be text or json, not 'xml'",
        "PERFANA_SUPPORT_VERBOSE: must be true or false, not 'perhaps'",
        "PERFANA_SUPPORT_LEASE_SECONDS: must be greater than 0, not 0",
    ]


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().workers = 3  # type: ignore[misc] # that is the point


def test_variables_have_one_prefix() -> None:
    assert {variable(name).startswith(ENVIRONMENT_PREFIX) for name in NAMES} == {True}
    assert variable("http_port") == "PERFANA_SUPPORT_HTTP_PORT"
