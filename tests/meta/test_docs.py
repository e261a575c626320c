"""The pages: generated ones are fresh, links lead somewhere, and what they name is there."""

import re
import runpy
from collections.abc import Callable

import pytest

from tests.meta.sources import ROOT, product

DOCS = ROOT / "docs"
PAGES = [page for page in (*ROOT.glob("*.md"), *ROOT.glob("*/*.md")) if page.stem != "CHANGELOG"]
"""Every page that tells of the code, but for the history, which keeps its old names."""


def generated() -> dict[str, Callable[[], str]]:
    """The pages by name, each with the function that makes it."""
    # Not imported: that would leave a __pycache__ in the folder.
    pages: dict[str, Callable[[], str]] = runpy.run_path(str(DOCS / "generate.py"))["PAGES"]
    return pages


@pytest.mark.parametrize("name", sorted(generated()))
def test_generated_page_is_fresh(name: str) -> None:
    made = generated()[name]()
    assert (DOCS / name).read_text(encoding="utf-8") == made, "run: python docs/generate.py"


@pytest.mark.parametrize("name", sorted(name for name in generated() if name.endswith(".md")))
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (DOCS / name).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (DOCS / link).is_file()] == []


def test_the_index_names_every_rule_once() -> None:
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| \[(SL\d{3})\]", text, re.MULTILINE)
    assert len(codes) == len(set(codes)) >= 32
    assert codes == sorted(codes)


def where_things_are() -> list[tuple[str, list[str]]]:
    """Return the modules of CONTRIBUTING's table, and the names it gives for each."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Where things are\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+ \| `([\w/.]+)` \|(.*)\|$", section, re.MULTILINE)
    return [(path, re.findall(r"`(\w+)`", names)) for path, names in rows]


def test_the_table_of_where_things_are_has_rows() -> None:
    assert len(where_things_are()) >= 10


@pytest.mark.parametrize(("path", "names"), where_things_are())
def test_things_are_where_contributing_says(path: str, names: list[str]) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for name in names:
        assert re.search(rf"^ *(?:(?:class|def) {name}\b|{name}: )", text, re.MULTILINE), name


def test_pages_name_modules_that_exist() -> None:
    """`scopelint.x.y` in code marks or examples is a module, or something in one."""
    known = set(product())
    wrong = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in re.findall(_DOTTED, page.read_text("utf-8"))
        if not _is_there(name, known)
    ]
    assert wrong == []


def _is_there(name: str, known: set[str]) -> bool:
    """Whether it is a module, an entry-point group, a file's name, or a name within a module."""
    if name in {"scopelint.rules", "scopelint.reporters", "scopelint.finders"} or re.fullmatch(
        _FILE, name
    ):
        return True
    module, _, attribute = name.rpartition(".")
    return name in known or (module in known and _defines(module, attribute))


_DOTTED = r"(?<![\w./-])scopelint(?:_\w+)?(?:\.\w+)+"
_FILE = (
    r"scopelint\.(?:yml|yaml|json|jsonl|sarif|html|csv|md|xml|gitlab|txt|log|prom|snapshot)\w*.*"
)


def _defines(module: str, attribute: str) -> bool:
    text = product()[module].text
    return re.search(rf"\b{attribute}\b", text) is not None


def test_pages_name_folders_and_files_that_exist() -> None:
    found = [
        (page.relative_to(ROOT), place)
        for page in PAGES
        for place in re.findall(
            r"`((?:scopelint|rules|reports|finders|simulator|tests|docs|benchmarks)/[\w./-]+)`",
            page.read_text("utf-8"),
        )
    ]
    assert found
    assert [(page, place) for page, place in found if not (ROOT / place).exists()] == []
