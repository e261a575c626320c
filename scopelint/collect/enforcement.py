"""Finds out whether the instance makes every project restricted, whatever its own flag says.

GraphQL shows a project's own flag, REST the effective one; only an administrator sees the setting
itself (doc/administration/settings/continuous_integration.md, "Enforce job token allowlist").

Projects and the setting change while they are read. So nothing is concluded from an own flag of
one time and an effective flag of another: a project proves *on* only where its own flag is off
between two times at which its effective flag is on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scopelint import versions
from scopelint.collect.reader import Reader
from scopelint.collect.rest_reader import RestReader
from scopelint.errors import GitLabError
from scopelint.gitlab.ask import Failed, UnreadableError, ask_optional
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import TooMuchError
from scopelint.gitlab.retry import ExchangeError
from scopelint.gitlab.values import FormError
from scopelint.model import Enforcement, Fact, Gap, Reason
from scopelint.snapshot import Filters, Listed, SnapshotWriter

ASKED = 3
"""Projects whose effective flag is asked for, at most."""


@dataclass(frozen=True, slots=True)
class EnforcementResult:
    """What was found, from what, and what stood in the way."""

    state: Enforcement
    source: str
    """What it was concluded from, in words."""
    gaps: tuple[Gap, ...] = ()


def find(connection: Connection, reader: Reader, writer: SnapshotWriter) -> EnforcementResult:
    """Return whether enforcement is on, off, or undetermined now (outside contract, section 3)."""
    if not reader.caps.enforceable:
        since = versions.ENFORCEMENT_SETTING
        return EnforcementResult("off", f"the version: GitLab has the setting from {since} on")
    rest = (
        reader if isinstance(reader, RestReader) else RestReader(connection, Filters(), reader.caps)
    )
    if reader.administrator:
        setting = _ask_setting(rest)
        if setting is not None:
            return EnforcementResult("on" if setting else "off", "the instance's setting")
    # Through REST these are projects that were effectively open.
    witnesses = writer.own_flag_false(ASKED)
    if not witnesses:
        return EnforcementResult("unknown", "nothing: no project's own limit is known to be off")
    if reader.api == "rest":
        return _by_effective_flags(rest, witnesses)
    return _by_both_flags(rest, reader, witnesses)


def _ask_setting(rest: RestReader) -> bool | None:
    try:
        return rest.enforced_by_setting()
    except (GitLabError, ExchangeError, TooMuchError, FormError):
        # Not this token's to see after all; the projects themselves are asked next.
        return None


def _by_effective_flags(rest: RestReader, witnesses: Sequence[Listed]) -> EnforcementResult:
    """Ask again for projects that were open: one that still is proves that enforcement is off.

    One that is closed now proves nothing: REST does not tell by what. No verdict on these projects
    depends on it, so what stands in the way is no gap.
    """
    still = [one for one in witnesses if _effective(rest, one) is False]
    if still:
        return EnforcementResult("off", f"the effective limit of {_names(still)}, which is off")
    return EnforcementResult("unknown", "nothing: what was open is closed now, or was not shown")


def _by_both_flags(
    rest: RestReader, reader: Reader, witnesses: Sequence[Listed]
) -> EnforcementResult:
    """Compare the flags of projects whose own one was off; every one of them is asked."""
    before = {one.project.id: _effective(rest, one) for one in witnesses}
    own = _own_flags(reader, [one for one in witnesses if before[one.project.id] is True])
    after = {
        one.project.id: _effective(rest, one)
        for one in witnesses
        if own.get(one.project.id) is False
    }
    on = [one for one in witnesses if after.get(one.project.id) is True]
    off = [one for one in witnesses if False in (before[one.project.id], after.get(one.project.id))]
    if on and off:
        gap = Gap(
            Fact.ENFORCEMENT,
            Reason.ERROR,
            f"it changed while it was read: {_names(on)} said on, {_names(off)} said off",
        )
        return EnforcementResult("unknown", "projects that contradict each other", (gap,))
    if off:
        return EnforcementResult("off", f"the effective limit of {_names(off)}, which is off")
    if on:
        source = f"the effective limit of {_names(on)}, on although the project's own one is off"
        return EnforcementResult("on", source)
    answers: list[bool | Failed] = [*before.values(), *own.values(), *after.values()]
    why = [answer for answer in answers if isinstance(answer, Failed)]
    reason, detail = Reason.ERROR, "the projects whose own limit was off were closed meanwhile"
    if why:
        reason, detail = why[-1].reason, why[-1].detail
    source = f"nothing: {_names(witnesses)} could not be asked, or changed meanwhile"
    return EnforcementResult("unknown", source, (Gap(Fact.ENFORCEMENT, reason, detail),))


def _effective(rest: RestReader, one: Listed) -> bool | Failed:
    try:
        return rest.effective(one.project.id)
    except UnreadableError as error:
        return Failed(error.reason, error.detail)
    except (GitLabError, ExchangeError, TooMuchError, FormError) as error:
        return Failed(Reason.ERROR, str(error)[:300])


def _own_flags(reader: Reader, some: Sequence[Listed]) -> dict[int, bool | Failed]:
    """Ask for the own flags again, all at once; the answer is by project id."""
    if not some:
        return {}
    try:
        details = ask_optional(lambda: reader.read(some))
    except GitLabError as error:
        details = Failed(Reason.ERROR, str(error)[:300])
    if isinstance(details, Failed):
        return dict.fromkeys((one.project.id for one in some), details)
    hidden = Failed(Reason.NOT_FOUND, "the own limit could not be read again")
    scopes = {project.id: project.scope for project, _ in details}
    found: dict[int, bool | Failed] = {}
    for one in some:
        scope = scopes.get(one.project.id)
        flag = None if scope is None else scope.inbound_own
        found[one.project.id] = hidden if flag is None else flag
    return found


def _names(some: Iterable[Listed]) -> str:
    return ", ".join(one.project.path for one in some)
