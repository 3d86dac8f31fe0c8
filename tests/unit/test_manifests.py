"""What can be said of manifests and chart without any tool: copies, versions, and values that are told of."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfana_support import __version__
from perfana_support.controller.settings import Settings
from tests.chart_values import Value, read_values
from tests.rendered_manifests import CHART, MANIFESTS, simple_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ELSEWHERE = {
    "kubeconfig": "a pod has an account",
    "context": "a pod has an account",
    "namespaces": "watch.namespaces",
    "http_port": "a pod has an address of its own",
    "identity": "a pod has a name of its own",
    "registry_ca_file": "registries.caConfigMap",
    "use_pull_secrets": "registries.usePullSecrets",
    "policy_reports": "policyReports.enabled",
}
"""Settings that are not among the chart's `settings`, and why."""


def _schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    return read


def _values() -> list[Value]:
    return read_values((CHART / "values.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", simple_files(), ids=lambda path: str(path.relative_to(CHART.parents[1])))
def test_written_file_is_what_make_manifests_would_write(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == simple_files()[path], "run make manifests"


def test_no_copy_is_left_of_what_is_gone() -> None:
    assert {path for path in (CHART / "files").rglob("*") if path.is_file()} <= simple_files().keys()


def test_chart_has_the_version_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
    base = yaml.safe_load((MANIFESTS / "base" / "kustomization.yaml").read_text(encoding="utf-8"))
    assert base["images"] == [{"name": "perfana-support", "newTag": __version__}]


def test_every_value_says_what_it_is_for() -> None:
    assert [each.path for each in _values() if not each.purpose] == []


def test_every_setting_of_the_operator_is_a_value_of_the_chart() -> None:
    names = {field.name for field in dataclasses.fields(Settings)}
    assert _schema()["properties"]["settings"]["properties"].keys() == names - ELSEWHERE.keys()
    assert ELSEWHERE.keys() <= names


def test_schema_knows_the_values_and_no_others() -> None:
    told = {each.path for each in _values()}
    known = set(_leaves(_schema()))
    inner = {path for path in known if path.startswith("settings.")} | {"global"}
    assert known - inner | {"settings"} == told


def _leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, each in schema["properties"].items():
        here = f"{path}.{name}" if path else name
        if "properties" in each:
            assert each["additionalProperties"] is False, here
            yield from _leaves(each, here)
        else:
            yield here
