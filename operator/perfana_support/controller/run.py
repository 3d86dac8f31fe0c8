"""Running the operator in this process, until a signal ends it."""

import asyncio
import logging
import signal

import kopf

from perfana_support.controller.handlers import registry
from perfana_support.controller.office import Office
from perfana_support.controller.settings import Settings

# This program writes no annotation and no finalizer of Kopf's; these names are set so that none could bear another's.
_PREFIX = "support.perfana.io"


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises what ended a part of the operator, if anything did."""
    logging.basicConfig(
        level=logging.DEBUG if settings.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-8s %(name)s: %(message)s",
    )
    if not settings.verbose:
        logging.getLogger("kopf").setLevel(logging.WARNING)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    office = Office(settings)
    try:
        if not await _opened(office):
            return
        await kopf.operator(
            registry=registry(office),
            settings=_kopf_settings(),
            standalone=True,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            liveness_endpoint=f"http://{settings.http_host}:{settings.http_port}/healthz" if settings.http_port else None,
        )
    finally:
        await office.close()
    if office.failure is not None:
        raise office.failure


async def _opened(office: Office) -> bool:
    """Open the office, however long the server takes; False when a signal ended that.

    Kopf minds signals once it runs. Until then nobody would, and process 1 of a container ignores what it does not handle.
    """
    opening = asyncio.ensure_future(office.open())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, opening.cancel)
    try:
        await opening
    except asyncio.CancelledError:
        return False
    return True


def _kopf_settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    # Kopf's workers for objects wait this long for another event, and SIGTERM waits for them.
    settings.queueing.idle_timeout = 0.5
    settings.persistence.finalizer = f"{_PREFIX}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=_PREFIX)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=_PREFIX)
    return settings
