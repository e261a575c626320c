"""The JSON report as models: the one description that writes it, reads it back and is its schema."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from scopelint.finding import (
    Finding,
    Severity,
)
from scopelint.json_schema import DIALECT, WithoutFieldTitles
from scopelint.model import Assumption, EntryKind, Gap, Reason, Scan
from scopelint.owners import UNKNOWN_OWNER, Ownership
from scopelint.report import Gate, ProjectCounts, Report, ScanSummary, Summary
from scopelint.report_file.choice_records import (
    ConfigRecord,
    FiltersRecord,
    LeftOutRecord,
    OverrideRecord,
    OwnerRecord,
    RuleOffRecord,
)
from scopelint.report_file.finding_records import AfterRecord, FindingRecord, SinceRecord
from scopelint.report_file.overview_records import OverviewRecord
from scopelint.report_file.record import (
    Count,
    JsonRecord,
    Moment,
    SomeText,
    Threshold,
    without_default,
)
from scopelint.report_file.rule_records import RuleRecord
from scopelint.run_choices import Choices

SCHEMA = "scopelint-report/1"
"""The name and version of the JSON report's schema."""


class ToolRecord(JsonRecord):
    """The program that wrote the report."""

    name: Literal["scopelint"]
    version: SomeText


class SubjectRecord(JsonRecord):
    """The project or group that a gap is about."""

    id: int | None
    path: str | None


class GapRecord(JsonRecord):
    """Something that could not be read. `group` is there only where the gap is a group's."""

    fact: SomeText
    project: SubjectRecord | None
    group: SubjectRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    reason: Reason
    detail: str

    @classmethod
    def to_data(cls, source: Gap) -> dict[str, Any]:
        """Return the JSON data of a gap."""
        subject = {"id": source.subject_id, "path": source.subject_path}
        of_group = source.subject_kind == "group"
        data: dict[str, Any] = {"fact": source.fact}
        data["project"] = None if of_group or source.subject_kind is None else subject
        if of_group:
            data["group"] = subject
        return data | {"reason": source.reason, "detail": source.detail}

    def to_core(self) -> Gap:
        """Return the gap."""
        kind: EntryKind | None = None
        if self.group or self.project:
            kind = "group" if self.group else "project"
        subject = self.group or self.project or SubjectRecord(id=None, path=None)
        return Gap(self.fact, self.reason, self.detail, kind, subject.id, subject.path)


class ProjectCountsRecord(JsonRecord):
    """The projects below the targets: `total` is the sum of the others."""

    core = ProjectCounts

    total: Count
    read: Count
    unreadable: Count = Field(description="Asked for and not read.")
    left_out: Count = Field(default=0, description="Listed and not asked for: a filter's choice.")

    @model_validator(mode="after")
    def _adds_up(self) -> "ProjectCountsRecord":
        if self.total != self.read + self.unreadable + self.left_out:
            raise ValueError("`total` is not the sum of `read`, `unreadable` and `left_out`")
        return self


class AssumptionRecord(JsonRecord):
    """Something that was concluded for the whole run: from what, and when."""

    core = Assumption

    what: SomeText = Field(description="The name of the conclusion, such as `enforcement`.")
    value: str
    source: str = Field(alias="from", description="What it was concluded from, in words.")
    at: Moment


class ScanFactsRecord(JsonRecord):
    """Where, what, how and when was scanned."""

    core = Scan

    instance: str = Field(
        description="Scheme, lower-case host, non-default port, relative root, no trailing slash."
    )
    gitlab_version: str
    targets: tuple[str, ...]
    filters: FiltersRecord = Field(
        default_factory=lambda: FiltersRecord(include=(), exclude=(), archived="include")
    )
    api: Literal["graphql", "rest"]
    started_at: Moment
    finished_at: Moment | None
    enforcement: Literal["on", "off", "unknown"] = Field(
        description="Whether the instance makes every project restricted."
    )
    requests: Count
    assumptions: tuple[AssumptionRecord, ...] = Field(
        default=(), description="What was concluded for the whole run, from what, and when."
    )


