"""The records of the pictures of the tree: each group's numbers, and which group reaches which."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from scopelint.report_file.record import Count, JsonRecord, without_default

_Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class GroupRecord(JsonRecord):
    """A group's numbers: beside those that are always there, findings by severity."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Count]

    path: str
    projects: Count
    unread: Count = Field(description="Asked for and not read.")
    left_out: Count = Field(default=0, description="Left out by a filter.")
    open: Count = Field(default=0, description="Read, and the job token limit is off.")


class ReachRecord(JsonRecord):
    """The matrix: which group's job tokens reach which group's projects."""

    groups: tuple[str, ...] = Field(
        max_length=40,
        description="Full paths; a project counts for the deepest of them that holds it.",
    )
    pairs: tuple[Annotated[tuple[Count, ...], Field(min_length=2, max_length=3)], ...] = Field(
        description="Indexes of the origin's and the target's group in `groups`, then how many"
        " times a project of the one reaches one of the other."
    )
    projects: tuple[tuple[Count, Count, Count], ...] = Field(
        default=(),
        description="For each of `groups`: the projects it stands for, those read, those left out.",
    )

    @model_validator(mode="after")
    def _sizes_are_of_groups(self) -> "ReachRecord":
        if self.projects and len(self.projects) != len(self.groups):
            raise ValueError("`projects` and `groups` are of different lengths")
        return self

    @model_validator(mode="after")
    def _pairs_are_of_groups(self) -> "ReachRecord":
        if any(max(pair[:2]) >= len(self.groups) for pair in self.pairs):
            raise ValueError("a pair names a group that is not there")
        return self


class OriginRecord(JsonRecord):
    """A group or project outside the top-level group of projects that let it in."""

    kind: Literal["project", "group"]
    id: int | None
    path: str | None
    personal: bool | None = Field(description="A project in a user's namespace; null: not known.")
    projects: Count = Field(description="How many projects have an entry for it.")
    into: tuple[tuple[Count, Count], ...] = Field(
        description="The index of a group in `reach.groups`, and how many of those are in it."
    )
    since: _Moment | None = Field(description="When the oldest of these entries was made.")
    added_by: tuple[str, ...] = Field(max_length=3, description="Users that added the most.")
    last_used: _Moment | None = Field(description="The last use that the logs show.")
    logged: Count = Field(description="How many of these projects' logs were read whole.")


class OutsideRecord(JsonRecord):
    """Who gets in from outside the top-level group, the most projects first."""

    total: Count = Field(description="How many there are, those that are not listed included.")
    origins: tuple[OriginRecord, ...] = Field(max_length=200)


class OverviewRecord(JsonRecord):
    """Numbers for pictures of the tree."""

    groups: tuple[GroupRecord, ...] = Field(max_length=2000)
    reach: ReachRecord | None
    outside: OutsideRecord | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=without_default
    )

    def to_data_again(self) -> dict[str, Any]:
        """Return the JSON data as it was written."""
        return self.model_dump(mode="json", exclude_defaults=True)
