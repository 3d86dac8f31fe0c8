"""Registries as the command line asks them: with the user's own credentials, until nothing is open."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from perfana_support.model.answer import Question
from perfana_support.model.image_policy import ImageRules
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.registry.client import RegistryClient
from perfana_support.sources.registry.credentials import Credential, CredentialError, Lookup, read_docker_config, run_helper
from perfana_support.sources.registry.fetch import HttpFetch, read_trust
from perfana_support.sources.registry.hosts import Endpoint, hosts_of
from perfana_support.sources.registry.inquiry import Inquiry


class Registries:
    """The policy's registries for one run; `known` holds their answers.

    `config` is a Docker configuration with credentials, "" for the one that Docker itself would use. It is read once a registry
    wants credentials. Raises `SourceError` for a file that cannot be used.
    """

    def __init__(self, rules: ImageRules, config: str, ca_file: str) -> None:
        hosts = hosts_of(rules.registries)
        self._config = config
        self._lookup: Lookup | None = None
        if config and not os.path.isfile(config):
            raise SourceError([Fault(config, 0, 0, "is no file with credentials, as docker login writes it")])
        self._fetch = HttpFetch(hosts, read_trust(ca_file))
        self._runner = asyncio.Runner()
        self._inquiry = Inquiry(RegistryClient(self._fetch, hosts, self._find))
        self.known = self._inquiry.known_to("")

    def ask(self, questions: Sequence[Question]) -> None:
        """Have questions answered, with progress where somebody watches."""
        if not sys.stderr.isatty():
            self._runner.run(self._ask(questions, lambda _done, _total: None))
            return
        from perfana_support.cli.progress import Progress  # noqa: PLC0415 - pipelines have no terminal

        with Progress(sys.stderr, "asking registries") as progress:
            self._runner.run(self._ask(questions, progress.step))

    def close(self) -> None:
        """Close all connections."""
        self._runner.run(self._fetch.close())
        self._runner.close()

    async def _ask(self, questions: Sequence[Question], step: Callable[[int, int], None]) -> None:
        step(0, len(questions))
        asking = [self._inquiry.ask([question]) for question in questions]
        for done, each in enumerate(asyncio.as_completed(asking), start=1):
            await each
            step(done, len(questions))

    async def _find(self, endpoint: Endpoint, _namespace: str) -> Credential | None:
        """The user's credentials; a credential helper may take its time, so elsewhere."""
        if self._lookup is None:
            self._lookup = _read_config(self._config or _own_config())
        return await asyncio.to_thread(self._lookup, *endpoint.account)


def _own_config() -> str:
    """Where podman and Docker keep credentials."""
    folder = os.environ.get("DOCKER_CONFIG") or str(Path("~/.docker").expanduser())
    return os.environ.get("REGISTRY_AUTH_FILE") or os.path.join(folder, "config.json")


def _read_config(file: str) -> Lookup:
    try:
        with open(file, "rb") as stream:
            text = stream.read()
    except FileNotFoundError:
        return lambda _registry, _path: None
    except OSError as error:
        raise CredentialError(f"{file}: {error.strerror}") from error
    return read_docker_config(text, file, run_helper)
