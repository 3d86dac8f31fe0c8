"""A Kubernetes API server with its etcd on loopback: boot, stop, restart, kill, close."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

from tests.cluster import binaries
from tests.cluster.client import ApiClient, ApiError, Object
from tests.cluster.identity import (
    EXPIRES_AFTER_SECONDS,
    Identity,
    grant,
    request_token,
    service_account_username,
    wait_until_granted,
)
from tests.cluster.kubeconfig import write_kubeconfig
from tests.cluster.processes import Processes
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

LOOPBACK = "127.0.0.1"

SERVICE_NETWORK = "10.0.0.0/24"
"""Addresses of services; the first is that of the API server itself."""

PORTS = range(20000, 30000)
"""Below Linux's range for outgoing connections (from 32768): none takes the port of a stopped server."""

BOOT_ATTEMPTS = 3
"""Two programs that choose a port at the same time collide once in thousands of boots; thrice never."""

READY_WITHIN_SECONDS = 60.0
"""Twenty times the 3 s that a boot takes on an idle machine of two cores, for one that builds meanwhile."""

STOPPED_WITHIN_SECONDS = 10.0
"""The server ends in well under a second unless a request in flight holds it up."""

ADMIN = "test-admin"
MASTERS = "system:masters"

METADATA_AUDIT_POLICY: Object = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
"""Who did what to which object, once a request, without contents: enough to tell which rights were used."""

_IN_CLUSTER = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")
"""Where clients that find no kubeconfig look for the cluster of the pod that they run in."""

_ETCD, _API_SERVER = "etcd", "kube-apiserver"


class ClusterError(Exception):
    """A program of the test cluster did not do what it should; the message has the end of its log."""


