"""What the log of a failed job says about a job token that was refused.

`read_log` takes the text of a log, or a line of it, and tells which project's job asked, which
project refused, for what, and which causes the text alone leaves open. `explain` puts
GitLab's decision for the two projects beside it. It asks nobody.

It may import `access`, `model`, `text`, `versions` and the inventory of `snapshot`.
"""

from scopelint.access.token_requests import SUBJECTS, NamedProject, Subject
from scopelint.joblog.causes import CAUSES, Cause
from scopelint.joblog.explanation import Explanation, explain
from scopelint.joblog.read_log import LogReading, Refusal, read_log

__all__ = [
    "CAUSES",
    "SUBJECTS",
    "Cause",
    "Explanation",
    "LogReading",
    "NamedProject",
    "Refusal",
    "Subject",
    "explain",
    "read_log",
]
