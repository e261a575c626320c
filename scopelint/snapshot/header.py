"""What a snapshot says about its own collection: where, what, how and when."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final, Literal, Self

from scopelint.errors import SnapshotError
from scopelint.filters import Filters
from scopelint.model import Assumption, Enforcement, Fact, Scan
from scopelint.run_identity import RunIdentity
from scopelint.text import holds_control
from scopelint.versions import LONGEST_TEXT, FeatureFlags

MAX_SHARDS = 10_000
"""The most parts that a collection is read in."""


@dataclass(frozen=True, slots=True)
class Header:
    """One collection's metadata, as kept in the table `meta`.

    Fields without a description are those of `scopelint.model.Scan`.
    """

    tool_version: str
    instance: str
    targets: tuple[str, ...]
    api: Literal["graphql", "rest"]
    gitlab_version: str
    started_at: datetime
    filters: Filters = field(default_factory=Filters)
    finished_at: datetime | None = None
    enforcement: Enforcement = "unknown"
    administrator: bool = False
    whole_instance: bool = False
    requests: int = 0
    """Requests that were sent, retries among them."""
    retries: int = 0
    """Requests that were sent again."""
    shard: tuple[int, int] | None = None
    """Index and total of the shard, from 1; None for a whole collection."""
    unavailable: Mapping[Fact, str] = field(default_factory=dict)
    named: Mapping[str, int | None] = field(default_factory=dict)
    """The ids of the groups and projects that a declared policy names by path, by keys such as
    `group:acme/web` in lower case; None for one that was not found or is not visible."""
    feature_flags: FeatureFlags = field(default_factory=dict)
    """As in `Scan`; older snapshots have none, so nothing is known of them."""
    assumptions: tuple[Assumption, ...] = ()
    row_counts: Mapping[str, int] = field(default_factory=dict)
    """How many rows each table of a finished collection has; empty before its end."""

    def scan(self) -> Scan:
        """Return the part that rules and reports may see."""
        return Scan(
            instance=self.instance,
            gitlab_version=self.gitlab_version,
            targets=self.targets,
            api=self.api,
            started_at=self.started_at,
            finished_at=self.finished_at,
            enforcement=self.enforcement,
            administrator=self.administrator,
            whole_instance=self.whole_instance,
            requests=self.requests,
            unavailable=self.unavailable,
            filters=self.filters,
            feature_flags=self.feature_flags,
            assumptions=self.assumptions,
        )

    def identity(self) -> RunIdentity:
        """Return what tells this collection from others."""
        return RunIdentity.of(self.scan(), self.shard)

    def with_changes(self, **changes: Any) -> Self:
        """Return a copy with some fields replaced."""
        return replace(self, **changes)

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows of the table `meta`: a JSON text a key."""
        return [(f.name, json.dumps(_plain(getattr(self, f.name)))) for f in fields(self)]

    @classmethod
    def from_rows(cls, rows: Mapping[str, str]) -> "Header":
        """Read a header back; raise SnapshotError where a key is missing or not of its type."""
        try:
            data = {key: _json(value) for key, value in rows.items()}
            filters = data["filters"]
            return cls(
                tool_version=_text(data["tool_version"]),
                instance=_text(data["instance"]),
                targets=_texts(data["targets"]),
                api=_one_of(data["api"], "graphql", "rest"),
                gitlab_version=_version(data["gitlab_version"]),
                started_at=_moment(data["started_at"]),
                filters=Filters(
                    include=_texts(filters["include"]),
                    exclude=_texts(filters["exclude"]),
                    archived=_one_of(filters["archived"], "include", "exclude", "only"),
                    usage=_boolean(filters["usage"]),
                ),
                finished_at=_time(data["finished_at"]),
                enforcement=_one_of(data["enforcement"], "on", "off", "unknown"),
                administrator=_boolean(data["administrator"]),
                whole_instance=_boolean(data["whole_instance"]),
                requests=_number(data["requests"]),
                retries=_number(data["retries"]),
                shard=_shard(data["shard"]),
                unavailable={
                    Fact(fact): _text(reason) for fact, reason in data["unavailable"].items()
                },
                named={
                    key: None if number is None else _number(number)
                    for key, number in data.get("named", {}).items()
                },
                feature_flags={
                    name: _boolean(on) for name, on in data.get("feature_flags", {}).items()
                },
                assumptions=tuple(
                    Assumption(
                        _text(each["what"]),
                        _text(each["value"]),
                        _text(each["source"]),
                        _moment(each["at"]),
                    )
                    for each in data.get("assumptions", ())
                ),
                row_counts={
                    table: _number(number) for table, number in data.get("row_counts", {}).items()
                },
            )
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise SnapshotError(
                f"the snapshot's header cannot be read: {type(error).__name__}: {error}",
                hint="The file was damaged or changed by hand; collect again.",
            ) from None


_NOT_KEPT: Final = "chosen"
"""The field of `Filters` that says what a reader of the snapshot chose, not its collection."""


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Filters | Assumption):
        return {
            f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != _NOT_KEPT
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): item for key, item in sorted(value.items())}
    return value


def _json(text: str) -> Any:
    """Read a JSON text; a number that is not finite (NaN, 1e999) is none."""
    return json.loads(text, parse_float=_finite, parse_constant=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    if holds_control(value):
        raise ValueError("a text holds control characters")
    return value


def _version(value: object) -> str:
    """Read GitLab's version: a few numbers and a suffix, "" where GitLab did not tell it."""
    text = _text(value)
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a GitLab version of {len(text):,} characters")
    return text


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return tuple(_text(item) for item in value)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, found {type(value).__name__}")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, found {type(value).__name__}")
    if not 0 <= value < 2**63:
        raise ValueError("a number is out of range")
    return value


def _one_of(value: object, *choices: str) -> Any:
    if value not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}, found {value!r:.40}")
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time has no zone")
    if not 1 < moment.year < 9999:
        raise ValueError("a time is out of range")
    return moment


def _time(value: object) -> datetime | None:
    return None if value is None else _moment(value)


def _shard(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    index, total = (_number(item) for item in value)
    if not 1 <= index <= total <= MAX_SHARDS:
        raise ValueError(f"there is no shard {index}/{total}")
    return index, total


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one enumeration is."""

    name: str
    """What is enumerated and below which path, such as `projects:acme`."""
    cursor: str | None = None
    """GitLab's cursor of the next page; None for the first one."""
    done: bool = False
    """Whether the last page was read."""
    seen: int = 0
    """How many objects the pages held so far."""
    expected: int | None = None
    """GitLab's own count of the objects, hidden ones included; None where it is not known."""
