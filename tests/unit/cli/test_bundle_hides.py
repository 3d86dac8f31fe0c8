"""What must not be seen is in no bundle: what a fresh reader found, and the like of it."""

from pathlib import Path

import pytest

from perfana_support.cli.bundle_making import compose, read_table
from perfana_support.model.answer import Config, Question, Subject
from perfana_support.model.configuration_policy import ComponentImage
from perfana_support.model.installation import Container, ContainerSettings, Setting, Workload
from perfana_support.sources.bundle.archive import unpack
from perfana_support.sources.bundle.evidence import OBJECTS
from perfana_support.sources.bundle.extras import Extras
from perfana_support.sources.errors import SourceError
from perfana_support.sources.policy import builtin_policy
from tests.unit.cli.bundles import MOMENT, evidence
from tests.unit.sources.bundle.test_evidence import CHECK_DOCUMENT


def test_sentences_of_others_name_nobody_under_pseudonyms(tmp_path: Path) -> None:
    gap = (
        'qa/pods cannot be listed: pods is forbidden: User "system:serviceaccount:qa:jdoe-acmebank" cannot list resource '
        '"pods" '
        'in API group "" in the namespace "qa" (HTTP 403)'
    )
    other = "events: Cannot connect to host api.acmebank.example:6443 at 10.1.2.3, see https://acmebank.example/x"
    found = evidence("perfana/perfana-web:0.2.96.22")
    named = found.installation._replace(namespace="qa", gaps=(gap,))
    made = compose(found._replace(installation=named, check={}), Extras(missing=(other,)), MOMENT, {})
    (tmp_path / "it.tar.gz").write_bytes(made.content)
    content = b"\n".join(unpack(str(tmp_path / "it.tar.gz")).values())
    assert [word for word in (b"acmebank", b"jdoe", b"qa/", b'"qa', b"10.1.2.3", b":6443") if word in content] == []
    assert b"namespace-1/pods cannot be listed: pods is forbidden" in content


@pytest.mark.parametrize(
    "subject", [{"kind": "Dependency", "name": "redis"}, {"name": "redis"}, {"kind": "Deployment", "name": "w0"}]
)
def test_a_waiver_of_anything_holds_under_pseudonyms(subject: dict[str, str]) -> None:
    waiver = {"code": "DependencyUndeclared", "subject": subject, "reason": "x", "agreedBy": "y", "expiresOn": "2027-01-01"}
    found = evidence("perfana/perfana-web:0.2.96.22")
    assert compose(found._replace(check={**CHECK_DOCUMENT, "spec": {"waivers": [waiver]}}), Extras(), MOMENT, {}).listed[
        "anonymised"
    ]


@pytest.mark.parametrize(
    "table",
    [
        '{"namespace": {"good": ""}}',
        '{"namespace": {"good": "good"}}',
        '{"namespace": {"a": "../../etc/x"}}',
        '{"namespace": {"a": "n-1", "b": "n-1"}}',
        '{"namespace": {"a": "n\\n1"}}',
        '{"namespace": {"a": 5}}',
        '{"a": 5}',
        "[]",
        "x",
    ],
)
def test_a_table_of_pseudonyms_that_hides_nothing_is_refused(tmp_path: Path, table: str) -> None:
    (tmp_path / "table.json").write_text(table)
    with pytest.raises(SourceError, match="is no table of pseudonyms"):
        read_table(str(tmp_path / "table.json"))


def test_a_secret_with_a_blank_in_it_is_one(tmp_path: Path) -> None:
    words = ("node", "--password", "1234 56789", "--db-password=44 5522", "-p", "12345", "--pin", "4711", "-u", "admin/hush")
    settings = ContainerSettings(command=tuple(Setting("", word) for word in words))
    web = Workload("Deployment", "perfana", "w0", (Container("c0", "perfana/perfana-web:0.2.96.22", settings=settings),))
    found = evidence("perfana/perfana-web:0.2.96.22")
    made = compose(found._replace(installation=found.installation._replace(workloads=(web,))), Extras(), MOMENT)
    (tmp_path / "it.tar.gz").write_bytes(made.content)
    content = b"\n".join(unpack(str(tmp_path / "it.tar.gz"))[name] for name in (OBJECTS, "report/report.json", "README.txt"))
    assert [word for word in (b"1234", b"56789", b"5522", b"12345", b"4711", b"hush") if word in content] == []


def test_what_built_an_image_of_others_is_told_without_what_may_be_a_secret(tmp_path: Path) -> None:
    commands = ("RUN |1 NPM_PW=hunter2x npm ci", "curl -u admin:hunter2y https://x.example", "echo root:hunter2w | chpasswd")
    config = Config("sha256:" + "4" * 64, "linux/amd64", ("sha256:" + "5" * 64,), (("Env", '["A=hunter2"]'),), commands)
    answers = {Question(Subject.CONFIG, "harbor.example.com/x", "sha256:" + "4" * 64): config}
    found = evidence("perfana/perfana-web:0.2.96.22")
    made = compose(found._replace(installation=found.installation._replace(answers=answers)), Extras(), MOMENT)
    (tmp_path / "it.tar.gz").write_bytes(made.content)
    assert not [name for name, content in unpack(str(tmp_path / "it.tar.gz")).items() if b"hunter2" in content]


@pytest.mark.parametrize("image", builtin_policy().fields.configuration.images.values(), ids=lambda image: image.repository)
def test_an_images_own_command_stays_its_own_under_pseudonyms(image: ComponentImage) -> None:
    words = (*image.entrypoint, *image.command)
    settings = ContainerSettings(command=tuple(Setting("", word) for word in words))
    web = Workload("Deployment", "node", "main", (Container("app", f"{image.repository}:0.2.96.22", settings=settings),))
    found = evidence("perfana/perfana-web:0.2.96.22")
    named = found.installation._replace(namespace="node", workloads=(web,))
    made = compose(found._replace(installation=named, check={}), Extras(), MOMENT, {})
    assert "CommandOverridden" not in [finding["code"] for finding in made.report["findings"]]
