"""A second, deliberately plain reading of the rule catalogue, on the raw YAML of a demo instance.

It uses neither the simulator nor any rule, so that the instances' comments, the rules and the
simulator can be compared with something independent of all three.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml

import scopelint_simulator
from scopelint.globs import matches

FOLDER = Path(scopelint_simulator.__file__).parent / "instances"
MAIN = "tidewell"
AS_OF = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONFIG: dict[str, Any] = yaml.safe_load((FOLDER / "scopelint.yml").read_text(encoding="utf-8"))


class Entry(NamedTuple):
    """An inbound entry whose target is there."""

    kind: str
    path: str
    permissions: list[str] | None
    created_at: datetime | None
    autopopulated: bool


def option(code: str, name: str) -> int:
    """An option of scopelint.yml."""
    value: int = CONFIG["rules"][code][name]
    return value


def boundary() -> tuple[str, list[str]]:
    """The one boundary in scopelint.yml: its projects, and who may reach them."""
    [one] = CONFIG["boundaries"]
    return one["projects"][0], one["allow_from"]


class Company:
    """One instance file, with the few questions that the rules ask."""

    def __init__(self, name: str) -> None:
        self.text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
        self.data: dict[str, Any] = yaml.safe_load(self.text)
        self.groups = {group["path"]: group for group in self.data["groups"]}
        self.projects = {project["path"]: project for project in self.data["projects"]}
        self.users = {user["username"] for user in self.data["users"]}
        self.enforced: bool = self.data["gitlab"]["enforce_inbound"]

    def log_since(self) -> datetime:
        """The oldest last use in the log of any project that audit-bot may read."""
        moments: list[datetime] = [
            row["at"]
            for project in self.scanned()
            if self.role("audit-bot", project["path"]) in {"maintainer", "owner"}
            for row in project.get("scope", {}).get("log", [])
        ]
        return min(moments)

    def scanned(self) -> Iterator[dict[str, Any]]:
        """The projects below the scanned group."""
        return (p for path, p in self.projects.items() if inside(path, MAIN))

    def below(self, group: str) -> set[str]:
        """The paths of all projects below a group."""
        return {path for path in self.projects if path.startswith(group + "/")}

    def origins(self, entry: Entry) -> set[str]:
        """The projects that an entry lets in."""
        return self.below(entry.path) if entry.kind == "group" else {entry.path}

    def role(self, user: str, path: str) -> str | None:
        """The highest role of a user on a path, inherited."""
        order = ["reporter", "developer", "maintainer", "owner"]
        held = [
            r["role"] for r in self.data["roles"] if r["user"] == user and inside(path, r["on"])
        ]
        return max(held, key=order.index) if held else None

    def personal(self, path: str) -> bool:
        """Whether a project lies in a user's namespace."""
        return path.partition("/")[0] in self.users

    def hidden(self, path: str) -> bool:
        """Whether audit-bot cannot see what lies at this path."""
        visibility = (self.projects.get(path) or self.groups[path]).get("visibility", "private")
        return visibility == "private" and self.role("audit-bot", path) is None

    def deleted(self, entry: Entry) -> bool:
        """Whether the target is scheduled for deletion."""
        target = self.projects.get(entry.path) or self.groups[entry.path]
        return target.get("marked_for_deletion_on") is not None


def inside(path: str, group: str) -> bool:
    """Whether a path is a group or lies below it."""
    return path == group or path.startswith(group + "/")


def rows(project: dict[str, Any], direction: str = "inbound") -> list[dict[str, Any]]:
    """The allowlist rows of one direction."""
    found: list[dict[str, Any]] = project.get("scope", {}).get("allowlist", [])
    return [row for row in found if row.get("direction", "inbound") == direction]


def entries(project: dict[str, Any]) -> list[Entry]:
    """The inbound entries but for those whose target is gone."""
    return [
        Entry(kind, row[kind], row.get("permissions"), row.get("created_at"),
              row.get("autopopulated", False))
        for row in rows(project)
        for kind in ("project", "group")
        if kind in row
    ]  # fmt: skip


def judge_settings(project: dict[str, Any], company: Company) -> Iterator[str]:
    """The rules about a project's switches."""
    scope = project.get("scope", {})
    is_open = not scope.get("inbound", True) and not company.enforced
    if is_open:
        yield "SL101"
    if not scope.get("inbound", True) and company.enforced:
        yield "SL102"
    levels = set(project.get("access_levels", {"repository": "enabled"}).values())
    if not is_open and project.get("visibility", "private") != "private" and levels != {"private"}:
        yield "SL104"
    if scope.get("outbound"):
        yield "SL201"
    if rows(project, "outbound"):
        yield "SL202"
    if scope.get("push"):
        yield "SL601"
    if scope.get("push") and project.get("mirror"):
        yield "SL603"
    if scope.get("push") and scope.get("cross_project_push") and entries(project):
        yield "SL602"


