"""A tree checked against a pydantic model; each fault gets its place in the file and a hint."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from scopelint.errors import Problem
from scopelint.text import clean, redact, shorten, shown, suggestion
from scopelint.yaml import (
    AnyNode,
    Location,
    MappingNode,
    ScalarNode,
    kind_of,
    locate,
    to_python,
    walk,
)

ModelT = TypeVar("ModelT", bound=BaseModel)

_EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
_YAML_11_BOOLEANS = frozenset({"yes", "no", "on", "off", "y", "n"})
_CODE_KEYS = frozenset({"rules_file", "rules_files", "rules-file", "rules-files"})
_SECRETS = ("token", "password", "secret", "api_key")


def validate(model: type[ModelT], node: AnyNode) -> tuple[ModelT | None, list[Problem]]:
    """Validate a tree against a model as JSON is validated; return the model, or all problems.

    Keys that are not text are problems of their own and otherwise left out.
    """
    problems = [
        key.problem(f"a key must be text, not {kind_of(key)}", f'quote it: "{clean(key.text)}"')
        for _, mapping in walk(node)
        if isinstance(mapping, MappingNode)
        for key, _ in mapping.value
        if not isinstance(key.value, str)
    ]
    try:
        value = model.model_validate_json(json.dumps(_textual(to_python(node))))
    except ValidationError as error:
        problems += _translate(model, node, error)
        return None, problems
    return (None if problems else value), problems


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in the order of their files and places, one a place."""
    first: dict[tuple[str, int, int], Problem] = {}
    for problem in problems:
        first.setdefault((problem.source, problem.line or 0, problem.column or 0), problem)
    return [first[place] for place in sorted(first)]


def _textual(data: object) -> object:
    if isinstance(data, Mapping):
        return {key: _textual(value) for key, value in data.items() if isinstance(key, str)}
    return [_textual(item) for item in data] if isinstance(data, list) else data


def _translate(model: type[BaseModel], root: AnyNode, error: ValidationError) -> Iterator[Problem]:
    by_node: dict[int, list[tuple[Any, AnyNode]]] = {}
    for fault in error.errors(include_url=False):
        way, key = fault["loc"], fault["type"] == "extra_forbidden"
        if way and way[-1] == "[key]":
            # Pydantic's name for a mapping's key that does not fit, behind the key itself.
            way, key = way[:-1], True
        node = locate(root, way, key=key)
        by_node.setdefault(id(node), []).append((fault, node))
    for faults in by_node.values():
        yield _problem(model, faults)


def _problem(model: type[BaseModel], faults: list[tuple[Any, AnyNode]]) -> Problem:
    # The branches of a union each complain: kinds are joined, anything else says more.
    telling = [pair for pair in faults if pair[0]["type"] not in _EXPECTED]
    fault, node = (telling or faults)[0]
    if telling:
        return node.problem(*_message_and_hint(model, fault, node))
    expected = " or ".join(dict.fromkeys(_EXPECTED[other["type"]] for other, _ in faults))
    return node.problem(_misfit(node, expected), _kind_hint(node, expected))


def _misfit(node: AnyNode, expected: str) -> str:
    if isinstance(node, ScalarNode) and node.value is None:
        return f"there is no value here, it must be {expected}"
    value = f"{shown(node.value)}" if isinstance(node, ScalarNode) else kind_of(node)
    return f"this must be {expected}, not {value}"


def _kind_hint(node: AnyNode, expected: str) -> str:
    if not isinstance(node, ScalarNode):
        return ""
    if node.value is None:
        return "remove the key or give it a value"
    if expected == "a list":
        return f"write it as a list: [{shorten(clean(redact(node.text)), 40)}]"
    if expected == "text":
        return f'quote it: "{shorten(clean(redact(node.text)), 40)}"'
    if expected == "true or false" and node.text.lower() in _YAML_11_BOOLEANS:
        return "in YAML 1.2 only true and false are no text"
    return ""


def _message_and_hint(model: type[BaseModel], fault: Any, node: AnyNode) -> tuple[str, str]:
    context = fault.get("ctx", {})
    value = node.value if isinstance(node, ScalarNode) else None
    message, hint = fault["msg"].replace("Input should be", "this must be", 1), ""
    match fault["type"]:
        case "extra_forbidden":
            return _unknown_key(model, fault["loc"])
        case "scopelint":
            return context["message"], context["hint"]
        case "missing":
            message = f"the key {shown(fault['loc'][-1])} is missing here"
        case "literal_error" | "enum":
            choices = _choices(context["expected"])
            message = f"this must be one of {', '.join(choices)}, not {shown(value)}"
            hint = suggestion(value, choices) if isinstance(value, str) else ""
        case "too_short" | "string_too_short" if context.get("min_length") == 1:
            message = "this must not be empty"
        case "value_error" | "assertion_error":
            message = str(context.get("error", message))
        case _:
            pass
    return shorten(clean(redact(message)), 300), hint


def _choices(expected: str) -> list[str]:
    # Pydantic has them only as a sentence: 'a', 'b' or 'c'.
    return [text.strip("'") for text in expected.replace(" or ", ", ").split(", ")]


def _unknown_key(model: type[BaseModel], location: Location) -> tuple[str, str]:
    key = str(location[-1])
    parent = _model_at(model, location[:-1])
    known = list(parent.model_fields) if parent else []
    if any(word in key.lower() for word in _SECRETS):
        hint = "a token never stands in a config: use SCOPELINT_TOKEN or --token-file"
    elif key in _CODE_KEYS:
        hint = "a config never names code to run: use --rules-file on the command line"
    elif not known:
        hint = "there are no keys here"
    else:
        hint = suggestion(key, known) or f"known here: {', '.join(known)}"
    return f"unknown key {shown(key)}", hint


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    here: Any = model
    for name in location:
        if isinstance(here, type) and issubclass(here, BaseModel):
            found = here.model_fields.get(str(name))
            here = found.annotation if found else None
        else:
            here = next(_models_in(here), here)
    return next(_models_in(here), None)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
