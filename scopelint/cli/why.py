"""`scopelint why [FILE|TEXT|-]`: from a failed job's log, why its job token was refused."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.pair import ReadInventory, find_named, read_inventory, who_can
from scopelint.cli.remedy_block import Remedy
from scopelint.errors import ExitCode, GitLabError, UsageError
from scopelint.gitlab.targets import parse_targets
from scopelint.joblog import (
    CAUSES,
    SUBJECTS,
    Explanation,
    LogReading,
    NamedProject,
    explain,
    read_log,
)
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.config import Config
    from scopelint.model import Project

_OF_JOB = ("CI_PROJECT_PATH", "CI_SERVER_URL")


@click.command(cls=Command)
@click.argument("log", metavar="[FILE|TEXT|-]", default="-")
@click.option(
    "--origin", metavar="PROJECT", help="The job's project, where the log does not say it."
)
@click.option(
    "--target", metavar="PROJECT", help="The project that refused, where the log does not."
)
@click.option("--offline", is_flag=True, help="Ask nobody: tell what the text alone tells.")
@options.from_option
@options.answer_format_option
@options.server_options
@options.config_options
@options.console_and_progress_options
def why(
    log: str,
    *,
    origin: str | None,
    target: str | None,
    offline: bool,
    sources: tuple[Path, ...],
    answer_format: str,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Tell from a failed job's log why its job token was refused, and what would let it in.

    Takes the log's file, a line of it as text, or - for stdin. Asks GitLab about the two projects,
    or snapshots with --from. Exit 0 explained, 3 cannot tell: then it says what is missing.
    """
    from scopelint.cli.settings import resolve

    start(console)
    if offline and sources:
        raise UsageError("--offline and --from do not go together", hint="Leave one of them out.")
    settings = resolve(source)
    reading = read_log(_text(log), {name: os.environ.get(name, "") for name in _OF_JOB})
    with ExitStack() as stack:
        names = _names(reading, origin, target)
        asked = _Asked(names, missing=_unnamed(names))
        elsewhere = None if sources or offline else _elsewhere(reading, server, settings.config)
        if elsewhere is not None and not asked.missing:
            asked = replace(asked, missing=(elsewhere,))
        if not asked.missing and not offline:
            asked = _ask(
                names,
                lambda words: stack.enter_context(
                    read_inventory(words, sources, server, settings, console)
                ),
                known=bool(sources),
            )
        found = explain(
            reading,
            asked.projects,
            asked.read.inventory if asked.read else None,
            asked.missing,
            assume_fine_grained=settings.config.assume_fine_grained,
        )
        remedy = _remedy(found, asked)
        if remedy is not None and asked.projects is not None and not sources:
            people = who_can(asked.projects[1], server, settings, console)
            remedy = replace(remedy, maintainers=people)
        if answer_format == "json":
            out(json.dumps(_data(reading, found, asked, remedy), indent=2))
        else:
            for line in _lines(reading, found, asked, remedy):
                out(clean(line))
    return ExitCode.OK if found.explained else ExitCode.INCOMPLETE


