"""Reports that the tests of the formats share."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location, Subject
from perfana_support.model.verdict import Verdict
from perfana_support.reports.formats import pieces
from perfana_support.reports.report import Report
from tests.unit.builders import judge, policy

NEWEST = "perfana/perfana-web:0.2.96.22"
OLD = "perfana/perfana-fe:perfana-3.1.0"
SNAPSHOT = "perfana/perfana-web:0.2.96.22-SNAPSHOT"
LATEST = "perfana/perfana-web:latest"
SOURCE: dict[str, Any] = {"kind": "Manifests", "files": ["deploy/perfana.yaml"], "documents": 1}
PIPED: dict[str, Any] = {"kind": "Manifests", "files": ["-"], "documents": 1}
CLUSTER: dict[str, Any] = {"kind": "Cluster", "context": "acme", "server": "https://acme.example.com"}
PLACE = Location("deploy/perfana.yaml", 12, 9)
# Of folders that are rendered: no line of the file itself is known.
OF_CHART = Location("chart/templates/web.yaml", 0, 0, "perfana/templates/web.yaml", 40)
OF_KUSTOMIZATION = Location("overlay/kustomization.yaml", 0, rendered_line=40)


def report(verdict: Verdict, source: dict[str, Any] = SOURCE) -> Report:
    """A verdict by the built-in policy, from one file as a rule."""
    return Report(verdict, policy(), source)


def finding(code: Code = Code.END_OF_LIFE, location: Location | None = PLACE, **fields: Any) -> Finding:  # noqa: ANN401 - plain data
    """A finding about a container of a Deployment."""
    subject = Subject("Deployment", "perfana", "web", "web", "perfana/perfana-web:1")
    return Finding(code, subject, "seen", "do this", location)._replace(**fields)


def with_findings(*findings: Finding, source: dict[str, Any] = SOURCE) -> Report:
    """A report with these findings and the conditions of an installation that has none."""
    return report(judge(NEWEST)._replace(findings=findings), source)


WAIVED = finding(waived_until=date(2027, 3, 31))
IGNORED = finding(ignored_by="--ignore")


def rendered(name: str, reports: Sequence[Report]) -> str:
    """The reports in a format, whole, from reports that are there once."""
    return "".join(pieces(name, iter(reports)))
