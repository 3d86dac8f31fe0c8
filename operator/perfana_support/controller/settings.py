"""Everything about the operator that can be set, in one place: name, unit, default and what it is for."""

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from perfana_support.sources.errors import Fault, SourceError

ENVIRONMENT_PREFIX = "PERFANA_SUPPORT_"
# What the API server takes for a namespace's name: a label of RFC 1123.
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


def _setting(default: Any, unit: str, purpose: str) -> Any:  # noqa: ANN401 - as `dataclasses.field` itself
    """A field with what `--help` says of it: `unit` stands where the value goes, "" for a switch."""
    return field(default=default, metadata={"unit": unit, "purpose": purpose})


@dataclass(frozen=True)
class Settings:
    """The operator's settings. Each is a flag (`--http-port`) and a variable (`PERFANA_SUPPORT_HTTP_PORT`); flags win."""

    kubeconfig: str = _setting("", "FILE", "how to reach the cluster; none: the pod's own account, $KUBECONFIG, ~/.kube/config")
    context: str = _setting("", "NAME", "the kubeconfig's context; none: its current one")
    namespaces: tuple[str, ...] = _setting(
        (), "NS,...", "look at these namespaces only, with the rights of a Role; repeatable; none: the whole cluster"
    )
    workers: int = _setting(8, "NUMBER", "statuses that are written at a time")
    http_host: str = _setting("0.0.0.0", "ADDRESS", "where /healthz, /readyz and /metrics are served")  # noqa: S104 - kubelet asks from outside
    http_port: int = _setting(8080, "PORT", "the port of these; 0: they are not served")
    log_format: str = _setting("text", "text|json", "how a line of the log is written")
    verbose: bool = _setting(default=False, unit="", purpose="log what is seen, not only what changes")
    leader_election: bool = _setting(
        default=True, unit="", purpose="write only while holding a Lease, so that of several operators one writes"
    )
    lease_namespace: str = _setting(
        "", "NS", "where the Lease is; none: the pod's own namespace, else the first that is looked at, else default"
    )
    lease_name: str = _setting(
        "perfana-support", "NAME", "the Lease's name, also in the Role's resourceNames; of those that share it one writes"
    )
    identity: str = _setting(
        "",
        "NAME",
        "this process among those that share the Lease; none: the pod's host name, outside of a cluster one at random",
    )
    lease_seconds: float = _setting(12.0, "SECONDS", "after this long without a sign of the leader another takes over")
    watch_silence_seconds: float = _setting(
        90.0, "SECONDS", "a watch counts as dead after this long without event or bookmark; servers send one a minute"
    )
    audit_seconds: float = _setting(
        30.0, "SECONDS", "how often checks and policies are compared with the server's list, for what a watch has missed"
    )
    resync_seconds: float = _setting(
        3600.0, "SECONDS", "how often everything is judged again without a cause; what has not changed is not written"
    )
    wake_spread_seconds: float = _setting(
        60.0, "SECONDS", "after midnight (UTC), when verdicts change by themselves, checks are judged spread over this long"
    )
    settle_seconds: float = _setting(
        1.0, "SECONDS", "details that change without a verdict's flip are written at most this often for one check"
    )
    registry_ca_file: str = _setting(
        "", "FILE", "certificates of authorities that registries have, beside the system's; for verification Registry"
    )
    use_pull_secrets: bool = _setting(
        default=False,
        unit="",
        purpose="ask registries with the pull secrets of the pods that are judged; needs the right to get these Secrets",
    )
    policy_reports: bool = _setting(
        default=False,
        unit="",
        purpose="write verdicts as policy reports too (openreports.io, else wgpolicyk8s.io); see manifests/policy-reports.yaml",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A flag for each setting; what is not given stays None, for the environment to say."""
    for one in fields(Settings):
        unit, purpose = one.metadata["unit"], one.metadata["purpose"]
        help_text = f"{purpose} (${variable(one.name)}; default: {_written(one.default)})".replace("%", "%%")
        if one.type is bool:
            parser.add_argument(flag(one.name), action=argparse.BooleanOptionalAction, default=None, help=help_text)
        elif one.name == "namespaces":
            parser.add_argument("-n", "--namespace", dest=one.name, action="append", metavar=unit, help=help_text)
        else:
            parser.add_argument(flag(one.name), metavar=unit, help=help_text)


def read_settings(arguments: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The settings: from flags, else from the environment, else their defaults. Raises `SourceError` with all that is wrong."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    problems: dict[str, str] = {}
    for one in fields(Settings):
        source, given = flag(one.name), arguments.get(one.name)
        if given is None:
            source, given = variable(one.name), environment.get(variable(one.name))
        if given is None or given == "":
            continue
        sources[one.name] = source
        try:
            values[one.name] = _READERS[one.type](given)
        except ValueError as error:
            problems[one.name] = str(error)
    settings = Settings(**values)
    problems |= _problems(settings)
    if problems:
        raise SourceError([Fault(source, 0, 0, problems[name]) for name, source in sources.items() if name in problems])
    return settings


def flag(name: str) -> str:
    """The flag of a setting."""
    return "--namespace" if name == "namespaces" else f"--{name.replace('_', '-')}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper()


def _problems(settings: Settings) -> dict[str, str]:
    """What could not work, by name."""
    problems = {
        one.name: f"must be greater than 0, not {getattr(settings, one.name):g}"
        for one in fields(settings)
        if one.name.endswith("_seconds") and one.name not in _MAY_BE_ZERO and getattr(settings, one.name) <= 0
    }
    if 0 < settings.lease_seconds < 1:
        problems["lease_seconds"] = f"must be at least 1, not {settings.lease_seconds:g}: a Lease counts whole seconds"
    if settings.workers < 1:
        problems["workers"] = f"must be at least 1, not {settings.workers}"
    if not 0 <= settings.http_port <= 65535:  # noqa: PLR2004 - TCP's last port
        problems["http_port"] = f"must be a port, 0 to 65535, not {settings.http_port}"
    if settings.log_format not in ("text", "json"):
        problems["log_format"] = f"must be text or json, not {settings.log_format!r}"
    return problems


_MAY_BE_ZERO = ("wake_spread_seconds", "settle_seconds")


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if number != number or number in (float("inf"), float("-inf")) or number < 0:  # noqa: PLR0124 - not a number
        raise ValueError(f"must be a number of seconds, not {text!r}")
    return number


def _whole_number(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"must be a whole number, not {text!r}")
    return int(text)


def _switch(value: str | bool) -> bool:  # noqa: FBT001 - a flag gives a bool, a variable its text
    if isinstance(value, bool):
        return value
    if value.lower() not in _YES + _NO:
        raise ValueError(f"must be true or false, not {value!r}")
    return value.lower() in _YES


def _list(value: str | list[str]) -> tuple[str, ...]:
    parts = [part.strip() for text in ([value] if isinstance(value, str) else value) for part in text.split(",")]
    names = tuple(dict.fromkeys(part for part in parts if part))
    if not names:
        # An empty shell variable must not widen what is looked at.
        raise ValueError("names no namespace; leave it out to look at the whole cluster")
    wrong = [name for name in names if not _NAMESPACE.fullmatch(name)]
    if wrong:
        # Kopf would take some of them for patterns, and the server all of them for parts of a path.
        raise ValueError(
            f"{', '.join(map(repr, wrong))} cannot be a namespace (a-z, 0-9 and '-' inside, at most 63); "
            "name each as `kubectl get namespaces` does, patterns are not understood"
        )
    return names


_READERS: dict[Any, Callable[[Any], Any]] = {
    str: str,
    int: _whole_number,
    float: _number,
    bool: _switch,
    tuple[str, ...]: _list,
}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value) if value or value == 0 else "none"
