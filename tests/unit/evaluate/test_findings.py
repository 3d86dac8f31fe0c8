"""What a verdict says, to the letter: its conditions, what comes next, and its findings in full (tests/data/findings)."""

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance, Target
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import (
    Container,
    ContainerRole,
    ContainerSettings,
    Declared,
    Installation,
    Location,
    Node,
    Platform,
    Setting,
    Workload,
)
from perfana_support.model.verdict import Verdict
from tests.unit.builders import NAMESPACE, TODAY, installation, policy, waiver, without_dependencies

FILE = Path(__file__).parents[2] / "data" / "findings" / "expected.json"
RENEW = "PERFANA_RENEW_GOLDEN"
WEB, API = "perfana/perfana-web:0.2.96.22", "perfana/perfana-api:0.2.96.22"
A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
# Asking a registry is to come, and these two are what it will tell.
TO_COME = {Code.DERIVED_IMAGE, Code.IMAGE_RECONFIGURED}


class Case(NamedTuple):
    installation: Installation
    spec: Mapping[str, Any] | None = None
    check: Check = Check()
    as_of: date = TODAY


def _set(name: str, value: str = "", line: int = 0) -> tuple[Setting, ...]:
    return (Setting(name, value, Location("f.yaml", line)),)


def _workload(name: str, *containers: Container, kind: str = "Deployment", **fields: Any) -> Workload:  # noqa: ANN401 - its fields
    return Workload(kind, NAMESPACE, name, containers, **fields)


def _with(*workloads: Workload, **fields: Any) -> Installation:  # noqa: ANN401 - its fields
    return Installation(NAMESPACE, workloads, **fields)


def _placed(subject: Installation) -> Installation:
    """The installation with a line of a file for each container."""
    place = iter(range(10, 1000))
    workloads = (
        workload._replace(
            containers=tuple(each._replace(location=Location("f.yaml", next(place))) for each in workload.containers)
        )
        for workload in subject.workloads
    )
    return subject._replace(workloads=tuple(workloads))


def _digests(**served: str) -> list[dict[str, str]]:
    every = {"a": A, "b": B, "c": C}
    return [
        {"digest": every[key], "repository": f"perfana/{what.split()[0]}", "release": what.split()[1]}
        for key, what in served.items()
    ]


def _pod(image: str, image_id: str, name: str, owner: str = "web") -> Workload:
    return _workload(name, Container("c", image, image_id=image_id), kind="Pod", owner=("Deployment", owner))


