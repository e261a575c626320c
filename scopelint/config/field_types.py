"""The types of values in scopelint.yml: addresses, targets, globs, names, lines, days, times."""

import re
from datetime import date
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

from scopelint.engine.acceptance import read_moment
from scopelint.gitlab.address import AddressError, normalise_url
from scopelint.gitlab.targets import MAX_ID, parse_target
from scopelint.globs import LONGEST, fault_of, path_in_url
from scopelint.owners import RESERVED
from scopelint.text import ONE_LINE_PATTERN, holds_control

SeverityName = Literal["critical", "high", "medium", "low", "info"]
FailOn = Literal["critical", "high", "medium", "low", "info", "never"]


class ConfigSection(BaseModel):
    """Base of every mapping in scopelint.yml: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


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


def check_some(items: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list that holds something; raise PydanticCustomError for an empty one."""
    # Pydantic's own minimum counts what is left when faulty items are dropped.
    if not items:
        context = {"message": "this must not be empty", "hint": ""}
        raise PydanticCustomError("scopelint", "{message}", context)
    return items


def _check_name(name: str) -> str:
    if holds_control(name) or not name.strip():
        message = "a name is one line of text, without control characters"
        raise PydanticCustomError("scopelint", "{message}", {"message": message, "hint": ""})
    return name


def _check_owner(name: str) -> str:
    if name.lower() in RESERVED:
        message = f"no owner can be called {name}: the word stands for projects without a known one"
        raise PydanticCustomError("scopelint", "{message}", {"message": message, "hint": ""})
    if "," in name:
        message = "a comma divides the names that --owner takes, so none is in a name"
        raise PydanticCustomError("scopelint", "{message}", {"message": message, "hint": ""})
    return name


def _check_line(text: str) -> str:
    if holds_control(text) or not text.strip():
        message = "this must be one line of text, without control characters"
        raise PydanticCustomError("scopelint", "{message}", {"message": message, "hint": ""})
    return text


def _check_date(text: str) -> str:
    # Python's own reading also takes 20261231 and 2026-W53, which few people can read.
    valid = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None
    try:
        date.fromisoformat(text)
    except ValueError:
        valid = False
    if not valid:
        context = {
            "message": "this is not a date",
            "hint": "write it as year-month-day, such as 2026-12-31",
        }
        raise PydanticCustomError("scopelint", "{message}", context)
    return text


def _check_timestamp(text: str) -> str:
    try:
        read_moment(text)
    except ValueError:
        context = {
            "message": "this is not a time",
            "hint": "write it as the JSON report does, such as 2026-01-31T08:00:00Z",
        }
        raise PydanticCustomError("scopelint", "{message}", context) from None
    return text


def _check_glob(pattern: str) -> str:
    if (fault := fault_of(pattern)) is not None:
        message, hint = fault
        context = {"message": message, "hint": hint}
        raise PydanticCustomError("scopelint", "{message}", context)
    return pattern


def _check_one_path(path: str) -> str:
    if "*" in path or "?" in path:
        message = "this must be the full path of one project, not a glob"
        raise PydanticCustomError("scopelint", "{message}", {"message": message, "hint": ""})
    return path


def check_no_url(path: str) -> str:
    """Return a full path; raise PydanticCustomError, with the path to write, for a URL."""
    if "://" in path:
        found = path_in_url(path)
        context = {"message": "this is a URL, not a path", "hint": f"write {found}" * bool(found)}
        raise PydanticCustomError("scopelint", "{message}", context)
    return path


def _custom(error: AddressError) -> PydanticCustomError:
    context = {"message": str(error), "hint": error.hint}
    return PydanticCustomError("scopelint", "{message}", context)


def some_without_default(schema: JsonDict) -> None:
    """Have a list hold something where it is given, and take the default out of its schema."""
    schema["minItems"] = 1
    schema.pop("default", None)


def without_default(schema: JsonDict) -> None:
    """Take the default out of a key's published schema."""
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
    Field(min_length=1, max_length=LONGEST),
    AfterValidator(_check_glob),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST,
            "pattern": r"^(?!/)(?!.*//)(?!.*/$)",
        }
    ),
]
ProjectPath = Annotated[
    Glob,
    AfterValidator(_check_one_path),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST,
            "pattern": r"^(?!/)(?!.*//)(?!.*/$)[^*?]+$",
        }
    ),
]
SomeGlobs = Annotated[tuple[Glob, ...], AfterValidator(check_some)]
"""The published schema of a key of this type says `some_without_default`."""
Selector = Annotated[StrictStr, Field(min_length=1)]
Name = Annotated[
    StrictStr,
    Field(
        min_length=1,
        max_length=100,
        json_schema_extra={"pattern": ONE_LINE_PATTERN},
    ),
    AfterValidator(_check_name),
]


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


OwnerName = Annotated[
    Name,
    AfterValidator(_check_owner),
    Field(json_schema_extra={"not": {"pattern": f"^({'|'.join(map(_any_case, RESERVED))})$|,"}}),
]
Line = Annotated[
    StrictStr,
    Field(min_length=1, max_length=1000),
    AfterValidator(_check_line),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
            "pattern": ONE_LINE_PATTERN,
        }
    ),
]
Day = Annotated[
    StrictStr,
    AfterValidator(_check_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": r"^\d{4}-[01]\d-[0-3]\d$"}),
]
UtcTime = Annotated[
    StrictStr,
    AfterValidator(_check_timestamp),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ$",
        }
    ),
]
PermissionName = Annotated[StrictStr, Field(pattern=r"^(all|[A-Z][A-Z_]*)$")]
FileName = Annotated[StrictStr, Field(min_length=1, max_length=1000)]
