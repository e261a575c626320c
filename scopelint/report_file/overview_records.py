"""The records of the pictures of the tree: each group's numbers, and which group reaches which."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from scopelint.report_file.record import Count, JsonRecord


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


class OverviewRecord(JsonRecord):
    """Numbers for pictures of the tree."""

    groups: tuple[GroupRecord, ...] = Field(max_length=2000)
    reach: ReachRecord | None

    def to_data_again(self) -> dict[str, Any]:
        """Return the JSON data as it was written."""
        return self.model_dump(mode="json", exclude_defaults=True)
