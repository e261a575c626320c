"""SL802: an entry that the declared policy lists is not on the allowlist."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scopelint.declared import DeclaredName
from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import AllowlistEntry, Fact, Scope
from scopelint.remedy import NoRemedy
from scopelint.rule import DeclaredContext, DeclaredRule

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


class DeclaredEntryMissing(DeclaredRule):
    """Flags declared entries that are not there, each once.

    The project itself is passed over, as gitlabform does; so is what SL804 says is not there.
    """

    code = "SL802"
    name = "declared-entry-missing"
    title = "A declared entry is not on the allowlist"
    requirement = "Every declared entry is on the allowlist"
    severity = Severity.MEDIUM
    tags = ("job-token", "allowlist", "declared", "drift")
    cwe = (284,)
    owasp = ("CICD-SEC-5", "CICD-SEC-7")
    remedy = NoRemedy("use plan --to declared")

    def judge(self, context: DeclaredContext) -> Iterable[Verdict]:
        """Yield a verdict for each missing entry, one pass where none is."""
        scope, declared, inventory = context.scope, context.declared, context.inventory
        wanted = {
            _key(name, inventory): name
            for name in (*(declared.groups or ()), *(declared.projects or ()))
        }
        own = f"project:{context.project.id}"
        missing = [
            (key, name)
            for key, name in wanted.items()
            if key != own and not _listed(name, key, scope.entries)
        ]
        for key, name in missing:
            if not _known_absent(name, inventory):
                yield self._verdict(key, name, scope)
        doubtful = (*declared.unknown_of("group"), *declared.unknown_of("project"))
        for each in doubtful:
            yield self.unknown(
                f"Whether every {each.about} that {each.at} declares is on the allowlist is not"
                f" known: {each.why}.",
                evidence={"kind": each.about, **each.evidence()},
                remediation="Declare the list by values that can be read.",
                key=f"unknown:{each.about}:{each.address}",
            )
        if wanted and not missing and not doubtful:
            yield PASS

    def _verdict(self, key: str, name: DeclaredName, scope: Scope) -> Verdict:
        evidence = {
            "kind": name.kind,
            "declared": name.name,
            "declared_at": name.at.evidence(),
            "entries_read": len(scope.entries),
        }
        if Fact.ENTRIES in scope.missing:
            return self.unknown(
                f"Whether the {name.kind} {name.name} is on the allowlist, as {name.at} declares, is"
                " not known: a part of it could not be read.",
                evidence=evidence,
                remediation="Scan again, so that the whole allowlist is read.",
                key=key,
            )
        return self.fail(
            f"The {name.kind} {name.name} is not on the allowlist; {name.at} declares it.",
            evidence=evidence,
            remediation="Apply the declared policy, or remove the entry from it.",
            key=key,
        )


def _key(name: DeclaredName, inventory: "Inventory") -> str:
    """Return the target's key by number where it is known: it survives a rename."""
    if isinstance(name.name, int):
        return f"{name.kind}:{name.name}"
    number = inventory.number_of(name.kind, name.name)
    return name.key if number is None else f"{name.kind}:{number}"


def _listed(name: DeclaredName, key: str, entries: tuple[AllowlistEntry, ...]) -> bool:
    path = str(name.name).lower()
    return any(
        entry.kind == name.kind
        and (
            entry.key == key
            or (entry.target_path is not None and entry.target_path.lower() == path)
        )
        for entry in entries
    )


def _known_absent(name: DeclaredName, inventory: "Inventory") -> bool:
    return (
        isinstance(name.name, str)
        and not inventory.knows(name.kind, name.name)
        and inventory.names_inside(name.name)
        and inventory.enumerated
    )
