"""What the policy says of tickets: plans and their response targets, severities, coverage, languages and topics.

Nothing of it decides a verdict, so `check` does not read it from the built-in policy: `ticket_rules` does when it is asked for.
Of a policy that a user writes everything is read at once, so that `policy lint` names every fault.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from enum import StrEnum
from typing import Any, NamedTuple

from perfana_support.model.calendar import parse_day
from perfana_support.model.document import Node, Problem, SoundNode
from perfana_support.model.support_policy import SupportRules

# Hours, or business days: a longer target is a slip of the hand.
MAX_AMOUNT = 1000
_ZONE = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d|[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*", re.ASCII)
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
# Words as they are, and with `*` in front or behind also as the end or beginning of one: nothing that could run away.
_PHRASE = re.compile(r"\*?[^ *]+(?: [^ *]+)*\*?")
_SEVERITY = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)
_SHORTEST_PHRASE, _LONGEST_PHRASE = 3, 64
_ADDRESS = re.compile(r"https?://[!-~]{1,500}", re.ASCII)
_ADDRESS_FORM = "an address, for example https://jira.perfana.io/servicedesk"
_ZONE_FORM = "an offset such as +01:00 or the name of a zone such as Europe/Amsterdam"
_SEVERITY_FORM = "the name of a severity, letters and numbers, for example SEV1"
_CLOCK_FORM = "a time of day as HH:MM"
_PHRASE_FORM = 'words as a summary may hold them, of 3 to 64 characters; "*train*" stands for all words that hold these letters'
# What entries of a whole policy need, with its form.
_NEEDED = {
    "severities": {"definition": "what the severity means"},
    "topics": {"handling": "one of Included, Excluded, UpgradeAssistance", "sentence": "the policy's sentence about it"},
    "languages": {"title": "the language's name"},
}
_TARGET = {"amount": f"a whole number from 1 to {MAX_AMOUNT}", "unit": "one of Hours, BusinessDays"}
_COVERAGE = {"timeZone": _ZONE_FORM, "opensAt": _CLOCK_FORM, "closesAt": _CLOCK_FORM, "weekdays": "a list of weekdays"}


class Unit(StrEnum):
    """What a response target is counted in."""

    HOURS = "Hours"
    BUSINESS_DAYS = "BusinessDays"


class Handling(StrEnum):
    """What support does about a topic; upgrade assistance is what alone is left after the end of life."""

    INCLUDED = "Included"
    EXCLUDED = "Excluded"
    UPGRADE_ASSISTANCE = "UpgradeAssistance"


class Impact(StrEnum):
    """What somebody may state of a problem's impact."""

    PRODUCTION_DOWN = "ProductionDown"
    MAJOR_MALFUNCTION = "MajorMalfunction"
    SERIOUS_DEGRADATION = "SeriousDegradation"
    MANY_USERS = "ManyUsers"
    SOME_USERS = "SomeUsers"
    FEW_USERS = "FewUsers"
    MODERATE_BUSINESS_IMPACT = "ModerateBusinessImpact"
    LIMITED_BUSINESS_IMPACT = "LimitedBusinessImpact"


class Weekday(StrEnum):
    """Days of the week, in their order."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class ResponseTarget(NamedTuple):
    """Within how much covered time the vendor answers first."""

    amount: int
    unit: Unit


class PlanService(NamedTuple):
    """What a plan gives: `targets` by the severity's name, `phone_severities` those for which the vendor may be phoned."""

    name: str
    has_portal: bool
    has_weekends: bool
    phone_severities: tuple[str, ...]
    targets: dict[str, ResponseTarget]


class Severity(NamedTuple):
    """A level of impact in the policy's words. One of `fits` is enough, or all of `fits_together`."""

    name: str
    title: str
    definition: str
    fits: tuple[Impact, ...]
    fits_together: tuple[Impact, ...]


class Coverage(NamedTuple):
    """The hours of weekdays in which support is there. `weekdays` count from Monday, 0; holidays take theirs away."""

    zone: str
    opens_at: time
    closes_at: time
    weekdays: frozenset[int]
    holidays: frozenset[date]


