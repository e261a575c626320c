"""What every built-in finder has: a page, cases, and files that are its own."""

from collections import Counter
from pathlib import Path

import pytest

from scopelint.finder import Finder
from scopelint.testing import load_finder_cases
from tests.finders.catalogue import FINDERS, case_file
from tests.meta.sources import ROOT

FOLDER = ROOT / "finders" / "scopelint_finders"
SECTIONS = ("What it reads", "What it takes for a use", "What it cannot know")
every_finder = pytest.mark.parametrize("finder", FINDERS, ids=lambda finder: finder.name)


@every_finder
def test_a_finder_is_called_as_its_module_and_page(finder: type[Finder]) -> None:
    assert finder.__module__ == f"scopelint_finders.{finder.name.replace('-', '_')}"
    page = finder.page()
    assert page.startswith(f"# {finder.name}\n")
    found = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert tuple(found) == SECTIONS


@every_finder
def test_a_finder_has_cases_that_name_and_that_find_nothing(finder: type[Finder]) -> None:
    kinds = {case.name.partition("_")[0] for case in load_finder_cases(case_file(finder))}
    assert {"names", "none"} <= kinds


def test_no_page_and_no_cases_are_without_a_finder() -> None:
    names = {finder.name for finder in FINDERS}
    assert {page.stem.replace("_", "-") for page in FOLDER.glob("*.md")} == names
    assert {file.stem for file in (Path(__file__).parent / "cases").glob("*.yml")} == names


def test_no_file_is_read_by_two_finders() -> None:
    paths = Counter(path for finder in FINDERS for path in finder.paths)
    assert [path for path, count in paths.items() if count > 1] == []


def test_finders_import_neither_the_network_nor_the_rest_of_the_product() -> None:
    """`scopelint.finder` says that they are pure."""
    allowed = {"access", "errors", "finder", "references", "terraform", "text", "yaml"}
    for module in FOLDER.glob("*.py"):
        lines = module.read_text(encoding="utf-8").splitlines()
        named = [line.split()[1] for line in lines if line.startswith(("from ", "import "))]
        own = {name.split(".")[1] for name in named if name.startswith("scopelint.")}
        assert own <= allowed, module.name
        known = {name for name in named if name.startswith("scopelint_finders")}
        assert known <= {"scopelint_finders.xml_events", "scopelint_finders.quoted"}, module.name
        assert not {"requests", "gitlab", "subprocess", "socket", "pathlib", "os"} & {*named}


def test_at_least_thirty_cases_have_the_shape_of_public_files() -> None:
    cases = [case.name for finder in FINDERS for case in load_finder_cases(case_file(finder))]
    assert sum("_public_" in name for name in cases) >= 30
