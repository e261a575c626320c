"""The wanted state over an inventory: what rules, reach and reports say once a change is done.

`wanted_by_plan` (`read_plan` for its file) and `wanted_by_policy` make a `WantedState` of a
scopelint plan and of a declared policy, over the inventory that it is for; `after` gives the
inventory after it, and `judged_after` its report, with what that brings, fixes and lets in.
`judged_plan` adds that to a plan, in findings.

Only commands import this package. It may import `declared`, `diff`, `engine`, `errors`, `filters`,
`finding`, `model`, `project_pattern`, `repair` (plans, not applying), `report`, `rule` and `snapshot`.
"""

from scopelint.wanted.comparison import Judging, judged_after
from scopelint.wanted.from_plan import read_plan, wanted_by_plan
from scopelint.wanted.from_policy import wanted_by_policy
from scopelint.wanted.overlay import Overlay, after
from scopelint.wanted.plan_findings import judged_plan
from scopelint.wanted.state import (
    LeftAlone,
    NotKnown,
    WantedEntry,
    WantedProject,
    WantedSetting,
    WantedState,
)

__all__ = [
    "Judging",
    "LeftAlone",
    "NotKnown",
    "Overlay",
    "WantedEntry",
    "WantedProject",
    "WantedSetting",
    "WantedState",
    "after",
    "judged_after",
    "judged_plan",
    "read_plan",
    "wanted_by_plan",
    "wanted_by_policy",
]
