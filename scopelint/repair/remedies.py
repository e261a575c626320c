"""What is done about the findings of each rule, and why it is not safe where it is not.

By code, since a plan is made from findings and rules know no remedies.
"""

from dataclasses import dataclass
from typing import Final, Literal

Flag = Literal["set-inbound", "set-outbound", "set-push", "set-cross-project-push"]


@dataclass(frozen=True, slots=True)
class FlagRemedy:
    """A setting to switch; `unsafe` says why nobody should do it unasked, None where it is safe."""

    operation: Flag
    value: bool
    reason: str
    unsafe: str | None = None


FLAGS: Final = {
    "SL102": FlagRemedy(
        "set-inbound",
        True,
        "the instance protects it today; its own limit keeps it protected when that ends",
    ),
    "SL201": FlagRemedy(
        "set-outbound",
        False,
        "the deprecated outbound limit is still on",
        "before GitLab 18.0 this project's jobs reach more once it is off",
    ),
    "SL601": FlagRemedy(
        "set-push",
        False,
        "jobs may push to their own project",
        "jobs that push (releases, generated files) fail once it is off, and no log tells of them",
    ),
    "SL602": FlagRemedy(
        "set-cross-project-push",
        False,
        "jobs of other projects may push",
        "jobs of other projects that push here fail once it is off, and no log tells of them",
    ),
}
"""The rules whose remedy is a setting."""

REDUNDANT, DANGLING, EMPTY, UNUSED = "SL401", "SL402", "SL503", "SL701"
OPEN, OUTBOUND_ROWS = "SL101", "SL202"
OPEN_WITH_USES = "SL702"
UNREADABLE: Final = frozenset({"SL901", "SL902"})

REMOVED: Final = {
    REDUNDANT: "another entry already grants the same",
    DANGLING: "what it allows is being deleted",
    EMPTY: "it is fine-grained with no permission",
    UNUSED: "not used, as far as the log tells",
    "SL301": "it lets in the whole top-level group",
    "SL302": "its group is too broad",
    "SL303": "it lets in an ancestor group",
    "SL304": "its group lies outside",
    "SL305": "its project lies outside",
    "SL306": "it is a personal project",
    "SL307": "it is less private than this project",
    "SL308": "it crosses a boundary",
    "SL403": "its project is archived",
    "SL405": "its group is empty",
    "SL406": "it was added by GitLab's auto-population",
}
"""The rules whose remedy is to remove the entry, each with the reason as a plan shows it."""

CAN_BE_SAFE: Final = (REDUNDANT, DANGLING, EMPTY, UNUSED)
"""Those of them whose removal is safe where that can be proved."""

NO_REMEDY: Final = {
    "SL104": "the project's visibility and features are not for the token scope to change",
    "SL404": "which entries could go is for their owners to say; scopelint suggest shows the unused",
    "SL501": "which permissions its jobs need is in no log; choose them by hand",
    "SL502": "which permissions its jobs need is in no log; choose them by hand",
    "SL504": "which of the two entries was meant is not known",
    "SL703": "which projects should stay is for the owners to say",
    "SL801": "use plan --to declared",
    "SL802": "use plan --to declared",
    "SL803": "use plan --to declared",
    "SL804": "mend the declared policy",
    "SL805": "mend the declared policy",
}
"""Why nothing is planned about the findings of these rules."""
NOTHING: Final = "no change of the token scope alone mends it; see scopelint explain"
