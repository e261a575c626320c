"""What the collection asks of a way of reading GitLab; GraphQL and REST both answer it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from scopelint.errors import NotVisibleError, TargetNotFoundError
from scopelint.gitlab.capabilities import Capabilities
from scopelint.model import AllowlistEntry, Fact, Gap, Group, Project, Target
from scopelint.snapshot import Listed

_T = TypeVar("_T")

NOT_VISIBLE = "not found or not visible to this token"
NOT_VISIBLE_HINT = (
    "Check the spelling and --url, and that the token's user is a member; GitLab does not tell"
    " 'not there' from 'not yours to see'."
)


@dataclass(frozen=True, slots=True)
class TargetRef:
    """A target as the user names it: a full path or a number, of a kind or of either kind."""

    kind: Literal["any", "group", "project", "instance"]
    path: str | None = None
    id: int | None = None

    def __str__(self) -> str:
        return self.path or (str(self.id) if self.id is not None else "the instance")


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """A target that GitLab knows: where an enumeration starts."""

    kind: Literal["group", "project", "user", "instance"]
    """`user` is the namespace of a user, which holds projects and no groups."""
    id: int
    path: str


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """One page of an enumeration."""

    items: tuple[_T, ...]
    cursor: str | None = None
    """Where the next page begins; None after the last."""
    expected: int | None = None
    """GitLab's own count of the whole list, hidden objects included; None if not asked."""
    faults: tuple[str, ...] = ()
    """What of the page could not be read, in words: the list is not whole."""
    begins_again: bool = False
    """Whether the list changed while it was read, so that the next page is its first again."""


def without_duplicates(entries: Iterable[AllowlistEntry]) -> tuple[list[AllowlistEntry], bool]:
    """Keep one entry a key; tell whether some that have one key differ.

    Rows that nothing tells apart are two targets just deleted that were allowed at one time. Rows
    of one target that differ are none that GitLab has: what they permit is not known.
    """
    found = list(entries)
    unique = {entry.key: entry for entry in found}
    differ = len(unique) < len(found) and any(unique[entry.key] != entry for entry in found)
    return list(unique.values()), differ


TWO_FOR_ONE: Final = "GitLab gave two entries for one target"
MAX_PAGES: Final = 100
"""Pages of one list of one project, at most: GitLab's own limits keep each list below ten."""
MAX_EMPTY: Final = 1000
"""Pages one after another that may show nothing: GitLab hides rows after it has cut the page."""


class ListEnd:
    """Sees to it that a list ends: no page is asked for twice, and each brings something new."""

    def __init__(self) -> None:
        self._cursors: set[str] = set()
        self._ids: set[int] = set()
        self._empty = 0

    def add(self, page: Page[Any], ids: Sequence[int]) -> tuple[int, str | None]:
        """Return how many of the ids of a page are new, and why the list must stop here, if so."""
        if page.begins_again:
            self._ids.clear()
        known = len(self._ids)
        self._ids.update(ids)
        new = len(self._ids) - known
        self._empty = 0 if ids else self._empty + 1
        if page.cursor is None:
            return new, None
        if page.cursor in self._cursors:
            return new, "GitLab gave the same page again and again"
        self._cursors.add(page.cursor)
        if (ids and not new) or self._empty > MAX_EMPTY:
            return new, "GitLab gave a page without anything new"
        return new, None


Details = list[tuple[Project, Sequence[Gap]]]


class Reader(Protocol):
    """One way of reading an instance. Every method sends requests; threads may call it at once.

    Raises `graphql.TooMuchError` where asking for less may help, `ExchangeError` where the
    retries are used up, and a GitLabError for what ends the run.
    """

    caps: Capabilities
    batch: int
    """How many projects `read` takes at once."""
    near_limit: bool
    """Whether the last page of scopes came near the server's limit of complexity."""
    administrator: bool
    """Whether GitLab lets this token read what only administrators may."""
    admin_mode_missing: bool
    """Whether it does not, although the token's user is an administrator (Admin Mode)."""

    @property
    def api(self) -> Literal["graphql", "rest"]:
        """Which way this is."""

    def resolve(self, targets: Sequence[TargetRef]) -> list[ResolvedTarget]:
        """Find the targets; raise TargetNotFoundError for one that is not there or not visible."""

    def groups(self, target: ResolvedTarget, cursor: str | None) -> Page[Group]:
        """Read a page of the groups of a target, the group itself included."""

    def projects(self, target: ResolvedTarget, cursor: str | None) -> Page[Listed]:
        """Read a page of the projects of a target."""

    def read(self, listed: Sequence[Listed]) -> Details:
        """Read the scopes of these projects, with the gaps of each."""

    def targets(self, kind: Literal["project", "group"], ids: Sequence[int]) -> list[Target]:
        """Read what entries point to; those that are not visible are not in the answer."""

    def find(self, kind: Literal["project", "group"], paths: Sequence[str]) -> dict[str, int]:
        """Return the numbers of groups or projects by full path, of those that are visible."""

    def unavailable(self) -> Mapping[Fact, str]:
        """Return the facts that this way of reading shows for no project, with the reason."""


def not_found(target: TargetRef, *, is_other_kind: bool) -> TargetNotFoundError:
    """Return the error for a target that is not there, or is of the other kind."""
    if is_other_kind:
        other = "project" if target.kind == "group" else "group"
        return TargetNotFoundError(
            f"{target} is a {other}, not a {target.kind}", hint=f"Use --{other} {target}."
        )
    what = "target" if target.kind == "any" else target.kind
    return NotVisibleError(f"{what} {target}", NOT_VISIBLE, hint=NOT_VISIBLE_HINT)