def judge_width(entry: Entry, project: dict[str, Any], company: Company) -> Iterator[str]:
    """SL301 to SL307 and SL406 for one entry."""
    private = project.get("visibility", "private") == "private"
    if entry.kind == "project":
        hidden = company.hidden(entry.path)
        if (
            not hidden
            and private
            and company.projects[entry.path].get("visibility", "private") != "private"
        ):
            yield "SL307"
        if not inside(entry.path, MAIN) and not matches("tidewell-shared/**", entry.path):
            yield "SL306" if company.personal(entry.path) and not hidden else "SL305"
        return
    if not inside(entry.path, MAIN):
        yield from [] if matches("tidewell-shared/**", entry.path) else ["SL304"]
        return
    if entry.path == MAIN:
        yield "SL301"
        return
    if entry.autopopulated:
        yield "SL406"
    if len(company.below(entry.path)) > option("SL302", "max_projects"):
        yield "SL302"
    own = project["path"].rpartition("/")[0]
    if inside(own, entry.path) and own != entry.path:
        yield "SL303"


def judge_state(entry: Entry, company: Company) -> Iterator[str]:
    """SL402, SL403, SL405 and SL501 to SL503 for one entry."""
    if company.deleted(entry):
        yield "SL402"
    if entry.kind == "project" and company.projects[entry.path].get("archived"):
        yield "SL403"
    if entry.kind == "group" and not company.below(entry.path):
        yield "SL405"
    if entry.permissions is None:
        yield "SL501"
    elif not entry.permissions:
        yield "SL503"
    elif any(policy.startswith("ADMIN_") for policy in entry.permissions):
        yield "SL502"


def judge_nesting(entry: Entry, others: list[Entry]) -> Iterator[str]:
    """SL401 and SL504: what the nearest group entry around this one means."""
    around = [o for o in others if o.kind == "group" and o.path != entry.path
              and inside(entry.path, o.path)]  # fmt: skip
    if not around:
        return
    nearest = max(around, key=lambda other: len(other.path))
    if nearest.permissions == entry.permissions:
        yield "SL401"
    narrow = nearest.permissions
    if narrow is not None and (entry.permissions is None or set(entry.permissions) - set(narrow)):
        yield "SL504"


def judge_use(project: dict[str, Any], company: Company) -> Iterator[str]:
    """SL701 to SL703."""
    log = {row["origin"]: row["at"] for row in project.get("scope", {}).get("log", [])}
    limit = AS_OF - timedelta(days=option("SL701", "days"))
    covered = set().union(*(company.origins(entry) for entry in entries(project)))
    if "SL101" in judge_settings(project, company) and set(log) - covered:
        yield "SL702"
    if company.log_since() > limit:
        return
    for entry in entries(project):
        assert entry.created_at, f"{project['path']}: whether an entry is old needs a date"
        origins = company.origins(entry)
        used = origins & set(log)
        if entry.created_at > limit:
            continue
        if not any(log[origin] > limit for origin in used):
            assert log, f"{project['path']}: an empty log proves nothing, so SL701 is unknown"
            yield "SL701"
        elif (
            entry.kind == "group"
            and len(origins) >= option("SL703", "min_projects")
            and 100 * len(used) <= option("SL703", "max_share") * len(origins)
        ):
            yield "SL703"


def judge_whole(project: dict[str, Any], company: Company) -> Iterator[str]:
    """SL308, SL309 and SL404, and SL402 for targets that are gone."""
    found = entries(project)
    origins = set().union(*(company.origins(entry) for entry in found)) - {project["path"]}
    if any(company.projects[origin].get("fork_pipelines") for origin in origins):
        yield "SL310"
    is_open = "SL101" in judge_settings(project, company)
    guarded, allowed = boundary()
    if matches(guarded, project["path"]):
        reach = set().union(*(company.origins(entry) for entry in found))
        if is_open or any(not any(matches(g, o) for g in allowed) for o in reach):
            yield "SL308"
    most = option("SL309", "max_projects")
    sets = [company.origins(entry) for entry in found]
    if not is_open and len(set().union(*sets)) > most and max(map(len, sets)) <= most:
        yield "SL309"
    kinds = Counter(entry.kind for entry in found)
    if any(100 * n > option("SL404", "threshold") * 200 for n in kinds.values()):
        yield "SL404"
    if any("gone" in row for row in rows(project)):
        yield "SL402"


def judge(project: dict[str, Any], company: Company) -> set[str]:
    """All codes that fail on a project."""
    if company.role("audit-bot", project["path"]) not in {"maintainer", "owner"}:
        return {"SL901"}
    codes = {*judge_settings(project, company), *judge_use(project, company)}
    codes |= set(judge_whole(project, company))
    for entry in entries(project):
        if entry.path == project["path"]:  # SL3xx and SL4xx pass a self entry over
            codes |= set(judge_state(entry, company)) & {"SL501", "SL502", "SL503"}
            continue
        codes |= set(judge_width(entry, project, company))
        codes |= set(judge_state(entry, company))
        codes |= set(judge_nesting(entry, entries(project)))
    return codes
