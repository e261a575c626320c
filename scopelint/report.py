"""The interface of a reporter, and the one report object that every reporter is given.

A reporter turns a `Report` into bytes. It knows no API, no rule's code and no other format. What
becomes of unknown, waived and baselined findings in each format is the table of the outside
contract, section 5.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Literal

from scopelint.finding import (
    AfterChange,
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Role,
    Severity,
    SincePrevious,
    State,
    TrendPoint,
)
from scopelint.model import Gap, Scan
from scopelint.owners import Ownership
from scopelint.remedy import Change
from scopelint.run_choices import Choices, LeftOut


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """One rule of the run: its identity, its texts, and how often it passed and failed."""

    code: str
    name: str
    title: str
    severity: Severity
    help_uri: str
    page: str
    """The rule's page in Markdown; empty in a report that was read back."""
    outcomes: Mapping[Outcome, int]
    """How many of the projects or entries that it judged pass, fail, are unknown."""
    not_judged: str | None = None
    """Why the rule judged nothing at all, None where it did."""
    tags: tuple[str, ...] = ()
    cwe: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    """Items of the OWASP Top 10 CI/CD Security Risks, such as `CICD-SEC-5`."""
    confidence: str = "high"
    distribution: str = "scopelint"
    """The installed package that the rule is of."""
    requirement: str = ""
    """What holds where the rule passes, without a full stop; empty where it is not known."""
    remedy: str = ""
    """A sentence in Markdown on what `scopelint plan` does about a finding; empty where it is not
    known."""
    role: Role | None = None
    """What other parts ask this rule about; None for nearly all rules."""
    own_severity: Severity | None = None
    """The rule's own severity where the configuration gives it another one, else None."""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The items of standards that the rule supports, by the standard's name and version."""
    subject: Literal["", "instance", "project", "entry", "declared"] = ""
    """What `outcomes` counts; empty where it is not known."""
    change: Change | None = None
    """What fixes a finding, None where `scopelint plan` changes nothing or it is not known."""


@dataclass(frozen=True, slots=True)
class ProjectCounts:
    """The projects below the targets: `total` is the sum of what became of them."""

    total: int
    read: int
    unreadable: int
    """Asked for and not read."""
    left_out: int = 0
    """Listed and not asked for: a filter left them out."""

    @property
    def wanted(self) -> int:
        """How many were asked for: those that no filter left out."""
        return self.total - self.left_out


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """The scan as a report shows it."""

    scan: Scan
    """Where, what, how and when was scanned."""
    complete: bool
    """False where a gap leaves projects or entries not judged."""
    projects: ProjectCounts
    groups: int
    """Groups found."""
    entries: int
    """Inbound allowlist entries read."""
    gaps: tuple[Gap, ...]
    """What could not be read, and why."""
    left_out: tuple[LeftOut, ...] = ()
    """What filters left out, an item a filter that left out something."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Findings counted, each in exactly one count."""

    severities: Mapping[Severity, int]
    """New findings that fail, by severity; one that is missing counts as 0."""
    unknown: int
    """New findings whose verdict is unknown."""
    waived: int
    baselined: int
    carried: int = 0
    """Findings carried over from the last report, but those that are waived or baselined."""

    def as_dict(self) -> dict[str, int]:
        """Return the counts in the report's order, keyed by the names users see.

        `carried` is there only where something was carried over: most runs know no last report.
        """
        counts = {s.value: self.severities.get(s, 0) for s in Severity if s != Severity.UNKNOWN}
        counts |= {
            "unknown": self.unknown,
            "waived": self.waived,
            "baselined": self.baselined,
        }
        return counts | {"carried": self.carried} if self.carried else counts


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the run passes, by what thresholds, and why not."""

    result: Literal["pass", "fail", "incomplete"]
    fail_on: str
    """The severity from which on a new finding gates, or `never`."""
    reasons: tuple[str, ...] = ()
    """Why it does not pass, such as `3 high`."""
    most: Mapping[Severity, int] = field(default_factory=dict)
    """How many new findings of a severity are tolerated."""
    allow_incomplete: bool = False
    """An incomplete scan may pass."""
    gaps_accepted: bool = False
    """A waiver or the baseline covers every gap that makes the scan incomplete."""

    def fails(self, severity: Severity, count: int) -> bool:
        """Tell whether this many new findings of a severity fail the run."""
        if self.fail_on == "never" or severity is Severity.UNKNOWN or not count:
            return False
        if severity in self.most:
            return count > self.most[severity]
        return severity.reaches(Severity(self.fail_on))


@dataclass(frozen=True, slots=True)
class ProjectOutcome:
    """Which rules a project passes: for formats that show passes."""

    project: ProjectRef
    passed: tuple[str, ...]
    """Codes of rules that judged it and found nothing; the others are in `Report.findings`."""


@dataclass(frozen=True, slots=True)
class Allowlist:
    """Who a project lets in, as far as it was read: for pictures of its reach."""

    project: ProjectRef
    limit: bool | None
    """Whether the inbound limit holds; False lets every job token in, None was not read."""
    entries: tuple[EntryRef, ...]
    """The project's entry for itself is left out."""
    whole: bool
    """False where there may be entries that were not read."""


