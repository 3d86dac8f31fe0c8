"""The session: the same as long as the certificates are, another one once they have changed."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from kubernetes.aio.client import Configuration

from perfana_support.sources.cluster import connection as module
from perfana_support.sources.cluster.connection import Connection

NAMES = ("ca.crt", "tls.crt", "tls.key")


class Files:
    """Certificates, of which those that say "bad" cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in NAMES:
            self.write(name, "first")
        self.configuration = Configuration()
        self.configuration.ssl_ca_cert, self.configuration.cert_file, self.configuration.key_file = (
            str(folder / name) for name in NAMES
        )

    def write(self, name: str, text: str) -> None:
        """Put another file in its place, as a rotation does."""
        new = self.folder / f"{name}.new"
        new.write_text(text)
        new.replace(self.folder / name)


def _context(configuration: Configuration) -> SimpleNamespace:
    """In place of the client's own, which wants certificates."""
    for file in (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file):
        if Path(file).read_text() == "bad":
            raise OSError("no certificate")
    return SimpleNamespace(ssl_context=True)


async def _current(connection: Connection) -> aiohttp.ClientSession:
    async with connection.session() as session:
        return session


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Return what plays a story with a connection and its certificates."""
    monkeypatch.setattr(module, "RESTClientObject", _context)

    def play(story: Callable[[Connection, Files], Coroutine[Any, Any, None]]) -> None:
        async def told() -> None:
            files = Files(tmp_path)
            connection = Connection(files.configuration)
            await story(connection, files)
            await connection.close()

        asyncio.run(told())

    return play


Played = Callable[[Callable[[Connection, Files], Coroutine[Any, Any, None]]], None]


def test_session_is_one_as_long_as_nothing_changes(played: Played) -> None:
    async def story(connection: Connection, _: Files) -> None:
        first = await _current(connection)
        assert await _current(connection) is first
        assert (connection.generation, first.closed) == (0, False)

    played(story)


@pytest.mark.parametrize("name", NAMES)
def test_change_of_any_file_makes_another_session(played: Played, name: str) -> None:
    async def story(connection: Connection, files: Files) -> None:
        first = await _current(connection)
        files.write(name, "second")
        second = await _current(connection)
        assert second is not first
        assert (connection.generation, first.closed, second.closed) == (1, True, False)
        assert await _current(connection) is second

    played(story)


def test_other_file_in_the_configuration_makes_another_session(played: Played) -> None:
    async def story(connection: Connection, files: Files) -> None:
        files.configuration.ssl_ca_cert = str(files.folder / "tls.crt")
        await _current(connection)
        assert connection.generation == 1

    played(story)


def test_request_under_way_ends_on_the_session_that_it_began_on(played: Played) -> None:
    async def story(connection: Connection, files: Files) -> None:
        async with connection.session() as first:
            async with connection.session() as same:
                files.write("ca.crt", "second")
                second = await _current(connection)
            assert (same is first, first.closed) == (True, False)
        assert (first.closed, second.closed) == (True, False)

    played(story)


def test_certificates_that_cannot_be_used_leave_the_ones_before(played: Played, caplog: pytest.LogCaptureFixture) -> None:
    async def story(connection: Connection, files: Files) -> None:
        first = await _current(connection)
        files.write("tls.crt", "bad")
        for _ in range(3):
            assert await _current(connection) is first
        (files.folder / "tls.crt").unlink()
        assert await _current(connection) is first
        files.write("tls.crt", "second")
        assert await _current(connection) is not first

    played(story)
    assert [record.levelname for record in caplog.records].count("WARNING") == 2


def test_certificates_that_cannot_be_used_at_first_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESTClientObject", _context)

    async def story() -> None:
        files = Files(tmp_path)
        files.write("ca.crt", "bad")
        with pytest.raises(OSError, match="no certificate"):
            Connection(files.configuration)

    asyncio.run(story())


def test_connection_without_files_needs_none() -> None:
    async def story() -> None:
        connection = Connection(cast("Configuration", Configuration()))
        await _current(connection)
        assert connection.generation == 0
        await connection.close()

    asyncio.run(story())
