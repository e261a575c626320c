"""Verdicts and findings: what a rule says, and what the engine makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from scopelint.extent import Extent, Outgrown
from scopelint.model import AllowlistEntry, EntryKind, ProjectCount


class Severity(StrEnum):
    """How bad it is, severest first. `unknown` belongs to findings about what was not read."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 for critical up to 5 for unknown: sorts severest first."""
        return _RANKS[self]

    def reaches(self, threshold: "Severity") -> bool:
        """Tell whether this severity is at or above `threshold`."""
        return self.rank <= threshold.rank


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Confidence(StrEnum):
    """How sure a rule is that what it flags is real."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Role(StrEnum):
    """What other parts ask a rule about, whatever its code is."""

    SCAN_COMPLETENESS = "scan-completeness"
    """Its one finding, of verdict unknown, sums up all that was not read.

    Formats without a place for unknown results show it instead of them. Where it is accepted, so
    are the gaps that are about no project.
    """


class Outcome(StrEnum):
    """What a rule can say of its subject."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


class State(StrEnum):
    """Whether a finding is new, accepted for now by a waiver, or known from a baseline."""

    NEW = "new"
    BASELINED = "baselined"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule's answer for one subject. Only `fail` and `unknown` become findings."""

    outcome: Outcome
    message: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """JSON data that lets a reader check the verdict."""
    remediation: str = ""
    entry: AllowlistEntry | None = None
    """The allowlist entry that the verdict is about."""
    key: str | None = None
    """The verdict's part of the fingerprint; None takes the entry's key, or the empty key."""
    confidence: Confidence | None = None
    """None takes the rule's."""
    reach: ProjectCount | None = None
    """How many projects are let in by all that the verdict names together; None where it is not
    about that. Once the finding is accepted, many more make it new again."""


PASS = Verdict(Outcome.PASS)
"""The verdict of a subject that passes; one object, because most verdicts are this one."""


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """The project that a finding is about."""

    id: int
    path: str
    """The full path."""
    web_url: str | None
    """The address of its page; None where it was not read."""


@dataclass(frozen=True, slots=True)
class EntryRef:
    """The allowlist entry that a finding is about."""

    kind: EntryKind
    id: int | None
    """GitLab's number of the target; None where it was deleted."""
    path: str | None
    """The target's full path."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver as a report shows it."""

    reason: str
    expires: str | None = None
    """The last day (ISO 8601), None for a permanent one."""
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """Why a finding is in a report that did not look: the last report that had looked had it."""

    last_seen: datetime
    """The end of the scan that saw it last."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fail or unknown verdict, with all that a report needs (outside contract, section 5)."""

    rule: str
    name: str
    severity: Severity
    confidence: Confidence
    verdict: Literal[Outcome.FAIL, Outcome.UNKNOWN]
    message: str
    project: ProjectRef | None
    entry: EntryRef | None
    fingerprint: str
    state: State = State.NEW
    waiver: Waiver | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    remediation: str = ""
    key: str = ""
    carried: Carried | None = None
    """Set where this run could not judge it, and an earlier report had it; such a one never gates."""
    extent: Extent | None = None
    """How much it is about; None where it is about nothing that can grow."""
    outgrown: Outgrown | None = None
    """Why it is new although a waiver or the baseline names it; the message ends with it too."""
    owner: str | None = None
    """Whose its project is: `owners.UNKNOWN_OWNER` where that cannot be told, None for nobody's."""

    def outgrows(self, outgrown: Outgrown) -> "Finding":
        """Return the finding as new, with why a waiver or the baseline does not hold for it."""
        message = f"{self.rule_message} {outgrown.text}".strip()
        return replace(self, state=State.NEW, outgrown=outgrown, message=message)

    @property
    def rule_message(self) -> str:
        """The message as the rule gave it."""
        if self.outgrown is None:
            return self.message
        return self.message.removesuffix(self.outgrown.text).rstrip()

    @property
    def sort_key(self) -> tuple[int, str, str, str, int, str, int]:
        """Severity, project path, rule code, entry: the order of every report.

        The key and the project's id make the order total: a project that was moved while it was
        read may have the path of another.
        """
        entry_kind = self.entry.kind if self.entry else ""
        entry_id = (self.entry.id or 0) if self.entry else 0
        path = self.project.path if self.project else ""
        project_id = self.project.id if self.project else 0
        return (self.severity.rank, path, self.rule, entry_kind, entry_id, self.key, project_id)


