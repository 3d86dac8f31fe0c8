"""Events on checks and policies, for `kubectl describe` and for who collects them: one for each flip of what people act on."""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime

from perfana_support.controller.names import API_VERSION, CHECKS, KINDS, Name, uid_of
from perfana_support.model.code import ConditionType
from perfana_support.model.document import Json
from perfana_support.reports.status import VALID
from perfana_support.sources.cluster.api import ApiError, ClusterApi

CONTROLLER = "support.perfana.io/operator"
# The answers that people act on; the other conditions say why, and are in the event's note.
_TOLD = {str(ConditionType.SUPPORTED), str(ConditionType.TICKET_ELIGIBLE), str(ConditionType.UPGRADE_SUPPORTED), VALID}
# Events of what is in no namespace are kept in this one (Kubernetes' own choice).
_NAMESPACE_OF_NONE = "default"
_MAX_NOTE_BYTES = 1000
_TIMEOUT_SECONDS = 5.0

log = logging.getLogger(__name__)


def event_documents(
    name: Name, body: Json, flips: Sequence[tuple[Json, Json]], instance: str, now: datetime
) -> list[dict[str, object]]:
    """The Events for conditions that flipped: reason and message are the condition's own."""
    namespace = name.namespace or _NAMESPACE_OF_NONE
    regarding = {
        "apiVersion": API_VERSION,
        "kind": KINDS[name.plural],
        **({"namespace": name.namespace} if name.namespace else {}),
        "name": name.name,
        "uid": uid_of(body),
        "resourceVersion": body["metadata"]["resourceVersion"],
    }
    return [
        {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{name.name[:200].rstrip('-.')}.{secrets.token_hex(8)}", "namespace": namespace},
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": instance[:128],
            "action": "Evaluate",
            "type": "Normal" if after["status"] == "True" else "Warning",
            "reason": after["reason"],
            "regarding": regarding,
            "note": _note(before, after),
        }
        for before, after in flips
        if after["type"] in _TOLD and (name.plural == CHECKS) == (after["type"] != VALID)
    ]


async def tell(api: ClusterApi, documents: Sequence[dict[str, object]]) -> int:
    """Create Events; returns how many. They are a courtesy: what fails is logged and not tried again."""
    told = 0
    for document in documents:
        namespace = document["metadata"]["namespace"]  # type: ignore[index]
        try:
            await api.send("POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", document, _TIMEOUT_SECONDS)
        except ApiError as error:
            log.info("an Event was not written: %s", error)
        else:
            told += 1
    return told


def _note(before: Json, after: Json) -> str:
    text = f"{after['type']} is {after['status']}, was {before['status']}: {after['message']}"
    content = text.encode(errors="replace")
    return text if len(content) <= _MAX_NOTE_BYTES else content[: _MAX_NOTE_BYTES - 3].decode(errors="ignore") + "…"
