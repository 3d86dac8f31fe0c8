"""VersionSupported: is every component on a release line within its support window?"""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from perfana_support.evaluate.inventory import Component, Inventory, recognise, short_repository
from perfana_support.evaluate.remedy import newest_release, set_release, upgrade
from perfana_support.model.calendar import day_after
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding, exactly
from perfana_support.model.installation import Subject
from perfana_support.model.policy import ClockStart, Line, Policy, line_number

_NUMBER = re.compile(r"\d+", re.ASCII)


def judge(inventory: Inventory, policy: Policy, as_of: date) -> Iterator[Finding]:
    """All findings about releases and lines, as of a day."""
    for gap in inventory.gaps:
        yield Finding(
            Code.WORKLOADS_UNREADABLE,
            Subject("Installation", namespace=inventory.namespace),
            f"what runs is not known completely: {gap}",
            "make it readable: grant get, list and watch on the resource, or mend the file",
            # Numbers are places in files, which move.
            detail=exactly(*_NUMBER.split(gap)),
        )
    for image in inventory.unreadable:
        yield Finding(
            Code.VERSION_UNDETERMINED,
            image.subject,
            f"the image reference {image.subject.image!r} cannot be read, so it may be any image",
            "set a complete image reference: registry/repository:tag",
            image.location,
        )
    for component in inventory.components:
        for finding in _judge_image(component.subject.image, policy, as_of):
            yield finding._replace(subject=component.subject, location=component.location)
    yield from _mixed_releases(inventory.components, policy)
    yield from _retired_components(inventory.components, policy)
    if as_of > policy.stale_after:
        yield Finding(
            Code.POLICY_STALE,
            Subject("SupportPolicy", name=policy.name),
            f"policy {policy.name} was published on {policy.published_on} and is to be relied on for "
            f"{policy.fields.max_policy_age_days} days; later releases and end-of-life dates are not in it",
            "update perfana-support or the SupportPolicy, and set its publishedOn",
        )


def dates(inventory: Inventory, policy: Policy) -> Iterator[date]:
    """The days on which time alone may change what `judge` finds."""
    for line in {component.line for component in inventory.components if component.line}:
        at_risk_from = policy.at_risk_from(line)
        if line.end_of_life_on and at_risk_from:
            yield at_risk_from
            yield day_after(line.end_of_life_on)
    yield from {component.line.first_released_on for component in inventory.components if component.line}
    yield day_after(policy.stale_after)


@lru_cache(maxsize=1024)
def _judge_image(image: str, policy: Policy, as_of: date) -> tuple[Finding, ...]:
    """What the release of a component's image is on a day, wherever it runs. Kept: a fleet runs the same few images."""
    component = recognise(image, policy)
    return tuple(_judge_release(component, policy, as_of)) if component else ()


def _judge_release(component: Component, policy: Policy, as_of: date) -> Iterator[Finding]:
    if component.tag.number is None:
        yield component.finding(Code.VERSION_UNDETERMINED, _no_number(component), set_release(component, policy, as_of))
        return
    if not component.line_name:
        message = (
            f"{component.tag.text} is a version of {component.short_name} alone, and no release in policy "
            f"{policy.name} lists it"
        )
        yield component.finding(Code.UNKNOWN_RELEASE, message, set_release(component, policy, as_of))
        return
    if component.line is None:
        yield _unlisted_line(component, policy, as_of)
        return
    out_on = component.line.first_released_on
    if as_of < out_on:
        text = component.release_text or f"line {component.line_name}"
        message = f"{component.short_name} runs {text}, whose line came out on {out_on}: nobody supported it on {as_of}"
        yield component.finding(Code.UNKNOWN_RELEASE, message, f"judge as of {out_on} or a later day")
        return
    if not policy.has_component(component.line_name, component.repository, component.listed):
        message = (
            f"line {component.line_name} has no {component.short_name}, so {component.reference.tag or component.release_text} "
            "is no release of it"
        )
        yield component.finding(Code.UNKNOWN_RELEASE, message, upgrade(component, policy))
    # A line that ended has ended for what it never had as well.
    yield from _judge_line(component, component.line, policy, as_of)
    if component.release is None:
        message = f"tag {component.reference.tag} names line {component.line_name}, not a release: what runs can change"
        yield component.finding(Code.FLOATING_TAG, message, set_release(component, policy, as_of))
    elif component.listed is None:
        newest = policy.newest_of_line.get(component.line_name)
        message = f"policy {policy.name} does not list release {component.release_text}; its line {component.line_name} decides"
        advice = f"newest listed release of the line: {newest.version}" if newest else "no release of the line is listed"
        yield component.finding(Code.UNLISTED_PATCH, message, advice)
    elif as_of < component.listed.released_on:
        message = (
            f"release {component.release_text} was first seen on {component.listed.released_on}, after {as_of}; "
            f"its line {component.line_name} decides"
        )
        yield component.finding(Code.UNLISTED_PATCH, message, f"judge as of {component.listed.released_on} or a later day")
    yield from _judge_patch(component, policy)


def _judge_line(component: Component, line: Line, policy: Policy, as_of: date) -> Iterator[Finding]:
    end, at_risk_from = line.end_of_life_on, policy.at_risk_from(line)
    if end is None or at_risk_from is None or as_of < at_risk_from:
        return
    runs = f"{component.short_name} runs {component.release_text or component.line_name}"
    if as_of > end:
        message = f"{runs}; line {line.name} reached its end of life on {end} ({_why(line, policy)})"
        yield component.finding(Code.END_OF_LIFE, message, upgrade(component, policy))
    else:
        message = f"{runs}; line {line.name} is supported until {end} ({_why(line, policy)})"
        yield component.finding(Code.APPROACHING_END_OF_LIFE, message, upgrade(component, policy))


