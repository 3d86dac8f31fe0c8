"""Where a fact stands: line and column of the value, and the chart's template that Helm made the document of."""

from pathlib import Path

import pytest

from perfana_support.model.installation import Location
from perfana_support.sources.manifest import read_manifests
from tests.unit.sources.manifests import WEB, faults, text, workloads, write

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: c
      image: perfana/perfana-web:4.0.0
"""


def _places(file: str) -> list[tuple[int, int, str]]:
    found = [container.location for workload in workloads(file) for container in workload.containers]
    assert all(location and location.file == file for location in found)
    return [(location.line, location.column, location.template) for location in found if location]


def test_place_is_that_of_the_value(tmp_path: Path) -> None:
    assert _places(write(tmp_path, POD)) == [(7, 14, "")]


def test_place_is_that_of_the_value_in_any_document(tmp_path: Path) -> None:
    service = "---\napiVersion: v1\nkind: Service\nspec: {}\n"
    assert _places(write(tmp_path, f"{service}---\n{POD}{service}---\n{POD}")) == [(12, 14, ""), (24, 14, "")]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_end_as_editors_count_them(tmp_path: Path, end: str) -> None:
    assert _places(write(tmp_path, f"a: 1\nkind: X\n---\n{POD}---\n{POD}".replace("\n", end))) == [(10, 14, ""), (18, 14, "")]


def test_other_line_ends_before_are_counted_once(tmp_path: Path) -> None:
    comments = "# a\r# b\r\n# c\n"
    assert _places(write(tmp_path, f"{comments}---\n{POD}")) == [(11, 14, "")]


def test_flow_style_and_characters_of_several_bytes(tmp_path: Path) -> None:
    content = "{apiVersion: v1, kind: Pod, metadata: {name: é€},\n spec: {containers: [{name: é€, image: 'a/b:1'}]}}"
    assert _places(write(tmp_path, content)) == [(2, 40, "")]


def test_json(tmp_path: Path) -> None:
    content = text()
    assert _places(write(tmp_path, content)) == [(1, content.index(f'"{WEB}"') + 1, "")]


def test_place_of_an_alias_is_where_the_text_stands(tmp_path: Path) -> None:
    """There it is to be changed. The anchor's sign belongs to the value."""
    content = POD.replace("metadata: {name: web}", "metadata: {name: web}\nx-image: &image a/b:1").replace(WEB, "*image")
    assert _places(write(tmp_path, content)) == [(4, 10, "")]


def test_place_of_what_a_merge_brings_in(tmp_path: Path) -> None:
    content = POD.replace("spec:", "x-base: &base {image: 'a/b:1'}\nspec:").replace(
        "image: perfana/perfana-web:4.0.0", "<<: *base"
    )
    assert _places(write(tmp_path, content)) == [(4, 23, "")]


def test_place_of_an_image_that_is_missing_is_its_containers(tmp_path: Path) -> None:
    assert _places(write(tmp_path, POD.replace(f"image: {WEB}", "imagePullPolicy: Always"))) == [(6, 7, "")]


def test_template_of_a_document_that_helm_rendered(tmp_path: Path) -> None:
    content = f"---\n# Source: perfana/templates/web.yaml\n{POD}---\n{POD}---\n# Source: other/templates/x.yaml\n{POD}"
    assert [template for _, _, template in _places(write(tmp_path, content))] == [
        "perfana/templates/web.yaml",
        "",
        "other/templates/x.yaml",
    ]


@pytest.mark.parametrize(
    "head",
    [
        "# Source: a/b.yaml\n",
        "\ufeff# Source: a/b.yaml\n",
        "---\r\n# Source: a/b.yaml\r\n",
        "# licence\n\n# Source: a/b.yaml\n# more\n",
        "--- \n# Source: a/b.yaml  \n",
    ],
)
def test_template_stands_among_the_comments_before_the_document(tmp_path: Path, head: str) -> None:
    assert _places(write(tmp_path, head + POD))[0][2] == "a/b.yaml"


@pytest.mark.parametrize("place", [POD + "# Source: a/b.yaml\n", POD.replace("spec:", "# Source: a/b.yaml\nspec:")])
def test_comment_elsewhere_names_no_template(tmp_path: Path, place: str) -> None:
    assert _places(write(tmp_path, place))[0][2] == ""


def test_items_of_a_list_have_their_own_places(tmp_path: Path) -> None:
    pods = POD.replace("\n", "\n  ").rstrip()
    content = f"---\n# Source: a/b.yaml\napiVersion: v1\nkind: List\nitems:\n- {pods}\n- {pods}\n"
    assert _places(write(tmp_path, content)) == [(12, 16, "a/b.yaml"), (19, 16, "a/b.yaml")]


def test_settings_have_places_as_well(tmp_path: Path) -> None:
    content = f"---\n# Source: a/b.yaml\n{POD}      command: [sh]\n"
    file = write(tmp_path, content)
    ((found,),) = [workload.containers for workload in workloads(file)]
    assert [setting.location for setting in found.settings.command] == [Location(file, 10, 16, "a/b.yaml")]


def test_fault_of_yaml_has_a_column(tmp_path: Path) -> None:
    file = write(tmp_path, f"---\n{POD}---\n{POD}      x: *nobody\n")
    (fault,) = faults(file)
    assert (fault.document, fault.line, fault.column) == (2, 17, 10)
    assert str(fault) == f"{file}, document 2, line 17, column 10: is not valid YAML: found undefined alias"


def test_fault_of_a_document_names_the_line_of_the_file(tmp_path: Path) -> None:
    (fault,) = faults(write(tmp_path, f"---\n{POD}---\n{POD.replace('kind:', 'apiVersion: v1' + chr(10) + 'kind:')}"))
    assert (fault.document, fault.line, fault.problem) == (2, 11, "field 'apiVersion' stands twice, first in line 10")


def test_documents_are_counted_whether_anybody_reads_them_or_not(tmp_path: Path) -> None:
    service = "---\napiVersion: v1\nkind: Service\nspec: {}\n"
    assert read_manifests([write(tmp_path, f"{service}---\n{POD}{service}...\n---\n{POD}")]).documents == 4


@pytest.mark.parametrize("broken", [POD.replace("kind: Pod", "kind: [Pod]"), POD + "      x: *nobody\n", "a: [*nobody]\n"])
def test_fault_of_a_document_that_helm_rendered_names_its_template(tmp_path: Path, broken: str) -> None:
    head = f"---\n# Source: perfana/templates/good.yaml\n{POD}---\n# Source: perfana/templates/broken.yaml\n"
    (fault,) = faults(write(tmp_path, head + broken))
    assert fault.problem.endswith(" (template perfana/templates/broken.yaml)")


def test_fault_of_a_document_that_nobody_rendered_names_no_template(tmp_path: Path) -> None:
    (fault,) = faults(write(tmp_path, f"---\n# Source: perfana/templates/good.yaml\n{POD}---\n{POD}      x: *nobody\n"))
    assert "template" not in fault.problem
