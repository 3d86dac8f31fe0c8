"""Credentials that end and are renewed, with and without a gap: the operator takes up the new ones and loses nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import certifi

from tests.cluster.kubeconfig import write_kubeconfig
from tests.cluster.proxy import Proxy, Seen, refusal
from tests.cluster.waiting import wait_for
from tests.integration.fault_site import ANY, RECOVERED_WITHIN_SECONDS
from tests.integration.operator_process import OperatorProcess
from tests.integration.support_objects import RELEASED, SNAPSHOT, Site, check, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster


def test_rotated_token_in_a_rewritten_kubeconfig_is_taken_up(
    cluster: Cluster, install_crds: list[str], identity: Identity, namespace: str, tmp_path: Path
) -> None:
    assert install_crds
    with Proxy(cluster) as proxy:
        kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig", identity.token)

        def rotate(new: Identity) -> None:
            write_kubeconfig(kubeconfig, server=proxy.server, ca_file=cluster.ca_file, token=new.token)

        arguments = ("-n", namespace, "--http-port", "0", "--no-leader-election")
        with OperatorProcess(cluster, kubeconfig, *arguments) as process:
            process.start()
            assert_follows_rotation(Site(cluster.client(), namespace, process), proxy, cluster, identity, rotate)


def test_rotated_token_in_a_file_that_the_kubeconfig_names_is_taken_up(
    cluster: Cluster, install_crds: list[str], identity: Identity, namespace: str, tmp_path: Path
) -> None:
    assert install_crds
    token = tmp_path / "token"
    token.write_text(identity.token)
    with Proxy(cluster) as proxy:
        kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig", identity.token)
        kubeconfig.write_text(kubeconfig.read_text().replace(f'"token": "{identity.token}"', f'"tokenFile": "{token}"'))
        arguments = ("-n", namespace, "--http-port", "0", "--no-leader-election")
        with OperatorProcess(cluster, kubeconfig, *arguments) as process:
            process.start()
            site = Site(cluster.client(), namespace, process)
            assert_follows_rotation(site, proxy, cluster, identity, lambda new: token.write_text(new.token))


def test_authority_that_rotates_in_its_file_is_taken_up(
    cluster: Cluster, install_crds: list[str], identity: Identity, namespace: str, tmp_path: Path
) -> None:
    """By the connection and by Kopf, at the start and later."""
    assert install_crds
    authority, stranger = tmp_path / "ca.crt", Path(certifi.where())
    shutil.copy(stranger, authority)
    with Proxy(cluster) as proxy:
        kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig", identity.token)
        content = json.loads(kubeconfig.read_text())
        entry = content["clusters"][0]["cluster"]
        del entry["certificate-authority-data"]
        entry["certificate-authority"] = str(authority)
        kubeconfig.write_text(json.dumps(content))
        arguments = ("-n", namespace, "--http-port", "0", "--no-leader-election", "--audit-seconds", "3600")
        with OperatorProcess(cluster, kubeconfig, *arguments) as process:
            process.start()
            site = Site(cluster.client(), namespace, process)
            site.create(deployment(RELEASED), check())
            wait_for(lambda: "CERTIFICATE_VERIFY_FAILED" in process.log, RECOVERED_WITHIN_SECONDS, "a server without trust")
            shutil.copy(cluster.ca_file, authority)
            site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
            shutil.copy(stranger, authority)
            proxy.break_off(ANY)
            failures = process.log.count("CERTIFICATE_VERIFY_FAILED")
            site.set_image(SNAPSHOT)
            wait_for(
                lambda: process.log.count("CERTIFICATE_VERIFY_FAILED") > failures, RECOVERED_WITHIN_SECONDS, "no trust again"
            )
            shutil.copy(cluster.ca_file, authority)
            site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
            site.change_spec(policyRef={"name": "missing"})
            site.wait_for_verdict("Unknown", "PolicyNotFound", seconds=RECOVERED_WITHIN_SECONDS)


def test_authority_in_a_rewritten_kubeconfig_is_taken_up(
    cluster: Cluster, install_crds: list[str], identity: Identity, namespace: str, tmp_path: Path
) -> None:
    assert install_crds
    with Proxy(cluster) as proxy:
        kubeconfig = tmp_path / "kubeconfig"
        write_kubeconfig(kubeconfig, server=proxy.server, ca_file=Path(certifi.where()), token=identity.token)
        with OperatorProcess(cluster, kubeconfig, "-n", namespace, "--http-port", "0", "--no-leader-election") as process:
            process.start()
            site = Site(cluster.client(), namespace, process)
            site.create(deployment(RELEASED), check())
            wait_for(lambda: "CERTIFICATE_VERIFY_FAILED" in process.log, RECOVERED_WITHIN_SECONDS, "a server without trust")
            proxy.kubeconfig(kubeconfig, identity.token)
            site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)


def assert_follows_rotation(
    site: Site, proxy: Proxy, cluster: Cluster, old: Identity, rotate: Callable[[Identity], object]
) -> None:
    """Let a token expire, first with a new one there already, then with a gap before there is one."""
    account = old.username.rpartition(":")[2]
    site.create(deployment(RELEASED), check())
    site.wait_for_verdict("True")
    second = cluster.identity_of(account, account)
    rotate(second)
    expire(proxy, old)
    site.set_image(SNAPSHOT)
    site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
    third = cluster.identity_of(account, account)
    expired = expire(proxy, second)
    site.set_image(RELEASED)
    site.change_spec(enforcement="Gate")
    wait_for(lambda: len(expired) >= 6, RECOVERED_WITHIN_SECONDS, "requests with a token that has expired")
    rotate(third)
    site.wait_for_verdict("True", seconds=RECOVERED_WITHIN_SECONDS)
    assert site.operator.is_running
    assert {one.token for one in proxy.requests} == {old.token, second.token, third.token}


def expire(proxy: Proxy, old: Identity) -> list[Seen]:
    """End a token: no request with it is answered any more, and what is under way ends."""
    rule = proxy.on(ANY, refusal(401, "Unauthorized"), token=old.token)
    proxy.break_off(ANY)
    return rule.seen
