"""A diagnosis for a terminal and for programs: what fares how, and then what to do about it."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from perfana_support.model.diagnosis import Diagnosis, Facts, State
from perfana_support.reports.document import API_VERSION
from perfana_support.reports.job_log import harmless_json
from perfana_support.reports.table import columns, printable

_WORDS = {State.OK: "ok", State.PROBLEM: "problem", State.CANNOT_TELL: "cannot tell"}
_WIDTH = 80
_MOST_FOUND = 44


def table(diagnoses: Sequence[Diagnosis]) -> str:
    """A row for each thing that was looked at."""
    rows = [("STATE", "AREA", "SUBJECT", "FOUND")]
    rows += [(_WORDS[each.state], str(each.area), each.subject, _short(each)) for each in diagnoses]
    return "\n".join([*columns(rows), ""]) + "\n"


def advice(diagnoses: Sequence[Diagnosis], facts: Facts) -> str:
    """What is not well in full, with the commands that mend it, and how many that are.

    Commands stand alone on their lines, whatever their length, for them to be copied.
    """
    return "\n".join([*_advice(diagnoses), _closing(diagnoses, facts)]) + "\n"


def document(diagnoses: Sequence[Diagnosis], facts: Facts, state: State) -> str:
    """The same as one versioned object, in plain ASCII."""
    found: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "SupportDiagnosis",
        "state": str(state),
        "server": facts.server,
        "time": facts.moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "operator": {
            "namespace": facts.setup.namespace,
            "serviceAccount": facts.setup.account,
            "deployment": facts.setup.name if facts.setup.deployment else None,
            "watchedNamespaces": list(facts.setup.watched),
        },
        "rightsAskedBy": facts.asked,
        "checks": [
            {
                "area": str(each.area),
                "subject": each.subject,
                "state": str(each.state),
                "found": each.found,
                "why": each.why,
                "fix": [{"command": fix, **({"note": note} if note else {})} for fix, note in map(_parted, each.fix)],
            }
            for each in diagnoses
        ],
    }
    return harmless_json(json.dumps(found, indent=2)) + "\n"


def _short(diagnosis: Diagnosis) -> str:
    """What was found; of what stands below in full as much as a row has room for."""
    found = diagnosis.found
    if diagnosis.state is State.OK or len(found) <= _MOST_FOUND:
        return found
    return f"{found[: _MOST_FOUND - 1].rstrip()}…"


def _advice(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    for each in diagnoses:
        if each.state is State.OK:
            continue
        yield from _wrapped(f"{_WORDS[each.state].capitalize()}: {each.area}, {each.subject}: {each.found}.", "")
        if each.why:
            yield from _wrapped(f"Why it matters: {each.why}.", "  ")
        for command, note in map(_parted, each.fix):
            yield from _wrapped(f"{note[:1].upper()}{note[1:]}:", "  ") if note else ()
            yield f"  $ {printable(command)}"
        yield ""


def _parted(fix: str) -> tuple[str, str]:
    """A command and its note: not every shell takes what stands behind # for a comment where somebody types."""
    command, _, note = fix.partition("    # ")
    return command, note


def _wrapped(sentence: str, indent: str) -> list[str]:
    return textwrap.wrap(
        printable(sentence), _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _closing(diagnoses: Sequence[Diagnosis], facts: Facts) -> str:
    problems, untold = (sum(each.state is state for each in diagnoses) for state in (State.PROBLEM, State.CANNOT_TELL))
    at = f"{facts.moment:%Y-%m-%d %H:%M} UTC"
    if not problems and not untold:
        return f"All is well: {len(diagnoses)} of {len(diagnoses)}, at {at}."
    parts = [f"{problems} problem{'s' if problems != 1 else ''}"] if problems else []
    parts += [f"{untold} that cannot be told"] if untold else []
    return f"{' and '.join(parts)}, of {len(diagnoses)} looked at, at {at}."
