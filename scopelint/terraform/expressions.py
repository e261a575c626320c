"""Works out expressions of Terraform as far as they can be told without running it.

What an expression means is that of developer.hashicorp.com/terraform/language/expressions. What
cannot be told is an `Unknown` that says why; so is what Terraform itself would refuse.
"""

import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scopelint.declared import DeclaredAt
from scopelint.errors import ConfigError
from scopelint.terraform.functions import call
from scopelint.terraform.syntax import Expression, Node, line_of, parts, rule, word
from scopelint.terraform.typed_values import (
    MAX_TEXT,
    TOO_LARGE,
    Data,
    KnownAttributes,
    Named,
    Unknown,
    Value,
    boolean_of,
    equal,
    number_of,
    text_of,
)
from scopelint.yaml import SourceText

MAX_STEPS: Final = 2_000_000
"""Nodes that are worked out in one run, those of loops each time."""
Names = Mapping[str, Value]
"""What `each`, `count` and the variables of `for` stand for."""

_NO_ANSWER: Final = Unknown("Terraform refuses this expression")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Resolver(ABC):
    """What the names of a module stand for."""

    @abstractmethod
    def resolve(self, names: Sequence[str], at: DeclaredAt) -> tuple[Value, int]:
        """Return what a dotted name begins with, and how many of its parts that takes.

        `names` is such as `("local", "teams", "web")`; the parts that are left are attributes.
        """


@dataclass(slots=True)
class Steps:
    """Counts what is worked out, so that no file can make a run endless."""

    left: int = MAX_STEPS


class ExpressionEvaluator:
    """Works out the expressions of one module."""

    def __init__(self, resolver: Resolver, steps: Steps) -> None:
        self._resolver = resolver
        self._steps = steps

    def value(self, expression: Expression, names: Names | None = None) -> Value:
        """Return what an expression gives; raise ConfigError where that takes too much."""
        return _Run(self._resolver, self._steps, expression.file, names or {}).value(
            expression.node
        )


