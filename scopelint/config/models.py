"""The keys of scopelint.yml as pydantic models; the loader and the published schema share them.

A new key is a new field here, nothing else: its type validates it, its description is shown to
editors, its place in the file is kept by `scopelint.config.load`. Values are validated as JSON
is (a list may become a tuple, text a severity), strictly: a number is no text. No field takes
null: a key without a value is a mistake, not a choice.
"""

from typing import Annotated, Literal, Self, cast

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from scopelint.config.declared_models import DeclaredSection, PolicySection
from scopelint.config.field_types import (
    Address,
    ConfigSection,
    Day,
    FailOn,
    FileName,
    Glob,
    Line,
    Name,
    OwnerName,
    PermissionName,
    ProjectPath,
    Selector,
    SeverityName,
    Target,
    UtcTime,
    without_default,
)
from scopelint.config.project_models import CHOOSES, ChosenProjectsSection, KindSection
from scopelint.versions import PERMISSIONS_ALWAYS_IN_FORCE, PERMISSIONS_STORED


class GitLabSection(ConfigSection):
    """`gitlab:`, which instance is read, and what of it."""

    url: Address = Field(
        default="",
        description="Address of the GitLab instance. In a config that was found (not named with "
        "--config) it must equal the address that the token is meant for.",
        examples=["https://gitlab.example.com"],
        json_schema_extra=without_default,
    )
    targets: tuple[Target, ...] = Field(
        default=(),
        description="Groups and projects to read when the command line names none: full paths, "
        "numeric ids or URLs.",
        examples=[["acme", "acme/platform", 42]],
    )


class GateSection(ConfigSection):
    """`gate:`, when a run fails a pipeline."""

    fail_on: FailOn = Field(
        default="medium",
        description="The lowest severity of a new finding that fails the run, or never: then "
        "nothing does, max included.",
    )
    max: dict[SeverityName, Annotated[StrictInt, Field(ge=0)]] = Field(
        default_factory=dict,
        description="How many new findings of a severity are tolerated. A severity that is named "
        "here fails the run when there are more, whether it is above or below fail_on; one that "
        "is not named goes by fail_on alone. Waived, baselined and unknown findings do not count.",
        examples=[{"medium": 10}],
    )
    allow_incomplete: StrictBool = Field(
        default=False,
        description="Whether a scan that could not read everything passes where no finding "
        "fails it.",
    )
    baseline: FileName = Field(
        default="",
        description="A baseline, by its path from this file: what it accepts is not new. "
        "--baseline names another one. Of a config that was found (not named with --config) it "
        "lies below its git root.",
        examples=["scopelint-baseline.json"],
        json_schema_extra=without_default,
    )


