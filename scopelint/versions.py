"""What began or ended with which GitLab release; no other module of scopelint compares versions.

Each release is a named constant with GitLab's own source for it: its changelog (the release's
section of `CHANGELOG.md`), the history notes of its documentation, or its code. A version that
GitLab did not tell is `UNKNOWN`, and every question about it has the answer None.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple


class Version(NamedTuple):
    """A GitLab release by its first two numbers: 18.5 is `Version(18, 5)`."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


UNKNOWN: Final = Version(0, 0)
"""The version of an instance that did not tell it."""

OUTBOUND_OFF_ONLY: Final = Version(16, 0)
"""The outbound limit can be switched off and no more on, its list shortened and not extended.
Source: doc/update/deprecations.md."""
VISIBILITY_FIELD: Final = Version(16, 0)
"""GraphQL surely has `Project.visibility`. Source: doc/api/graphql/reference/_index.md."""
PUSH_SETTING: Final = Version(17, 2)
"""A project can let its own jobs push. Source: doc/ci/jobs/ci_job_token.md, history notes."""
ARCHIVED_ARGUMENT: Final = Version(17, 4)
"""GraphQL's `Query.projects` takes `archived`. Source: changelog of 17.4."""
ENFORCEMENT_SETTING: Final = Version(17, 6)
"""The setting `enforce_ci_inbound_job_token_scope_enabled` exists. Source: changelog of 17.6."""
ENTRY_ROWS: Final = Version(17, 7)
"""GraphQL has `Project.ciJobTokenScopeAllowlist`. Source: changelog of 17.7, MR 171887."""
PERMISSIONS_STORED: Final = Version(17, 7)
"""Entries can be fine-grained; a switch decides whether that is in force.
Source: changelog of 17.7."""
DEFAULT_PERMISSIONS_FIELD: Final = Version(17, 8)
"""The first entries with `defaultPermissions`. Source: doc/api/graphql/reference/_index.md."""
PERMISSION_FIELDS: Final = Version(17, 9)
"""Entries surely have `defaultPermissions` and `jobTokenPolicies`. Source: the same."""
AUTOPOPULATED_FIELD: Final = Version(17, 9)
"""Entries have `autopopulated` in GraphQL. Source: changelog of 17.9, MR 177785."""
EVERY_TARGET_SHOWN: Final = Version(17, 9)
"""A target that the token cannot read is named, no longer null.
Source: changelog of 17.9, MR 178401."""
LOG_READABLE: Final = Version(17, 9)
"""An origin that the token cannot read no longer fails the whole log.
Source: the same, MR 178401."""
ALL_AVAILABLE_ARGUMENT: Final = Version(17, 11)
"""`Query.groups` surely takes `allAvailable`. Source: doc/api/graphql/reference/_index.md."""
PERMISSION_NAMES: Final = Version(17, 5)
"""The first names of permissions, such as READ_PACKAGES. Source: changelog of 17.5."""
ADMIN_INCLUDES_READ: Final = Version(17, 10)
"""ADMIN_X permits READ_X too; before, the two are apart. Source: changelog of 17.10, MR 181970."""
PERMISSIONS_BY_GROUP: Final = Version(17, 11)
"""A setting of the top-level group decides whether permissions are in force; no API shows it.
Before, a feature flag does. Source: changelog of 17.11."""
PIPELINE_PERMISSIONS: Final = Version(17, 11)
"""READ_PIPELINES and ADMIN_PIPELINES exist. Source: changelog of 17.11."""
OUTBOUND_REMOVED: Final = Version(18, 0)
"""The outbound limit has no effect any more.
Source: changelog of 18.0, doc/update/deprecations.md."""
REPOSITORY_PERMISSIONS_EARLIEST: Final = Version(18, 0)
"""READ_REPOSITORIES, READ_MERGE_REQUESTS and READ_WORK_ITEMS may exist.
Source: doc/ci/jobs/fine_grained_permissions.md, which has them in 18.9 and not in 17.11."""
REPOSITORY_PERMISSIONS: Final = Version(18, 9)
"""They surely exist. Source: doc/ci/jobs/fine_grained_permissions.md of 18.9."""
SELF_ENTRIES: Final = Version(18, 1)
"""A project may be on its own allowlist, and its row limits its token.
Source: changelog of 18.1, MR 192395."""
OWN_USES_LOGGED: Final = Version(18, 1)
"""The log has a project's uses of its own token.
Source: code of 18.9, `Ci::JobToken::Scope#accessible?`."""
PERMISSIONS_ALWAYS_IN_FORCE: Final = Version(18, 3)
"""Fine-grained permissions are in force without a switch. Source: changelog of 18.3, MR 196966."""
ENFORCED_STAYS_ON: Final = Version(18, 8)
"""While the instance enforces the limit, GitLab refuses to switch a project's own off; before, it
accepted that without effect. Source: doc/api/project_job_token_scopes.md."""
INTERNAL_CLONE: Final = Version(18, 4)
"""Internal projects can be cloned with any job token. Source: changelog of 18.4, MR 197620."""
PUSH_SETTING_GENERAL: Final = Version(18, 4)
"""Own pushes need no feature flag. Source: doc/ci/jobs/ci_job_token.md, history notes."""
PUSH_SETTING_FIELD: Final = Version(18, 4)
"""`pushRepositoryForJobTokenAllowed` is surely there.
Source: doc/ci/jobs/ci_job_token.md, history notes."""
OPEN_TO_ANY_TOKEN_EARLIEST: Final = Version(18, 10)
"""Public and internal projects may leave more open to tokens without an entry: not known up to 19.0.
Source: code of 18.9 and of 19.1, `ProjectPolicy`; nothing tells which release between changed it."""
RECENT_PERMISSIONS: Final = Version(19, 0)
"""READ_BADGES, ADMIN_BADGES, ADMIN_REPOSITORIES exist.
Source: doc/api/graphql/reference/_index.md."""
HIDDEN_TARGET_REMOVABLE: Final = Version(19, 0)
"""The entry of a project that the token cannot see can surely be removed; up to 18.9 not.
Source: code of 18.9 and of 19.x, `spec/requests/api/project_job_token_scope_spec.rb`."""
DELETION_STOPS_JOBS: Final = Version(19, 0)
"""A project scheduled for deletion starts no job and takes no push. Source: code of 19.x."""
TOKEN_EXCHANGE: Final = Version(19, 0)
"""The token exchange may take job tokens. Source: code of 19.x, `POST /token_exchange`."""
CROSS_PROJECT_PUSH: Final = Version(19, 0)
"""Allowlisted projects can push, behind a flag that is off.
Source: doc/ci/jobs/ci_job_token.md, history notes."""
CROSS_PROJECT_PUSH_GENERAL: Final = Version(19, 1)
"""They can without a flag. Source: the same."""
OPEN_TO_ANY_TOKEN: Final = Version(19, 1)
"""What anonymous users may read is open to tokens without an entry.
Source: code of 19.1, `ProjectPolicy`."""