class ScanRecord(ScanFactsRecord):
    """The scan: where and how, what was counted, and what could not be read."""

    complete: bool = Field(description="False where a gap leaves projects or entries not judged.")
    projects: ProjectCountsRecord
    groups: Count
    entries: Count
    left_out: tuple[LeftOutRecord, ...] = Field(
        default=(), description="What filters left out, an item a filter that left out something."
    )
    rules_off: tuple[RuleOffRecord, ...] = Field(
        default=(), description="Installed rules that did not judge, because of the user's choice."
    )
    overrides: tuple[OverrideRecord, ...] = Field(
        default=(), description="What was otherwise for some projects; the later one wins."
    )
    gaps: tuple[GapRecord, ...]

    @classmethod
    def to_data(cls, source: Report) -> dict[str, Any]:
        """Return the JSON data of a report's scan without gaps, which are written one by one."""
        scan, choices = source.scan, source.choices
        data: dict[str, Any] = ScanFactsRecord.to_data(scan.scan) | {
            "complete": scan.complete,
            "projects": ProjectCountsRecord.to_data(scan.projects),
            "groups": scan.groups,
            "entries": scan.entries,
        }
        lists = {
            "left_out": [LeftOutRecord.to_data(each) for each in scan.left_out],
            "rules_off": [RuleOffRecord.to_data(each) for each in choices.rules_off],
            "overrides": [OverrideRecord.to_data(each) for each in choices.overrides],
        }
        return data | {name: items for name, items in lists.items() if items}

    def to_core(self) -> ScanSummary:
        """Return the scan."""
        values = self.attributes()
        scan = Scan(**{name: values[name] for name in ScanFactsRecord.model_fields})
        gaps = tuple(gap.to_core() for gap in self.gaps)
        left_out = tuple(each.to_core() for each in self.left_out)
        return ScanSummary(
            scan, self.complete, values["projects"], self.groups, self.entries, gaps, left_out
        )


class SummaryRecord(JsonRecord):
    """Every finding in exactly one count: waived, baselined, carried over, new unknowns, and new
    fails by severity."""

    critical: Count
    high: Count
    medium: Count
    low: Count
    info: Count
    unknown: Count
    waived: Count
    baselined: Count
    carried: Count = Field(default=0, description="Not judged now, taken from the last report.")

    @classmethod
    def to_data(cls, source: Summary) -> dict[str, Any]:
        """Return the JSON data of a summary."""
        return source.as_dict()

    def to_core(self) -> Summary:
        """Return the summary."""
        severities: dict[Severity, int] = {
            severity: getattr(self, severity.value)
            for severity in Severity
            if severity is not Severity.UNKNOWN
        }
        return Summary(severities, self.unknown, self.waived, self.baselined, self.carried)


class GateRecord(JsonRecord):
    """Whether the run passes, and why not."""

    core = Gate

    result: Literal["pass", "fail", "incomplete"]
    fail_on: Literal["critical", "high", "medium", "low", "info", "never"]
    reasons: tuple[str, ...]
    most: dict[Threshold, Count] = Field(
        default_factory=dict,
        alias="max",
        description="How many new findings of a severity are tolerated (gate.max).",
    )
    allow_incomplete: bool = Field(default=False, description="An incomplete scan may pass.")
    gaps_accepted: bool = Field(
        default=False,
        description="A waiver or the baseline covers every gap that makes the scan incomplete.",
    )

    def to_core(self) -> Gate:
        """Return the gate."""
        most = {Severity(name): count for name, count in self.most.items()}
        return Gate(**(self.attributes() | {"most": most}))


