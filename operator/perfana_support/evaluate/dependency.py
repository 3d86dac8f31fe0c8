"""DependenciesSupported: are the databases and the like of products and versions that the policy lists for the lines?

What the vendor deploys a line with comes first, upstream's calendar second. Where components of several lines run, as in an
unfinished upgrade, a dependency is fine when one of these lines lists it, for it may be that line's own.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property

from perfana_support.evaluate.dependency_wording import any_of, listing, name_lines, name_versions, what_was_seen
from perfana_support.evaluate.inventory import Inventory
from perfana_support.evaluate.seen_dependency import Seen, take_dependencies
from perfana_support.model.calendar import day_after
from perfana_support.model.code import Code
from perfana_support.model.dependency import is_listed, is_within, upstream_cycle
from perfana_support.model.dependency_rules import Combination, DependencyRules, Deployed, Product
from perfana_support.model.finding import Finding, exactly
from perfana_support.model.image import parse_image
from perfana_support.model.installation import Installation, Subject
from perfana_support.model.policy import Policy, line_number
from perfana_support.model.release import Release


def judge(  # noqa: PLR0913 - the facts, what they are held against, and the day
    installation: Installation,
    lines: tuple[str, ...],
    rules: DependencyRules,
    policy: Policy,
    as_of: date,
    releases: Iterable[Release] = (),
    leaving: frozenset[str] = frozenset(),
) -> Iterator[Finding]:
    """All findings about dependencies that are there, as of a day.

    `lines` are those of the components, see `judged_lines`; without any there is nothing to hold dependencies against.
    `releases` are the components' own, see `judged_releases`: some versions are listed from a release on, and never where
    the release is unknown. `leaving` are products that an upgrade to the lines leaves behind: they run until then, and are
    nothing that the lines could be held against.
    """
    if lines:
        case = _Case(installation, lines, rules, policy, frozenset(releases), leaving)
        for seen in case.seen:
            yield from _judge_seen(seen, case, as_of)


def judge_absence(
    installation: Installation, lines: tuple[str, ...], rules: DependencyRules, policy: Policy, releases: Iterable[Release]
) -> Iterator[Finding]:
    """Findings about dependencies that are needed and not there, on any day. Arguments as for `judge`."""
    if lines:
        yield from _undeclared(_Case(installation, lines, rules, policy, frozenset(releases), frozenset()))


def dates(installation: Installation, lines: tuple[str, ...], rules: DependencyRules, policy: Policy) -> Iterator[date]:
    """The days on which time alone may change what `judge` finds."""
    for seen in take_dependencies(installation, rules, policy) if lines else ():
        product = rules.products.get(seen.product)
        cycle = upstream_cycle(seen.reading.version, product) if product else None
        if cycle and cycle.ends_on:
            yield day_after(cycle.ends_on)


def judged_lines(inventory: Inventory, policy: Policy) -> tuple[str, ...]:
    """The lines to judge dependencies by, in order of succession: those of the components.

    When no tag tells a line, all that the components can be of, so that what no line lists is still found.
    """
    known = {component.line_name for component in inventory.components if component.line_name}
    possible = known or {
        name
        for component in inventory.components
        for product_line in policy.product_lines_of[component.repository]
        for name in product_line.lines
    }
    return tuple(name for name in policy.lines if name in possible) + tuple(sorted(possible - policy.lines.keys()))


def judged_releases(inventory: Inventory) -> frozenset[Release]:
    """The releases that run; a tag that names only a line may be that line's first."""
    releases = {component.release for component in inventory.components if component.release}
    floating = {component.line_name for component in inventory.components if component.line_name and not component.release}
    return frozenset(releases | {Release(*line_number(name)) for name in floating})


