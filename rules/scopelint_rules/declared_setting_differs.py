"""SL801: the inbound limit, or the push setting, is not what the declared policy says."""

from collections.abc import Iterable

from scopelint.declared import DeclaredAt
from scopelint.finding import PASS, Severity, Verdict
from scopelint.remedy import NoRemedy
from scopelint.rule import DeclaredContext, DeclaredRule


class DeclaredSettingDiffers(DeclaredRule):
    """Flags projects whose effective inbound limit or push setting differs from the declared one.

    A value that is no boolean is passed over: SL805 reports it. One that is not known is unknown.
    """

    code = "SL801"
    name = "declared-setting-differs"
    title = "A setting differs from the declared policy"
    requirement = "The job token settings are as the declared policy says"
    severity = Severity.HIGH
    by_own_scope = True
    tags = ("job-token", "settings", "declared", "drift")
    cwe = (284,)
    owasp = ("CICD-SEC-5", "CICD-SEC-7")
    remedy = NoRemedy("use plan --to declared")

    def judge(self, context: DeclaredContext) -> Iterable[Verdict]:
        """Yield one verdict on the inbound limit, and one on push where it is declared."""
        yield from self._limit(context)
        if context.declared.push is not None and context.declared.push_at is not None:
            yield self._push(context, context.declared.push, context.declared.push_at)

    def _push(self, context: DeclaredContext, wanted: bool, at: DeclaredAt) -> Verdict:
        push = context.scope.push
        if push == wanted:
            return PASS
        evidence = {
            "setting": "allow_push_repository_for_job_token",
            "declared": wanted,
            "actual": push,
            "declared_at": at.evidence(),
        }
        if push is None:
            return self.unknown(
                "Whether jobs may push to the project is as declared is not known: it was not read.",
                evidence=evidence,
                remediation="Scan again with a token that has Maintainer on the project.",
                key="push",
            )
        may, meant = ("may", "may not") if push else ("may not", "may")
        return self.fail(
            f"The project's jobs {may} push to it with a job token; {at} declares that they"
            f" {meant}.",
            evidence=evidence,
            remediation="Apply the declared policy with a gitlabform that reads the key (after"
            " 6.3.0), or correct the policy.",
            key="push",
        )

    def _limit(self, context: DeclaredContext) -> Iterable[Verdict]:
        scope, declared, inventory = context.scope, context.declared, context.inventory
        for each in declared.unknown_of("limit"):
            yield self.unknown(
                f"{each.at} does not tell whether the limit is to be on: {each.why}.",
                evidence={"setting": "limit_access_to_this_project", **each.evidence()},
                remediation="Declare the limit by a value that can be read.",
                key=f"unknown:{each.address}",
            )
        if declared.limit is None:
            return
        evidence = {
            "setting": "limit_access_to_this_project",
            "declared": declared.limit,
            "actual": scope.inbound_effective,
            "inbound_own": scope.inbound_own,
            "enforcement": inventory.scan.enforcement,
            "declared_at": declared.limit_at.evidence(),
        }
        if scope.inbound_effective is None:
            yield self.unknown(
                "Whether the limit is as declared is not known: the effective flag was not read.",
                evidence=evidence,
                remediation="Scan again with a token that has Maintainer on the project.",
            )
        elif scope.inbound_effective == declared.limit:
            yield PASS
        elif declared.limit:
            yield self.fail(
                f"The limit is off; {declared.limit_at} declares it on.",
                evidence=evidence,
                remediation="Apply the declared policy, after a look at who uses the project today.",
            )
        else:
            forced = " (the instance enforces it, so no project can switch it off)"
            yield self.fail(
                f"The limit is on; {declared.limit_at} declares it off"
                f"{forced if inventory.scan.enforcement == 'on' else ''}.",
                evidence=evidence,
                remediation="Declare limit_access_to_this_project: true, with the entries needed.",
            )
