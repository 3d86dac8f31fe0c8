"""The reference pages say what program and schemas are now, and all of it."""

from dataclasses import fields
from typing import Any

import pytest
import yaml

from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.main import COMMANDS
from perfana_support.controller.settings import Settings, flag, variable
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.code import Code, ConditionType, Effect, Reason, Status
from perfana_support.model.installation import COMPOSE_SERVICE, Installation
from perfana_support.model.verdict import Verdict
from tests.corpus.cases import CLUSTERS, INSTALLATIONS, cases_in
from tests.reference import conditions, exit_codes, resources
from tests.reference.__main__ import FOLDER, PAGES
from tests.reference.markup import code, prose, table
from tests.unit.builders import TODAY, installation, judge, policy, without_dependencies, workload

WEB = "perfana/perfana-web:0.2.96.22"
RENEW = "the program changed: make reference"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_what_the_program_says_now(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "61")
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), RENEW


def test_no_page_is_left_over() -> None:
    assert sorted(PAGES) == sorted(page.name for page in FOLDER.iterdir())


def test_every_command_and_setting_is_told() -> None:
    flags, settings = PAGES["flags.md"](), PAGES["settings.md"]()
    assert [name for name in COMMANDS if f"## {name}\n" not in flags] == []
    assert [one.name for one in fields(Settings) if flag(one.name) not in settings or variable(one.name) not in settings] == []


def test_every_exit_code_has_a_meaning() -> None:
    assert list(exit_codes.MEANINGS) == list(ExitCode)


def test_every_field_of_both_resources_is_told() -> None:
    """Counted in the schemas themselves: each name below `properties`, but the three of all objects."""

    def count(schema: Any) -> int:  # noqa: ANN401 - a schema's own nesting
        if not isinstance(schema, dict):
            return 0
        own = schema.get("properties", {})
        inner = [*own.values(), schema.get("items"), schema.get("additionalProperties")]
        return len(own) + sum(map(count, inner))

    total = 0
    for plural in resources.KINDS:
        definition = yaml.safe_load((resources.CRDS / f"support.perfana.io_{plural}.yaml").read_text(encoding="utf-8"))
        total += count(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]) - len(
            ["apiVersion", "kind", "metadata", "spec", "status"]
        )
    rows = [line for line in PAGES["resources.md"]().splitlines() if line.startswith(("| `spec", "| `status"))]
    assert len(rows) == total > 200


def test_every_condition_has_its_three_values_and_every_reason_a_place() -> None:
    told = {each for kind in ConditionType for status in Status for each in conditions.reasons(kind, status)}
    elsewhere = {*conditions.UNJUDGED, Reason.EVALUATED, Reason.NOT_SUPPORTED, Reason.POLICY_VALID}
    assert told | elsewhere | {each for each in Code if each.effect is Effect.INFO} == {*Code, *Reason}
    assert [kind for kind in ConditionType if not all(conditions.reasons(kind, status) for status in Status)] == []


def test_reasons_of_verdicts_are_those_that_the_page_tells() -> None:
    """Of all verdicts of the corpus; and each word that stands in the page's own table is the reason of some verdict."""
    seen = {
        (kind, *str(found).split())
        for case in (*cases_in(INSTALLATIONS), *cases_in(CLUSTERS))
        for kind, found in case.expect["conditions"].items()
    }
    seen |= {
        (str(each.type), str(each.status), str(each.reason)) for verdict in _plain_verdicts() for each in verdict.conditions
    }
    told = {(str(k), str(s), str(each)) for k in ConditionType for s in Status for each in conditions.reasons(k, s)}
    assert sorted(seen - told) == []
    words = {
        (str(kind), str(status), str(each)) for kind, by in conditions.WORDS.items() for status in by for each in by[status]
    }
    assert sorted(words - seen) == []


def _plain_verdicts() -> list[Verdict]:
    """Verdicts that real installations, as the corpus has them, do not get: without any database, and of a Compose file."""
    rules = without_dependencies(policy())
    upgrade = Check(target=Target("0.2.96.22", ()))
    composed = Installation("perfana", (workload(WEB, kind=COMPOSE_SERVICE),))
    return [judge(WEB), evaluate(installation(WEB), rules, TODAY, upgrade), evaluate(composed, rules, TODAY)]


def test_texts_become_no_markup() -> None:
    assert prose("a_b *c* `d|e` <f> | [g]") == r"a\_b \*c\* <code>d&#124;e</code> &lt;f&gt; \| \[g\]"
    assert (code("a"), code(""), code("<a|b>")) == ("`a`", "", "<code>&lt;a&#124;b&gt;</code>")
    assert table(("a", "b"), [("1", "")]) == "| a | b |\n| --- | --- |\n| 1 | |\n"
