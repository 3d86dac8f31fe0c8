"""The operator as it runs in a pod: the server's address in the environment, token, certificate and namespace as files.

The files are where a kubelet puts them, seen by the operator alone: it runs in a mount namespace of its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cluster.proxy import Proxy, refusal
from tests.cluster.server import LOOPBACK
from tests.integration.fault_site import ANY, RECOVERED_WITHIN_SECONDS
from tests.integration.operator_process import ACCOUNT, OperatorProcess, Pod, role_identity
from tests.integration.support_objects import RELEASED, SNAPSHOT, Site, check, deployment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

MOUNT = """\
set -e
mount -t tmpfs none "$(readlink -f /var/run)"
mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
mount --bind "$1" /var/run/secrets/kubernetes.io/serviceaccount
shift
exec "$@"
"""


def mounting(folder: Path) -> tuple[str, ...]:
    """Return a command before another one, which then sees the folder as that of a pod's service account."""
    own_root = () if os.geteuid() == 0 else ("--map-root-user",)
    return ("unshare", "--mount", *own_root, "sh", "-c", MOUNT, "sh", str(folder))


def put(folder: Path, name: str, content: str) -> None:
    """Write a file at once, as a kubelet does."""
    new = folder / f"..{name}"
    new.write_text(content, encoding="utf-8")
    new.replace(folder / name)


@pytest.fixture
def account(cluster: Cluster, install_crds: list[str], tmp_path: Path, namespace: str) -> tuple[Path, Identity]:
    """Return the files of a pod's service account, and whose they are."""
    assert install_crds
    identity = role_identity(cluster, [namespace])
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    shutil.copy(cluster.ca_file, folder / "ca.crt")
    put(folder, "namespace", namespace)
    put(folder, "token", identity.token)
    if subprocess.run([*mounting(folder), "true"], capture_output=True, check=False).returncode:
        pytest.fail("this system gives the tests no mount namespace: run them as root, or allow user namespaces")
    return folder, identity


def test_in_a_pod_its_own_account_leads_to_the_cluster(
    cluster: Cluster, account: tuple[Path, Identity], namespace: str
) -> None:
    folder, identity = account
    with Proxy(cluster) as proxy:
        where = {"KUBERNETES_SERVICE_HOST": LOOPBACK, "KUBERNETES_SERVICE_PORT": proxy.server.rpartition(":")[2]}
        pod = Pod(mounting(folder), where)
        with OperatorProcess(cluster, identity.kubeconfig, "-n", namespace, "--http-port", "0", pod=pod) as process:
            process.start()
            site = Site(cluster.client(), namespace, process)
            site.create(deployment(RELEASED), check())
            site.wait_for_verdict("True")
            lease = site.api.get("coordination.k8s.io/v1", "Lease", "perfana-support", namespace)
            assert lease["spec"]["holderIdentity"] == socket.gethostname()
            second = cluster.identity_of(ACCOUNT, namespace)
            put(folder, "token", second.token)
            proxy.on(ANY, refusal(401, "Unauthorized"), token=identity.token)
            proxy.break_off(ANY)
            site.set_image(SNAPSHOT)
            site.wait_for_verdict("False", "SnapshotBuild", seconds=RECOVERED_WITHIN_SECONDS)
            assert process.terminate() == 0, process.log
        assert {one.token for one in proxy.requests} == {identity.token, second.token}
