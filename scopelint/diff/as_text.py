"""A comparison as text: sections of signed lines, which the console and the note show.

Every text is clean: names come from GitLab, and nothing in them reaches a terminal as a command.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from scopelint.diff.changes import (
    Access,
    Diff,
    EntryChange,
    OneSidedProject,
    Origin,
    ScanInfo,
    SettingChange,
    Side,
    sign,
)
from scopelint.diff.entry_changes import (
    permissions,
    permissions_differ,
    permissions_known,
    was_readded,
)
from scopelint.finding import Finding
from scopelint.model import AllowlistEntry, ProjectCount
from scopelint.text import clean

SETTING_LABELS: Final = {
    "enforcement": "enforcement by the instance",
    "inbound_effective": "limit on access",
    "inbound_own": "limit on access (own flag)",
    "outbound": "outbound limit",
    "push": "push by its own jobs",
    "cross_project_push": "push by allowlisted projects",
    "visibility": "visibility",
    "archived": "archived",
}
FACT_LABELS: Final = SETTING_LABELS | {
    "access": "who else has access",
    "entries": "the whole allowlist",
    "outbound_entries": "outbound entries",
    "permissions": "permissions of entries",
}
_SIDES: Final[dict[Side, str]] = {"old": "in OLD", "new": "in NEW", "both": "in OLD and NEW"}


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a section."""

    sign: str
    """`+` new, `-` gone, `~` different, `?` not known, a blank for a heading."""
    text: str
    depth: int = 0
    """How far it is indented."""


@dataclass(frozen=True, slots=True)
class TextSection:
    """Lines about one subject."""

    title: str
    lines: tuple[TextLine, ...]
    more: int = 0
    """How many items are not shown."""


Item = tuple[TextLine, ...]
"""The lines about one project, which stay together."""


def sections(diff: Diff, limit: int) -> Iterator[TextSection]:
    """Yield the sections that are not empty, with at most `limit` items each."""
    for title, items in (
        ("Instance", _instance(diff)),
        ("Access", _accesses(diff)),
        ("Settings", _settings(diff)),
        ("Entries", _entries(diff)),
        ("Projects", _projects(diff)),
        ("Findings", _findings(diff)),
        ("Not known", _unknown(diff)),
    ):
        shown = [line for item in islice(items, limit) for line in item]
        more = sum(1 for _ in items)
        if shown:
            yield TextSection(title, tuple(shown), more)


def head(diff: Diff) -> Iterator[str]:
    """Yield what was compared."""
    targets = sorted(diff.new.scan.targets)
    more = f" and {len(targets) - 3} more" if len(targets) > 3 else ""
    yield clean(f"{', '.join(targets[:3])}{more} on {diff.new.scan.instance}")
    yield f"  old  {_scan_info(diff.old)}"
    yield f"  new  {_scan_info(diff.new)}"
    filters = diff.new.scan.filters
    if not filters.everything:
        yield clean(f"  only a part is compared: {' '.join(filters.words())}")


def tail(diff: Diff) -> Iterator[str]:
    """Yield the sums, and whether there may be more."""
    counts = diff.summary()
    parts = [
        f"{counts[name]:,} {one if counts[name] == 1 else many}"
        for name, one, many in _SUMMARY
        if counts[name]
    ]
    if not diff.changed:
        yield "No change." if diff.certain else "No change is known."
    else:
        yield f"Changed: {', '.join(parts)}."
    if not diff.certain:
        sides = (("OLD", diff.old), ("NEW", diff.new))
        unread = [
            f"{_counted(info.total - info.read, 'project')} could not be read in {name}"
            for name, info in sides
            if info.total > info.read
        ]
        broken = [f"{name} is incomplete" for name, info in sides if not info.complete]
        yield f"There may be more: {'; '.join(unread or broken)}."


_SUMMARY: Final = (
    ("access_gained", "project reachable by more", "projects reachable by more"),
    ("access_lost", "project reachable by fewer", "projects reachable by fewer"),
    ("settings", "setting", "settings"),
    ("entries_added", "new entry", "new entries"),
    ("entries_removed", "entry gone", "entries gone"),
    ("entries_changed", "entry changed", "entries changed"),
    ("projects_new", "new project", "new projects"),
    ("projects_gone", "project gone", "projects gone"),
    ("projects_moved", "project moved", "projects moved"),
    ("groups_moved", "group moved", "groups moved"),
    ("groups_with_other_projects", "group with other members", "groups with other members"),
    ("findings_new", "new finding", "new findings"),
    ("findings_fixed", "finding fixed", "findings fixed"),
)


def _scan_info(info: ScanInfo) -> str:
    scan = info.scan
    parts = [_time(scan.finished_at or scan.started_at), _counted(info.total, "project")]
    parts += [f"{info.total - info.read:,} not read"] if info.total > info.read else []
    parts += [f"{info.left_out:,} left out"] if info.left_out else []
    parts += ["incomplete"] if not info.complete else []
    parts += [f"GitLab {scan.gitlab_version}"] if scan.gitlab_version else []
    return clean(", ".join(parts))


def _instance(diff: Diff) -> Iterator[Item]:
    for setting in diff.instance:
        yield (TextLine("~", _setting(setting)),)


def _accesses(diff: Diff) -> Iterator[Item]:
    for change in diff.projects:
        if change.access is not None:
            yield tuple(_access(change.project.path, change.access))
    for group in diff.membership:
        moves = [f"{group.joined:,} joined"] if group.joined else []
        moves += [f"{group.left:,} left"] if group.left else []
        counted = _counted(group.targets, "project")
        verb = "lets" if group.targets == 1 else "let"
        yield (
            TextLine(
                "~",
                clean(
                    f"projects of group {group.group}: {', '.join(moves)}; {counted} {verb} it in"
                ),
            ),
        )