class _Run:
    def __init__(self, resolver: Resolver, steps: Steps, file: SourceText, names: Names) -> None:
        self._resolver, self._steps, self._file, self._names = resolver, steps, file, names

    def value(self, node: Node) -> Value:
        """Return what a node gives."""
        self._steps.left -= 1
        if self._steps.left < 0:
            message = "working out these values takes too much"
            raise ConfigError([self._file.problem(line_of(node), 1, message)])
        at = self._at(node)
        match rule(node):
            case "expr_term":
                return self.value(parts(node)[0])
            case "identifier" | "get_attr_expr_term" | "index_expr_term":
                return self._chain(node)
            case "full_splat_expr_term" | "attr_splat_expr_term":
                return self._splat(node)
            case "for_tuple_expr" | "for_object_expr":
                return Value(self._for(node), at)
            case _:
                return Value(self._data(node, at), at)

    def _at(self, node: Node) -> DeclaredAt:
        return DeclaredAt(self._file.name, line_of(node))

    def _data(self, node: Node, at: DeclaredAt) -> Data:
        match rule(node):
            case "string":
                return self._string(node)
            case "tuple":
                return [self.value(child) for child in parts(node)]
            case "object":
                return self._object(node)
            case "function_call":
                return self._call(node, at)
            case "conditional" | "binary_op" | "unary_op":
                return self._operation(node)
            case _:
                return _literal(node)

    def _operation(self, node: Node) -> Data:
        if rule(node) == "conditional":
            return self._conditional(node)
        return self._binary(node) if rule(node) == "binary_op" else self._unary(node)

    def _string(self, node: Node) -> Data:
        pieces: list[Data] = []
        for part in parts(node):
            child = part.children[0]
            if not hasattr(child, "data"):
                text = str(child)
                escaped = child.type in {"ESCAPED_INTERPOLATION", "ESCAPED_DIRECTIVE"}
                pieces.append(text[1:] if escaped else _ESCAPE.sub(_unescape, text))
            elif rule(child) == "interpolation":
                pieces.append(self.value(parts(child)[0]).data)
            else:
                return Unknown("a template with directives is not worked out here")
        return pieces[0] if len(pieces) == 1 else _joined(pieces)

    def _object(self, node: Node) -> Data:
        made: dict[str, Value] = {}
        for element in parts(node):
            key_node, value_node = parts(element)
            key = self._key(key_node)
            if isinstance(key, Unknown):
                return key
            made[key] = self.value(value_node)
        return made

    def _key(self, node: Node) -> str | Unknown:
        inner = parts(node)[0]
        while rule(inner) == "expr_term" and "(" not in map(str, inner.children):
            inner = parts(inner)[0]
        # A bare name is the key itself; one in brackets is worked out.
        if rule(inner) in {"identifier", "keyword", "literal_value"}:
            return word(inner)
        data = self.value(inner).data
        if isinstance(data, Unknown):
            return data
        text = text_of(data)
        return Unknown("a key is not known") if text is None else text

    def _call(self, node: Node, at: DeclaredAt) -> Data:
        name, *rest = parts(node)
        if len(rest) > 1:
            return Unknown("functions of providers are not worked out here")
        given = rest[0] if rest else None
        arguments = [self.value(child) for child in parts(given)] if given is not None else []
        if given is not None and any(str(child) == "..." for child in given.children):
            last = arguments.pop()
            if isinstance(last.data, Unknown):
                return last.data
            if not isinstance(last.data, list):
                return _NO_ANSWER
            arguments += last.data
        return call(word(name), arguments, at)

    def _conditional(self, node: Node) -> Data:
        condition, yes, no = parts(node)
        said = self.boolean(condition)
        return said if isinstance(said, Unknown) else self.value(yes if said else no).data

    def boolean(self, node: Node) -> bool | Unknown:
        """Return what a condition gives."""
        data = self.value(node).data
        if isinstance(data, Unknown):
            return data
        found = boolean_of(data)
        return _NO_ANSWER if found is None else found

    def _binary(self, node: Node) -> Data:
        left_node, term = parts(node)
        sign = str(parts(term)[0].children[-1]).split()[-1]
        right_node = parts(term)[-1]
        if sign in {"&&", "||"}:
            left, right = self.boolean(left_node), self.boolean(right_node)
            decides = sign == "||"
            if decides in (left, right):
                return decides
            return next((side for side in (left, right) if isinstance(side, Unknown)), not decides)
        one, other = self.value(left_node).data, self.value(right_node).data
        for side in (one, other):
            if isinstance(side, Unknown):
                return side
        if sign in {"==", "!="}:
            same = equal(one, other)
            return (
                Unknown("two values cannot be compared") if same is None else same == (sign == "==")
            )
        return _calculated(sign, number_of(one), number_of(other))

    def _unary(self, node: Node) -> Data:
        [operand] = parts(node)
        if str(node.children[0]) == "!":
            said = self.boolean(operand)
            return said if isinstance(said, Unknown) else not said
        data = self.value(operand).data
        if isinstance(data, Unknown):
            return data
        number = number_of(data)
        return _NO_ANSWER if number is None else -number

    def _chain(self, node: Node) -> Value:
        """Return what a name with attributes and indices stands for."""
        steps: list[Node] = []
        while rule(node) in {"get_attr_expr_term", "index_expr_term", "expr_term"}:
            if rule(node) == "expr_term":
                [node] = parts(node)
            else:
                node, step = parts(node)
                steps.append(step)
        steps.reverse()
        if rule(node) != "identifier":
            found, taken = self.value(node), 0
        elif (local := self._names.get(word(node))) is not None:
            found, taken = local, 0
        else:
            names = [word(node)]
            for step in steps:
                if rule(step) != "get_attr":
                    break
                names.append(word(parts(step)[0]))
            found, taken = self._resolver.resolve(names, self._at(node))
            taken -= 1
        return self._stepped(found, steps[taken:])

    def _stepped(self, value: Value, steps: Sequence[Node]) -> Value:
        for step in steps:
            if isinstance(value.data, Unknown):
                return value
            key: Data = word(parts(step)[0]) if rule(step) == "get_attr" else self._index(step)
            if isinstance(key, Unknown):
                return Value(key, value.at)
            value = _item(value, key)
        return value

    def _index(self, step: Node) -> Data:
        if rule(step) == "short_index":
            return int(str(step.children[-1]))
        return self.value(parts(step)[0]).data

    def _splat(self, node: Node) -> Value:
        base, splat = parts(node)
        found = self.value(base)
        if isinstance(found.data, Unknown):
            return found
        items = found.data if isinstance(found.data, list) else [found]
        if found.data is None:
            items = []
        return Value([self._stepped(item, parts(splat)) for item in items], found.at)

    def _for(self, node: Node) -> Data:
        intro, *rest = parts(node)
        *variables, collection = parts(intro)
        condition = rest.pop() if rule(rest[-1]) == "for_cond" else None
        over = self.value(collection)
        if isinstance(over.data, Unknown):
            return over.data
        if not isinstance(over.data, list | dict):
            return _NO_ANSWER
        runs = []
        for names in _rounds(over.data, [word(each) for each in variables]):
            inner = _Run(self._resolver, self._steps, self._file, {**self._names, **names})
            said = True if condition is None else inner.boolean(parts(condition)[0])
            if isinstance(said, Unknown):
                return said
            if said:
                runs.append(inner)
        if rule(node) == "for_tuple_expr":
            return [run.value(rest[0]) for run in runs]
        grouped = any(str(child) == "..." for child in node.children)
        return _pairs([(run.value(rest[0]), run.value(rest[1])) for run in runs], grouped=grouped)


