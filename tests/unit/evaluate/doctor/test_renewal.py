"""How a newer program is got, by how this one was installed."""

from __future__ import annotations

import pytest

from perfana_support.evaluate.doctor.renewal import renew
from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Tools
from perfana_support.model.program import Installed, Origin
from tests.unit.evaluate.doctor.clusters import NAME, well

WHEEL = "'./perfana_support-VERSION-py3-none-any.whl[cluster]'"
COMMANDS = {
    Installed(Origin.PIPX): [f"pipx install --force {WHEEL}"],
    Installed(Origin.PIP, "/opt/venv/bin/python"): [f"/opt/venv/bin/python -m pip install --upgrade {WHEEL}"],
    Installed(Origin.SINGLE_FILE, "/home/ann/my bin/ps"): [
        "install -m 755 perfana-support-cluster-linux-amd64.pyz '/home/ann/my bin/ps'"
    ],
    Installed(Origin.KREW, platform="darwin-arm64"): [
        "kubectl krew uninstall perfana-support",
        "kubectl krew install --manifest=perfana-support.yaml --archive=kubectl-perfana_support-darwin-arm64.tar.gz",
    ],
    Installed(Origin.IMAGE): [
        "kubectl --context far set image deployment/perfana-support -n perfana-support operator=perfana-support:VERSION"
    ],
    Installed(Origin.CHECKOUT, "/src/perfana"): ["git -C /src/perfana pull && make -C /src/perfana setup"],
}


@pytest.mark.parametrize("installed", COMMANDS, ids=lambda each: each.origin)
def test_command_is_of_the_way_in_which_the_program_came(installed: Installed) -> None:
    fixes = renew(well(), Tools(" --context far", "", installed))
    assert [fix.partition("    # ")[0] for fix in fixes] == COMMANDS[installed]
    # What has to be fetched or filled in is said.
    assert "newer release" in fixes[-1] or installed.origin is Origin.CHECKOUT


def test_every_way_has_one() -> None:
    assert {installed.origin for installed in COMMANDS} == set(Origin)


def test_image_outside_of_the_cluster_is_pulled() -> None:
    (command,) = renew(well(setup=setup_of(None, NAME)), Tools(installed=Installed(Origin.IMAGE)))
    assert command.startswith("docker pull harbor.example.com/perfana/perfana-support:VERSION    # ")
