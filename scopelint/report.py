"""The interface of a reporter, and the one report object that every reporter is given.

A reporter turns a `Report` into bytes. It knows no API, no rule's code and no other format. What
becomes of unknown, waived and baselined findings in each format is the table of the outside
contract, section 5.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Literal

from scopelint.finding import Finding, Outcome, ProjectRef, Severity, State
from scopelint.model import Gap, Scan


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """One rule of the run: its identity, its texts, and what it said.

    `page` is the rule's Markdown. `outcomes` counts verdicts over the projects (or entries) it
    judged; `not_judged` says why it judged none at all. `distribution` names the installed
    package the rule came from. `references` are the items of standards that the rule supports, by
    the standard's name and version.
    """

    code: str
    name: str
    title: str
    severity: Severity
    help_uri: str
    page: str
    outcomes: Mapping[Outcome, int]
    not_judged: str | None = None
    tags: tuple[str, ...] = ()
    cwe: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    confidence: str = "high"
    distribution: str = "scopelint"
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProjectCounts:
    """How many projects the scan found, read, and could not read."""

    total: int
    read: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """The scan as a report shows it."""

    scan: Scan
    complete: bool
    projects: ProjectCounts
    groups: int
    entries: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Findings counted: new fails by severity, then new unknowns, waived, baselined.

    A finding is in exactly one of these counts.
    """

    severities: Mapping[Severity, int]
    unknown: int
    waived: int
    baselined: int

    def as_dict(self) -> dict[str, int]:
        """Return the counts in the report's order, keyed by the names users see."""
        counts = {s.value: self.severities.get(s, 0) for s in Severity if s != Severity.UNKNOWN}
        return counts | {
            "unknown": self.unknown,
            "waived": self.waived,
            "baselined": self.baselined,
        }


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the run passes, by what thresholds, and why not.

    `most` holds how many new findings of a severity are tolerated. `allow_incomplete` says that an
    incomplete scan may pass, `gaps_accepted` that a waiver or the baseline covers every gap that
    makes it incomplete.
    """

    result: Literal["pass", "fail", "incomplete"]
    fail_on: str
    reasons: tuple[str, ...] = ()
    most: Mapping[Severity, int] = field(default_factory=dict)
    allow_incomplete: bool = False
    gaps_accepted: bool = False


@dataclass(frozen=True, slots=True)
class ProjectOutcome:
    """What the rules said of one project, passes included: for formats that show passes.

    `passed` are the codes of rules that judged it and found nothing; what failed or is unknown
    is in `Report.findings`. `readable` is False where its scope could not be read.
    """

    project: ProjectRef
    readable: bool
    passed: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All that a reporter may see.

    `findings` are sorted and can be walked any number of times; they are *all* findings, waived
    and baselined ones included: use `shown()` for those the user asked to see. `outcomes` walks
    the projects in path order; it is None for a report that was read back from JSON.
    `overview` is JSON data for pictures of the tree (outside contract, section 5), or None.
    `warnings` are sentences about waivers: expired, ending soon, matching nothing.
    `whole_set` says that nothing narrowed the run: every rule of the profile judged every project
    below the targets, and every finding is shown. Where it is not known it is False.
    """

    tool_version: str
    scan: ScanSummary
    summary: Summary
    gate: Gate
    rules: tuple[RuleSummary, ...]
    findings: Collection[Finding]
    outcomes: Iterable[ProjectOutcome] | None = None
    overview: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    min_severity: Severity = Severity.INFO
    new_only: bool = False
    whole_set: bool = False

    def shown(self, *, waived: bool = False) -> Iterator[Finding]:
        """Yield the findings the user asked to see, in order; waived ones only when asked.

        Unknown findings are shown whatever `min_severity` says: hiding them would turn "could
        not be read" into silence.
        """
        for finding in self.findings:
            if finding.state is State.WAIVED and not waived:
                continue
            if self.new_only and finding.state is State.BASELINED:
                continue
            if finding.verdict is Outcome.FAIL and not finding.severity.reaches(self.min_severity):
                continue
            yield finding

    def rule(self, code: str) -> RuleSummary:
        """Return the summary of the rule with this code; raise KeyError if it was not in the run."""
        for summary in self.rules:
            if summary.code == code:
                return summary
        raise KeyError(code)


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How the user wants it shown; a reporter takes what concerns it and ignores the rest.

    `width` is in columns, None lets the reporter decide. `extra` holds what concerns single
    formats: `gitlab_sast_version` (the schema's version), `report_url` (where a reader will find
    the HTML report), `exit_zero` (set where the exit code does not tell the gate's result).
    """

    color: bool = False
    width: int | None = None
    show_waived: bool = False
    show_fix: bool = False
    gitlab_job: bool = False
    sarif_include_suppressed: bool = False
    sarif_category: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


class Reporter(ABC):
    """One format. `name` is what `-f` takes; `title` is its line in `-f help`.

    `console` reporters write for a person and may be empty; all others are documents that are
    always written, even when clean. `notes` are what the user should hear besides, such as how
    much did not fit into the document; `render` fills them, the command line shows them.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    extension: ClassVar[str]
    notes: Sequence[str] = ()

    def __init__(self, options: RenderOptions | None = None) -> None:
        self.options = options or RenderOptions()

    @abstractmethod
    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the whole document to `out`, UTF-8, the same bytes for the same report."""
