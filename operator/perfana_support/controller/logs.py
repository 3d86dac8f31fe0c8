"""How a line of the log is written: as text for people, as JSON for those who collect it."""

import json
import logging
from datetime import UTC, datetime

from perfana_support.controller.settings import Settings


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, and the facts of a verdict as fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        document: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        document |= getattr(record, "facts", {})
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False, default=str)


def configure(settings: Settings) -> None:
    """Log to standard error. Kopf's own lines are left out below warnings, unless everything is wanted."""
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)-8s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else text)
    logging.basicConfig(level=logging.DEBUG if settings.verbose else logging.INFO, handlers=[handler], force=True)
    if not settings.verbose:
        logging.getLogger("kopf").setLevel(logging.WARNING)
        # That it minds no signals, in its thread, is how it should be.
        logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    # At this level the client's library would write requests with all their headers, tokens among them.
    for name in ("kubernetes", "aiohttp", "urllib3", "asyncio"):
        logging.getLogger(name).setLevel(logging.INFO)
