"""Every finder, on every case of its file."""

import pytest

from scopelint.finder import Finder
from scopelint.testing import FinderCase, check_finder_case, load_finder_cases
from tests.finders.catalogue import FINDERS, case_file

ALL = [
    pytest.param(finder, case, id=f"{finder.name}-{case.name}")
    for finder in FINDERS
    for case in load_finder_cases(case_file(finder))
]


@pytest.mark.parametrize(("finder", "case"), ALL)
def test_case(finder: type[Finder], case: FinderCase) -> None:
    check_finder_case(case, finder)
