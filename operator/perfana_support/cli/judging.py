"""Installations judged one after the other, with registries asked for what the policy wants proven."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from perfana_support.cli.check_options import TARGET_ALONE
from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate, evaluate_target
from perfana_support.model.check import Check
from perfana_support.model.image_policy import Verification
from perfana_support.model.installation import Installation
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.divided_work import divided
from perfana_support.sources.errors import Fault, SourceError

if TYPE_CHECKING:
    from perfana_support.cli.registries import Registries
    from perfana_support.model.answer import Answers


# Each takes about a millisecond.
_BATCH = 16


def judged(
    arguments: argparse.Namespace,
    installations: Sequence[Installation],
    policy: Policy,
    as_of: date,
    check_of: Callable[[str], Check],
) -> Iterator[Verdict]:
    """The verdicts, in order."""
    evaluated = evaluate_target if arguments.judge == TARGET_ALONE else evaluate

    def judge(installation: Installation, answers: "Answers") -> Verdict:
        check = check_of(installation.namespace)
        seen = select(installation, check, policy)
        return evaluated(seen._replace(answers=answers) if answers else seen, policy, as_of, check)

    if policy.fields.images.verification is Verification.REGISTRY:
        return _with_registries(arguments, installations, policy, judge)
    starts = range(0, len(installations), _BATCH)
    batches = divided(starts, lambda start: [judge(each, {}) for each in installations[start : start + _BATCH]])
    return (verdict for _, verdicts in batches for verdict in verdicts)


def _with_registries(
    arguments: argparse.Namespace,
    installations: Iterable[Installation],
    policy: Policy,
    judge: Callable[[Installation, "Answers"], Verdict],
) -> Iterator[Verdict]:
    """The verdicts, each of which asks registries for what those before have not asked for."""
    registries: Registries | None = None
    try:
        for installation in installations:
            verdict = judge(installation, registries.known if registries else {})
            while verdict.open_questions:
                registries = registries or open_registries(arguments, policy)
                registries.ask(verdict.open_questions)
                verdict = judge(installation, registries.known)
            yield verdict
    finally:
        if registries:
            registries.close()


def open_registries(arguments: argparse.Namespace, policy: Policy) -> "Registries":
    """The policy's registries, with the user's credentials. Raises `SourceError` where the part that asks is not installed."""
    try:
        from perfana_support.cli.registries import Registries  # noqa: PLC0415 - a tenth of a second, for who asks alone
    except ModuleNotFoundError as error:
        remedy = "install perfana-support[cluster] or take perfana-support-cluster; --verification Reference asks none"
        raise SourceError([Fault("asking a registry", 0, 0, f"is not installed ({error.name}); {remedy}")]) from error
    return Registries(policy.fields.images, arguments.registry_config or "", arguments.registry_ca_file or "")
