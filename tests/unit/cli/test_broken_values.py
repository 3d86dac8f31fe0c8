"""Values that no reader can make anything of, in the files that options name: bad input with a place, never a crash."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from perfana_support.cli.check import OPTIONS
from perfana_support.cli.options import fill
from perfana_support.sources.check import read_check_file
from perfana_support.sources.errors import SourceError
from perfana_support.sources.policy import read_policy
from tests.unit.cli.program import Program
from tests.unit.sources.manifests import text, write

POLICY = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: a}\n"
CHECK = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportCheck\nmetadata: {name: a}\n"
# Where a value may stand in each of the files; `%s` is the value, on its own line.
HOLDERS = {
    "a day of a policy": ("--policy", f"{POLICY}spec:\n  publishedOn:\n    %s\n"),
    "a number of a policy": ("--policy", f"{POLICY}spec:\n  maxPolicyAgeDays:\n    %s\n"),
    "an entry of a policy": ("--policy", f"{POLICY}spec:\n  lines:\n  -\n    %s\n"),
    "an unknown field of a policy": ("--policy", f"{POLICY}spec:\n  x:\n    %s\n"),
    "the kind of a policy": ("--policy", "kind:\n  %s\n"),
    "a day of a check": ("--check", f"{CHECK}spec:\n  maintenance:\n    until:\n      %s\n"),
    "a target of a check": ("--check", f"{CHECK}spec:\n  target:\n    %s\n"),
    "an option": ("--config", "fail-on:\n  %s\n"),
    "options": ("--config", "ignore:\n- UpgradeAvailable\n-\n  %s\n"),
    "a whole file": ("--config", "%s\n"),
}
READERS: dict[str, Callable[[str], object]] = {
    "--policy": read_policy,
    "--check": read_check_file,
    "--config": lambda file: fill(Namespace(config=file, **dict.fromkeys(each.dest for each in OPTIONS)), OPTIONS, {}),
}
# Values that readers stumble over: by their tags, and plain ones that look like something and are nothing.
TAGS = (
    *("!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary", "!!merge", "!!value", "!!set", "!!omap", "!!pairs"),
    *("!!python/object/apply:os.getcwd", "!!python/name:os", "!!python/tuple", "!local", "!<x>", "!<tag:yaml.org,2002:int>"),
    *("!!", "!!str", "!!map", "!!seq", "!"),
)
PLAIN = (
    *("foo", "''", "[]", "{}", "{a:b}", "2024-99-99", "1e999", "0b_", "0x_", "0o8", "09", "1_", "_1", "-", "+", ".", ".inf"),
    *("-.inf", ".nan", "=", "<<", "~", "yes", "NO", "190:20:30.15", "0001-01-01"),
    *("1" * 5000, "-" + "1" * 5000, "0x" + "f" * 5000, "1." + "1" * 5000, "0b" + "1" * 5000, "1:" * 2000 + "1", "1_" * 2000),
    *("*nobody", "&a [*a]", "&a {b: *a}", "{<<: a}", "{<<: [a]}", "&a {<<: *a}", "{? {}: b}", "{a: 1, a: 2}", "{a: {[b]: c}}"),
    *("'\\0'", '"\\0"', '"\\ud800"', '"\\udc00\\ud800"', "\x00", "\x1b", "\ufffe", "2024-01-01T25:61:61Z", "[a, [b]]"),
    *("[" * 60 + "]" * 60, "[" * 3000, "{a: " * 60 + "}" * 60),
)
VALUES = [*(f"{tag} {value}" for tag in TAGS for value in ("foo", "''", "[a]", "{a: b}", "2024-99-99", "1" * 5000)), *PLAIN]


@pytest.mark.parametrize("name", HOLDERS)
def test_value_that_cannot_be_read_is_a_fault_of_the_file(tmp_path: Path, name: str) -> None:
    option, content = HOLDERS[name]
    for value in VALUES:
        file = write(tmp_path, content.replace("%s", value), "f.yaml")
        try:
            READERS[option](file)
        except SourceError as error:
            told = [str(fault) for fault in error.faults]
            assert all(line.startswith(file) for line in told), (value[:80], told)


@pytest.mark.parametrize("option", READERS)
@pytest.mark.parametrize("value", ["!!int foo", "!!timestamp foo", "!!bool foo", "!!float foo", "1" * 5000, "\x00"])
def test_broken_value_is_exit_code_2_with_a_place(tmp_path: Path, program: Program, option: str, value: str) -> None:
    manifest, file = write(tmp_path, text(), "m.yaml"), write(tmp_path, f"a: 1\nb: [{value}]\n")
    outcome = program("check", "-f", manifest, option, file)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"error: {file}, line 2, column 5: is not one YAML document: ")
    assert len(outcome.err.splitlines()) == 1
