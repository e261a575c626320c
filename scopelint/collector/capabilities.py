"""What this instance and token can show: its version, its fields, its limits. One query.

GitLab refuses a whole query for one unknown field, and the job token fields came release by
release; so the query is built from what `__type` says is there
(doc/api/graphql/reference/_index.md, "introduced in").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scopelint.model import parse_version

ADMINISTRATOR_LIMIT: Final = 300
"""The complexity limit GitLab grants an administrator; others get 250."""

_TYPES: Final = (
    "Group",
    "Project",
    "ProjectCiCdSetting",
    "CiJobTokenScopeType",
    "CiJobTokenScopeAllowlist",
    "CiJobTokenScopeAllowlistEntry",
    "CiJobTokenAuthLog",
)
_ENFORCEABLE: Final = (17, 6)
_PUSH: Final = (17, 2)


def preflight_selection() -> str:
    """Return the part of the first query that asks what there is."""
    types = "\n".join(
        f'  type_{name}: __type(name: "{name}") {{ fields(includeDeprecated: true) {{ name }} }}'
        for name in _TYPES
    )
    return f"""  queryComplexity {{ score limit }}
  metadata {{ version }}
  currentUser {{ username }}
{types}
  type_target: __type(name: "CiJobTokenScopeTarget") {{ possibleTypes {{ name }} }}
  type_inbound: __type(name: "CiJobTokenScopeType") {{
    fields(includeDeprecated: true) {{ name type {{ name ofType {{ name }} }} }}
  }}"""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The fields that this instance has by type, its version, and the token's complexity limit.

    `fields` maps a type's name to its field names; a type that does not exist is not in it.
    """

    version_text: str = ""
    limit: int = 250
    username: str | None = None
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    target_types: frozenset[str] = frozenset()
    inbound_type: str = ""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Capabilities":
        """Read the answer to a query that held `preflight_selection()`."""
        fields = {
            name: frozenset(found["name"] for found in data[f"type_{name}"]["fields"] or ())
            for name in _TYPES
            if data.get(f"type_{name}")
        }
        inbound = {
            found["name"]: (found["type"].get("ofType") or found["type"])["name"]
            for found in ((data.get("type_inbound") or {}).get("fields") or ())
        }
        target = data.get("type_target") or {}
        return cls(
            version_text=(data.get("metadata") or {}).get("version") or "",
            limit=(data.get("queryComplexity") or {}).get("limit") or 250,
            username=(data.get("currentUser") or {}).get("username"),
            fields=fields,
            target_types=frozenset(kind["name"] for kind in target.get("possibleTypes") or ()),
            inbound_type=inbound.get("inboundAllowlist") or "",
        )

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor; `(0, 0)` where GitLab did not say."""
        return parse_version(self.version_text)

    @property
    def administrator(self) -> bool:
        """Whether the token is an administrator's, told by its complexity limit."""
        return self.limit >= ADMINISTRATOR_LIMIT

    def has(self, type_name: str, field_name: str) -> bool:
        """Tell whether a type has a field on this instance."""
        return field_name in self.fields.get(type_name, frozenset())

    @property
    def entry_rows(self) -> bool:
        """Whether allowlist rows with permissions, age and author can be read (17.7)."""
        return self.has("Project", "ciJobTokenScopeAllowlist")

    @property
    def lists(self) -> bool:
        """Whether the plain allowlists can be read, without permissions (16.10)."""
        return self.has("CiJobTokenScopeType", "groupsAllowlist")

    @property
    def readable(self) -> bool:
        """Whether GraphQL shows the job token scope at all; else REST must."""
        settings = self.has("ProjectCiCdSetting", "inboundJobTokenScopeEnabled")
        return settings and (self.entry_rows or self.lists)

    @property
    def log(self) -> bool:
        """Whether the authentication log can be read.

        In 17.6 to 17.8 one origin that the token cannot see fails the whole field, so it is read
        only from 17.9 on.
        """
        return self.has("Project", "ciJobTokenAuthLogs") and self.version >= (17, 9)

    @property
    def enforceable(self) -> bool:
        """Whether the instance has the setting that makes every project restricted (17.6)."""
        return self.version == (0, 0) or self.version >= _ENFORCEABLE

    @property
    def push(self) -> bool:
        """Whether the version has the push setting (17.2)."""
        return self.version == (0, 0) or self.version >= _PUSH

    @property
    def targets_need_permission(self) -> bool:
        """Whether an entry's target is null when this token cannot read it (17.7 and 17.8)."""
        return self.entry_rows and "CiJobTokenAccessibleProject" not in self.target_types
