"""Rules as a third party might write them, some of them faulty, for the tests of the kit."""

from collections.abc import Iterable

from pydantic import Field

from scopelint.finding import PASS, Severity, Verdict
from scopelint.rule import (
    EntryContext,
    EntryRule,
    InstanceContext,
    InstanceRule,
    ProjectContext,
    ProjectRule,
    RuleOptions,
)
from scopelint.snapshot.inventory import Inventory


class TooManyEntriesOptions(RuleOptions):
    """Options."""

    most: int = Field(default=1, ge=0, description="The most entries.")


class TooManyEntries(ProjectRule):
    """Flags projects with more than `most` entries; unknown where the limit is not known."""

    code = "ACME001"
    name = "too-many-entries"
    title = "Too many entries"
    severity = Severity.LOW
    Options = TooManyEntriesOptions

    def not_judged(self, inventory: Inventory) -> str | None:
        return "there was nothing in January" if inventory.as_of.month == 1 else None

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        scope = context.scope
        if context.project.archived:
            return
        if scope.inbound_effective is None:
            yield self.unknown("Is it open?", remediation="Look.")
        elif len(scope.entries) <= self.options.most:
            yield PASS
        else:
            yield self.fail(
                f"{len(scope.entries)} entries",
                evidence={
                    "entries": len(scope.entries),
                    "kinds": tuple(e.kind for e in scope.entries),
                },
                remediation="Remove some.",
            )


class UntrustedEntry(EntryRule):
    """Flags every entry that is not trusted."""

    code = "ACME002"
    name = "untrusted-entry"
    title = "Not trusted"
    severity = Severity.LOW

    def judge(self, context: EntryContext) -> Verdict | None:
        entry = context.entry
        if entry.target_path is not None and self.policy.trusted.matches(entry.target_path):
            return PASS
        return self.fail(f"{entry.target_path} is not trusted", remediation="Remove it.")


class OldVersion(InstanceRule):
    """Flags versions before 18."""

    code = "ACME003"
    name = "old-version"
    title = "Old version"
    severity = Severity.LOW

    def judge(self, context: InstanceContext) -> Iterable[Verdict]:
        if context.inventory.scan.version < (18, 0):
            yield self.fail("Old.", remediation="Upgrade.")
        else:
            yield PASS


class Sloppy(ProjectRule):
    """Gives two verdicts with one key, no remediation, two lines, and evidence that is no JSON."""

    code = "ACME004"
    name = "sloppy"
    title = "Sloppy"
    severity = Severity.LOW

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        yield self.fail("two\nlines", evidence={"at": {1, 2}})
        yield self.fail("one line", remediation="None.")
