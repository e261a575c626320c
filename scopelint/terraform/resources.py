"""What Terraform's GitLab provider does with its two resources of the job token scope.

Every fact is the provider's. "Documentation" is docs/resources/project_job_token_scope(s).md of
release 19.1.0, "source" is internal/provider/resource_gitlab_project_job_token_scope(s).go of 18.x:

- `gitlab_project_job_token_scopes` is authoritative: what is in neither list is removed
  (documentation, first paragraph). The project's entry for itself is left alone (source,
  `getProjectCIJobScopes`).
- `project` is an id or a full path (documentation); `project_id` is the older name, deprecated in
  17.x and removed in 19.0 (CHANGELOG.md).
- `enabled` and both lists are optional and computed: what is not given is not known before the
  plan, and kept as the state has it after that (source, `UseStateForUnknown`). Creating the
  resource with a list that is not given empties it (documentation, example `explicit_deny`).
- Destroying it empties both lists and turns the limit on (documentation of `enabled`; source,
  `Delete`).
- `gitlab_project_job_token_scope` is one entry, for exactly one of `target_project_id` and
  `target_group_id`; other entries are left alone (documentation), and so is the limit (source,
  `Create`). Destroying it removes that entry alone (source, `Delete`). Every change of it is a
  destruction and a creation (source, `RequiresReplace`).
- Both on one project conflict (documentation).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from scopelint.declared import DeclaredAt, DeclaredFault, DeclaredName, DeclaredUnknown
from scopelint.model import EntryKind
from scopelint.terraform.typed_values import Named, Unknown, Value
from scopelint.text import shown, suggestion

SCOPES: Final = "gitlab_project_job_token_scopes"
"""The whole allowlist of a project, and whether it counts."""
SCOPE: Final = "gitlab_project_job_token_scope"
"""One entry."""
TYPES: Final = frozenset({SCOPES, SCOPE})
ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    SCOPES: ("project", "enabled", "target_project_ids", "target_group_ids", "project_id", "id"),
    SCOPE: ("project", "target_project_id", "target_group_id", "id"),
}
META_ARGUMENTS: Final = frozenset({"for_each", "count", "depends_on", "provider"})
_LISTS: Final[tuple[tuple[str, EntryKind], ...]] = (
    ("target_group_ids", "group"),
    ("target_project_ids", "project"),
)
_ONE: Final[tuple[tuple[str, EntryKind], ...]] = (
    ("target_group_id", "group"),
    ("target_project_id", "project"),
)
NOT_GIVEN: Final = "it is not given, so the provider keeps what its state has"

Subject = int | str
"""A project by its number or by its full path in lower case."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What one resource declares for one project."""

    type: str
    address: str
    at: DeclaredAt
    project: Subject
    enabled: bool | None = None
    enabled_at: DeclaredAt | None = None
    names: tuple[DeclaredName, ...] = ()
    removed: tuple[DeclaredName, ...] = ()
    """Entries that the resource's destruction removes; never those of the whole allowlist."""
    unknown: tuple[DeclaredUnknown, ...] = ()

    def of(self, kind: EntryKind) -> tuple[DeclaredName, ...]:
        """Return the declared entries of a kind."""
        return tuple(name for name in self.names if name.kind == kind)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one resource: what it declares, what is not known, what is wrong with it."""

    resources: tuple[Resource, ...] = ()
    unknown: tuple[DeclaredUnknown, ...] = ()
    """Of what no project is known."""
    faults: tuple[DeclaredFault, ...] = ()


def read_resource(
    type_: str,
    address: str,
    at: DeclaredAt,
    attributes: Mapping[str, Value],
    *,
    destroyed: bool = False,
) -> Read:
    """Return what a resource declares by its attributes, or by its destruction.

    `attributes` holds no attribute that is not given; null is the same as not given.
    """
    given = {key: value for key, value in attributes.items() if value.data is not None}
    return _Attributes(type_, address, at, given).read(destroyed=destroyed)


class _Attributes:
    def __init__(
        self, type_: str, address: str, at: DeclaredAt, given: Mapping[str, Value]
    ) -> None:
        self._type, self._address, self._at, self._given = type_, address, at, given
        self._faults: list[DeclaredFault] = []
        self._unknown: list[DeclaredUnknown] = []

    def read(self, *, destroyed: bool) -> Read:
        self._unsupported()
        project = self._project()
        if project is None:
            return Read((), tuple(self._unknown), tuple(self._faults))
        if self._type == SCOPE:
            made = self._one(project, destroyed=destroyed)
        else:
            made = self._all(project, destroyed=destroyed)
        return Read((made,), (), tuple(self._faults))

    def _one(self, project: Subject, *, destroyed: bool) -> Resource:
        names = [
            name
            for key, kind in _ONE
            if (value := self._given.get(key)) is not None
            for name in self._name(value, kind, key)
        ]
        given = [key for key, _ in _ONE if key in self._given]
        if len(given) != 1:
            text = "both targets" if given else "no target"
            self._fault("bad-target", f"has {text}, where it needs exactly one", "Give one target.")
            for key, kind in _ONE:
                self._not_known(kind, key, "exactly one target is needed", self._at)
            names = []
        return Resource(
            self._type,
            self._address,
            self._at,
            project,
            names=() if destroyed else tuple(names),
            removed=tuple(names) if destroyed else (),
            unknown=tuple(self._unknown),
        )

    def _all(self, project: Subject, *, destroyed: bool) -> Resource:
        if destroyed:
            return Resource(self._type, self._address, self._at, project, True, self._at)
        enabled = self._given.get("enabled")
        names = [name for key, kind in _LISTS for name in self._list(key, kind)]
        return Resource(
            self._type,
            self._address,
            self._at,
            project,
            self._enabled(enabled),
            self._at if enabled is None else enabled.at,
            tuple(names),
            (),
            tuple(self._unknown),
        )

    def _enabled(self, value: Value | None) -> bool | None:
        if value is None:
            self._not_known("limit", "enabled", NOT_GIVEN, self._at)
            return None
        # Terraform converts the texts (developer.hashicorp.com/terraform/language/expressions/types).
        found = (
            {"true": True, "false": False}.get(value.data, value.data)
            if isinstance(value.data, str)
            else value.data
        )
        if isinstance(found, bool):
            return found
        why = self._why(value, "enabled", "true or false")
        self._not_known("limit", "enabled", why, value.at)
        return None

    def _list(self, key: str, kind: EntryKind) -> list[DeclaredName]:
        value = self._given.get(key)
        if value is None:
            self._not_known(kind, key, NOT_GIVEN, self._at)
            return []
        if not isinstance(value.data, list):
            self._not_known(kind, key, self._why(value, key, "a list of ids"), value.at)
            return []
        return [name for item in value.data for name in self._name(item, kind, key)]

    def _name(self, value: Value, kind: EntryKind, key: str) -> list[DeclaredName]:
        data = value.data
        if isinstance(data, Named) and data.kind == kind:
            return [DeclaredName(kind, data.name, value.at)]
        number = as_id(data)
        if number is None:
            self._not_known(kind, key, self._why(value, key, f"the id of a {kind}"), value.at)
            return []
        return [DeclaredName(kind, number, value.at)]

    def _project(self) -> Subject | None:
        for key in ("project", "project_id"):
            value = self._given.get(key)
            if value is None:
                continue
            data = value.data
            if isinstance(data, Named) and data.kind == "project":
                return data.name if isinstance(data.name, int) else data.name.lower()
            number = as_id(data)
            if number is not None:
                return number
            if key == "project" and isinstance(data, str) and "/" in (path := unquote(data)):
                return path.strip("/").lower()
            why = self._why(value, key, "the id or full path of a project")
            self._not_known("resource", key, why, value.at)
            return None
        self._fault("bad-target", "names no project", "Give it a project.")
        self._not_known("resource", "project", "it is not given", self._at)
        return None

    def _why(self, value: Value, key: str, wanted: str) -> str:
        if isinstance(value.data, Unknown):
            return value.data.why
        self._fault(
            "bad-value",
            f"has no {wanted} as {key}: Terraform or GitLab refuses it",
            f"Give {key} {wanted}.",
            key,
            value.at,
        )
        return f"{key} is not {wanted}"

    def _not_known(
        self,
        about: Literal["limit", "group", "project", "resource"],
        key: str,
        why: str,
        at: DeclaredAt,
    ) -> None:
        address = self._address if about == "resource" else f"{self._address}.{key}"
        if all(each.address != address for each in self._unknown):
            place = DeclaredAt(at.file, at.line, address)
            self._unknown.append(DeclaredUnknown(about, address, why, place))

    def _fault(
        self, kind: str, what: str, remediation: str, key: str = "", at: DeclaredAt | None = None
    ) -> None:
        name = f"{kind}:{self._address}:{key}"
        if all(each.key != name for each in self._faults):
            message = f"{self._address} {what}."
            self._faults.append(DeclaredFault(kind, message, remediation, name, at or self._at))

    def _unsupported(self) -> None:
        if self._type == SCOPES and "project_id" in self._given:
            self._fault(
                "removed-argument",
                "has project_id, which later releases of the provider do not know",
                "Write project instead.",
                "project_id",
                self._given["project_id"].at,
            )
        known = ATTRIBUTES[self._type]
        for key, value in self._given.items():
            if key not in known and key not in META_ARGUMENTS:
                near = suggestion(key, known)
                self._fault(
                    "unknown-key",
                    f"has the argument {shown(key)}, which the provider does not know: Terraform"
                    " refuses it",
                    f"{near[0].upper()}{near[1:]}" if near else "Remove it.",
                    key,
                    value.at,
                )


def as_id(data: object) -> int | None:
    """Return a whole number above 0, written as a number or a text of digits; None for others."""
    if isinstance(data, bool):
        return None
    if isinstance(data, str) and data.isascii() and data.isdigit() and len(data) < 20:
        data = int(data)
    if isinstance(data, float) and data.is_integer():
        data = int(data)
    return data if isinstance(data, int) and 0 < data < 2**63 else None
