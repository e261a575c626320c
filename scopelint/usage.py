"""What the authentication log says of an entry, and when it is old enough to say it.

Source: docs.gitlab.com, "CI/CD job token", "Authentication log": a row is one origin whose token was
accepted, with the time of its *last* use; uses of the project's own token are not in it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from scopelint.model import AllowlistEntry, Fact, TokenUse
from scopelint.paths import is_inside
from scopelint.rule import EntryRule, RuleOptions

if TYPE_CHECKING:
    from scopelint.estate import Estate


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
    """How long a thing must have been unused."""

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
    _of: "Estate | None" = None
    _limit: datetime = datetime.min

    def not_judged(self, estate: "Estate") -> str | None:
        """Say that the log is too young, or that its age cannot be told."""
        reason = super().not_judged(estate)
        if reason is not None:
            return reason
        since, days = estate.log_since, self.options.days
        if since is None:
            return "the authentication log shows no use at all, so how far it reaches is not known"
        if since > self.limit(estate):
            known = (estate.as_of - since).days
            return f"the authentication log is known to reach back {known} days, {days} are needed"
        return None

    def limit(self, estate: "Estate") -> datetime:
        """Return the moment since which nothing may have happened.

        Asked for each entry, so the last answer is kept.
        """
        if estate is not self._of:
            self._of = estate
            self._limit = estate.as_of - timedelta(days=self.options.days)
        return self._limit
