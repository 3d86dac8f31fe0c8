"""Label selectors as kubectl takes them."""

import argparse

import pytest

from perfana_support.cli.selector import parse_selector
from perfana_support.model.check import Check

LABELS = (("app", "web"), ("tier", "front"), ("example.com/team", "a"))


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        ("app=web", True),
        ("app==web", True),
        ("app=api", False),
        ("app!=api", True),
        ("missing!=x", True),
        ("app in (api, web)", True),
        ("app notin (api,web)", False),
        ("app in (api),tier=front", False),
        ("example.com/team=a,tier", True),
        ("!legacy", True),
        ("!app", False),
        ("app=", False),
        ("", True),
        ("  ", True),
        ("app in (web,)", True),
        ("app notin (,)", True),
        ("app in (\tapi ,web\t)", True),
        (f"app!={'b' * 63}", True),
        ("app in (a.b_c-d,web)", True),
    ],
)
def test_selector_selects_as_kubectl_does(text: str, *, selects: bool) -> None:
    assert Check(selector=parse_selector(text)).selects(LABELS) is selects


@pytest.mark.parametrize(
    "text",
    [
        *("a=b=c", "a in b", "=x", "a,,b", "a in (b", "app>1", ",", "a,", "a=b c", "a b"),
        *("a in (b c)", "a notin (b c)", "a in (b, c d)", "a in ()", "a in ( )", "a notin ()", "a in (b;c)", "a in (b=c)"),
        *("a in (-b)", "a in (b-)", "a=-b", "a=b-", "a!=.b", f"a={'b' * 64}", f"a in ({'b' * 64})", "a in (b,(c))", "a in (é)"),
    ],
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be a label selector"):
        parse_selector(text)
