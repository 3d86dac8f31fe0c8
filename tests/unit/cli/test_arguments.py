"""Arguments that nobody knows: none is taken for another, and what was probably meant is named."""

import pytest

from perfana_support.cli.complete import offer
from perfana_support.cli.main import COMMANDS
from perfana_support.cli.near import meant
from tests.unit.cli.program import Program


def _flags(command: str) -> tuple[str, ...]:
    return offer([command, "--"], COMMANDS).candidates


@pytest.mark.parametrize(("command", "flag"), [(command, flag) for command in COMMANDS for flag in _flags(command)])
def test_prefix_of_an_option_is_no_option_and_the_option_is_named(program: Program, command: str, flag: str) -> None:
    others = {*_flags(command)}
    prefix = flag[:-1]
    if prefix in others or flag == "--help":  # --help ends the program before anything else is looked at
        return
    # What must be there is, so that nothing but the prefix is wrong.
    given = {"policy": ["lint", "x"], "completion": ["bash"], "catalogue": ["0.2.96.22"]}.get(command, [])
    outcome = program(command, *given, prefix)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"unrecognized arguments: {prefix} (is " in outcome.err
    assert flag in outcome.err.rpartition("(is ")[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "--fail", "at-risk"), "unrecognized arguments: --fail at-risk (is --fail-on meant?)"),
        (("check", "--fail=at-risk"), "unrecognized arguments: --fail=at-risk (is --fail-on meant?)"),
        (("check", "--contxt", "a"), "unrecognized arguments: --contxt a (is --context meant?)"),
        (("check", "--xyzzy"), "unrecognized arguments: --xyzzy\n"),
        (("check", "-f", "a", "b"), "unrecognized arguments: b\n"),
        (("--versio",), "unrecognized arguments: --versio\n"),
        (("explain", "EndOfLif"), "is no code or reason (is EndOfLife meant?); perfana-support explain"),
        (("check", "--ignore", "endoflife"), "is 'endoflife' (is EndOfLife meant?)"),
        (("check", "--ignore", "SnapshotBuilds"), "is 'SnapshotBuilds' (is SnapshotBuild meant?)"),
        (("status", "-A", "-n", "perfana"), "-n/--namespace: not allowed with argument -A/--all-namespaces"),
    ],
)
def test_error_names_what_was_meant(program: Program, words: tuple[str, ...], told: str) -> None:
    outcome = program(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err


def test_nothing_is_guessed_where_nothing_is_like_it() -> None:
    assert meant("--", ["--fail-on"]) == ""
    assert meant("xyzzy", ["fail-on", "context"]) == ""


@pytest.mark.parametrize("command", [("status",), ("check", "-A"), ("check", "-n", "perfana")])
def test_kubeconfig_that_is_not_there_is_named_with_what_to_do(
    program: Program, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    outcome = program(*command, "--kubeconfig", "nofile")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: nofile: gives no cluster to connect to: there is no such file; name one with --kubeconfig or KUBECONFIG, "
        "or judge manifests: perfana-support check -f\n"
    )
