"""A slow second opinion on GitLab's decision: fills in every unread fact, then asks GitLab's rules.

Written from GitLab's documentation alone, with sets and loops, sharing no code with what it checks
but the model.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scopelint.model import AllowlistEntry, Fact, Project, Scope

ROUTES = {
    # Permission: the features that each of its routes names, and whether a token that is not on
    # the list is let in before 19.1 too.
    "READ_JOBS": [({"builds", "repository"}, True)],
    "READ_PIPELINES": [({"builds", "repository"}, False), ({"package_registry"}, True)],
    "READ_REPOSITORIES": [({"repository"}, False)],
    "READ_PACKAGES": [({"package_registry"}, True)],
    "READ_RELEASES": [
        ({"releases", "repository"}, True),
        ({"releases"}, True),
        ({"repository"}, False),
    ],
    "READ_ENVIRONMENTS": [({"environments", "repository", "builds"}, True)],
    "READ_DEPLOYMENTS": [({"environments", "repository", "builds"}, False)],
    "READ_MERGE_REQUESTS": [({"merge_requests", "repository"}, False)],
    "READ_WORK_ITEMS": [({"issues"}, False)],
}
FEATURES = {
    "builds", "repository", "package_registry", "releases", "environments", "merge_requests",
    "issues", "container_registry",
}  # fmt: skip


ALL = {*ROUTES, "ADMIN_PACKAGES", "ADMIN_REPOSITORIES", "ADMIN_RELEASES"}


def answer(
    origin: Project,
    target: Project,
    wanted: set[str],
    version: tuple[int, int],
    assume: bool | None = None,
) -> str:
    """Return granted, denied, partial or unknown."""
    eras = [(17, 0), (17, 8), (17, 10), (18, 0), (18, 1), (18, 5), (19, 1)]
    if (18, 10) <= version <= (19, 0):
        # Somewhere between these releases visibility came to leave more open.
        eras = [(18, 9), (19, 1)]
    elif version != (0, 0):
        eras = [version]
    answers = {
        _one_world(o, t, wanted, v, switch)
        for v in eras
        for switch in ([True, False] if assume is None else [assume])
        for o in _origins(origin)
        for t in _filled(target, version)
    }
    shown = target.visibility in {"public", "internal"} and target.access_levels is None
    if answers == {"partial", "denied"} and shown and not wanted:
        # Without levels some part of a public project counts as open: that is its default.
        return "partial"
    return answers.pop() if len(answers) == 1 else "unknown"


def may_push(origin: Project, target: Project, version: tuple[int, int]) -> bool | None:
    """Tell whether origin, another project, may push to target; None is unknown."""
    if (0, 0) != version < (19, 0):
        return False
    # Before 19.0 there are no such pushes. So where the version is not known, what matters is what
    # a release from 19.0 on would do: there a row without a target is a deleted one.
    verdicts = {
        _push_in_one_world(o, t, bool(push), bool(cross), bool(archived))
        for o in _origins(origin)
        for t in _filled(target, max(version, (19, 0)))
        for archived in _either(_leaving(target))
        for push in _either(_scope(target).push)
        for cross in _either(_scope(target).cross_project_push)
    }
    if verdicts == {False}:
        return False
    return True if verdicts == {True} and version >= (19, 1) else None


def _leaving(project: Project) -> bool | None:
    """Tell whether a project is archived or to be deleted, so that it takes no push."""
    going = None if project.deletion is None else project.deletion != "none"
    facts = {project.archived, going}
    return True if True in facts else None if None in facts else False


def _push_in_one_world(
    origin: Project, target: Project, push: bool, cross: bool, archived: bool
) -> bool:
    assert target.scope is not None
    entry = _deciding(origin, target)
    if entry is None or archived or not target.scope.inbound_effective:
        return False
    policies = entry.policies or ()
    return push and cross and (bool(entry.default_permissions) or "ADMIN_REPOSITORIES" in policies)


def _scope(project: Project) -> Scope:
    """Return what was read of the scope; of one that was not read, nothing is known."""
    return project.scope or Scope(
        None, None, None, None, None, outbound_entries=None, missing=frozenset({Fact.ENTRIES})
    )


def _origins(project: Project) -> Iterator[Project]:
    """Yield the origin with its outbound facts set, in each way they may be."""
    scope = _scope(project)
    for outbound in _either(scope.outbound):
        for listed in _outbound_lists(scope):
            filled = replace(scope, outbound=outbound, outbound_entries=listed)
            yield replace(project, scope=filled)


def _filled(project: Project, version: tuple[int, int]) -> Iterator[Project]:
    """Yield the target with every unread fact set, in each way it may be."""
    scope = _scope(project)
    for visibility in [project.visibility] if project.visibility else ["private", "public"]:
        for levels in _levels(project, visibility):
            for effective in _either(scope.inbound_effective):
                for entries in _entry_lists(scope, version):
                    filled = replace(scope, inbound_effective=effective, entries=entries)
                    yield replace(
                        project, visibility=visibility, access_levels=levels, scope=filled
                    )


def _either(value: bool | None) -> list[bool]:
    return [True, False] if value is None else [value]


def _levels(project: Project, visibility: str) -> list[dict[str, str]]:
    if project.access_levels is not None:
        return [dict(project.access_levels)]
    if visibility == "private":
        return [{}]
    return [dict.fromkeys(FEATURES, "enabled"), dict.fromkeys(FEATURES, "private")]


EVERYONE = -1
"""As an entry's target: an unread project entry, for whichever origin is asked about."""


