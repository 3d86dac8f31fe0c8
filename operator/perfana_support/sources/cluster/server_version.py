"""Following the version of the API server, which changes when a control plane is upgraded under a running operator."""

import asyncio
import logging

from perfana_support.sources.cluster.api import ApiError, ClusterApi, Json
from perfana_support.sources.cluster.store import SERVER_VERSION, ClusterStore
from perfana_support.sources.cluster.trouble import Trouble

# An upgrade of a control plane takes longer than this.
EVERY_SECONDS = 300.0

log = logging.getLogger(__name__)


async def follow_server_version(api: ClusterApi, store: ClusterStore) -> None:
    """Ask the server for its version now and then, sooner after a failure, until cancelled.

    The version stays what it was while the server is in trouble. It is unknown once asking for it is refused for good.
    """
    trouble = Trouble(store, SERVER_VERSION, "the server's version cannot be read")
    while True:
        try:
            version = _version(await api.get("/version"))
        except ApiError as error:
            wait = trouble.take(error)
            if trouble.is_believed:
                store.forget_server_version()
            log.warning("the server's version cannot be read, trying again: %s", error)
        else:
            store.set_server_version(version)
            trouble.went_well()
            trouble.allowed()
            wait = EVERY_SECONDS
        await asyncio.sleep(wait)


def _version(answer: Json) -> str:
    version = answer.get("gitVersion")
    if not isinstance(version, str) or not version:
        raise ApiError(0, "the server's answer holds no version")
    return version
