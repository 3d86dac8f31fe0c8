"""What is never connected to, however it is spelled."""

import asyncio

import pytest

from perfana_support.model.registry import Registry
from perfana_support.sources.errors import SourceError
from perfana_support.sources.registry.client import FetchError, Request, Response
from perfana_support.sources.registry.fetch import HttpFetch, read_trust
from perfana_support.sources.registry.hosts import hosts_of

LISTED = hosts_of([Registry("docker.io"), Registry("own", "http://127.0.0.1:1/v2")])
UNLISTED = hosts_of([Registry("docker.io")])


def fetch(url: str, *, is_listed: bool = False) -> Response:
    async def once() -> Response:
        client = HttpFetch(LISTED if is_listed else UNLISTED, read_trust())
        try:
            return await client(Request("GET", url))
        finally:
            await client.close()

    return asyncio.run(once())


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]"),
        *("127\u30020\u30020\u30021", "\u2460\u2461\u2466.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::7f00:1]"),
    ],
)
def test_addresses_of_this_machine_are_refused_however_they_are_spelled(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(f"http://{host}:1/v2/")
    # Some spellings aiohttp takes for none, before anybody is asked.
    assert any(text in str(caught.value) for text in ("of this machine or its link", "InvalidUrl"))


def test_address_that_the_policy_lists_is_asked() -> None:
    with pytest.raises(FetchError, match="cannot be reached"):
        fetch("http://127.0.0.1:1/v2/", is_listed=True)


@pytest.mark.parametrize("url", ["https://[bad/v2/", "https:///v2/", "https://a b/v2/"])
def test_what_is_no_address_is_a_fault(url: str) -> None:
    with pytest.raises(FetchError):
        fetch(url)


def test_file_without_certificates_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text("nothing")
    with pytest.raises(SourceError, match="holds no certificates"):
        read_trust(str(file))
