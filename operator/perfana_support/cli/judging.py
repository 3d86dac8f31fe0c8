"""Installations judged one after the other, with registries asked for what the policy wants proven."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Self

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
    from perfana_support.model.answer import Answer, Answers, Question


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
    with _Asking(arguments, policy) as asking:
        for installation in installations:
            verdict = judge(installation, asking.known(installation))
            while verdict.open_questions:
                asking.ask(verdict.open_questions)
                verdict = judge(installation, asking.known(installation))
            yield verdict


def with_answers(
    arguments: argparse.Namespace, installation: Installation, policy: Policy, judge: Callable[[Installation], Verdict]
) -> Installation:
    """The installation with all that a judgement wants to know of registries; as it is where the policy asks none."""
    if policy.fields.images.verification is not Verification.REGISTRY:
        return installation
    with _Asking(arguments, policy) as asking:
        while questions := judge(installation).open_questions:
            asking.ask(questions)
            installation = installation._replace(answers=asking.known(installation))
    return installation


class _Asking:
    """The policy's registries, opened once there is a question, and closed behind the last one."""

    def __init__(self, arguments: argparse.Namespace, policy: Policy) -> None:
        self._arguments = arguments
        self._policy = policy
        self._registries: Registries | None = None
        self._answers: dict[Question, Answer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._registries:
            self._registries.close()

    def known(self, installation: Installation) -> "Answers":
        """What is known so far: of before, such as a bundle holds, and of this run."""
        return {**installation.answers, **self._answers}

    def ask(self, questions: "Sequence[Question]") -> None:
        """Have questions answered."""
        self._registries = self._registries or open_registries(self._arguments, self._policy)
        self._registries.ask(questions)
        self._answers |= {question: self._registries.known[question] for question in questions}


def open_registries(arguments: argparse.Namespace, policy: Policy) -> "Registries":
    """The policy's registries, with the user's credentials. Raises `SourceError` where the part that asks is not installed."""
    try:
        from perfana_support.cli.registries import Registries  # noqa: PLC0415 - a tenth of a second, for who asks alone
    except ModuleNotFoundError as error:
        remedy = "install perfana-support[cluster] or take perfana-support-cluster; --verification Reference asks none"
        raise SourceError([Fault("asking a registry", 0, 0, f"is not installed ({error.name}); {remedy}")]) from error
    return Registries(policy.fields.images, arguments.registry_config or "", arguments.registry_ca_file or "")