class Cluster:
    """An API server without controllers, nodes or scheduler, and on loopback without the ServiceAccount admission.

    So a pod may be created although no controller made a default service account, and stays as it was
    created; a deleted namespace stays `Terminating`. No program of it outlives this process, however that
    ends.
    """

    def __init__(
        self,
        kubernetes: str | None = None,
        *,
        address: str = LOOPBACK,
        audit_policy: Object | None = METADATA_AUDIT_POLICY,
        users: Mapping[str, Sequence[str]] | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        """Boot a cluster and return when it is ready.

        `kubernetes` is a version as in `binaries.find`; `users` names further users with their groups;
        `flags` are added after our own to the API server's. Another address of this machine than loopback is for
        a cluster with controllers and pods, which reach the server there and by the service `kubernetes`: the
        admission of service accounts is on then. Raises `ClusterError` if it does not get ready.
        """
        self.binaries = binaries.find(kubernetes)
        self._address = address
        began = time.monotonic()
        self._processes = Processes("perfana-test-cluster-")
        try:
            self._prepare(audit_policy, {ADMIN: [MASTERS], **(users or {})}, flags)
            self._boot_etcd()
            self._boot_api_server()
        except BaseException:
            self._processes.close()
            raise
        self.boot_seconds = time.monotonic() - began

    def _prepare(self, audit_policy: Object | None, users: Mapping[str, Sequence[str]], flags: Sequence[str]) -> None:
        self._tokens = {user: secrets.token_hex(16) for user in users}
        tokens = [f'{self._tokens[user]},{user},{user},"{",".join(users[user])}"\n' for user in users]
        token_file = self.folder / "tokens.csv"
        token_file.write_text("".join(tokens))
        audit_flags = []
        if audit_policy is not None:
            policy_file = self.folder / "audit-policy.json"
            policy_file.write_text(json.dumps(audit_policy))
            audit_flags = [f"--audit-policy-file={policy_file}", f"--audit-log-path={self.audit_log}"]
        alone_flags = [
            "--endpoint-reconciler-type=none",  # the service `kubernetes` may not have an address on loopback
            "--disable-admission-plugins=ServiceAccount",
        ]
        self._flags = [
            f"--bind-address={self._address}",
            f"--advertise-address={self._address}",
            f"--service-cluster-ip-range={SERVICE_NETWORK}",
            f"--cert-dir={self.ca_file.parent}",
            f"--token-auth-file={token_file}",
            "--authorization-mode=Node,RBAC",
            f"--service-account-issuer=https://{LOOPBACK}",
            # The server makes the key of its certificate before it reads these, so they need not exist yet.
            f"--service-account-key-file={self.ca_file.with_suffix('.key')}",
            f"--service-account-signing-key-file={self.ca_file.with_suffix('.key')}",
            *(alone_flags if self._address == LOOPBACK else []),
            *audit_flags,
            *flags,
        ]

    # What others need to know

    @property
    def folder(self) -> Path:
        """Folder of everything the cluster writes, gone after `close`."""
        return self._processes.folder

    @property
    def port(self) -> int:
        """Port of the API server; it stays over restarts."""
        return self._port

    @property
    def server(self) -> str:
        """Address of the API server; it stays over restarts."""
        return f"https://{self._address}:{self._port}"

    @property
    def ca_file(self) -> Path:
        """Certificates to trust: the server's own and the authority that it made for itself."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the admin."""
        return self.folder / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """File of one audit event a line."""
        return self.folder / "audit.log"

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of all programs by name, the keeper included."""
        return {"keeper": self._processes.keeper_pid, **self._pids}

    @property
    def is_running(self) -> bool:
        """Whether both programs run."""
        return all(self._processes.exit_code(name) is None for name in (_ETCD, _API_SERVER))

    def log_tails(self) -> str:
        """Return the last lines that the programs wrote, for an error message."""
        return "\n".join(f"{name}:\n{self._processes.log_tail(name)}" for name in (_ETCD, _API_SERVER))

    def environment(self, kubeconfig: Path | None = None) -> dict[str, str]:
        """Return the environment for a program that shall use this cluster, by default as admin.

        It has `kubectl` first on `PATH`, and keeps every client away from the user's own cluster: no
        kubeconfig, preferences or cache of the user, no service account of a pod that the tests may run in.
        """
        inherited = {name: value for name, value in os.environ.items() if name not in _IN_CLUSTER}
        return inherited | {
            "KUBECONFIG": str(kubeconfig or self.kubeconfig),
            "KUBECACHEDIR": str(self.folder / "kubectl-cache"),
            "KUBERC": "off",
            "PATH": os.pathsep.join([str(self.binaries.kubectl.parent), os.environ.get("PATH", os.defpath)]),
        }

    # Clients and identities

    def client(self, token: str | None = None) -> ApiClient:
        """Return a client, by default the admin's."""
        return ApiClient(self.server, token or self._tokens[ADMIN], self.ca_file)

    def anonymous_client(self) -> ApiClient:
        """Return a client without a token."""
        return ApiClient(self.server, None, self.ca_file)

    def user(self, name: str) -> Identity:
        """Return one of the users that were named at boot."""
        return self._identity(name, self._tokens[name], "default")

    def identity(
        self,
        name: str,
        namespace: str,
        rules: Sequence[Object] = (),
        *,
        cluster: bool = False,
        expires_after_seconds: int = EXPIRES_AFTER_SECONDS,
    ) -> Identity:
        """Make a service account that has these rules and no others, and return it with a token.

        The rules hold in its namespace, with `cluster` in all of them and for what has none. They hold when
        this returns. A second call for the same name with the other value of `cluster` adds to the first.
        """
        grant(self.client(), name, namespace, rules, cluster=cluster)
        made = self.identity_of(name, namespace, expires_after_seconds=expires_after_seconds)
        wait_until_granted(self.client(made.token), rules, None if cluster else namespace)
        return made

    def identity_of(self, name: str, namespace: str, *, expires_after_seconds: int = EXPIRES_AFTER_SECONDS) -> Identity:
        """Return an existing service account with a new token, bound to it by the TokenRequest API."""
        token = request_token(self.client(), name, namespace, expires_after_seconds)
        return self._identity(service_account_username(name, namespace), token, namespace)

    def _identity(self, username: str, token: str, namespace: str) -> Identity:
        path = self.folder / "identities" / f"{username.replace(':', '_')}-{secrets.token_hex(4)}.kubeconfig"
        write_kubeconfig(path, server=self.server, ca_file=self.ca_file, token=token, namespace=namespace)
        return Identity(username, token, path)

    def kubectl(
        self, *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl to its end, as admin or with another kubeconfig; return its exit code and output."""
        return subprocess.run(
            [str(self.binaries.kubectl), *arguments],
            env=self.environment(kubeconfig),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
        )

    def audit_events(self) -> Iterator[Object]:
        """Yield the audit events so far. The event of a request may come a moment after its answer."""
        with self.audit_log.open(encoding="utf-8") as log:
            for line in log:
                yield json.loads(line)

    # Life cycle

    def stop(self, grace_seconds: float = STOPPED_WITHIN_SECONDS) -> None:
        """Stop the API server in an orderly way; etcd goes on, so the data stays."""
        self._processes.stop(_API_SERVER, grace_seconds)

    def kill(self) -> None:
        """End the API server in the middle of whatever it does."""
        self._processes.kill(_API_SERVER)

    def start(self) -> None:
        """Start a stopped or killed API server: the same port, data, certificates and tokens."""
        self._start_api_server()
        self._wait_until_ready()

    def restart(self) -> None:
        """Stop and start the API server."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End everything at once and remove the folder. More than once is harmless."""
        self._processes.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close."""
        self.close()

    def _boot_etcd(self) -> None:
        """Start etcd without waiting for it: the API server does that while it gets ready itself."""
        self._pids: dict[str, int] = {}
        client_port, peer_port = free_ports(2)
        self.etcd_address = f"http://{LOOPBACK}:{client_port}"
        peer_address = f"http://{LOOPBACK}:{peer_port}"
        argv = [
            str(self.binaries.etcd),
            f"--data-dir={self.folder / f'etcd-{client_port}'}",
            f"--listen-client-urls={self.etcd_address}",
            f"--advertise-client-urls={self.etcd_address}",
            f"--listen-peer-urls={peer_address}",
            f"--initial-advertise-peer-urls={peer_address}",
            f"--initial-cluster=default={peer_address}",
            "--unsafe-no-fsync",
            "--logger=zap",
            "--log-level=warn",
        ]
        self._pids[_ETCD] = self._processes.start(_ETCD, argv, self._program_environment())

    def _boot_api_server(self) -> None:
        for attempt in range(1, BOOT_ATTEMPTS + 1):
            (self._port,) = free_ports(1)
            self._start_api_server()
            try:
                self._wait_until_ready()
            except ClusterError:
                if attempt == BOOT_ATTEMPTS or not self._has_port_collision():
                    raise
                if self._processes.exit_code(_ETCD) is not None:
                    self._boot_etcd()
                if self._processes.exit_code(_API_SERVER) is None:
                    self._processes.kill(_API_SERVER)
            else:
                write_kubeconfig(self.kubeconfig, server=self.server, ca_file=self.ca_file, token=self._tokens[ADMIN])
                return

    def _has_port_collision(self) -> bool:
        return any("address already in use" in self._processes.log_tail(name) for name in (_ETCD, _API_SERVER))

    def _start_api_server(self) -> None:
        argv = [
            str(self.binaries.kube_apiserver),
            f"--etcd-servers={self.etcd_address}",
            f"--secure-port={self._port}",
            *self._flags,
        ]
        self._pids[_API_SERVER] = self._processes.start(_API_SERVER, argv, self._program_environment())

    def _program_environment(self) -> dict[str, str]:
        """Nothing of the user's: neither program reads a kubeconfig, and neither shall find one."""
        return {"HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig), "PATH": os.defpath}

    def _wait_until_ready(self) -> None:
        try:
            wait_for(self._is_ready, READY_WITHIN_SECONDS, "API server ready", ignoring=(OSError, ApiError))
        except TimeoutError as error:
            raise ClusterError(f"{error}\n{self._processes.log_tail(_API_SERVER)}") from error

    def _is_ready(self) -> bool:
        for name in (_ETCD, _API_SERVER):
            code = self._processes.exit_code(name)
            if code is not None:
                raise ClusterError(f"{name} ended with code {code}:\n{self._processes.log_tail(name)}")
        if not self.ca_file.exists():
            return False
        self.client().request("GET", "/readyz")
        return True


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listened on a moment ago."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        found.append(port)
    return found
