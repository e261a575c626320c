"""`scopelint can-access A B`: GitLab's decision for one pair, explained."""

import json
from contextlib import ExitStack
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from scopelint.access import (
    POLICIES,
    Answer,
    Decision,
    decide_with_push,
    may_push,
    smallest_entry,
)
from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.pair import entry_data, find_project, read_inventory, who_can
from scopelint.cli.remedy_block import Remedy
from scopelint.cli.unread_pair import UnreadPair, hidden_pair, side_of
from scopelint.errors import ExitCode, NotVisibleError, UsageError
from scopelint.model import Project
from scopelint.snapshot.inventory import Inventory
from scopelint.text import clean

_SCHEMA = "scopelint-can-access/1"
_CODES = {
    Answer.GRANTED: ExitCode.OK,
    Answer.DENIED: ExitCode.FINDINGS,
    Answer.PARTIAL: ExitCode.FINDINGS,
    Answer.UNKNOWN: ExitCode.INCOMPLETE,
}


@click.command("can-access", cls=Command)
@click.argument("origin", metavar="A")
@click.argument("target", metavar="B")
@options.words_option(
    "--want",
    "wanted",
    metavar="POLICY",
    help="Permissions that the request needs, such as READ_PACKAGES.",
)
@options.from_option
@options.answer_format_option
@options.server_options
@options.config_options
@options.console_and_progress_options
def can_access(
    origin: str,
    target: str,
    *,
    wanted: tuple[str, ...],
    sources: tuple[Path, ...],
    answer_format: str,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Tell whether a job of project A may use its token on project B, step by step.

    A and B are paths, ids or URLs. Exit 0 granted, 1 denied or in part, 3 unknown: then it says
    what this token cannot read, and gives a text for those who can. Reads both projects from
    GitLab, or from snapshots with --from.
    """
    from scopelint.cli.settings import resolve

    start(console)
    wanted = _policies(wanted)
    settings = resolve(source)
    with ExitStack() as stack:
        try:
            read = stack.enter_context(
                read_inventory((origin, target), sources, server, settings, console)
            )
        except NotVisibleError:
            pair = hidden_pair((origin, target), server, settings, console)
            _say_unread(pair, wanted, answer_format)
            return ExitCode.INCOMPLETE
        one, other = find_project(read.inventory, origin), find_project(read.inventory, target)
        decision = decide_with_push(
            one,
            other,
            wanted,
            version=read.inventory.scan.version,
            assume_fine_grained=read.inventory.scan.fine_grained(read.assume_fine_grained),
            flags=read.inventory.scan.feature_flags,
        )
        asked = None if sources else server
        remedy = _remedy(read.inventory, one, other, wanted, decision)
        if remedy is not None and not sources:
            remedy = replace(remedy, maintainers=who_can(other, server, settings, console))
        unread = None
        if decision.answer is Answer.UNKNOWN:
            unread = UnreadPair(
                read.inventory.scan.instance,
                side_of("origin", one, asked, settings, console),
                side_of("target", other, asked, settings, console),
                decision.missing,
            )
        if answer_format == "json":
            data = _data(read.inventory, one, other, wanted, decision)
            data["remedy"] = remedy and remedy.data()
            data |= _unread_data(unread)
            out(json.dumps(data, indent=2))
        else:
            for line in (
                *_lines(one, other, wanted, decision),
                *(remedy.lines() if remedy else ()),
                *(unread.lines() if unread else ()),
            ):
                out(clean(line))
    return _CODES[decision.answer]


def _say_unread(pair: UnreadPair, wanted: tuple[str, ...], answer_format: str) -> None:
    """Answer `unknown` for a pair of which GitLab does not show both projects."""
    one, other = pair.origin.project, pair.target.project
    if answer_format != "json":
        for line in (f"{pair.origin.name} -> {pair.target.name}: unknown", *pair.lines()):
            out(clean(line))
        return
    told: dict[str, Any] = {
        "schema": _SCHEMA,
        "instance": pair.instance,
        "gitlab_version": None,
        "origin": {"id": one.id, "path": one.path},
        "target": {"id": other.id, "path": other.path},
        "wanted": list(wanted),
        "answer": Answer.UNKNOWN.value,
        "steps": [],
        "entry": None,
        "lacking": [],
        "open_parts": [],
        "packages_without_token": None,
        "ungoverned": [],
        "missing": [],
        "may_push": None,
        "notes": [],
        "remedy": None,
    }
    out(json.dumps(told | _unread_data(pair), indent=2))


def _unread_data(pair: UnreadPair | None) -> dict[str, Any]:
    return {"unread": pair.data() if pair else [], "message": pair.message() if pair else None}


def _policies(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name.upper() not in POLICIES:
            close = get_close_matches(name.upper(), POLICIES, 2)
            raise UsageError(
                f"--want {name}: GitLab knows no such permission",
                hint=f"Did you mean {' or '.join(close)}?" if close else ", ".join(POLICIES),
            )
    return tuple(dict.fromkeys(name.upper() for name in names))


def _data(
    inventory: Inventory, one: Project, other: Project, wanted: tuple[str, ...], decision: Decision
) -> dict[str, Any]:
    pushes = one.id != other.id or None
    return {
        "schema": _SCHEMA,
        "instance": inventory.scan.instance,
        "gitlab_version": inventory.scan.gitlab_version,
        "origin": {"id": one.id, "path": one.path},
        "target": {"id": other.id, "path": other.path},
        "wanted": list(wanted),
        "answer": decision.answer.value,
        "steps": [{"name": step.name, "text": step.text} for step in decision.steps],
        "entry": entry_data(decision.entry),
        "lacking": list(decision.lacking),
        "open_parts": [part.data() for part in decision.open_parts],
        "packages_without_token": decision.packages_without_token,
        "ungoverned": list(decision.ungoverned),
        "missing": list(decision.missing),
        "may_push": pushes
        and may_push(
            one, other, version=inventory.scan.version, flags=inventory.scan.feature_flags
        ),
        "notes": list(decision.notes),
    }


def _remedy(
    inventory: Inventory, one: Project, other: Project, wanted: tuple[str, ...], decision: Decision
) -> Remedy | None:
    """Return the smallest entry that would do, None where no entry would."""
    scan = inventory.scan
    change = smallest_entry(one, other, wanted, decision, version=scan.version)
    if change is None:
        return None
    purpose = ", ".join(wanted) or "with a job token"
    return Remedy(scan.instance, one, other, change, purpose)


def _lines(one: Project, other: Project, wanted: tuple[str, ...], decision: Decision) -> list[str]:
    asked = f" with {', '.join(wanted)}" if wanted else ""
    lines = [f"{one.path} -> {other.path}{asked}: {decision.answer.value}"]
    lines += [f"  {number}. {step.text}" for number, step in enumerate(decision.steps, 1)]
    if decision.ungoverned:
        lines.append(f"  No permission governs: {', '.join(decision.ungoverned)}.")
    lines += [f"  Note: {note}." for note in decision.notes]
    return lines
