"""One whole YAML document as plain data, for what is small and read completely: policies and settings."""

from typing import Any, BinaryIO

import yaml

_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _PlainLoader(_SafeLoader):  # type: ignore[misc, valid-type] # the C loader where the library was built with it
    """Safe, with days left as texts (as the API server reads them) and fields that stand twice refused."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own interface
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in _SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a field's name must be a text", key.start_mark)
            if key.value in seen:
                problem = f"field {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def load_document(stream: BinaryIO) -> object:
    """The one document of a stream. Raises `yaml.YAMLError`."""
    return yaml.load(stream, Loader=_PlainLoader)  # noqa: S506 - a safe loader, see above
