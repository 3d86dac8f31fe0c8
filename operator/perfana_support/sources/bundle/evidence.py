"""Evidence as the files of a bundle, and back: whoever has them judges what was judged when they were taken."""

import json
from collections.abc import Mapping

from perfana_support.model.document import DocumentError, Json, Node, Problem
from perfana_support.model.evidence import Evidence
from perfana_support.model.installation import Installation, Platform, Workload
from perfana_support.model.installation import Node as ClusterNode
from perfana_support.model.policy_document import API_VERSION, BasePolicy
from perfana_support.sources.bundle.answers import answer_documents, read_answers
from perfana_support.sources.bundle.objects import node_object, workload_object
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.node import project_node
from perfana_support.sources.workload import project

INSTALLATION, OBJECTS, REGISTRIES, CHECK, POLICY = (
    f"evidence/{name}.json" for name in ("installation", "objects", "registries", "check", "policy")
)
KIND = "SupportEvidence"
CHECK_KIND = "SupportCheck"


def evidence_files(evidence: Evidence) -> dict[str, Json]:
    """The documents that hold the evidence, by their names in a bundle."""
    installation = evidence.installation
    platform = installation.platform or Platform()
    objects = [*map(workload_object, installation.workloads), *map(node_object, platform.nodes)]
    files: dict[str, Json] = {
        INSTALLATION: {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "asOf": evidence.as_of.isoformat(),
            "namespace": installation.namespace,
            "isPart": installation.is_part,
            "mayInstall": evidence.may_install,
            "gaps": list(installation.gaps),
            "platform": {"serverVersion": platform.server_version, "gaps": list(platform.gaps)},
            "source": evidence.source,
        },
        OBJECTS: {"apiVersion": "v1", "kind": "List", "items": objects},
        POLICY: {**evidence.policy, "spec": {**evidence.policy["spec"], "basePolicy": str(BasePolicy.NONE)}},
    }
    if evidence.check:
        files[CHECK] = evidence.check
    if installation.answers:
        files[REGISTRIES] = {"answers": answer_documents(installation.answers)}
    return files


def read_evidence(files: Mapping[str, Json]) -> Evidence:
    """The evidence that documents hold. Raises `DocumentError` with every problem, by file and path.

    Policy and check stay documents, whose readers say themselves what is wrong with them.
    """
    problems: list[Problem] = []
    missing = [name for name in (INSTALLATION, OBJECTS, POLICY) if name not in files]
    if missing:
        raise DocumentError([Problem(name, "is missing") for name in missing])
    root = Node(files[INSTALLATION], INSTALLATION, problems)
    root.read("apiVersion", lambda raw: raw if raw == API_VERSION else None, API_VERSION, required=True)
    root.read("kind", lambda raw: raw if raw == KIND else None, KIND, required=True)
    as_of = root.day("asOf", required=True)
    namespace = root.read("namespace", lambda raw: raw if isinstance(raw, str) else None, "a text", required=True)
    is_part, may_install = root.flag("isPart"), root.flag("mayInstall")
    gaps = root.texts("gaps")
    platform = root.node("platform")
    version, platform_gaps = (
        platform.text("serverVersion") if platform.data.get("serverVersion") else "",
        platform.texts("gaps"),
    )
    platform.seen.append("serverVersion")
    platform.finish()
    source = root.read("source", lambda raw: raw if isinstance(raw, Mapping) else None, "a mapping", required=True)
    root.finish()
    workloads, nodes = _read_objects(Node(files[OBJECTS], OBJECTS, problems))
    if CHECK in files:
        _refuse_another_kind(Node(files[CHECK], CHECK, problems))
    answers = {}
    if REGISTRIES in files:
        registries = Node(files[REGISTRIES], REGISTRIES, problems)
        answers = read_answers(registries, "answers")
        registries.finish()
    if problems or as_of is None or namespace is None or source is None:
        raise DocumentError(problems)
    where = Platform(server_version=version or "", nodes=tuple(nodes), gaps=platform_gaps)
    installation = Installation(namespace, tuple(workloads), gaps, where, answers=answers, is_part=bool(is_part))
    return Evidence(installation, files[POLICY], files.get(CHECK, {}), as_of, source, bool(may_install))


def _read_objects(root: Node) -> tuple[list[Workload], list[ClusterNode]]:
    root.seen += ["apiVersion", "kind"]
    if "items" not in root.data:
        root.fail("items", "is missing, must be a list")
    workloads, nodes = [], []
    for node in root.nodes("items", ""):
        kind = node.data.get("kind")
        try:
            if kind == "Node":
                nodes.append(_read_node(node))
            elif isinstance(kind, str) and (workload := project(node.data, kind)):
                workloads.append(workload)
            else:
                node.fail("kind", "must be that of an object that runs containers, or Node")
        except ShapeError as error:
            node.fail(error.path, error.form)
    root.finish()
    return workloads, nodes


def _refuse_another_kind(check: Node) -> None:
    """A check is one by its kind, and holds nothing beside what a check has."""
    for field, wanted in (("apiVersion", API_VERSION), ("kind", CHECK_KIND)):
        check.read(field, lambda raw, wanted=wanted: raw if raw == wanted else None, wanted, required=True)  # type: ignore[misc]
    check.node("metadata")
    check.seen.append("spec")
    check.finish()


def _read_node(node: Node) -> ClusterNode:
    """A node whose facts are texts, as the API server would have them."""
    name = node.node("metadata").text("name", required=True)
    information = node.node("status").node("nodeInfo")
    for field in ("kubeletVersion", "architecture", "operatingSystem"):
        information.text(field)
    return project_node(node.data) if name else ClusterNode("", "", "", "")


def written(document: Json) -> bytes:
    """A document as a file of a bundle."""
    return f"{json.dumps(document, indent=1)}\n".encode()
