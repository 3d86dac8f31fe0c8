"""What every format of a report is made from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict


class Run(NamedTuple):
    """What a run was asked for, for the formats that pipelines read: what fails it there must fail here, and nothing else.

    `folder` is where it ran and `root` the repository around it, both absolute; "" where nobody knows.
    """

    fails_at_risk: bool = False
    passes_unknown: bool = False
    folder: str = ""
    root: str = ""


class Report(NamedTuple):
    """One installation's verdict, the policy it is by, where its facts are from, and the run that asked.

    `source` is `{"kind": "Manifests", "files": [...], "documents": n}`, with what the user stated beside them, or
    `{"kind": "Cluster", "context": ..., "server": ...}`, for readers and not for rules; with `faults` where some of it could
    not be read, each a mapping with `file` and `message`.
    """

    verdict: Verdict
    policy: Policy
    source: Mapping[str, Any]
    run: Run = Run()