_REPORT_SCHEMAS: Final = (
    (Version(18, 9), "15.2.3"),  # Gemfile.lock of 18.9: gitlab-security_report_schemas, max15.2.3
    (Version(17, 6), "15.2.1"),  # released 2024-08-26; merge request 167801 takes it after 17.4
    (Version(17, 0), "15.1.4"),  # "only merged after 16.11": secrets analyzer, merge request 299
)
"""The newest schema of security reports that each release surely takes. GitLab refuses one whose
second number it does not know; of one whose third number is new it only warns."""
OLDEST_REPORT_SCHEMA: Final = "15.0.7"
"""The schema of security reports that 16.x takes, and every later release known."""
NEWEST_REPORT_SCHEMA: Final = _REPORT_SCHEMAS[0][1]
"""The newest schema of security reports known."""

FeatureFlags = Mapping[str, bool]
"""The feature flags that the instance told of by name, and whether each is on. One that is not in
it is not known, and one that is off may still be on for a single project or group."""
NO_FLAGS: Final[FeatureFlags] = {}
"""Nothing is known of any flag."""

OWN_PUSH_FLAG: Final = "allow_push_repository_for_job_token"
"""Decides about own pushes from 17.2 to 18.3. Source: doc/ci/jobs/ci_job_token.md of 18.9."""
PERMISSIONS_FLAG: Final = "add_policies_to_ci_job_token"
"""Decides whether permissions are in force from 17.7 to 17.10. Source: changelog of 17.7."""
CROSS_PUSH_FLAG: Final = "allow_push_to_allowlisted_projects"
"""Decides about other projects' pushes in 19.0. Source: doc/ci/jobs/ci_job_token.md of 19.0."""

_ONE_OF_EACH: Final = tuple(
    Version(*numbers) for numbers in ((17, 6), (17, 9), (17, 11), (18, 0), (18, 2), (18, 3))
)
"""One release of each way in which GitLab has decided about a request."""
_PATTERN: Final = re.compile(r"(\d{1,4})\.(\d{1,4})(?:[.-].*)?", re.ASCII | re.DOTALL)


LONGEST_TEXT: Final = 100
"""Characters of a version, at most: GitLab's longest so far is like `18.11.0-rc42-ee`, builds of
one's own may add to it."""


