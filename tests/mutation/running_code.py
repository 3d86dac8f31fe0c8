"""Changing code that is loaded: a function gets its mutant's code in place, so that thousands need no import of their own."""

import sys
from collections.abc import Iterator
from functools import _lru_cache_wrapper, cached_property
from types import CodeType, FunctionType

from perfana_support.model.dependency_rules import DependencyRules
from perfana_support.model.policy import Policy
from perfana_support.sources.policy import builtin_document, builtin_policy

_KEPT: list[Policy | DependencyRules] = []


def watch_caches() -> None:
    """Remember what keeps computed values, to forget those later. Call it before any is made."""
    for owner in (Policy, DependencyRules):
        _watch(owner)


def _watch(owner: type[Policy | DependencyRules]) -> None:
    plain = owner.__init__

    def init(self: Policy | DependencyRules, *fields: object, **named: object) -> None:
        _KEPT.append(self)
        plain(self, *fields, **named)  # type: ignore[arg-type] # whatever they are

    owner.__init__ = init  # type: ignore[method-assign] # that is the point


def forget_caches(since: int = 0, *, policy: bool = True) -> None:
    """Make all code run again that keeps what it computes, but for the built-in policy where that is not asked for.

    What was made after the first `since` is let go altogether.
    """
    for kept in _KEPT:
        for name in [name for name in vars(kept) if isinstance(vars(type(kept)).get(name), cached_property)]:
            del vars(kept)[name]
    if since:
        del _KEPT[since:]
    for cached in list(_cached_functions()):
        if cached is not builtin_document and (policy or cached is not builtin_policy):
            cached.cache_clear()


def count_kept() -> int:
    """How many objects with computed values there are."""
    return len(_KEPT)


def _cached_functions() -> Iterator["_lru_cache_wrapper[object]"]:
    for name, module in list(sys.modules.items()):
        if name.startswith(("perfana_support.", "tests.unit.")):
            yield from (value for value in vars(module).values() if isinstance(value, _lru_cache_wrapper))


def find_function(module: str, name: str) -> FunctionType | None:
    """The function that a name such as `Policy.lines` stands for, None where a decorator hides it."""
    found: object = sys.modules[module]
    for part in name.split("."):
        found = vars(found).get(part)
    if isinstance(found, property):
        found = found.fget
    elif isinstance(found, cached_property):
        found = found.func
    found = getattr(found, "__wrapped__", found)
    return found if isinstance(found, FunctionType) and found.__code__.co_qualname == name else None


def find_code(code: CodeType, name: str) -> CodeType | None:
    """The code of a function in that of its module."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                return constant
            if name.startswith(f"{constant.co_qualname}.") and (inner := find_code(constant, name)):
                return inner
    return None
