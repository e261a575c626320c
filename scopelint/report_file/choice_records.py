"""The records of what a run left out by choice: filters, rules, severities, the configuration."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from scopelint.filters import Filters, ProjectChoice
from scopelint.finding import Severity
from scopelint.owners import Owner, Ownership
from scopelint.report import Report
from scopelint.report_file.record import (
    Count,
    JsonRecord,
    RuleCode,
    SomeText,
    Threshold,
    without_default,
)
from scopelint.run_choices import LEFT_OUT_GROUPS, LeftOut, RuleOff, UsedConfig, UsedOverride


class ChosenRecord(JsonRecord):
    """The projects that were chosen of what had been read (`check --include`)."""

    core = ProjectChoice

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    owners: tuple[str, ...] = Field(
        default=(), description="Names of owners, `unowned` and `unknown` among them."
    )

    @classmethod
    def to_data(cls, source: ProjectChoice) -> dict[str, Any]:
        """Return the JSON data of a choice, nothing where it leaves nothing out."""
        return super().to_data(source) if source else {}


class FiltersRecord(JsonRecord):
    """What was left out below the targets; not there where that is nothing."""

    core = Filters

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    archived: Literal["include", "exclude", "only"]
    chosen: ChosenRecord = Field(
        default_factory=lambda: ChosenRecord(include=(), exclude=()),
        description="What was chosen of the snapshot or report; not there where that is all.",
    )

    @classmethod
    def to_data(cls, source: Filters) -> dict[str, Any]:
        """Return the JSON data of filters, nothing where they leave nothing out."""
        return {} if source.everything else super().to_data(source)


class LeftOutRecord(JsonRecord):
    """The projects that one filter left out; one that several leave out counts with the first."""

    core = LeftOut

    filter: Literal["include", "exclude", "owner", "archived"]
    projects: Count
    groups: tuple[str, ...] = Field(
        max_length=LEFT_OUT_GROUPS,
        description="The groups that hold them, those with most of them first.",
    )


class RuleOffRecord(JsonRecord):
    """A rule that is installed and did not judge, because of the user's choice."""

    core = RuleOff

    code: RuleCode
    name: SomeText
    reason: str = Field(description="What turned it off, such as `--ignore SL1`.")


class OverrideRecord(JsonRecord):
    """What was otherwise for the projects whose full paths match `projects`."""

    core = UsedOverride

    projects: tuple[str, ...]
    select: tuple[RuleCode, ...] = ()
    ignore: tuple[RuleCode, ...] = ()
    severities: dict[RuleCode, Severity] = Field(default_factory=dict, alias="severity")
    options: tuple[RuleCode, ...] = Field(
        default=(), description="Rules that have other options there."
    )
    kind: tuple[str, ...] = Field(
        default=(), description="What a project must be besides, such as `topics pci or sox`."
    )


class OwnerRecord(JsonRecord):
    """Somebody who answers for projects, as the configuration names them."""

    core = Owner

    name: SomeText
    contact: SomeText | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default, description="Who is told."
    )
    issues: SomeText | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=without_default,
        description="The full path of the project that takes issues for this owner.",
    )


def project_owners(ownership: Ownership, projects: Iterable[str]) -> list[str | None]:
    """Return the name of each project's owner, null for an unowned one."""
    return [ownership.of(path) for path in projects]


class UsedConfigRecord(JsonRecord):
    """One file of the configuration that the report was made with."""

    core = UsedConfig

    name: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ConfigRecord(JsonRecord):
    """The configuration that the report was made with, and what was shown of the findings."""

    profile: str = Field(description="The set of rules: default or strict.")
    files: tuple[UsedConfigRecord, ...] = Field(
        description="The configuration, then the files it extends; empty where none was used."
    )
    trusted: tuple[str, ...] = Field(
        default=(), description="Globs of paths outside the top-level group that may be allowed."
    )
    min_severity: Threshold = Field(description="Failing findings below it are not listed.")
    new_only: bool = Field(default=False, description="Baselined findings are not listed.")

    @classmethod
    def to_data(cls, source: Report) -> dict[str, Any]:
        """Return the JSON data of a report's configuration."""
        choices = source.choices
        data: dict[str, Any] = {
            "profile": choices.profile,
            "files": [UsedConfigRecord.to_data(each) for each in choices.configs],
        }
        if choices.trusted:
            data["trusted"] = choices.trusted
        data["min_severity"] = source.min_severity
        return data | ({"new_only": True} if source.new_only else {})
