"""Where PyYAML was built without libyaml, as on a Python that no wheel is made for: the same answers, later, and it is said."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.program import CHARTS, Outcome, start
from tests.unit.sources.manifests import text

AT = ("--as-of", "2026-11-24")
PROGRAM = (
    "import sys; sys.modules['yaml._yaml'] = None; import yaml; assert not yaml.__with_libyaml__; "
    "from perfana_support.cli.main import main; sys.exit(main())"
)
NOTE = "note: this Python's PyYAML has no libyaml: reading took some ten times as long as it could\n"
DEEP = 5000


def run(*arguments: str) -> Outcome:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=False, timeout=60)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("chart", sorted(CHARTS.glob("*.yaml")), ids=lambda chart: chart.stem)
@pytest.mark.parametrize("form", ["json", "sarif"])
def test_charts_have_the_same_reports(chart: Path, form: str) -> None:
    words = ("check", "-f", str(chart), *AT, "-o", form)
    assert run(*words) == start(*words)


@pytest.mark.parametrize(("documents", "expected"), [(499, ""), (500, NOTE)])
def test_long_streams_say_why_they_take_long(documents: int, expected: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(text() + "---\nkind: ConfigMap\n" * (documents - 1))
    words = ("check", "-f", str(tmp_path), *AT)
    fast = start(*words)
    assert fast.err == ""
    assert run(*words) == fast._replace(err=expected)


@pytest.mark.parametrize("nested", ["[" * DEEP, "[" * DEEP + "]" * DEEP, "{a: " * DEEP + "}" * DEEP, "- " * DEEP + "a"])
def test_deep_nesting_is_unreadable_input_and_no_crash(nested: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(f"kind: Pod\nspec:\n  {nested}\n")
    found = run("check", "-f", str(tmp_path), *AT, "-o", "json")
    assert (found.code, found.err) == (2, f"error: {tmp_path}/f.yaml, document 1, line 1: is nested too deeply\n")
    policy = tmp_path / "policy.yaml"
    policy.write_text(nested)
    assert run("policy", "lint", str(policy)) == (
        2,
        "",
        f"error: {policy}: is not one YAML document: it is nested too deeply\n",
    )