_Names = tuple[NamedProject | None, NamedProject | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was found of the two projects."""

    names: _Names
    read: ReadInventory | None = None
    projects: "tuple[Project, Project] | None" = None
    missing: tuple[str, ...] = ()


def _text(log: str) -> str:
    if log == "-":
        if sys.stdin.isatty():
            raise UsageError(
                "there is no log: give a file, a line of the log as text, or pipe it in",
                hint="scopelint why job.log",
            )
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        return Path(log).read_bytes().decode("utf-8", "replace")
    except (OSError, ValueError):
        if "\n" not in log and " " not in log:
            raise UsageError(
                f"the log {log} cannot be read", hint="Name a file that is there."
            ) from None
        return log


def _names(reading: LogReading, origin: str | None, target: str | None) -> _Names:
    """Return what the two projects are called: by the user, else by the log.

    Raise UsageError where the user names another project than the log does.
    """
    refusal = reading.chosen
    one = reading.origin or (refusal.origin if refusal is not None else None)
    other = refusal.target if refusal is not None else None
    return _given("--origin", origin, one), _given("--target", target, other)


def _given(option: str, text: str | None, logged: NamedProject | None) -> NamedProject | None:
    if text is None:
        return logged
    [spec] = parse_targets(projects=[text])
    if logged is not None and _is_another(spec.path, spec.id, logged):
        raise UsageError(
            f"{option} {text}: the log names {clean(logged.path or logged.name or str(logged.id))}",
            hint=f"Leave {option} out; where the project was renamed since, give its id.",
        )
    return NamedProject(path=spec.path, id=spec.id)


def _is_another(path: str | None, project_id: int | None, logged: NamedProject) -> bool:
    """Tell whether what the user gives cannot be the project that the log names."""
    if project_id is not None and logged.id is not None:
        return project_id != logged.id
    if path is None:
        return False
    if logged.path is not None:
        return path.lower() != logged.path.lower()
    return logged.name is not None and path.lower().rpartition("/")[2] != logged.name.lower()


def _elsewhere(reading: LogReading, server: options.ServerOptions, config: "Config") -> str | None:
    """Say why GitLab is not asked where nobody named it: gitlab.com has other projects of a path."""
    from scopelint.cli.session import resolve_server

    url = resolve_server(options.TargetOptions(), server, config).url
    if url.kind != "default" or reading.instance in (None, url.value):
        return None
    return f"how the two projects are set up: the log is of {reading.instance}; name it with --url"


def _unnamed(names: _Names) -> tuple[str, ...]:
    questions = (
        "which project's job it is: name it with --origin",
        "which project refused: name it with --target",
    )
    return tuple(text for name, text in zip(names, questions, strict=True) if name is None)


def _ask(names: _Names, read: Callable[[tuple[str, ...]], ReadInventory], *, known: bool) -> _Asked:
    """Find the two projects; `known` says that all names can be looked up, as in a snapshot."""
    one, other = names
    if one is None or other is None:
        return _Asked(names)
    bare = [each for each in (one, other) if each.path is None and each.id is None]
    if bare and not known:
        option = "--origin" if bare[0] is one else "--target"
        return _Asked(names, missing=(f"which {bare[0].name} is meant: name it with {option}",))
    try:
        found = read(tuple(each.path or str(each.id) for each in (one, other)))
    except GitLabError as error:
        return _Asked(names, missing=(f"how the two projects are set up: {error.message}",))
    projects = [find_named(found.inventory, each.path, each.id, each.name) for each in (one, other)]
    seen = [each for each in projects if not isinstance(each, str)]
    if len(seen) < len(projects):
        return _Asked(names, found, None, tuple(each for each in projects if isinstance(each, str)))
    return _Asked(names, found, (seen[0], seen[1]))


def _remedy(found: Explanation, asked: _Asked) -> Remedy | None:
    """Return what would let the job in; its project and the other one must be known by path."""
    one, other = asked.projects or asked.names
    if found.change is None or found.refusal is None:
        return None
    if one is None or other is None or one.path is None or other.path is None:
        return None
    instance = asked.read.inventory.scan.instance if asked.read else None
    purpose = SUBJECTS[found.refusal.subject]
    return Remedy(instance, one, other, found.change, purpose, seen=asked.projects is not None)


def _data(
    reading: LogReading, found: Explanation, asked: _Asked, remedy: Remedy | None
) -> dict[str, Any]:
    refusal = found.refusal
    one, other = asked.projects or asked.names
    return {
        "schema": "scopelint-why/1",
        "instance": asked.read.inventory.scan.instance if asked.read else reading.instance,
        "answer": "explained" if found.explained else "cannot_tell",
        "cause": found.cause,
        "causes": [{"name": cause, "text": CAUSES[cause]} for cause in found.causes],
        "missing": list(found.missing),
        "unseen": list(found.unseen),
        "refusal": refusal
        and {
            "line": refusal.line,
            "text": refusal.text,
            "wording": refusal.wording,
            "job_token_refused": refusal.token_refused,
            "client": refusal.client,
            "access": refusal.subject,
            "permissions": list(refusal.permissions),
            "route": refusal.route,
        },
        "refusals": len(reading.refusals),
        "origin": _project_data(one),
        "target": _project_data(other),
        "steps": [
            {"name": step.name, "text": step.text}
            for step in (found.decision.steps if found.decision else ())
        ],
        "note": found.since or None,
        "remedy": remedy and remedy.data(),
    }


def _project_data(project: "Project | NamedProject | None") -> dict[str, Any] | None:
    return None if project is None else {"id": project.id, "path": project.path}


def _lines(
    reading: LogReading, found: Explanation, asked: _Asked, remedy: Remedy | None
) -> Iterator[str]:
    refusal = found.refusal
    if refusal is None:
        yield "Cannot tell: the text holds no refusal that scopelint knows."
        return
    one, other = asked.projects or asked.names
    yield f"{_name(one, 'a job')} -> {_name(other, 'a project not named')}: {SUBJECTS[refusal.subject]}"
    yield f"  line {refusal.line}: {refusal.text}"
    for another in reading.refusals:
        if another is not refusal:
            yield f"  also refused, line {another.line}: {another.text}"
    if found.cause is not None and found.explained:
        yield f"Cause: {CAUSES[found.cause]}."
    else:
        yield "Cannot tell. It may be that"
        yield from (f"  - {CAUSES[cause]}" for cause in found.causes)
    if found.decision is not None:
        yield "GitLab's decision for these two projects now:"
        yield from (
            f"  {number}. {step.text}" for number, step in enumerate(found.decision.steps, 1)
        )
    if found.since:
        yield found.since
    if not found.explained and found.missing:
        yield "To tell, scopelint would need to know"
        yield from (f"  - {each}" for each in found.missing)
    if found.unseen:
        yield "Not seen:"
        yield from (f"  - {each}" for each in found.unseen)
    if remedy is not None:
        yield from remedy.lines()


def _name(project: "Project | NamedProject | None", otherwise: str) -> str:
    if project is None:
        return otherwise
    return str(project) if isinstance(project, NamedProject) else project.path
