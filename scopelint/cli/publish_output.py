"""What `publish` tells: what it would write, what it wrote, what somebody has to look at."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scopelint.cli.console import Console, out
from scopelint.errors import AuthenticationError, ExitCode, GitLabError, Interrupted
from scopelint.text import clean, counted, hide_secrets

if TYPE_CHECKING:
    from scopelint.gitlab.connection import Connection
    from scopelint.publish.steps import PublishStep

_SHOWN = 200
"""Steps of one kind that are told one by one; `-f json` has all."""
_WOULD = {
    "create": "would create",
    "update": "would update",
    "close": "would close",
    "reopen": "would open again",
    "send": "would send",
    "delete": "would delete",
}
_DID = {
    "create": "created",
    "update": "updated",
    "close": "closed",
    "reopen": "opened again",
    "send": "sent",
    "delete": "deleted",
}


@dataclass(frozen=True, slots=True)
class WriteChoice:
    """Whether and how much may be written."""

    yes: bool = False
    max_writes: int = 1000
    exit_code: bool = False


@dataclass(frozen=True, slots=True)
class Publishing:
    """What is published, and how it is told."""

    kind: str
    choice: WriteChoice
    answer_format: str
    console: Console

    def conclude(
        self, steps: "Sequence[PublishStep]", connection: "Connection", *, concurrency: int = 1
    ) -> ExitCode:
        """Show the steps, or do them with `--yes`; tell what became of them, return the exit code."""
        from scopelint.publish.steps import check_writes, settled, total_writes

        writes = total_writes(steps)
        if self.choice.yes:
            check_writes(steps, self.choice.max_writes)
        if not self.choice.yes or not writes:
            results = [settled(step) for step in steps]
            self._tell(results, writes)
            return self._code(results, left=writes)
        _require_write(connection)
        results = []
        try:
            # What is done before an exception stays in the list.
            results.extend(_performed(steps, concurrency))
        except KeyboardInterrupt:
            self._tell(results, writes)
            raise Interrupted(
                "interrupted; what was written stays", hint="Run the same again: it goes on."
            ) from None
        except GitLabError:
            self._tell(results, writes)
            raise
        self._tell(results, writes)
        return self._code(results, left=0)

    def _code(self, results: "Sequence[PublishStep]", *, left: int) -> ExitCode:
        """Return the exit code; `left` writes are to be done and were not."""
        failed = sum(step.status == "failed" for step in results)
        if failed:
            self.console.warn(f"{counted(failed, 'step')} failed; the same command tries again")
            return ExitCode.FAILURE
        tried = [step for step in results if step.run is not None and step.status == "left"]
        if tried and not any(step.status in {"done", "unchanged"} for step in results):
            self.console.warn(f"nothing was written: {tried[0].detail}")
            return ExitCode.FAILURE
        return ExitCode.DRIFT if self.choice.exit_code and left else ExitCode.OK

    def _tell(self, steps: "Sequence[PublishStep]", writes: int) -> None:
        if self.answer_format == "json":
            out(json.dumps(_data(self.kind, steps, writes, self.choice), indent=2))
            return
        lines = {"controls": _of_projects, "issues": _of_owners}.get(self.kind, _one_by_one)
        for line in lines(steps):
            out(clean(hide_secrets(line)))
        if not writes and not any(step.status == "failed" for step in steps):
            left = sum(step.status == "left" for step in steps)
            if left:
                out(f"Nothing to write: {counted(left, 'step')} left alone, for the reasons above.")
            else:
                out("Everything is up to date: nothing to write.")
        elif writes and not self.choice.yes:
            text = (
                f"Nothing was written: this takes {counted(writes, 'write')}. Write it with --yes"
            )
            more = f" and --max-writes {writes}" if writes > self.choice.max_writes else ""
            out(f"{text}{more}.")


def _performed(steps: "Sequence[PublishStep]", concurrency: int) -> "Iterator[PublishStep]":
    from scopelint.publish.steps import perform

    return perform(steps, concurrency=concurrency)


def _require_write(connection: "Connection") -> None:
    """Raise AuthenticationError where the token says that it may not write."""
    from scopelint.gitlab.ask import ask_required
    from scopelint.gitlab.delivery import PUBLISH_HINT
    from scopelint.gitlab.own_token import own_token

    token = ask_required(lambda: own_token(connection), connection.server.url)
    if token.scopes is not None and not token.fine_grained and "api" not in token.scopes:
        raise AuthenticationError(
            "the token's scope is too small to write:"
            f" {', '.join(token.scopes) or 'none'}, and api is needed",
            hint=PUBLISH_HINT,
        )


def _data(
    kind: str, steps: "Sequence[PublishStep]", writes: int, choice: WriteChoice
) -> dict[str, Any]:
    return {
        "schema": "scopelint-publish/1",
        "kind": kind,
        "written": choice.yes,
        "writes": writes,
        "steps": [
            {
                "action": step.action,
                "status": step.status,
                "subject": step.subject,
                "where": step.where,
                "detail": hide_secrets(step.detail),
            }
            for step in steps
        ],
    }


def _one_by_one(steps: "Sequence[PublishStep]") -> Iterator[str]:
    yield from map(_line, steps)


def _of_owners(steps: "Sequence[PublishStep]") -> Iterator[str]:
    """Yield a line a step; owners without a finding and an issue are counted."""
    quiet = 0
    for step in steps:
        if step.status == "unchanged" and not step.where.count("#"):
            quiet += 1
        else:
            yield _line(step)
    if quiet:
        yield f"{counted(quiet, 'owner')} (or what nobody owns) without a finding and an issue"


def _line(step: "PublishStep") -> str:
    place = f"{step.subject}: {step.where}" if step.where else step.subject
    verb = _verb(step.status, step.action)
    return f"{verb}  {place}{f' ({step.detail})' if step.detail else ''}"


def _of_projects(steps: "Sequence[PublishStep]") -> Iterator[str]:
    """Yield counts by what becomes of the projects; those to look at are named, some of them."""
    counts = Counter((step.status, step.action, step.detail) for step in steps)
    for (status, action, detail), number in counts.items():
        yield f"{_verb(status, action)}  {counted(number, 'project')}: {detail}"
    looked_at = [step for step in steps if step.attention or step.status == "failed"]
    for step in looked_at[:_SHOWN]:
        yield f"  {step.subject}: {step.detail}"
    if len(looked_at) > _SHOWN:
        yield f"  and {len(looked_at) - _SHOWN} more: -f json has all"


def _verb(status: str, action: str) -> str:
    known = {"unchanged": "up to date", "left": "left alone", "failed": "FAILED"}
    verbs = _WOULD if status == "planned" else _DID
    return known.get(status) or verbs[action]
