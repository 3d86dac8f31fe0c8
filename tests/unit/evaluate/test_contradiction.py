"""No report contradicts itself: nothing that counts and is unsupported stands below a verdict that says supported."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from perfana_support.cli.main import main
from perfana_support.evaluate.verdict import SUMMED_UP, evaluate
from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.installation import COMPOSE_SERVICE, Container, ContainerSettings, Installation, Setting, Workload
from perfana_support.model.verdict import Verdict
from tests.corpus.cases import CLUSTERS, INSTALLATIONS, TODAY, Case, cases_in
from tests.corpus.judging import judge_cluster, judge_manifests
from tests.unit.builders import policy
from tests.unit.installations import DATABASES, Objects, installations

WEB = "perfana/perfana-web:0.2.96.22"
IMAGES = [WEB, "perfana/perfana-web:0.2.96.22-SNAPSHOT", "perfana/perfana-fe:perfana-2.4.4", "nginx:1.29", *DATABASES]

Json = Mapping[str, Any]


def contradictions(status: str, findings: Iterable[tuple[Code, bool]], conditions: Mapping[str, str]) -> Iterator[str]:
    """Codes that count and are unsupported although the verdict, or a condition of theirs, is not False."""
    for code, counts in findings:
        own = SUMMED_UP.keys() & set(code.conditions)
        if not counts or code.effect is not Effect.UNSUPPORTED or not own:
            continue
        if status != Status.FALSE:
            yield f"{code} under Supported {status}"
        yield from (f"{code} under {kind} {conditions[kind]}" for kind in own if conditions[kind] != Status.FALSE)


def of_report(report: Json) -> list[str]:
    conditions = {each["type"]: each["status"] for each in report["conditions"]}
    findings = [(Code(each["code"]), not {"waivedUntil", "ignoredBy"} & each.keys()) for each in report["findings"]]
    return list(contradictions(conditions["Supported"], findings, conditions))


def of_verdict(verdict: Verdict) -> list[str]:
    conditions = {str(each.type): str(each.status) for each in verdict.conditions}
    findings = [(each.code, each.counts) for each in verdict.findings]
    return list(contradictions(conditions[ConditionType.SUPPORTED], findings, conditions))


@pytest.mark.parametrize("case", [*cases_in(INSTALLATIONS), *cases_in(CLUSTERS)], ids=lambda case: f"{case.pair}-{case.name}")
def test_corpus(case: Case) -> None:
    assert of_report(judge_cluster(case) if case.source.parent == CLUSTERS else judge_manifests(case)) == []


def test_each_unsupported_code_would_be_noticed() -> None:
    conditions = dict.fromkeys(map(str, ConditionType), "True")
    summed_up = [code for code in Code if code.effect is Effect.UNSUPPORTED and SUMMED_UP.keys() & set(code.conditions)]
    assert len(summed_up) > 12
    for code in summed_up:
        assert list(contradictions("True", [(code, True)], conditions))
        assert not list(contradictions("True", [(code, False)], conditions))


MOUNTED = ContainerSettings(mounts=(Setting("/app/a", "configMap c"),))
WORKLOADS = st.builds(
    Workload,
    st.sampled_from(["Deployment", "Pod", COMPOSE_SERVICE, COMPOSE_SERVICE]),
    st.just("ns"),
    st.sampled_from(["a", "b", "c", "d"]),
    st.lists(
        st.builds(
            Container, st.just("c"), st.sampled_from(IMAGES), settings=st.sampled_from([ContainerSettings(), MOUNTED, MOUNTED])
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
)


@given(st.lists(WORKLOADS, max_size=4).map(tuple))
def test_compose_services_beside_workloads(workloads: tuple[Workload, ...]) -> None:
    assert of_verdict(evaluate(Installation("ns", workloads), policy(), TODAY)) == []


def patched(name: str) -> dict[str, Any]:
    """A component that is well but for what is mounted over its code."""
    mounts = [{"name": "v", "mountPath": "/app/a"}]
    pod = {
        "containers": [{"name": "c", "image": WEB, "volumeMounts": mounts}],
        "volumes": [{"name": "v", "configMap": {"name": "c"}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod}


OBJECTS = installations() | st.just([]).map(lambda _: [patched("a")])
SERVICES = st.dictionaries(
    st.sampled_from(["cache", "web", "db"]), st.sampled_from([WEB] * len(IMAGES) + IMAGES).map(lambda image: {"image": image})
)


@settings(max_examples=40)
@given(
    installations(), SERVICES.filter(bool), st.sampled_from(["", "perfana"]), st.sampled_from([[], ["--ignore", "EndOfLife"]])
)
def test_compose_file_beside_manifests(objects: Objects, services: Json, namespace: str, options: list[str]) -> None:
    for each in objects:
        each["metadata"] |= {"namespace": namespace} if namespace else {}
    with TemporaryDirectory() as folder:
        manifests, compose = Path(folder, "m.yaml"), Path(folder, "docker-compose.yml")
        manifests.write_text(yaml.safe_dump_all(objects))
        compose.write_text(yaml.safe_dump({"services": services}))
        out = io.StringIO()
        with redirect_stdout(out):
            main(["check", "-f", str(manifests), "-f", str(compose), "--as-of", TODAY.isoformat(), "-o", "json", *options])
    document = json.loads(out.getvalue())
    for report in document.get("items") or [document]:
        assert of_report(report) == []