SETTINGS = ContainerSettings(
    command=_set("", "sh", 101),
    args=_set("", "-c", 102),
    variables=(*_set("NODE_OPTIONS", "--require=/tmp/a.js --max-old-space-size=9", 103), *_set("LD_PRELOAD", "", 104)),
    mounts=(*_set("/app/x.js", "configMap patch", 105), *_set("/data/provisioning", "configMap fine", 106)),
    hooks=(*_set("preStop", "sleep 1", 107), *_set("postStart", "touch /tmp/a", 108)),
)
NODES = (
    Node("n1", "v1.36.3", "amd64", "linux"),
    Node("n2", "v1.36.3", "mips", "linux"),
    Node("n3", "v1.36.3", "amd64", "windows"),
    Node("n4", "", "", ""),
    Node("n5", "soon", "amd64", "linux"),
    Node("n6", "v1.37.0", "amd64", "linux"),
    Node("n7", "v1.20.1", "amd64", "linux"),
    Node("n8", "v1.20.1", "amd64", "linux"),
)
CASES = {
    "releases": Case(
        installation(
            "perfana/perfana-fe:perfana-2.4.4",
            "perfana/perfana-fe:perfana-3.2.0",
            "perfana/perfana-fe:perfana-3.4.0",
            "perfana/perfana-fe:2.46.1",
            "perfana/perfana-fe:perfana-4.1.0",
            "perfana/perfana-web:0.3",
            "perfana/perfana-web:0.2",
            "perfana/perfana-web:0.2.96.99",
            "perfana/perfana-web:0.2.96.20",
            "perfana/perfana-worker:0.2.47.72",
            "perfana/perfana-grafana-sync:0.2.96.22",
            "perfana/perfana-scheduler:3.2.7",
            "perfana/perfana-web:latest",
            "perfana/perfana-web",
            "{{ x }}",
        )
    ),
    "one line, several releases": Case(installation("perfana/perfana-web:0.2.96.21", API)),
    "builds": Case(
        installation(
            "perfana/perfana-web:0.2.96.22-SNAPSHOT",
            "perfana/perfana-web:0.2.96.22-beta",
            "perfana/perfana-web:0.2.96.22-rc1",
            "perfana/perfana-web:0.2.96.22-m1",
            "perfana/perfana-web:develop",
            "perfana/perfana-web-test:0.2.96.22",
            "perfana/perfana-web:sha-5f668d8",
            "perfana/perfana-web:0.2.96.22-acme",
            "perfana/perfana-web:perfana-2.4.4-rc1",
        )
    ),
    "images": Case(
        installation("eu.example.com/a/perfana-web:0.2.96.22", "perfana/perfana-web:0.2.96.22-ubi9", f"{WEB}@{A}"),
        {"images": {"digests": _digests(a="perfana-api 0.2.96.21")}},
    ),
    "images that run something else": Case(
        _with(_workload("web", Container("c", WEB)), _pod(WEB, f"x@{B}", "web-1"), _pod(WEB, f"x@{C}", "web-2")),
        {"images": {"verification": "Catalogue", "digests": _digests(b="perfana-web 0.2.96.21")}},
    ),
    "images that nothing vouches for": Case(
        _with(
            _workload("web", Container("c", WEB)),
            _workload("api", Container("c", API, image_id="no digest")),
            _workload("worker", Container("c", f"perfana/perfana-worker:latest@{A}")),
        ),
        {"images": {"verification": "Catalogue"}},
    ),
    "images asked of a registry": Case(installation(WEB), {"images": {"verification": "Registry"}}),
    "settings": Case(
        _with(
            _workload(
                "api",
                Container("api", API, settings=SETTINGS),
                Container("web", WEB, settings=ContainerSettings(variables=_set("envFrom", "secret all", 109))),
                Container("first", "busybox:1", ContainerRole.INIT),
                Container("proxy", "nginx:1.29"),
                Container("look", "busybox:1", ContainerRole.EPHEMERAL),
            ),
            _workload(
                "api-1",
                Container("api", API, settings=SETTINGS._replace(mounts=_set("/app", "emptyDir"))),
                kind="Pod",
                owner=("Deployment", "api"),
            ),
        )
    ),
    "what could not be read": Case(
        _with(_workload("web", Container("c", WEB)), gaps=("pods: forbidden",), platform=Platform(gaps=("nodes: forbidden",)))
    ),
    "nodes": Case(_with(_workload("web", Container("c", WEB)), platform=Platform("v1.36.3", nodes=NODES))),
    "old server": Case(_with(_workload("web", Container("c", WEB)), platform=Platform("v1.20.1"))),
    "new server": Case(_with(_workload("web", Container("c", WEB)), platform=Platform("v1.99.0"))),
    "server that tells nothing": Case(_with(_workload("web", Container("c", WEB)), platform=Platform("soon", "acme"))),
    "excluded distribution": Case(
        _with(_workload("web", Container("c", WEB)), platform=Platform("v1.36.3+k3s1")),
        {"platform": {"distributions": [{"name": "k3s", "supported": False}]}},
    ),
    "dependencies": Case(
        _with(
            _workload("web", Container("c", WEB)),
            _workload("one", Container("c", "timescale/timescaledb:2.28.0-pg16-oss"), kind="StatefulSet"),
            _workload("two", Container("c", "ferretdb/ferretdb:2.0"), kind="StatefulSet"),
            _workload("three", Container("c", "redis:7.2"), kind="StatefulSet"),
            _workload("four", Container("c", "redis:latest"), kind="StatefulSet"),
            _workload("five", Container("c", "quay.io/keycloak/keycloak:24.0.1"), kind="StatefulSet"),
            declared=(Declared("acme", "1"), Declared("postgresql")),
        )
    ),
    "dependencies of an older line": Case(
        _with(
            _workload("web", Container("c", "perfana/perfana-web:perfana-4.0.1")),
            _workload("one", Container("c", "mongo:7.0.14"), kind="StatefulSet"),
            _workload("five", Container("c", "quay.io/keycloak/keycloak:24.0.1"), kind="StatefulSet"),
        )
    ),
    "dependencies that are not there": Case(installation(WEB)),
    "maintenance that ends": Case(installation(WEB), check=Check(maintenance=Maintenance("Team", date(2026, 12, 1)))),
    "maintenance that ended": Case(installation(WEB), check=Check(maintenance=Maintenance("Team", date(2026, 11, 1)))),
    "maintenance without an end": Case(installation(WEB), check=Check(maintenance=Maintenance("Team"))),
    "maintenance that the policy does not know": Case(installation(WEB), check=Check(maintenance=Maintenance("Gold"))),
    "nothing of ours": Case(installation("nginx:1.29"), check=Check(target=Target("0.2.96.22"))),
    "a target": Case(
        installation("perfana/perfana-fe:perfana-3.5.0", "perfana/perfana-ds:perfana-3.5.0"),
        check=Check(target=Target("0.2.96.22")),
    ),
    "a target that nobody knows": Case(installation(WEB), check=Check(target=Target("0.7.1"))),
    "no maintenance": Case(installation(WEB), check=Check(maintenance=Maintenance("Free", None))),
    "old policy": Case(installation(WEB), as_of=date(2027, 5, 24)),
    "waived": Case(
        installation("perfana/perfana-fe:perfana-2.4.4"),
        check=Check(waivers=(waiver("EndOfLife", date(2026, 12, 1)), waiver("EndOfLife", date(2026, 12, 2)))),
    ),
}


