from typing import Any

import pytest

from scopelint.config import (
    Catalogue,
    UnknownSelectorError,
    added_rules,
    select_rules,
    severity_overrides,
)
from scopelint.errors import ExitCode, UsageError
from scopelint.finding import Severity
from tests.config.samples import RULES, Broad, Disabled, Outside, Private


def codes(**inputs: Any) -> list[str]:
    return [rule.code for rule in select_rules(RULES, **inputs)]


ALL = ["ACME001", "SL101", "SL104", "SL302", "SL305", "SL307"]
DEFAULT = ["ACME001", "SL101", "SL302", "SL305"]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, DEFAULT),
        ({"profile": "strict"}, ALL),
        ({"select": ["SL3"]}, ["SL302", "SL305", "SL307"]),
        ({"select": ["SL3"], "profile": "strict"}, ["SL302", "SL305", "SL307"]),
        ({"select": ["SL104"]}, ["SL104"]),
        ({"select": ["limit-weakened-by-visibility"]}, ["SL104"]),
        ({"select": ["SL"]}, ALL[1:]),
        ({"select": ["ACME"]}, ["ACME001"]),
        ({"select": ["SL305", "SL101"]}, ["SL101", "SL305"]),
        ({"extend_select": ["SL307"]}, [*DEFAULT, "SL307"]),
        ({"select": ["SL101"], "extend_select": ["SL3"]}, ["SL101", "SL302", "SL305", "SL307"]),
        ({"select": ["SL101"], "extend_select": ["SL104"]}, ["SL101", "SL104"]),
        ({"ignore": ["SL3"]}, ["ACME001", "SL101"]),
        ({"ignore": ["SL3", "SL101"]}, ["ACME001"]),
        ({"select": ["SL305", "SL101"], "ignore": ["SL3"]}, ["SL101"]),
        ({"select": ["SL3"], "extend_select": ["SL302"], "ignore": ["SL302"]}, ["SL305", "SL307"]),
        ({"select": []}, DEFAULT),
        ({"select": None}, DEFAULT),
    ],
)  # fmt: skip
def test_selection(inputs: dict[str, Any], expected: list[str]) -> None:
    assert codes(**inputs) == expected


@pytest.mark.parametrize(
    ("inputs", "message", "hint"),
    [
        ({"select": ["SL1O1"]}, '--select: unknown rule "SL1O1"', '"SL101"'),
        ({"ignore": ["inbound-limit"]}, "--ignore: unknown rule", '"inbound-limit-disabled"'),
        ({"extend_select": ["SL9"]}, '--extend-select: unknown rule prefix "SL9"', ""),
        ({"select": ["X"]}, '--select: unknown rule prefix "X"', "scopelint rules"),
        ({"ignore": ["ALL"]}, "--ignore: unknown rule", ""),
        ({"select": ["S"]}, "--select: unknown rule prefix", ""),
        ({"select": ["SL101 "]}, "--select: unknown rule", '"SL101"'),
        ({"select": [""]}, "--select: unknown rule", ""),
        ({"select": ["SL101"], "ignore": ["SL1"]}, "no rule is left", "ignored"),
    ],
)
def test_what_cannot_be_selected(inputs: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        select_rules(RULES, **inputs)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_a_prefix_keeps_all_the_letters() -> None:
    class Cousin(Broad):
        code = "SLX101"
        name = "cousin"

    known = Catalogue([*RULES, Cousin])
    assert Cousin not in known.resolve("SL")
    assert known.resolve("SLX1") == (Cousin,)
    assert set(known.prefixes) == {
        "ACME", "ACME0", "ACME00", "SL", "SL1", "SL10", "SL3", "SL30", "SLX", "SLX1", "SLX10",
    }  # fmt: skip


def test_one_rule_by_code_or_name() -> None:
    known = Catalogue(RULES)
    assert known.rule("SL101") is known.rule("inbound-limit-disabled") is Disabled
    assert len(known) == len(RULES)
    with pytest.raises(UnknownSelectorError, match="several rules"):
        known.rule("SL3")
    with pytest.raises(UnknownSelectorError) as caught:
        known.rule("outside-project-alowed")
    assert caught.value.hint == 'did you mean "outside-project-allowed"?'


def test_the_nearer_severity_wins_whatever_the_order() -> None:
    overrides = {
        "SL305": Severity.CRITICAL,
        "SL30": Severity.INFO,
        "less-private-project-allowed": Severity.HIGH,
        "SL": Severity.LOW,
    }
    expected = {
        "SL101": Severity.LOW,
        "SL104": Severity.LOW,
        Broad.code: Severity.INFO,
        Outside.code: Severity.CRITICAL,
        Private.code: Severity.HIGH,
    }
    assert severity_overrides(overrides, RULES) == expected
    turned = dict(reversed(overrides.items()))
    assert severity_overrides(turned, RULES) == expected


def test_severity_of_an_unknown_rule() -> None:
    with pytest.raises(UsageError, match='severity: unknown rule prefix "SL9"'):
        severity_overrides({"SL9": Severity.LOW}, RULES)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, ["SL104", "SL302"]),
        ({"ignore": ["SL3"]}, ["SL104"]),
        ({"select": ["SL302"]}, ["SL302"]),
        ({"select": ["SL305"]}, []),
        ({"select": ["SL305"], "extend_select": ["SL1"]}, ["SL104"]),
        ({"extend_select": ["SL305"]}, ["SL104", "SL302"]),
        ({"select": ["SL"], "ignore": ["SL104"]}, ["SL302"]),
    ],
)  # fmt: skip
def test_what_overrides_add_is_bounded_by_the_command_line(
    inputs: dict[str, Any], expected: list[str]
) -> None:
    chosen = [Disabled, Outside]
    wanted = {"SL104", "SL302", "SL101"}
    assert [rule.code for rule in added_rules(RULES, wanted, chosen, **inputs)] == expected