def changed_needs(
    before: tuple[str, ...], after: tuple[str, ...], rules: DependencyRules
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What an upgrade changes.

    The products that are needed after it and were not before, as people write them, and the names of those that are no longer
    deployed.
    """
    then, now = _deployed_with(before, rules), _deployed_with(after, rules)
    needs = [each for name, each in now.items() if each.required and not (name in then and then[name].required)]
    titles = (any_of(map(rules.title, (each.product, *each.alternatives))) for each in needs)
    return tuple(titles), tuple(name for name in then if name not in now)


def _deployed_with(lines: tuple[str, ...], rules: DependencyRules) -> dict[str, Deployed]:
    deployments = [rules.deployments[line] for line in lines if line in rules.deployments]
    return {each.product: each for deployment in deployments for each in deployment.products}


class _Case:
    """What one judgement needs, each computed once."""

    def __init__(  # noqa: PLR0913 - the arguments of `judge`
        self,
        installation: Installation,
        lines: tuple[str, ...],
        rules: DependencyRules,
        policy: Policy,
        releases: frozenset[Release],
        leaving: frozenset[str],
    ) -> None:
        self.installation = installation
        self.lines = lines
        self.rules = rules
        self.policy = policy
        self.releases = releases
        self.leaving = leaving
        self.seen = take_dependencies(installation, rules, policy)

    @cached_property
    def is_complete(self) -> bool:
        """Whether what was not seen is not there: nothing was unreadable."""
        return not self.installation.gaps and all(
            parse_image(container.image) for workload in self.installation.workloads for container in workload.containers
        )

    @cached_property
    def provided(self) -> frozenset[str]:
        """Products that serve: a client in an init container or a Job shows none."""
        return frozenset(seen.product for seen in self.seen if seen.serves)

    def is_left_behind(self, product: Product) -> bool:
        """Whether an upgrade leaves the product behind, or what it stands in for."""
        return product.name in self.leaving or (bool(product.imitates) and self.leaving.issuperset(product.imitates))

    def deployed(self, product: str) -> dict[str, Deployed]:
        """What the lines say of a product, by line."""
        found = {}
        for line in self.lines:
            deployment = self.rules.deployments.get(line)
            for each in deployment.products if deployment else ():
                if each.product == product:
                    found[line] = each
        return found

    def ranges(self, product: str) -> dict[str, tuple[str, ...]]:
        """The versions that count for each line with the releases that run."""
        return {
            line: each.versions + tuple(version for version, first in each.later if self._has_reached(line, first))
            for line, each in self.deployed(product).items()
        }

    def listing(self, product: str) -> str:
        """What the policy lists of a product, as a message puts it."""
        ranges = {
            line: each.versions + tuple(f"{version} from {first}" for version, first in self._later(line, each))
            for line, each in self.deployed(product).items()
        }
        return listing(self.rules.title(product), ranges)

    def _later(self, line: str, deployed: Deployed) -> Iterator[tuple[str, str]]:
        """Versions that a line lists from a release on, with that release."""
        for version, first in deployed.later:
            if self._distance(line, first) == 0:
                yield version, f"release {'.'.join(map(str, first))}"

    def _has_reached(self, line: str, first: Release) -> bool:
        """Whether all that runs of a line is `first` or later, in the order in which the lines followed each other."""
        own = [release for release in self.releases if release.line == line]
        distance = self._distance(line, first)
        return distance is not None and (distance > 0 or (distance == 0 and bool(own) and min(own) >= first))

    def _distance(self, line: str, first: Release) -> int | None:
        """How many lines a line comes after that of a release; None when the policy does not know one of them."""
        known, start = self.policy.lines.get(line), self.policy.lines.get(first.line)
        return known.place - start.place if known and start else None


def _judge_seen(seen: Seen, case: _Case, as_of: date) -> Iterator[Finding]:
    product, version = case.rules.products.get(seen.product), seen.reading.version
    if product is None:
        message = f"{seen.product} is declared, which is no product that policy {case.policy.name} knows"
        advice = f"declare one of {', '.join(sorted(case.rules.products)) or 'the products of a policy'}, or leave it out"
        yield _found(seen, Code.DEPENDENCY_UNLISTED, message, advice)
        return
    ranges = case.ranges(seen.product)
    listed_for = tuple(line for line, texts in ranges.items() if is_listed(version, texts, product))
    impossible = _impossible(seen, product, case)
    text, policy = what_was_seen(seen, product), f"policy {case.policy.name}"
    if impossible is not None:
        line, combination = impossible
        message = f"{text}, which cannot work with line {line}: {combination.reason}"
        yield _found(seen, Code.DEPENDENCY_UNSUPPORTED, message, combination.remedy, f"line {line}")
    elif (doubt := _impossible(seen, product, case, is_doubt_enough=True)) is not None:
        line, combination = doubt
        if set(case.deployed(seen.product)) <= set(case.rules.deployments[line].lines):
            open_question = f"which {case.rules.title(combination.host)} it runs on is not told, and on one of them"
        else:
            open_question = "it may be that of another line that runs, and if it is not,"
        message = f"{text}; {open_question} line {line} cannot work: {combination.reason}"
        yield _found(seen, Code.DEPENDENCY_UNLISTED, message, combination.remedy, f"line {line}")
    elif listed_for:
        yield from _judge_upstream(seen, product, listed_for, case, as_of)
    elif case.is_left_behind(product):
        return
    elif ranges:
        message = f"{text}; {policy} lists {case.listing(seen.product)}"
        yield _found(seen, Code.DEPENDENCY_UNLISTED, message, _advise(seen, product, ranges))
    elif product.imitates:
        real = any_of(case.rules.title(name) for name in product.imitates)
        message = f"{text}, a look-alike of {real} that {policy} does not list for {name_lines(case.lines)}"
        yield _found(seen, Code.DEPENDENCY_IMPOSTOR, message, _replace_by(product.imitates, case))
    else:
        message = f"{text}, a product that {policy} does not list for {name_lines(case.lines)}"
        advice = (
            f"remove {product.title} if Perfana does not use it (a left-over of an upgrade), or ask the vendor and waive this"
        )
        yield _found(seen, Code.DEPENDENCY_UNLISTED, message, advice)


def _judge_upstream(seen: Seen, product: Product, lines: tuple[str, ...], case: _Case, as_of: date) -> Iterator[Finding]:
    cycle = upstream_cycle(seen.reading.version, product)
    if cycle is None or cycle.ends_on is None or as_of <= cycle.ends_on:
        return
    message = (
        f"{what_was_seen(seen, product)}, which policy {case.policy.name} lists for {name_lines(lines)}; "
        f"its upstream support ended on {cycle.ends_on}"
    )
    advice = (
        f"the vendor still deploys it; listed are {case.listing(product.name)}: ask the vendor before running another version"
    )
    yield _found(seen, Code.DEPENDENCY_UPSTREAM_END_OF_LIFE, message, advice)


def _impossible(seen: Seen, product: Product, case: _Case, *, is_doubt_enough: bool = False) -> tuple[str, Combination] | None:
    """The first line and combination that rule out what was seen.

    A combination must be proven: a version that may be another, a product that may only not have been readable, or one that
    may belong to another line that runs, is no proof. Where one of several hosts would do, or another line uses the product
    (`is_doubt_enough`), it is a doubt, which neither more hosts beside that one nor that other line lift.
    """
    users = case.deployed(seen.product).keys()
    for line in case.lines:
        deployment = case.rules.deployments.get(line)
        if deployment is None or not (is_doubt_enough or users <= set(deployment.lines)):
            continue
        for combination in deployment.impossible:
            is_meant = combination.product == seen.product
            if is_meant and _applies(combination, seen, product, case, is_any_enough=is_doubt_enough):
                return line, combination
    return None


def _applies(combination: Combination, seen: Seen, product: Product, case: _Case, *, is_any_enough: bool) -> bool:
    if combination.editions and not combination.editions & seen.reading.editions:
        return False
    if not is_within(seen.reading.version, combination.versions, product):
        return False
    if combination.host and not _runs_on(combination, seen, case, is_any_enough=is_any_enough):
        return False
    if combination.unless:
        others = {other.product for other in case.seen}
        return seen.serves and case.is_complete and others.isdisjoint(combination.unless)
    return True


def _runs_on(combination: Combination, seen: Seen, case: _Case, *, is_any_enough: bool) -> bool:
    """Whether the host of a combination is proven: the one in the same image, or else every one that there is, or any."""
    host = case.rules.products.get(combination.host)
    hosts = [other for other in case.seen if other.product == combination.host]
    own = [other for other in hosts if other.subject == seen.subject or (other.is_declared and seen.is_declared)] or hosts
    if host is None or not own:
        return False
    within = [is_within(other.reading.version, combination.host_versions, host) for other in own]
    return any(within) if is_any_enough else all(within)


def _undeclared(case: _Case) -> Iterator[Finding]:
    """Products that a line needs and that are neither seen nor declared, nor an alternative or a look-alike of them."""
    imitated = {other for name in case.provided if name in case.rules.products for other in case.rules.products[name].imitates}
    missing: dict[str, list[str]] = {}
    titles: dict[str, str] = {}
    for line in case.lines:
        deployment = case.rules.deployments.get(line)
        for deployed in deployment.products if deployment else ():
            wanted = (deployed.product, *deployed.alternatives)
            if deployed.required and (case.provided | imitated).isdisjoint(wanted):
                missing.setdefault(deployed.product, []).append(line)
                titles[deployed.product] = any_of(map(case.rules.title, wanted))
    for name, lines in missing.items():
        need = "needs" if len(lines) == 1 else "need"
        message = f"{name_lines(lines)} {need} {titles[name]}; none was seen and none is declared"
        advice = (
            f"declare product {name} and its version in spec.dependencies of the SupportCheck; listed are {case.listing(name)}"
        )
        yield Finding(Code.DEPENDENCY_UNDECLARED, Subject("Dependency", case.installation.namespace, name), message, advice)


def _advise(seen: Seen, product: Product, ranges: dict[str, tuple[str, ...]]) -> str:
    versions = any_of(name_versions(text for texts in ranges.values() for text in texts))
    if seen.reading.version is None and not seen.is_declared:
        return f"set an image whose tag names the version, {product.title} {versions}"
    return f"run {product.title} {versions}, or ask the vendor about this version and waive this"


def _replace_by(names: tuple[str, ...], case: _Case) -> str:
    real = next((name for name in names if case.deployed(name)), None)
    what = f"run {case.listing(real)}" if real else "remove it if Perfana does not use it"
    return f"{what}, or ask the vendor and waive this"


def _found(seen: Seen, code: Code, message: str, remediation: str, reason: str = "") -> Finding:
    """A finding of one product: an image may carry several, and a declaration another version tomorrow."""
    version = seen.reading.version
    detail = exactly(seen.product, version.text if version else "", reason)
    return Finding(code, seen.subject, message, remediation, seen.location, detail=detail)
