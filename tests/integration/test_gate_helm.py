"""docs/gates/helm.md with the real Helm 4: a check in a chart makes `--wait` wait for its verdict, and fail at once on a no."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.integration.support_objects import RELEASED, check, conditions, deployment
from tests.shell import Shell, helm_user
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

PAGE = "docs/gates/helm.md"
NEWEST, ENDED, NOBODYS = "0.2.96.22", "3.1.0", "9.9.0"
WAITED_SECONDS = 5 * 60.0
"""The timeout of the page, which a definite no must not take."""


class Chart(NamedTuple):
    """A chart on disk as the page shows it, and Helm."""

    cluster: Cluster
    helm: Path
    site: Site
    folder: Path

    def upgrade(self, release: str, *changes: tuple[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the page's command with a release as value."""
        (self.folder / "chart" / "values.yaml").write_text(f'perfanaRelease: "{release}"\n', encoding="utf-8")
        place = ("--namespace perfana", f"--namespace {self.site.namespace}")
        return self._shell.run(changed(snippet(PAGE, "install"), place, *changes))

    @property
    def revisions(self) -> list[str]:
        """What Helm says of its releases, the first one first."""
        lines = self._shell.must(f"helm history perfana --namespace {self.site.namespace}").splitlines()[1:]
        return [line.split("\t")[2].strip() for line in lines]

    @property
    def _shell(self) -> Shell:
        return helm_user(self.cluster, self.helm, self.folder).at(self.folder)


@pytest.fixture
def chart(cluster: Cluster, programs: dict[str, Path], site: Site, tmp_path: Path) -> Chart:
    templates = tmp_path / "chart" / "templates"
    templates.mkdir(parents=True)
    (templates / "check.yaml").write_text(snippet(PAGE, "check"), encoding="utf-8")
    (templates.parent / "Chart.yaml").write_text("apiVersion: v2\nname: perfana\nversion: 1.0.0\n", encoding="utf-8")
    site.create(deployment(RELEASED))
    return Chart(cluster, programs["helm-4"], site, tmp_path)


def test_supported_target_is_installed_once_it_is_judged(chart: Chart) -> None:
    done = chart.upgrade(NEWEST)
    assert done.returncode == 0, done.stderr
    assert conditions(chart.site.get())["UpgradeSupported"]["status"] == "True"
    assert chart.revisions == ["deployed"]


def test_definite_no_fails_long_before_the_timeout_and_says_so(chart: Chart) -> None:
    began = time.monotonic()
    done = chart.upgrade(ENDED)
    assert done.returncode != 0
    assert time.monotonic() - began < WAITED_SECONDS / 2
    assert "SupportCheck" in done.stderr
    assert conditions(chart.site.get())["Stalled"]["status"] == "True"


def test_target_of_which_nobody_can_tell_waits_for_the_timeout(chart: Chart) -> None:
    done = chart.upgrade(NOBODYS, ("--timeout 5m", "--timeout 4s"))
    assert done.returncode != 0
    assert conditions(chart.site.get())["Ready"]["status"] == "Unknown"


def test_old_verdict_passes_for_no_new_target(chart: Chart) -> None:
    """Helm applies the new target and looks at once; the verdict that is there says yes to the old one."""
    assert chart.upgrade(NEWEST).returncode == 0
    assert chart.upgrade(ENDED).returncode != 0
    assert chart.upgrade(NEWEST).returncode == 0


def test_failed_upgrade_is_taken_back_where_that_is_asked_for(chart: Chart) -> None:
    assert chart.upgrade(NEWEST).returncode == 0
    assert chart.upgrade(ENDED, ("--wait", "--wait --rollback-on-failure")).returncode != 0
    assert chart.site.get()["spec"]["target"] == {"release": NEWEST}
    assert chart.revisions == ["superseded", "failed", "deployed"]


def test_check_that_is_no_gate_lets_everything_pass(chart: Chart) -> None:
    """What the page's `enforcement: Gate` is for."""
    chart.site.create(check("other", target={"release": ENDED}))
    chart.site.wait_for_condition("UpgradeSupported", "False", name="other")
    assert conditions(chart.site.get("other"))["Ready"]["status"] == "True"
