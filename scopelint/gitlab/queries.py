"""The GraphQL queries, built from the fields that the instance has.

Their cost is counted in GitLab's complexity points (doc/api/graphql/_index.md, "Limits"): the
largest, 100 projects with both allowlists and the log, stays under 200 of 250.
"""

from collections.abc import Iterable, Sequence

from scopelint.gitlab.capabilities import Capabilities, preflight_selection
from scopelint.versions import ALL_AVAILABLE_ARGUMENT, ARCHIVED_ARGUMENT, since

PAGE = 100
"""Objects a page: GitLab cuts a larger `first` down to this."""
LIST_PAGE = 200
"""Entries a page asked for: newer versions give 200, older cut to 100 and are paged."""

_IDENTITY = ("name", "webUrl", "visibility", "archived", "jobsEnabled", "lastActivityAt")
_KIND = ("topics", "createdAt")
_DELETION = ("markedForDeletionOn", "isSelfDeletionScheduled", "isSelfDeletionInProgress")
_SETTINGS = (
    "inboundJobTokenScopeEnabled",
    "jobTokenScopeEnabled",
    "pushRepositoryForJobTokenAllowed",
    "crossProjectPushForJobTokenAllowed",
)
_ENTRY = ("direction", "createdAt", "autopopulated", "defaultPermissions", "jobTokenPolicies")
_PAGE_INFO = "pageInfo { hasNextPage endCursor }"
_IDS = f"$ids: [ID!]!, $n: Int = {PAGE}"
# GitLab counts a page's cost by `first`, not by the ids given: fewer ids alone cost no less.

TARGETS = 20
"""Targets that one query looks up: with what else the first query asks, under 200 points."""


def preflight(paths: Sequence[str], ids: Sequence[int]) -> tuple[str, dict[str, object]]:
    """Return the first query: what the instance has, and what the first targets are.

    `paths` are at most `TARGETS`. The answer holds, for the path number i, `group_i` and
    `project_i`, and for ids `groups` and `projects`; null or absent is "not found or not visible".
    """
    return _lookup("Preflight", paths, 0, ids[:PAGE], preflight_selection())


def feature_flags(names: Sequence[str]) -> tuple[str, dict[str, object]]:
    """Return the query for whether feature flags are on, at most 20 by name."""
    text = "query Flags($names: [String!]!) { metadata { featureFlags(names: $names) { name enabled } } }"
    return text, {"names": list(names)}


def more_targets(
    paths: Sequence[str], start: int, ids: Sequence[int]
) -> tuple[str, dict[str, object]]:
    """Return the query for at most `TARGETS` more paths, numbered from `start`, or more ids."""
    return _lookup("Targets", paths, start, ids[:PAGE], "")


def _lookup(
    name: str, paths: Sequence[str], start: int, ids: Sequence[int], selection: str
) -> tuple[str, dict[str, object]]:
    numbered = list(enumerate(paths, start))
    names = [f"$p{i}: ID!" for i, _ in numbered]
    lines = [
        f"  group_{i}: group(fullPath: $p{i}) {{ id fullPath }}\n"
        f"  project_{i}: project(fullPath: $p{i}) {{ id fullPath }}"
        for i, _ in numbered
    ]
    variables: dict[str, object] = {f"p{i}": path for i, path in numbered}
    if ids:
        names += ["$g: [ID!]", "$j: [ID!]"]
        lines.append("  groups(ids: $g, first: 100) { nodes { id fullPath } }")
        lines.append("  projects(ids: $j, first: 100) { nodes { id fullPath } }")
        variables |= {"g": [gid("Group", i) for i in ids], "j": [gid("Project", i) for i in ids]}
    head = f"({', '.join(names)})" if names else ""
    body = "\n".join((selection, *lines))
    return f"query {name}{head} {{\n{body}\n}}", variables


def group_projects(caps: Capabilities, *, first_page: bool) -> str:
    """Return the enumeration of a group tree's projects: ids and paths, the count once."""
    archived = "includeArchived: true, " if caps.takes("includeArchived") else ""
    return f"""query Projects($path: ID!, $after: String) {{
  group(fullPath: $path) {{
    projects(includeSubgroups: true, {archived}first: {PAGE}, after: $after) {{
      {"count" if first_page else ""} {_PAGE_INFO} nodes {{ id fullPath archived }}
    }}
  }}
}}"""


