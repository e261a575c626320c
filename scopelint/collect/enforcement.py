"""Finds out whether the instance makes every project restricted, whatever its own flag says.

GraphQL shows a project's own flag, REST the effective one; only an administrator sees the setting
itself (doc/administration/settings/continuous_integration.md, "Enforce job token allowlist").
"""

from dataclasses import dataclass

from scopelint.collect.reader import Reader
from scopelint.collect.rest_reader import RestReader
from scopelint.errors import GitLabError
from scopelint.gitlab.ask import UnreadableError
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import TooMuchError
from scopelint.gitlab.retry import ExchangeError
from scopelint.gitlab.values import FormError
from scopelint.model import Enforcement, Fact, Gap, Reason
from scopelint.snapshot import Filters, SnapshotWriter

ASKED = 3
"""Projects whose effective flag is asked for, at most."""


@dataclass(frozen=True, slots=True)
class EnforcementResult:
    """What was found, and what stood in the way."""

    state: Enforcement
    gaps: tuple[Gap, ...] = ()


def find(connection: Connection, reader: Reader, writer: SnapshotWriter) -> EnforcementResult:
    """Return whether enforcement is on, off, or undetermined (outside contract, section 3)."""
    if not reader.caps.enforceable:
        return EnforcementResult("off")
    rest = (
        reader if isinstance(reader, RestReader) else RestReader(connection, Filters(), reader.caps)
    )
    if reader.administrator:
        setting = _ask_setting(rest)
        if setting is not None:
            return EnforcementResult("on" if setting else "off")
    if writer.any_effective_false():
        return EnforcementResult("off")
    if reader.api == "rest":
        # Through REST alone an effective flag that is on may be the project's own.
        return EnforcementResult("unknown")
    return _by_projects(rest, writer.own_flag_false(ASKED))


def _ask_setting(rest: RestReader) -> bool | None:
    try:
        return rest.enforced_by_setting()
    except (GitLabError, ExchangeError, TooMuchError, FormError):
        # Not this token's to see after all; the projects themselves are asked next.
        return None


def _by_projects(rest: RestReader, open_by_own: list[int]) -> EnforcementResult:
    """Compare the flags of projects whose own one is off: effectively on means enforced."""
    why: tuple[Reason, str] | None = None
    for project_id in open_by_own:
        try:
            return EnforcementResult("on" if rest.effective(project_id) else "off")
        except UnreadableError as error:
            why = (error.reason, error.detail)
        except (GitLabError, ExchangeError, TooMuchError, FormError) as error:
            why = (Reason.ERROR, str(error)[:300])
    if why is None:
        return EnforcementResult("unknown")
    return EnforcementResult("unknown", (Gap(Fact.ENFORCEMENT, *why),))
