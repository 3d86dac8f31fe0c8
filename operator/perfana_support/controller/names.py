"""The project's own resources by name, and what the operator remembers of each."""

from typing import NamedTuple

from perfana_support.model.document import Json

GROUP, VERSION = "support.perfana.io", "v1alpha1"
CHECKS, POLICIES = "supportchecks", "supportpolicies"
API_VERSION = f"{GROUP}/{VERSION}"
KINDS = {CHECKS: "SupportCheck", POLICIES: "SupportPolicy"}


class Name(NamedTuple):
    """A check or policy: its plural, its namespace ("" for a policy) and its name."""

    plural: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Its path on the API server."""
        return f"{list_path(self.plural, self.namespace)}/{self.name}"

    def __str__(self) -> str:
        """As people write it: `SupportCheck shop/perfana`."""
        return f"{KINDS[self.plural]} " + (f"{self.namespace}/" if self.namespace else "") + self.name


def list_path(plural: str, namespace: str) -> str:
    """The path of all of a kind, in a namespace or, with "", in the cluster."""
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{API_VERSION}{where}/{plural}"


def name_of(plural: str, body: Json) -> Name:
    """The name of an object."""
    metadata = body["metadata"]
    return Name(plural, metadata.get("namespace", ""), metadata["name"])


def trimmed(plural: str, body: Json) -> Json:
    """What is remembered of an object: no labels, annotations and managed fields, which may be long and say nothing here."""
    kept = ("name", "namespace", "uid", "resourceVersion", "generation", "deletionTimestamp")
    metadata = {field: body["metadata"][field] for field in kept if field in body["metadata"]}
    return {
        "apiVersion": API_VERSION,
        "kind": KINDS[plural],
        "metadata": metadata,
        "spec": body.get("spec") or {},
        "status": body.get("status") or {},
    }


def version_of(body: Json) -> int:
    """The resource version, which the API guarantees to be a comparable number (since Kubernetes 1.35, and always was)."""
    return int(body["metadata"]["resourceVersion"])


def uid_of(body: Json) -> str:
    """What tells an object from another that bears the same name after it."""
    return str(body["metadata"]["uid"])
