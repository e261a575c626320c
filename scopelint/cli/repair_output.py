"""What `apply` and `undo` have in common: asking first, the right instance, what is told."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scopelint.cli.console import Console, err, err_is_terminal, out
from scopelint.cli.option_groups import ConfigOptions, ServerOptions, TargetOptions
from scopelint.errors import ExitCode, GitLabError, Interrupted, UsageError
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.cli.session import Session
    from scopelint.repair.journal import Journal
    from scopelint.repair.plan_file import Action
    from scopelint.repair.pool import ProjectResults
    from scopelint.repair.step_runner import ProjectResult

_VERBS: Mapping[str, tuple[str, str]] = {
    "add-entry": ("entry added", "entries added"),
    "change-permissions": ("entry changed", "entries changed"),
    "remove-entry": ("entry removed", "entries removed"),
    "remove-outbound-entry": ("outbound entry removed", "outbound entries removed"),
}


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def totals(actions: "Iterable[Action]") -> str:
    """Return how many of each kind of change there are, in words."""
    from scopelint.repair.plan_text import SETTING_LABELS

    found: Counter[tuple[str, str]] = Counter()
    for action in actions:
        words = _VERBS.get(action.operation)
        if words is None:
            name, state = SETTING_LABELS[action.operation], "on" if action.value else "off"
            words = (f"{name} switched {state}", f"{name}s switched {state}")
        found[words] += 1
    parts = [count(number, *words) for words, number in found.items()]
    return ", ".join(parts) or "nothing"


def check_answerable(*, yes: bool) -> None:
    """Raise UsageError where nobody can be asked and `--yes` was not given."""
    if not yes and not (sys.stdin.isatty() and err_is_terminal()):
        raise UsageError(
            "there is no terminal to ask on, and this changes GitLab",
            hint="Look the plan over, then give --yes.",
        )


def ask(question: str, *, yes: bool) -> None:
    """Ask before the first write; raise Interrupted where the answer is not yes."""
    if yes:
        return
    err(f"{question} [y/N]: ", end="")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Interrupted("not confirmed: nothing was changed")


def open_writing(
    server: ServerOptions, source: ConfigOptions, console: Console, instance: str, project: int
) -> "Session":
    """Open the session for `instance`, which a file names and the user must have meant.

    Where the token goes is told by the user, never by a file: raise UsageError where the two
    differ.
    """
    from scopelint.cli.session import open_session
    from scopelint.cli.settings import resolve

    target = TargetOptions(projects=(str(project),))
    session = open_session(target, server, resolve(source), console)
    if session.server.url != instance:
        raise UsageError(
            f"this is for {instance}, and would be done on {session.server.url}",
            hint=f"If {instance} is meant, give --url {instance}.",
        )
    return session


@contextmanager
def naming_journal(journal: "Journal", advice: str) -> Iterator[None]:
    """Name the journal where the run ends before its time, and give advice: it holds every write.

    One that holds none is removed at the end.
    """
    where = f"every write so far is in {journal.path}"
    try:
        yield
    except KeyboardInterrupt:
        if not journal.projects:
            raise Interrupted("interrupted; nothing was changed") from None
        raise Interrupted(f"interrupted; {where}", hint=advice) from None
    except GitLabError as error:
        if journal.projects:
            told = f"{error.hint} {where[0].upper()}{where[1:]}.".strip()
            error.hint = f"{told}\n{advice}"
        raise
    finally:
        if not journal.projects:
            journal.path.unlink(missing_ok=True)
        journal.close()


def show(results: "ProjectResults", *, did: str, idle: str) -> ExitCode:
    """Print what became of each project that is not simply done, then the sums; return the code."""
    from scopelint.repair.pool import MAX_FAILURES

    for result in (*results.of("moved"), *results.of("failed")):
        _show(result)
    for result in results.of("done"):
        for note in result.notes:
            out(f"note    {clean(result.path)}: {clean(note)}")
    actions = [action for result in results.all for action in result.done]
    worked = sum(bool(result.done) for result in results.all)
    out(f"{did} in {count(worked, 'project')}: {totals(actions)}")
    earlier = sum(result.finished_earlier for result in results.all)
    if earlier:
        out(f"{count(earlier, 'project')} {idle}")
    moved, failed = len(results.of("moved")), len(results.of("failed"))
    left = len(results.of("open"))
    if moved:
        out(f"{count(moved, 'project')} had moved: what is named above was left as it is")
    if failed:
        out(f"{count(failed, 'project')} failed")
    if left:
        why = f": it stops after {MAX_FAILURES} failed ones" if failed >= MAX_FAILURES else ""
        out(f"{count(left, 'project')} not begun or not finished{why}")
    if failed or left:
        return ExitCode.FAILURE
    return ExitCode.DRIFT if moved else ExitCode.OK


def _show(result: "ProjectResult") -> None:
    out(f"{result.status:<7} {clean(result.path)}")
    for line in (*result.reasons, *result.notes):
        out(f"        {clean(line)}")
    if result.done:
        out(f"        done before: {totals(result.done)}")


def journal_of(given: Path | None, plan: Path) -> Path:
    """Return where the journal is: as told, or beside the plan."""
    return given if given is not None else plan.with_name(f"{plan.name}.journal")


__all__ = [
    "ask",
    "check_answerable",
    "count",
    "journal_of",
    "naming_journal",
    "open_writing",
    "show",
    "totals",
]
