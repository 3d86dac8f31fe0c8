"""PyYAML, imported in less than half the time.

Its modules compile two dozen patterns when they are imported, one of which takes longer than all of this program's. Only
its readers and constructors in Python use them, and manifests are read by libyaml. So each is compiled when somebody looks at
it: a twelfth of a short run (docs/performance.md). Imported before anything that imports `yaml`; later it changes nothing.
"""

import re
import sys
from typing import Any


class _Late:
    """A pattern that is compiled when something of it is asked for."""

    __slots__ = ("_arguments", "_pattern")

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - those of `re.compile`
        self._arguments = arguments
        self._pattern: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        if self._pattern is None:
            self._pattern = _compile(*self._arguments)
        return getattr(self._pattern, name)


_compile = re.compile


def _compile_late(*arguments: Any) -> Any:  # noqa: ANN401 - as above
    """Leave patterns of PyYAML for later; all others are compiled at once."""
    is_theirs = sys._getframe(1).f_globals["__name__"].startswith("yaml.")  # noqa: SLF001 - who asks is the question
    return (_Late if is_theirs else _compile)(*arguments)


re.compile = _compile_late  # type: ignore[assignment] # until the import below is done
try:
    import yaml  # noqa: F401 - for others to find
finally:
    re.compile = _compile
