"""Variables that begin as the program's own do and that nobody reads: most often a slip of the hand in a pipeline."""

import re
from collections.abc import Iterable, Iterator, Mapping

PREFIX = "PERFANA_SUPPORT_"
# What Kubernetes sets in every pod of a namespace with a Service whose name begins so.
_OF_A_SERVICE = r"(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)"


def stray_variables(environ: Mapping[str, str], known: Iterable[str]) -> Iterator[str]:
    """A sentence for each variable that nothing reads. The operator's are known as well: both may run in one pod."""
    known = {*known}
    strange = [name for name in environ if name.startswith(PREFIX) and name not in known]
    strange = [name for name in strange if not re.fullmatch(_OF_A_SERVICE, name.removeprefix(PREFIX))]
    if not strange:
        return
    from dataclasses import fields  # noqa: PLC0415 - these are needed where something looks strange alone

    from perfana_support.cli.near import meant  # noqa: PLC0415
    from perfana_support.controller.settings import Settings, variable  # noqa: PLC0415

    of_operator = {variable(one.name) for one in fields(Settings)}
    for name in sorted({*strange} - of_operator):
        yield f"variable {name} is read by nobody{meant(name, known, PREFIX)}"
