"""The dashboard as Grafana needs it: for import by hand, by the sidecar, and with any data source."""

from itertools import combinations
from typing import Any

import pytest

from tests.watching.dashboard import DASHBOARD, dashboard, panels

DOCUMENT = dashboard()
PANELS = list(panels())
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def test_it_is_imported_without_questions() -> None:
    assert DOCUMENT["id"] is None, "an id belongs to one Grafana only"
    assert (DOCUMENT["uid"], DOCUMENT["title"]) == ("perfana-support", "Perfana support")
    assert DOCUMENT["schemaVersion"] >= 36, "older ones name data sources by name"
    assert "__inputs" not in DOCUMENT, "the data source is a variable, which a sidecar can fill too"
    assert len(DASHBOARD.read_bytes()) < 500_000, "a ConfigMap has room for 1 MiB, and is applied with a copy of itself"


def test_the_data_source_is_a_variable_and_others_follow_it() -> None:
    variables = {one["name"]: one for one in DOCUMENT["templating"]["list"]}
    assert list(variables) == ["datasource", "namespace", "check"]
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    for name in ("namespace", "check"):
        assert variables[name]["datasource"] == SOURCE
        assert (variables[name]["multi"], variables[name]["includeAll"], variables[name]["allValue"]) == (True, True, ".*")


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations(PANELS, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    for panel in PANELS:
        grid = panel["gridPos"]
        assert grid["x"] >= 0
        assert grid["w"] > 0
        assert grid["x"] + grid["w"] <= 24


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel["type"] != "row"], ids=lambda panel: str(panel["title"]))
def test_a_panel_says_what_it_shows_in_which_unit_from_where(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"] == SOURCE
    assert panel["fieldConfig"]["defaults"]["unit"]
    targets = panel["targets"]
    assert [target["refId"] for target in targets] == ["A", "B", "C", "D", "E"][: len(targets)]
    for target in targets:
        assert target["datasource"] == SOURCE
        assert target["range"] is not target["instant"]
        assert target.get("format") == ("table" if panel["type"] == "table" else None)


def test_a_table_names_its_columns_and_hides_what_is_no_fact() -> None:
    for panel in (panel for panel in PANELS if panel["type"] == "table"):
        kinds = [one["id"] for one in panel["transformations"]]
        organize = panel["transformations"][1]["options"]
        assert kinds == ["merge", "organize"]
        assert organize["excludeByName"]["Time"]
        assert set(organize["renameByName"]) == set(organize["indexByName"])
        titles = set(organize["renameByName"].values())
        assert {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]} <= titles
