"""A record: the model of one JSON object of a report, and the kinds of values in it.

`to_data` makes JSON data of a core's object, `to_core` makes a core's object of what was read.
A field with a default is left out of the file where it is empty or false.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.config import JsonDict

_TIME = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
}


def _moment(value: Any) -> datetime:
    """Read a time as it is written; pydantic would also take a number of seconds."""
    return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _finite(value: Any) -> Any:
    """Refuse NaN and infinities (also an overflow such as 1e999): no JSON, so not to be written."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _finite(item)
    return value


Count = Annotated[int, Field(ge=0)]
RuleCode = Annotated[str, Field(pattern="^[A-Z]{2,8}[0-9]{3}$")]
Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema(_TIME)]
FiniteData = Annotated[dict[str, Any], AfterValidator(_finite)]
SomeText = Annotated[str, Field(min_length=1)]
Threshold = Literal["critical", "high", "medium", "low", "info"]


def without_default(schema: JsonDict) -> None:
    """Take the default out of the schema of a field that a file has or has not, but never as null."""
    schema.pop("default", None)


class JsonRecord(BaseModel):
    """One JSON object; its fields are named as the attributes of the core's class."""

    # Models are built when the first report is read: writing needs the names of fields alone.
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True
    )

    core: ClassVar[type]
    """The class that `to_core` makes, an attribute a field."""

    @classmethod
    def to_data(cls, source: Any) -> dict[str, Any]:
        """Return the JSON data of a core's object: an item a field, in the order of the fields."""
        keys, attributes, records, optional = _fields(cls)
        data: dict[str, Any] = dict(zip(keys, attributes(source), strict=True))
        for key, record in records:
            if isinstance(data[key], tuple):
                data[key] = [record.to_data(item) for item in data[key]]
            elif data[key] is not None:
                data[key] = record.to_data(data[key])
        for key in optional:
            if not data[key]:
                del data[key]
        return data

    def to_core(self) -> Any:
        """Return the core's object."""
        return self.core(**self.attributes())

    def attributes(self) -> dict[str, Any]:
        """Return the fields as attributes of the core's object, records in them made objects."""
        return {name: _to_core(getattr(self, name)) for name in type(self).model_fields}


def _to_core(value: Any) -> Any:
    """Return a field's value with the records in it made objects."""
    if isinstance(value, tuple):
        return tuple(_to_core(item) for item in value)
    return value.to_core() if isinstance(value, JsonRecord) else value


class _Fields(NamedTuple):
    keys: tuple[str, ...]
    """The names in JSON."""
    attributes: Callable[[Any], tuple[Any, ...]]
    """Gives the attributes of a core's object."""
    records: tuple[tuple[str, type[JsonRecord]], ...]
    """Keys whose value is a record, a tuple of them, or null."""
    optional: tuple[str, ...]
    """Keys that are left out where the value is empty or false."""


@cache
def _fields(model: type[JsonRecord]) -> _Fields:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    held = {key: _record_in(field.annotation) for key, field in fields.items()}
    return _Fields(
        keys=tuple(fields),
        attributes=attrgetter(*model.model_fields),
        records=tuple((key, record) for key, record in held.items() if record is not None),
        optional=tuple(key for key, field in fields.items() if not field.is_required()),
    )


def _record_in(annotation: Any) -> type[JsonRecord] | None:
    """Return the record of a field that holds one, several, or one or null."""
    for option in (annotation, *get_args(annotation)):
        if isinstance(option, type) and issubclass(option, JsonRecord):
            return option
    return None
