"""Requests to registries over HTTP, by aiohttp: bounded in time and size, and never to where no registry is."""

import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from perfana_support import __version__
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.registry.client import MAX_CONNECTIONS, FetchError, Request, Response
from perfana_support.sources.registry.hosts import Hosts, is_inward

# A registry answers in tenths of a second, one that fetches from another first in a few.
_CONNECT_SECONDS, _WHOLE_SECONDS = 10.0, 30.0
_CHUNK = 64 * 1024


class HttpFetch:
    """A `Fetch` over one session, opened with the first request. `trust` says whose certificates are believed.

    Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`); with one, names are resolved there. Nothing of ~/.netrc is
    ever sent.
    """

    def __init__(self, hosts: Hosts, trust: ssl.SSLContext) -> None:
        self._hosts = hosts
        self._trust = trust
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=self._trust, limit=0, limit_per_host=MAX_CONNECTIONS, resolver=_OutwardResolver(self._hosts)
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_WHOLE_SECONDS, connect=_CONNECT_SECONDS),
            headers={"User-Agent": f"perfana-support/{__version__}", "Accept-Encoding": "identity"},
            auto_decompress=False,
        )

    async def __call__(self, request: Request) -> Response:
        """Send a request and read its answer, redirects included as what they are. Raises `FetchError`."""
        host = _host_of(request.url)
        if _is_address(host) and is_inward(host) and host not in self._hosts.listed_hosts:
            raise FetchError(f"{host} is an address of this machine or its link, where no registry is asked")
        self._session = self._session or self._open()
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                proxy=_proxy_for(request.url),
            ) as response:
                body = await _read(response, request.limit)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status, headers, body)
        except TimeoutError as error:
            raise FetchError(f"gives no whole answer within {_WHOLE_SECONDS:.0f} s") from error
        except aiohttp.ClientProxyConnectionError as error:
            raise FetchError("the proxy of the environment cannot be reached") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(_told(error)) from error


class _OutwardResolver(AbstractResolver):
    """Names to addresses, without those of this machine and its link for a name that nobody has written down."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._proxies = {urlsplit(proxy).hostname for proxy in getproxies().values()}
        self._resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if host in self._hosts.listed_hosts or host in self._proxies:
            return found
        outward = [each for each in found if not is_inward(each["host"])]
        if not outward:
            raise OSError(None, f"{host} is an address of this machine or its link, where no registry is asked")
        return outward

    async def close(self) -> None:
        await self._resolver.close()


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body. Raises `FetchError` for one that is larger than somebody will read."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            response.close()
            raise FetchError(f"answers more than {limit // 1024} KiB, which is no manifest")
    return bytes(body)


def read_trust(ca_file: str = "") -> ssl.SSLContext:
    """The system's authorities, and those of a file beside them. Raises `SourceError` for one that holds none."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SourceError([Fault(ca_file, 0, 0, f"holds no certificates that can be read: {error}")]) from error
    return context


def _proxy_for(url: str) -> str | None:
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def _host_of(url: str) -> str:
    """The host that is truly asked: digits of other scripts are those of an address by then. Raises `FetchError`."""
    try:
        return URL(url).host or ""
    except ValueError as error:
        raise FetchError("is at no address that can be asked") from error


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _told(error: Any) -> str:  # noqa: ANN401 - whatever aiohttp raises
    """What went wrong, in a few words and without a URL, which may hold a token."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted: {error.certificate_error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot be reached: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "breaks its answer off"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "closes the connection without an answer"
    return f"cannot be read: {type(error).__name__}"
