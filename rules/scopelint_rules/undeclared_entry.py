"""SL803: an entry is on the allowlist that the declared policy does not list."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scopelint.declared import DeclaredName, DeclaredScope
from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import AllowlistEntry, Fact
from scopelint.paths import entry_evidence, is_self
from scopelint.remedy import NoRemedy
from scopelint.rule import DeclaredContext, DeclaredRule

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


class UndeclaredEntry(DeclaredRule):
    """Flags entries beyond the declared ones, where the policy is exact (`enforce`).

    Where it is not exact, an entry that it removes is flagged all the same.

    Passed over: the project's entry for itself, which gitlabform never removes, and entries whose
    target is gone, which SL402 reports.
    """

    code = "SL803"
    name = "undeclared-entry"
    title = "An entry is not declared"
    requirement = "Every entry on the allowlist is declared"
    severity = Severity.MEDIUM
    tags = ("job-token", "allowlist", "declared", "drift")
    cwe = (284,)
    owasp = ("CICD-SEC-5", "CICD-SEC-7")
    remedy = NoRemedy("use plan --to declared")

    def judge(self, context: DeclaredContext) -> Iterable[Verdict]:
        """Yield a verdict for each undeclared entry, one pass where none is."""
        scope, declared = context.scope, context.declared
        if not declared.enforce and not declared.removed:
            return
        doubtful = self._unknown_lists(declared)
        yield from doubtful
        silent = not doubtful
        for entry in scope.entries:
            if entry.target_id is None or is_self(entry, context.project):
                continue
            said = _is_right(entry, declared, context.inventory)
            if said is not True:
                silent = False
                yield self._verdict(entry, declared, certain=said is False)
        if Fact.ENTRIES in scope.missing:
            yield self.unknown(
                "A part of its allowlist could not be read, so there may be entries beyond the"
                " declared ones.",
                evidence={
                    "entries_read": len(scope.entries),
                    "declared_at": declared.enforce_at.evidence(),
                },
                remediation="Scan again, so that the whole allowlist is read.",
                key="entries",
            )
        elif silent:
            yield PASS

    def _unknown_lists(self, declared: DeclaredScope) -> list[Verdict]:
        if not declared.enforce:
            return []
        return [
            self.unknown(
                f"{each.at} does not tell which {each.about}s are declared, so it is not known"
                f" whether all on the allowlist are: {each.why}.",
                evidence={"kind": each.about, **each.evidence()},
                remediation="Declare the list by values that can be read.",
                key=f"unknown:{each.about}:{each.address}",
            )
            for kind in ("group", "project")
            for each in declared.unknown_of(kind)
        ]

    def _verdict(self, entry: AllowlistEntry, declared: DeclaredScope, *, certain: bool) -> Verdict:
        evidence: dict[str, Any] = {
            "declared_at": declared.enforce_at.evidence(),
            **entry_evidence(entry),
        }
        name = entry.target_path or f"with the id {entry.target_id}"
        if certain and not declared.enforce:
            return self.fail(
                f"The {entry.kind} {name} is on the allowlist; {declared.at} removes it.",
                evidence=evidence,
                remediation="Remove the entry, or keep it in the declared policy.",
                entry=entry,
            )
        if not certain:
            return self.unknown(
                f"Whether the {entry.kind} {name} is declared is not known: its path was not read,"
                " and the policy names others by a path that was not found.",
                evidence=evidence,
                remediation="Declare the entry by its id, or scan with a token that sees it.",
                entry=entry,
            )
        return self.fail(
            f"The {entry.kind} {name} is on the allowlist and not declared; {declared.enforce_at}"
            " makes the declaration exact.",
            evidence=evidence,
            remediation="Remove the entry, or declare it.",
            entry=entry,
        )


def _is_right(
    entry: AllowlistEntry, declared: DeclaredScope, inventory: "Inventory"
) -> bool | None:
    """Tell whether an entry may be there; None where nothing tells."""
    if not declared.enforce:
        gone = tuple(name for name in declared.removed if name.kind == entry.kind)
        said = _declared(entry, gone, inventory)
        return None if said is None else not said
    names = declared.names(entry.kind)
    # A list with a part that is not known has a verdict of its own, and so has one with a fault.
    return (
        True
        if names is None or declared.unknown_of(entry.kind)
        else _declared(entry, names, inventory)
    )


def _declared(
    entry: AllowlistEntry, names: tuple[DeclaredName, ...], inventory: "Inventory"
) -> bool | None:
    """Tell whether an entry is among the names; None where nothing tells."""
    path = entry.target_path.lower() if entry.target_path else None
    doubtful = False
    for each in names:
        if isinstance(each.name, int):
            if each.name == entry.target_id:
                return True
            continue
        number = inventory.number_of(each.kind, each.name)
        if number == entry.target_id or each.name.lower() == path:
            return True
        doubtful = doubtful or (path is None and number is None)
    return None if doubtful else False
