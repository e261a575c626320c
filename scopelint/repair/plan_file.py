"""The plan file: what to change, for which state, and why. Data, never trusted.

`apply` validates a plan again, compares the digest of each project's state with what GitLab says
now, and refuses the plan of another instance. `config schema --plan` prints the JSON Schema.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scopelint.errors import UsageError
from scopelint.model import AllowlistEntry, Scope

MAX_BYTES = 500_000_000
"""The largest plan that is read, in bytes."""
REASON_LENGTH: Final = 2000
"""Characters of a reason or a note at most."""

Name = Annotated[str, Field(max_length=4096)]
Policies = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Z_]{1,64}$")], ...], Field(max_length=64)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class EntryState(_Strict):
    """One allowlist entry: its target and what it permits."""

    kind: Literal["project", "group"]
    """What the target is."""
    id: Annotated[int, Field(gt=0)]
    """GitLab's number of the target."""
    path: Name
    """The target's full path when it was read."""
    default_permissions: bool = True
    """Whether the entry has default permissions; false for fine-grained ones."""
    policies: Policies = ()
    """The fine-grained permissions; empty for default permissions."""

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
        """Return the state of an entry; raise ValueError where its target or permissions are not known."""
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
    """A project's job token scope, as far as a plan can change it."""

    inbound: bool
    """Whether the project's own inbound limit is on."""
    outbound: bool = False
    """Whether the deprecated outbound limit is on."""
    push: bool = False
    """Whether the project's own jobs may push to it."""
    cross_project_push: bool = False
    """Whether jobs of allowlisted projects may push."""
    entries: tuple[EntryState, ...] = ()
    """The inbound allowlist."""
    outbound_entries: tuple[EntryState, ...] = ()
    """What is left of the outbound allowlist."""

    @property
    def digest(self) -> str:
        """SHA-256 of the state in a canonical form, without paths: a rename does not change it."""

        def entry_rows(entries: Iterable[EntryState]) -> list[list[object]]:
            return sorted(
                [e.kind, e.id, e.default_permissions, sorted(e.policies)] for e in entries
            )

        parts = [
            self.inbound,
            self.outbound,
            self.push,
            self.cross_project_push,
            entry_rows(self.entries),
            entry_rows(self.outbound_entries),
        ]
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()

    @classmethod
    def of(cls, scope: Scope) -> "ScopeState":
        """Return the state of a scope; raise ValueError naming the fact that was not read."""
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


class Narrowed(_Strict):
    """How much wider than its use a group entry is that narrower entries replace."""

    projects: int | None
    """How many projects it lets in; null where that is not known."""
    used: int
    """How many of them used it, as the authentication log tells."""


class Action(_Strict):
    """One change of a project: a setting, or an entry."""

    operation: Operation
    """What is done."""
    entry: EntryState | None = None
    """The entry that is added, changed (as it is afterwards) or removed; null for a setting."""
    was: EntryState | None = None
    """The entry before a change of permissions."""
    value: bool | None = None
    """The value that a setting gets; null for an entry."""
    reason: Annotated[str, Field(max_length=REASON_LENGTH)]
    """Why it is done, for a reader."""
    findings: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    """The fingerprints of the findings that it resolves."""
    safe: bool = True
    """Whether nobody gains access by it, and no logged access is lost."""
    narrows: Narrowed | None = None
    """For the removal of a group entry that other entries of the plan replace; else null."""
    rests_on_log: bool = False
    """Whether it takes access that the authentication log shows no use of: `apply` reads the log
    again, and leaves the project alone where that no longer holds."""
    unused_since: AwareDatetime | None = None
    """For the removal of an entry as unused, or as wider than its use: since when the log shows no
    use that would end, and the entry is older; null for all else."""
    irreversible: Annotated[str, Field(max_length=REASON_LENGTH)] | None = None
    """Why no undo brings back what it takes away; null where one does."""

    @model_validator(mode="after")
    def _fits(self) -> "Action":
        flag = self.operation.startswith("set-")
        if flag != (self.value is not None) or flag == (self.entry is not None):
            raise ValueError(f"{self.operation} takes {'a value' if flag else 'an entry'}, alone")
        if (self.operation == "change-permissions") != (self.was is not None):
            raise ValueError("only change-permissions has 'was'")
        if self.unused_since is not None and not self.rests_on_log:
            raise ValueError("what is removed as unused rests on the log")
        return self