def _verdict(name: str) -> Verdict:
    """The verdict on a case, without rules of dependencies where those are not what it is about."""
    case = CASES[name]
    rules = policy(case.spec) if name.startswith("dependencies") else without_dependencies(policy(case.spec))
    return evaluate(_placed(case.installation), rules, case.as_of, case.check)


def _written(finding: Finding) -> dict[str, str]:
    place, until = finding.location, finding.waived_until
    return {
        "code": finding.code,
        "about": " / ".join(finding.subject),
        "at": f"{place.file}:{place.line}" if place else "",
        "message": finding.message,
        "advice": finding.remediation,
    } | ({"waivedUntil": str(until)} if until else {})


@pytest.mark.parametrize("name", CASES)
def test_verdict_on_a_case(name: str) -> None:
    verdict = _verdict(name)
    found = {
        "conditions": {each.type: f"{each.status}, {each.reason}: {each.message}" for each in verdict.conditions},
        "next": " ".join(map(str, verdict.next_transition or ())),
        "findings": [_written(finding) for finding in verdict.findings],
    }
    expected = json.loads(FILE.read_text()) if FILE.exists() else {}
    if os.environ.get(RENEW):
        expected = {each: found if each == name else expected.get(each) for each in CASES}
        FILE.write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
    assert found == expected[name]


def test_every_case_has_its_verdict_and_no_other() -> None:
    assert list(json.loads(FILE.read_text())) == list(CASES)


def test_every_code_is_found_in_a_case() -> None:
    found = {finding.code for name in CASES for finding in _verdict(name).findings}
    assert set(Code) - found == TO_COME