class AcceptsSection(ConfigSection):
    """`accepts:`, how much a waiver accepts: a finding that is more gates again."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    permissions: tuple[PermissionName, ...] = Field(
        default=(),
        description="The most that the entry may grant; [all] for default permissions.",
        examples=[["READ_PACKAGES"]],
        json_schema_extra=without_default,
    )
    created_at: UtcTime = Field(
        default="",
        description="When the entry was added (UTC); one that was added later is not covered.",
        examples=["2026-01-31T08:00:00Z"],
        json_schema_extra=without_default,
    )
    projects: Annotated[StrictInt, Field(ge=0)] = Field(
        default=cast("int", None),  # not given, which cannot be written down
        description="How many projects the entry's group holds. A quarter more, at least ten, is "
        "not covered.",
        examples=[60],
        json_schema_extra=without_default,
    )
    reach: Annotated[StrictInt, Field(ge=0)] = Field(
        default=cast("int", None),
        description="How many projects are let in by all that the finding names together; more "
        "is as for projects.",
        examples=[250],
        json_schema_extra=without_default,
    )

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if not self.model_fields_set:
            context = {
                "message": "this accepts nothing in particular",
                "hint": "give it permissions, created_at, projects or reach, or leave it out",
            }
            raise PydanticCustomError("scopelint", "{message}", context)
        return self


class WaiverSection(KindSection):
    """One of `waivers:`, findings that somebody accepted, with a reason and an end."""

    rule: Selector = Field(
        description="The rule whose findings it covers: a code, name or prefix.",
        examples=["SL305"],
    )
    project: Glob = Field(
        default="",
        description="Glob of the full paths of the projects it covers. Without it, and "
        "without topics and the like, the waiver is about findings of the whole instance.",
        examples=["acme/web/shop"],
        json_schema_extra=without_default,
    )
    entry: Glob = Field(
        default="",
        description="Glob of the full path of the allowlist entry it covers, or group:ID or "
        "project:ID. Without it every entry.",
        examples=["partner/sdk"],
        json_schema_extra=without_default,
    )
    reason: Line = Field(description="Why this is accepted.", examples=["contract 42"])
    expires: Day = Field(
        default="",
        description="The last day on which it holds (UTC). Required unless "
        "allow_permanent_waivers is true.",
        examples=["2026-12-31"],
        json_schema_extra=without_default,
    )
    owner: Line = Field(
        default="",
        description="Who answers for it.",
        examples=["@web"],
        json_schema_extra=without_default,
    )
    ticket: Line = Field(
        default="",
        description="Where it was decided.",
        examples=["SEC-42"],
        json_schema_extra=without_default,
    )
    accepts: AcceptsSection = Field(
        default=cast("AcceptsSection", None),
        description="How much of the finding is accepted: once it is more, it gates again. "
        "Without it, whatever it becomes. The finding's `extent` in the JSON report has the values "
        "of today.",
        json_schema_extra=without_default,
    )


class AssumeSection(ConfigSection):
    """`assume:`, what no API of GitLab shows and the user knows."""

    fine_grained: Literal["on", "off"] = Field(
        default="",  # type: ignore[arg-type]  # not given, which cannot be written down
        description="Whether fine-grained job token permissions are in force, on or off. GitLab "
        f"does not show it from {PERMISSIONS_STORED} on and before {PERMISSIONS_ALWAYS_IN_FORCE}; later"
        " they are, wherever the limit is on.",
        json_schema_extra=without_default,
    )


class BoundarySection(ChosenProjectsSection):
    """One of `boundaries:`, projects that only the named others may reach with a job token."""

    name: Name = Field(description="What findings call it; no two boundaries share a name.")
    allow_from: tuple[Glob, ...] = Field(
        description="Globs of the full paths whose job tokens may reach them; an empty list "
        "allows nobody.",
        examples=[["acme/prod/**", "acme/deploy/**"]],
    )


class OwnerSection(ChosenProjectsSection):
    """One of `owners:`, who answers for some projects."""

    owner: OwnerName = Field(
        description="What reports and --owner call them. Several items may name the same one.",
        examples=["web"],
    )
    contact: Line = Field(
        default="",
        description="Who is told.",
        examples=["@acme/web-leads"],
        json_schema_extra=without_default,
    )
    issues: ProjectPath = Field(
        default="",
        description="The full path of the project in which `scopelint publish issues` keeps an "
        "issue for them.",
        examples=["acme/web/security"],
        json_schema_extra=without_default,
    )


class OverrideSection(ChosenProjectsSection):
    """One of `overrides:`, other rules, severities or options for some projects."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2, **CHOOSES})

    select: tuple[Selector, ...] = Field(
        default=(),
        min_length=1,
        json_schema_extra=without_default,
        description="Rules that run for these projects too: codes, names or prefixes. They may "
        "be strict, or ignored elsewhere.",
    )
    ignore: tuple[Selector, ...] = Field(
        default=(),
        description="Rules that do not run for these projects, whatever selects them so far.",
    )
    severity: dict[str, SeverityName] = Field(
        default_factory=dict,
        description="Severities for these projects, by code, name or prefix.",
    )
    rules: dict[str, dict[str, object]] = Field(
        default_factory=dict,
        description="Options of rules for these projects; what is not named stays as it is "
        "elsewhere.",
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.model_fields_set <= ChosenProjectsSection.model_fields.keys():
            context = {
                "message": "this override changes nothing",
                "hint": "give it select, ignore, severity or rules",
            }
            raise PydanticCustomError("scopelint", "{message}", context)
        return self


_EVERY_WAIVER_ENDS: JsonDict = {
    "if": {
        "not": {
            "required": ["allow_permanent_waivers"],
            "properties": {"allow_permanent_waivers": {"const": True}},
        }
    },
    "then": {"properties": {"waivers": {"items": {"required": ["expires"]}}}},
}


class ConfigModel(ConfigSection):
    """scopelint.yml: which rules judge a GitLab instance, how, and when a run fails."""

    model_config = ConfigDict(json_schema_extra=_EVERY_WAIVER_ENDS)

    extends: tuple[Line, ...] = Field(
        default=(),
        description="Files that this one is laid over, by their paths relative to it. Mappings "
        "are merged key by key; waivers, overrides, boundaries, owners and trusted are joined; "
        "everything else is replaced. Of a config that was found (not named with --config) they "
        "lie below its git root.",
        examples=[["company.yml"]],
    )
    gitlab: GitLabSection = Field(default_factory=GitLabSection, description="What is read.")
    profile: Literal["default", "strict"] = Field(
        default="default", description="The set of rules that runs; strict is every rule."
    )
    select: tuple[Selector, ...] = Field(
        default=(),
        min_length=1,
        json_schema_extra=without_default,
        description="The rules that run, instead of the profile's: codes, names or prefixes.",
    )
    ignore: tuple[Selector, ...] = Field(
        default=(), description="Rules that do not run, whatever selects them."
    )
    severity: dict[str, SeverityName] = Field(
        default_factory=dict,
        description="Severities instead of the rules' own, by code, name or prefix; the longest "
        "prefix wins, a code or name over every prefix.",
    )
    rules: dict[str, dict[str, object]] = Field(
        default_factory=dict, description="Options of rules, by the rule's code or name."
    )
    trusted: tuple[Glob, ...] = Field(
        default=(),
        description="Globs of full paths outside the project's top-level group that may be on "
        "its allowlist.",
        examples=[["acme-shared/**"]],
    )
    overrides: tuple[OverrideSection, ...] = Field(
        default=(),
        description="Other rules, severities or options for projects by their path. Where "
        "several match, each is laid over those before it: the later one wins.",
    )
    assume: AssumeSection = Field(
        default_factory=AssumeSection,
        description="What no API of GitLab shows.",
    )
    boundaries: tuple[BoundarySection, ...] = Field(
        default=(),
        description="Trust boundaries: who may reach what with a job token. A project inside "
        "several must satisfy each.",
    )
    owners: tuple[OwnerSection, ...] = Field(
        default=(),
        description="Whose a project is. Of several items that match it the last one counts.",
    )
    policy: PolicySection = Field(
        default_factory=PolicySection,
        description="The declared policy that another tool's config holds.",
    )
    declared: DeclaredSection = Field(
        default=cast("DeclaredSection", None),  # not given, which cannot be written down
        json_schema_extra=without_default,
        description="The declared policy itself, with gitlabform's keys.",
    )
    gate: GateSection = Field(default_factory=GateSection, description="When a run fails.")
    waivers: tuple[WaiverSection, ...] = Field(
        default=(),
        description="Findings that somebody accepted. They are counted in every report and do "
        "not fail a run until they expire.",
    )
    allow_permanent_waivers: StrictBool = Field(
        default=False, description="Whether a waiver may do without expires."
    )