class ProjectPlan(_Strict):
    """The changes of one project, and the state they are for."""

    id: Annotated[int, Field(gt=0)]
    """GitLab's number of the project."""
    path: Name
    """Its full path when it was read."""
    web_url: Name | None = None
    """Its address in a browser."""
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of `before`: `apply` compares it with the state it finds."""
    before: ScopeState
    """The state that the actions are for."""
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]
    """What is done, in this order."""
    confidence: Literal["high", "medium", "low"] = "high"
    """How well the authentication log supports the actions."""
    notes: tuple[Annotated[str, Field(max_length=REASON_LENGTH)], ...] = ()
    """What a reviewer should know besides."""

    @model_validator(mode="after")
    def _digest_is_of_the_state(self) -> "ProjectPlan":
        if self.digest != self.before.digest:
            raise ValueError(f"{self.path}: the digest is not that of the state beside it")
        return self


class SkippedProject(_Strict):
    """A project that the plan does not change, and why."""

    id: Annotated[int, Field(gt=0)]
    """GitLab's number of the project."""
    path: Name
    """Its full path when it was read."""
    reason: Annotated[str, Field(max_length=REASON_LENGTH)]
    """Why the plan does not change it."""


class ChangedFinding(_Strict):
    """A finding that only the scan before the plan has, or only the one after it."""

    rule: Annotated[str, Field(max_length=64)]
    """The rule's code."""
    severity: Literal["critical", "high", "medium", "low", "info", "unknown"]
    """How bad it is."""
    project: Name | None = None
    """The full path of its project; null for a finding about the instance."""
    message: str
    """What is found, for a reader."""
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Its identity, as in reports."""


class FindingChangesOfPlan(_Strict):
    """What the plan brings and fixes, by the rules of the run over the state after it."""

    new: tuple[ChangedFinding, ...] = ()
    """Findings that the plan brings."""
    fixed: tuple[ChangedFinding, ...] = ()
    """Findings that the plan fixes."""
    unknown: tuple[ChangedFinding, ...] = ()
    """Findings of one side, where nobody can tell for the other."""


class LeftAction(_Strict):
    """An action that was left out of a plan, since no undo would bring back what it takes away."""

    id: Annotated[int, Field(gt=0)]
    """GitLab's number of the project."""
    path: Name
    """Its full path when it was read."""
    action: Action
    """What is left out; its `irreversible` says why."""


class Plan(_Strict):
    """The changes of a whole run, by project in path order."""

    schema_: Annotated[Literal["scopelint-plan/1"], Field(alias="schema")] = "scopelint-plan/1"
    """The name and version of the file format."""
    tool_version: str
    """The scopelint version that made the plan."""
    instance: Name
    """The address of the GitLab instance that it is for."""
    gitlab_version: str
    """That instance's version; empty where it is not known."""
    observed_at: str
    """When the scopes were read, as RFC 3339."""
    made_from: Literal["findings", "declared", "suggest"]
    """What the plan was made from: findings, the declared policy, or the authentication log."""
    unsafe: bool = False
    """Whether it may hold actions that are not safe."""
    irreversible: bool = False
    """Whether it may hold actions that no undo takes back."""
    projects: tuple[ProjectPlan, ...] = ()
    """The projects to change."""
    skipped: tuple[SkippedProject, ...] = ()
    """The projects that are not changed, each once for each reason."""
    findings: FindingChangesOfPlan | None = None
    """What it brings and fixes in findings; null where it was not judged."""
    left: tuple[LeftAction, ...] = ()
    """What is left out, since no undo would bring it back."""

    model_config = ConfigDict(populate_by_name=True)

    @property
    def removals(self) -> int:
        """How many entries the plan removes."""
        return sum(
            action.operation in {"remove-entry", "remove-outbound-entry"}
            for project in self.projects
            for action in project.actions
        )

    def text(self) -> str:
        """Return the text of the plan's file, the same for the same plan."""
        return (
            json.dumps(self.model_dump(by_alias=True, mode="json"), indent=2, ensure_ascii=False)
            + "\n"
        )


def load_plan(path: Path) -> Plan:
    """Read a plan; raise UsageError where the file is none, is too large or of another version."""
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
