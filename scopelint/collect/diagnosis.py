"""What `scopelint doctor` finds, as data: the model behind `doctor -f json` and its schema."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["can", "cannot", "not_known"]


class DoctorRecord(BaseModel):
    """Base of the objects of a diagnosis."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )


class Ability(DoctorRecord):
    """One thing that this token can do here or not, by what GitLab answered."""

    name: str = Field(description="What it is, for programs: scopes, log, permission:read_group, …")
    what: str = Field(description="What it is, in words.")
    state: State = Field(description="not_known where nothing that was asked tells.")
    found: str = Field(description="What GitLab answered, in words.")
    consequence: str = Field("", description="What follows from it; empty where all is well.")
    next_step: str = Field(
        "", description="What to do about it; empty where nothing is to be done."
    )


class DiagnosedToken(DoctorRecord):
    """The token, by what it says of itself and by what GitLab lets it read."""

    user: str | None = Field(None, description="Its user's name; null where GitLab did not tell.")
    kind: Literal["classic", "fine_grained"] | None = Field(
        None, description="null where GitLab did not tell."
    )
    scopes: tuple[str, ...] | None = Field(None, description="null where GitLab did not tell.")
    permissions: tuple[str, ...] | None = Field(
        None, description="Those that a fine-grained token names; null where it names none."
    )
    expires_at: str | None = Field(None, description="The last day, an ISO date.")
    administrator: bool = Field(
        description="Whether GitLab lets it read what only administrators may."
    )


class DiagnosedTarget(DoctorRecord):
    """A target that was found."""

    kind: Literal["group", "project", "user", "instance"]
    id: int = Field(description="GitLab's number, 0 for the instance.")
    path: str


class Sample(DoctorRecord):
    """The projects that were tried: those of the first page of each target."""

    tried: int = Field(ge=0)
    read: int = Field(ge=0, description="Those whose scope was read.")
    unread: dict[str, int] = Field(description="How many were not, by reason.")
    examples: tuple[str, ...] = Field(description="Up to three paths of those.")


class Diagnosis(DoctorRecord):
    """All that was found out about one token and its targets."""

    format: Literal["scopelint-doctor/1"] = Field("scopelint-doctor/1", alias="schema")
    instance: str = Field(description="GitLab's address.")
    gitlab_version: str | None = Field(description="null where GitLab did not tell.")
    api: Literal["graphql", "rest"] = Field(description="Which way a scan would read.")
    token: DiagnosedToken
    targets: tuple[DiagnosedTarget, ...]
    projects: Sample
    abilities: tuple[Ability, ...]
    entries_point_to: dict[str, int] | None = Field(
        description="How many entries lead into each top-level group, in the projects that were"
        " read; null where none was read."
    )
    healthy: bool = Field(description="Whether everything that was tried could be read.")


def doctor_schema() -> dict[str, Any]:
    """Return the JSON Schema of `doctor -f json`."""
    return Diagnosis.model_json_schema(by_alias=True, mode="serialization")
