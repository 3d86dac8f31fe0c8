"""What manifests/admission.yaml does with what the operator tells it, in Python: tests hold the two against each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfana_support.evaluate.admission import Admission, ImageRule


def refused_by(image: str, told: Admission) -> ImageRule | None:
    """Return the first rule that refuses a reference, None for one that is let in."""
    if not re.search(told.components, image) or (told.exempt and re.search(told.exempt, image)):
        return None
    for rule in told.rules:
        if re.search(rule.pattern, image) or image.lower().endswith(tuple(rule.endings)):
            return rule
    return None