def _literal(node: Node) -> Data:
    match rule(node):
        case "int_lit" | "float_lit":
            found = number_of(word(node))
            return TOO_LARGE if found is None else found
        case "literal_value":
            return {"true": True, "false": False}.get(word(node))
        case "heredoc_template" | "heredoc_template_trim":
            return _heredoc(word(node), trim=rule(node).endswith("trim"))
        case _:
            return Unknown("this expression is not worked out here")


def _joined(pieces: Sequence[Data]) -> Data:
    made = ""
    for piece in pieces:
        if isinstance(piece, Named):
            return Unknown(f"the id of the {piece.kind} {piece.name} is known to GitLab alone")
        text = text_of(piece)
        if text is None:
            return piece if isinstance(piece, Unknown) else _NO_ANSWER
        made += text
        if len(made) > MAX_TEXT:
            return TOO_LARGE
    return made


def _pairs(found: Sequence[tuple[Value, Value]], *, grouped: bool) -> Data:
    made: dict[str, Value] = {}
    for key, value in found:
        text = text_of(key.data)
        if text is None:
            return key.data if isinstance(key.data, Unknown) else Unknown("a key is not known")
        if not grouped:
            made[text] = value
        elif isinstance(old := made.setdefault(text, Value([], value.at)).data, list):
            old.append(value)
    return made


def _rounds(
    over: list[Value] | dict[str, Value], variables: Sequence[str]
) -> Iterator[dict[str, Value]]:
    """Yield what the variables of `for` stand for, each time."""
    keys: Iterable[int | str] = sorted(over) if isinstance(over, dict) else range(len(over))
    values = (over[key] for key in sorted(over)) if isinstance(over, dict) else over
    for key, value in zip(keys, values, strict=True):
        if len(variables) == 1:
            yield {variables[0]: value}
        else:
            yield {variables[0]: Value(key, value.at), variables[1]: value}


def _item(value: Value, key: Data) -> Value:
    data = value.data
    missing = Value(Unknown("it has no such attribute or item"), value.at)
    if isinstance(data, KnownAttributes):
        return data.attributes.get(str(key)) or Value(Unknown(data.why), value.at)
    if isinstance(data, dict):
        text = text_of(key)
        return missing if text is None else data.get(text, missing)
    if isinstance(data, list):
        number = number_of(key)
        fits = isinstance(number, int) and 0 <= number < len(data)
        return data[int(number)] if fits and number is not None else missing
    return missing


def _calculated(sign: str, one: float | None, other: float | None) -> Data:
    if one is None or other is None:
        return _NO_ANSWER
    try:
        if sign in _ORDER:
            return _ORDER[sign](one, other)
        return _ARITHMETIC[sign](one, other) if max(abs(one), abs(other)) < 2**64 else TOO_LARGE
    except (ArithmeticError, KeyError, ValueError):
        return _NO_ANSWER


def _unescape(match: re.Match[str]) -> str:
    text = match.group(1)
    if text[0] in "uU" and len(text) > 1:
        code = int(text[1:], 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _ESCAPES.get(text, text)


def _heredoc(text: str, *, trim: bool) -> Data:
    if "${" in text or "%{" in text:
        return Unknown("a heredoc with a template is not worked out here")
    lines = text.splitlines()[1:-1]
    if trim:
        indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
        lines = [line[min(indents, default=0) :] for line in lines]
    return "".join(f"{line}\n" for line in lines)
