"""Before a ticket: may it be raised, until when is it answered first, and what is to be handed over?"""

import argparse
import os
import re
from collections.abc import Iterable
from datetime import UTC, date, tzinfo
from importlib import import_module
from typing import TypeVar

from perfana_support.cli.check_options import to_day, to_text
from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.output import Output, clear, write_text
from perfana_support.cli.statements import refuse_shared_input
from perfana_support.cli.ticket_facts import DEFAULTS, known_of, verdict_of
from perfana_support.cli.ticket_questions import ask_maintenance, ask_plan, ask_severity, can_ask
from perfana_support.cli.ticket_time import read_instant, user_zone
from perfana_support.evaluate.coverage import HORIZON_DAYS, NeverCoveredError, due
from perfana_support.evaluate.request import Request, answer, outdated, unjudged
from perfana_support.evaluate.severity import fit
from perfana_support.model.check import Maintenance
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.ticket_policy import Impact, PlanService, Severity, TicketRules, ticket_rules
from perfana_support.reports.phrases import speaker
from perfana_support.reports.ticket import Response, Ticket
from perfana_support.sources.errors import Fault, SourceError, shown_name
from perfana_support.sources.zone import read_zone

EXAMPLES = """\
examples:
  perfana-support ticket --severity SEV2 -n perfana              # plan and maintenance are the SupportCheck's
  perfana-support ticket --severity SEV2 --bundle perfana.tar.gz -o markdown
  perfana-support ticket --severity SEV2 -f perfana.yaml --plan Team --maintenance-until 2027-12-31
  perfana-support ticket --production-down -f perfana.yaml --check check.yaml
  perfana-support ticket --severity SEV3 --at 2026-11-27T16:59+01:00 -f perfana.yaml --check check.yaml -o markdown
  perfana-support ticket --severity SEV4 --summary 'Dashboards zijn leeg' --language nl -f perfana.yaml --check check.yaml
  perfana-support ticket --severity SEV4 --topic training     # is that part of support at all?

exit codes:
  0  possible
  1  internal error or full disk
  2  usage, unreadable input or policy, unwritable output
  3  not possible
  5  undetermined
"""

