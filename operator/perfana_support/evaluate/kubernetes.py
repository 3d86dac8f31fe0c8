"""What is wrong with a Kubernetes version, of a server or a kubelet: its distribution, its support window, its build."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from perfana_support.model.calendar import day_after
from perfana_support.model.code import EFFECT_ORDER, Code
from perfana_support.model.kubernetes import KubernetesVersion
from perfana_support.model.platform_policy import Distribution, PlatformRules, Window

_MOVE = "move to a distribution that the policy supports"
_ADD_LINE = "update perfana-support, or add the line to spec.platform.kubernetesLines of the policy"
_STATE_BOUGHT = "if extended support is bought, state extendedSupport: Included for the distribution in the policy"


class Outcome(NamedTuple):
    """One thing that is wrong; `words` follow the sentence about what was seen.

    `detail` tells outcomes of one code and version apart, as a finding's does.
    """

    code: Code
    words: str
    remedy: str
    detail: str = ""


class _Claim(NamedTuple):
    """What a version's distribution may be: one, or two that contradict each other, of which the worse counts.

    None is upstream's own. `note` names a contradiction in messages, "" without one.
    """

    candidates: tuple[Distribution | None, ...]
    note: str


def judge(
    version: KubernetesVersion, declared_as: str, rules: PlatformRules, as_of: date, *, upgrade_what: str
) -> Iterator[Outcome]:
    """What is wrong with a version on a day.

    `declared_as` is the distribution that the user states, "" for none; `upgrade_what` names in remedies what runs the version.
    """
    claim = _claim(version, declared_as, rules)
    for named in filter(None, claim.candidates):
        words = _excluded(version, named)
        if words:
            yield Outcome(Code.DISTRIBUTION_UNSUPPORTED, words + claim.note, _MOVE, named.name)
    found = []
    for distribution in claim.candidates:
        window = rules.window(version.number, distribution)
        if window and as_of <= window.until and version.is_release:
            continue
        remedy = _upgrade(distribution, rules, as_of, upgrade_what)
        if window is None:
            found.append(_judge_unlisted(version, distribution, rules, as_of, remedy))
        else:
            label = _label(version.number, distribution)
            found.append(_judge_window(window, label, as_of, remedy) or _not_released(version, remedy))
    worst = min(found, key=lambda outcome: EFFECT_ORDER[outcome.code.effect], default=None)
    if worst:
        yield worst._replace(words=worst.words + claim.note)


def dates(version: KubernetesVersion, declared_as: str, rules: PlatformRules) -> Iterator[date]:
    """The days on which time alone may change what `judge` finds."""
    for distribution in _claim(version, declared_as, rules).candidates:
        numbers = rules.numbers(distribution)
        number = version.number if version.number in numbers else min(numbers, default=version.number)
        window = rules.window(number, distribution)
        if window:
            yield day_after(window.until)
            yield day_after(window.last_day)


def _claim(version: KubernetesVersion, declared_as: str, rules: PlatformRules) -> _Claim:
    """The distribution of a version: what its suffix says and what the user declares.

    A declaration holds for a version without suffix. A suffix that is not the declared distribution's contradicts it, and then
    neither may lengthen the support window of the other.
    """
    detected = rules.detect(version)
    declared = rules.named(declared_as) if declared_as else None
    if not declared_as or (declared is not None and declared == detected):
        return _Claim((detected,), "")
    if not version.suffix:
        return _Claim((declared,), "")
    title = declared.title if declared else declared_as
    told = f"is {detected.title}'s" if detected else f"is not known of {title}"
    note = f"; it is declared as {title}, but suffix {version.suffix} {told}: the shorter support window counts"
    return _Claim((declared, detected), note)


def _excluded(version: KubernetesVersion, distribution: Distribution) -> str:
    """Why the policy excludes the distribution or this version of it, "" when it does not."""
    if not distribution.is_supported:
        return f"the policy lists {distribution.title} as not supported"
    if distribution.minimum and version.number < distribution.minimum:
        least = _label(distribution.minimum, distribution)
        return f"this is {_label(version.number, distribution)}, and {distribution.title} is supported from {least}"
    return ""


def _judge_window(window: Window, label: str, as_of: date, remedy: str) -> Outcome | None:
    if as_of > window.last_day:
        return Outcome(Code.KUBERNETES_END_OF_LIFE, f"{label} {_ended(window)}", remedy)
    if as_of > window.until:
        words = (
            f"{label} was supported until {window.until} ({window.by}), and is until {window.optional_until} with extended "
            "support, which has to be bought and does not show in a cluster"
        )
        return Outcome(Code.KUBERNETES_UNLISTED, words, f"{remedy}; {_STATE_BOUGHT}")
    return None


def _judge_unlisted(
    version: KubernetesVersion, distribution: Distribution | None, rules: PlatformRules, as_of: date, remedy: str
) -> Outcome:
    """A line without a day: newer than all that are listed, older, or nothing to compare with.

    Lines end in the order in which they came, so one before an ended line has ended. Another major version is no newer line of
    this one: nothing is known of it.
    """
    label = _label(version.number, distribution)
    numbers = [number for number in rules.numbers(distribution) if number[0] == version.major]
    if numbers and version.number > numbers[-1]:
        words = f"{label} is newer than {_label(numbers[-1], distribution)}, the last line that the policy lists"
        untested = Outcome(Code.KUBERNETES_UNTESTED, words, _ADD_LINE)
        return untested if version.is_release else _not_released(version, remedy)
    oldest = rules.window(numbers[0], distribution) if numbers and version.number < numbers[0] else None
    if oldest and as_of > oldest.last_day:
        words = f"{label} is older than {_label(numbers[0], distribution)}, which {_ended(oldest)}"
        return Outcome(Code.KUBERNETES_END_OF_LIFE, words, remedy)
    return Outcome(Code.KUBERNETES_UNLISTED, f"the policy lists no support window of {label}", remedy)


def _not_released(version: KubernetesVersion, remedy: str) -> Outcome:
    """Pre-releases and changed builds have no support window, whatever their line."""
    kind = f"a pre-release ({version.pre_release})" if version.pre_release else "built from changed sources (dirty)"
    return Outcome(Code.KUBERNETES_UNLISTED, f"this is {kind}, which no support window covers", remedy)


def _ended(window: Window) -> str:
    by = "the last extended support" if window.optional_until else window.by
    return f"reached its end of life on {window.last_day} ({by})"


def _label(number: tuple[int, int], distribution: Distribution | None) -> str:
    """A line as its distribution calls it: "Red Hat OpenShift 4.18 (Kubernetes 1.31)", else "Kubernetes 1.31"."""
    name = "Kubernetes {}.{}".format(*number)
    own = distribution.line(number) if distribution else None
    return f"{distribution.title} {own.product_version} ({name})" if distribution and own and own.product_version else name


def _upgrade(distribution: Distribution | None, rules: PlatformRules, as_of: date, what: str) -> str:
    """The newest line to go to: of the distribution's own calendar where it has one, else of upstream's."""
    own = [line.number for line in distribution.lines] if distribution else []
    for number in sorted(own or [line.number for line in rules.lines], reverse=True):
        window = rules.window(number, distribution)
        if window and as_of <= window.until:
            return f"upgrade {what} to {_label(number, distribution)}, supported until {window.until}"
    return f"upgrade {what} to a line within its support window; the policy lists none: update perfana-support or the policy"
