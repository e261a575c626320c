"""The guide for rule authors: its example rule, page rules and cases work as they stand."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from scopelint.rule import Rule
from scopelint.testing import load_cases, run_cases

GUIDE = Path(__file__).parents[2] / "rules" / "README.md"


def block(language: str, part: str) -> str:
    """The fenced block of the guide that holds `part`."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", GUIDE.read_text(), re.DOTALL | re.M)
    [text] = [text for text in found if part in text]
    return dedent(text)


@pytest.fixture
def example(tmp_path: Path) -> Iterator[type[Rule]]:
    file = tmp_path / "too_many_entries.py"
    file.write_text(block("python", "class TooManyEntries(ProjectRule)"))
    spec = importlib.util.spec_from_file_location("too_many_entries", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module.TooManyEntries
    del sys.modules[spec.name]


def test_the_examples_cases_hold(example: type[Rule], tmp_path: Path) -> None:
    cases = tmp_path / "too-many-entries.yml"
    cases.write_text(block("yaml", "fail_two_entries"))
    assert {case.kind for case in load_cases(cases)} == {"fail", "pass", "unknown"}
    assert run_cases(cases, example) == 3


def test_the_example_declares_what_the_guide_says(example: type[Rule]) -> None:
    assert (example.code, example.name) == ("ACME001", "too-many-entries")
    assert f"# {example.code} {example.name}" in GUIDE.read_text()
