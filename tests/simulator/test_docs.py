"""The page about the simulator: its instance loads, and it names every key and fault."""

import re
from dataclasses import fields
from pathlib import Path

import yaml

from scopelint_simulator import Faults, load_instance
from scopelint_simulator.instance_format import InstanceFile, ProjectPart, ScopePart

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def example() -> str:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_example_loads_and_shows_every_key() -> None:
    instance = load_instance(example())
    assert len(instance.projects) == 102
    data = yaml.safe_load(example())
    assert set(data) == set(InstanceFile.model_fields)
    assert set(data["projects"][0]) == set(ProjectPart.model_fields)
    assert set(data["projects"][0]["scope"]) == set(ScopePart.model_fields)


def test_every_fault_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [field.name for field in fields(Faults) if f"`{field.name}`" not in text] == []
