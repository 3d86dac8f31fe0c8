"""The planted secrets stand in a real cluster: what a test of leaks looks for is there to be leaked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.planting import plant, uproot
from tests.planted import LOG_LINE, SERVER_ADDRESS, shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient


@pytest.fixture
def planted(api: ApiClient, namespace: str, install_crds: list[str]) -> Iterator[bytes]:
    """Return all objects as the API server holds them."""
    assert install_crds
    try:
        yield b"\n".join(json.dumps(item, ensure_ascii=False).encode() for item in plant(api, namespace))
    finally:
        uproot(api)


def test_api_server_takes_every_object_and_every_secret_is_in_them(planted: bytes) -> None:
    elsewhere = {LOG_LINE, SERVER_ADDRESS}
    assert [shape.name for shape in shapes() if shape.where not in elsewhere and not shape.leaks(planted)] == []
    assert [shape.name for shape in shapes() if shape.where in elsewhere and shape.leaks(planted)] == []
