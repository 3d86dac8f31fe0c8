"""Who may write, and what is begun while somebody may."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol, TypeVar

from perfana_support.sources.cluster.api import ApiError
from perfana_support.sources.cluster.connection import REQUEST_TIMEOUT_SECONDS

_Answer = TypeVar("_Answer")


class Permission(Protocol):
    """Who may write: `Leadership`, or `Alone`."""

    @property
    def identity(self) -> str:
        """The name of this process."""

    @property
    def is_mine(self) -> bool:
        """Whether this process may write now."""

    @property
    def seconds_left(self) -> float:
        """For how long it may write, unless that is renewed."""

    async def won(self) -> None:
        """Return once it may."""


async def while_permitted(permission: Permission, request: Awaitable[_Answer]) -> _Answer:
    """The answer to a request that writes; given up once the permission may have passed to another. Raises `ApiError`."""
    left = min(permission.seconds_left, REQUEST_TIMEOUT_SECONDS)
    try:
        async with asyncio.timeout(left):
            return await request
    except TimeoutError as error:
        raise ApiError(0, f"no answer within {left:.1f} s, for as long as this operator may write") from error
