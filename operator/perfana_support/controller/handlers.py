"""Every handler that Kopf calls, registered from the settings.

Only events and probes: change-detecting handlers would annotate what they watch, and timers, daemons and deletion
handlers would add finalizers, which hang a deletion once the operator is gone.
"""

from typing import Any

import kopf

from perfana_support.controller.desk import CHECKS, GROUP, POLICIES, VERSION
from perfana_support.controller.office import Office


def registry(office: Office) -> kopf.OperatorRegistry:
    """A registry with all handlers, bound to one office."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(id="login", registry=handlers)
    async def login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401 - Kopf's own interface
        return await office.connection()

    @kopf.on.probe(id="healthy", registry=handlers)
    async def healthy(**_: Any) -> bool:  # noqa: ANN401
        return office.is_working()

    for plural in (CHECKS, POLICIES):

        @kopf.on.event(GROUP, VERSION, plural, id=plural, registry=handlers, param=plural)
        async def take(event: kopf.RawEvent, param: Any = plural, **_: Any) -> None:  # noqa: ANN401
            office.take(str(param), event)

    return handlers
