import ast
import inspect
import json
from datetime import UTC, datetime
from enum import Enum, StrEnum
from pathlib import Path

import pytest
import sarif_om as om

from scopelint_reports.sarif_write import to_data

STUB = Path(__file__).parents[2] / "typings" / "sarif_om" / "__init__.pyi"


class Colour(Enum):
    RED = "red"


class Shade(StrEnum):
    DARK = "dark"


def test_names_are_the_schemas_and_defaults_are_left_out() -> None:
    result = om.Result(message=om.Message(text="m"), rule_id="SL101", rule_index=0)
    expected = {"message": {"text": "m"}, "level": "warning", "ruleId": "SL101", "ruleIndex": 0}
    assert to_data(result) == expected
    component = om.ToolComponent(name="CWE")
    assert to_data(component) == {"name": "CWE"}
    target = om.ReportingDescriptorReference(id="CWE-1")
    relation = om.ReportingDescriptorRelationship(target=target, kinds=["superset"])
    assert to_data(relation) == {"target": {"id": "CWE-1"}, "kinds": ["superset"]}


def test_a_level_that_equals_the_default_is_kept() -> None:
    assert to_data(om.ReportingConfiguration(level="warning")) == {"level": "warning"}
    note = om.Notification(message=om.Message(text="m"))
    assert to_data(note) == {"message": {"text": "m"}, "level": "warning"}


def test_a_suppression_has_a_status() -> None:
    made = om.Suppression(kind="external", state="accepted")
    assert to_data(made) == {"kind": "external", "status": "accepted"}


def test_false_zero_and_empty_are_written() -> None:
    assert to_data(om.Invocation(execution_successful=False)) == {"executionSuccessful": False}
    empty = om.Run(tool=om.Tool(driver=om.ToolComponent(name="x")), results=[])
    assert to_data(empty) == {"tool": {"driver": {"name": "x"}}, "results": []}
    assert to_data({"a": (1, 2.5, True, "x")}) == {"a": [1, 2.5, True, "x"]}


@pytest.mark.parametrize(
    "value",
    [datetime(2026, 1, 1, tzinfo=UTC), Colour.RED, Shade.DARK, Path("x"), {1: "a"}, b"x", None],
)
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_data(om.Result(message=om.Message(text="m"), properties={"x": value}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_are_finite(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        to_data({"x": value})


def test_what_comes_out_can_be_written_as_json() -> None:
    data = to_data(om.Result(message=om.Message(text="m"), properties={"n": [1, {"x": 0.5}]}))
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def stubbed() -> dict[str, ast.FunctionDef]:
    """Return the constructor of each class in the stub."""
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    return {
        node.name: item
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.FunctionDef) and item.name == "__init__"
    }


def _stub_default(node: ast.expr) -> object:
    value: object = ast.literal_eval(node)
    return value


def _real_default(default: object) -> object:
    # The stub writes `...` for the defaults that attrs makes anew for each object.
    return (
        ...
        if getattr(default, "__name__", "") == "NOTHING" or "NOTHING" in repr(default)
        else default
    )


@pytest.mark.parametrize("name", stubbed())
def test_the_stub_has_the_real_parameters_and_defaults(name: str) -> None:
    real = list(inspect.signature(getattr(om, name)).parameters.values())
    arguments = stubbed()[name].args
    assert [arg.arg for arg in arguments.args[1:]] == [p.name for p in real]
    with_default = [p for p in real if p.default is not inspect.Parameter.empty]
    assert [_stub_default(node) for node in arguments.defaults] == [
        _real_default(p.default) for p in with_default
    ]


def test_the_stub_holds_every_class_that_is_used() -> None:
    folder = Path(inspect.getfile(to_data)).parent
    used = {
        node.attr
        for path in folder.glob("sarif*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "om"
    }
    assert used
    assert used <= set(stubbed())
