"""The wanted state over an inventory: what rules, reach and reports say once a change is done.

`wanted_by_plan` (`read_plan` for its file) and `wanted_by_policy` make a `WantedState` of a
scopelint plan and of a declared policy, over the inventory that it is for; `after` gives the
inventory after it, and `compared` what that brings, fixes and lets in. `judged_plan` adds that to a
plan, in findings.

Only commands import this package. It may import `declared`, `diff`, `engine`, `errors`, `filters`,
`finding`, `model`, `repair` (plans, not applying), `report` and `snapshot`.
"""

from scopelint.wanted.comparison import compared, with_places
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
    "LeftAlone",
    "NotKnown",
    "Overlay",
    "WantedEntry",
    "WantedProject",
    "WantedSetting",
    "WantedState",
    "after",
    "compared",
    "judged_plan",
    "read_plan",
    "wanted_by_plan",
    "wanted_by_policy",
    "with_places",
]
