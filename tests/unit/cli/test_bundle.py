"""`perfana-support bundle`, and bundles judged again."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from perfana_support.cli import main
from perfana_support.cli.bundle_making import compose
from perfana_support.model.installation import Container, Workload
from perfana_support.sources.bundle.archive import pack, unpack
from perfana_support.sources.bundle.bundle import INDEX, read_bundle
from perfana_support.sources.bundle.evidence import INSTALLATION, OBJECTS, POLICY
from perfana_support.sources.bundle.extras import Extras
from perfana_support.sources.errors import SourceError
from tests.unit.builders import TODAY
from tests.unit.cli.bundles import MOMENT, changed, evidence, write_bundle
from tests.unit.cli.program import Program
from tests.unit.cluster_objects import CIRCUMSTANCES, Circumstances, held, observed
from tests.unit.installations import Objects, installations
from tests.unit.sources.bundle.test_evidence import CHECK_DOCUMENT, SPECS, evidence_of


def test_a_bundle_is_judged_as_it_was_byte_for_byte(tmp_path: Path, program: Program) -> None:
    file = write_bundle(tmp_path, evidence())
    outcome = program("check", "--bundle", file, "-o", "json")
    assert outcome.out.encode() == unpack(file)["report/report.json"]
    assert json.loads(outcome.out)["asOf"] == TODAY.isoformat()


@settings(max_examples=15, phases=(Phase.explicit, Phase.generate))  # to make a failing one small would take minutes
@given(installations(), CIRCUMSTANCES, SPECS, st.booleans())
def test_any_installation_is_judged_as_it_was_from_its_bundle(
    tmp_path_factory: pytest.TempPathFactory,
    objects: Objects,
    circumstances: Circumstances,
    spec: dict[str, Any],
    is_hidden: bool,  # noqa: FBT001 - hypothesis hands it over
) -> None:
    folder = tmp_path_factory.mktemp("it")
    made = compose(evidence_of(observed(held(objects, circumstances)), spec), Extras(), MOMENT, {} if is_hidden else None)
    (folder / "it.tar.gz").write_bytes(made.content)
    again = folder / "again.json"
    assert main.main(["check", "--bundle", str(folder / "it.tar.gz"), "-o", f"json={again}"]) in (0, 3, 5)
    assert again.read_bytes() == unpack(str(folder / "it.tar.gz"))["report/report.json"]


def test_two_bundles_of_the_same_facts_are_the_same_bytes() -> None:
    found = evidence()
    other = found._replace(installation=found.installation._replace(workloads=found.installation.workloads[::-1]))
    assert compose(found, Extras(), MOMENT).content == compose(other, Extras(), MOMENT).content


def test_a_bundle_is_judged_on_another_day_and_by_another_policy(tmp_path: Path, program: Program) -> None:
    file = write_bundle(tmp_path, evidence("perfana/perfana-fe:perfana-3.2.0"))
    assert (
        json.loads(program("check", "--bundle", file, "-o", "json", "--as-of", "2027-02-02").out)["supportEndsOn"]
        == "2027-02-01"
    )
    ours = tmp_path / "ours.yaml"
    ours.write_text(
        "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: ours}\n"
        'spec: {lines: [{name: "3.2", endOfLifeOn: "2026-01-01"}]}\n'
    )
    report = json.loads(program("check", "--bundle", file, "-o", "json", "--policy", str(ours)).out)
    assert report["policy"]["name"] == "ours"
    assert "EndOfLife" in {finding["code"] for finding in report["findings"]}


def test_the_checks_contract_and_target_hold_in_a_bundle(tmp_path: Path, program: Program) -> None:
    report = json.loads(program("check", "--bundle", write_bundle(tmp_path, evidence()), "-o", "json").out)
    found = {condition["type"]: condition["status"] for condition in report["conditions"]}
    assert (found["MaintenanceActive"], found["UpgradeSupported"]) == ("True", "Unknown")


def test_a_bundle_is_shown_without_judging_it(tmp_path: Path, program: Program) -> None:
    file = write_bundle(tmp_path, evidence(), missing=("events: forbidden (HTTP 403)",))
    outcome = program("bundle", "show", file)
    assert outcome.code == 0
    assert "Support bundle of namespace perfana, taken at 2026-11-24T12:00:00Z" in outcome.out
    assert "- events: forbidden (HTTP 403)" in outcome.out
    assert "README.txt" in outcome.out


def test_two_bundles_of_one_state_do_not_differ(tmp_path: Path, program: Program) -> None:
    one, two = (write_bundle(tmp_path, evidence(), f"{name}.tar.gz") for name in "ab")
    assert program("bundle", "diff", one, two).out.splitlines()[1:] == ["nothing changed but when the bundle was taken"]


def test_a_difference_tells_verdict_findings_images_and_versions(tmp_path: Path, program: Program) -> None:
    one = write_bundle(tmp_path, evidence("perfana/perfana-web:0.2.96.22"), "a.tar.gz")
    later = evidence("perfana/perfana-web:0.2.97.0-SNAPSHOT", server="v1.35.1")
    check = {
        **CHECK_DOCUMENT,
        "spec": {**CHECK_DOCUMENT["spec"], "maintenance": {"plan": "Enterprise", "expiresOn": "2030-01-01"}},
    }
    two = write_bundle(tmp_path, later._replace(check=check), "b.tar.gz")
    lines = program("bundle", "diff", one, two).out.splitlines()
    expected = (
        "condition BuildSupported: True (AllRulesMet) -> False (SnapshotBuild)",
        "finding new: SnapshotBuild of Deployment w0 c0: ",
        "Kubernetes: v1.36.3 -> v1.35.1",
        "check.spec.maintenance.plan: Team -> Enterprise",
        "Deployment w0.spec.template.spec.containers.c0.image: perfana/perfana-web:0.2.96.22 -> perfana/perfana-web:0.2.97.0",
    )
    missing = [begin for begin in expected if not any(line.startswith(begin) for line in lines)]
    assert not missing, "\n".join(lines)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("bundle",), "needs -n NAMESPACE"),
        (("bundle", "show"), "takes 1 files, got 0"),
        (("bundle", "diff", "a"), "takes 2 files, got 1"),
        (("bundle", "take", "x", "-n", "y"), "takes 0 files, got 1"),
        (("bundle", "-n", "x", "--logs", "10", "--anonymise"), "either --logs or --anonymise"),
        (("bundle", "-n", "x", "--logs", "0"), "must be a number of lines from 1 to 5000, is '0'"),
        (("bundle", "-n", "x", "--name", "a", "--check", "b"), "either --name"),
        (("bundle", "-n", "x", "-o", "-", "--attest"), "needs -o FILE with --attest"),
        (("bundle", "-n", "x", "-o", "a", "--pseudonyms", "./a"), "a"),
        (("bundle", "show", "x", "--attest", "-n", "y"), "takes no --namespace, --attest"),
        (("check", "--bundle", "x", "--kubernetes-version", "1.36"), "the bundle shows what the cluster ran"),
        (("bundle", "show", "no-such-file"), "no-such-file: No such file or directory"),
        (("check", "--bundle", "x", "-f", "y"), "no two of them"),
        (("check", "--bundle", "x", "-l", "app=web"), "has been applied when the bundle was taken"),
    ],
)
def test_what_cannot_be_done_is_said(program: Program, words: tuple[str, ...], told: str) -> None:
    outcome = program(*words)
    assert outcome.code == 2
    assert told in outcome.err


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (INDEX, lambda it: it.update(kind="Bundle"), "kind: must be SupportBundle, is 'Bundle'"),
        (INDEX, lambda it: it.update(program={}), "program.version: is missing"),
        (INDEX, lambda it: it["files"].pop(0), "is not listed in the index"),
        (INDEX, lambda it: it["files"].append({"name": "x", "sha256": "0"}), "x: is listed in the index and missing"),
        (INDEX, lambda it: it.update(files="x"), "files: must be a list"),
        (INSTALLATION, lambda it: it.update(asOf="today"), "evidence/installation.json.asOf: must be a date"),
        (INSTALLATION, lambda it: it.update(later=1), "evidence/installation.json.later: is not a known field"),
        (INSTALLATION, lambda it: it.update(gaps=[1]), "gaps: must be a list of texts"),
        (INSTALLATION, lambda it: it.update(source=[]), "source: must be a mapping"),
        (OBJECTS, lambda it: it["items"].append(1), "items[3]: must be a mapping"),
        (OBJECTS, lambda it: it["items"].append({"kind": "ConfigMap"}), "must be that of an object that runs containers"),
        (OBJECTS, lambda it: it["items"][0]["spec"].update(template=5), "must be a list of containers in a Deployment"),
        (OBJECTS, lambda it: it["items"].append({"kind": "Node", "metadata": {"name": 5}}), "metadata.name: must be a text"),
        (POLICY, lambda it: it["spec"].update(lines=[]), "spec.lines: must list at least one release line"),
        (POLICY, lambda it: it.update(spec=None), "its policy: spec: is missing"),
        ("evidence/check.json", lambda it: it["spec"].update(waivers=[{}]), "its check: spec.waivers[0].code: is missing"),
    ],
)
def test_what_a_stranger_changed_is_named(
    tmp_path: Path, program: Program, name: str, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    outcome = program("check", "--bundle", changed(write_bundle(tmp_path, evidence()), change, name))
    assert outcome.code == 2
    assert told in outcome.err


def test_what_is_read_is_never_written(tmp_path: Path, program: Program) -> None:
    file = write_bundle(tmp_path, evidence())
    content = Path(file).read_bytes()
    for words in (
        ("check", "--bundle", file, "-o", f"json={file}"),
        ("ticket", "--severity", "SEV1", "--bundle", file, "-o", f"json={file}"),
        ("bundle", "-n", "x", "-o", file, "--check", file),
        ("bundle", "-n", "x", "--pseudonyms", file, "--policy", file),
    ):
        outcome = program(*words)
        assert (outcome.code, "is read in this run, and would be overwritten" in outcome.err) == (2, True)
    assert Path(file).read_bytes() == content


def test_a_report_that_is_not_that_of_the_evidence_is_told_of(tmp_path: Path, program: Program) -> None:
    file = changed(write_bundle(tmp_path, evidence()), lambda it: it.update(conditions=[]), "report/report.json")
    for words in (("check", "--bundle", file), ("bundle", "show", file), ("bundle", "diff", file, file)):
        assert f"the reports in {file} are not those of its evidence" in program(*words).err


def test_show_prints_the_verdict_of_the_evidence_and_not_what_somebody_wrote(tmp_path: Path, program: Program) -> None:
    lie = {"Supported": {"status": "True", "reason": "AllRulesMet"}}
    file = changed(write_bundle(tmp_path, evidence()), lambda it: it.update(verdict=lie), INDEX)
    outcome = program("bundle", "show", file)
    assert "Supported: Unknown (DependencyUnlisted), as of 2026-11-24" in outcome.out
    assert "its evidence says Unknown (DependencyUnlisted)" in outcome.err


def test_an_index_that_says_something_else_than_the_evidence_is_told_of(tmp_path: Path, program: Program) -> None:
    lie = {"Supported": {"status": "True", "reason": "AllRulesMet"}}
    file = changed(write_bundle(tmp_path, evidence()), lambda it: it.update(verdict=lie), INDEX)
    outcome = program("check", "--bundle", file)
    assert outcome.code == 5
    assert f"note: {file} says Supported True (AllRulesMet), its evidence says Unknown (DependencyUnlisted)" in outcome.err
    assert "another version made it, or somebody changed it" in program("ticket", "--severity", "SEV1", "--bundle", file).err


def test_a_file_that_is_not_what_the_index_lists_is_named(tmp_path: Path) -> None:
    file = write_bundle(tmp_path, evidence())
    files = unpack(file)
    files[OBJECTS] = files[OBJECTS].replace(b"SNAPSHOT", b"")[:-1]
    Path(file).write_bytes(pack(files, MOMENT))
    with pytest.raises(SourceError, match=f"{OBJECTS}: is not what the index lists"):
        read_bundle(file)


def test_names_in_a_bundle_under_pseudonyms_are_those_of_its_table_alone(tmp_path: Path) -> None:
    found = evidence("harbor.acme.example/team/perfana/perfana-web:0.2.96.22", "acme/billing:1")
    named = found.installation._replace(
        namespace="acme-prod",
        workloads=tuple(
            each._replace(namespace="acme-prod", name=f"acme-{each.name}") for each in found.installation.workloads
        ),
    )
    events = (
        {"type": "Normal", "reason": "Killing", "object": {"kind": "Pod", "name": "acme-pod"}, "message": "acme", "count": 1},
    )
    made = compose(found._replace(installation=named), Extras(events=events), MOMENT, {})
    (tmp_path / "it.tar.gz").write_bytes(made.content)
    assert not [name for name, content in unpack(str(tmp_path / "it.tar.gz")).items() if b"acme" in content]
    table = json.loads(made.pseudonyms or b"")
    assert table["namespace"] == {"acme-prod": "namespace-1", "perfana": "namespace-2"}  # the check names the latter
    again = compose(found._replace(installation=named._replace(namespace="acme-new")), Extras(), MOMENT, table)
    assert json.loads(again.pseudonyms or b"")["namespace"]["acme-new"] == "namespace-3"


def test_a_bundle_opens_with_tar_into_one_folder(tmp_path: Path) -> None:
    with tarfile.open(write_bundle(tmp_path, evidence())) as archive:
        assert {name.split("/")[0] for name in archive.getnames()} == {"bundle"}


def test_reasons_of_waivers_are_masked_where_they_hold_a_secret(tmp_path: Path) -> None:
    waiver = {"code": "CommandOverridden", "reason": "password: hunter2", "agreedBy": "x", "expiresOn": "2027-01-01"}
    check = {**CHECK_DOCUMENT, "spec": {"waivers": [waiver]}}
    made = compose(evidence()._replace(check=check), Extras(), MOMENT)
    (tmp_path / "it.tar.gz").write_bytes(made.content)
    assert not [name for name, content in unpack(str(tmp_path / "it.tar.gz")).items() if b"hunter2" in content]
    assert made.listed["masked"] == [
        {"mark": "[masked-1]", "why": "the value of a name that says secret", "where": ["SupportCheck"]}
    ]


def test_a_pod_is_no_workload_of_its_own_in_a_bundle(tmp_path: Path, program: Program) -> None:
    pod = Workload("Pod", "perfana", "w0-abc", (Container("c0", "perfana/perfana-web:0.2.96.22"),), owner=("Deployment", "w0"))
    found = evidence("perfana/perfana-web:0.2.96.22")
    found = found._replace(installation=found.installation._replace(workloads=(*found.installation.workloads, pod)))
    report = json.loads(program("check", "--bundle", write_bundle(tmp_path, found), "-o", "json").out)
    assert report["components"][0]["workloads"] == 1
