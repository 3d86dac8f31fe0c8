"""Running the operator in this process, until a signal ends it."""

import asyncio
import signal
from collections.abc import Callable
from datetime import datetime

from perfana_support.controller import logs
from perfana_support.controller.office import Office
from perfana_support.controller.settings import Settings
from perfana_support.controller.web import serve
from perfana_support.sources.clock import now as clock_now


def run(settings: Settings, now: Callable[[], datetime] = clock_now) -> None:
    """Run until SIGTERM or SIGINT. Raises what ended a part of the operator, if anything did."""
    logs.configure(settings)
    asyncio.run(_run(settings, now))


async def _run(settings: Settings, now: Callable[[], datetime]) -> None:
    told_to_end = asyncio.ensure_future(asyncio.Event().wait())
    for number in (signal.SIGTERM, signal.SIGINT):
        # Process 1 of a container ignores a signal that it does not handle.
        asyncio.get_running_loop().add_signal_handler(number, told_to_end.cancel)
    office = Office(settings, now)
    async with serve(settings.http_host, settings.http_port, office.health, office.scrape):
        try:
            opening = asyncio.ensure_future(office.open())
            await asyncio.wait((opening, told_to_end), return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                await opening
                await asyncio.wait((office.failed, told_to_end), return_when=asyncio.FIRST_COMPLETED)
            else:
                opening.cancel()
                await asyncio.wait((opening,))
        finally:
            await office.close()
    if office.failed.done():
        raise office.failed.result()