def _judge_patch(component: Component, policy: Policy) -> Iterator[Finding]:
    release = component.release
    if release is None:
        return
    for defect in policy.fields.defects:
        if component.repository in defect.repositories and defect.first <= release <= defect.last:
            message = f"the vendor lists {component.short_name} {component.release_text} as broken: {defect.problem}"
            remedy = f"fixed in {defect.fixed_in}; {upgrade(component, policy)}"
            yield component.finding(Code.KNOWN_DEFECT, message, remedy, defect.name)
    fixes = [fix for fix in policy.security_releases.get(release.line, ()) if fix.number > release]
    if fixes:
        message = (
            f"{_count(len(fixes), 'later release')} of line {release.line} "
            f"{'fixes' if len(fixes) == 1 else 'fix'} security faults that {component.release_text} has, "
            f"the last is {fixes[-1].version} of {fixes[-1].released_on}"
        )
        yield component.finding(Code.SECURITY_FIX_MISSING, message, upgrade(component, policy), fixes[-1].version)
    newest = newest_release(policy)
    if newest and component.line and policy.succession(newest) > (component.line.place, release):
        message = f"{component.release_text} runs, {newest.version} came out on {newest.released_on}"
        yield component.finding(Code.UPGRADE_AVAILABLE, message, upgrade(component, policy))


def _unlisted_line(component: Component, policy: Policy, as_of: date) -> Finding:
    """A line that the policy does not list: newer than all of its numbering, or unknown."""
    name, text = component.line_name, component.release_text or component.line_name
    numbering = _numbering_below(component, policy)
    if numbering and numbering[-1].number < line_number(name):
        message = (
            f"{text} is of line {name}, which is newer than every line that policy {policy.name} of {policy.published_on} lists"
        )
        return component.finding(Code.NEWER_THAN_POLICY, message, _add_line(name, is_last=numbering == policy.numberings[-1]))
    message = f"{text} is of line {name}, which policy {policy.name} does not list"
    return component.finding(Code.UNKNOWN_RELEASE, message, set_release(component, policy, as_of))


def _numbering_below(component: Component, policy: Policy) -> tuple[Line, ...]:
    """The numbering that the component's unlisted line falls into: the one that starts nearest below it, else none.

    Only numberings that have a line of this component count.
    """
    own = {name for product_line in policy.product_lines_of[component.repository] for name in product_line.lines}
    number = line_number(component.line_name)
    below = [run for run in policy.numberings if run[0].number <= number and any(line.name in own for line in run)]
    return max(below, key=lambda run: run[0].number, default=())


def _add_line(name: str, *, is_last: bool) -> str:
    """A user's policy adds lines behind all others, where one of an older numbering would end its predecessor's support."""
    if is_last:
        return f"update perfana-support, or add line {name} with its firstReleasedOn to spec.lines of a SupportPolicy"
    return f"update perfana-support; where line {name} belongs among the others, only a policy with basePolicy: None can say"


def _mixed_releases(components: tuple[Component, ...], policy: Policy) -> Iterator[Finding]:
    """Components that must carry one number and do not, and different lines side by side."""
    known = [component for component in components if component.line_name]
    lines = {component.line_name for component in known}
    tied = [component for component in known if component.release and _is_same_release(component, policy)]
    numbers = {component.release for component in tied}
    if len(lines) > 1:
        what, mixed = "release lines side by side", known
    elif len(numbers) > 1:
        what, mixed = "releases of components that must carry one number", tied
    else:
        return
    by_text: dict[str, set[str]] = {}
    for component in mixed:
        by_text.setdefault(component.release_text or component.line_name, set()).add(component.short_name)
    listing = "; ".join(f"{text}: {', '.join(sorted(names))}" for text, names in sorted(by_text.items()))
    namespace = mixed[0].subject.namespace
    yield Finding(
        Code.MIXED_RELEASES,
        Subject("Installation", namespace=namespace),
        f"different {what}: {listing}",
        "set all components to one release",
        min((component.location for component in mixed if component.location), default=None),
        detail=exactly(*sorted(by_text)),
    )


def _is_same_release(component: Component, policy: Policy) -> bool:
    return any(
        product_line.same_release and component.line_name in product_line.lines
        for product_line in policy.product_lines_of[component.repository]
    )


def _retired_components(components: tuple[Component, ...], policy: Policy) -> Iterator[Finding]:
    """Components that run beside the one which took their place."""
    running = {component.repository for component in components}
    for component in components:
        successor = policy.successors_of.get(component.repository)
        if successor in running:
            message = f"{short_repository(successor)} took the place of {component.short_name}, and both run"
            yield component.finding(
                Code.RETIRED_COMPONENT, message, f"remove {component.subject.kind} {component.subject.name}"
            )


def _no_number(component: Component) -> str:
    reference = component.reference
    if reference.tag is None:
        pinned = "only a digest" if reference.digest else "no tag"
        return f"{component.subject.image} has {pinned}, which names no release"
    return f"tag {reference.tag} names no release"


def _why(line: Line, policy: Policy) -> str:
    rule = policy.fields.end_of_life
    if line.is_end_stated:
        return "the policy states this day"
    years = _count(rule.years, "year")
    if rule.clock_starts_at is ClockStart.OWN_RELEASE:
        return f"it came out on {line.first_released_on}, plus {years}"
    return f"line {line.successor} came out on {policy.lines[line.successor or ''].first_released_on}, plus {years}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
