"""Answers `/api/graphql`: checks a query as GitLab does, then has graphql-core execute it.

Sources: `doc/api/graphql/_index.md`, `doc/api/graphql/getting_started.md`, GitLab's
`app/graphql/gitlab_schema.rb` and `app/controllers/graphql_controller.rb`.
"""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.complexity import Analysis, Cost
from scopelint_simulator.context import TIMED_OUT, Context, InternalError, RequestTimeout
from scopelint_simulator.graphql_schema import schema_for
from scopelint_simulator.instance import Instance
from scopelint_simulator.permissions import Caller

MAX_QUERY_SIZE = 10_000
MAX_ERRORS = 5
_PREPARED = 512
MAX_COMPLEXITY = {"anonymous": 200, "authenticated": 250, "admin": 300}
_INTROSPECTION_COMPLEXITY = 226
_MAX_DEPTH = {"anonymous": 15, "authenticated": 20, "admin": 20}


@dataclass(slots=True)
class Prepared:
    """A query text, parsed and validated against one version's schema, with known costs."""

    document: DocumentNode | None
    errors: list[dict[str, Any]]
    variable_names: tuple[str, ...] = ()
    costs: dict[tuple[str | None, str], tuple[Cost, dict[str, int]]] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """An answer, and the projects whose job token fields it took to make it."""

    answer: Answer
    projects: int = 0
    writes: bool = False


class GraphQLApi:
    """The endpoint over one instance."""

    def __init__(self, instance: Instance, base_url: str, max_page: int | None = None) -> None:
        self.instance = instance
        self.base_url = base_url
        self.max_page = max_page
        self._prepared: OrderedDict[tuple[str, Any, bool], Prepared] = OrderedDict()
        self._lock = threading.Lock()
        self.writing = threading.Lock()
        """Held while the instance is changed; readers need none, since rows are replaced whole."""

    def answer(
        self,
        caller: Caller,
        body: Any,
        *,
        remove_deprecated: bool = False,
        read_only: bool = False,
    ) -> Outcome:
        """Answer one request body (an object, or an array for a multiplex).

        `read_only` is a GET request, which may hold no mutation.
        """
        several = isinstance(body, list)
        queries = body if several else [body]
        problem = _misuse(queries)
        if problem:
            return Outcome(_failure(422, problem))
        context = Context(
            self.instance, caller, self.instance.settings.version, self.base_url, self.max_page
        )
        enterprise = self.instance.settings.enterprise
        schema = schema_for(context.version, remove_deprecated, enterprise)
        runs = [
            _Run(self._prepare(schema, context, item, remove_deprecated), item) for item in queries
        ]
        if read_only and any(run.is_mutation() for run in runs):
            return Outcome(_failure(422, "Mutations are forbidden in GET requests"))
        total = sum(run.score(schema) for run in runs)
        writes = any(run.is_mutation() for run in runs)
        try:
            with self.writing if writes else nullcontext():
                results = [run.result(schema, context, total) for run in runs]
        except RequestTimeout:
            return Outcome(_failure(503, TIMED_OUT), len(context.scope_projects))
        except InternalError:
            return Outcome(_failure(500, "Internal server error"), len(context.scope_projects))
        answer = json_answer(200, results if several else results[0])
        return Outcome(answer, len(context.scope_projects), writes)

    def _prepare(
        self, schema: GraphQLSchema, context: Context, item: Mapping[str, Any], removed: bool
    ) -> Prepared:
        text = str(item.get("query") or "")
        key = (text, context.version, removed)
        with self._lock:
            known = self._prepared.get(key)
        if known is None:
            known = _prepare(schema, text)
            with self._lock:
                self._prepared[key] = known
                while len(self._prepared) > _PREPARED:
                    self._prepared.popitem(last=False)
        return known


