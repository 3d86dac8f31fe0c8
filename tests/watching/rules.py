"""The rules as Prometheus' own file and as the object that its operator reads: one is written from the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "manifests" / "monitoring"
RULES, OBJECT = FOLDER / "rules.yaml", FOLDER / "prometheusrule.yaml"

RUNBOOKS = "https://perfana-support.invalid/runbooks/"
"""Where the runbooks are said to be until somebody publishes them: `.invalid` is reserved for names that lead nowhere."""

_HEAD = """\
# Written from rules.yaml by `python -m tests.watching write`: change that one.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: perfana-support
  namespace: perfana-support
  labels:
    app.kubernetes.io/name: perfana-support
spec:
"""


def groups() -> list[dict[str, Any]]:
    """Return the groups of rules."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return found


def alerts() -> list[dict[str, Any]]:
    """Return all alerts in their order."""
    return [rule for group in groups() for rule in group["rules"]]


def object_text() -> str:
    """Return the text of the object, with the file's own comments."""
    _, _, text = RULES.read_text(encoding="utf-8").partition("\ngroups:\n")
    lines = ["groups:", *text.splitlines()]
    return _HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines)
