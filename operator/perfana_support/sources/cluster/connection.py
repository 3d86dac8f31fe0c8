"""The session that requests go through, made anew when its certificates change under a running program.

Certificates of an API server and of its clients rotate in place, some of them every day. TLS reads their files once, so
whoever keeps a session for years would one day trust nobody, or be trusted by nobody.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from perfana_support import __version__

# A server that says nothing for longer is in trouble: lists of 500 objects begin in well under a second.
REQUEST_TIMEOUT_SECONDS = 30.0
# A watch line holds one object; etcd takes none above 1.5 MiB (its `--max-request-bytes`), which JSON may double.
_LINE_LIMIT_BYTES = 4 * 1024 * 1024

log = logging.getLogger(__name__)


class _Shared:
    """A session and how many requests are under way on it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.users = 0


class Connection:
    """The session of this moment. `generation` counts how often it was made anew."""

    def __init__(self, configuration: Configuration) -> None:
        """Open the first session. Raises `OSError` for certificates that cannot be read."""
        self._configuration = configuration
        self._made_of = self._refused = _certificates(configuration)
        self._current = _Shared(_open(configuration))
        self.generation = 0

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A session for one request. One that is not the latest any more ends with the last request on it."""
        await self._follow_certificates()
        shared = self._current
        shared.users += 1
        try:
            yield shared.session
        finally:
            shared.users -= 1
            if shared is not self._current and not shared.users:
                await shared.session.close()

    async def close(self) -> None:
        """End the session, and what is under way on it."""
        await self._current.session.close()

    async def _follow_certificates(self) -> None:
        found = _certificates(self._configuration)
        if found in (self._made_of, self._refused):
            return
        before = self._current
        try:
            self._current = _Shared(_open(self._configuration))
        except OSError as error:
            # Half of them may be new: once the other half is, they are looked at again.
            self._refused = found
            log.warning("the certificates have changed and cannot be used, the ones before stay: %s", error)
            return
        self._made_of = self._refused = found
        self.generation += 1
        log.info("the certificates have changed: connecting with the new ones")
        if not before.users:
            await before.session.close()


def _open(configuration: Configuration) -> aiohttp.ClientSession:
    # Uncompressed: in a cluster's network, packing costs the server and us more than the bytes do.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=RESTClientObject(configuration).ssl_context, limit=0),
        headers={
            "User-Agent": f"perfana-support/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        },
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_TIMEOUT_SECONDS, sock_read=REQUEST_TIMEOUT_SECONDS),
        read_bufsize=_LINE_LIMIT_BYTES,
    )


def _certificates(configuration: Configuration) -> tuple[object, ...]:
    """What tells whether certificates are the ones that they were, without reading them: asked before each request."""
    files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
    return (*map(_state, files), configuration.ca_cert_data)


def _state(file: str | None) -> tuple[object, ...]:
    if not file:
        return ()
    try:
        found = os.stat(file)
    except OSError:
        return (file,)
    return file, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
