"""GitLab versions as numbers, and the names of what began with each of them.

Sources: the changelogs of GitLab 16 to 19 and the "history" notes of `doc/ci/jobs/ci_job_token.md`,
`doc/api/project_job_token_scopes.md` and `doc/api/graphql/reference/_index.md`.
"""

import re
from typing import NamedTuple


class Version(NamedTuple):
    """A GitLab release, compared by its first two numbers."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


_PATTERN = re.compile(r"(\d+)\.(\d+)(?:[.\-+].*)?")

ENFORCEMENT_SETTING = Version(17, 6)
"""`enforce_ci_inbound_job_token_scope_enabled` exists."""
ENFORCED_BY_DEFAULT = Version(18, 0)
OUTBOUND_REMOVED = Version(18, 0)
SELF_ENTRIES = Version(18, 1)
"""A project may stand in its own allowlist."""
OWN_USES_LOGGED = Version(18, 1)
"""The log has a project's uses of its own token too (facts: gitlab-3.md, 1)."""
GRANULAR_TOKENS_REQUIRED = Version(19, 0)
"""A group or an instance can refuse classic tokens (gitlab-3.md, 2)."""
ENFORCEMENT_REFUSES = Version(18, 8)
"""Switching the limit off under enforcement is an error; before, it was accepted without effect."""
UNREADABLE_TARGET_REMOVABLE = Version(19, 0)
AUTH_LOG_WITHOUT_AUTHORIZATION = Version(17, 9)
"""Origins and targets are shown whether or not the caller can read them."""
PACKAGE_REGISTRY_LEVEL = Version(18, 4)
"""REST shows `package_registry_access_level`."""
LONG_ENTRY_PAGES = Version(18, 10)
"""The entry lists give up to 200 rows a page; before, 100."""
REMOVE_PROJECT_DEFAULTS_INBOUND = Version(17, 11)
DEFAULT_PERMISSIONS = Version(17, 8)
NEW_DUPLICATE_TEXT = Version(17, 9)
"""About when "already in the job token allowlist" replaced the older wording."""
CONTAINER_POLICIES_END = Version(18, 0)
"""About when READ_CONTAINERS and ADMIN_CONTAINERS went (gitlab-3.md, 4)."""
PIPELINE_POLICIES = Version(17, 11)
REPOSITORY_POLICIES = Version(18, 0)
"""READ_REPOSITORIES, READ_MERGE_REQUESTS, READ_WORK_ITEMS: some release of 18 (gitlab-3.md, 4)."""
RECENT_POLICIES = Version(19, 0)
"""Job token policies for badges, and `ADMIN_REPOSITORIES`."""
OWN_POLICIES_MAKE_ROW = Version(18, 9)
"""Policies for the project itself make its row where there is none (gitlab-3.md, 4)."""


def parse_version(text: str) -> Version:
    """Read "18.9.0-pre" or "17.11" as a version; raises ValueError for anything else."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a GitLab version such as 18.5.0")
    return Version(int(match[1]), int(match[2]))