@dataclass(frozen=True)
class Report:
    """All that a reporter may see."""

    tool_version: str
    scan: ScanSummary
    summary: Summary
    gate: Gate
    rules: tuple[RuleSummary, ...]
    """The rules of the run, by code."""
    findings: Collection[Finding]
    """All findings, sorted, waived and baselined ones too; they can be walked any number of times.
    `shown()` gives those that the user asked to see."""
    outcomes: Iterable[ProjectOutcome] | None = None
    """The projects in path order; None in a report that was read back."""
    allowlists: Iterable[Allowlist] | None = None
    """Who each project lets in, by project id; None in a report that was read back, where no
    reporter shows them, and where there are too many for pictures."""
    projects: Iterable[str] | None = None
    """Full paths of the projects that were judged or could not be read, in order; they can be
    walked any number of times. None where they are not known."""
    overview: Mapping[str, Any] | None = None
    """JSON data for pictures of the tree (outside contract, section 5)."""
    not_run: tuple[RuleSummary, ...] = ()
    """Installed rules with a role that took no part in the run."""
    warnings: tuple[str, ...] = ()
    """Sentences about waivers, the baseline and overrides that somebody should look at."""
    choices: Choices = field(default_factory=Choices)
    """Which rules were off, what was otherwise for some projects, and the configuration used."""
    ownership: Ownership | None = None
    """Whose the projects are; None where the configuration names no owner."""
    min_severity: Severity = Severity.INFO
    """Findings below it are not shown."""
    new_only: bool = False
    """Baselined findings are not shown."""
    whole_set: bool = False
    """True where nothing narrowed the run: every rule of the profile judged every project below the
    targets, and every finding is shown. False where that is not known."""
    since: SincePrevious | None = None
    """What changed since the previous report; None where none was given."""
    trend: tuple[TrendPoint, ...] = ()
    """The counts of earlier reports and of this, oldest first; empty where fewer than two were given."""
    after: AfterChange | None = None
    """Set where the report is of GitLab as a wanted state makes it, not as it is."""
    carried_rules: tuple[RuleSummary, ...] = ()
    """Rules of carried findings that took no part in the run, by code."""

    @property
    def described_rules(self) -> tuple[RuleSummary, ...]:
        """The rules that findings are of: those of the run, then those of carried findings alone."""
        return (*self.rules, *self.carried_rules)

    def rules_with(self, role: Role) -> tuple[RuleSummary, ...]:
        """Return the rules that have a role, those of the run first."""
        return tuple(rule for rule in (*self.rules, *self.not_run) if rule.role is role)

    @property
    def gating(self) -> frozenset[Severity]:
        """The severities whose new findings fail the run."""
        counts = self.summary.severities.items()
        return frozenset(severity for severity, count in counts if self.gate.fails(severity, count))

    def shown(self, *, waived: bool = False, carried: bool = True) -> Iterator[Finding]:
        """Yield the findings the user asked to see, in order; waived ones only when asked.

        Unknown findings are shown whatever `min_severity` says: hiding them would turn "could
        not be read" into silence. `carried` takes those that were carried over too.
        """
        return (
            finding for finding in self._listed(waived=waived) if carried or not finding.carried
        )

    def carried_over(self, *, waived: bool = False) -> Iterator[Finding]:
        """Yield those that an earlier report had and this run could not judge, as `shown` does."""
        return (finding for finding in self._listed(waived=waived) if finding.carried is not None)

    def compared(self, *, waived: bool = False) -> Iterator[Finding]:
        """Yield what a consumer is to see that calls closed what the last report had and this has
        not: `shown`, `carried_over`, and what only `min_severity` or `new_only` hides this time.
        """
        since = self.since
        fresh = {*since.new, *since.first_judged} if since else set()
        for finding in self.findings:
            known = since is not None and finding.fingerprint not in fresh
            if (known or self._is_listed(finding)) and (
                waived or finding.state is not State.WAIVED
            ):
                yield finding

    def _listed(self, *, waived: bool) -> Iterator[Finding]:
        for finding in self.findings:
            if self._is_listed(finding) and (waived or finding.state is not State.WAIVED):
                yield finding

    def _is_listed(self, finding: Finding) -> bool:
        """Tell whether neither `min_severity` nor `new_only` hides a finding."""
        if self.new_only and finding.state is State.BASELINED:
            return False
        return finding.verdict is Outcome.UNKNOWN or finding.severity.reaches(self.min_severity)


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How the user wants it shown; a reporter takes what concerns it and ignores the rest."""

    color: bool = False
    """Terminal colours may be used."""
    width: int | None = None
    """Columns there are; None lets the reporter decide."""
    show_waived: bool = False
    """Waived findings are listed too."""
    show_fix: bool = False
    """How to fix a finding stands beside it."""
    gitlab_job: bool = False
    """The output is the log of a GitLab job, which folds sections."""
    exit_zero: bool = False
    """The exit code does not tell the gate's result."""
    report_url: str | None = None
    """Where a reader will find the HTML report of this run."""
    keep_waived: bool = False
    """SARIF lists waived findings, as suppressed results; so does gitlab-sast, which says so."""
    sarif_category: str | None = None
    """What tells this SARIF run from others of the same commit; None lets the reporter decide."""
    sarif_runs: int = 1
    """How many runs a SARIF file has, whatever is found: each holds up to 5,000 results."""
    roll_up: Literal["project"] | None = None
    """`project`: gitlab-sast has one vulnerability for all entries of a project that a rule flags."""
    statistics: bool = False
    """The console has a line a rule."""
    junit_fail: Literal["gate", "all"] = "gate"
    """Which new findings are failures in JUnit: those that fail the gate, or all."""
    written: Sequence[tuple[str, str]] = ()
    """The other files of this run, each with its format."""
    next_steps: Sequence[tuple[str, str]] = ()
    """Commands to go on with, each with what it is for."""
    gitlab_sast_version: str | None = None
    """The version of GitLab's SAST schema; None takes the newest one that the scanned GitLab takes."""


class Reporter(ABC):
    """One format: a document that is always written, even when clean; `console` may be empty."""

    name: ClassVar[str]
    """What `-f` takes."""
    title: ClassVar[str]
    """The format's line in `-f help`."""
    shows_allowlists: ClassVar[bool] = False
    """Whether it looks at `Report.allowlists`, which are kept for such reporters alone."""
    compared: ClassVar[bool] = False
    """Whether its consumer calls closed what the last document had: it writes `compared()`."""
    standing: ClassVar[bool] = False
    """Whether its consumer takes the last document for GitLab as it is: none is of a wanted state."""
    notes: Sequence[str] = ()
    """What the user should hear besides, such as how much did not fit into the document.
    `render` fills it, the command line shows it."""

    def __init__(self, options: RenderOptions | None = None) -> None:
        self.options = options or RenderOptions()

    @abstractmethod
    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the whole document to `out`, UTF-8, the same bytes for the same report."""
