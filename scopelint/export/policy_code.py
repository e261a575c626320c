"""Policy code that declares what GitLab has: for gitlabform, for `declared:`, for Terraform.

Only inbound limits and entries are declared, since no tool has keys for more: no permissions, no
entry whose target is gone, no project's entry for itself. A project whose allowlist was not read
completely is left out and named: its code would remove the entries that it does not show.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from scopelint.model import AllowlistEntry, EntryKind, Fact, Project, Scope
from scopelint.paths import is_self, scheduled_for_deletion
from scopelint.snapshot.inventory import Inventory

_PATH = re.compile(r"[A-Za-z0-9_.][\w.+-]*(?:/[A-Za-z0-9_.][\w.+-]*)*", re.ASCII)
# Plain in YAML 1.1 and 1.2 alike: starts with a letter, and is no word or number of either.
_PLAIN = re.compile(r"[A-Za-z][\w./-]*[A-Za-z0-9]", re.ASCII)
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"})


@dataclass(frozen=True, slots=True)
class NotExported:
    """A project that is not in the code, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Exported:
    """Policy code."""

    text: str
    left_out: tuple[NotExported, ...]
    """The projects that could not be declared whole, so they are not in it."""
    deleted: tuple[str, ...] = ()
    """The paths of those that are to be deleted: they are not in it either, and it is whole."""


@dataclass(frozen=True, slots=True)
class _DeclaredProject:
    project: Project
    limit: bool
    entries: tuple[AllowlistEntry, ...]

    def of(self, kind: EntryKind) -> list[AllowlistEntry]:
        return [entry for entry in self.entries if entry.kind == kind]


def to_gitlabform(inventory: Inventory) -> Exported:
    """Return a gitlabform config without a `gitlab:` section.

    Targets that the token cannot see are named by number, with the path as a comment: gitlabform
    run with that token cannot look them up, and fails on these projects without changing them.
    """
    found, left_out, deleted = _found(inventory)
    lines = ["# What GitLab has; applying it changes nothing.", *_part(inventory)]
    lines.append("config_version: 4")
    return Exported(_text([*lines, *_levels(found, inventory, "")]), left_out, deleted)


def to_declared(inventory: Inventory) -> Exported:
    """Return the `declared:` section of a scopelint.yml."""
    found, left_out, deleted = _found(inventory)
    lines = ["# What GitLab has; scopelint check reports what differs from it."]
    lines += _part(inventory)
    if any(each.project.archived for each in found):
        lines += ["policy:", "  archived: include"]
    if not found:
        return Exported(_text([*lines, "# There is nothing to declare."]), left_out, deleted)
    return Exported(
        _text([*lines, "declared:", *_levels(found, inventory, "  ")]), left_out, deleted
    )


def to_terraform(inventory: Inventory) -> Exported:
    """Return a resource and an import block for each project, for GitLab's Terraform provider."""
    found, left_out, deleted = _found(inventory)
    names = _names(each.project for each in found)
    lines = ["# What GitLab has; terraform plan shows the imports and no change."]
    lines += _part(inventory)
    for each in found:
        lines += _resource(each, names[each.project.id])
    return Exported(_text(lines), left_out, deleted)


EXPORTERS: Mapping[str, Callable[[Inventory], Exported]] = {
    "gitlabform": to_gitlabform,
    "yaml": to_declared,
    "terraform": to_terraform,
}
"""The formats by name."""


def _part(inventory: Inventory) -> Iterator[str]:
    """Yield a comment where the code is of a part: what it does not name, it does not govern."""
    filters = inventory.scan.filters
    if not filters.everything:
        number = len(inventory.left_out)
        words = json.dumps(" ".join(filters.words()))[1:-1]  # on one line, whatever a glob holds
        noun = "project was" if number == 1 else "projects were"
        yield f"# Of a part: {number} {noun} left out by {words}."
        yield "# Nothing here says anything of those."


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _found(
    inventory: Inventory,
) -> tuple[list[_DeclaredProject], tuple[NotExported, ...], tuple[str, ...]]:
    found: list[_DeclaredProject] = []
    left_out: list[NotExported] = []
    deleted: list[str] = []
    for project in inventory.chosen_projects():
        if project.deletion not in (None, "none") or scheduled_for_deletion(project.path):
            deleted.append(project.path)
            continue
        reason = _reason(project)
        if reason is None and project.scope is not None:
            found.append(_declared(project, project.scope))
        else:
            left_out.append(NotExported(project.path, reason or ""))
    found.sort(key=lambda each: each.project.path)
    return found, tuple(sorted(left_out, key=lambda each: each.path)), tuple(sorted(deleted))


