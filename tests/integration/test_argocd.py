"""Argo CD's own program on the health checks that ship, and what docs/gates/argocd.md shows against a real API server."""

from __future__ import annotations

import itertools
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
import yaml

from perfana_support import __version__
from tests.cluster.client import ApiError
from tests.cluster.crds import apply_crds
from tests.cluster.identity import wait_until_granted
from tests.gates.argocd import ArgoCD, Health
from tests.gates.argocd_files import CHECKS, KINDS, SHIPPED, WAITING, health_check
from tests.integration.conftest import FOREIGN_CRDS
from tests.integration.support_objects import API_VERSION, CHECK, POLICY, RELEASED, SNAPSHOT, deployment
from tests.integration.test_rights_used import compare, rights
from tests.shell import user
from tests.snippets import snippet
from tests.unit.cli.program import Outcome, start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

PAGE = "docs/gates/argocd.md"
PRESYNC = "perfana-support-presync"
TRIED = {("list", "", "nodes")}
"""What the command line asks for although no Role gives it: nodes are not judged then."""

RUNS_AT_ONCE = 2
GENERATION = 3


@pytest.fixture(scope="module")
def argocd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ArgoCD:
    """Return Argo CD's program."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        return ArgoCD(tmp_path_factory.mktemp("argocd"))


@pytest.fixture(scope="module")
def settings() -> Object:
    """Return the ConfigMap that ships."""
    shipped: Object = yaml.safe_load((SHIPPED / "argocd-cm.yaml").read_text(encoding="utf-8"))
    return shipped


def shipped_cases(kind: str) -> list[tuple[str, Object, Health]]:
    """Return name, object and wanted health of all that the tests in the form of Argo CD's repository state."""
    tests = yaml.safe_load((CHECKS / kind / "health_test.yaml").read_text(encoding="utf-8"))["tests"]
    return [
        (each["inputPath"], yaml.safe_load((CHECKS / kind / each["inputPath"]).read_text()), Health(**each["healthStatus"]))
        for each in tests
    ]


def test_argo_cd_takes_the_settings(argocd: ArgoCD, settings: Object) -> None:
    counts = []
    for each in (settings, {**settings, "data": {}}):
        found = re.search(r"✅ resource-overrides\n(\d+) resource overrides", argocd.validate(each))
        assert found
        counts.append(int(found[1]))
    assert counts[0] - counts[1] == len(KINDS), "besides what it has by itself"


@pytest.mark.parametrize("kind", KINDS)
def test_every_status_that_the_program_writes_has_the_health_that_is_stated(
    argocd: ArgoCD, settings: Object, kind: str
) -> None:
    names, items, wanted = zip(*shipped_cases(kind), strict=True)
    with ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        found = list(pool.map(lambda item: argocd.health(settings, item), items))
    assert dict(zip(names, found, strict=True)) == dict(zip(names, wanted, strict=True))
    assert argocd.health_of_many(health_check(kind), items) == found, "asked about many at once, it says something else"


def test_without_the_settings_argo_cd_knows_no_health(argocd: ArgoCD, settings: Object) -> None:
    _, item, _ = shipped_cases(CHECK)[0]
    with pytest.raises(AssertionError, match="Health script is not configured"):
        argocd.health({**settings, "data": {}}, item)


def condition(kind: str, status: object = "True", generation: object = GENERATION) -> Object:
    return {"type": kind, "status": status, "observedGeneration": generation, "reason": "Because", "message": "so it is"}


def states(kind: str) -> list[list[Object]]:
    """Return all that may stand in a list of conditions for one of them."""
    said = [condition(kind, status) for status in ("True", "False", "Unknown", None)]
    stale = [condition(kind, "True", generation) for generation in (GENERATION - 1, None, "3")]
    return [[], *([each] for each in said + stale), [{"type": kind, "observedGeneration": GENERATION}]]


def check_with(conditions: object, *, enforcement: str, target: object, observed: object = GENERATION) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": CHECK,
        "metadata": {"name": "perfana", "generation": GENERATION},
        "spec": {"enforcement": enforcement, "target": target},
        "status": {"observedGeneration": observed, "conditions": conditions},
    }


