"""GitLab's schema as one version has it, built from `schema.graphql`."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    REMOVE,
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NamedTypeNode,
    Node,
    StringValueNode,
    TypeDefinitionNode,
    Visitor,
    build_ast_schema,
    parse,
    visit,
)

from scopelint_simulator.resolvers import RESOLVERS, type_of_target
from scopelint_simulator.versions import Version, parse_version

_SPANS = ("since", "until", "enterprise")


@lru_cache(maxsize=1)
def _source() -> str:
    return files("scopelint_simulator").joinpath("schema.graphql").read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def schema_for(
    version: Version, remove_deprecated: bool = False, enterprise: bool = True
) -> GraphQLSchema:
    """The schema of one GitLab version and edition, with resolvers.

    `remove_deprecated` leaves out what is deprecated or an experiment, as GitLab does for
    `/api/graphql?remove_deprecated=true` (`doc/api/graphql/_index.md`).
    """
    document = visit(
        parse(_source(), no_location=True), _AtVersion(version, remove_deprecated, enterprise)
    )
    schema = build_ast_schema(_reachable(document) if remove_deprecated else document)
    _attach(schema)
    return schema


class _AtVersion(Visitor):
    """Removes what a version or edition lacks, then the directives that said so."""

    def __init__(self, version: Version, remove_deprecated: bool, enterprise: bool) -> None:
        super().__init__()
        self._version = version
        self._remove_deprecated = remove_deprecated
        self._enterprise = enterprise

    def enter(self, node: Node, *_: Any) -> Any:
        if isinstance(node, DirectiveNode | DirectiveDefinitionNode):
            return REMOVE if node.name.value in _SPANS else None
        for directive in getattr(node, "directives", None) or ():
            if not self._keeps(directive):
                return REMOVE
        return None

    def _keeps(self, directive: DirectiveNode) -> bool:
        name = directive.name.value
        if name == "enterprise":
            return self._enterprise
        if name not in _SPANS:
            return not (self._remove_deprecated and name == "deprecated")
        value = (directive.arguments or ())[0].value
        assert isinstance(value, StringValueNode)  # noqa: S101 - our own file
        bound = parse_version(value.value)
        return self._version >= bound if name == "since" else self._version < bound


class _Names(Visitor):
    """Collects the types that a definition names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        self.found.add(node.name.value)


def _reachable(document: DocumentNode) -> DocumentNode:
    """Without the types that no field leads to any more: some of them are left empty."""
    definitions = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, TypeDefinitionNode)
    }
    reached: set[str] = set()
    waiting = {"Query", "Mutation"}
    while waiting:
        name = waiting.pop()
        if name in reached or name not in definitions:
            continue
        reached.add(name)
        names = _Names()
        visit(definitions[name], names)
        waiting |= names.found
    kept = [
        node
        for node in document.definitions
        if not isinstance(node, TypeDefinitionNode) or node.name.value in reached
    ]
    return DocumentNode(definitions=tuple(kept))


def _attach(schema: GraphQLSchema) -> None:
    for name, resolvers in RESOLVERS.items():
        kind = schema.type_map.get(name)
        if not isinstance(kind, GraphQLObjectType):
            continue
        for field, resolver in resolvers.items():
            if field in kind.fields:
                kind.fields[field].resolve = resolver
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLUnionType):
            kind.resolve_type = type_of_target