_FORMATS = {
    "text": ("perfana_support.reports.ticket_formats", "text"),
    "json": ("perfana_support.reports.ticket_document", "text"),
    "markdown": ("perfana_support.reports.ticket_formats", "markdown"),
}
_CODES = {Status.TRUE: ExitCode.SUPPORTED, Status.FALSE: ExitCode.NOT_SUPPORTED, Status.UNKNOWN: ExitCode.UNDETERMINED}
_USERS = {"many": Impact.MANY_USERS, "some": Impact.SOME_USERS, "few": Impact.FEW_USERS}
_BUSINESS = {"moderate": Impact.MODERATE_BUSINESS_IMPACT, "limited": Impact.LIMITED_BUSINESS_IMPACT}
_FLAGS = {
    "production_down": (Impact.PRODUCTION_DOWN, "the production application is down"),
    "major_malfunction": (Impact.MAJOR_MALFUNCTION, "a major malfunction affects the business"),
    "serious_degradation": (Impact.SERIOUS_DEGRADATION, "performance or functionality is seriously degraded"),
}
_IMPACT_FLAGS = "--production-down, --major-malfunction, --serious-degradation, --users-affected, --business-impact"
VALUES = {"output": tuple(_FORMATS), "language": ("en", "nl"), "severity": ("SEV1", "SEV2", "SEV3", "SEV4")}
# What Jira takes for a summary is an eighth of it.
_LONGEST_SUMMARY = 2000
_INPUTS = ("policy", "check", "bundle", "kubeconfig", "registry_config", "registry_ca_file")
# A bundle says nothing of what was deployed since; this program's choice, as long as the vendor's releases are apart.
_FRESH_DAYS = 30
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)
_T = TypeVar("_T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ticket`."""
    about = parser.add_argument_group("the ticket")
    about.add_argument("--severity", metavar="SEV1..4", help="by the policy's definitions; left out, what the impact fits")
    for name, (_, text) in _FLAGS.items():
        about.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=f"impact: {text}")
    about.add_argument("--users-affected", choices=tuple(_USERS), help="impact: how many users are affected")
    about.add_argument("--business-impact", choices=tuple(_BUSINESS), help="impact on the business, where it is no more")
    about.add_argument(
        "--at", metavar="TIME", help="when it is raised: 2026-11-27T16:59, local, or with an offset (default: now)"
    )
    about.add_argument("--time-zone", metavar="NAME", help="your zone: Europe/Amsterdam, +01:00 (default: the machine's)")
    about.add_argument("--summary", type=_summary, metavar="TEXT", default="", help="its summary, searched for excluded topics")
    about.add_argument("--topic", metavar="NAME", help="what it is about: incident, bug, root-cause, upgrade, training…")
    about.add_argument(
        "--language",
        type=_language,
        metavar="en|nl",
        default="en",
        help="the ticket's language, and the output's (default: en)",
    )
    facts = parser.add_argument_group("what it is about")
    facts.add_argument(
        "-f", "--filename", type=to_text, action="append", metavar="FILE|DIR|-", help="manifests to judge, as check takes them"
    )
    facts.add_argument("-n", "--namespace", type=to_text, metavar="NAMESPACE", help="what runs in this namespace of a cluster")
    facts.add_argument("--bundle", type=to_text, metavar="FILE", help="what a bundle holds (perfana-support bundle)")
    facts.add_argument("--name", type=to_text, metavar="NAME", help="the SupportCheck, where the namespace has several")
    facts.add_argument("--context", metavar="NAME", help="the kubeconfig's context to use (default: the current one)")
    facts.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)")
    facts.add_argument("--registry-config", metavar="FILE", help="a Docker configuration with credentials for registries")
    facts.add_argument("--registry-ca-file", metavar="FILE", help="certificates of authorities, beside the system's")
    facts.add_argument(
        "--check", type=to_text, metavar="FILE|-", help="a SupportCheck document: maintenance, waivers, platform…"
    )
    facts.add_argument("--plan", metavar="NAME", help="the plan: Team, Enterprise… (default: the check's)")
    facts.add_argument("--maintenance-until", type=to_day, metavar="DATE", help="the last day of the plan's maintenance period")
    facts.add_argument(
        "--policy", type=to_text, metavar="FILE|DIR|-", help="a SupportPolicy with what differs from the built-in one"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=_output,
        action="append",
        metavar="FORMAT[=FILE]",
        help="text, json, or markdown to paste into the portal; with =FILE into a file, repeatable (default: text)",
    )
    parser.set_defaults(**DEFAULTS)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Find out whether a ticket is possible, and print what is to be known before it is raised."""
    outputs = _outputs(arguments)
    refuse_shared_input(arguments)
    zone = user_zone(arguments.time_zone)
    at = read_instant(arguments.at, zone)
    as_of = at.astimezone(UTC).date()
    known = known_of(arguments, as_of)
    policy, stated = known.policy, known.stated
    rules = ticket_rules(policy.fields.support)
    impacts = _impacts(arguments)
    fitting = fit(impacts, rules.severities.values())
    topic = _named(arguments.topic, rules.topics, "--topic")
    plan = _named(arguments.plan, rules.plans, "--plan")  # before anything is asked
    request = Request(at, arguments.language, topic, arguments.summary, impacts)
    severity = _severity(arguments, rules, fitting.severity, is_open=bool(impacts))
    maintenance = _maintenance(arguments, plan, stated.check.maintenance, rules)
    facts = verdict_of(arguments, known, as_of, stated.check._replace(maintenance=maintenance))
    eligible = facts.verdict.condition(ConditionType.TICKET_ELIGIBLE)
    facts_of = known.evidence.as_of if known.evidence and arguments.bundle else None
    if facts_of and abs((as_of - facts_of).days) > _FRESH_DAYS:
        eligible = outdated(eligible)
    given = answer(request, eligible if facts.is_judged else unjudged(eligible), rules)
    ticket = Ticket(
        request,
        given,
        rules,
        policy,
        as_of,
        plan=rules.plans[maintenance.plan] if maintenance else None,
        maintained_until=maintenance.expires_on if maintenance else None,
        severity=severity,
        is_taken=arguments.severity is None and severity is fitting.severity,
        fit=fitting,
        verdict=facts.verdict if facts.is_judged else None,
        source={**facts.source, "namespace": facts.verdict.namespace},
        bundle=_bundle(arguments.bundle),
        facts_of=facts_of,
    )
    _write(ticket._replace(response=_response(ticket, zone)), outputs)
    return _CODES[given.status]


def _bundle(file: str | None) -> str:
    """A bundle as a ticket names it: by its file's name and its digest, which say that it is the one."""
    if not file:
        return ""
    from perfana_support.sources.bundle.archive import digest_of  # noqa: PLC0415 - only who has one pays for it

    with open(file, "rb") as stream:
        return f"{os.path.basename(file)} (sha256 {digest_of(stream.read())})"


def _severity(arguments: argparse.Namespace, rules: TicketRules, fitting: Severity | None, *, is_open: bool) -> Severity | None:
    """The severity: stated, else what the impact fits, else asked for. Impact that fits nothing gives none."""
    if arguments.severity is not None:
        return _named(arguments.severity, rules.severities, "--severity")
    if fitting is not None or not rules.severities:
        return fitting
    if can_ask():
        return ask_severity(rules.severities.values(), speaker(arguments.language))
    if is_open:
        return None
    problem = f"is missing; state one of {', '.join(rules.severities)}, or the impact: {_IMPACT_FLAGS}"
    raise SourceError([Fault("--severity", 0, 0, problem)])


