"""SL902: not everything that was asked for was read."""

from collections import Counter
from collections.abc import Iterable

from scopelint.finding import PASS, Role, Severity, Verdict
from scopelint.model import Fact
from scopelint.remedy import NoRemedy
from scopelint.rule import InstanceContext, InstanceRule

_WORDS = {
    Fact.ENUMERATION: ("1 list of projects is not whole", "{} lists of projects are not whole"),
    Fact.GROUP: ("1 group could not be read", "{} groups could not be read"),
    Fact.COUNT: (
        "GitLab counts more than it showed",
        "GitLab counts more than it showed in {} places",
    ),
    Fact.UNFINISHED: ("the collection was interrupted", "{} collections were interrupted"),
    Fact.SHARD: ("1 shard is missing", "{} shards are missing"),
    Fact.SCOPE: ("1 scope could not be read", "{} scopes could not be read"),
    Fact.ENTRIES: ("1 allowlist is not whole", "{} allowlists are not whole"),
    Fact.ENFORCEMENT: (
        "a project's own limit is off, and whether the instance enforces it is not known",
        "projects' own limits are off, and whether the instance enforces it is not known",
    ),
    Fact.OWN_FLAG: (
        "whether the limit is on was not read in 1 place",
        "whether the limit is on was not read in {} places",
    ),
    Fact.CROSS_PUSH: (
        "whether other projects may push was not read of 1 project",
        "whether other projects may push was not read of {} projects",
    ),
    Fact.MIRROR: (
        "whether it is a mirror was not read of 1 project",
        "whether they are mirrors was not read of {} projects",
    ),
}


class ScanIncomplete(InstanceRule):
    """Sums up once what is missing, where what is missing makes the scan incomplete."""

    code = "SL902"
    name = "scan-incomplete"
    title = "The scan is incomplete"
    requirement = "Everything that was asked for was read"
    severity = Severity.UNKNOWN
    tags = ("job-token", "coverage")
    cwe = (223,)
    owasp = ("CICD-SEC-10",)
    remedy = NoRemedy("what could not be read is to be read again")
    role = Role.SCAN_COMPLETENESS

    def judge(self, context: InstanceContext) -> Iterable[Verdict]:
        """Yield one unknown with the numbers, or a pass."""
        inventory = context.inventory
        if inventory.complete:
            yield PASS
            return
        left_out = len(inventory.left_out)
        total = inventory.total + left_out
        others = f", {left_out} left out by filters" if left_out else ""
        gaps = Counter(Fact(gap.fact) for gap in inventory.gaps if gap.breaks_completeness)
        missing = [
            words[0] if gaps[fact] == 1 else words[1].format(gaps[fact])
            for fact, words in _WORDS.items()
            if gaps[fact]
        ]
        yield self.unknown(
            f"The scan is incomplete: {inventory.read} of {total} projects were read{others};"
            f" {', '.join(missing)}.",
            evidence={
                "projects": {"total": total, "read": inventory.read}
                | ({"left_out": left_out} if left_out else {}),
                "gaps": {fact.value: gaps[fact] for fact in _WORDS if gaps[fact]},
            },
            remediation=_fix(gaps),
        )


def _fix(gaps: Counter[Fact]) -> str:
    steps = []
    if gaps[Fact.SCOPE] or gaps[Fact.ENTRIES] or gaps[Fact.GROUP]:
        steps.append("give the token's user Maintainer on everything that is scanned")
    if gaps[Fact.UNFINISHED] or gaps[Fact.ENUMERATION]:
        steps.append("run the collection again to its end")
    if gaps[Fact.SHARD]:
        steps.append("hand the snapshots of all shards to check")
    if gaps[Fact.COUNT]:
        steps.append("look for projects that the token's user cannot see")
    if gaps[Fact.ENFORCEMENT]:
        steps.append(
            "scan with an administrator's token, or switch the own limit of those projects on"
        )
    if gaps[Fact.OWN_FLAG] or gaps[Fact.CROSS_PUSH]:
        steps.append("scan again through GraphQL")
    if gaps[Fact.MIRROR]:
        steps.append("scan again to learn which projects are mirrors")
    text = "; ".join(steps)
    return f"{text[:1].upper()}{text[1:]}. scopelint doctor names what is missing."
