"""Compose files, such as the vendor's demo: which images their services run. Their other settings are not read."""

from collections.abc import Iterator, Mapping
from typing import Any

from perfana_support.model.installation import COMPOSE_SERVICE, Container, Workload
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.workload import Locate


def is_compose(document: Mapping[str, Any]) -> bool:
    """Whether a document without kind is a Compose file."""
    return "kind" not in document and isinstance(document.get("services"), Mapping)


def project_services(document: Mapping[str, Any], locate: Locate) -> Iterator[Workload]:
    """A workload for each service. Raises `ShapeError`.

    One that is built in place has no image that could be known, nor has one with a variable, which the environment and an
    `.env` file can set: `docker compose config` writes out what holds.
    """
    for field in ("include", "extends"):
        if field in document:
            raise ShapeError(field, "is not followed; give what docker compose config writes out")
    for name, service in document["services"].items():
        if not isinstance(service, Mapping):
            raise ShapeError(f"services.{name}", "must be a mapping")
        if "extends" in service:
            raise ShapeError(f"services.{name}.extends", "is not followed; give what docker compose config writes out")
        image = service.get("image")
        if image is not None and not isinstance(image, str):
            raise ShapeError(f"services.{name}.image", "must be a text")
        location = locate(service, "image")
        # With both, `image` is what the thing that is built will be called.
        known = image if image and "build" not in service else ""
        yield Workload(COMPOSE_SERVICE, "", name, (Container(name, known, location=location),))