def _maintenance(
    arguments: argparse.Namespace, plan: PlanService | None, declared: Maintenance | None, rules: TicketRules
) -> Maintenance | None:
    """The contract: by options, else as the check declares it, else asked for."""
    say = speaker(arguments.language)
    if plan is None and declared is not None:
        plan = _named(declared.plan, rules.plans, f"{shown_name(arguments.check or 'SupportCheck')}: spec.maintenance.plan")
    elif plan is None and can_ask():
        plan = ask_plan(rules.plans.values(), say)
    until: date | None = arguments.maintenance_until
    if plan is None:
        if until is not None:
            raise SourceError([Fault("--maintenance-until", 0, 0, f"needs --plan, one of {', '.join(rules.plans)}")])
        return None
    if until is None and declared is not None:
        until = declared.expires_on
    if until is None and plan.has_portal and can_ask():
        until = ask_maintenance(say)
    return Maintenance(plan.name, until)


def _response(ticket: Ticket, own: tzinfo | None) -> Response | None:
    """The first answer's target, None where there is none to hope for. Raises `SourceError` for coverage that never is."""
    plan, severity, coverage = ticket.plan, ticket.severity, ticket.rules.coverage
    if plan is None or severity is None or coverage is None or ticket.answer.status is Status.FALSE:
        return None
    target = plan.targets.get(severity.name)
    if target is None:
        return None
    at, place = ticket.request.at, f"policy {ticket.policy.name}: spec.support.coverage"
    vendors = read_zone(coverage.zone, f"{place}.timeZone")
    try:
        found = due(at, target, coverage, vendors, has_weekends=plan.has_weekends)
    except NeverCoveredError as error:
        years = HORIZON_DAYS // 365
        problem = f"has no hours for the target of plan {plan.name} and {severity.name} within {years} years"
        raise SourceError([Fault(place, 0, 0, problem)]) from error
    return Response(
        target,
        found.starts_at.astimezone(own),
        found.due_at.astimezone(own),
        found.starts_at.astimezone(vendors),
        found.due_at.astimezone(vendors),
    )


def _impacts(arguments: argparse.Namespace) -> frozenset[Impact]:
    stated = {impact for name, (impact, _) in _FLAGS.items() if getattr(arguments, name)}
    if arguments.users_affected:
        stated.add(_USERS[arguments.users_affected])
    if arguments.business_impact:
        stated.add(_BUSINESS[arguments.business_impact])
    return frozenset(stated)


def _named(name: str | None, known: dict[str, _T], place: str) -> _T | None:
    """What the policy has by a name, in any case. Raises `SourceError` for one that it has not: a slip of the hand."""
    if name is None:
        return None
    found = next((value for each, value in known.items() if each.lower() == name.lower()), None)
    if found is None:
        from perfana_support.cli.near import meant  # noqa: PLC0415 - needed where something is wrong alone

        options = ", ".join(known) or "none, for the policy states none"
        raise SourceError([Fault(place, 0, 0, f"must be one of {options}, is {name!r}{meant(name, known)}")])
    return found


def _outputs(arguments: argparse.Namespace) -> list[Output]:
    """Where the ticket goes. What earlier runs wrote there is gone from now on, however this one ends."""
    outputs: list[Output] = arguments.output or [Output("text")]
    files = [output.file for output in outputs if output.file]
    if len(outputs) > 1 or files:
        from perfana_support.cli.clash import refuse_overwriting, refuse_shared_outputs  # noqa: PLC0415 - as above

        refuse_shared_outputs(output.file for output in outputs)
        inputs = [getattr(arguments, name) for name in _INPUTS]
        refuse_overwriting(files, arguments.filename or (), inputs)
        clear(outputs)
    return outputs


def _write(ticket: Ticket, outputs: Iterable[Output]) -> None:
    for output in outputs:
        module, function = _FORMATS[output.format]
        text: str = getattr(import_module(module), function)(ticket)
        write_text(output, text, is_for_terminals=output.format == "text")


def _output(text: str) -> Output:
    name, has_file, file = text.partition("=")
    if name not in _FORMATS or (has_file and not file):
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(_FORMATS)}, alone or with =FILE, is {text!r}")
    return Output(name, file)


def _summary(text: str) -> str:
    if len(text) > _LONGEST_SUMMARY:
        raise argparse.ArgumentTypeError(f"must have at most {_LONGEST_SUMMARY} characters, has {len(text)}")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text.lower()):
        raise argparse.ArgumentTypeError(f"must be a language's two or three letters, en or nl, is {text!r}")
    return text.lower()
