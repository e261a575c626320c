"""Every rule, on every case of its file."""

import pytest

from scopelint.rule import Rule
from scopelint.testing import Case, check_case, load_cases
from tests.rules.catalogue import RULES, case_file

ALL = [
    pytest.param(rule, case, id=f"{rule.code}-{case.name}")
    for rule in RULES
    for case in load_cases(case_file(rule))
]


@pytest.mark.parametrize(("rule", "case"), ALL)
def test_case(rule: type[Rule], case: Case) -> None:
    check_case(case, rule)
