"""Documents that need no closer look: most of what is deployed beside workloads is told by its first lines.

Composing a Service or a Role costs as much as composing a Deployment, and nobody reads it. What is passed over is still parsed
as YAML by the library in C, so that a broken one is a fault; this module only answers whether anything in it can be read at
all. It answers yes whenever it is in doubt.
"""

import re

from perfana_support.sources.nested import may_nest
from perfana_support.sources.workload import DATABASE, MUST_HAVE_CONTAINERS

# Nothing but comments before the two fields, each on one line, and then a third: so neither goes on in the next line.
_VERSION = rb"apiVersion: ([a-z][\w./-]*)\n"
_KIND = rb"kind: ([A-Z][A-Za-z]+)\n"
_HEAD = re.compile(rb"(?:---\n)?(?:#[^\n]*\n|\n)*(" + _VERSION + _KIND + rb"|" + _KIND + _VERSION + rb")(?=[a-z])")
# How each line begins that is not indented: all must be the names of fields, or items of the list that a field holds.
_BEGINNING = re.compile(rb"^(?!- )[^ \n#][^:\n]*:?", re.MULTILINE)
_FIELD = re.compile(rb"[A-Za-z]+:")
# Escapes, tags, anchors and aliases can spell or bring in what the next words look for; carriage returns end lines as well.
_HIDING = (b"ontainers", b"\\", b"&", b"*", b"\r", b"\t", b"!!", b"!<")
# Kinds about which something is said without any container in them, lists, and what is no kind at all.
_READ = frozenset({"Template", "Null", "NULL"})
_READ_GROUP = "kustomize.config.k8s.io"


def is_read(text: bytes) -> bool:
    """Whether a document can be, or hold, anything that is read or refused. `text` is one document as it stands in the file."""
    head = _HEAD.match(text)
    if head is None or not text.isascii() or any(mark in text for mark in _HIDING):
        return True
    api_version, kind = (head[2] or head[5]).decode(), (head[3] or head[4]).decode()
    group = api_version.rpartition("/")[0]
    identity = (group, kind)
    if kind in _READ or group == _READ_GROUP or kind.endswith("List"):
        return True
    if identity in MUST_HAVE_CONTAINERS or identity == DATABASE:
        return True
    if may_nest(group) and b"image" in text:
        return True
    fields = _BEGINNING.findall(text, head.start(1))
    return len(set(fields)) != len(fields) or not all(map(_FIELD.fullmatch, fields))