def _access(path: str, access: Access) -> Iterator[TextLine]:
    then = f"{'' if access.before.exact else 'at least '}{access.before.number:,}"
    yield TextLine(" ", clean(f"{path}: {then} -> {_reach(access.after)} can reach it"))
    for mark, origins in (("+", access.gained), ("-", access.lost)):
        for origin in origins:
            yield TextLine(mark, clean(_origin(origin)), 1)


def _origin(origin: Origin) -> str:
    if origin.kind == "everyone":
        return "any project (no limit on access)"
    size = f" ({_reach(origin.projects)})" if origin.projects else ""
    return f"{origin.kind} {_target(origin.path, origin.id)}{size}"


def _target(path: str | None, number: int | None) -> str:
    return path or ("that was deleted" if number is None else f"#{number}")


def _reach(count: ProjectCount) -> str:
    return f"{'' if count.exact else 'at least '}{_counted(count.number, 'project')}"


def _settings(diff: Diff) -> Iterator[Item]:
    for change in diff.projects:
        if change.settings:
            parts = ", ".join(_setting(setting) for setting in change.settings)
            yield (TextLine("~", clean(f"{change.project.path}: {parts}")),)


def _setting(setting: SettingChange) -> str:
    before, after = (_value(one, setting.name) for one in (setting.before, setting.after))
    opened = f" ({setting.opened.words()})" if setting.opened else ""
    return f"{SETTING_LABELS[setting.name]} {before} -> {after}{opened}"


def _value(value: bool | str, name: str) -> str:
    if isinstance(value, str):
        return clean(value)
    if name == "archived":
        return "yes" if value else "no"
    return "on" if value else "off"


def _entries(diff: Diff) -> Iterator[Item]:
    for change in diff.projects:
        if change.entries:
            lines = (TextLine(sign(one), clean(_entry_change(one)), 1) for one in change.entries)
            yield (TextLine(" ", clean(change.project.path)), *lines)


def _entry_change(change: EntryChange) -> str:
    before, after = change.before, change.after
    name = f"{'outbound ' if change.direction == 'outbound' else ''}{change.entry.kind} "
    name += _target(change.entry.target_path, change.entry.target_id)
    if before is None or after is None:
        return f"{name}, {_permissions(change.entry)}{_made(change.entry)}"
    parts = []
    if permissions_differ(before, after):
        parts.append(f"{_permissions(before)} -> {_permissions(after)}")
    if was_readded(before, after):
        parts.append(f"removed and added again{_made(after)}")
    if before.target_id is not None and after.target_id is None:
        name = f"{before.kind} {_target(before.target_path, before.target_id)}"
        parts.append("its target was deleted")
    return f"{name}: {', '.join(parts)}"


def _permissions(entry: AllowlistEntry) -> str:
    if not permissions_known(entry):
        return "permissions not read"
    policies = permissions(entry)
    if policies is None:
        return "all permissions"
    return f"only {' '.join(sorted(policies))}" if policies else "no permission"


def _made(entry: AllowlistEntry) -> str:
    by = f" by {entry.added_by}" if entry.added_by else ""
    by = " by GitLab's auto-population" if entry.autopopulated else by
    when = f" on {entry.created_at.astimezone(UTC).date()}" if entry.created_at else ""
    return f", added{by}{when}" if by or when else ""


def _projects(diff: Diff) -> Iterator[Item]:
    for group in diff.groups:
        projects = f", with {_counted(group.projects, 'project')}" if group.projects else ""
        yield (TextLine("~", clean(f"group {group.before} -> {group.after}{projects}")),)
    for change in diff.projects:
        if change.before_path is not None and not change.with_group:
            yield (TextLine("~", clean(f"{change.before_path} -> {change.project.path}")),)
    for mark, found in (("+", diff.appeared), ("-", diff.disappeared)):
        for one in found:
            yield (TextLine(mark, clean(one.project.path + _one_sided(one, new=mark == "+"))),)


def _one_sided(project: OneSidedProject, *, new: bool) -> str:
    if project.why == "filter":
        return f": the filters now {'include' if new else 'exclude'} it"
    return f", reached by {_reach(project.reached_by)}" if new and project.reached_by else ""


def _findings(diff: Diff) -> Iterator[Item]:
    for mark, found in (
        ("+", diff.findings.new),
        ("-", diff.findings.fixed),
        ("?", diff.findings.unknown),
    ):
        for finding in found:
            yield (TextLine(mark, clean(_finding(finding))),)


def _finding(finding: Finding) -> str:
    where = finding.project.path if finding.project else "the instance"
    text = finding.message
    return f"{finding.severity.value} {finding.rule} " + (
        text if text.startswith(where) else f"{where}: {text}"
    )


def _unknown(diff: Diff) -> Iterator[Item]:
    for one in diff.unknown:
        yield (TextLine("?", clean(f"{one.project.path}: {one.reason} ({_SIDES[one.side]})")),)
    for fact, count in diff.unknown_facts.items():
        parts = f"{FACT_LABELS[fact]}: not known on both sides for {_counted(count, 'project')}"
        yield (TextLine("?", parts),)
    for rule in diff.findings.not_compared:
        if rule.side == "both":
            continue  # no finding on either side, so none is missed
        text = f"findings of {rule.rule}: not judged {_SIDES[rule.side]}, {rule.reason}"
        yield (TextLine("?", clean(text)),)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
