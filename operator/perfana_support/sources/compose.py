"""Compose files, such as the vendor's demo: which images their services run. Their other settings are not read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from perfana_support.model.installation import COMPOSE_SERVICE, Container, Workload
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.workload import Locate

# `${TAG:-1.0}` and `${TAG-1.0}`: what holds unless somebody sets the variable. Others stay, and no image can be read from them.
_DEFAULT = r"\$\{[A-Za-z_][A-Za-z0-9_]*:?-([^${}]*)\}"


def is_compose(document: Mapping[str, Any]) -> bool:
    """Whether a document without kind is a Compose file."""
    return "kind" not in document and isinstance(document.get("services"), Mapping)


def project_services(document: Mapping[str, Any], locate: Locate) -> Iterator[Workload]:
    """A workload for each service; one that is built in place has no image that could be known. Raises `ShapeError`."""
    for name, service in document["services"].items():
        if not isinstance(service, Mapping):
            raise ShapeError(f"services.{name}", "must be a mapping")
        image = service.get("image")
        if image is not None and not isinstance(image, str):
            raise ShapeError(f"services.{name}.image", "must be a text")
        location = locate(service, "image")
        text = re.sub(_DEFAULT, r"\1", image or "")
        yield Workload(COMPOSE_SERVICE, "", name, (Container(name, text, location=location),))
