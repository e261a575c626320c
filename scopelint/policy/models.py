"""The keys of scopelint.yml as pydantic models; the loader and the published schema share them.

A new key is a new field here, nothing else: its type validates it, its description is shown to
editors, its place in the file is kept by `scopelint.policy.config`. Values are validated as JSON
is (a list may become a tuple, text a severity), strictly: a number is no text. No field takes
null: a key without a value is a slip of the pen, not a wish.
"""

import unicodedata
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from scopelint.policy.targets import MAX_ID, parse_target
from scopelint.policy.urls import AddressError, normalise_url

SeverityName = Literal["critical", "high", "medium", "low", "info"]
FailOn = Literal["critical", "high", "medium", "low", "info", "never"]


class Section(BaseModel):
    """Base of every mapping in scopelint.yml: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _check_url(text: str) -> str:
    try:
        normalise_url(text)
    except AddressError as error:
        raise _custom(error) from None
    return text


def _check_target(target: str | int) -> str | int:
    try:
        parse_target(str(target))
    except AddressError as error:
        raise _custom(error) from None
    return target


def _check_glob(pattern: str) -> str:
    problem = ""
    if any(unicodedata.category(c) in {"Cc", "Cf"} for c in pattern):
        problem = "a glob holds no control characters"
    elif pattern.startswith("/") or pattern.endswith("/") or "//" in pattern:
        problem = "a glob matches a full path, which has no slash at its ends and no empty segment"
    if problem:
        raise PydanticCustomError("scopelint", "{message}", {"message": problem, "hint": ""})
    return pattern


def _custom(error: AddressError) -> PydanticCustomError:
    context = {"message": str(error), "hint": error.hint}
    return PydanticCustomError("scopelint", "{message}", context)


def _without_default(schema: JsonDict) -> None:
    # "Not given" has no value that could be written down.
    schema.pop("default", None)


Address = Annotated[
    StrictStr,
    AfterValidator(_check_url),
    WithJsonSchema({"type": "string", "pattern": r"^\s*[Hh][Tt][Tt][Pp][Ss]?://[^\s@?#\\]+\s*$"}),
]
Target = Annotated[
    StrictStr | StrictInt,
    AfterValidator(_check_target),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^\s*([A-Za-z0-9_./][A-Za-z0-9_./-]*|[A-Za-z]+://\S+)\s*$",
                },
                {"type": "integer", "minimum": 1, "maximum": MAX_ID},
            ]
        }
    ),
]
Glob = Annotated[
    StrictStr,
    Field(min_length=1, max_length=1000, json_schema_extra={"pattern": r"^(?!/)(?!.*//)(?!.*/$)"}),
    AfterValidator(_check_glob),
]
Selector = Annotated[StrictStr, Field(min_length=1)]


class GitLabSection(Section):
    """`gitlab:`, which instance is read, and what of it."""

    url: Address = Field(
        default="",
        description="Address of the GitLab instance. In a config that was found (not named with "
        "--config) it must equal the address that the token is meant for.",
        examples=["https://gitlab.example.com"],
        json_schema_extra=_without_default,
    )
    targets: tuple[Target, ...] = Field(
        default=(),
        description="Groups and projects to read when the command line names none: full paths, "
        "numeric ids or URLs.",
        examples=[["acme", "acme/platform", 42]],
    )


class GateSection(Section):
    """`gate:`, when a run fails a pipeline."""

    fail_on: FailOn = Field(
        default="medium",
        description="The lowest severity of a new finding that fails the run, or never.",
    )


class ConfigModel(Section):
    """scopelint.yml: which rules judge a GitLab instance, how, and when a run fails."""

    gitlab: GitLabSection = Field(default_factory=GitLabSection, description="What is read.")
    profile: Literal["default", "strict"] = Field(
        default="default", description="The set of rules that runs; strict is every rule."
    )
    select: tuple[Selector, ...] = Field(
        default=(),
        min_length=1,
        json_schema_extra=_without_default,
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
    gate: GateSection = Field(default_factory=GateSection, description="When a run fails.")