class SpokenLanguage(NamedTuple):
    """A language that support is given in."""

    name: str
    title: str


class Topic(NamedTuple):
    """What a ticket may be about, in the policy's words; `words` are what a summary about it may hold."""

    name: str
    handling: Handling
    sentence: str
    words: tuple[str, ...]


class Sentences(NamedTuple):
    """The policy's sentences about what else decides; "" where it has none."""

    community: str = ""
    language: str = ""
    response_targets: str = ""
    requesters: str = ""
    knowledge: str = ""
    guidance: str = ""


class TicketRules(NamedTuple):
    """All that the policy says of tickets; empty, or None, where it says nothing."""

    portal: str
    plans: dict[str, PlanService]
    severities: dict[str, Severity]
    coverage: Coverage | None
    languages: tuple[SpokenLanguage, ...]
    topics: dict[str, Topic]
    sentences: Sentences


def ticket_rules(support: SupportRules) -> TicketRules:
    """The rules of a policy that was read, and so is known to have no fault."""
    return read_ticket_rules(SoundNode(support.stated, "", []))


def read_ticket_rules(node: Node) -> TicketRules:
    """The rules that `spec.support` states; `node` collects what is wrong with them."""
    plans = [_read_plan(entry) for entry in node.nodes("plans", "name")]
    severities = [_read_severity(entry) for entry in node.nodes("severities", "name")]
    topics = [_read_topic(entry) for entry in node.nodes("topics", "name")]
    return TicketRules(
        node.read("portal", lambda raw: _matching(raw, _ADDRESS), _ADDRESS_FORM, required=False) or "",
        {plan.name: plan for plan in plans if plan.name},
        {severity.name: severity for severity in severities if severity.name},
        _read_coverage(node.node("coverage")),
        tuple(_read_language(entry) for entry in node.nodes("languages", "name")),
        {topic.name: topic for topic in topics if topic.name},
        _read_sentences(node.node("sentences")),
    )


def check_ticket_rules(path: str, spec: Mapping[str, Any], rules: TicketRules, problems: list[Problem]) -> None:
    """What must hold across a whole policy: entries are whole, severities that are named exist, targets have hours."""
    problems += _lacks(path, spec)
    known = rules.severities
    for plan in rules.plans.values():
        place = f'{path}.plans["{plan.name}"]'
        named = [(f'responseTargets["{name}"].severity', name) for name in plan.targets]
        named += [("phoneSeverities", name) for name in plan.phone_severities]
        problems += [
            Problem(f"{place}.{field}", f"must name a severity of {path}.severities, {name!r} is not one")
            for field, name in named
            if name not in known
        ]
    if not spec.get("coverage") and any(plan.targets for plan in rules.plans.values()):
        problems.append(
            Problem(f"{path}.coverage", "must state timeZone, opensAt, closesAt and weekdays: targets count in them")
        )


def _read_plan(node: Node) -> PlanService:
    """One plan; "" as its name where it has none, which is a problem."""
    name = node.text("name", "the name of a plan", required=True)
    has_portal = node.flag("supportPortal")
    has_weekends = node.flag("weekendCoverage")
    phone = node.values("phoneSeverities", "a list of severities", _to_severity, _SEVERITY_FORM)
    targets = {}
    for entry in node.nodes("responseTargets", "severity"):
        severity = entry.read("severity", _to_severity, _SEVERITY_FORM, required=True)
        amount, unit = entry.whole("amount", 1, MAX_AMOUNT), entry.choice("unit", Unit)
        entry.finish()
        if severity and amount and unit:
            targets[severity] = ResponseTarget(amount, unit)
    node.finish()
    return PlanService(name or "", bool(has_portal), bool(has_weekends), phone, targets)


