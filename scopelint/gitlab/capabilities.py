"""What this instance and token can show: its version, its fields, its limits. One query.

GitLab refuses a whole query for one unknown field, and the job token fields came release by
release; so the query is built from what `__type` says is there
(doc/api/graphql/reference/_index.md, "introduced in").
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from scopelint import versions
from scopelint.gitlab.values import (
    Node,
    array,
    boolean,
    child,
    count,
    names,
    objects,
    text,
    version_text,
)
from scopelint.model import Fact
from scopelint.versions import FeatureFlags, Version, flags_of, parse_version, since

log = logging.getLogger(__name__)

ADMINISTRATOR_LIMIT: Final = 300
"""The complexity limit GitLab grants an administrator."""
ORDINARY_LIMIT: Final = 250
"""The complexity limit GitLab grants other users."""

_ENTRY: Final = "CiJobTokenScopeAllowlistEntry"
_TYPES: Final = (
    "Metadata",
    "Group",
    "Project",
    "ProjectCiCdSetting",
    "CiJobTokenScopeType",
    "CiJobTokenScopeAllowlist",
    _ENTRY,
    "CiJobTokenAuthLog",
)
_SURE: Final[Mapping[tuple[str, str], tuple[Version, Fact]]] = {
    ("ProjectCiCdSetting", "pushRepositoryForJobTokenAllowed"): (
        versions.PUSH_SETTING_FIELD,
        Fact.PUSH,
    ),
    ("ProjectCiCdSetting", "crossProjectPushForJobTokenAllowed"): (
        versions.CROSS_PROJECT_PUSH_GENERAL,
        Fact.CROSS_PUSH,
    ),
    (_ENTRY, "defaultPermissions"): (
        versions.PERMISSION_FIELDS,
        Fact.PERMISSIONS,
    ),
    (_ENTRY, "jobTokenPolicies"): (
        versions.PERMISSION_FIELDS,
        Fact.PERMISSIONS,
    ),
    ("Project", "visibility"): (versions.VISIBILITY_FIELD, Fact.VISIBILITY),
}
"""From which version on a field is surely there, and the fact that is not readable without it.

