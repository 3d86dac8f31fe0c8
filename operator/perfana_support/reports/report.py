"""What every format of a report is made from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict


class Report(NamedTuple):
    """One installation's verdict, the policy it is by, and where its facts are from.

    `source` is `{"kind": "Manifests", "files": [...], "documents": n}`, with what the user stated beside them, or
    `{"kind": "Cluster", "context": ..., "server": ...}`, for readers and not for rules.
    """

    verdict: Verdict
    policy: Policy
    source: Mapping[str, Any]