def _lacks(path: str, spec: Mapping[str, Any]) -> Iterator[Problem]:
    """What entries of a whole policy lack: a part of one may be left out only where the entry of the base has it."""
    for field, parts in _NEEDED.items():
        for entry in spec.get(field) or ():
            yield from _lacking(f'{path}.{field}["{entry["name"]}"]', entry, parts)
    for plan in spec.get("plans") or ():
        for entry in plan.get("responseTargets") or ():
            place = f'{path}.plans["{plan["name"]}"].responseTargets["{entry["severity"]}"]'
            yield from _lacking(place, entry, _TARGET)
    if spec.get("coverage"):
        yield from _lacking(f"{path}.coverage", spec["coverage"], _COVERAGE)


def _lacking(place: str, entry: Mapping[str, Any], parts: Mapping[str, str]) -> Iterator[Problem]:
    yield from (Problem(f"{place}.{part}", f"is missing, must be {form}") for part, form in parts.items() if part not in entry)


def _read_severity(node: Node) -> Severity:
    name = node.read("name", _to_severity, _SEVERITY_FORM, required=True)
    title, definition = node.text("title"), node.text("definition")
    fits, together = _impacts(node, "fits"), _impacts(node, "fitsTogether")
    node.finish()
    return Severity(name or "", title or name or "", definition or "", fits, together)


def _impacts(node: Node, field: str) -> tuple[Impact, ...]:
    known = {str(impact): impact for impact in Impact}
    return node.values(field, "a list of impacts", known.get, "one of " + ", ".join(known))


def _read_coverage(node: Node) -> Coverage | None:
    if not node.data:
        return None
    days = {str(day): place for place, day in enumerate(Weekday)}
    zone = node.read("timeZone", lambda raw: _matching(raw, _ZONE), _ZONE_FORM, required=False)
    opens_at = node.read("opensAt", _to_clock, _CLOCK_FORM, required=False)
    closes_at = node.read("closesAt", _to_clock, _CLOCK_FORM, required=False)
    weekdays = node.values("weekdays", "a list of weekdays", days.get, "one of " + ", ".join(days))
    holidays = node.values("holidays", "a list of days as YYYY-MM-DD", parse_day, "a date as YYYY-MM-DD")
    node.finish()
    if "weekdays" in node.data and not node.data["weekdays"]:
        node.fail("weekdays", "must name at least one weekday, else no target is ever due")
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        node.fail("closesAt", f"must be later than opensAt, {opens_at:%H:%M}, is {closes_at:%H:%M}")
    if zone is None or opens_at is None or closes_at is None or not weekdays:
        return None
    return Coverage(zone, opens_at, closes_at, frozenset(weekdays), frozenset(holidays))


def _read_language(node: Node) -> SpokenLanguage:
    name = node.read("name", lambda raw: _matching(raw, _LANGUAGE), "two or three letters, for example nl", required=True)
    title = node.text("title")
    node.finish()
    return SpokenLanguage(name or "", title or name or "")


def _read_topic(node: Node) -> Topic:
    name = node.read("name", lambda raw: _matching(raw, _NAME), "lower-case words joined by -", required=True)
    handling, sentence = node.choice("handling", Handling), node.text("sentence")
    words = node.values("words", "a list of words", _to_phrase, _PHRASE_FORM)
    node.finish()
    return Topic(name or "", handling or Handling.EXCLUDED, sentence or "", words)


def _read_sentences(node: Node) -> Sentences:
    fields = ("community", "language", "responseTargets", "requesters", "knowledge", "guidance")
    texts = [node.text(field) or "" for field in fields]
    node.finish()
    return Sentences(*texts)


def _matching(raw: object, pattern: re.Pattern[str]) -> str | None:
    return raw if isinstance(raw, str) and pattern.fullmatch(raw) else None


def _to_severity(raw: object) -> str | None:
    return _matching(raw, _SEVERITY)


def _to_clock(raw: object) -> time | None:
    return time.fromisoformat(raw) if isinstance(raw, str) and _CLOCK.fullmatch(raw) else None


def _to_phrase(text: str) -> str | None:
    return text if _SHORTEST_PHRASE <= len(text) <= _LONGEST_PHRASE and _PHRASE.fullmatch(text) else None
