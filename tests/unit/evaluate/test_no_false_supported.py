"""The worst thing that this program can say is a false "supported": no case of the corpus labelled otherwise may get it.

Options state facts that a source cannot show. None of them makes good what was found in it, so each is tried on every case.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfana_support.evaluate.seen_dependency import take_dependencies
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import read_check
from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.image_policy import ImageRules, Verification
from perfana_support.model.installation import Declared, Installation
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.policy import builtin_policy
from tests.corpus.cases import CLUSTERS, CORPUS, EXPECTED, INSTALLATIONS, TODAY, Case, cases_in, load
from tests.corpus.judging import judge_cluster, judge_manifests, labels_of
from tests.unit import builders
from tests.unit.evaluate import test_configuration, test_corpus_dates, test_dependency, test_image, test_platform

LEAST = 500
AGAINST = {Effect.UNSUPPORTED, Effect.UNDETERMINED}
# Found out by asking a registry, which is not done yet.
NEEDS_A_REGISTRY = {Code.DERIVED_IMAGE, Code.IMAGE_RECONFIGURED}
DEPENDENCIES = [
    {"product": "postgresql", "version": "18.4"},
    {"product": "timescaledb", "version": "2.30.2"},
    {"product": "redis", "version": "7.4"},
    {"product": "keycloak", "version": "24.0"},
]
# What a check may state, none of which speaks for anything that was found.
STATED: dict[str, dict[str, Any]] = {
    "nothing more": {},
    "a contract": {"maintenance": {"plan": "Enterprise", "expiresOn": "9999-12-31"}},
    "a target": {"target": {"release": "0.2.96.22"}},
    "dependencies": {"dependencies": DEPENDENCIES},
    "a platform": {"platform": {"kubernetesVersion": "v1.36.3"}},
    "a gate": {"enforcement": "Gate"},
}
NEWEST = "perfana/perfana-web:0.2.96.22"


def is_against(codes: Iterable[str]) -> bool:
    return any(Code(code).effect in AGAINST for code in codes)


def is_about_the_platform(reason: str) -> bool:
    return reason in set(Code) and ConditionType.PLATFORM_SUPPORTED in Code(reason).conditions


def name_of(case: Case | Mapping[str, Any]) -> str:
    name = f"{case.pair}-{case.name}" if isinstance(case, Case) else str(case["name"])
    return name.replace(" ", "-")


def variants(case: Case) -> Iterator[tuple[str, Case]]:
    """The case with what else a user could state, except a platform where the platform is what is wrong."""
    own = case.options.get("check") or {}
    for title, stated in STATED.items():
        if "platform" in stated and is_about_the_platform(case.reason):
            continue
        added = {field: value for field, value in stated.items() if field != "dependencies"}
        declared = {each["product"]: each for each in (*stated.get("dependencies", ()), *own.get("dependencies", ()))}
        check = {**own, **added, "dependencies": list(declared.values())}
        yield title, case._replace(options={**case.options, "check": check})


@pytest.mark.parametrize(
    "case", [case for case in (*cases_in(INSTALLATIONS), *cases_in(CLUSTERS)) if case.label != "True"], ids=name_of
)
def test_installation_or_cluster(case: Case) -> None:
    for title, variant in variants(case):
        assert not labels_of(variant)["conditions"]["Supported"].startswith("True"), title


def never(facts: Installation, policy: Policy | None = None, as_of: date = TODAY) -> None:
    """Judge the facts with everything that a check may state, none of which may make them supported."""
    policy = policy or builtin_policy()
    # A second PostgreSQL could be the one that all is well with, so only what is not there is declared.
    there = {seen.product for seen in take_dependencies(facts, policy.fields.dependencies, policy)}
    for title, stated in STATED.items():
        if facts.platform is not None and "platform" in stated:
            continue
        check = read_check(stated)
        check = check._replace(declared=tuple(each for each in check.declared if each.product not in there))
        if check.declared and lacks_a_database(evaluate(facts, policy, as_of)):
            continue
        assert builders.supported(evaluate(facts, policy, as_of, check)) is not Status.TRUE, title


def lacks_a_database(verdict: Verdict) -> bool:
    """Whether all that is against it is a product that is not there, which a declaration does make good."""
    against = [finding for finding in verdict.findings if finding.effect in AGAINST]
    return bool(against) and all("none was seen or declared" in finding.message for finding in against)


IMAGES: list[dict[str, Any]] = load(CORPUS / "images.yaml")


@pytest.mark.parametrize("case", [case for case in IMAGES if str(case["expect"]["supported"]) != "True"], ids=name_of)
def test_tag(case: dict[str, Any]) -> None:
    as_of = date.fromisoformat(case["as_of"]) if "as_of" in case else TODAY
    never(builders.installation(*case["images"]), builders.policy(case.get("policy")), as_of)


@pytest.mark.parametrize("case", [case for case in test_image.CASES if is_against(case["expect"])], ids=name_of)
def test_origin_or_digest(case: dict[str, Any]) -> None:
    rules = ImageRules(Verification(case.get("verification", "Reference")), test_image.listed(**case.get("listed", {})))
    mirrored = test_image.policy_with(case.get("mirrors"))
    never(Installation("ns", tuple(test_image.workloads_of(case))), Policy(mirrored.fields._replace(images=rules)))


def codes_of_pod(case: Mapping[str, Any]) -> list[str]:
    return [code for codes in case["expect"].values() for code in codes] if "pod" in case else case["expect"]


@pytest.mark.parametrize("case", [case for case in test_configuration.CASES if is_against(codes_of_pod(case))], ids=name_of)
def test_configuration_of_a_pod(case: dict[str, Any]) -> None:
    pod = case["pod"] if "pod" in case else test_configuration.pod_of(case["container"], volumes=case.get("volumes"))
    never(Installation("ns", (test_configuration.project(pod),)))


def component_of(line: str, releases: list[str]) -> list[str]:
    """Images of components that are of a line, of the given releases where there are any."""
    own = [f"perfana/perfana-web:{release}" for release in releases if release.startswith(f"{line}.")]
    name = "perfana-web" if line in ("4.0", "0.1", "0.2") else "perfana-fe"
    return own or [f"perfana/{name}:perfana-{line}.0"]


@pytest.mark.parametrize(
    "case", [case for case in test_dependency.CASES if is_against(code for code, _ in case["expect"])], ids=name_of
)
def test_dependencies(case: dict[str, Any]) -> None:
    images = [image for line in case["lines"] for image in component_of(line, case.get("releases", []))]
    facts = builders.installation(*images, *case.get("images", ()))
    declared = tuple(Declared(product, version) for product, version in (case.get("declared") or {}).items())
    as_of = date.fromisoformat(case["as_of"]) if "as_of" in case else TODAY
    never(facts._replace(declared=declared), as_of=as_of)


@pytest.mark.parametrize(
    "case", [case for case in test_platform.CASES if is_against(found.split(" ")[1] for found in case["expect"])], ids=name_of
)
def test_platform_of_an_installation(case: dict[str, Any]) -> None:
    facts = builders.installation(NEWEST)._replace(platform=test_platform.platform_of(case))
    never(facts, as_of=date.fromisoformat(case.get("asOf", str(TODAY))))


# Supported cases in which some containers do not count: of what has ended, of another namespace or instance, waived.
HAS_WHAT_DOES_NOT_COUNT = {
    "job-that-ended",
    "kubectl-get-all",
    "snapshot-in-one-component",
    "two-instances-in-one-namespace",
    "two-namespaces",
    "what-has-ended",
}
SNAPSHOT_TAG = "0.2.97.0-SNAPSHOT"


def containers_in(document: object) -> Iterator[dict[str, Any]]:
    """Find the containers of components in plain data, wherever they are except in what a runtime reports."""
    if isinstance(document, dict):
        if "/perfana-" in str(document.get("image")):
            yield document
        for field, value in document.items():
            if field != "status":
                yield from containers_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from containers_in(value)


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in (*cases_in(INSTALLATIONS), *cases_in(CLUSTERS))
        if case.label == "True" and case.pair not in HAS_WHAT_DOES_NOT_COUNT
    ],
    ids=name_of,
)
def test_development_build_in_any_container_of_what_is_supported(case: Case, tmp_path: Path) -> None:
    is_cluster = case.source.parent == CLUSTERS
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = [document for document in yaml.load_all(case.source.read_bytes(), loader) if document]
    containers = list(containers_in(documents))
    assert containers
    for place, container in enumerate(containers):
        image = container["image"]
        container["image"] = re.sub("[:@][^/]*$", "", image) + f":{SNAPSHOT_TAG}"
        spoiled = case._replace(source=tmp_path / f"{place}{case.source.suffix}")
        spoiled.source.write_text("\n---\n".join(map(json.dumps, documents)))
        report = judge_cluster(spoiled) if is_cluster else judge_manifests(spoiled)
        supported = next(each for each in report["conditions"] if each["type"] == "Supported")
        assert (supported["status"], supported["reason"]) == ("False", "SnapshotBuild"), container["name"]
        container["image"] = image


def count(file: str) -> int:
    return len(load(CORPUS / file))


def test_corpus_is_large() -> None:
    whole = len(cases_in(INSTALLATIONS)) + len(cases_in(CLUSTERS))
    dated = len(test_corpus_dates.DAYS) + len(test_corpus_dates.INSTANTS)
    tables = sum(count(file.name) for file in CORPUS.glob("*.yaml") if file.name != "dates.yaml")
    assert whole >= LEAST // 4
    assert dated >= LEAST // 4
    assert whole + dated + tables >= LEAST


def test_every_code_is_a_label_somewhere() -> None:
    text = "".join(file.read_text() for file in CORPUS.rglob("*.yaml") if file.parent == CORPUS or file.name.endswith(EXPECTED))
    assert {code for code in Code if code not in NEEDS_A_REGISTRY and not re.search(rf"\b{code}\b", text)} == set()


def test_every_file_is_described() -> None:
    readme = (CORPUS / "README.md").read_text()
    names = {file.name for file in CORPUS.glob("*.yaml")} | {f"{folder.name}/" for folder in (INSTALLATIONS, CLUSTERS)}
    assert {name for name in names if f"`{name}`" not in readme} == set()
