"""Options of rules: what they are by default, and what is refused."""

from typing import Any

import pytest

from scopelint.rule import Rule
from tests.rules.catalogue import RULES

BY_CODE = {rule.code: rule for rule in RULES}
DEFAULTS = {
    "SL302": {"max_projects": 50},
    "SL309": {"max_projects": 200},
    "SL404": {"threshold": 90},
    "SL701": {"days": 90},
    "SL703": {"days": 90, "max_share": 20, "min_projects": 10},
    "SL805": {"replaced_lists": True},
}


def test_defaults_are_what_was_promised() -> None:
    found = {rule.code: rule().options.model_dump() for rule in RULES}
    assert {code: options for code, options in found.items() if options} == DEFAULTS


@pytest.mark.parametrize(
    ("code", "name", "least", "most"),
    [
        ("SL302", "max_projects", 1, None),
        ("SL309", "max_projects", 1, None),
        ("SL404", "threshold", 0, 100),
        ("SL701", "days", 1, None),
        ("SL703", "days", 1, None),
        ("SL703", "max_share", 0, 100),
        ("SL703", "min_projects", 1, None),
    ],
)
def test_numbers_keep_to_their_range(code: str, name: str, least: int, most: int | None) -> None:
    rule: type[Rule] = BY_CODE[code]
    bad: list[Any] = [least - 1, str(least), least + 0.5, True, None]
    if most is not None:
        bad.append(most + 1)
    for value in bad:
        with pytest.raises(ValueError, match=name):
            rule({name: value})
    for value in (least, most or 10**6):
        assert getattr(rule({name: value}).options, name) == value


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_an_unknown_option_is_refused(rule: type[Rule]) -> None:
    with pytest.raises(ValueError, match="surprise"):
        rule({"surprise": 1})
