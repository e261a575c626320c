"""Whether an entry is unused: what the rules of use, `plan` and `suggest` all ask.

That the log shows no use of an entry proves something only where the log is old enough, was read
whole, and is known to work for this project. Whatever keeps it from proving is named, and nothing is
removed then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from scopelint.model import AllowlistEntry, ProjectCount, Scope, TokenUse
from scopelint.uses.log import reach_back, uses_through, why_unreliable

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

_ARTIFACTS: Final = frozenset({"READ_JOBS", "ADMIN_JOBS"})
"""What an entry permits that lets jobs fetch artifacts and little else."""
EMPTY_LOG: Final = (
    "its authentication log shows no use at all, and an empty log proves nothing: artifacts fetched by"
    " needs:project or over the artifacts API leave no row"
)
_ARTIFACTS_ONLY: Final = "it permits jobs and their artifacts alone, and artifacts that are fetched leave no row in the log"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long ago the last use must be: the options of the rules of use."""

    unused_days: int = 90
    """Days without a use of an entry; the entry and the log must be at least as old."""
    wide_days: int = 90
    """The same for a group entry that is wider than its use."""


ThresholdsAt = Callable[[str], Thresholds]
"""Returns the thresholds for the project at a full path."""


def default_thresholds(path: str) -> Thresholds:
    """Return what the rules of use take where no configuration says otherwise."""
    del path
    return Thresholds()


@dataclass(frozen=True, slots=True)
class EntryUse:
    """What is known of an entry's use."""

    state: Literal["used", "unused", "young", "not-proved"]
    """`used` within the days; `unused`, which is proved; `young`, an entry younger than the days."""
    uses: tuple[TokenUse, ...]
    """All known uses, the latest first."""
    why: str = ""
    """What keeps it from being proved, in words, for `young` and `not-proved`."""


def known_uses(scope: Scope) -> tuple[TokenUse, ...]:
    """Return all that is known to have used a project.

    The only source is the authentication log. Another one, such as what repositories say, joins
    here, and counts for every rule and every plan.
    """
    return scope.uses or ()


def known_uses_of(entry: AllowlistEntry, scope: Scope) -> list[TokenUse]:
    """Return all that is known to have used an entry, the latest first."""
    return uses_through(entry, known_uses(scope))


def start_of(days: int, inventory: "Inventory") -> datetime:
    """Return the moment since which nothing may have happened, `days` before the log was read."""
    return inventory.log_as_of - timedelta(days=days)


def entry_use(entry: AllowlistEntry, scope: Scope, inventory: "Inventory", days: int) -> EntryUse:
    """Return whether an entry was used within `days`, or is proved not to have been."""
    limit = start_of(days, inventory)
    uses = tuple(known_uses_of(entry, scope))
    if entry.created_at is not None and entry.created_at > limit:
        return EntryUse("young", uses, f"it is younger than {days} days")
    if uses and uses[0].last_used_at > limit:
        return EntryUse("used", uses)
    why = why_no_proof(entry, scope, inventory, days)
    return EntryUse("not-proved" if why else "unused", uses, why or "")


def why_no_proof(
    entry: AllowlistEntry, scope: Scope, inventory: "Inventory", days: int
) -> str | None:
    """Say why a missing row of the log does not prove that an entry is unused; None where it does."""
    if reason := why_log_proves_nothing(scope, inventory, days):
        return reason
    if entry.created_at is None:
        return "how old the entry is could not be read"
    if entry.created_at > start_of(days, inventory):
        return f"it is younger than {days} days"
    if not entry.default_permissions and entry.policies and _ARTIFACTS.issuperset(entry.policies):
        return _ARTIFACTS_ONLY
    return None


def why_log_proves_nothing(scope: Scope, inventory: "Inventory", days: int) -> str | None:
    """Say why a project's log proves of no entry that it is unused; None where it may."""
    if reason := why_unreliable(scope, inventory):
        return reason
    if inventory.log_since is None or inventory.log_since > start_of(days, inventory):
        return f"{reach_back(inventory)}, {days} are needed"
    # A row of another project tells that GitLab keeps a log, not that it would show these uses.
    return None if scope.uses else EMPTY_LOG


def is_wide(used: int, projects: int, max_share: int) -> bool:
    """Tell whether no more than `max_share` percent of a group's projects used its entry."""
    return 100 * used <= max_share * projects


def wider_than_use(
    entry: AllowlistEntry, scope: Scope, inventory: "Inventory", days: int
) -> tuple[TokenUse, ...]:
    """Return the uses of a group entry that is used, but not by all projects it lets in; else none.

    None too where it is not known how many projects the group holds, or the log is no proof.
    """
    count: ProjectCount | None = inventory.project_count(entry) if entry.kind == "group" else None
    use = entry_use(entry, scope, inventory, days)
    if use.state != "used" or count is None or len(use.uses) >= count.number:
        return ()
    return () if why_no_proof(entry, scope, inventory, days) else use.uses
