"""GitLab's own job token decision, and the reach that follows from it.

`decide` answers for one pair, exactly as GitLab would: from what was read of the two projects and
the instance's version to an answer with the steps that led there. A fact that was not read gives
"unknown" wherever the answer depends on it. `origins`, `targets`, `chains` and `InboundCounter`
build on it: one project's lists, the chains that cross-project pushes make possible, and the counts
of all projects at once.

It may import `model`, `paths`, `versions` and the inventory of `snapshot`. It knows no rule and never
asks GitLab.
"""

from scopelint.access.decision import Answer, Decision, Step, decide
from scopelint.access.entries import POLICIES, covers, is_whole, nearest, with_implied
from scopelint.access.outbound import Cover
from scopelint.access.push import decide_with_push, may_push
from scopelint.access.push_chains import Chain, Chains, chains
from scopelint.access.reach_counts import Count, InboundCounter, inbound_counts
from scopelint.access.reach_lists import Link, Origins, Targets, origins, targets
from scopelint.access.smallest_entry import SmallestEntry, smallest_entry
from scopelint.access.visibility import OpenPart, OpenParts, open_parts, packages_without_token

__all__ = [
    "POLICIES",
    "Answer",
    "Chain",
    "Chains",
    "Count",
    "Cover",
    "Decision",
    "InboundCounter",
    "Link",
    "OpenPart",
    "OpenParts",
    "Origins",
    "SmallestEntry",
    "Step",
    "Targets",
    "chains",
    "covers",
    "decide",
    "decide_with_push",
    "inbound_counts",
    "is_whole",
    "may_push",
    "nearest",
    "open_parts",
    "origins",
    "packages_without_token",
    "smallest_entry",
    "targets",
    "with_implied",
]
