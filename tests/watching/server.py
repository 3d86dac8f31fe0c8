"""Prometheus on loopback: it scrapes and evaluates as one does that an admin runs, and ends with the tests."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Self

from tests.cluster.processes import Processes
from tests.cluster.server import LOOPBACK, free_ports
from tests.cluster.waiting import wait_for
from tests.watching.programs import find_programs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

READY_WITHIN_SECONDS = 90.0
ENDED_WITHIN_SECONDS = 10.0

_NAME = "prometheus"

Answer = dict[str, Any]


class QueryError(Exception):
    """What Prometheus has against an expression."""


class Prometheus:
    """A server with a configuration, and the files that this names beside it."""

    def __init__(self, configuration: str, files: Iterable[Path] = ()) -> None:
        """Start it and wait until it answers."""
        programs = find_programs()
        self._processes = Processes("perfana-test-prometheus-")
        folder = self._processes.folder
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
        (port,) = free_ports(1)
        self.address = f"{LOOPBACK}:{port}"
        command = [
            str(programs.prometheus),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self.address}",
        ]
        self._processes.start(_NAME, command, {"PATH": os.defpath, "HOME": str(folder)}, cwd=folder)
        wait_for(self._is_ready, READY_WITHIN_SECONDS, "Prometheus")

    def _is_ready(self) -> bool:
        if self._processes.exit_code(_NAME) is not None:
            raise AssertionError(self.log)
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=10) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    @property
    def log(self) -> str:
        """What it said last."""
        return self._processes.log_tail(_NAME)

    def query(self, expression: str, **when: float) -> list[Answer]:
        """Return the series that an expression has now, or between `start` and `end` by `step` seconds."""
        path = "query_range" if "step" in when else "query"
        answer = self.ask(path, {"query": expression, **{name: str(value) for name, value in when.items()}})
        if remarks := [*answer.get("warnings", ()), *answer.get("infos", ())]:
            raise QueryError(f"{expression}: {remarks}")
        result: list[Answer] = answer["data"]["result"]
        return result

    def ask(self, path: str, parameters: dict[str, str] | None = None) -> Answer:
        """Return the answer of its interface to a question."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters or {})}"
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                answer: Answer = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise QueryError(f"{parameters}: {error.read().decode()}") from None
        return answer

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End it."""
        self._processes.stop(_NAME, ENDED_WITHIN_SECONDS)
        self._processes.close()
