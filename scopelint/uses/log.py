"""What the authentication log says of an entry, and when it is old enough to say it.

Source: docs.gitlab.com, "CI/CD job token", "Authentication log": a row is one origin whose token was
accepted, with the time of its *last* use. Since GitLab 18.1 a project's uses of its own token are
in it too; the model keeps their time apart (`Scope.own_token_last_used`), so that no count, share
or "used by" takes them for a use by somebody else.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from pydantic import Field

from scopelint.model import LOG_FULL_FROM, LOG_ROWS, AllowlistEntry, Fact, Scope, TokenUse
from scopelint.paths import is_inside
from scopelint.rule import EntryRule, RuleOptions

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


def uses_through(entry: AllowlistEntry, uses: Iterable[TokenUse]) -> list[TokenUse]:
    """Return the uses whose origin this entry covers, the latest first; the log has one an origin."""
    if entry.kind == "project":
        return [use for use in uses if use.origin_id == entry.target_id]
    path = entry.target_path
    if path is None:
        return []
    found = [use for use in uses if is_inside(use.origin_path, path)]
    found.sort(key=lambda use: (use.last_used_at, use.origin_id), reverse=True)
    return found


def narrower(path: str, origins: Iterable[str]) -> list[str]:
    """Return what could be allowed instead of the group `path`: the groups that hold the origins.

    An origin that lies in `path` itself stands for itself, since its group is the one to replace.
    """
    namespaces = ((origin, origin.rpartition("/")[0]) for origin in origins)
    return sorted({origin if namespace == path else namespace for origin, namespace in namespaces})


class UsageOptions(RuleOptions):
    """How long an entry must have been unused."""

    days: int = Field(
        default=90, ge=1, description="Days without a use; entry and log must be at least as old."
    )


class UsageRule(EntryRule):
    """A rule about entries and their use: judged only where the log is old enough to tell.

    How far the log reaches back is at least as long ago as the oldest last use anywhere in the
    snapshot; no API says more.
    """

    needs: ClassVar[frozenset[Fact]] = frozenset({Fact.ENTRIES, Fact.PERMISSIONS, Fact.LOG})
    Options = UsageOptions
    _of: "Inventory | None" = None
    _limit: datetime = datetime.min

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say that the log is too young, or that its age cannot be told."""
        reason = super().not_judged(inventory)
        if reason is not None:
            return reason
        since, days = inventory.log_since, self.options.days
        if since is None:
            return "the authentication log shows no use at all, so how far it reaches is not known"
        if since > self.limit(inventory):
            known = reach_days(inventory)
            return f"the authentication log is known to reach back {known} days, {days} are needed"
        return None

    def limit(self, inventory: "Inventory") -> datetime:
        """Return the moment since which nothing may have happened.

        It is counted back from the start of the collection: a log that was read before a
        collection was interrupted and resumed shows no later use. Asked for each entry, so the last
        answer is kept.
        """
        if inventory is not self._of:
            self._of = inventory
            self._limit = inventory.log_as_of - timedelta(days=self.options.days)
        return self._limit


MEDIUM_DAYS: Final = 30
HIGH_DAYS: Final = 90
"""Days that a log must reach back, for a conclusion of this confidence."""
UNKNOWABLE: Final = (
    "attempts that GitLab refused, since only accepted tokens are logged",
    "artifacts fetched by needs:project or over the artifacts API, which leave no row",
    "a project that uses it for the first time tomorrow, or rarely (a yearly release)",
    "uses older than the log, and all but the last use of each origin",
    "reads that the project's visibility leaves open to anybody",
)
"""What no log can tell, as a reader of a suggestion should know."""

Confidence = Literal["high", "medium", "low"]


def why_unreliable(scope: Scope, inventory: "Inventory") -> str | None:
    """Say why a project's log cannot be relied on; None where it was read whole."""
    return why_not_whole(scope, inventory.scan.unavailable.get(Fact.LOG))


def why_not_whole(scope: Scope, reason: str | None = None) -> str | None:
    """Say why a project's log was not read whole; None where it was.

    `reason` is why no log was read at all, where that is known.
    """
    if scope.uses is None:
        return f"its authentication log was not read{f' ({reason})' if reason else ''}"
    if len(scope.uses) >= LOG_FULL_FROM:
        return f"its authentication log is full ({LOG_ROWS:,} origins are shown at most), so there may be more"
    if Fact.LOG in scope.missing:
        return "its authentication log could not be read whole"
    return None


def reach_days(inventory: "Inventory") -> int | None:
    """Return how many days the log is known to reach back at least; None where that is not known."""
    since = inventory.log_since
    return None if since is None else max(0, (inventory.log_as_of - since).days)


def reach_back(inventory: "Inventory") -> str:
    """Say in words how far the log reaches back."""
    number, since = reach_days(inventory), inventory.log_since
    if number is None or since is None:
        return "how far the log reaches back is not known: it shows no use at all"
    return f"the log is known to reach back {number} {'day' if number == 1 else 'days'} (to {since.date()})"


def confidence(inventory: "Inventory", *, empty: bool) -> Confidence:
    """Return the confidence of a conclusion from what the log does not show; low for an empty log."""
    number = reach_days(inventory)
    if empty or number is None or number < MEDIUM_DAYS:
        return "low"
    return "high" if number >= HIGH_DAYS else "medium"
