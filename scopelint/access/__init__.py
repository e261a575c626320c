"""GitLab's own job token decision, exactly: may a job of one project use its token on another?

Pure: from what was read of the two projects and the instance's version to an answer with the steps
that led there. A fact that was not read gives "unknown" wherever the answer depends on it.
"""

from scopelint.access.decision import Answer, Decision, Step, decide
from scopelint.access.entries import covers, is_whole, nearest
from scopelint.access.policies import POLICIES, with_implied
from scopelint.access.push import may_push

__all__ = [
    "POLICIES",
    "Answer",
    "Decision",
    "Step",
    "covers",
    "decide",
    "is_whole",
    "may_push",
    "nearest",
    "with_implied",
]
