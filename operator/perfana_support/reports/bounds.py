"""How long a document of the cluster is, and texts no longer than fits: etcd keeps it, and every watcher receives it."""

import json

# In bytes, below the schema's limits, which count characters.
MAX_MESSAGE = 1000


def size(document: object) -> int:
    """The bytes of a document as JSON."""
    return len(json.dumps(document, ensure_ascii=False).encode(errors="replace"))


def cut(text: str, limit: int = MAX_MESSAGE) -> str:
    """The text, or as much of it as fits into so many bytes with a sign that something is missing."""
    content = text.encode(errors="replace")
    if len(content) <= limit:
        return text
    return content[: limit - len("…".encode())].decode(errors="ignore") + "…"
