"""The generated pages are what their generator makes, and their links lead somewhere."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generated() -> dict[str, Callable[[], str]]:
    """The pages by name, each with the function that makes it."""
    # Not imported: that would leave a __pycache__ in the folder.
    pages: dict[str, Callable[[], str]] = runpy.run_path(str(DOCS / "generate.py"))["PAGES"]
    return pages


@pytest.mark.parametrize("name", sorted(generated()))
def test_generated_page_is_fresh(name: str) -> None:
    made = generated()[name]()
    assert (DOCS / name).read_text(encoding="utf-8") == made, "run: python docs/generate.py"


@pytest.mark.parametrize("name", sorted(generated()))
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (DOCS / name).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (DOCS / link).is_file()] == []


def test_the_index_names_every_rule_once() -> None:
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| \[(SL\d{3})\]", text, re.MULTILINE)
    assert len(codes) == len(set(codes)) >= 32
    assert codes == sorted(codes)
