"""The type of a variable, as far as it changes a value: defaults of attributes, sets, numbers.

Source: developer.hashicorp.com/terraform/language/expressions/type-constraints, `optional` and
"Conversion of Complex Types".
"""

from scopelint.terraform.expressions import ExpressionEvaluator
from scopelint.terraform.syntax import Expression, Node, parts, rule, word
from scopelint.terraform.typed_values import Unknown, Value, distinct, number_of, text_of


def convert(value: Value, wanted: Expression, evaluator: ExpressionEvaluator) -> Value:
    """Return a value as its variable's type makes it; what does not fit is unknown."""
    return _convert(value, wanted.node, wanted, evaluator)


def _convert(value: Value, node: Node, wanted: Expression, evaluator: ExpressionEvaluator) -> Value:
    while rule(node) == "expr_term":
        node = parts(node)[0]
    if value.data is None or isinstance(value.data, Unknown):
        return value
    if rule(node) == "function_call":
        name, *given = parts(node)
        arguments = parts(given[0]) if given else []
        if word(name) == "object" and arguments:
            return _object(value, arguments[0], wanted, evaluator)
        return _collection(value, word(name), arguments, wanted, evaluator)
    return _single(value, word(node)) if rule(node) == "identifier" else value


def _collection(
    value: Value,
    kind: str,
    arguments: list[Node],
    wanted: Expression,
    evaluator: ExpressionEvaluator,
) -> Value:
    data = value.data
    if kind in {"list", "set"} and isinstance(data, list) and arguments:
        items = [_convert(item, arguments[0], wanted, evaluator) for item in data]
        return Value(distinct(items) if kind == "set" else items, value.at)
    if kind == "map" and isinstance(data, dict) and arguments:
        pairs = {key: _convert(item, arguments[0], wanted, evaluator) for key, item in data.items()}
        return Value(pairs, value.at)
    if kind == "tuple" and isinstance(data, list):
        return value
    return Value(Unknown(f"the value is none of the type {kind}"), value.at)


def _single(value: Value, kind: str) -> Value:
    if kind == "string" and (text := text_of(value.data)) is not None:
        return Value(text, value.at)
    if kind == "number" and (number := number_of(value.data)) is not None:
        return Value(number, value.at)
    return value


def _object(value: Value, node: Node, wanted: Expression, evaluator: ExpressionEvaluator) -> Value:
    while rule(node) == "expr_term":
        node = parts(node)[0]
    if not isinstance(value.data, dict) or rule(node) != "object":
        return Value(Unknown("the value is no object"), value.at)
    made: dict[str, Value] = {}
    for element in parts(node):
        key_node, inner = parts(element)
        key = next(key_node.find_data("identifier"), None)
        if key is None:
            continue
        while rule(inner) == "expr_term":
            inner = parts(inner)[0]
        default: Node | None = None
        if rule(inner) == "function_call" and word(parts(inner)[0]) == "optional":
            inner, *rest = parts(parts(inner)[1])
            default = rest[0] if rest else None
        item = value.data.get(word(key), Value(None, value.at))
        if item.data is None and default is not None:
            item = evaluator.value(Expression(default, wanted.file))
        made[word(key)] = _convert(item, inner, wanted, evaluator)
    return Value(made, value.at)
