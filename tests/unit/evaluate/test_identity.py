"""What makes a finding the same one at another time: baselines and fingerprints live by it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding, exactly
from perfana_support.model.installation import (
    Container,
    ContainerSettings,
    Declared,
    Installation,
    Location,
    Node,
    Platform,
    Setting,
    Subject,
    Workload,
)
from tests.corpus.cases import CLUSTERS, INSTALLATIONS, TODAY, Case, cases_in
from tests.corpus.judging import judge_cluster, judge_manifests
from tests.unit.builders import policy

WEB = "perfana/perfana-web:0.2.96.22"
# Gaps of a source are kept apart by their words, and several files may have the same fault.
GAPS = {Code.WORKLOADS_UNREADABLE, Code.PLATFORM_UNREADABLE}

Json = Mapping[str, Any]


def identity_of(finding: Json) -> tuple[str, ...]:
    return (finding["code"], *Subject(**finding["subject"]), finding["detail"])


@pytest.mark.parametrize("case", [*cases_in(INSTALLATIONS), *cases_in(CLUSTERS)], ids=lambda case: f"{case.pair}-{case.name}")
def test_no_two_findings_of_a_report_are_one(case: Case) -> None:
    report = judge_cluster(case) if case.source.parent == CLUSTERS else judge_manifests(case)
    times = Counter(identity_of(finding) for finding in report["findings"] if finding["code"] not in GAPS)
    assert [identity for identity, count in times.items() if count > 1] == []


def container(settings: ContainerSettings = ContainerSettings(), image: str = WEB) -> Installation:  # noqa: B008 - immutable
    return Installation("ns", (Workload("Deployment", "ns", "web", (Container("web", image, settings=settings),)),))


def found(facts: Installation, check: Check = Check()) -> dict[str, Finding]:  # noqa: B008 - immutable
    return {finding.fingerprint: finding for finding in evaluate(facts, policy(), TODAY, check).findings}


def of(code: Code, facts: Installation, check: Check = Check()) -> set[str]:  # noqa: B008 - immutable
    fingerprints = {fingerprint for fingerprint, finding in found(facts, check).items() if finding.code is code}
    assert fingerprints, code
    return fingerprints


def words(*texts: str) -> tuple[Setting, ...]:
    return tuple(Setting("", text) for text in texts)


def on(version: str = "v1.36.3", *nodes: Node, distribution: str = "") -> Installation:
    return container()._replace(platform=Platform(version, distribution, nodes))


def node(kubelet: str = "v1.36.3", architecture: str = "amd64", system: str = "linux") -> Node:
    return Node("node-1", kubelet, architecture, system)


def declaring(product: str, version: str) -> Installation:
    return container()._replace(declared=(Declared(product, version),))


def mounting(path: str) -> Installation:
    return container(ContainerSettings(mounts=(Setting(path, "emptyDir"),)))


def starting(line: str) -> Installation:
    return container(ContainerSettings(command=words("sh", "-c", line)))


def setting(name: str, value: str) -> Installation:
    return container(ContainerSettings(variables=(Setting(name, value),)))


def hooked(name: str) -> Installation:
    return container(ContainerSettings(hooks=(Setting(name, "sleep 1"),)))


def beside(image: str) -> Installation:
    pods = (Workload("Pod", "ns", name, (Container(name, each),)) for name, each in (("a", WEB), ("b", image)))
    return Installation("ns", tuple(pods))


# Of one subject: what was found, and what may be found in its place another day.
REPLACED: list[tuple[Code, Installation, Installation]] = [
    (Code.CODE_MOUNTED, mounting("/app/a"), mounting("/app/dist")),
    (Code.COMMAND_OVERRIDDEN, starting("a"), starting("b")),
    (Code.COMMAND_OVERRIDDEN, starting("x" * 300 + "a"), starting("x" * 300 + "b")),
    (Code.RUNTIME_INJECTED, setting("NODE_OPTIONS", "--require /a.js"), setting("JAVA_TOOL_OPTIONS", "--require /a.js")),
    (Code.RUNTIME_INJECTED, setting("NODE_OPTIONS", ""), setting("NODE_OPTIONS", "--require /a.js")),
    (Code.RUNTIME_INJECTED, setting("NODE_OPTIONS", "--inspect"), setting("NODE_OPTIONS", "--require /a.js")),
    (Code.EXEC_HOOK, hooked("postStart"), hooked("preStop")),
    (Code.DEPENDENCY_UNLISTED, declaring("postgresql", "7.4"), declaring("postgresql", "8.0")),
    (Code.KUBERNETES_END_OF_LIFE, on("v1.20.1"), on("v1.21.1")),
    (Code.KUBERNETES_END_OF_LIFE, on("v1.36.3", node("v1.20.1")), on("v1.36.3", node("v1.21.1"))),
    (Code.ARCHITECTURE_UNSUPPORTED, on("v1.36.3", node(architecture="s390x")), on("v1.36.3", node(architecture="ppc64le"))),
    (Code.OPERATING_SYSTEM_UNSUPPORTED, on("v1.36.3", node(system="windows")), on("v1.36.3", node(system="x"))),
    (Code.MIXED_RELEASES, beside("perfana/perfana-api:0.2.96.20"), beside("perfana/perfana-api:0.2.96.21")),
]


@pytest.mark.parametrize(("code", "before", "after"), REPLACED, ids=lambda value: str(value) if isinstance(value, Code) else "")
def test_what_takes_anothers_place_is_another(code: Code, before: Installation, after: Installation) -> None:
    assert of(code, before).isdisjoint(of(code, after))


@pytest.mark.parametrize(
    ("code", "days"),
    [(Code.MAINTENANCE_EXPIRED, ("2026-01-01", "2026-02-01")), (Code.MAINTENANCE_EXPIRING, ("2026-12-01", "2026-12-02"))],
)
def test_another_contract_is_another(code: Code, days: tuple[str, str]) -> None:
    before, after = (
        of(code, container(), Check(maintenance=Maintenance("Enterprise", TODAY.fromisoformat(day)))) for day in days
    )
    assert before.isdisjoint(after)


SETTINGS = st.builds(
    ContainerSettings,
    command=st.sampled_from([(), words("sh", "-c", "node x.js")]),
    variables=st.lists(
        st.builds(
            Setting,
            st.sampled_from(["NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "LD_PRELOAD", "envFrom"]),
            st.sampled_from(["", "--require=/a.js", "configMap a", "configMap b"]),
        ),
        max_size=4,
        unique_by=lambda setting: (setting.name, setting.value),
    ).map(tuple),
    mounts=st.lists(
        st.builds(Setting, st.sampled_from(["/app/a", "/app/b", "/app/dist", "/", "/config"]), st.just("configMap c")),
        max_size=4,
        unique_by=lambda setting: setting.name,
    ).map(tuple),
    hooks=st.lists(
        st.builds(Setting, st.sampled_from(["postStart", "preStop"]), st.just("sleep 1")),
        max_size=2,
        unique_by=lambda setting: setting.name,
    ).map(tuple),
)


def less(settings: ContainerSettings) -> Iterator[ContainerSettings]:
    """The settings without one of what they set, in each way."""
    for field in ("variables", "mounts", "hooks"):
        entries = getattr(settings, field)
        for place in range(len(entries)):
            yield settings._replace(**{field: entries[:place] + entries[place + 1 :]})


@given(SETTINGS)
def test_fingerprints_stay_while_other_findings_of_the_container_come_and_go(settings: ContainerSettings) -> None:
    findings = evaluate(container(settings), policy(), TODAY).findings
    whole = Counter(finding.fingerprint for finding in findings)
    assert max(whole.values()) == 1
    for fewer in less(settings):
        assert found(container(fewer)).keys() <= whole.keys()


@given(SETTINGS, st.integers(1, 99))
def test_places_and_order_take_no_part(settings: ContainerSettings, line: int) -> None:
    def moved(entries: tuple[Setting, ...]) -> tuple[Setting, ...]:
        return tuple(entry._replace(location=Location("a.yaml", line)) for entry in reversed(entries))

    there = settings._replace(variables=moved(settings.variables), mounts=moved(settings.mounts), hooks=moved(settings.hooks))
    assert found(container(there)).keys() == found(container(settings)).keys()


def test_wording_takes_no_part() -> None:
    finding = Finding(Code.CODE_MOUNTED, Subject("Deployment"), "a", "b", detail="/app")
    assert finding._replace(message="x", remediation="y", location=Location("f", 1)).fingerprint == finding.fingerprint
    assert finding._replace(detail="/app/b").fingerprint != finding.fingerprint


@given(st.lists(st.text(max_size=500), max_size=4))
def test_detail_is_bounded_and_tells_long_texts_apart(parts: list[str]) -> None:
    text = exactly(*parts)
    assert len(text) <= 220
    longer = [*parts, "x" * 300]
    assert exactly(*longer) not in (text, exactly(*longer, "y"))