@dataclass(slots=True)
class _Run:
    """One query of a request."""

    prepared: Prepared
    item: Mapping[str, Any]

    def operation(self) -> OperationDefinitionNode | None:
        if self.prepared.document is None:
            return None
        return get_operation_ast(self.prepared.document, self.item.get("operationName"))

    def is_mutation(self) -> bool:
        operation = self.operation()
        return operation is not None and operation.operation is OperationType.MUTATION

    def variables(self) -> dict[str, Any]:
        found = self.item.get("variables")
        if isinstance(found, str):
            found = json.loads(found) if found else {}
        return dict(found or {})

    def score(self, schema: GraphQLSchema) -> int:
        return self._cost(schema)[0].score

    def _cost(self, schema: GraphQLSchema) -> tuple[Cost, dict[str, int]]:
        operation = self.operation()
        if self.prepared.document is None or operation is None or self.prepared.errors:
            return Cost(0, 0), {}
        variables = self.variables()
        shown = json.dumps([variables.get(name) for name in self.prepared.variable_names])
        key = (self.item.get("operationName"), shown)
        known = self.prepared.costs.get(key)
        if known is None:
            analysis = Analysis(schema, self.prepared.document, operation, variables)
            known = (analysis.cost(), analysis.recursion())
            if len(self.prepared.costs) < _PREPARED:
                self.prepared.costs[key] = known
        return known

    def result(self, schema: GraphQLSchema, context: Context, total: int) -> dict[str, Any]:
        if self.prepared.errors:
            return {"errors": self.prepared.errors}
        operation = self.operation()
        if operation is None or self.prepared.document is None:
            return {"errors": [{"message": _no_operation(self.item.get("operationName"))}]}
        cost, recursion = self._cost(schema)
        problem = _limits(context, operation, cost, recursion, total)
        if problem:
            return {"errors": [{"message": text} for text in problem]}
        context.score = cost.score
        answer = execute_sync(
            schema,
            self.prepared.document,
            context_value=context,
            variable_values=self.variables(),
            operation_name=self.item.get("operationName"),
        )
        if answer.errors:
            for error in answer.errors:
                original = error.original_error
                if original is not None and not isinstance(original, GraphQLError):
                    raise original
        if answer.data is None and answer.errors and not any(e.path for e in answer.errors):
            return {"errors": [error.formatted for error in answer.errors]}
        shown: dict[str, Any] = {"data": answer.data}
        if answer.errors:
            shown["errors"] = [error.formatted for error in answer.errors]
        return shown


def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    if not text.strip():
        return Prepared(None, [{"message": "No query string was present"}])
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return Prepared(None, [dict(error.formatted)])
    found = validate(schema, document, max_errors=MAX_ERRORS)[:MAX_ERRORS]
    errors = [{**error.formatted, "message": _ruby(error.message)} for error in found]
    return Prepared(document, errors, _costly_variables(text))


def _costly_variables(text: str) -> tuple[str, ...]:
    """Variables that may change a cost: those of paging, sorting, searching and directives."""
    pattern = r"\b(?:first|last|sort|search|if)\s*:\s*\$(\w+)"
    return tuple(sorted(set(re.findall(pattern, text))))


_RUBY_TEXTS = (
    (r"Cannot query field '(\w+)' on type '(\w+)'\..*", r"Field '\1' doesn't exist on type '\2'"),
    (
        r"Unknown argument '(\w+)' on field '\w+\.(\w+)'\..*",
        r"Field '\2' doesn't accept argument '\1'",
    ),
    (r"Unknown type '(\w+)'\..*", r"No such type \1, so it can't be a fragment condition"),
)


def _ruby(message: str) -> str:
    """The words that graphql-ruby has for the faults a client meets on older versions."""
    for pattern, replacement in _RUBY_TEXTS:
        message = re.sub(pattern, replacement, message, flags=re.DOTALL)
    return message


def _limits(
    context: Context,
    operation: OperationDefinitionNode,
    cost: Cost,
    recursion: dict[str, int],
    total: int,
) -> list[str]:
    caller = context.caller
    who = "admin" if caller.admin else "authenticated" if caller.user else "anonymous"
    limit = MAX_COMPLEXITY[who]
    if who == "anonymous" and _only_introspection(operation):
        limit = _INTROSPECTION_COMPLEXITY
    context.limit = limit
    problems = []
    score = max(cost.score, total)
    if score > limit:
        problems.append(f"Query has complexity of {score}, which exceeds max complexity of {limit}")
    if cost.depth > _MAX_DEPTH[who]:
        problems.append(
            f"Query has depth of {cost.depth}, which exceeds max depth of {_MAX_DEPTH[who]}"
        )
    if recursion and not _only_introspection(operation):
        shown = ", ".join(f'"{name}"=>{count}' for name, count in recursion.items())
        problems.append(
            f"Recursive query - too many of fields '{{{shown}}}' detected in single branch "
            "of the query"
        )
    return problems


def _only_introspection(operation: OperationDefinitionNode) -> bool:
    names = [
        getattr(getattr(node, "name", None), "value", "")
        for node in operation.selection_set.selections
    ]
    return all(name.startswith("__") for name in names)


def _no_operation(name: str | None) -> str:
    return f'No operation named "{name}"' if name else "An operation name is required"


def _misuse(queries: list[Any]) -> str | None:
    size = 0
    for item in queries:
        if not isinstance(item, dict):
            return "Unexpected request body"
        variables = item.get("variables")
        if isinstance(variables, str) and variables:
            try:
                variables = json.loads(variables)
            except ValueError:
                return "Variables are invalid JSON"
        if variables and not isinstance(variables, dict):
            return "Variables are invalid JSON"
        size += len(str(item.get("query") or ""))
    return "Query too large" if size > MAX_QUERY_SIZE else None


def _failure(status: int, message: str) -> Answer:
    return json_answer(status, {"errors": [{"message": message}]})
