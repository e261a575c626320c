"""The cost of a query as GitLab counts it, and the two other checks made before it is run.

Sources: `doc/api/graphql/getting_started.md` and `doc/api/graphql/_index.md` (limits), and the
rules of `app/graphql/types/base_field.rb` and `app/graphql/resolvers/base_resolver.rb`:

- a field costs 1 and its children; a connection without a resolver of its own does too;
- a field with a resolver pays 1 more for a `sort` argument and 5 for a `search`, and what its
  resolver adds; where it is a connection, all of that grows by 1 % an item of the page;
- children of a union cost what the dearest member costs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    get_named_type,
    value_from_ast_untyped,
)

PAGE = 100
"""GitLab's `default_max_page_size`."""
RECURSION_THRESHOLD = 2
_ABSTRACT = (GraphQLInterfaceType, GraphQLUnionType)
_NO_RECURSION = frozenset({"node", "edges", "nodes", "ofType"})

_CONNECTION_RESOLVERS: Mapping[tuple[str, str], int] = {
    ("Query", "projects"): 0,
    ("Query", "groups"): 0,
    ("Group", "projects"): 10,
    ("Namespace", "projects"): 10,
    ("Group", "descendantGroups"): 0,
    ("Group", "sharedProjects"): 0,
    ("Project", "ciJobTokenAuthLogs"): 0,
}
"""Connections that GitLab resolves with a resolver class, and what that class adds."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a query costs: its complexity and how deep it goes."""

    score: int
    depth: int


@dataclass(frozen=True, slots=True)
class _Field:
    """A field as asked, with the selection sets merged under one response key."""

    node: FieldNode
    selections: tuple[SelectionSetNode, ...]


class Analysis:
    """Analyses one operation of a valid document for given variables."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._variables = dict(variables)
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            if name not in self._variables and definition.default_value is not None:
                self._variables[name] = value_from_ast_untyped(definition.default_value)

    def cost(self) -> Cost:
        """Complexity and depth of the operation."""
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None  # noqa: S101 - the document was validated
        score, depth = self._selections(root, [self._operation.selection_set])
        return Cost(score, depth)

    def recursion(self) -> dict[str, int]:
        """Fields that stand more than twice in one branch, with how often; empty when fine."""
        found: dict[str, int] = {}
        self._recurse([self._operation.selection_set], {}, found)
        return found

    def _recurse(
        self, selections: list[SelectionSetNode], above: dict[str, int], found: dict[str, int]
    ) -> None:
        for item in self._collect(None, selections):
            name = item.node.name.value
            if not item.selections or name in _NO_RECURSION:
                self._recurse(list(item.selections), above, found)
                continue
            here = above.get(name, 0) + 1
            if here > RECURSION_THRESHOLD:
                found[name] = max(here, found.get(name, 0))
            self._recurse(list(item.selections), {**above, name: here}, found)

    def _selections(
        self, parent: GraphQLNamedType, selections: list[SelectionSetNode]
    ) -> tuple[int, int]:
        if isinstance(parent, _ABSTRACT):
            members = self._schema.get_possible_types(parent)
            costs = [self._selections(member, selections) for member in members]
            return max(score for score, _ in costs), max(depth for _, depth in costs)
        score, depth = 0, 0
        for item in self._collect(parent, selections):
            cost, deep = self._field(parent, item)
            score += cost
            depth = max(depth, deep)
        return score, depth

    def _field(self, parent: GraphQLNamedType, item: _Field) -> tuple[int, int]:
        name = item.node.name.value
        definition = self._definition(parent, name)
        if definition is None:
            return 1, 1
        children, depth = 0, 0
        if item.selections:
            children, depth = self._selections(
                get_named_type(definition.type), list(item.selections)
            )
        extra = _CONNECTION_RESOLVERS.get((parent.name, name))
        if extra is None:
            return children + 1, depth + 1
        score = children + 1 + extra
        arguments = self._arguments(definition, item.node)
        score += 1 if arguments.get("sort") else 0
        score += 5 if arguments.get("search") else 0
        limits = [arguments.get("first"), arguments.get("last"), PAGE]
        page = min(limit for limit in limits if isinstance(limit, int))
        # Integers keep GitLab's rounding down exact.
        return score + score * page // 100, depth + 1

    def _definition(self, parent: GraphQLNamedType, name: str) -> GraphQLField | None:
        if name == "__schema":
            return SchemaMetaFieldDef
        if name == "__type":
            return TypeMetaFieldDef
        if isinstance(parent, GraphQLObjectType):
            found: GraphQLField | None = parent.fields.get(name)
            return found
        return None

    def _arguments(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        # Defaults are taken from the schema's text: where types keep them differs by release.
        values = {
            name: value_from_ast_untyped(argument.ast_node.default_value)
            for name, argument in definition.args.items()
            if argument.ast_node is not None and argument.ast_node.default_value is not None
        }
        for argument in node.arguments or ():
            values[argument.name.value] = value_from_ast_untyped(argument.value, self._variables)
        return values

    def _collect(
        self, parent: GraphQLNamedType | None, selections: Iterable[SelectionSetNode]
    ) -> list[_Field]:
        """The fields asked of `parent` (of any type where it is None), one a response key."""
        found: dict[str, _Field] = {}
        for selection_set in selections:
            for node in selection_set.selections:
                if not self._included(node):
                    continue
                if isinstance(node, FieldNode):
                    key = node.alias.value if node.alias else node.name.value
                    more = (node.selection_set,) if node.selection_set else ()
                    known = found.get(key)
                    found[key] = _Field(node, (known.selections if known else ()) + more)
                    continue
                inner = self._inner(parent, node)
                if inner is None:
                    continue
                for item in self._collect(parent, [inner]):
                    key = item.node.alias.value if item.node.alias else item.node.name.value
                    known = found.get(key)
                    merged = (known.selections if known else ()) + item.selections
                    found[key] = _Field(item.node, merged)
        return list(found.values())

    def _inner(self, parent: GraphQLNamedType | None, node: Any) -> SelectionSetNode | None:
        fragment: InlineFragmentNode | FragmentDefinitionNode = node
        if isinstance(node, FragmentSpreadNode):
            fragment = self._fragments[node.name.value]
        # A fragment's own condition is never null; an inline fragment may go without one.
        condition: NamedTypeNode | None = fragment.type_condition
        if condition is None or parent is None or condition.name.value == parent.name:
            return fragment.selection_set
        named = self._schema.type_map.get(condition.name.value)
        if isinstance(named, _ABSTRACT) and isinstance(parent, GraphQLObjectType):
            return fragment.selection_set if self._schema.is_sub_type(named, parent) else None
        return None

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name not in ("skip", "include") or not directive.arguments:
                continue
            value = value_from_ast_untyped(directive.arguments[0].value, self._variables)
            if bool(value) is (name == "skip"):
                return False
        return True
