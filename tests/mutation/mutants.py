"""The mutants of a module: its code with one small change each, by mutmut's catalogue and some more that suit this code."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator" / "perfana_support"
# What a verdict has in the place of another: the worse ones as those that let an installation pass.
_MILDER = {
    ("Effect", "UNSUPPORTED"): "AT_RISK",
    ("Effect", "UNDETERMINED"): "INFO",
    ("Effect", "AT_RISK"): "INFO",
    ("Status", "FALSE"): "TRUE",
    ("Status", "UNKNOWN"): "TRUE",
}
_SWAPPED_CALLS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "startswith": "endswith",
    "endswith": "startswith",
    "fullmatch": "match",
    "sorted": "list",
}
# Calls that say nothing at run time, and those whose arguments mutmut leaves alone too: every mutant of them raises.
_CALLS_LEFT_ALONE = {"TypeVar", "NewType", "cast", "len", "isinstance"}


def _negate(node: cst.If | cst.While | cst.CompIf) -> Iterator[cst.CSTNode]:
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def _return_nothing(node: cst.Return) -> Iterator[cst.CSTNode]:
    if node.value is not None and not _is_name(node.value, "None"):
        yield node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))


def _skip(node: cst.Expr | cst.Raise) -> Iterator[cst.CSTNode]:
    if not (isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString)):
        yield cst.Pass()


def _one_side(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    for side in (node.left, node.right):
        yield side.with_changes(lpar=[cst.LeftParen(), *side.lpar], rpar=[*side.rpar, cst.RightParen()])


def _milder(node: cst.Attribute) -> Iterator[cst.CSTNode]:
    if isinstance(node.value, cst.Name) and (node.value.value, node.attr.value) in _MILDER:
        yield node.with_changes(attr=cst.Name(_MILDER[node.value.value, node.attr.value]))


def _swap_call(node: cst.Call) -> Iterator[cst.CSTNode]:
    name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    if isinstance(name, cst.Name) and name.value in _SWAPPED_CALLS:
        yield node.with_deep_changes(name, value=_SWAPPED_CALLS[name.value])


def _alter_text(node: cst.SimpleString) -> Iterator[cst.CSTNode]:
    yield from list(mutators.operator_string(node))[:1]


def _spoil_argument(node: cst.Call) -> Iterator[cst.CSTNode]:
    """Each argument in turn as None."""
    for place, argument in enumerate(node.args):
        if not argument.star and not _is_prose(argument.value) and not _is_name(argument.value, "None"):
            spoilt = argument.with_changes(value=cst.Name("None"))
            yield node.with_changes(args=[*node.args[:place], spoilt, *node.args[place + 1 :]])


def _is_name(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _is_prose(node: cst.CSTNode) -> bool:
    """Whether a text has a space in it: how a message is worded is no contract, and what is put into it is part of that."""
    if isinstance(node, cst.ConcatenatedString):
        return _is_prose(node.left) or _is_prose(node.right)
    if isinstance(node, cst.FormattedString):
        return any(isinstance(part, cst.FormattedStringText) and " " in part.value for part in node.parts)
    return isinstance(node, cst.SimpleString) and " " in node.value


# Left out: calls with an argument less and variables set to None, which raise at once nearly always: any test sees that.
_REPLACED = {mutators.operator_string, mutators.operator_arg_removal, mutators.operator_assignment}
# An operation on a kind of node gives the nodes that may stand in its place. `Any`: each takes the kind it is listed with.
_OPERATIONS: list[tuple[type, Callable[[Any], Iterable[cst.CSTNode]]]] = [
    *((kind, change) for kind, change in mutators.mutation_operators if change not in _REPLACED),
    (cst.Call, _spoil_argument),
    (cst.SimpleString, _alter_text),
    (cst.If, _negate),
    (cst.While, _negate),
    (cst.CompIf, _negate),
    (cst.Return, _return_nothing),
    (cst.Expr, _skip),
    (cst.Raise, _skip),
    (cst.BooleanOperation, _one_side),
    (cst.Attribute, _milder),
    (cst.Call, _swap_call),
]


class Mutant(NamedTuple):
    """A change of a module: `after` in the place of `before`.

    `function` is the outermost function that holds the change, as `Class.method`; "" for what runs on import: tables, classes,
    defaults, decorators. `lines` are those of the statement around it, of one that has a body its head.
    """

    place: int
    line: int
    lines: range
    function: str
    operation: str
    before: cst.CSTNode
    after: cst.CSTNode


class Module:
    """A module of the program and its mutants, in the order of their places, which is the same on every run.

    `every` 3 leaves a third of them.
    """

    def __init__(self, name: str, every: int = 1) -> None:
        self.name = name
        self._every = every
        self.path = SOURCE / f"{name}.py"
        self.code = self.path.read_text(encoding="utf-8")

    @property
    def import_name(self) -> str:
        """The name by which Python knows it."""
        return f"perfana_support.{self.name.replace('/', '.')}"

    @property
    def test_file(self) -> str:
        """The file of its own tests, by the rule that they carry the module's name."""
        layer, _, name = self.name.partition("/")
        return f"tests/unit/{layer}/test_{name}.py"

    @cached_property
    def _tree(self) -> cst.Module:
        return cst.parse_module(self.code)

    @cached_property
    def mutants(self) -> list[Mutant]:
        """All mutants."""
        wrapper = MetadataWrapper(self._tree, unsafe_skip_copy=True)
        visitor = _Visitor(wrapper.resolve(PositionProvider))
        self._tree.visit(visitor)
        return visitor.mutants[:: self._every]

    def mutated_function(self, mutant: Mutant) -> str:
        """The changed function without its decorators, in a class of the same name if it is a method: quicker than all."""
        found: cst.CSTNode = self._tree
        around = []
        for name in mutant.function.split("."):
            found = next(each for each in _definitions(found) if each.name.value == name)
            if isinstance(found, cst.ClassDef):
                around.append(name)
        changed = found.deep_replace(mutant.before, mutant.after)
        function = cst.ensure_type(changed, cst.FunctionDef)
        statement: cst.BaseCompoundStatement = function.with_changes(decorators=(), leading_lines=())
        for name in reversed(around):
            statement = cst.ClassDef(cst.Name(name), cst.IndentedBlock([statement]))
        return cst.Module([statement]).code

    def mutated(self, mutant: Mutant) -> str:
        """The module's code with one change."""
        tree = self._tree.deep_replace(mutant.before, mutant.after)
        return tree.code if isinstance(tree, cst.Module) else ""


