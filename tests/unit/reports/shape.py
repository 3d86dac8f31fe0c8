"""What a published document has for fields, in their order."""

from typing import Any


def fits(value: Any, shape: Any) -> bool:  # noqa: ANN401 - plain data
    """Whether plain data has a shape: types, mappings with just these fields, lists of one shape, tuples of which one fits."""
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, dict):
        return isinstance(value, dict) and list(value) == list(shape) and all(fits(value[key], shape[key]) for key in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    return value is None if shape is None else type(value) is shape
