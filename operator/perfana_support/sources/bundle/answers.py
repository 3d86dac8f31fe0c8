"""What registries have answered, as plain data and back."""

from collections.abc import Iterable, Iterator

from perfana_support.model.answer import Absent, Answer, Answers, Config, Gap, Index, Manifest, PlatformEntry, Question, Subject
from perfana_support.model.document import NewJson, Node


def answer_documents(answers: Answers) -> list[NewJson]:
    """Questions with their answers, in an order of their own."""
    return [_document(question, answers[question]) for question in sorted(answers)]


def read_answers(root: Node, field: str) -> dict[Question, Answer]:
    """The answers that a document's list holds; what cannot be read is a problem of the document."""
    found: dict[Question, Answer] = {}
    for node in root.nodes(field, ""):
        subject = node.choice("subject", Subject, required=True)
        repository, reference = node.text("repository", required=True), node.text("reference", required=True)
        answer = _read_answer(node)
        node.finish()
        if subject and repository and reference and answer is not None:
            found[Question(subject, repository, reference)] = answer
    return found


def _document(question: Question, answer: Answer) -> NewJson:
    asked: NewJson = {**question._asdict(), "subject": str(question.subject)}
    match answer:
        case Index(digest, entries):
            return asked | {"index": {"digest": digest, "entries": [entry._asdict() for entry in entries]}}
        case Manifest():
            return asked | {"manifest": answer._asdict()}
        case Config():
            settings = [{"name": name, "value": value} for name, value in answer.settings]
            lists = {"diffIds": list(answer.diff_ids), "settings": settings, "history": list(answer.history)}
            return asked | {"config": {"digest": answer.digest, "platform": answer.platform, **lists}}
        case Absent():
            return asked | {"absent": True}
        case Gap():
            return asked | {"gap": answer.cause}


def _read_answer(node: Node) -> Answer | None:
    """The one answer of an entry."""
    readers = {"index": _read_index, "manifest": _read_manifest, "config": _read_config}
    for field, read in readers.items():
        if field in node.data:
            return read(node.node(field))
    gap = node.read("gap", _as_text, "a text", required=False)
    if gap is not None:
        return Gap(gap)
    if node.flag("absent"):
        return Absent()
    node.fail("index", "or one of manifest, config, absent and gap must be there")
    return None


def _read_index(node: Node) -> Index | None:
    digest, entries = node.text("digest", required=True), list(_read_entries(node.nodes("entries", "")))
    node.finish()
    return Index(digest, tuple(entries)) if digest else None


def _read_entries(nodes: Iterable[Node]) -> Iterator[PlatformEntry]:
    for node in nodes:
        platform = node.read("platform", _as_text, "a text", required=True)
        digest = node.text("digest", required=True)
        node.finish()
        if platform is not None and digest:
            yield PlatformEntry(platform, digest)


def _read_manifest(node: Node) -> Manifest | None:
    digest, config = node.text("digest", required=True), node.text("config", required=True)
    node.finish()
    return Manifest(digest, config) if digest and config else None


def _read_config(node: Node) -> Config | None:
    digest, platform = node.text("digest", required=True), node.read("platform", _as_text, "a text", required=True)
    diff_ids, history = (node.read(field, _as_texts, "a list of texts", required=True) for field in ("diffIds", "history"))
    settings = []
    for entry in node.nodes("settings", "name"):
        name, value = entry.text("name", required=True), entry.text("value", required=True)
        entry.finish()
        settings.append((name or "", value or ""))
    node.finish()
    if digest is None or platform is None or diff_ids is None or history is None:
        return None
    return Config(digest, platform, diff_ids, tuple(settings), history)


def _as_text(raw: object) -> str | None:
    return raw if isinstance(raw, str) else None


def _as_texts(raw: object) -> tuple[str, ...] | None:
    """A list of texts in which any may stand twice: layers do."""
    return tuple(raw) if isinstance(raw, list) and all(isinstance(each, str) for each in raw) else None
