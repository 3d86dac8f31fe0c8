"""Files as code scanning and merge requests look for them, wherever the program ran and however it was told."""

import json
import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.installation import Location
from perfana_support.reports.report import Report, Run
from perfana_support.reports.result import from_root, outside
from tests.unit.builders import judge, policy
from tests.unit.reports.reporting import NEWEST, finding, rendered

RUN = Run(folder="/srv/repo/deploy", root="/srv/repo")

# As the user names it; what SARIF, GitHub and GitLab call it.
NAMES = [
    ("web.yaml", "deploy/web.yaml", "deploy/web.yaml", "deploy/web.yaml"),
    ("./web.yaml", "deploy/web.yaml", "deploy/web.yaml", "deploy/web.yaml"),
    ("../web.yaml", "web.yaml", "web.yaml", "web.yaml"),
    ("../other/../k8s//web.yaml", "k8s/web.yaml", "k8s/web.yaml", "k8s/web.yaml"),
    ("/srv/repo/k8s/web.yaml", "k8s/web.yaml", "k8s/web.yaml", "k8s/web.yaml"),
    ("../../web.yaml", "file:///srv/web.yaml", "/srv/web.yaml", "outside/web.yaml"),
    ("/opt/a b.yaml", "file:///opt/a%20b.yaml", "/opt/a b.yaml", "outside/opt/a b.yaml"),
    ("/srv/repository/a.yaml", "file:///srv/repository/a.yaml", "/srv/repository/a.yaml", "outside/repository/a.yaml"),
    ("..a/web.yaml", "deploy/..a/web.yaml", "deploy/..a/web.yaml", "deploy/..a/web.yaml"),
    ("a b.yaml", "deploy/a%20b.yaml", "deploy/a b.yaml", "deploy/a b.yaml"),
    ("größe.yaml", "deploy/gr%C3%B6%C3%9Fe.yaml", "deploy/größe.yaml", "deploy/größe.yaml"),
    ("\U0001f40b.yaml", "deploy/%F0%9F%90%8B.yaml", "deploy/\U0001f40b.yaml", "deploy/\U0001f40b.yaml"),
    ("a:b#c?d%20.yaml", "deploy/a%3Ab%23c%3Fd%2520.yaml", "deploy/a:b#c?d%20.yaml", "deploy/a:b#c?d%20.yaml"),
]


def _reports(file: str, run: Run = RUN) -> list[Report]:
    verdict = judge(NEWEST)._replace(findings=(finding(location=Location(file, 3)),))
    return [Report(verdict, policy(), {"kind": "Manifests", "files": [file]}, run)]


def _sarif(file: str, run: Run = RUN) -> dict[str, str]:
    (result,) = json.loads(rendered("sarif", _reports(file, run)))["runs"][0]["results"]
    artifact: dict[str, str] = result["locations"][0]["physicalLocation"]["artifactLocation"]
    return artifact


@pytest.mark.parametrize(("file", "sarif", "github", "gitlab"), NAMES)
def test_file_is_named_from_the_root_of_the_repository(file: str, sarif: str, github: str, gitlab: str) -> None:
    artifact = _sarif(file)
    assert artifact["uri"] == sarif
    assert ("uriBaseId" in artifact) is not sarif.startswith("file:")
    (entry,) = json.loads(rendered("gitlab", _reports(file)))
    assert entry["location"]["path"] == gitlab
    (found,) = re.findall(r"file=([^,]*),", rendered("github", _reports(file)))
    assert found.replace("%3A", ":").replace("%25", "%") == github


@given(file=st.text(st.characters(exclude_characters="\0"), min_size=1).filter(lambda name: name != "-"))
def test_no_name_leads_out_of_the_repository(file: str) -> None:
    for run in (RUN, Run()):
        artifact = _sarif(file, run)
        if "uriBaseId" in artifact:
            assert not urlsplit(artifact["uri"]).scheme
            assert not artifact["uri"].startswith("/")
        else:
            assert artifact["uri"].startswith("file:///")
        if run.root:
            assert ".." not in artifact["uri"].split("/")
        (entry,) = json.loads(rendered("gitlab", _reports(file, run)))
        path = entry["location"]["path"]
        assert ".." not in path.split("/")
        assert not path.startswith("/")


@pytest.mark.parametrize("file", ["", "-"])
def test_what_is_no_file_stays_as_it_is(file: str) -> None:
    assert from_root(file, RUN) == file


def test_uri_is_the_file_when_it_is_read_back() -> None:
    for file in ("a b.yaml", "größe.yaml", "100%.yaml"):
        assert unquote(_sarif(file)["uri"]) == f"deploy/{file}"


def test_files_outside_are_named_the_same_on_every_machine() -> None:
    other = Run(folder="/builds/acme/deploy", root="/builds/acme")
    for run in (RUN, other):
        assert outside(from_root("../../common/web.yaml", run), run) == "outside/common/web.yaml"
