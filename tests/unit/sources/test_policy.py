"""Policies: the built-in one, and documents in files."""

from pathlib import Path

import pytest
import yaml

from perfana_support.sources.errors import SourceError
from perfana_support.sources.policy import builtin_document, builtin_policy, policy_of, read_policy
from perfana_support.sources.yaml_document import load_document
from tests.builtin_policy import JSON, as_json
from tests.unit.builders import policy, policy_document
from tests.unit.sources.manifests import write

HEAD = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: acme}\n"
BAD = {
    "two documents": (
        HEAD + "spec: {}\n---\n" + HEAD,
        ", line 5, column 1: is not one YAML document: but found another document",
    ),
    "YAML with a fault": (HEAD + "spec: [\n", ", line 5, column 1: is not one YAML document: "),
    "a field that stands twice": (
        HEAD + "spec: {}\nspec: {}\n",
        ", line 5, column 1: is not one YAML document: field 'spec' stands twice, first in line 4",
    ),
    "a field that stands twice below": (
        HEAD + "spec:\n  endOfLife:\n    years: 1\n    years: 9\n",
        ", line 7, column 5: is not one YAML document: field 'years' stands twice, first in line 6",
    ),
    "a field name that is a list": (
        HEAD + "spec:\n  ? [a]\n  : b\n",
        ", line 5, column 5: is not one YAML document: a field's name must be a text",
    ),
    "a tag that constructs": (
        HEAD + "spec: !!python/object/apply:os.getcwd []\n",
        ", line 4, column 7: is not one YAML document: the tag ",
    ),
    "a NUL byte": (
        HEAD + "spec: a\x00\n",
        ", line 4, column 8: is not one YAML document: the character U+0000 (NUL) is not allowed in YAML",
    ),
    "nothing": ("", ": document: must be a SupportPolicy object"),
    "a text": ("text", ": document: must be a SupportPolicy object"),
    "another kind": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {}\n",
        ": apiVersion: must be support.perfana.io",
    ),
    "deep nesting": (HEAD + "spec: " + "[" * 10_000 + "\n", ", line 4, column 1006: is not one YAML document: "),
}


YAML_ENDS = "did not find expected node content"


def _refused(file: str) -> list[str]:
    with pytest.raises(SourceError) as caught:
        read_policy(file)
    return [str(fault) for fault in caught.value.faults]


def test_builtin_json_is_what_the_yaml_says() -> None:
    assert JSON.read_text() == as_json()


def test_builtin_policy_is_the_default() -> None:
    assert builtin_policy().name == "default"
    assert builtin_document()["spec"]["basePolicy"] == "None"


def test_builtin_policy_can_be_written_down_and_read_again(tmp_path: Path) -> None:
    file = write(tmp_path, as_json(), "default.json")
    assert read_policy(file).fields == builtin_policy().fields
    assert policy_of(builtin_document()).fields == builtin_policy().fields


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_policy_in_a_file(tmp_path: Path, suffix: str) -> None:
    file = write(
        tmp_path, yaml.safe_dump(policy_document(maxPolicyAgeDays=7), default_flow_style=suffix == "json"), f"p.{suffix}"
    )
    assert read_policy(file).fields == policy({"maxPolicyAgeDays": 7}).fields


def test_days_need_no_quotes(tmp_path: Path) -> None:
    file = write(tmp_path, HEAD + "spec: {publishedOn: 2026-12-01, lines: [{name: '0.3', firstReleasedOn: 2026-12-01}]}\n")
    assert read_policy(file).published_on.isoformat() == "2026-12-01"


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    content = HEAD + "spec:\n  lines:\n  - &a {name: '0.3', firstReleasedOn: 2026-12-01}\n  - {<<: *a, name: '0.4'}\n"
    assert list(read_policy(write(tmp_path, content)).lines)[-2:] == ["0.3", "0.4"]


@pytest.mark.parametrize("name", BAD)
def test_file_that_holds_no_policy_is_refused(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    file = write(tmp_path, content)
    first = _refused(file)[0]
    assert first.startswith(f"{file}{message}")


def test_every_problem_is_a_fault_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, HEAD + "spec: {publishedOn: soon, maxPolicyAgeDays: 0}\n")
    assert _refused(file) == [
        f"{file}: spec.publishedOn: must be a date as YYYY-MM-DD, is 'soon'",
        f"{file}: spec.maxPolicyAgeDays: must be a whole number from 1 to 36500, is 0",
    ]


def test_missing_file(tmp_path: Path) -> None:
    file = str(tmp_path / "absent.yaml")
    assert _refused(file) == [f"{file}: No such file or directory"]


def test_document_with_days_is_plain_data(tmp_path: Path) -> None:
    file = Path(write(tmp_path, "a: 2026-01-01\nb: 2026-01-01T00:00:00Z\nc: 1.0\nd: yes\n"))
    with file.open("rb") as stream:
        assert load_document(stream) == {"a": "2026-01-01", "b": "2026-01-01T00:00:00Z", "c": 1.0, "d": True}


def _folder(tmp_path: Path, **files: str) -> str:
    for name, content in files.items():
        write(tmp_path, content, f"{name}.yaml")
    return str(tmp_path)


def test_folder_stands_for_the_one_policy_in_it(tmp_path: Path) -> None:
    other = "kind: ConfigMap\n---\nkind: SupportCheck\n---\n- a\n---\n"
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", other + HEAD + "spec: {}\n", "all.yml")
    assert read_policy(_folder(tmp_path, other=other, empty="")).name == "acme"


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "holds no SupportPolicy"),
        ({"a": "kind: ConfigMap\n"}, "holds no SupportPolicy"),
        (
            {"a": HEAD, "b": HEAD.replace("acme", "ours")},
            "holds 2 policies, acme in {}/a.yaml, ours in {}/b.yaml; give the file of one",
        ),
        ({"a": f"{HEAD}---\n{HEAD}"}, "holds 2 policies, acme in {}/a.yaml, acme in {}/a.yaml; give the file of one"),
        ({"a": f"{HEAD}---\nkind: SupportPolicy\n"}, "holds 2 policies, acme in {}/a.yaml, one without a name in {}/a.yaml"),
    ],
)
def test_folder_that_does_not_hold_one_policy_is_refused(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    (fault,) = _refused(_folder(tmp_path, **files))
    assert fault.startswith(f"{tmp_path}: " + problem.format(*[tmp_path] * 2))


def test_faults_of_the_policy_in_a_folder_name_its_file(tmp_path: Path) -> None:
    folder = _folder(tmp_path, good=f"{HEAD}spec: {{publishedOn: soon}}\n")
    assert _refused(folder)[0].startswith(f"{tmp_path}/good.yaml: spec.publishedOn: must be a date")
    told = f"{tmp_path}/broken.yaml, line 2, column 1: is not valid YAML: {YAML_ENDS}"
    assert _refused(_folder(tmp_path, broken="a: [")) == [told]


@pytest.mark.parametrize("address", ["oci://registry.example.com/policy:1", "https://example.com/policy.yaml", "OCI://a"])
def test_address_is_not_followed_and_says_what_to_do(address: str) -> None:
    assert _refused(address) == [
        f"{address}: is an address, and none is followed yet; pull it (oras pull, curl) and give the file or folder"
    ]


def test_builtin_policy_is_without_fault_and_reads_the_same_with_all_checks() -> None:
    """It is read without them in every run."""
    assert policy_of(builtin_document()).fields == builtin_policy().fields
