"""The keys of scopelint.yml that choose projects: by path, topic, framework, visibility and age."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from scopelint.config.field_types import (
    ConfigSection,
    Day,
    Name,
    SomeGlobs,
    check_some,
    some_without_default,
    without_default,
)
from scopelint.globs import GlobSet
from scopelint.project_pattern import ProjectPattern

_KEYS = ("topics", "frameworks", "visibility", "created_after")
Visibility = Literal["private", "internal", "public"]
SomeNames = Annotated[tuple[Name, ...], AfterValidator(check_some)]


CHOOSES: JsonDict = {"anyOf": [{"required": [key]} for key in ("projects", *_KEYS)]}
"""The published schema of a mapping that must say which projects it is for."""


class KindSection(ConfigSection):
    """What chooses projects besides their path: one must meet every key that is given."""

    topics: SomeNames = Field(
        default=(),
        description="Only projects with one of these topics, in any case.",
        examples=[["pci"]],
        json_schema_extra=some_without_default,
    )
    frameworks: SomeNames = Field(
        default=(),
        description="Only projects with one of these compliance frameworks, in any case (GitLab "
        "Premium; read through GraphQL alone).",
        examples=[["SOX"]],
        json_schema_extra=some_without_default,
    )
    visibility: Annotated[tuple[Visibility, ...], AfterValidator(check_some)] = Field(
        default=(),
        description="Only projects of these visibilities.",
        examples=[["public", "internal"]],
        json_schema_extra=some_without_default,
    )
    created_after: Day = Field(
        default="",
        description="Only projects that were made on this day (UTC) or later.",
        examples=["2026-01-01"],
        json_schema_extra=without_default,
    )

    @property
    def kind(self) -> ProjectPattern:
        """The choice, whatever the path."""
        return ProjectPattern(
            topics=frozenset(map(str.lower, self.topics)),
            frameworks=frozenset(map(str.lower, self.frameworks)),
            visibility=frozenset(self.visibility),
            created_after=date.fromisoformat(self.created_after) if self.created_after else None,
        )


class ChosenProjectsSection(KindSection):
    """A choice of projects; at least one key says which."""

    model_config = ConfigDict(json_schema_extra=CHOOSES)

    projects: SomeGlobs = Field(
        default=(),
        description="Globs of the full paths of the projects it is for; without it any path.",
        examples=[["acme/web/**"]],
        json_schema_extra=some_without_default,
    )

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if not self.projects and self.kind.by_path:
            context = {
                "message": "it is not said which projects this is for",
                "hint": "give it projects, topics, frameworks, visibility or created_after",
            }
            raise PydanticCustomError("scopelint", "{message}", context)
        return self

    @property
    def globs(self) -> GlobSet:
        """The globs of full paths, of all paths where none is given."""
        return GlobSet(self.projects or ("**",))
