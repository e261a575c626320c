"""`scopelint reach PROJECT`: who can reach it, what it can reach, by which entry."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from scopelint.access import (
    Answer,
    Chain,
    Chains,
    Count,
    Link,
    Origins,
    Targets,
    chains,
    origins,
    targets,
)
from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.pair import entry_data, entry_words, find_project, read_inventory
from scopelint.errors import ExitCode
from scopelint.model import Project
from scopelint.snapshot.inventory import Inventory
from scopelint.text import clean

_SHOWN = 10
"""Names that the console lists at most an entry; JSON has them all."""


@click.command(cls=Command)
@click.argument("project", metavar="PROJECT")
@click.option(
    "--transitive",
    is_flag=True,
    help="Follow Git pushes between projects too, and print the ways.",
)
@options.from_option
@options.answer_format_option
@options.server_options
@options.config_options
@options.console_and_progress_options
def reach(
    project: str,
    *,
    transitive: bool,
    sources: tuple[Path, ...],
    answer_format: str,
    server: options.ServerOptions,
    source: options.ConfigOptions,
    console: Console,
) -> int:
    """Show which projects' job tokens reach PROJECT, and which projects its own token reaches.

    PROJECT is a path, an id or a URL. Reads its top-level group from GitLab, or snapshots with
    --from. Exit 3 where something could not be read.
    """
    from scopelint.cli.settings import resolve

    start(console)
    settings = resolve(source)
    with read_inventory((project,), sources, server, settings, console, whole_group=True) as read:
        inventory = read.inventory
        found = find_project(inventory, project)
        coming, going = origins(inventory, found), targets(inventory, found)
        ways = chains(inventory, found) if transitive else None
        if answer_format == "json":
            out(json.dumps(_data(inventory, found, coming, going, ways), indent=2))
        else:
            for line in _lines(found, coming, going, ways):
                out(clean(line))
        return ExitCode.OK if inventory.complete else ExitCode.INCOMPLETE


def _data(
    inventory: Inventory, project: Project, coming: Origins, going: Targets, ways: Chains | None
) -> dict[str, Any]:
    return {
        "schema": "scopelint-reach/1",
        "instance": inventory.scan.instance,
        "gitlab_version": inventory.scan.gitlab_version,
        "complete": inventory.complete,
        "project": {"id": project.id, "path": project.path},
        "origins": {
            **_count(coming.count),
            "everyone": coming.everyone,
            "others": coming.others.answer.value,
            "open_parts": [part.data() for part in coming.others.open_parts],
            "packages_without_token": coming.others.packages_without_token,
            "list": [_link(link) for link in coming.links],
            "outside": [entry_data(entry) for entry in coming.outside],
        },
        "targets": {
            **_count(going.count),
            "partial": going.partial,
            "list": [_link(link) for link in going.links],
        },
        "transitive": ways
        and {
            "exact": ways.exact,
            "origins": [list(chain.path) for chain in ways.origins],
            "targets": [list(chain.path) for chain in ways.targets],
        },
    }


def _count(count: Count) -> dict[str, Any]:
    return {"count": count.number, "exact": count.exact}


def _link(link: Link) -> dict[str, Any]:
    return {
        "project": {"id": link.project_id, "path": link.path},
        "answer": link.answer.value,
        "entry": entry_data(link.entry),
        "missing": list(link.missing),
    }


def _lines(project: Project, coming: Origins, going: Targets, ways: Chains | None) -> Iterator[str]:
    yield project.path
    yield f"  reached by {_number(coming.count)}" + (
        ": it does not limit access, so any project's token is accepted" if coming.everyone else ""
    )
    yield from _by_entry(coming.links, "by its entry for ")
    for entry in coming.outside:
        yield f"    {entry_words(entry)}: outside what was read, counted and not listed"
    if not coming.everyone:
        yield f"    any other project: {coming.others.answer.value}"
        yield from _open_lines(project, coming)
    yield f"  reaches {_number(going.count)} of those that were read"
    yield from _by_entry(going.links, "by an entry for ")
    if going.partial:
        yield f"    parts of {going.partial} more, left open by their visibility"
    if ways is not None:
        yield from _chain_lines("reached by pushing first", ways.origins, ways)
        yield from _chain_lines("reaches by pushing first", ways.targets, ways)


def _open_lines(project: Project, coming: Origins) -> Iterator[str]:
    """Yield what is open past the limit: parts of the project, and its packages to everybody."""
    if coming.others.open_parts:
        words = "; ".join(part.words for part in coming.others.open_parts)
        yield f"    open to any job token: {words}"
    anybody = coming.others.packages_without_token
    if anybody:
        yield "    its packages: anybody may pull them without any token, whatever the limit says"
    elif anybody is None and project.visibility == "private":
        yield "    its packages: whether anybody may pull them without any token was not read"


def _number(count: Count) -> str:
    noun = "project" if count.number == 1 else "projects"
    return f"{'' if count.exact else 'at least '}{count.number} {noun}"


def _by_entry(links: tuple[Link, ...], words: str) -> Iterator[str]:
    """Yield a line a granting entry with the first names; those unknown come last."""
    groups: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.answer is Answer.UNKNOWN:
            groups["unknown"].append(link.path)
        else:
            groups[f"{words}{entry_words(link.entry)}" if link.entry else "limit off"].append(
                link.path
            )
    for name in sorted(groups, key=lambda name: (name == "unknown", name)):
        paths = groups[name]
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        yield f"    {name} ({len(paths)}): {', '.join(paths[:_SHOWN])}{more}"


def _chain_lines(title: str, found: tuple[Chain, ...], ways: Chains) -> Iterator[str]:
    noun = "project" if len(found) == 1 else "projects"
    yield f"  {title}: {'' if ways.exact else 'at least '}{len(found)} {noun}"
    for chain in found:
        yield f"    {' -> '.join(chain.path)}"