def instance_projects(caps: Capabilities, *, first_page: bool, membership: bool) -> str:
    """Return the enumeration of the instance's projects, or of the token's memberships."""
    archived = _archived(caps)
    mine = "membership: true, " if membership else ""
    return f"""query Projects($after: String) {{
  projects({archived}{mine}first: {PAGE}, after: $after) {{
    {"count" if first_page else ""} {_PAGE_INFO} nodes {{ id fullPath archived }}
  }}
}}"""


def user_projects(caps: Capabilities, *, first_page: bool) -> str:
    """Return the enumeration of the projects in a user's namespace that the token sees."""
    return f"""query Projects($path: ID!, $after: String) {{
  projects(namespacePath: $path, {_archived(caps)}first: {PAGE}, after: $after) {{
    {"count" if first_page else ""} {_PAGE_INFO} nodes {{ id fullPath archived }}
  }}
}}"""


def _group_fields(caps: Capabilities) -> str:
    known = " ".join(
        _having(caps, "Group", ("name", "visibility", "webUrl", "markedForDeletionOn"))
    )
    return f"id fullPath {known} parent {{ id }}"


def descendant_groups(caps: Capabilities, *, first_page: bool) -> str:
    """Return the enumeration of the groups below a group, with the group itself once."""
    fields = _group_fields(caps)
    itself = fields if first_page else "id"
    return f"""query Groups($path: ID!, $after: String) {{
  group(fullPath: $path) {{
    {itself}
    descendantGroups(first: {PAGE}, after: $after) {{
      {"count" if first_page else ""} {_PAGE_INFO} nodes {{ {fields} }}
    }}
  }}
}}"""


def instance_groups(caps: Capabilities, *, first_page: bool, membership: bool) -> str:
    """Return the enumeration of the instance's groups, or of the token's memberships.

    Before 17.11, the first release sure to know the argument, the latter gives all visible groups.
    """
    mine = (
        "allAvailable: false, "
        if membership and since(caps.version, ALL_AVAILABLE_ARGUMENT)
        else ""
    )
    return f"""query Groups($after: String) {{
  groups({mine}first: {PAGE}, after: $after) {{
    {"count" if first_page else ""} {_PAGE_INFO} nodes {{ {_group_fields(caps)} }}
  }}
}}"""


def _asked(caps: Capabilities, *, in_group: bool) -> tuple[str, str, str, str]:
    """Return the variable, the beginning and the end of a query for projects, and their field."""
    if not in_group:
        return "", "", "", _projects_by_ids(caps)
    return (
        "$path: ID!, ",
        "group(fullPath: $path) {",
        "}",
        "projects(ids: $ids, first: $n)",
    )


def details(caps: Capabilities, *, usage: bool, in_group: bool = False) -> str:
    """Return the query for the scopes of up to 100 projects by id.

    `in_group` asks the group of the variable `path` for those of its own projects: from 18.9 on
    `Query.projects` leaves out those of another organization than the token's.
    """
    log = f" {_log(first_page=True)}" if usage and caps.log else ""
    identity = " ".join(_having(caps, "Project", (*_IDENTITY, *_DELETION, *_KIND)))
    if caps.has("Project", "complianceFrameworks"):
        identity += " complianceFrameworks { nodes { name } }"
    if caps.has("Project", "maxAccessLevel"):
        identity += " maxAccessLevel { integerValue }"
    if caps.has("Project", "group"):
        identity += " group { id }"
    path, start, end, asked = _asked(caps, in_group=in_group)
    return f"""query Scopes({path}{_IDS}) {{
  queryComplexity {{ score limit }}
  {start} {asked} {{
    nodes {{
      id fullPath {identity}
      ciCdSettings {{ {" ".join(_having(caps, "ProjectCiCdSetting", _SETTINGS))} }}
      {_allowlists(caps)}{log}
    }}
  }} {end}
}}"""


def rest_of_lists(caps: Capabilities, names: Iterable[str], *, in_group: bool = False) -> str:
    """Return the query for the next page of some of one project's connections.

    `in_group` as in `details`.

    `names` are among `groupsAllowlist`, `projectsAllowlist`, `inboundAllowlist`,
    `outboundAllowlist` and `ciJobTokenAuthLogs`; each takes its cursor from a variable of its name.
    """
    ordered = sorted(names)
    heads = "".join(f", ${name}: String" for name in ordered)
    log = _log(first_page=False) if "ciJobTokenAuthLogs" in ordered else ""
    lists = [name for name in ordered if name != "ciJobTokenAuthLogs"]
    scope = (
        f"{_allowlist_field(caps)} {{ {_connections(caps, lists, first_page=False)} }}"
        if lists
        else ""
    )
    path, start, end, asked = _asked(caps, in_group=in_group)
    return f"""query Rest({path}{_IDS}{heads}) {{
  {start} {asked} {{ nodes {{ id {scope} {log} }} }} {end}
}}"""


