"""SL804: the declared policy names a group or project that is not there."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scopelint.declared import DeclaredName, DeclaredPolicy, DeclaredUnknown
from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import EntryKind
from scopelint.remedy import NoRemedy
from scopelint.rule import DeclaredFileContext, DeclaredFileRule

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


class DeclaredTargetUnknown(DeclaredFileRule):
    """Flags names in the policy that nothing has, each once.

    Levels for groups and projects outside what was read are not part of this scan and are
    passed over.
    """

    code = "SL804"
    name = "declared-target-unknown"
    title = "The declared policy names something that is not there"
    requirement = "Everything that the declared policy names is there"
    severity = Severity.MEDIUM
    tags = ("job-token", "declared")
    cwe = (1188,)
    owasp = ("CICD-SEC-7",)
    remedy = NoRemedy("correct the declared policy")

    def judge(self, context: DeclaredFileContext) -> Iterable[Verdict]:
        """Yield a verdict for each name that is not known, one pass where all are."""
        inventory = context.inventory
        silent = True
        seen: set[str] = set()
        for name, is_level in _names(context.declared):
            if name.key in seen or _is_there(name, inventory, is_level=is_level):
                continue
            inside = isinstance(name.name, str) and inventory.names_inside(name.name)
            if is_level and not inside:
                continue
            seen.add(name.key)
            silent = False
            yield self._verdict(name, inventory, inside=inside)
        for each in context.declared.unknowns():
            if each.about != "limit":
                silent = False
                yield self._unknown_name(each)
        if silent:
            yield PASS

    def _unknown_name(self, each: DeclaredUnknown) -> Verdict:
        return self.unknown(
            f"{each.at} names something that is not known, so neither is whether it is there:"
            f" {each.why}.",
            evidence={"kind": each.about, **each.evidence()},
            remediation="Declare it by values that can be read.",
            key=f"unknown:{each.about}:{each.address}",
        )

    def _verdict(self, name: DeclaredName, inventory: "Inventory", *, inside: bool) -> Verdict:
        other: EntryKind = "project" if name.kind == "group" else "group"
        swapped = isinstance(name.name, str) and inventory.number_of(other, name.name) is not None
        evidence = {
            "kind": name.kind,
            "declared": name.name,
            "inside_targets": inside,
            "declared_at": name.at.evidence(),
        }
        if swapped or (inside and inventory.enumerated):
            what = f"a {other}, not a {name.kind}" if swapped else "not there"
            return self.fail(
                f"{name.at} names the {name.kind} {name.name}, which is {what}.",
                evidence=evidence,
                remediation=f"Move it to the list of {other}s."
                if swapped
                else "Correct the path, or remove it from the policy; it may have been renamed.",
                key=name.key,
            )
        if inside:
            why = "the list of what is there could not be read whole"
        elif isinstance(name.name, int) or inventory.was_looked_up(name.kind, name.name):
            why = "it was not found, or is not visible to this token"
        else:
            why = "the snapshot was collected without this policy, so nobody asked for it"
        return self.unknown(
            f"{name.at} names the {name.kind} {name.name}; whether it is there is not known: {why}.",
            evidence=evidence,
            remediation="Check the spelling; collect with this config and a token that sees it.",
            key=name.key,
        )


def _names(declared: DeclaredPolicy) -> Iterable[tuple[DeclaredName, bool]]:
    yield from ((name, False) for name in declared.entries())
    yield from ((name, True) for name in declared.subjects())


def _is_there(name: DeclaredName, inventory: "Inventory", *, is_level: bool) -> bool:
    if inventory.knows(name.kind, name.name):
        return True
    # A level may be for a user's namespace too, which is no group.
    return is_level and name.kind == "group" and str(name.name).lower() in _namespaces(inventory)


def _namespaces(inventory: "Inventory") -> frozenset[str]:
    return inventory.derived(_lower_namespaces)


def _lower_namespaces(inventory: "Inventory") -> frozenset[str]:
    return frozenset(path.lower() for path in inventory.tree.paths())
