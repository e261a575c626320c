"""Random projects of a small tree, with any fact unread."""

from hypothesis import strategies as st

from scopelint.model import AllowlistEntry, Fact, Project, Scope
from tests.access.reference import FEATURES

GROUPS = ("a", "a/b", "a/b/c", "a-b", "d")
PLACES = ("a/p", "a/q", "a/b/p", "a/b/c/p", "a-b/p", "d/p", "mia/p")
IDS = {path: number for number, path in enumerate(PLACES, 1001)}
POLICIES = ("READ_PACKAGES", "ADMIN_PACKAGES", "READ_JOBS", "ADMIN_REPOSITORIES", "ADMIN_RELEASES")
VERSIONS = (
    (17, 6),
    (17, 8),
    (17, 10),
    (17, 11),
    (18, 0),
    (18, 1),
    (18, 2),
    (18, 3),
    (18, 9),
    (18, 11),
    (19, 0),
    (19, 1),
)

WANTED = (*POLICIES, "READ_RELEASES", "READ_REPOSITORIES", "READ_PIPELINES", "READ_WORK_ITEMS")
maybe = st.sampled_from([True, False, None])
mostly = st.sampled_from([True, False, True, False, True, False, None])
wanted = st.sets(st.sampled_from(WANTED), max_size=2)


@st.composite
def entries(draw: st.DrawFn, *, known: bool = False) -> tuple[AllowlistEntry, ...]:
    """An allowlist: each target once, GitLab's order; `known` leaves no fact out."""
    targets = draw(
        st.sets(
            st.sampled_from([*(("group", g) for g in GROUPS), *(("project", p) for p in PLACES)])
        )
    )
    made = []
    for kind, path in sorted(targets):
        default = draw(
            st.sampled_from([True, False] if known else [True, False, True, False, None])
        )
        policies = tuple(sorted(draw(st.sets(st.sampled_from(POLICIES), max_size=2))))
        given = {True: (), False: policies, None: None}[default]
        number = IDS[path] if kind == "project" else GROUPS.index(path) + 1
        made.append(AllowlistEntry(kind, number, path, default, given))  # type: ignore[arg-type]
    if not known and draw(st.integers(0, 9)) == 0:
        made.append(AllowlistEntry("group", None, None))
    return tuple(made)


@st.composite
def scopes(draw: st.DrawFn, *, known: bool = False) -> Scope:
    """A scope; `known` leaves no fact out."""
    flag = st.booleans() if known else mostly
    outbound = draw(st.sets(st.sampled_from(PLACES), max_size=2))
    listed = tuple(AllowlistEntry("project", IDS[path], path) for path in sorted(outbound))
    limit = draw(flag)
    return Scope(
        inbound_own=limit,
        inbound_effective=limit,
        outbound=draw(flag),
        push=draw(flag),
        cross_project_push=draw(flag),
        entries=draw(entries(known=known)),
        outbound_entries=listed if known or draw(st.integers(0, 5)) else None,
        missing=frozenset() if known or draw(st.integers(0, 5)) else frozenset({Fact.ENTRIES}),
    )


@st.composite
def projects(draw: st.DrawFn, path: str, *, known: bool = False) -> Project:
    """The project at a path; `known` leaves no fact out but the levels."""
    seen = ["private", "private", "internal", "public"]
    level = st.sampled_from(["disabled", "private", "enabled", "public"])
    levels = st.fixed_dictionaries(dict.fromkeys(sorted(FEATURES), level))
    return Project(
        id=IDS[path],
        path=path,
        visibility=draw(st.sampled_from(seen if known else [*seen, None])),
        archived=draw(st.sampled_from([False, False, True] if known else [False, True, None])),
        deletion=draw(st.sampled_from(["none"] if known else ["none", "none", "scheduled", None])),
        personal=path.startswith("mia/"),
        access_levels=draw(st.none() | levels),
        scope=draw(scopes(known=known) if known else st.none() | scopes()),
    )


@st.composite
def inventories(draw: st.DrawFn, *, known: bool = False) -> list[Project]:
    """Some projects of the tree, by id."""
    paths = draw(st.sets(st.sampled_from(PLACES), min_size=1, max_size=6))
    return [draw(projects(path, known=known)) for path in sorted(paths, key=IDS.__getitem__)]