def fingerprint(code: str, instance: str, project_id: int | None, key: str) -> str:
    """Return the stable identity of a finding: 64 hex digits.

    SHA-256 of the UTF-8 of `scopelint/1`, code, instance, project id (or empty) and key, joined
    by newlines (outside contract, section 4). Names and messages do not enter, so it survives
    renames, wording and the way the data was read.
    """
    subject = "" if project_id is None else str(project_id)
    text = "\n".join(("scopelint/1", code, instance, subject, key))
    import hashlib  # it loads OpenSSL: not where no finding is made

    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class FixedFinding:
    """A finding of the previous report that is there no more."""

    finding: Finding
    """As it was in the previous report; its project has the path that it has now."""
    how: Literal["read", "gone"]
    """`read`: its project was read and judged again; `gone`: the project is no longer below the
    targets (deleted, or moved)."""


@dataclass(frozen=True, slots=True)
class SincePrevious:
    """What changed since the previous report, among findings that fail.

    What was carried over are the findings of the report that have `carried`.
    """

    finished_at: datetime
    """The end of the previous report's scan."""
    new: tuple[str, ...] = ()
    """Fingerprints, sorted, of findings that the previous report had looked for and did not have."""
    first_judged: tuple[str, ...] = ()
    """Fingerprints, sorted, of findings that it does not list, but could not have had: it had not
    read the project, or not judged or not listed it. They may be old."""
    fixed: tuple[FixedFinding, ...] = ()
    """In the order of a report."""
    expired: int = 0
    """Findings that were not carried over again: nothing was known of them for too long."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The counts of one report, of the whole tree or of one group. None is not known."""

    at: datetime | None
    """The end of the scan."""
    group: str
    """The group's full path; empty for the whole tree."""
    projects: int
    unread: int
    """Projects that could not be read."""
    left_out: int
    """Projects that a filter left out."""
    open: int | None
    """Projects whose limit is off."""
    findings: Mapping[Severity, int]
    """New failing findings by severity."""
    unknown: int
    waived: int | None
    """None for groups: a report counts waivers as a whole."""
    baselined: int | None
    reach: int | None
    """How many pairs of projects there are of which one's token certainly reaches the other."""
    notes: tuple[str, ...] = ()
    """Why these counts may not be compared with those before, in words."""


@dataclass(frozen=True, slots=True)
class AccessShift:
    """Who gains and who loses access to a project by a change.

    An origin is `everyone`, `group PATH` (all projects below it) or `project PATH`.
    """

    project: str
    """The full path of the project that is reached."""
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnchangedProject:
    """A project that a wanted state names and that stays as it is."""

    path: str
    reason: str
    """Why it stays, as a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class AfterChange:
    """What a wanted state changes: set in a report of GitLab as it will be, not as it is.

    Findings that fail are compared with those of the same rules over the snapshot itself.
    """

    source: str
    """The file of the wanted state, as messages name it."""
    kind: Literal["plan", "policy"]
    """A scopelint plan, or a declared policy."""
    new: tuple[str, ...] = ()
    """Fingerprints, sorted, of findings that the change brings."""
    unsure: tuple[str, ...] = ()
    """Fingerprints, sorted, of findings that are there afterwards, and of which nobody can tell
    whether they are there today."""
    unchanged: int = 0
    """Findings that are there today and afterwards."""
    fixed: tuple[Finding, ...] = ()
    """Findings that the change closes, as they are today, in the order of a report."""
    access: tuple[AccessShift, ...] = ()
    """By path."""
    access_known: bool = True
    """False where there may be more than `access` says: something of it was not read."""
    left_alone: tuple[UnchangedProject, ...] = ()
    """By path."""
