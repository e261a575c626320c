"""How a run counts and shows: all that is not a rule's own affair."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from scopelint.engine.baseline import Baseline
from scopelint.engine.gate import FailOn
from scopelint.engine.rule_sets import Override
from scopelint.engine.waivers import WaiverRule
from scopelint.finding import Severity
from scopelint.report import Choices
from scopelint.rule import Rule


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run.

    `overrides` change rules, options and severities for projects by path, the later one wins;
    `selectable` are rules beyond the run's own that they may select. `most` are the tolerated
    numbers of findings by severity. `waivers` are held against `today`, today's UTC date where it
    is None; then `baseline` marks what is still new and was there before. `processes` judge at the
    same time; None leaves that to the engine. `choices` is
    what the report says of how the rules were chosen.
    """

    fail_on: FailOn = Severity.MEDIUM
    most: Mapping[Severity, int] = field(default_factory=dict)
    allow_incomplete: bool = False
    severities: Mapping[str, Severity] = field(default_factory=dict)
    min_severity: Severity = Severity.INFO
    new_only: bool = False
    overrides: tuple[Override, ...] = ()
    choices: Choices = field(default_factory=Choices)
    selectable: tuple[Rule, ...] = ()
    waivers: tuple[WaiverRule, ...] = ()
    today: date | None = None
    baseline: Baseline | None = None
    processes: int | None = None
