"""`policy:` and `declared:` of scopelint.yml as models: what the settings are meant to be.

`policy:` names what another tool applies. The keys of `declared:` are gitlabform's. Here an unknown key or a wrong type is an error; in a
gitlabform config, which others wrote for another reader, it is a finding of SL805.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from scopelint.config.field_types import ConfigSection, check_no_url, without_default

PathText = Annotated[StrictStr, Field(min_length=1, max_length=1000)]
FullPath = Annotated[PathText, AfterValidator(check_no_url)]
NameOrId = FullPath | Annotated[StrictInt, Field(ge=1)]
Broken = Literal[False]
_INHERIT = "false puts this mapping in place of the inherited one, instead of laying it over it."


class PolicySection(ConfigSection):
    """`policy:`, the declared policy that another tool's config holds."""

    gitlabform: PathText = Field(
        default="",
        description="A gitlabform config, by its path from this file; its job_token_scope "
        "sections are what the settings are meant to be.",
        examples=["config.yml"],
        json_schema_extra=without_default,
    )
    terraform: PathText = Field(
        default="",
        description="Terraform for GitLab's provider, by its path from this file: a folder of "
        "sources (needs the extra `terraform`), or the file that `terraform show -json` makes of a "
        "plan. What cannot be told from it is unknown.",
        examples=["infra/gitlab", "plan.json"],
        json_schema_extra=without_default,
    )
    archived: Literal["exclude", "include"] = Field(
        default="exclude",
        description="Whether archived projects, and those scheduled for deletion, are held to the "
        "declared policy; gitlabform leaves them alone by default.",
    )


class DeclaredAllowlist(ConfigSection):
    """`allowlist:`, the entries that are declared."""

    enforce: StrictBool = Field(
        default=False, description="Whether entries that are not declared are wrong."
    )
    projects: tuple[NameOrId, ...] = Field(
        default=(), description="Projects by full path or id.", examples=[["acme/web/shop", 42]]
    )
    groups: tuple[NameOrId, ...] = Field(
        default=(), description="Groups by full path or id.", examples=[["acme/web", 5]]
    )
    inherit: Broken = Field(
        default=False,
        description=_INHERIT,
        json_schema_extra=without_default,
    )


class DeclaredScopeSection(ConfigSection):
    """`job_token_scope:`, what is declared at one level."""

    limit_access_to_this_project: StrictBool = Field(
        default=True, description="Whether only the allowlist may use its job tokens here."
    )
    allow_push_repository_for_job_token: StrictBool = Field(
        default=False,
        description="Whether the project's own jobs may push to it with a job token; without the "
        "key nothing is declared.",
        json_schema_extra=without_default,
    )
    allowlist: DeclaredAllowlist = Field(
        default_factory=DeclaredAllowlist, description="Who is on the allowlist."
    )
    inherit: Broken = Field(
        default=False,
        description=_INHERIT,
        json_schema_extra=without_default,
    )
    skip: StrictBool = Field(
        default=False, description="Whether nothing is declared here, whatever is inherited."
    )


class DeclaredProject(ConfigSection):
    """`project:`, which only says whether the project is archived."""

    archive: StrictBool = Field(
        default=False, description="Whether it is to be archived; then nothing is declared."
    )


class DeclaredLevel(ConfigSection):
    """What is declared under one key of `projects_and_groups`."""

    job_token_scope: DeclaredScopeSection = Field(
        default_factory=DeclaredScopeSection, description="The job token scope."
    )
    project: DeclaredProject = Field(
        default_factory=DeclaredProject, description="The project itself."
    )


class DeclaredSection(ConfigSection):
    """`declared:`, what the settings and allowlists of projects are meant to be."""

    projects_and_groups: dict[FullPath, DeclaredLevel] = Field(
        min_length=1,
        description='"*" for all projects, x/* for a group and all below it, a path with a * for '
        "the projects that match it, or the path of one project. Special levels are laid over "
        "general ones; lists are replaced, not added up.",
    )
    skip_projects: tuple[FullPath, ...] = Field(
        default=(), description="Projects for which nothing is declared: paths or patterns."
    )
    skip_groups: tuple[FullPath, ...] = Field(
        default=(), description="Groups whose levels do not hold for their direct projects."
    )