A field that is missing before is one that the version does not have yet, which is known; one that
is missing from then on was renamed or removed in a later version, which is a gap.
"""
_GONE_WITH_OUTBOUND: Final[Mapping[tuple[str, str], Fact]] = {
    ("ProjectCiCdSetting", "jobTokenScopeEnabled"): Fact.OUTBOUND,
    (_ENTRY, "direction"): Fact.OUTBOUND_ENTRIES,
}
"""Fields of the outbound setting: from 18.0 on it has no effect, so their absence loses nothing."""


_OWN_FIELDS: Final = frozenset({"queryComplexity", "metadata", "currentUser"})


def preflight_selection() -> str:
    """Return the part of the first query that asks what there is."""
    types = "\n".join(
        f'  type_{name}: __type(name: "{name}") {{ fields(includeDeprecated: true) {{ name }} }}'
        for name in _TYPES
    )
    return f"""  queryComplexity {{ score limit }}
  metadata {{ version enterprise }}
  currentUser {{ username }}
{types}
  type_target: __type(name: "CiJobTokenScopeTarget") {{ possibleTypes {{ name }} }}
  type_inbound: __type(name: "CiJobTokenScopeType") {{
    fields(includeDeprecated: true) {{ name type {{ name ofType {{ name }} }} }}
  }}"""


def is_own_field(name: str) -> bool:
    """Tell whether a field of the first answer is one of `preflight_selection()`, no target."""
    return name in _OWN_FIELDS or name.startswith("type_")


@dataclass(frozen=True)
class Capabilities:
    """The fields that this instance has by type, its version, and the token's complexity limit.

    `fields` maps a type's name to its field names; a type that does not exist is not in it.
    """

    version_text: str = ""
    limit: int = ORDINARY_LIMIT
    username: str | None = None
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    target_types: frozenset[str] = frozenset()
    inbound_type: str = ""
    dropped_arguments: frozenset[str] = frozenset()
    feature_flags: FeatureFlags = field(default_factory=dict)
    enterprise: bool | None = None
    """Whether this is the Enterprise Edition; None where GitLab did not say."""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Capabilities":
        """Read the answer to a query that held `preflight_selection()`; raise FormError."""
        fields = {
            name: frozenset(names(found, "fields"))
            for name in _TYPES
            if (found := child(data, f"type_{name}")) is not None
        }
        target = child(data, "type_target") or {}
        return cls(
            version_text=version_text(child(data, "metadata") or {}, "version") or "",
            limit=count(child(data, "queryComplexity") or {}, "limit") or ORDINARY_LIMIT,
            username=text(child(data, "currentUser") or {}, "username"),
            fields=fields,
            target_types=frozenset(names(target, "possibleTypes")),
            enterprise=boolean(child(data, "metadata") or {}, "enterprise"),
            inbound_type=_type_of(child(data, "type_inbound") or {}, "inboundAllowlist"),
        )

    @cached_property
    def version(self) -> Version:
        """The version as numbers, `versions.UNKNOWN` where GitLab did not say."""
        return parse_version(self.version_text)

    @property
    def administrator(self) -> bool:
        """Whether the token is an administrator's, told by its complexity limit."""
        return self.limit >= ADMINISTRATOR_LIMIT

    @property
    def flags_to_ask(self) -> tuple[str, ...]:
        """The names of the feature flags that decide in this release and that GitLab names."""
        return flags_of(self.version) if self.has("Metadata", "featureFlags") else ()

    def with_flags(self, data: Mapping[str, Any]) -> "Capabilities":
        """Return these capabilities with the answer to `queries.feature_flags()`.

        What is no flag of a name and a boolean is left out: not known.
        """
        metadata = data.get("metadata")
        rows = metadata.get("featureFlags") if isinstance(metadata, Mapping) else None
        flags = {
            row["name"]: row["enabled"]
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, Mapping) and isinstance(row.get("enabled"), bool)
            if row.get("name") in self.flags_to_ask
        }
        return replace(self, feature_flags=flags)

    def has(self, type_name: str, field_name: str) -> bool:
        """Tell whether a type has a field on this instance."""
        return field_name in self.fields.get(type_name, frozenset())

    def takes(self, argument: str) -> bool:
        """Tell whether an argument that changes nothing but a default may be sent."""
        return argument not in self.dropped_arguments

    def without_field(self, type_name: str, field_name: str) -> "Capabilities":
        """Return these capabilities without a field that GitLab turned out not to know."""
        left = self.fields.get(type_name, frozenset()) - {field_name}
        return replace(self, fields={**self.fields, type_name: left})

    def without_argument(self, name: str) -> "Capabilities":
        """Return these capabilities without an argument that GitLab turned out not to know."""
        return replace(self, dropped_arguments=self.dropped_arguments | {name})

    def without_unknown(
        self, fields: Iterable[tuple[str, str]], arguments: Iterable[str]
    ) -> "Capabilities":
        """Return these capabilities without what GitLab named as unknown; say it in the log.

        `fields` are (type, field).
        """
        caps = self
        for kind, name in fields:
            if caps.has(kind, name):
                log.warning("this GitLab does not know %s.%s; reading without it", kind, name)
                caps = caps.without_field(kind, name)
        for name in arguments:
            if caps.takes(name):
                log.warning("this GitLab does not know the argument %s; reading without it", name)
                caps = caps.without_argument(name)
        return caps

    def lost(self, type_name: str, field_name: str) -> bool:
        """Tell whether a field is missing that this version should have."""
        if self._shows(type_name, field_name) or not self.fields:
            return False
        sure = _SURE.get((type_name, field_name))
        if sure is not None:
            return since(self.version, sure[0]) is not False
        # Without rows there are two lists, one a direction.
        possible = self.entry_rows if type_name == _ENTRY else type_name in self.fields
        effective = versions.outbound_counts(self.version) is not False
        return (type_name, field_name) in _GONE_WITH_OUTBOUND and possible and effective

    def _shows(self, type_name: str, field_name: str) -> bool:
        """Tell whether a field is there, and what holds it."""
        return self.has(type_name, field_name) and (type_name != _ENTRY or self.entry_rows)

    @cached_property
    def autopopulated_lost(self) -> bool:
        """Whether rows of the allowlist no longer tell who made them; one rule alone asks."""
        shown = self._shows(_ENTRY, "autopopulated")
        return not shown and since(self.version, versions.AUTOPOPULATED_FIELD) is not False

    def lost_facts(self) -> dict[Fact, str]:
        """Return the facts that cannot be read because a field is gone, with the reason."""
        named = {key: fact for key, (_, fact) in _SURE.items()} | dict(_GONE_WITH_OUTBOUND)
        return {
            fact: f"this GitLab does not show {field_name} any more"
            for (type_name, field_name), fact in named.items()
            if self.lost(type_name, field_name)
        }

    @cached_property
    def without_frameworks(self) -> bool:
        """Whether no project can have a compliance framework: the Community Edition has none."""
        return self.enterprise is False and not self.has("Project", "complianceFrameworks")

    @cached_property
    def entry_rows(self) -> bool:
        """Whether allowlist rows with permissions, age and author can be read (17.7)."""
        return self.has("Project", "ciJobTokenScopeAllowlist")

    @property
    def lists(self) -> bool:
        """Whether the plain allowlists can be read, without permissions (16.10)."""
        names = ("groupsAllowlist", "inboundAllowlist")
        return all(self.has("CiJobTokenScopeType", name) for name in names)

    @property
    def readable(self) -> bool:
        """Whether GraphQL shows the job token scope at all; else REST must."""
        settings = self.has("ProjectCiCdSetting", "inboundJobTokenScopeEnabled")
        return settings and (self.entry_rows or self.lists)

    @cached_property
    def log(self) -> bool:
        """Whether the authentication log can be read.

        In 17.6 to 17.8 one origin that the token cannot see fails the whole field, so it is read
        only from 17.9 on.
        """
        return self.has("Project", "ciJobTokenAuthLogs") and bool(
            since(self.version, versions.LOG_READABLE)
        )

    @property
    def enforceable(self) -> bool:
        """Whether the instance has the setting that makes every project restricted (17.6)."""
        return since(self.version, versions.ENFORCEMENT_SETTING) is not False

    @property
    def push(self) -> bool:
        """Whether the version has the push setting (17.2)."""
        return since(self.version, versions.PUSH_SETTING) is not False

    @cached_property
    def targets_need_permission(self) -> bool:
        """Whether an entry's target is null when this token cannot read it (17.7 and 17.8)."""
        return self.entry_rows and "CiJobTokenAccessibleProject" not in self.target_types


def _type_of(node: Node, field_name: str) -> str:
    """Return the name of a field's type, without "not null"; empty where it has none."""
    for found in objects(array(node, "fields") or [], "fields"):
        if text(found, "name") == field_name:
            kind = child(found, "type") or {}
            return text(child(kind, "ofType") or kind, "name") or ""
    return ""