def _reason(project: Project) -> str | None:
    """Say why a project cannot be declared whole, None if it can."""
    scope = project.scope
    if scope is None:
        return "its scope could not be read"
    if scope.inbound_effective is None:
        return "whether its limit is on is not known"
    if Fact.ENTRIES in scope.missing:
        return "a part of its allowlist could not be read"
    if not _PATH.fullmatch(project.path) or "/" not in project.path:
        return "its path is none that GitLab gives"
    return None


def _declared(project: Project, scope: Scope) -> _DeclaredProject:
    # The project itself is no declared entry, and what is gone cannot be named.
    entries = tuple(
        entry
        for entry in scope.entries
        if entry.target_id is not None and not is_self(entry, project)
    )
    return _DeclaredProject(project, bool(scope.inbound_effective), entries)


def _levels(found: Iterable[_DeclaredProject], inventory: Inventory, indent: str) -> Iterator[str]:
    lines = [line for each in found for line in _level(each, inventory)]
    yield f"{indent}projects_and_groups:" if lines else f"{indent}projects_and_groups: {{}}"
    yield from (f"{indent}  {line}" for line in lines)


def _level(each: _DeclaredProject, inventory: Inventory) -> Iterator[str]:
    yield f"{yaml_path(each.project.path)}:"
    yield "  job_token_scope:"
    yield f"    limit_access_to_this_project: {str(each.limit).lower()}"
    yield "    allowlist:"
    yield "      enforce: true"
    kinds: tuple[EntryKind, ...] = ("group", "project")
    for kind in kinds:
        entries = each.of(kind)
        yield f"      {kind}s:" if entries else f"      {kind}s: []"
        yield from (f"        - {_item(entry, inventory)}" for entry in entries)


def _item(entry: AllowlistEntry, inventory: Inventory) -> str:
    path = entry.target_path or ""
    fit = bool(_PATH.fullmatch(path))
    # A path of digits would be taken for a number.
    if fit and not path.isdigit() and _is_seen(entry, inventory):
        return yaml_path(path)
    return f"{entry.target_id} # {path}" if fit else str(entry.target_id)


def _is_seen(entry: AllowlistEntry, inventory: Inventory) -> bool:
    """Tell whether the token sees an entry's target, so that it can be looked up by path."""
    if inventory.target(entry) is not None:
        return True
    return entry.kind == "project" and entry.target_id in inventory.derived(_seen_projects)


def _seen_projects(inventory: Inventory) -> frozenset[int]:
    return frozenset(number for number, _ in inventory.seen())


def yaml_path(path: str) -> str:
    """Return a full path as YAML takes it for text, in quotes where it must be."""
    plain = _PLAIN.fullmatch(path) and path.lower() not in _YAML_WORDS
    return path if plain else json.dumps(path)


def resource_name(path: str) -> str:
    """Return a Terraform name for what is at a full path: letters, digits and underscores."""
    name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")
    return name if name[:1].isalpha() else f"project_{name}".rstrip("_")


def _names(projects: Iterable[Project]) -> dict[int, str]:
    """Return a unique resource name for each project: letters, digits and underscores."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for project in projects:
        name = resource_name(project.path)
        if name in taken:
            name = f"{name}_{project.id}"
        while name in taken:
            name += "_"
        taken.add(name)
        names[project.id] = name
    return names


def _resource(each: _DeclaredProject, name: str) -> Iterator[str]:
    kind = "gitlab_project_job_token_scopes"
    yield ""
    yield "import {"
    yield f"  to = {kind}.{name}"
    yield f'  id = "{each.project.id}"'
    yield "}"
    yield ""
    yield f'resource "{kind}" "{name}" {{'
    attributes = [
        ("project", [f'"{each.project.id}" # {each.project.path}']),
        ("enabled", [str(each.limit).lower()]),
        ("target_group_ids", _ids(each.of("group"))),
        ("target_project_ids", _ids(each.of("project"))),
    ]
    yield from _aligned(attributes)
    yield "}"


def _aligned(attributes: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    """Yield attributes as `terraform fmt` writes them: the `=` of successive one-line ones aligned.

    Source: developer.hashicorp.com/terraform/language/style, "Code formatting".
    """
    for short, run in groupby(attributes, key=lambda attribute: len(attribute[1]) == 1):
        found = list(run)
        width = max(len(name) for name, _ in found) if short else 0
        for name, value in found:
            yield f"  {name:<{width}} = {value[0]}"
            yield from value[1:]


def _ids(entries: Sequence[AllowlistEntry]) -> list[str]:
    """Return the lines of a list of ids, each with its path as a comment."""
    if not entries:
        return ["[]"]
    items = []
    for entry in entries:
        path = entry.target_path or ""
        items.append(f"    {entry.target_id}," + (f" # {path}" if _PATH.fullmatch(path) else ""))
    return ["[", *items, "  ]"]
