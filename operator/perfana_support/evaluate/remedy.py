"""What to do next, as an exact value: the image to set for a release that is known and supported."""

from datetime import date

from perfana_support.evaluate.inventory import Component, short_repository
from perfana_support.model.policy import CatalogueRelease, Policy


def newest_release(policy: Policy) -> CatalogueRelease | None:
    """The newest listed release of all: of the last line that has any."""
    return next((policy.newest_of_line[name] for name in reversed(policy.lines) if name in policy.newest_of_line), None)


def upgrade(component: Component, policy: Policy) -> str:
    """How the component gets to the newest release: an image to set, or the component to move to."""
    newest = newest_release(policy)
    if newest is None:
        return "upgrade to a release line within its support window"
    name, successor = component.repository, policy.successors_of.get(component.repository)
    if _is_in_line(name, newest.number.line, policy):
        return f"set image to {published_image(name, newest.version, newest.number.line, policy)}"
    if successor and _is_in_line(successor, newest.number.line, policy):
        image = published_image(successor, newest.version, newest.number.line, policy)
        return f"upgrade to release {newest.version}, where {image} takes the place of {component.short_name}"
    return f"upgrade to release {newest.version}, which has no {component.short_name}"


def set_release(component: Component, policy: Policy, as_of: date) -> str:
    """The image to set so that a released build runs: the newest of the line where that is still supported, else of all."""
    line, newest = component.line, policy.newest_of_line.get(component.line_name)
    is_over = line is not None and line.end_of_life_on is not None and as_of > line.end_of_life_on
    if newest is None or is_over or not policy.has_component(component.line_name, component.repository, newest):
        return f"set the tag of a released build; {upgrade(component, policy)}"
    image = published_image(component.repository, newest.version, newest.number.line, policy)
    return f"set image to {image} or another release of line {component.line_name}"


def _is_in_line(repository: str, line_name: str, policy: Policy) -> bool:
    return any(line_name in product_line.lines for product_line in policy.product_lines_of.get(repository, ()))


def published_image(repository: str, version: str, line_name: str, policy: Policy) -> str:
    """The reference under which the vendor publishes a component's release."""
    line = policy.lines.get(line_name)
    return f"{short_repository(repository)}:{line.tag_prefix if line else ''}{version}"
