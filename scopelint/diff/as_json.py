"""A comparison as JSON data of the form `scopelint-diff/1`; `diff.schema.json` is its schema."""

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import scopelint
from scopelint.diff.changes import (
    Access,
    Diff,
    EntryChange,
    OneSidedProject,
    Origin,
    ProjectChange,
    ProjectName,
    ScanInfo,
    SettingChange,
    sign,
)
from scopelint.diff.entry_changes import permissions_known
from scopelint.finding import Finding
from scopelint.model import AllowlistEntry, ProjectCount

SCHEMA = "scopelint-diff/1"
_SIGNS = {"+": "added", "-": "removed", "~": "changed"}


def schema() -> str:
    """Return the text of the JSON Schema that the data is valid against."""
    return (files("scopelint.diff") / "diff.schema.json").read_text(encoding="utf-8").rstrip()


def diff_data(diff: Diff) -> dict[str, Any]:
    """Return a comparison as JSON data; the same comparison gives the same data."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "scopelint", "version": scopelint.__version__},
        "instance": diff.new.scan.instance,
        "targets": sorted(diff.new.scan.targets),
        "old": _scan_info(diff.old),
        "new": _scan_info(diff.new),
        "changed": diff.changed,
        "certain": diff.certain,
        "summary": diff.summary(),
        "settings": [_setting(one) for one in diff.instance],
        "projects": [_project(one) for one in diff.projects],
        "new_projects": [_one_sided(one) for one in diff.appeared],
        "gone_projects": [_one_sided(one) for one in diff.disappeared],
        "moved_groups": [
            {"id": one.id, "before": one.before, "after": one.after, "projects": one.projects}
            for one in diff.groups
        ],
        "membership": [
            {"group": one.group, "joined": one.joined, "left": one.left, "targets": one.targets}
            for one in diff.membership
        ],
        "unknown": [
            {"project": _name(one.project), "side": one.side, "reason": one.reason}
            for one in diff.unknown
        ],
        "unknown_facts": dict(diff.unknown_facts),
        "findings": {
            "new": _findings(diff.findings.new),
            "fixed": _findings(diff.findings.fixed),
            "unknown": _findings(diff.findings.unknown),
            "not_compared": [
                {"rule": one.rule, "side": one.side, "reason": one.reason}
                for one in diff.findings.not_compared
            ],
        },
    }


def _scan_info(info: ScanInfo) -> dict[str, Any]:
    scan = info.scan
    return {
        "gitlab_version": scan.gitlab_version,
        "api": scan.api,
        "enforcement": scan.enforcement,
        "started_at": utc(scan.started_at),
        "finished_at": utc(scan.finished_at),
        "complete": info.complete,
        "projects": {
            "total": info.total,
            "read": info.read,
            "unreadable": info.total - info.read,
        },
    }


def utc(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _project(change: ProjectChange) -> dict[str, Any]:
    return {
        "project": _name(change.project),
        "before_path": change.before_path,
        "with_group": change.with_group,
        "settings": [_setting(one) for one in change.settings],
        "entries": [_entry_change(one) for one in change.entries],
        "access": change.access and _access(change.access),
    }


def _name(name: ProjectName) -> dict[str, Any]:
    return {"id": name.id, "path": name.path}


def _setting(one: SettingChange) -> dict[str, Any]:
    return {"name": one.name, "before": one.before, "after": one.after}


def _entry_change(change: EntryChange) -> dict[str, Any]:
    return {
        "change": _SIGNS[sign(change)],
        "direction": change.direction,
        "before": change.before and _entry(change.before),
        "after": change.after and _entry(change.after),
    }


def _entry(entry: AllowlistEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "id": entry.target_id,
        "path": entry.target_path,
        "default_permissions": entry.default_permissions,
        "policies": sorted(entry.policies or ()) if permissions_known(entry) else None,
        "created_at": utc(entry.created_at),
        "added_by": entry.added_by,
        "autopopulated": entry.autopopulated,
    }


def _access(access: Access) -> dict[str, Any]:
    return {
        "gained": [_origin(one) for one in access.gained],
        "lost": [_origin(one) for one in access.lost],
        "before": _count(access.before),
        "after": _count(access.after),
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "kind": origin.kind,
        "id": origin.id,
        "path": origin.path,
        "projects": _count(origin.projects),
    }


def _count(count: ProjectCount | None) -> dict[str, Any] | None:
    return None if count is None else {"count": count.number, "exact": count.exact}


def _one_sided(one: OneSidedProject) -> dict[str, Any]:
    return {"project": _name(one.project), "why": one.why, "reached_by": _count(one.reached_by)}


def _findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "rule": one.rule,
            "name": one.name,
            "severity": one.severity.value,
            "message": one.message,
            "project": one.project and {"id": one.project.id, "path": one.project.path},
            "entry": one.entry
            and {"kind": one.entry.kind, "id": one.entry.id, "path": one.entry.path},
            "fingerprint": one.fingerprint,
        }
        for one in findings
    ]
