"""The operator as users run it: a child process with a kubeconfig, that tests start, kill and look at."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import coverage
import yaml

from tests.cluster.identity import wait_until_granted
from tests.cluster.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.identity import Identity
    from tests.cluster.server import Cluster

ROOT = Path(__file__).parents[2]
RBAC = ROOT / "manifests" / "rights" / "cluster-wide" / "rbac.yaml"
ROLE = ROOT / "manifests" / "rights" / "namespaced" / "role.yaml"
ACCOUNT = "perfana-support"
"""Name of the service account in `rbac.yaml`, and of the namespace that it is in."""

ENDED_WITHIN_SECONDS = 5.0
"""What SIGTERM leaves time for (docs and issue promise five seconds)."""

FAILED_WITHIN_SECONDS = 90.0
"""A start that fails takes two seconds, most of them imports; more on a busy machine."""

_NAME = "operator"
_MAIN = "import sys; from perfana_support.cli.main import main; sys.exit(main())"


class Ended(NamedTuple):
    """How an operator ended."""

    exit_code: int
    log: str


class Pod(NamedTuple):
    """What a pod has and a test has not: a program to be run through, and variables."""

    wrapper: tuple[str, ...]
    environment: dict[str, str]


class OperatorProcess:
    """One operator, startable again; it ends with the tests, however they end.

    It runs under coverage if the tests do, as a parallel run of the same configuration.
    """

    def __init__(
        self,
        cluster: Cluster,
        kubeconfig: Path,
        *arguments: str,
        module: str = "perfana_support",
        pod: Pod | None = None,
    ) -> None:
        """Prepare to run `perfana-support operator`, or another module, with these arguments; `start` starts it.

        In a pod it finds the server as any pod does, and is given neither a kubeconfig nor a name.
        """
        self._module = module
        self._package: Path | None = None
        self._wrapper = pod.wrapper if pod else ()
        # With a name of its own it goes on with its Lease when it is started again, as a container of a pod does.
        identity = f"operator-{secrets.token_hex(4)}"
        self._arguments = ("operator", "--kubeconfig", str(kubeconfig), "--identity", identity, *arguments)
        self._environment = cluster.environment(kubeconfig)
        if pod:
            self._arguments = ("operator", *arguments)
            del self._environment["KUBECONFIG"]
            self._environment |= pod.environment
        self._processes = Processes("perfana-test-operator-")
        self.pid = 0

    def run_package(self, folder: Path) -> None:
        """Run the package in this folder from now on, a release of before; libraries are the tests' own."""
        self._environment["PYTHONPATH"] = str(folder)
        self._package = folder

    def start(self, *arguments: str) -> None:
        """Start it, this time with further arguments, and return at once: tests wait for what it does."""
        program = [sys.executable, "-c", _MAIN] if self._package else _program(self._module)
        command = [*self._wrapper, *program, *self._arguments, *arguments]
        self.pid = self._processes.start(_NAME, command, self._environment, cwd=ROOT)

    @property
    def log(self) -> str:
        """Everything that it wrote, of all its starts."""
        path = self._processes.log(_NAME)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._processes.exit_code(_NAME) is None

    def run(self) -> Ended:
        """Start it and wait for it to end by itself."""
        self.start()
        return self.wait()

    def wait(self) -> Ended:
        """Wait for it to end by itself."""
        return Ended(self._processes.wait(_NAME, FAILED_WITHIN_SECONDS), self.log)

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code; negative if it did not end in time and was killed."""
        return self._processes.stop(_NAME, ENDED_WITHIN_SECONDS)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._processes.kill(_NAME)

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """Stop it from running meanwhile, as a suspended machine does: it learns of all that happened at once."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End it if it still runs, in order, so that its coverage is written."""
        if self.pid and self.is_running:
            self.terminate()
        self._processes.close()


def _program(module: str) -> list[str]:
    measuring = coverage.Coverage.current()
    if measuring is None:
        script = str(Path(sys.executable).with_name("perfana-support"))
        return [script] if module == "perfana_support" else [sys.executable, "-m", module]
    data = ROOT / str(measuring.get_option("run:data_file"))
    arguments = ["-m", "coverage", "run", f"--rcfile={ROOT / 'pyproject.toml'}", f"--data-file={data}"]
    return [sys.executable, *arguments, "-m", module]


def shipped_rules(kind: str = "ClusterRole") -> list[Object]:
    """Return the rules of the ClusterRole or the Role that ships."""
    rules: list[Object] = next(document["rules"] for document in _shipped() if document["kind"] == kind)
    return rules


def shipped_identity(cluster: Cluster) -> Identity:
    """Apply `rbac.yaml` and return the operator's identity once its rights hold."""
    api = cluster.client()
    for document in _shipped():
        api.apply(document)
    identity = cluster.identity_of(ACCOUNT, ACCOUNT)
    wait_until_granted(cluster.client(identity.token), shipped_rules(), None)
    return identity


def apply_shipped_role(api: ApiClient, rules: list[Object]) -> None:
    """Give the shipped ClusterRole other rules."""
    role = next(document for document in _shipped() if document["kind"] == "ClusterRole")
    api.apply({**role, "rules": rules})


def role_rules(name: str = ACCOUNT) -> list[Object]:
    """Return the rules of the Role that ships for one namespace, by default the one for judging."""
    documents = yaml.safe_load_all(ROLE.read_text(encoding="utf-8"))
    rules: list[Object] = next(
        document["rules"] for document in documents if document["kind"] == "Role" and document["metadata"]["name"] == name
    )
    return rules


def role_identity(cluster: Cluster, namespaces: Sequence[str]) -> Identity:
    """Apply `role.yaml` as docs/operator.md says, and return the operator's identity once its rights hold.

    The account and the Lease are in the first of the namespaces.
    """
    text = ROLE.read_text(encoding="utf-8")
    first, *others = namespaces
    for document in yaml.safe_load_all(text.replace("namespace: perfana", f"namespace: {first}")):
        cluster.client().apply(document, first)
    for name in others:
        further = re.sub("^  namespace: perfana", f"  namespace: {name}", text, flags=re.MULTILINE)
        for document in yaml.safe_load_all(further.replace(" namespace: perfana}", f" namespace: {first}}}")):
            if document["metadata"]["labels"].get("app.kubernetes.io/component") == "judging":
                cluster.client().apply(document, name)
    identity = cluster.identity_of(ACCOUNT, first)
    client = cluster.client(identity.token)
    wait_until_granted(client, role_rules(f"{ACCOUNT}-lease"), first)
    wait_until_granted(client, role_rules(), namespaces[-1])
    return identity


def _shipped() -> list[Object]:
    return list(yaml.safe_load_all(RBAC.read_text(encoding="utf-8")))
