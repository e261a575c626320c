"""What a run is given beside the inventory and the rules: how it counts, and what is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from scopelint.engine.baseline import Baseline
from scopelint.engine.gate import FailOn
from scopelint.engine.previous import Previous
from scopelint.engine.rule_sets import Override
from scopelint.engine.waivers import WaiverRule
from scopelint.finding import Severity
from scopelint.owners import OwnerRule
from scopelint.rule import Rule
from scopelint.run_choices import Choices


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run."""

    fail_on: FailOn = Severity.MEDIUM
    """The lowest severity of a new finding that fails the run."""
    most: Mapping[Severity, int] = field(default_factory=dict)
    """How many new findings of a severity are tolerated."""
    allow_incomplete: bool = False
    """An incomplete scan may pass."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Those that differ from the rules' own, by code."""
    min_severity: Severity = Severity.INFO
    """Findings below it are not shown."""
    new_only: bool = False
    """Baselined findings are not shown."""
    overrides: tuple[Override, ...] = ()
    """What is otherwise for some projects, by path; a later one wins."""
    owners: tuple[OwnerRule, ...] = ()
    """Whose projects are; the last match counts."""
    choices: Choices = field(default_factory=Choices)
    """How the rules were chosen, as the report says it."""
    selectable: tuple[Rule, ...] = ()
    """Rules beyond the run's own that overrides may select."""
    waivers: tuple[WaiverRule, ...] = ()
    today: date | None = None
    """The day that waivers are compared with; None takes today's UTC date."""
    baseline: Baseline | None = None
    """What marks, after the waivers, which findings were there before."""
    previous: Previous | None = None
    """The last report: what cannot be judged now is carried over from it."""
    processes: int | None = None
    """How many processes judge at the same time; None leaves that to the engine."""
