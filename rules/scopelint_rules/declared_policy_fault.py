"""SL805: the policy file does not do what it seems to."""

from collections.abc import Iterable

from pydantic import Field

from scopelint.declared import DeclaredPolicy
from scopelint.finding import PASS, Severity, Verdict
from scopelint.remedy import NoRemedy
from scopelint.rule import DeclaredFileContext, DeclaredFileRule, RuleOptions


class DeclaredPolicyFaultOptions(RuleOptions):
    """What counts as a fault."""

    replaced_lists: bool = Field(
        default=True,
        description="Report lists that drop inherited entries without `inherit: false`.",
    )


class DeclaredPolicyFault(DeclaredFileRule):
    """Flags what is odd in the declared policy's file itself, each fault once."""

    code = "SL805"
    name = "declared-policy-fault"
    title = "A fault in the declared policy's file"
    requirement = "The declared policy's file does what it seems to"
    severity = Severity.MEDIUM
    tags = ("job-token", "declared")
    cwe = (1188,)
    owasp = ("CICD-SEC-7",)
    Options = DeclaredPolicyFaultOptions
    remedy = NoRemedy("correct the declared policy")

    def judge(self, context: DeclaredFileContext) -> Iterable[Verdict]:
        """Yield a fail for each fault, one pass where there is none."""
        declared, inventory = context.declared, context.inventory
        silent = True
        for fault in declared.faults(path for _, path in inventory.seen()):
            if fault.kind == "list-replaced" and not self.options.replaced_lists:
                continue
            silent = False
            yield self.fail(
                fault.message,
                evidence={
                    "fault": fault.kind,
                    **dict(fault.about),
                    "declared_at": fault.at.evidence(),
                },
                remediation=fault.remediation,
                key=fault.key,
            )
        for each in declared.unknowns():
            if each.about == "resource":
                silent = False
                yield self.unknown(
                    f"What {each.at} declares, and for which projects, is not known: {each.why}.",
                    evidence={"fault": "not-known", **each.evidence()},
                    remediation="Declare it by values that can be read; no project is held to it"
                    " until then.",
                    key=f"unknown:{each.about}:{each.address}",
                )
        if silent:
            # An incomplete list of projects may hide what only shows for some of them.
            yield PASS if inventory.enumerated else self._not_whole(declared)

    def _not_whole(self, declared: DeclaredPolicy) -> Verdict:
        return self.unknown(
            f"{declared.source} has no fault for the projects that were listed; the list is not"
            " whole, so levels that hold for others were not looked at together.",
            evidence={"file": declared.source},
            remediation="Scan again, so that every project is listed.",
            key="",
        )
