"""What makes the removal of an entry safe, and what of it rests on the authentication log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scopelint.model import AllowlistEntry, Scope
from scopelint.remedy import NarrowEntry, RemoveEntry, SafeIf
from scopelint.repair.safety import NO_CHANGE, AccessChange
from scopelint.uses.log import why_unreliable
from scopelint.uses.unused import Thresholds, entry_use, start_of, why_no_proof

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


@dataclass(frozen=True, slots=True)
class RemovalProof:
    """What the remedies for one entry ask for, and what the log says of it."""

    entry: AllowlistEntry
    scope: Scope
    inventory: "Inventory"
    safe_if: frozenset[SafeIf]
    """What makes the removal safe, by the remedies that remove the entry."""
    narrowing: bool
    """Whether a remedy narrows the entry: what used it gets entries of its own."""
    days: int
    """Days without a use that the log must show."""

    @classmethod
    def of(
        cls,
        entry: AllowlistEntry,
        scope: Scope,
        inventory: "Inventory",
        remedies: Iterable[RemoveEntry | NarrowEntry],
        limits: Thresholds,
    ) -> "RemovalProof":
        """Return the proof that these remedies of findings about an entry need."""
        given = list(remedies)
        safe_if = frozenset(each.safe_if for each in given if isinstance(each, RemoveEntry))
        narrowing = any(isinstance(each, NarrowEntry) for each in given)
        days = limits.wide_days if narrowing else limits.unused_days
        return cls(entry, scope, inventory, safe_if, narrowing, days)

    def why_unsafe(self, effect: AccessChange, lost: Sequence[str]) -> str | None:
        """Say why a removal that widens nothing is not safe; None where it is.

        `effect` is what it means for the entry's origins, `lost` are the origins of uses that lose
        access.
        """
        if self.narrowing or self._is_covered(effect):
            return self._why_no_proof() if self.narrowing else None
        if not self.safe_if & {SafeIf.NOT_USED, SafeIf.TARGET_GONE}:
            return "projects that use it today would lose access"
        if lost:
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            return f"the log has uses by {', '.join(sorted(lost)[:3])}{more}"
        if SafeIf.TARGET_GONE in self.safe_if:
            return None
        return self._why_unreliable() if effect == NO_CHANGE else self._why_no_proof()

    def rests_on(self, effect: AccessChange) -> dict[str, object]:
        """Return what the action of a safe removal says of the log (`Action.rests_on_log`)."""
        use = entry_use(self.entry, self.scope, self.inventory, self.days)
        if self.narrowing or (SafeIf.NOT_USED in self.safe_if and use.state == "unused"):
            return {"rests_on_log": True, "unused_since": start_of(self.days, self.inventory)}
        return {"rests_on_log": effect != NO_CHANGE and self._why_unreliable() is None}

    def _is_covered(self, effect: AccessChange) -> bool:
        return effect == NO_CHANGE and SafeIf.COVERED in self.safe_if

    def _why_unreliable(self) -> str | None:
        return why_unreliable(self.scope, self.inventory)

    def _why_no_proof(self) -> str | None:
        return why_no_proof(self.entry, self.scope, self.inventory, self.days)
