"""The built-in finders, and where their cases are."""

from pathlib import Path

from scopelint.finder import Finder
from scopelint.registry import find_finders

FINDERS: list[type[Finder]] = [
    found.cls for found in find_finders().values() if found.distribution == "scopelint"
]


def case_file(finder: type[Finder]) -> Path:
    """Return the file with the cases of a finder."""
    return Path(__file__).parent / "cases" / f"{finder.name}.yml"
