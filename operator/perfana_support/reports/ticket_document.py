"""A ticket as a versioned document: `-o json`, add only. Its fields are English, its messages in the ticket's language."""

import json
from datetime import UTC, datetime
from typing import Any

from perfana_support.evaluate.request import Ground
from perfana_support.model.ticket_policy import Handling
from perfana_support.reports.document import API_VERSION, component_documents, condition_document, day_text, finding_document
from perfana_support.reports.job_log import harmless_json
from perfana_support.reports.phrases import Say, speaker
from perfana_support.reports.ticket import Response, Ticket, ground_text


def text(ticket: Ticket) -> str:
    """The document as JSON, in plain ASCII."""
    return harmless_json(json.dumps(document(ticket), indent=2)) + "\n"


def document(ticket: Ticket) -> dict[str, Any]:
    """The ticket as plain data."""
    say = speaker(ticket.request.language)
    request, severity, plan = ticket.request, ticket.severity, ticket.plan
    grounds = [_ground(ground, say) for ground in ticket.answer.grounds]
    settled = [
        {"topic": each.topic.name, "words": each.words, "sentence": each.topic.sentence} for each in ticket.answer.settled
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": "SupportTicket",
        "asOf": ticket.as_of.isoformat(),
        "policy": {"name": ticket.policy.name, "publishedOn": ticket.policy.published_on.isoformat()},
        "source": dict(ticket.source),
        "request": {
            "time": _instant(request.at),
            "localTime": request.at.isoformat(timespec="seconds"),
            "language": request.language,
            "topic": request.topic.name if request.topic else None,
            "summary": request.summary,
            "impacts": sorted(map(str, request.impacts)),
        },
        "possible": {"status": str(ticket.answer.status), "reason": grounds[0]["reason"], "message": grounds[0]["message"]},
        "grounds": grounds,
        "settledMentions": settled,
        "plan": {
            "name": plan.name,
            "supportPortal": plan.has_portal,
            "maintenanceUntil": day_text(ticket.maintained_until),
        }
        if plan
        else None,
        "severity": {
            "name": severity.name,
            "title": severity.title,
            "definition": severity.definition,
            "isStated": not ticket.is_taken,
        }
        if severity
        else None,
        "fit": {
            "severity": ticket.fit.severity.name if ticket.fit.severity else None,
            "definition": ticket.fit.severity.definition if ticket.fit.severity else None,
            "nearest": ticket.fit.nearest.name if ticket.fit.nearest else None,
            "missing": list(map(str, ticket.fit.missing)),
        }
        if request.impacts
        else None,
        "response": _response(ticket.response) if ticket.response else None,
        "mayPhone": ticket.may_phone,
        "portal": ticket.rules.portal,
        "excluded": [
            {"topic": topic.name, "sentence": topic.sentence}
            for topic in ticket.rules.topics.values()
            if topic.handling is Handling.EXCLUDED
        ],
        "installation": _installation(ticket),
        "bundle": ticket.bundle or None,
        "factsOf": day_text(ticket.facts_of),
    }


def _ground(ground: Ground, say: Say) -> dict[str, Any]:
    parts = {"about": ground.about, "words": ground.words}
    said = {"status": str(ground.status), "reason": str(ground.reason), "message": ground_text(ground, say)}
    return said | {"sentence": ground.sentence} | {part: value for part, value in parts.items() if value}


def _response(response: Response) -> dict[str, Any]:
    return {
        "amount": response.target.amount,
        "unit": str(response.target.unit),
        "startTime": _instant(response.starts_at),
        "dueTime": _instant(response.due_at),
        "localDueTime": response.due_at.isoformat(timespec="seconds"),
        "vendorDueTime": response.vendor_due_at.isoformat(timespec="seconds"),
    }


def _installation(ticket: Ticket) -> dict[str, Any] | None:
    verdict = ticket.verdict
    if verdict is None:
        return None
    return {
        "namespace": verdict.namespace,
        "release": verdict.release,
        "supportEndsOn": day_text(verdict.support_ends_on),
        "conditions": list(map(condition_document, verdict.conditions)),
        "findings": list(map(finding_document, verdict.findings)),
        "components": component_documents(verdict),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