def may_be_healthy(item: Object) -> bool:
    """Whether a fresh condition says that a check may pass: of a gate, also the one that the gate is about."""
    fresh = {
        each.get("type")
        for each in item["status"]["conditions"]
        if isinstance(each, dict) and each.get("observedGeneration") == GENERATION and each.get("status") == "True"
    }
    gating = "Supported" if item["spec"]["target"] is None else "UpgradeSupported"
    wanted = {"Ready", gating} if item["spec"]["enforcement"] == "Gate" else {"Ready"}
    generations = {item["metadata"].get("generation"), item["status"]["observedGeneration"]}
    return generations == {GENERATION} and wanted <= fresh


def every_list_of_conditions() -> list[Object]:
    targets: tuple[object, ...] = (None, {"release": "4.0.0"})
    items: list[Object] = []
    told: list[tuple[object, list[Object]]]
    for enforcement, target in itertools.product(("Report", "Gate"), targets):
        # With a target, what runs is supported: that must not pass for the upgrade's being so.
        others = [] if target is None else [condition("Supported")]
        gating = "Supported" if target is None else "UpgradeSupported"
        parts = itertools.product(states("Ready"), states(gating), states("Stalled")[:4])
        told = [(GENERATION, [*itertools.chain(*each), *others]) for each in parts]
        observed = (-1, GENERATION - 1, GENERATION + 1, None, str(GENERATION))
        told += [(each, [condition("Ready"), condition(gating), *others]) for each in observed]
        items += [check_with(each, enforcement=enforcement, target=target, observed=seen) for seen, each in told]
        undated = [condition(each, generation=None) for each in ("Ready", "Supported", "UpgradeSupported")]
        item = check_with(undated, enforcement=enforcement, target=target, observed=None)
        items.append({**item, "metadata": {"name": "of-no-generation"}})
    return items


def test_no_check_is_healthy_unless_a_fresh_condition_says_so(argocd: ArgoCD) -> None:
    items = every_list_of_conditions()
    found = argocd.health_of_many(health_check(CHECK), items)
    assert {each.status for each in found} == {"Healthy", "Progressing", "Degraded"}
    wrong = [item for item, each in zip(items, found, strict=True) if each.status == "Healthy" and not may_be_healthy(item)]
    assert wrong == []
    passed = {(item["spec"]["enforcement"], item["spec"]["target"] is None) for item in items if may_be_healthy(item)}
    assert len(passed) == 4, "some of each kind do pass"


def test_order_and_conditions_of_others_change_nothing(argocd: ArgoCD) -> None:
    draw = random.Random(9)  # noqa: S311 - the same on every run
    items = every_list_of_conditions()
    foreign = [condition("Approved"), {"type": "Ready", "status": "True"}, {}, {"type": 7}, condition("Healthy", "False")]
    shuffled = []
    for item in items:
        told = [*foreign, *item["status"]["conditions"]]
        draw.shuffle(told)
        shuffled.append({**item, "status": {**item["status"], "conditions": told}})
    script = health_check(CHECK)
    assert argocd.health_of_many(script, shuffled) == argocd.health_of_many(script, items)


def test_check_without_enforcement_only_reports(argocd: ArgoCD) -> None:
    reports = [(item, wanted) for _, item, wanted in shipped_cases(CHECK) if item["spec"]["enforcement"] == "Report"]
    plain = [{**item, "spec": {key: item["spec"][key] for key in item["spec"] if key != "enforcement"}} for item, _ in reports]
    assert argocd.health_of_many(health_check(CHECK), plain) == [wanted for _, wanted in reports]


def test_check_that_is_being_judged_is_progressing_whatever_else_it_says(argocd: ArgoCD) -> None:
    items = [
        check_with(
            [condition("Reconciling"), condition("Ready"), condition("Supported"), condition("Stalled", stalled)],
            enforcement=enforcement,
            target=None,
        )
        for enforcement, stalled in itertools.product(("Report", "Gate"), ("True", "False"))
    ]
    assert {each.status for each in argocd.health_of_many(health_check(CHECK), items)} == {"Progressing"}