def parse_version(text: str) -> Version:
    """Read a version as GitLab tells it (`18.5.0-ee`); `UNKNOWN` for anything else."""
    found = _PATTERN.fullmatch(text)
    return Version(int(found[1]), int(found[2])) if found else UNKNOWN


def is_known(version: tuple[int, int]) -> bool:
    """Tell whether the instance told its version."""
    return version != UNKNOWN


def since(version: tuple[int, int], release: Version) -> bool | None:
    """Tell whether a version is a release or a later one; None where it is not known."""
    return version >= release if version != UNKNOWN else None


def before(version: tuple[int, int], release: Version) -> bool | None:
    """Tell whether a version is older than a release; None where it is not known."""
    return version < release if version != UNKNOWN else None


def since_between(version: tuple[int, int], earliest: Version, surely: Version) -> bool | None:
    """Tell whether a thing is there that came somewhere between two releases.

    None where the version is not known or lies between them.
    """
    if version == UNKNOWN:
        return None
    return version >= surely or (None if version >= earliest else False)


def outbound_counts(version: tuple[int, int]) -> bool | None:
    """Tell whether an origin's own outbound limit is looked at; None where it is not known."""
    return before(version, OUTBOUND_REMOVED)


def permissions_switched(version: tuple[int, int]) -> bool | None:
    """Tell whether a switch decides if fine-grained permissions are in force; None is unknown.

    Up to 17.10 a feature flag, up to 18.2 a setting of the top-level group that no API shows.
    """
    if version == UNKNOWN:
        return None
    return PERMISSIONS_STORED <= version < PERMISSIONS_ALWAYS_IN_FORCE


def permissions_flagged(version: tuple[int, int]) -> bool | None:
    """Tell whether that switch is a feature flag, which GitLab names; None is unknown."""
    if version == UNKNOWN:
        return None
    return PERMISSIONS_STORED <= version < PERMISSIONS_BY_GROUP


def permissions_in_force(
    version: tuple[int, int], flags: FeatureFlags, assumed: bool | None
) -> bool | None:
    """Tell whether fine-grained permissions are in force where a switch decides.

    True where the flag of that release is on, which proves it; else what the user assumes.
    """
    if permissions_flagged(version) and flags.get(PERMISSIONS_FLAG):
        return True
    return assumed


def flags_of(version: tuple[int, int]) -> tuple[str, ...]:
    """Return the names of the feature flags that decide something about job tokens in a release."""
    eras = (
        (OWN_PUSH_FLAG, own_push_counts(version) is None),
        (PERMISSIONS_FLAG, permissions_flagged(version) is True),
        (CROSS_PUSH_FLAG, cross_project_push_counts(version) is None),
    )
    return tuple(name for name, decides in eras if decides and version != UNKNOWN)


def any_token_reads_more(version: tuple[int, int]) -> bool | None:
    """Tell whether public projects open what anonymous users may read to tokens without an entry."""
    return since_between(version, OPEN_TO_ANY_TOKEN_EARLIEST, OPEN_TO_ANY_TOKEN)


def own_push_counts(version: tuple[int, int], flags: FeatureFlags = NO_FLAGS) -> bool | None:
    """Tell whether the setting for own pushes has effect.

    From 17.2 to 18.3 a feature flag decides: True where it is on, else None.
    """
    era = since_between(version, PUSH_SETTING, PUSH_SETTING_GENERAL)
    return True if era is None and flags.get(OWN_PUSH_FLAG) else era


def cross_project_push_counts(
    version: tuple[int, int], flags: FeatureFlags = NO_FLAGS
) -> bool | None:
    """Tell whether the setting for other projects' pushes has effect.

    In 19.0 a feature flag decides: True where it is on, else None.
    """
    era = since_between(version, CROSS_PROJECT_PUSH, CROSS_PROJECT_PUSH_GENERAL)
    return True if era is None and flags.get(CROSS_PUSH_FLAG) else era


def possible(version: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return the version, or one release of each way of deciding where it is not known."""
    return (version,) if version != UNKNOWN else _ONE_OF_EACH


def at_least(version: tuple[int, int], release: Version) -> tuple[int, int]:
    """Return the version, or the release where the version is older or not known."""
    return max(version, release)


def report_schema(version: tuple[int, int]) -> str | None:
    """Return the newest schema of security reports that a release takes; None where that is unknown."""
    if version == UNKNOWN:
        return None
    fitting = (schema for release, schema in _REPORT_SCHEMAS if version >= release)
    return next(fitting, OLDEST_REPORT_SCHEMA)
