"""The statement about a bundle: what it binds, and that the same report gives the same bytes."""

import hashlib
import json
from typing import Any

import pytest

from perfana_support.reports.attestation import PREDICATE_TYPE, statement, statement_text
from perfana_support.reports.document import report_document
from tests.unit.builders import judge, policy
from tests.unit.reports.reporting import OLD, SOURCE

NAME = "perfana.tar.gz"
DIGEST = hashlib.sha256(b"a bundle").hexdigest()


def _report() -> dict[str, Any]:
    return report_document(judge(OLD), policy(), SOURCE)


def test_statement_binds_the_report_to_the_file_by_its_digest() -> None:
    assert statement(NAME, DIGEST, _report()) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": NAME, "digest": {"sha256": DIGEST}}],
        "predicateType": "https://support.perfana.io/SupportReport/v1alpha1",
        "predicate": _report(),
    }


def test_type_of_the_predicate_is_that_of_the_report() -> None:
    version = _report()["apiVersion"].rpartition("/")[2]
    assert f"https://support.perfana.io/{_report()['kind']}/{version}" == PREDICATE_TYPE


def test_text_says_what_the_statement_says() -> None:
    assert json.loads(statement_text(NAME, DIGEST, _report())) == statement(NAME, DIGEST, _report())


def test_text_is_ascii_with_one_newline_at_its_end() -> None:
    text = statement_text("bündel.tar.gz", DIGEST, _report())
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text)["subject"][0]["name"] == "bündel.tar.gz"


def test_order_of_keys_makes_no_difference_to_the_text() -> None:
    turned = dict(reversed(_report().items()))
    assert list(turned) != list(_report())
    assert statement_text(NAME, DIGEST, turned) == statement_text(NAME, DIGEST, _report())


def test_statement_keeps_nothing_of_the_callers() -> None:
    report = _report()
    made = statement(NAME, DIGEST, report)
    made["predicate"]["kind"] = "Other"
    assert report["kind"] == "SupportReport"


@pytest.mark.parametrize("digest", ["", "abc", DIGEST.upper(), f"sha256:{DIGEST}", DIGEST + "\n", "g" * 64, DIGEST[:-1]])
def test_what_is_no_digest_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        statement(NAME, digest, {})


def test_number_that_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        statement_text(NAME, DIGEST, {"a": float("nan")})
