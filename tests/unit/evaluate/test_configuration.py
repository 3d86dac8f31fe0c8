"""What pod specs set on components: the corpus, the wording of findings, pods beside templates, and what never changes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yaml import MappingNode, compose_all

from perfana_support.evaluate.configuration import judge
from perfana_support.model.code import Code, ConditionType, Effect
from perfana_support.model.configuration_policy import INJECTING, ConfigurationRules
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Container, ContainerRole, Installation, Setting, Subject, Workload
from perfana_support.sources.container_settings import Volumes, read_settings
from perfana_support.sources.policy import builtin_policy
from perfana_support.sources.yaml_view import MappingView, ViewLoader
from tests.unit.rules import DATA, configuration_rules, load

API = "perfana/perfana-api:0.2.96.22"
RULES = configuration_rules()
CASES: list[dict[str, Any]] = load("corpus", "configuration.yaml")
ROLES = {
    "containers": ContainerRole.MAIN,
    "initContainers": ContainerRole.INIT,
    "ephemeralContainers": ContainerRole.EPHEMERAL,
}


def project(
    pod: dict[str, Any], kind: str = "Deployment", name: str = "perfana", owner: tuple[str, str] | None = None
) -> Workload:
    containers = tuple(
        Container(
            entry["name"], entry["image"], role, settings=read_settings(entry, Volumes(pod), lambda _mapping, _field: None)
        )
        for field, role in ROLES.items()
        for entry in pod.get(field, ())
    )
    return Workload(kind, "ns", name, containers, owner=owner)


def pod_of(container: dict[str, Any], **pod: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    return {"containers": [{"name": "api", "image": API} | container], **pod}


def find(*workloads: Workload, rules: ConfigurationRules = RULES) -> list[Finding]:
    return list(judge(Installation("ns", workloads), builtin_policy(), rules))


def only(container: dict[str, Any], rules: ConfigurationRules = RULES, **pod: Any) -> Finding:  # noqa: ANN401 - plain data
    (finding,) = find(project(pod_of(container, **pod)), rules=rules)
    return finding


@pytest.mark.parametrize("case", CASES, ids=[case["name"].replace(" ", "-") for case in CASES])
def test_corpus(case: dict[str, Any]) -> None:
    pod = case["pod"] if "pod" in case else pod_of(case["container"], volumes=case.get("volumes"))
    expect = case["expect"] if "pod" in case else {"api": case["expect"]}
    found = sorted((finding.subject.container, str(finding.code)) for finding in find(project(pod)))
    assert found == sorted((container, code) for container, codes in expect.items() for code in codes)


def test_corpus_names_are_unique_and_fields_known() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 120
    assert {field for case in CASES for field in case} == {"name", "container", "volumes", "pod", "expect"}


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        (Code.COMMAND_OVERRIDDEN, Effect.AT_RISK),
        (Code.CODE_MOUNTED, Effect.UNSUPPORTED),
        (Code.RUNTIME_INJECTED, Effect.AT_RISK),
        (Code.EXEC_HOOK, Effect.INFO),
        (Code.DEBUG_CONTAINER, Effect.INFO),
        (Code.FOREIGN_SIDECAR, Effect.INFO),
    ],
)
def test_effect_of_each_code(code: Code, effect: Effect) -> None:
    assert code.effect is effect
    assert code.conditions == (ConditionType.CONFIGURATION_UNMODIFIED,)
    assert any(str(code) in str(case["expect"]) for case in CASES)


# The vendor's own charts, as rendered with their default values.


@pytest.mark.parametrize("chart", sorted((DATA / "charts").iterdir()), ids=lambda chart: chart.stem)
def test_charts_of_the_vendor_are_as_provided(chart: Path) -> None:
    workloads = []
    for node in compose_all(chart.read_text(), Loader=ViewLoader):
        assert isinstance(node, MappingNode)
        entity = MappingView(node)
        if entity["kind"] == "Deployment":
            pod = entity["spec"]["template"]["spec"]
            workloads.append(project({field: pod.get(field) or () for field in (*ROLES, "volumes")}))
    assert len(workloads) >= 5
    assert find(*workloads) == []


# Wording: what was seen, what was required, what to do.


def test_command_is_shown_with_the_images_own() -> None:
    finding = only({"command": ["sh", "-c", "sleep 1"], "args": ["x"]})
    assert finding.subject == Subject("Deployment", "ns", "perfana", "api", API)
    assert finding.message == (
        "the container starts sh -c sleep 1 x; "
        "the image of perfana/perfana-api starts /nodejs/bin/node apps/api/dist/main.js in /app"
    )
    assert finding.remediation == "remove command and args from the container"


def test_working_directory_is_named_beside_the_command() -> None:
    finding = only({"args": ["x"], "workingDir": "/data"})
    assert finding.message.startswith("the container starts x and works in /data; ")
    assert finding.remediation == "remove args and workingDir from the container"


def test_own_command_in_another_directory_blames_the_directory_alone() -> None:
    finding = only({"args": ["apps/api/dist/main.js"], "workingDir": "/data"})
    assert finding.message.startswith("the container works in /data; ")
    assert finding.remediation == "remove workingDir from the container"


def test_command_of_an_unknown_image_says_so() -> None:
    finding = only({"image": "perfana/perfana-check:perfana-3.3.0", "command": ["java"]})
    assert finding.message == (
        "the container starts java; "
        "the image of perfana/perfana-check starts a command of its own that the policy does not list"
    )
    assert finding.remediation == "remove command from the container"


def test_long_command_is_cut() -> None:
    assert len(only({"command": ["x" * 5000]}).message) < 400


def test_mount_is_shown_with_its_source_and_the_code_path() -> None:
    finding = only(
        {"volumeMounts": [{"name": "v", "mountPath": "/app/x/"}]}, volumes=[{"name": "v", "configMap": {"name": "patch"}}]
    )
    assert finding.message == "configMap patch is mounted at /app/x/; /app holds code that perfana/perfana-api runs"
    assert finding.remediation == "remove the volume mount at /app/x/ from the container"


def test_injected_options_are_shown_without_their_values() -> None:
    finding = only({"env": [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=9 --require=/x --token=hunter2"}]})
    assert finding.message == (
        "NODE_OPTIONS holds --require=… --token=…, which may inject code; harmless are --max-old-space-size=<n>, "
        "--max_old_space_size=<n>, --max-semi-space-size=<n>"
    )
    assert finding.remediation == "set NODE_OPTIONS to --max-old-space-size=9"


def test_value_is_hidden_from_its_first_equals_sign_on() -> None:
    finding = only({"env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Dx.password=a=b=c"}]})
    assert finding.message.startswith("JAVA_TOOL_OPTIONS holds -Dx.password=…, which")
    assert "a=" not in finding.message + finding.remediation


def test_variable_without_harmless_options_is_to_be_removed() -> None:
    finding = only({"env": [{"name": "LD_PRELOAD", "value": "/x.so"}]})
    assert finding.message == "LD_PRELOAD holds /x.so, which may inject code; the policy lists nothing harmless for it"
    assert finding.remediation == "remove LD_PRELOAD from the variables of the container"


def test_value_from_elsewhere_is_said_to_be_unreadable() -> None:
    finding = only({"env": [{"name": "NODE_OPTIONS", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]})
    assert "cannot be read" in finding.message
    assert finding.remediation == "set NODE_OPTIONS to a value in the manifest"


def test_hook_and_debug_container_and_sidecar_are_worded() -> None:
    pod = pod_of({"lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}}})
    pod["containers"].append({"name": "proxy", "image": "envoy:1"})
    pod["ephemeralContainers"] = [{"name": "dbg", "image": "busybox"}]
    by_code = {finding.code: finding for finding in find(project(pod, "Pod", "api-0"))}
    assert by_code[Code.EXEC_HOOK].message == "preStop runs sleep 5 inside the container of perfana/perfana-api"
    assert by_code[Code.DEBUG_CONTAINER].message == "debug container dbg (busybox) was put into a pod of perfana/perfana-api"
    assert by_code[Code.DEBUG_CONTAINER].remediation.endswith("kubectl delete pod api-0 --namespace ns")
    assert "envoy:1 runs beside perfana/perfana-api" in by_code[Code.FOREIGN_SIDECAR].message
    assert all(finding.remediation for finding in by_code.values())


def test_working_directory_alone_is_said_alone() -> None:
    finding = only({"workingDir": "/srv"})
    assert finding.message.startswith("the container works in /srv; ")
    assert finding.remediation == "remove workingDir from the container"


def test_component_put_into_a_strange_pod_for_a_while_makes_it_no_pod_of_a_component() -> None:
    pod = {
        "containers": [{"name": "proxy", "image": "envoy:1"}],
        "ephemeralContainers": [{"name": "look", "image": API, "command": ["sh"]}],
    }
    assert find(project(pod)) == []


# The policy decides.


def _starting(*command: str, directory: str | None = None) -> ConfigurationRules:
    image = {"repository": "perfana/perfana-api", "command": list(command)}
    images = [image | ({"workingDir": directory} if directory else {})] if command else []
    return configuration_rules(interpreters=["node"], componentImages=images)


@pytest.mark.parametrize(
    ("own", "directory", "actual", "is_own"),
    [
        (("main.js", "--port=1"), None, ("main.js", "--port=1"), True),
        (("main.js", "--port=1"), None, ("node", "main.js", "--port=1"), True),
        (("main.js", "--port=1"), None, ("main.js", "--port=2"), False),
        (("main.js", "--port=1"), None, ("main.js", "--require=/tmp/x.js", "--port=1"), False),
        (("main.js", "--port=1"), None, ("main.js",), False),
        (("main.js",), "/app", ("/app/main.js",), True),
        (("main.js",), "/app", ("./main.js",), True),
        (("main.js",), "/app", ("/main.js",), False),
        (("main.js",), "/app", ("node",), False),
        (("main.js",), None, ("/main.js",), False),
        ((), None, ("node",), False),
        ((), None, ("main.js",), False),
    ],
)
def test_command_is_the_images_own_word_by_word(
    own: tuple[str, ...], directory: str | None, actual: tuple[str, ...], *, is_own: bool
) -> None:
    found = find(project(pod_of({"args": list(actual)})), rules=_starting(*own, directory=directory))
    assert [finding.code for finding in found] == ([] if is_own else [Code.COMMAND_OVERRIDDEN])


def test_empty_rules_find_only_overridden_commands_hooks_and_guests() -> None:
    pod = pod_of(
        {
            "command": ["x"],
            "env": [{"name": "LD_PRELOAD", "value": "x"}],
            "volumeMounts": [{"name": "v", "mountPath": "/app"}],
        }
    )
    assert [finding.code for finding in find(project(pod), rules=ConfigurationRules())] == [Code.COMMAND_OVERRIDDEN]


@pytest.mark.parametrize("provided", [[], ["/data/a"], ["/data/a", "/data/b"], ["/app/config", "/data/b"]])
def test_mount_that_is_not_provided_hides_code_whatever_else_is_provided(provided: list[str]) -> None:
    rules = configuration_rules(providedMounts=provided)
    assert only({"volumeMounts": [{"name": "v", "mountPath": "/app/dist"}]}, rules).code is Code.CODE_MOUNTED


def test_provided_mount_below_code_is_as_provided() -> None:
    rules = configuration_rules(providedMounts=["/app/config"])
    assert find(project(pod_of({"volumeMounts": [{"name": "v", "mountPath": "/app/config/x"}]})), rules=rules) == []
    assert only({"volumeMounts": [{"name": "v", "mountPath": "/app/configuration"}]}, rules).code is Code.CODE_MOUNTED
    assert only({"volumeMounts": [{"name": "v", "mountPath": "/app"}]}, rules).code is Code.CODE_MOUNTED


def test_variables_from_whole_objects_are_reported_where_the_policy_asks() -> None:
    finding = only({"envFrom": [{"secretRef": {"name": "s"}}]}, configuration_rules(reportEnvFrom=True))
    assert finding.code is Code.RUNTIME_INJECTED
    assert "taken over from secret s" in finding.message


def test_variable_that_the_policy_does_not_list_is_not_judged() -> None:
    rules = configuration_rules(injectedVariables=[{"name": "NODE_OPTIONS"}])
    assert find(project(pod_of({"env": [{"name": "LD_PRELOAD", "value": "x"}]})), rules=rules) == []
    assert only({"env": [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=1"}]}, rules).code is Code.RUNTIME_INJECTED


@pytest.mark.parametrize("name", sorted(INJECTING))
def test_every_injecting_variable_is_found(name: str) -> None:
    finding = only({"env": [{"name": name, "value": "/opt/agent"}]})
    assert finding.code is Code.RUNTIME_INJECTED
    assert finding.message.startswith(f"{name} holds /opt/agent")


# Pods beside their templates.

PLAIN_POD = pod_of({})
INJECTED_POD = pod_of({"env": [{"name": "LD_PRELOAD", "value": "x"}]})
OWNER = ("Deployment", "perfana")


def test_pods_of_a_judged_template_add_nothing() -> None:
    pods = [project(INJECTED_POD, "Pod", f"perfana-{number}", OWNER) for number in range(3)]
    (finding,) = find(*pods, project(INJECTED_POD))
    assert "its pods have it" not in finding.message


def test_what_a_webhook_puts_into_pods_is_found_once_under_the_controllers_name() -> None:
    pods = [project(INJECTED_POD, "Pod", f"perfana-{number}", OWNER) for number in range(3)]
    (finding,) = find(project(PLAIN_POD), *pods)
    assert finding.subject[:3] == ("Deployment", "ns", "perfana")
    assert finding.message.endswith("; its pods have it, its template not")


def test_pod_of_an_unseen_controller_has_its_own_name() -> None:
    (finding,) = find(project(INJECTED_POD, "Pod", "api-0", ("StatefulSet", "api")))
    assert finding.subject[:3] == ("Pod", "ns", "api-0")
    assert "its pods" not in finding.message


def test_debug_container_names_its_pod() -> None:
    pod = project(PLAIN_POD | {"ephemeralContainers": [{"name": "d", "image": "busybox"}]}, "Pod", "perfana-0", OWNER)
    (finding,) = find(project(PLAIN_POD), pod)
    assert finding.subject[:4] == ("Pod", "ns", "perfana-0", "d")
    assert "its pods" not in finding.message


def test_sidecar_that_only_pods_have_is_found() -> None:
    pods = [pod_of({}) for _ in range(2)]
    for pod in pods:
        pod["containers"].append({"name": "istio-proxy", "image": "istio/proxyv2:1.30"})
    (finding,) = find(project(PLAIN_POD), *(project(pod, "Pod", str(place), OWNER) for place, pod in enumerate(pods)))
    assert finding.code is Code.FOREIGN_SIDECAR
    assert finding.subject[:4] == ("Deployment", "ns", "perfana", "istio-proxy")


def test_unreadable_image_beside_a_component_is_left_to_the_version_rules() -> None:
    assert find(project({"containers": [{"name": "api", "image": API}, {"name": "x", "image": "NOT AN IMAGE"}]})) == []


# What holds for all of them.

WORDS = st.sampled_from(
    ["--max-old-space-size=1", "--max-old-space-size=x", "-r", "/x.js", "'", '"', "\\", "--require=/x", "…"]
)
SAFE = {"--max-old-space-size=1", "'", '"', "\\"}


@given(st.lists(WORDS, max_size=5))
def test_value_is_harmless_only_if_every_word_is(words: list[str]) -> None:
    found = find(project(pod_of({"env": [{"name": "NODE_OPTIONS", "value": " ".join(words)}]})))
    assert bool(found) is not SAFE.issuperset(words)


@given(st.text(max_size=30), st.text(max_size=30))
def test_text_around_a_module_never_hides_it(before: str, after: str) -> None:
    assert find(project(pod_of({"env": [{"name": "NODE_OPTIONS", "value": f"{before} --require=/x.js {after}"}]})))


SEGMENTS = st.lists(st.sampled_from(["", ".", "..", "app", "dist", "data"]), max_size=6)


@given(SEGMENTS)
def test_mount_is_found_exactly_where_code_is(segments: list[str]) -> None:
    place: list[str] = []
    for segment in segments:
        if segment == "..":
            place = place[:-1]
        elif segment not in ("", "."):
            place.append(segment)
    path = "/".join(segments)
    found = find(project(pod_of({"volumeMounts": [{"name": "v", "mountPath": path}]})))
    assert bool(found) is bool(path and (not place or place[0] == "app"))


@given(st.permutations(CASES[-8:]))
def test_order_of_workloads_never_shows(cases: list[dict[str, Any]]) -> None:
    def workloads(chosen: list[dict[str, Any]]) -> list[Workload]:
        return [project(case.get("pod") or pod_of({}), name=case["name"]) for case in chosen]

    assert set(find(*workloads(cases))) == set(find(*workloads(CASES[-8:])))


@given(st.sampled_from(CASES), st.sampled_from(CASES))
def test_another_workload_takes_no_finding_away(one: dict[str, Any], other: dict[str, Any]) -> None:
    first = project(one.get("pod") or pod_of(one["container"], volumes=one.get("volumes")), name="one")
    second = project(other.get("pod") or pod_of(other["container"], volumes=other.get("volumes")), name="other")
    assert set(find(first)) <= set(find(first, second))


def test_location_is_the_settings() -> None:
    from perfana_support.model.installation import ContainerSettings, Location  # noqa: PLC0415 - only here

    where = Location("x.yaml", 7)
    settings = ContainerSettings(variables=(Setting("LD_PRELOAD", "x", where),), mounts=(Setting("/app", "v", where),))
    workload = Workload("Deployment", "ns", "a", (Container("api", API, settings=settings),))
    assert [finding.location for finding in find(workload)] == [where, where]