def test_policy_is_healthy_only_if_its_present_form_is_valid(argocd: ArgoCD) -> None:
    items: list[Object] = []
    wanted = []
    for generation, observed, told in itertools.product((GENERATION, None), (GENERATION, 2, -1, None), states("Valid")):
        status = {"observedGeneration": observed, "conditions": [condition("Ready"), *told]}
        items.append({"kind": POLICY, "metadata": {"generation": generation}, "status": status})
        is_present = generation == observed == GENERATION and bool(told) and told[0]["observedGeneration"] == GENERATION
        said = told[0].get("status") if is_present else None
        wanted.append({"True": "Healthy", "False": "Degraded"}.get(str(said), "Progressing"))
    assert [each.status for each in argocd.health_of_many(health_check(POLICY), items)] == wanted


def broken(value: object, draw: random.Random) -> object:
    """Return a document with something else in some of its places."""
    if draw.random() < 0.08:
        return draw.choice([None, True, False, 0, 3, -1, 1.5, "", "True", [], {}, [None], {"type": None}, [[{}]]])
    if isinstance(value, dict):
        return {key: broken(part, draw) for key, part in value.items()}
    return [broken(part, draw) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", KINDS)
def test_no_health_check_stumbles_over_anything(argocd: ArgoCD, kind: str) -> None:
    draw = random.Random(17)  # noqa: S311 - the same on every run
    whole = [item for _, item, _ in shipped_cases(kind)]
    items: list[Object] = [{"apiVersion": API_VERSION, "kind": kind}]
    for _ in range(1500):
        item = draw.choice(whole)
        parts = {part: broken(item.get(part), draw) for part in ("metadata", "spec", "status")}
        items.append({"apiVersion": API_VERSION, "kind": kind, **parts})
    found = argocd.health_of_many(health_check(kind), items)
    assert {each.status for each in found} == {"Healthy", "Progressing", "Degraded"}, found
    passed = [item for item, each in zip(items, found, strict=True) if each.status == "Healthy"]
    for item in passed:
        assert item["status"]["observedGeneration"] == item["metadata"]["generation"]
        decisive = "Ready" if kind == CHECK else "Valid"
        assert any(
            isinstance(each, dict) and each.get("type") == decisive and each.get("status") == "True"
            for each in item["status"]["conditions"]
        )


def test_settings_are_merged_into_those_that_are_there(
    cluster: Cluster, api: ApiClient, argocd: ArgoCD, settings: Object
) -> None:
    own = {"url": "https://argocd.example.com", "resource.customizations.health.example.com_Thing": "return {}"}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
    api.apply({**settings, "data": own})
    user(cluster).must(snippet(PAGE, "patch"))
    merged = api.get("v1", "ConfigMap", "argocd-cm", "argocd")
    assert merged["data"] == own | settings["data"]
    _, item, wanted = shipped_cases(CHECK)[0]
    assert argocd.health(merged, item) == wanted


def test_check_in_the_first_wave_holds_the_workload_of_the_next(site: Site, argocd: ArgoCD, settings: Object) -> None:
    """In the order of Argo CD: what it sees of wave -1 once the server has taken it, and once the operator has judged it."""
    gate, workload = yaml.safe_load_all(snippet(PAGE, "waves"))
    waves = [int(each["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) for each in (gate, workload)]
    assert waves == [-1, 0]
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    before = deepcopy(workload)
    before["spec"]["template"]["spec"]["containers"] = [{**container, "image": SNAPSHOT}]
    site.api.apply(before, site.namespace)

    def applied(release: str) -> tuple[Health, Health]:
        taken = site.api.apply({**gate, "spec": {**gate["spec"], "target": {"release": release}}}, site.namespace)
        generation = taken["metadata"]["generation"]
        judged = site.wait(lambda item: item["status"]["observedGeneration"] == generation, "the target is judged")
        return argocd.health(settings, taken), argocd.health(settings, judged)

    for release, status, said in (
        (gate["spec"]["target"]["release"], "Healthy", "UpgradeSupported is True"),
        ("3.1.0", "Degraded", "UpgradeSupported is False (EndOfLife)"),
        ("9.9.0", "Progressing", "UpgradeSupported is Unknown (TargetUnknown)"),
        (gate["spec"]["target"]["release"], "Healthy", "UpgradeSupported is True"),
    ):
        taken, judged = applied(release)
        assert taken == Health("Progressing", WAITING), "what was said of the target before counts for another one"
        assert (judged.status, judged.message.startswith(said)) == (status, True), judged
    assert "SnapshotBuild" in json.dumps(site.get()["status"]["findings"]), "what runs is what the upgrade mends"
    site.api.apply(workload, site.namespace)
    upgraded = site.wait_for_verdict("True")
    assert argocd.health(settings, upgraded).status == "Healthy"


def test_gate_with_a_target_lets_a_first_installation_pass(site: Site, argocd: ArgoCD, settings: Object) -> None:
    gate, _ = yaml.safe_load_all(snippet(PAGE, "waves"))
    site.create(gate)
    assert argocd.health(settings, site.wait_for_condition("UpgradeSupported", "True")).status == "Healthy"


@pytest.fixture
def presync(cluster: Cluster, api: ApiClient, namespace: str, tmp_path: Path) -> dict[str, Object]:
    """Return what the page's kustomization makes of the manifest, for a namespace of the test's own, by kind."""
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.patch("v1", "Namespace", namespace, {"metadata": {"labels": label}})
    text = snippet(PAGE, "presync")
    assert "namespace: shop" in text
    (tmp_path / "kustomization.yaml").write_text(text.replace("namespace: shop", f"namespace: {namespace}"))
    (tmp_path / "presync.yaml").write_text((SHIPPED / "presync.yaml").read_text())
    documents = list(yaml.safe_load_all(user(cluster, tmp_path).must("kubectl kustomize .")))
    for each in documents:
        assert each["metadata"]["namespace"] == namespace
        if each["kind"] != "Job":
            api.apply(each)
    return {each["kind"]: each for each in documents}


def test_job_before_the_sync_is_admitted_where_pod_security_is_restricted(
    api: ApiClient, namespace: str, presync: dict[str, Object]
) -> None:
    job = api.create(presync["Job"], dryRun="All")
    assert (job["spec"]["backoffLimit"], job["spec"]["template"]["spec"]["restartPolicy"]) == (0, "Never")
    template = presync["Job"]["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": PRESYNC}, "spec": template["spec"]}
    (container,) = api.create(pod, namespace, dryRun="All")["spec"]["containers"]
    assert container["image"] == f"images.example.com/tools/perfana-support:{__version__}"
    assert container["env"][0] == {"name": "RELEASE", "value": "0.2.96.22"}
    loose = {**pod, "spec": {key: value for key, value in template["spec"].items() if key != "securityContext"}}
    with pytest.raises(ApiError, match="restricted"):
        api.create(loose, namespace, dryRun="All")


def test_hooks_come_before_the_sync_and_the_account_before_the_job(presync: dict[str, Object]) -> None:
    assert set(presync) == {"ServiceAccount", "Role", "RoleBinding", "Job"}
    for kind, each in presync.items():
        notes = each["metadata"]["annotations"]
        assert notes["argocd.argoproj.io/hook"] == "PreSync"
        assert notes["argocd.argoproj.io/hook-delete-policy"] == "BeforeHookCreation"
        assert int(notes.get("argocd.argoproj.io/sync-wave", 0)) == (0 if kind == "Job" else -1)


def run_job(job: Object, identity: Identity, namespace: str, release: str) -> Outcome:
    """Run the command of the Job's container as its account, with the variables that a kubelet would fill in."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["perfana-support"]
    arguments = [argument.replace("$(NAMESPACE)", namespace).replace("$(RELEASE)", release) for argument in container["args"]]
    return start(*arguments, "--kubeconfig", str(identity.kubeconfig))


def test_job_before_the_sync_has_the_rights_that_it_uses_and_fails_where_the_target_is_not_supported(
    cluster: Cluster, api: ApiClient, namespace: str, presync: dict[str, Object]
) -> None:
    apply_crds(api, FOREIGN_CRDS)
    job, rules = presync["Job"], presync["Role"]["rules"]
    account = job["spec"]["template"]["spec"]["serviceAccountName"]
    identity = cluster.identity_of(account, namespace)
    wait_until_granted(cluster.client(identity.token), rules, namespace)
    assert run_job(job, identity, namespace, "4.0.0").code == 5, "nothing is installed"
    api.create(deployment(RELEASED), namespace)
    outcomes = {release: run_job(job, identity, namespace, release) for release in ("4.0.0", "3.1.0", "9.9.0")}
    assert {release: (each.code, each.err) for release, each in outcomes.items()} == {
        "4.0.0": (0, ""),
        "3.1.0": (3, ""),
        "9.9.0": (5, ""),
    }
    compare(cluster, rights(rules), lambda user: user == identity.username, TRIED)