def _entry_lists(scope: Scope, version: tuple[int, int]) -> list[tuple[AllowlistEntry, ...]]:
    lists: list[list[AllowlistEntry]] = [[]]
    hidden = Fact.ENTRIES in scope.missing
    for entry in scope.entries:
        if entry.target_id is None:
            hidden = hidden or version < (17, 9)
            continue
        ways = [entry]
        if entry.default_permissions is None:
            ways = [
                replace(entry, default_permissions=True, policies=()),
                replace(entry, default_permissions=False, policies=()),
            ]
        lists = [[*done, way] for done in lists for way in ways]
    if hidden:
        extra = [
            AllowlistEntry("project", EVERYONE, "unread", default_permissions=default)
            for default in (True, False)
        ]
        lists += [[*done, one] for done in lists for one in extra]
    return [tuple(one) for one in lists]


def _outbound_lists(scope: Scope) -> list[tuple[AllowlistEntry, ...]]:
    if scope.outbound_entries is not None:
        return [scope.outbound_entries]
    return [(), (AllowlistEntry("project", EVERYONE, "unread"),)]


def _deciding(origin: Project, target: Project) -> AllowlistEntry | None:
    assert target.scope is not None
    by_project = {e.target_id: e for e in target.scope.entries if e.kind == "project"}
    for number in (origin.id, EVERYONE):
        if number in by_project:
            return by_project[number]
    by_group = {e.target_path: e for e in target.scope.entries if e.kind == "group"}
    above = origin.path.split("/")[:-1]
    while above:
        if "/".join(above) in by_group:
            return by_group["/".join(above)]
        above.pop()
    return None


def _one_world(
    origin: Project, target: Project, wanted: set[str], version: tuple[int, int], switch: bool
) -> str:
    assert origin.scope is not None
    assert target.scope is not None
    if origin.id != target.id:
        if version < (18, 0) and origin.scope.outbound and target.visibility == "private":
            listed = {e.target_id for e in origin.scope.outbound_entries or ()}
            if not {target.id, EVERYONE} & listed:
                return _left_open(target, wanted, version, listed=False)
        if target.scope.inbound_effective and _deciding(origin, target) is None:
            return _left_open(target, wanted, version, listed=False)
    elif version < (18, 1):
        return "granted"
    lacking = wanted - _allowed(_deciding(origin, target), version)
    in_force = version >= (18, 3) or (version >= (17, 7) and switch)
    if not target.scope.inbound_effective or not in_force or not lacking:
        return "granted"
    return _left_open(target, lacking, version, listed=True)


def _allowed(entry: AllowlistEntry | None, version: tuple[int, int]) -> set[str]:
    if entry is None or entry.default_permissions:
        return ALL
    allowed = set(entry.policies or ())
    for policy in set(allowed):
        if policy.startswith("ADMIN_") and version >= (17, 10):
            allowed.add(policy.replace("ADMIN_", "READ_"))
    return allowed


def _left_open(
    target: Project, wanted: Iterable[str], version: tuple[int, int], *, listed: bool
) -> str:
    if target.visibility == "private":
        return "denied"
    levels = target.access_levels or {}
    everyone = {name for name, level in levels.items() if level in ("enabled", "public")}
    if not set(wanted):
        # Pulling images and cloning need no permission.
        cloned = target.visibility == "public" or version >= (18, 4)
        if "container_registry" in everyone or ("repository" in everyone and cloned):
            return "partial"
    asked = set(wanted) or set(ROUTES)
    open_to_all = [
        policy
        for policy in asked
        for needs, always in ROUTES.get(policy, ())
        if needs <= everyone and (always or listed or version >= (19, 1))
    ]
    return "partial" if open_to_all else "denied"
