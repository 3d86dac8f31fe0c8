"""A gate and a release as Flux delivers them: pushed as one artifact, applied by two Kustomizations, looked at."""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING

import yaml

from tests.cluster.waiting import wait_for
from tests.registry.images import Image, Layer, alone
from tests.shell import user

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.client import Object
    from tests.cluster.server import Cluster
    from tests.gates.flux import Flux
    from tests.integration.support_objects import Site
    from tests.registry.server import Registry

OCI_REPOSITORY = ("source.toolkit.fluxcd.io/v1", "OCIRepository")
KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
GATE, RELEASE = "gate", "perfana"
"""Names of the two Kustomizations, and folders of the artifact that they apply."""

SEEN_WITHIN_SECONDS = 90.0
"""Flux looks every five seconds; this is for a busy machine."""

_REQUESTED = "reconcile.fluxcd.io/requestedAt"


class Delivery:
    """A namespace with the objects of Flux and what they apply; its artifacts come from a repository of that name."""

    def __init__(self, site: Site, cluster: Cluster, registry: Registry, flux: Flux) -> None:
        """Prepare; nothing is pushed or applied yet."""
        self.site, self._cluster, self._registry, self._flux = site, cluster, registry, flux

    def apply(self, *pages: str) -> None:
        """Apply objects as a page shows them, with this namespace and registry in place of the page's."""
        served = f"insecure: true\n  url: oci://{self._repository}"
        for text in map(self._placed, pages):
            document = yaml.safe_load(text.replace("url: oci://registry.example.com/gitops", served))
            self.site.api.apply(document, self.site.namespace)

    def run(self, script: str) -> list[str]:
        """Run commands as a page shows them, and return the lines that they print."""
        return user(self._cluster).must(self._placed(script)).splitlines()

    def push(self, check: str, *release: Object) -> str:
        """Push a check, as text, and the objects of a release as one artifact; return what Flux calls its revision."""
        files = {
            f"{GATE}/supportcheck.yaml": check.encode(),
            f"{RELEASE}/release.yaml": yaml.safe_dump_all(release).encode(),
        }
        pushed = alone(Image((Layer(files),)))
        return f"latest@{self._registry.push(self._repository.partition('/')[2], pushed, 'latest')}"

    def fetch(self, source: str = "perfana") -> None:
        """Have a source fetched now, as `flux reconcile source` asks for."""
        self._request(*OCI_REPOSITORY, source)

    def considered(self, name: str) -> Object:
        """Have a Kustomization looked at from now on, and return it as soon as that is done.

        Twice, for a look that began before may say that it has handled what was asked for meanwhile.
        """
        self._consider(name)
        return self._consider(name)

    def outcome(self, name: str, revision: str) -> Object:
        """Return the Ready condition that a Kustomization has first once it is done with a revision, or has failed."""
        return ready(self._wait(name, lambda item: _is_done(item, revision), f"{name} is done with {revision}"))

    def wait_for_look(self, revision: str) -> None:
        """Return once the gate has applied a revision and Flux has since asked for the check, and waits on."""
        self._wait(GATE, lambda item: _is_waiting(item, revision), f"{GATE} waits at {revision}")
        with self._cluster.audit_log.open(encoding="utf-8") as log:
            log.seek(0, os.SEEK_END)
            seen = [""]

            def is_asked() -> bool:
                seen[0] += log.read()
                whole, _, seen[0] = seen[0].rpartition("\n")
                return any(map(self._is_look, whole.splitlines()))

            wait_for(is_asked, SEEN_WITHIN_SECONDS, "a look of Flux at the check")
        assert _is_waiting(self.get(GATE), revision)

    def get(self, name: str) -> Object:
        """Return a Kustomization as it is now."""
        return self.site.api.get(*KUSTOMIZATION, name, self.site.namespace)

    def images(self) -> list[str]:
        """Return the images of what is applied."""
        items = self.site.api.list("apps/v1", "Deployment", self.site.namespace)["items"]
        return [each["image"] for item in items for each in item["spec"]["template"]["spec"]["containers"]]

    def close(self) -> None:
        """Take Flux's objects away, and with them what it applied."""
        for kind in (KUSTOMIZATION, OCI_REPOSITORY):
            for item in self.site.api.list(*kind, self.site.namespace)["items"]:
                self.site.api.delete(*kind, item["metadata"]["name"], self.site.namespace)

    @property
    def _repository(self) -> str:
        return f"{self._registry.host}/{self.site.namespace}"

    def _placed(self, text: str) -> str:
        own = self.site.namespace
        for word in ("targetNamespace: ", "--namespace "):
            text = text.replace(f"{word}perfana", f"{word}{own}")
        return text.replace("flux-system", own)

    def _request(self, api_version: str, kind: str, name: str) -> str:
        token = secrets.token_hex(8)
        change = {"metadata": {"annotations": {_REQUESTED: token}}}
        self.site.api.patch(api_version, kind, name, change, self.site.namespace)
        return token

    def _consider(self, name: str) -> Object:
        token = self._request(*KUSTOMIZATION, name)
        return self._wait(name, lambda item: item["status"].get("lastHandledReconcileAt") == token, f"{name} is considered")

    def _wait(self, name: str, is_there: Callable[[Object], bool], what: str) -> Object:
        last: Object = {}
        try:
            for event in self.site.api.watch(
                *KUSTOMIZATION,
                self.site.namespace,
                deadline_seconds=SEEN_WITHIN_SECONDS,
                fieldSelector=f"metadata.name={name}",
            ):
                last = event["object"]
                if last.get("status") and is_there(last):
                    return last
        except TimeoutError:
            raise TimeoutError(f"{what}: at last {last.get('status')}\n{self._flux.log_tails()}") from None
        raise AssertionError("a watch does not end by itself")

    def _is_look(self, line: str) -> bool:
        event = json.loads(line)
        what = event.get("objectRef", {})
        is_theirs = event.get("userAgent", "").startswith("kustomize-controller")
        is_ours = (what.get("resource"), what.get("namespace")) == ("supportchecks", self.site.namespace)
        return is_theirs and is_ours and event["verb"] == "get"


def ready(item: Object) -> Object:
    """Return the condition Ready of a Kustomization."""
    return _condition(item, "Ready")


def _condition(item: Object, kind: str) -> Object:
    found = [each for each in item["status"].get("conditions", ()) if each["type"] == kind]
    return found[0] if found else {"status": "", "reason": "", "message": ""}


def _is_done(item: Object, revision: str) -> bool:
    return item["status"].get("lastAttemptedRevision") == revision and ready(item)["status"] in {"True", "False"}


def _is_waiting(item: Object, revision: str) -> bool:
    said = _condition(item, "Healthy")
    return said["status"] == "Unknown" and revision in said["message"] and ready(item)["status"] == "Unknown"
