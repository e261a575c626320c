"""What an entry permits, as rules compare it, and whether GitLab acts by it.

Source: docs.gitlab.com, "Fine-grained permissions for CI/CD job tokens" and "CI/CD job token": the
entry nearest to the origin decides, and from GitLab 18.3 on every stored permission is in force.
"""

from typing import TYPE_CHECKING, ClassVar, Final

from scopelint.finding import Confidence
from scopelint.model import AllowlistEntry, Fact, Scope
from scopelint.rule import EntryRule
from scopelint.versions import permissions_switched

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory

ALL: Final = frozenset({"*"})
"""What default permissions grant: everything the user who started the pipeline may do."""


def granted(entry: AllowlistEntry, version: tuple[int, int]) -> frozenset[str] | None:
    """Return the permissions of an entry; `ALL`, or None if not known.

    With those that `version` of GitLab implies.
    """
    if entry.default_permissions:
        return ALL
    if entry.default_permissions is None or entry.policies is None:
        return None
    # Imported here, for `rules` and `explain` start without it.
    from scopelint.access import with_implied

    return with_implied(entry.policies, version)


def includes(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Tell whether `wide` permits all that `narrow` does."""
    return wide == ALL or (narrow != ALL and narrow <= wide)


def in_words(entry: AllowlistEntry) -> str:
    """Return the permissions of an entry as a reader of a report takes them."""
    if entry.default_permissions:
        return "default permissions"
    if entry.policies is None or entry.default_permissions is None:
        return "permissions that are not known"
    return ", ".join(sorted(entry.policies)) or "no permission"


class Enclosing:
    """Finds the group entry around another entry's target, in as many steps as there are levels.

    Keeps the group entries of the scope it was asked for last, since rules are asked entry by entry.
    """

    def __init__(self) -> None:
        self._scope: Scope | None = None
        self._groups: dict[str, AllowlistEntry] = {}

    def nearest(self, entry: AllowlistEntry, scope: Scope) -> AllowlistEntry | None:
        """Return the nearest group entry strictly above the entry's target, None if there is none.

        It is the one that GitLab would go by if `entry` were removed.
        """
        if scope is not self._scope:
            self._scope = scope
            self._groups = {
                each.target_path: each
                for each in scope.entries
                if each.kind == "group" and each.target_path is not None
            }
        path = entry.target_path
        if not self._groups or path is None:
            return None
        end = path.rfind("/")
        while end > 0:
            above = self._groups.get(path[:end])
            if above is not None:
                return above
            end = path.rfind("/", 0, end)
        return None


class FineGrainedRule(EntryRule):
    """A rule about fine-grained entries: sure where these are in force for certain.

    From 17.7 to 18.2 (and where the version is not known) a switch decides. Up to 17.10 it is a
    feature flag, which proves it where it is on. Else the policy's `assume_fine_grained` answers:
    on, the rule is as sure as later; off, it is not judged; left open, its confidence is medium.
    """

    needs: ClassVar[frozenset[Fact]] = frozenset({Fact.ENTRIES, Fact.PERMISSIONS})

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say that the run assumes these permissions not to be in force, where a switch decides."""
        reason = super().not_judged(inventory)
        if reason is None and self._open(inventory) and self._assumed(inventory) is False:
            return "fine-grained permissions are assumed to be off (assume: fine_grained)"
        return reason

    def sureness(self, inventory: "Inventory") -> Confidence:
        """Return the confidence of a fail."""
        unsure = self._open(inventory) and self._assumed(inventory) is None
        return Confidence.MEDIUM if unsure else Confidence.HIGH

    def _assumed(self, inventory: "Inventory") -> bool | None:
        return inventory.scan.fine_grained(self.policy.assume_fine_grained)

    @staticmethod
    def _open(inventory: "Inventory") -> bool:
        return permissions_switched(inventory.scan.version) is not False