def group_targets(caps: Capabilities) -> str:
    """Return the query for groups that entries point to, with a count of all their projects."""
    deletion = " ".join(_having(caps, "Group", ("markedForDeletionOn",)))
    return f"""query GroupTargets({_IDS}) {{
  groups(ids: $ids, first: $n) {{
    nodes {{
      id fullPath visibility {deletion} projects(includeSubgroups: true, first: 1) {{ count }}
    }}
  }}
}}"""


def project_targets(caps: Capabilities) -> str:
    """Return the query for projects that entries point to."""
    deletion = " ".join(_having(caps, "Project", _DELETION))
    return f"""query ProjectTargets({_IDS}) {{
  {_projects_by_ids(caps)} {{
    nodes {{ id fullPath visibility archived {deletion} group {{ id }} }}
  }}
}}"""


def connections(caps: Capabilities) -> tuple[str, ...]:
    """Return the names of the allowlist connections that this instance is read by."""
    if caps.entry_rows:
        return ("groupsAllowlist", "projectsAllowlist")
    names = ("groupsAllowlist", "inboundAllowlist", "outboundAllowlist")
    return tuple(_having(caps, "CiJobTokenScopeType", names))


def gid(kind: str, number: int) -> str:
    """Return GitLab's global id, such as `gid://gitlab/Project/42`."""
    return f"gid://gitlab/{kind}/{number}"


def by_ids(kind: str, ids: Sequence[int]) -> dict[str, object]:
    """Return the variables of a query for objects of a kind (`Project`, `Group`) by id."""
    return {"ids": [gid(kind, number) for number in ids], "n": len(ids)}


def _projects_by_ids(caps: Capabilities) -> str:
    return f"projects(ids: $ids, {_archived(caps)}first: $n)"


def _archived(caps: Capabilities) -> str:
    """Ask for archived projects too; where the argument is not known, they are in by default."""
    known = since(caps.version, ARCHIVED_ARGUMENT) and caps.takes("archived")
    return "archived: INCLUDE, " if known else ""


def _having(caps: Capabilities, type_name: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if caps.has(type_name, name)]


def _allowlist_field(caps: Capabilities) -> str:
    return "ciJobTokenScopeAllowlist" if caps.entry_rows else "ciJobTokenScope"


def _allowlists(caps: Capabilities) -> str:
    return (
        f"{_allowlist_field(caps)} {{ {_connections(caps, connections(caps), first_page=True)} }}"
    )


def _connections(caps: Capabilities, names: Iterable[str], *, first_page: bool) -> str:
    return " ".join(_connection(caps, name, first_page=first_page) for name in names)


def _connection(caps: Capabilities, name: str, *, first_page: bool) -> str:
    after = "" if first_page else f", after: ${name}"
    if caps.entry_rows:
        fields = " ".join(_having(caps, "CiJobTokenScopeAllowlistEntry", _ENTRY))
        if caps.has("CiJobTokenScopeAllowlistEntry", "addedBy"):
            fields += " addedBy { username }"
        nodes = f"count nodes {{ {fields} {_target(caps)} }}"
    else:
        # The plain lists hide what the token cannot see; where there is a count, it tells.
        counted = "count " if "Accessible" not in caps.inbound_type else ""
        nodes = f"{counted}nodes {{ id fullPath }}"
    return f"{name}(first: {LIST_PAGE}{after}) {{ {_PAGE_INFO} {nodes} }}"


def _target(caps: Capabilities) -> str:
    # Aliases, because the ids' types differ (`Group.id` may be null, `Project.id` not), and fields
    # of one name must have one type.
    fragments = " ".join(
        f"... on {kind} {{ {'groupId' if 'Group' in kind else 'projectId'}: id fullPath }}"
        for kind in sorted(caps.target_types)
    )
    return f"target {{ __typename {fragments} }}"


def _log(*, first_page: bool) -> str:
    after = "" if first_page else ", after: $ciJobTokenAuthLogs"
    return (
        f"ciJobTokenAuthLogs(first: {PAGE}{after}) {{ count {_PAGE_INFO}"
        " nodes { lastAuthorizedAt originProject { id fullPath } } }"
    )
