"""The plan file: what is to be changed, for which state, and why. Data, never trusted.

`apply` validates it afresh, compares the digest of each project's state with what GitLab says
now, and refuses another instance's. The JSON Schema is published by `config schema --plan`.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scopelint.errors import UsageError
from scopelint.model import AllowlistEntry, Scope

SCHEMA = "scopelint-plan/1"
"""Name and version of the file's form."""
MAX_BYTES = 500_000_000
"""The largest plan that is read, in bytes."""

Name = Annotated[str, Field(max_length=4096)]
Policies = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Z_]{1,64}$")], ...], Field(max_length=64)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EntryState(_Strict):
    """One allowlist entry as a plan knows it; `policies` is empty for default permissions."""

    kind: Literal["project", "group"]
    id: Annotated[int, Field(gt=0)]
    path: Name
    default_permissions: bool = True
    policies: Policies = ()

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "EntryState":
        if self.default_permissions and self.policies:
            raise ValueError("an entry with default permissions has no policies")
        return self

    @property
    def key(self) -> str:
        """`group:ID` or `project:ID`."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def of(cls, entry: AllowlistEntry) -> "EntryState":
        """Take an entry whose target and permissions are known; ValueError for any other."""
        if entry.target_id is None or entry.target_path is None:
            raise ValueError("the entry's target is gone")
        if entry.default_permissions is None or entry.policies is None:
            raise ValueError("the entry's permissions are not known")
        return cls(
            kind=entry.kind,
            id=entry.target_id,
            path=entry.target_path,
            default_permissions=entry.default_permissions,
            policies=tuple(sorted(entry.policies)),
        )


class ScopeState(_Strict):
    """A project's job token scope, as far as a plan can change it.

    `inbound` is the project's *own* flag. `outbound_entries` are leftovers of direction outbound.
    """

    inbound: bool
    outbound: bool = False
    push: bool = False
    cross_project_push: bool = False
    entries: tuple[EntryState, ...] = ()
    outbound_entries: tuple[EntryState, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the state in a canonical form: paths do not enter, a rename changes nothing."""

        def rows(entries: Iterable[EntryState]) -> list[list[object]]:
            return sorted(
                [e.kind, e.id, e.default_permissions, sorted(e.policies)] for e in entries
            )

        parts = [
            self.inbound,
            self.outbound,
            self.push,
            self.cross_project_push,
            rows(self.entries),
            rows(self.outbound_entries),
        ]
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()

    @classmethod
    def of(cls, scope: Scope) -> "ScopeState":
        """Take a scope that was read whole; ValueError names the fact that is missing."""
        flags = {
            "own flag": scope.inbound_own,
            "outbound setting": scope.outbound,
            "push setting": scope.push,
            "cross-project push setting": scope.cross_project_push,
        }
        for name, value in flags.items():
            if value is None:
                raise ValueError(f"the project's {name} is not known")
        if scope.missing or scope.outbound_entries is None:
            missing = ", ".join(sorted(scope.missing)) or "outbound entries"
            raise ValueError(f"not everything of the project could be read: {missing}")
        return cls(
            inbound=bool(scope.inbound_own),
            outbound=bool(scope.outbound),
            push=bool(scope.push),
            cross_project_push=bool(scope.cross_project_push),
            entries=tuple(EntryState.of(entry) for entry in scope.entries),
            outbound_entries=tuple(EntryState.of(entry) for entry in scope.outbound_entries),
        )


Operation = Literal[
    "add-entry",
    "change-permissions",
    "set-inbound",
    "set-push",
    "set-cross-project-push",
    "set-outbound",
    "remove-entry",
    "remove-outbound-entry",
]


class Action(_Strict):
    """One change. `entry` is the entry as it is to be (for a removal: as it is); `value` a flag.

    `was` is the entry before a change of permissions. `findings` are the fingerprints it removes.
    """

    operation: Operation
    entry: EntryState | None = None
    was: EntryState | None = None
    value: bool | None = None
    reason: Annotated[str, Field(max_length=2000)]
    findings: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    safe: bool = True

    @model_validator(mode="after")
    def _fits(self) -> "Action":
        flag = self.operation.startswith("set-")
        if flag != (self.value is not None) or flag == (self.entry is not None):
            raise ValueError(f"{self.operation} takes {'a value' if flag else 'an entry'}, alone")
        if (self.operation == "change-permissions") != (self.was is not None):
            raise ValueError("only change-permissions has 'was'")
        return self


class ProjectPlan(_Strict):
    """The changes of one project, the state they were made for, and its digest."""

    id: Annotated[int, Field(gt=0)]
    path: Name
    web_url: Name | None = None
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    before: ScopeState
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]
    confidence: Literal["high", "medium", "low"] = "high"
    notes: tuple[Annotated[str, Field(max_length=2000)], ...] = ()

    @model_validator(mode="after")
    def _digest_is_of_the_state(self) -> "ProjectPlan":
        if self.digest != self.before.digest:
            raise ValueError(f"{self.path}: the digest is not that of the state beside it")
        return self


class Untouched(_Strict):
    """A project that the plan leaves alone, and why."""

    id: Annotated[int, Field(gt=0)]
    path: Name
    reason: Annotated[str, Field(max_length=2000)]


class Plan(_Strict):
    """A plan: of which instance, from what, when observed, and the projects in path order."""

    schema_: Annotated[Literal["scopelint-plan/1"], Field(alias="schema")] = "scopelint-plan/1"
    tool_version: str
    instance: Name
    gitlab_version: str
    observed_at: str
    made_from: Literal["findings", "declared", "suggest"]
    unsafe: bool = False
    projects: tuple[ProjectPlan, ...] = ()
    untouched: tuple[Untouched, ...] = ()

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @property
    def removals(self) -> int:
        """How many entries it removes."""
        return sum(
            action.operation in {"remove-entry", "remove-outbound-entry"}
            for project in self.projects
            for action in project.actions
        )

    def text(self) -> str:
        """Return the file's text, the same for the same plan."""
        return (
            json.dumps(self.model_dump(by_alias=True, mode="json"), indent=2, ensure_ascii=False)
            + "\n"
        )


def load_plan(path: Path) -> Plan:
    """Read a plan; raise UsageError where it is none, too large, or of another version."""
    hint = "Make one with: scopelint plan SNAPSHOT -o FILE"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"plan {path} is larger than {MAX_BYTES:,} bytes", hint=hint)
        return Plan.model_validate_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"plan {path} cannot be read: {error.strerror}", hint=hint) from None
    except (ValueError, ValidationError, RecursionError) as error:
        first = "; ".join(str(error).splitlines()[:3])
        raise UsageError(f"{path} is not a scopelint plan: {first:.300}", hint=hint) from None
