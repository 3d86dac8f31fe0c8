"""Reading `spec.configuration`: what it holds, and how each fault of it is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.configuration_policy import (
    INJECTING,
    KEYED_LISTS,
    ComponentImage,
    ConfigurationRules,
    absolute,
    is_like,
    read_configuration,
)
from perfana_support.model.document import Node, Problem
from tests.unit.rules import configuration_rules


def problems_of(spec: dict[str, Any]) -> list[str]:
    problems: list[Problem] = []
    read_configuration(Node(spec, "spec.configuration", problems))
    return [str(problem) for problem in problems]


def test_empty_node_gives_empty_rules() -> None:
    problems: list[Problem] = []
    assert read_configuration(Node({}, "spec.configuration", problems)) == ConfigurationRules()
    assert not problems


def test_built_in_rules_are_read() -> None:
    rules = configuration_rules()
    assert rules.code_paths[:4] == ("/app", "/bin", "/sbin", "/lib")
    assert {path for path in rules.interpreters if path.startswith("/usr/")} <= set(rules.code_paths)
    assert rules.images["docker.io/perfana/perfana-web"] == ComponentImage(
        "docker.io/perfana/perfana-web", ("/nodejs",), ("/nodejs/bin/node",), ("scripts/start-server.js",), "/app/apps/web"
    )
    assert rules.images["docker.io/perfana/perfana-report"].command == ("node", "apps/perfana-report/dist/src/main.js")
    assert not rules.reports_env_from


def test_built_in_rules_judge_every_variable_that_is_kept() -> None:
    assert set(configuration_rules().variables) == INJECTING


def test_keyed_lists_name_the_lists_of_the_document() -> None:
    assert set(KEYED_LISTS) == {"componentImages", "injectedVariables"}


def test_command_may_repeat_a_word() -> None:
    rules = configuration_rules(componentImages=[{"repository": "perfana/perfana-api", "command": ["a", "--", "b", "--"]}])
    assert rules.images["docker.io/perfana/perfana-api"].command == ("a", "--", "b", "--")


@pytest.mark.parametrize(
    ("spec", "path", "form"),
    [
        ({"codePaths": ["app"]}, "codePaths[0]", "must be an absolute path below /"),
        ({"codePaths": ["/"]}, "codePaths[0]", "must be an absolute path below /"),
        ({"codePaths": ["/app", "/opt/"]}, "codePaths[1]", "must be an absolute path below /"),
        ({"codePaths": ["/app/../etc"]}, "codePaths[0]", "must be an absolute path below /"),
        ({"codePaths": "/app"}, "codePaths", "must be a list of absolute paths"),
        ({"providedMounts": ["data"]}, "providedMounts[0]", "must be an absolute path below /"),
        ({"interpreters": "node"}, "interpreters", "must be a list of words"),
        ({"reportEnvFrom": "yes"}, "reportEnvFrom", "must be true or false"),
        ({"componentImages": [{}]}, "componentImages[0].repository", "is missing, must be an image repository"),
        ({"componentImages": [{"repository": "perfana/x:1"}]}, "componentImages[0].repository", "without tag"),
        ({"componentImages": [{"repository": "Perfana/X"}]}, "componentImages[0].repository", "without tag"),
        ({"componentImages": [{"repository": 1}]}, "componentImages[0].repository", "without tag"),
        (
            {"componentImages": [{"repository": "a/b", "command": "node"}]},
            "componentImages[0].command",
            "must be a list of words",
        ),
        (
            {"componentImages": [{"repository": "a/b", "command": [""]}]},
            "componentImages[0].command",
            "must be a list of words",
        ),
        ({"componentImages": [{"repository": "a/b", "entrypoint": [1]}]}, "componentImages[0].entrypoint", "must be a list"),
        ({"componentImages": [{"repository": "a/b", "workingDir": "app"}]}, "componentImages[0].workingDir", "absolute path"),
        ({"componentImages": [{"repository": "a/b", "user": "1"}]}, "componentImages[0].user", "is not a known field"),
        ({"componentImages": [{"repository": "a/b"}, {"repository": "a/b"}]}, "componentImages[1].repository", "listed once"),
        (
            {"componentImages": [{"repository": "a/b"}, {"repository": "docker.io/a/b"}]},
            "componentImages[1].repository",
            "must be listed once, 'a/b' is the same repository",
        ),
        ({"injectedVariables": [{}]}, "injectedVariables[0].name", "is missing, must be a variable that can inject code"),
        ({"injectedVariables": [{"name": "LOG_LEVEL"}]}, "injectedVariables[0].name", "NODE_OPTIONS"),
        ({"injectedVariables": [{"name": ["PATH"]}]}, "injectedVariables[0].name", "must be a variable"),
        ({"injectedVariables": [{"name": "PATH", "harmful": []}]}, "injectedVariables[0].harmful", "is not a known field"),
        ({"codePath": []}, "codePath", "is not a known field"),
    ],
)
def test_fault_names_path_and_form(spec: dict[str, Any], path: str, form: str) -> None:
    (problem,) = problems_of(spec)
    assert problem.startswith(f"spec.configuration.{path}: ")
    assert form in problem


@pytest.mark.parametrize("option", ["-r x", '"-r"', "-r\t", "-X<x>", "-X<n", "-X<n><n>", "-X<n>0", "a\\b", "'"])
def test_harmless_option_is_one_plain_word(option: str) -> None:
    (problem,) = problems_of({"injectedVariables": [{"name": "PATH", "harmless": ["ok", option]}]})
    assert problem.startswith("spec.configuration.injectedVariables[0].harmless[1]: must be one whole option")


def test_several_faults_are_found_at_once() -> None:
    spec = {"codePaths": ["x"], "injectedVariables": [{"name": "A"}], "componentImages": [{"workingDir": "y"}]}
    assert len(problems_of(spec)) == 4


@pytest.mark.parametrize(
    ("word", "template", "expected"),
    [
        ("--max-old-space-size=3584", "--max-old-space-size=<n>", True),
        ("--max-old-space-size=", "--max-old-space-size=<n>", False),
        ("--max-old-space-size=3584x", "--max-old-space-size=<n>", False),
        ("x--max-old-space-size=3584", "--max-old-space-size=<n>", False),
        ("--max-old-space-size=35840x10", "--max-old-space-size=<n>", False),
        ("--max-old-space-size=３", "--max-old-space-size=<n>", False),  # noqa: RUF001 - a digit of another script
        ("-XX:MaxRAMPercentage=75.0", "-XX:MaxRAMPercentage=<n>.<n>", True),
        ("-XX:MaxRAMPercentage=75", "-XX:MaxRAMPercentage=<n>.<n>", False),
        ("-XX:MaxRAMPercentage=75.", "-XX:MaxRAMPercentage=<n>.<n>", False),
        ("-Xmx512m", "-Xmx<n>m", True),
        ("-Xmx512mm", "-Xmx<n>m", False),
        ("-Xmx512", "-Xmx<n>m", False),
        ("-Xmx512k", "-Xmx<n>m", False),
        ("-Xmx512m,-javaagent:x", "-Xmx<n>m,<n>", False),
        ("0", "0", True),
        ("00", "0", False),
        ("", "0", False),
        ("7up", "<n>up", True),
    ],
)
def test_template_is_matched_as_a_whole(word: str, template: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_like(word, template) is expected


@given(st.text("ab<n>1.", max_size=8), st.text("ab1.<", max_size=8))
def test_template_without_number_is_the_word_itself(template: str, word: str) -> None:
    if "<n>" not in template:
        assert is_like(word, template) is (word == template)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=4))
def test_template_takes_any_numbers(numbers: list[int]) -> None:
    assert is_like("x" + "".join(f"{number}-" for number in numbers), "x" + "<n>-" * len(numbers))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/app", "/app"),
        ("/app/", "/app"),
        ("//app", "/app"),
        ("///app//dist/", "/app/dist"),
        ("app", "/app"),
        ("./app", "/app"),
        ("/data/../app", "/app"),
        ("/../../app", "/app"),
        ("../app", "/app"),
        ("/app/.", "/app"),
        ("/", "/"),
        ("", "/"),
        (".", "/"),
        ("/app/..", "/"),
    ],
)
def test_path_is_taken_as_a_runtime_takes_it(path: str, expected: str) -> None:
    assert absolute(path) == expected


@given(st.text("/.ab", max_size=20))
def test_absolute_path_is_absolute_and_final(path: str) -> None:
    result = absolute(path)
    assert result.startswith("/")
    assert "//" not in result
    assert absolute(result) == result


def test_relative_path_begins_at_the_base() -> None:
    assert absolute("scripts/x.js", "/app/apps/web") == "/app/apps/web/scripts/x.js"
    assert absolute("/x.js", "/app") == "/x.js"