class _Visitor(cst.CSTVisitor):
    def __init__(self, positions: Mapping[cst.CSTNode, Any]) -> None:
        super().__init__()
        self.mutants: list[Mutant] = []
        self._positions = positions
        self._scopes: list[cst.FunctionDef | cst.ClassDef] = []
        self._heads: list[cst.CSTNode] = []
        self._statements: list[tuple[cst.CSTNode, range]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom) or _is_left_alone(node):
            return False
        if isinstance(node, cst.Parameters):
            self._heads.append(node)
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scopes.append(node)
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._statements.append((node, self._lines(node)))
        self._mutate(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._scopes and self._scopes[-1] is original_node:
            self._scopes.pop()
        if self._heads and self._heads[-1] is original_node:
            self._heads.pop()
        if self._statements and self._statements[-1][0] is original_node:
            self._statements.pop()

    def _lines(self, statement: cst.SimpleStatementLine | cst.BaseCompoundStatement) -> range:
        whole = self._positions[statement]
        if isinstance(statement, cst.SimpleStatementLine):
            return range(whole.start.line, whole.end.line + 1)
        return range(whole.start.line, max(self._positions[statement.body].start.line, whole.start.line + 1))

    def _mutate(self, node: cst.CSTNode) -> None:
        for kind, change in _OPERATIONS:
            if isinstance(node, kind):
                for after in change(node):
                    lines = self._statements[-1][1]
                    position = self._positions.get(node)
                    line = position.start.line if position else lines.start
                    operation = change.__name__.removeprefix("operator_").strip("_")
                    self.mutants.append(Mutant(len(self.mutants), line, lines, self._function(), operation, node, after))

    def _function(self) -> str:
        """The outermost function around the current node; a default of its parameters is none of its code."""
        names = []
        for scope in self._scopes:
            names.append(scope.name.value)
            if isinstance(scope, cst.FunctionDef):
                return "" if any(head is scope.params for head in self._heads) else ".".join(names)
        return ""


def _definitions(node: cst.CSTNode) -> list[cst.FunctionDef | cst.ClassDef]:
    body = node.body if isinstance(node, cst.Module) else cst.ensure_type(node, cst.ClassDef).body.body
    return [each for each in body if isinstance(each, cst.FunctionDef | cst.ClassDef)]


def _is_left_alone(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.If):
        return _is_name(node.test, "TYPE_CHECKING")
    if isinstance(node, cst.Assign):
        return _is_name(node.targets[0].target, "__slots__")
    return _is_prose(node) or (
        isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _CALLS_LEFT_ALONE
    )


def module_names() -> list[str]:
    """The modules of judgement, as `evaluate/version`."""
    files = [file for layer in ("evaluate", "model") for file in sorted((SOURCE / layer).glob("*.py"))]
    return [f"{file.parent.name}/{file.stem}" for file in files if file.stem != "__init__"]