class ReportRecord(JsonRecord):
    """What a scan of GitLab CI/CD job token scopes found, as written by `-f json`."""

    version: Literal["scopelint-report/1"] = Field(alias="schema")
    tool: ToolRecord
    scan: ScanRecord
    summary: SummaryRecord
    gate: GateRecord
    config: ConfigRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    since: SinceRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    after: AfterRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )
    carried_rules: tuple[RuleRecord, ...] = Field(
        default=(), description="Rules of findings carried over that took no part in the run."
    )
    rules: tuple[RuleRecord, ...]
    overview: OverviewRecord | None
    projects: tuple[str, ...] | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="Full paths of the projects that were judged or could not be read, in order.",
    )
    owners: tuple[OwnerRecord, ...] | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="Who answers for projects; not there where the configuration names nobody.",
    )
    project_owners: tuple[SomeText | None, ...] | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="For each of `projects`, in order, its owner's name: null for an unowned one, "
        "`unknown` where that cannot be told.",
    )
    findings: tuple[FindingRecord, ...] = Field(
        description="Sorted by severity, project path, rule code, entry."
    )

    @model_validator(mode="after")
    def _owners_fit(self) -> "ReportRecord":
        of_projects = self.project_owners
        if (self.owners is None) != (of_projects is None):
            raise ValueError("`owners` and `project_owners` go together")
        if of_projects is not None and len(of_projects) != len(self.projects or ()):
            raise ValueError("`project_owners` has not one item for each of `projects`")
        if self.scan.filters.chosen.owners and self.owners is None:
            raise ValueError("`scan.filters.chosen` names owners, and `owners` is not there")
        names = {UNKNOWN_OWNER, *(each.name for each in self.owners or ())}
        found = {*(of_projects or ()), *(each.owner for each in self.findings)}
        if strange := sorted(name for name in found if name is not None and name not in names):
            raise ValueError(f"`owners` does not have {strange[0]!r}")
        return self

    def to_core(self) -> Report:
        """Return the report, its findings sorted again; what the file does not hold is empty."""
        findings: list[Finding] = [finding.to_core() for finding in self.findings]
        ownership = self._ownership()
        return Report(
            tool_version=self.tool.version,
            scan=_owned(self.scan.to_core(), ownership),
            summary=self.summary.to_core(),
            gate=self.gate.to_core(),
            rules=tuple(rule.to_core() for rule in self.rules),
            findings=sorted(findings, key=lambda finding: finding.sort_key),
            projects=self.projects,
            overview=self.overview.to_data_again() if self.overview else None,
            carried_rules=tuple(rule.to_core() for rule in self.carried_rules),
            since=self.since.to_core() if self.since else None,
            after=self.after.to_core() if self.after else None,
            choices=self._choices(),
            ownership=ownership,
            min_severity=Severity(self.config.min_severity) if self.config else Severity.INFO,
            new_only=self.config.new_only if self.config else False,
        )

    def _ownership(self) -> Ownership | None:
        if self.owners is None:
            return None
        known = {each.project.path: each.owner for each in self.findings if each.project}
        known |= dict(zip(self.projects or (), self.project_owners or (), strict=True))
        # What a report does not list may be anybody's.
        of = partial(_owner_of, known)
        return Ownership(tuple(each.to_core() for each in self.owners), of)

    def _choices(self) -> Choices:
        config = self.config
        return Choices(
            configs=tuple(each.to_core() for each in config.files) if config else (),
            profile=config.profile if config else "default",
            rules_off=tuple(each.to_core() for each in self.scan.rules_off),
            overrides=tuple(each.to_core() for each in self.scan.overrides),
            trusted=config.trusted if config else (),
        )


def _owner_of(known: Mapping[str, str | None], path: str) -> str | None:
    return known.get(path, UNKNOWN_OWNER)


def _owned(scan: ScanSummary, ownership: Ownership | None) -> ScanSummary:
    """Return the scan, its choice of owners with who owns what."""
    filters = scan.scan.filters
    chosen = replace(filters.chosen, ownership=ownership)
    return replace(scan, scan=replace(scan.scan, filters=replace(filters, chosen=chosen)))


def run_data(report: Report) -> dict[str, Any]:
    """Return the head of a report as JSON data: all but its lists and the overview."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"name": "scopelint", "version": report.tool_version},
        "scan": ScanRecord.to_data(report),
        "summary": SummaryRecord.to_data(report.summary),
        "gate": GateRecord.to_data(report.gate),
        "config": ConfigRecord.to_data(report),
    }
    if report.since is not None:
        data["since"] = SinceRecord.to_data(report.since)
    if report.after is not None:
        data["after"] = AfterRecord.to_data(report.after)
    if report.carried_rules:
        data["carried_rules"] = [RuleRecord.to_data(rule) for rule in report.carried_rules]
    return data


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the JSON report."""
    return {
        "$schema": DIALECT,
        "$id": "urn:scopelint:report:1",
        **ReportRecord.model_json_schema(schema_generator=WithoutFieldTitles),
        "title": "scopelint report",
    }
