"""What a scan must find, worked out a second time: from the instance file alone.

Written from the outside contract's table of rules, without the product's code. No rule here shares
anything with another but the questions in `tests.e2e.reference`. What no source settles stands in
`Expected.open`, not among the findings.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from tests.e2e.reference import Part, Reading, Release, Row, inside

SEVERE: Final = {"SL101", "SL301", "SL302", "SL304", "SL305", "SL306", "SL602"}
"""The rules of severity medium and above: their findings gate."""
MAX_PROJECTS: Final = 3
THRESHOLD: Final = 2
DAYS: Final = 90
MAX_SHARE: Final = 60
MIN_PROJECTS: Final = 3
CONFIG: Final = {
    "trusted": ["friends/**"],
    "rules": {
        "SL302": {"max_projects": MAX_PROJECTS},
        "SL404": {"threshold": THRESHOLD},
        "SL701": {"days": DAYS},
        "SL703": {"days": DAYS, "max_share": MAX_SHARE, "min_projects": MIN_PROJECTS},
    },
}
"""The configuration that the reference takes for given, for scopelint.yml."""


@dataclass
class Expected:
    """What a scan must give; `lines` are "CODE verdict project [kind:id]", "-" for the instance."""

    lines: set[str] = field(default_factory=set)
    open: set[tuple[str, str]] = field(default_factory=set)
    """Rule and project where the sources do not settle the answer."""
    not_judged: set[str] = field(default_factory=set)
    enforcement: str = "unknown"
    unread: int = 0
    exit_code: int = 0


Verdicts: TypeAlias = Iterable[tuple[str, Row | None]]
Judge: TypeAlias = Callable[[Reading, Part], Verdicts]


def _others(reading: Reading, project: Part) -> Iterator[tuple[Row, str]]:
    """The entries whose target is there, with its path, but the project's own."""
    for row in reading.shown(project):
        if row.path is not None and row.path != project["path"]:
            yield row, row.path


def sl101(reading: Reading, project: Part) -> Verdicts:
    """The limit is off. With an own flag that is off the instance setting is always proven."""
    if not reading.effective(project):
        yield "fail", None


def sl102(reading: Reading, project: Part) -> Verdicts:
    """Only the instance setting protects it."""
    if reading.enforced and not reading.scope(project)["inbound"]:
        yield "fail", None


def sl104(reading: Reading, project: Part) -> Verdicts:
    """Something stays open in spite of the limit."""
    if not reading.effective(project):
        return
    # Before 18.4 GitLab tells no level of the package registry.
    shown = reading.release >= Release(18, 4)
    if project["visibility"] != "private":
        verdict = _left_open(reading, project, registry_shown=shown)
    elif reading.api == "graphql":
        # It shows no levels, and those of private projects are not asked for.
        return
    elif shown:
        anybody = project["access_levels"]["package_registry"] == "public"
        verdict = "fail" if anybody else "pass"
    else:
        verdict = "unknown"
    if verdict != "pass":
        yield verdict, None


def _left_open(reading: Reading, project: Part, *, registry_shown: bool) -> str:
    """Judge a public or internal project by the table of what is open without an entry."""
    levels: dict[str, str] = project["access_levels"]
    openly = {name for name, level in levels.items() if level in {"enabled", "public"}}
    alone = {"container_registry", "releases"}
    if registry_shown:
        alone.add("package_registry")
    if reading.release >= Release(19, 1):
        alone.add("issues")
    if openly & alone:
        return "fail"
    if "repository" in openly:
        # Internal projects could not be cloned with a job token before 18.4; artifacts could be read.
        clone = project["visibility"] == "public" or reading.release >= Release(18, 4)
        artifacts = "builds" in openly and project["public_jobs"]
        return "fail" if clone or artifacts else "open"
    return "pass" if registry_shown else "unknown"


def sl201(reading: Reading, project: Part) -> Verdicts:
    """The deprecated outbound limit is on."""
    if reading.scope(project)["outbound"]:
        yield "fail", None


def sl202(reading: Reading, project: Part) -> Verdicts:
    """Rows of direction outbound are left."""
    left = [
        row["project"]
        for row in reading.scope(project)["allowlist"]
        if row.get("direction") == "outbound" and row["project"] != project["path"]
    ]
    if left:
        yield "fail", None


def sl301(reading: Reading, project: Part) -> Verdicts:
    """The whole top-level group."""
    return [("fail", row) for row, path in _others(reading, project) if path == "acme"]


def _inner_groups(reading: Reading, project: Part) -> Iterator[tuple[Row, str]]:
    for row, path in _others(reading, project):
        if row.kind == "group" and path.startswith("acme/"):
            yield row, path


def sl302(reading: Reading, project: Part) -> Verdicts:
    """A group of more than `max_projects` projects."""
    for row, path in _inner_groups(reading, project):
        if len(reading.below(path)) > MAX_PROJECTS:
            yield "fail", row


def sl303(reading: Reading, project: Part) -> Verdicts:
    """A group above the project's own group."""
    own = project["path"].rpartition("/")[0]
    for row, path in _inner_groups(reading, project):
        if own.startswith(path + "/"):
            yield "fail", row


def _foreign(reading: Reading, project: Part, kind: str) -> Iterator[tuple[Row, str]]:
    for row, path in _others(reading, project):
        if row.kind == kind and not inside(path, "acme") and not inside(path, "friends"):
            yield row, path


def sl304(reading: Reading, project: Part) -> Verdicts:
    """A group outside the top-level group."""
    return [("fail", row) for row, _ in _foreign(reading, project, "group")]


def sl305(reading: Reading, project: Part) -> Verdicts:
    """A project outside, unless it is seen to be personal."""
    for row, path in _foreign(reading, project, "project"):
        if not (reading.personal(path) and reading.visible("project", path)):
            yield "fail", row


def sl306(reading: Reading, project: Part) -> Verdicts:
    """A project seen in a user's namespace."""
    for row, path in _foreign(reading, project, "project"):
        if reading.personal(path) and reading.visible("project", path):
            yield "fail", row


def sl307(reading: Reading, project: Part) -> Verdicts:
    """A private project lets in one that is seen to be less private."""
    for row, path in _others(reading, project):
        private = reading.all.get(path, {}).get("visibility", "private") == "private"
        if row.kind == "project" and project["visibility"] == "private" and not private:
            yield "fail", row


def _granted(row: Row) -> frozenset[str]:
    if row.permissions is None:
        return frozenset({"everything"})
    implied = {name.replace("ADMIN_", "READ_") for name in row.permissions}
    return frozenset({*row.permissions, *implied})


def sl401(reading: Reading, project: Part) -> Verdicts:
    """The nearest group entry above grants the same."""
    rows = list(_others(reading, project))
    for row, path in rows:
        above = [
            (len(group), other)
            for other, group in rows
            if other.kind == "group" and path.startswith(group + "/")
        ]
        if above and _granted(max(above)[1]) == _granted(row):
            yield "fail", row


def sl402(reading: Reading, project: Part) -> Verdicts:
    """The target is gone, seen to be scheduled for deletion, or its path says so."""
    for row in reading.shown(project):
        if row.path is None:
            yield "fail", row
        elif row.path != project["path"]:
            part = (reading.all if row.kind == "project" else reading.groups)[row.path]
            seen = "marked_for_deletion_on" in part and reading.visible(row.kind, row.path)
            if seen or "-deletion_scheduled-" in row.path:
                yield "fail", row


def sl403(reading: Reading, project: Part) -> Verdicts:
    """The target is seen to be archived."""
    for row, path in _others(reading, project):
        seen = row.kind == "project" and reading.visible("project", path)
        if seen and reading.all[path].get("archived"):
            yield "fail", row


def sl404(reading: Reading, project: Part) -> Verdicts:
    """Either kind of entry takes more than its share of 200 places."""
    kinds = [row.kind for row in reading.shown(project)]
    most = max(kinds.count("project"), kinds.count("group"))
    if 100 * most > THRESHOLD * 200:
        yield "fail", None


def sl405(reading: Reading, project: Part) -> Verdicts:
    """A group that is seen to hold no project."""
    for row, path in _others(reading, project):
        if row.kind == "group" and reading.visible("group", path) and not reading.below(path):
            yield "fail", row


def sl406(reading: Reading, project: Part) -> Verdicts:
    """A group entry made by auto-population, where SL301 and SL304 are silent."""
    for row, path in _others(reading, project):
        inner = path.startswith("acme/") or inside(path, "friends")
        if row.kind == "group" and row.autopopulated and inner:
            yield "fail", row


def _with_target(reading: Reading, project: Part) -> list[Row]:
    return [row for row in reading.shown(project) if row.path is not None]


def sl501(reading: Reading, project: Part) -> Verdicts:
    """Default permissions."""
    rows = _with_target(reading, project)
    return [("fail", row) for row in rows if row.permissions is None]


def sl502(reading: Reading, project: Part) -> Verdicts:
    """A permission that writes."""
    for row in _with_target(reading, project):
        if any(name.startswith("ADMIN_") for name in row.permissions or ()):
            yield "fail", row


def sl503(reading: Reading, project: Part) -> Verdicts:
    """Fine-grained with nothing."""
    rows = _with_target(reading, project)
    return [("fail", row) for row in rows if row.permissions == []]


def sl601(reading: Reading, project: Part) -> Verdicts:
    """The project's own jobs may push."""
    if reading.scope(project)["push"]:
        yield "fail", None


def sl602(reading: Reading, project: Part) -> Verdicts:
    """Jobs of other projects may push: both switches, the limit, and an entry that allows it."""
    scope = reading.scope(project)
    if not (scope["push"] and scope.get("cross_project_push") and reading.effective(project)):
        return
    may = [row.permissions for row, _ in _others(reading, project)]
    if any(names is None or "ADMIN_REPOSITORIES" in names for names in may):
        yield "fail", None


def _through(row: Row, uses: dict[str, datetime]) -> dict[str, datetime]:
    path = row.path or ""
    if row.kind == "project":
        return {origin: at for origin, at in uses.items() if origin == path}
    return {origin: at for origin, at in uses.items() if origin.startswith(path + "/")}


def sl701(reading: Reading, project: Part) -> Verdicts:
    """An old entry that nobody used since."""
    for row, _ in _others(reading, project):
        used = _through(row, reading.uses(project)).values()
        if row.created_at <= _line(reading) and not any(at > _line(reading) for at in used):
            proved = reading.uses(project) and not _for_artifacts(row)
            yield "fail" if proved else "unknown", row


def _for_artifacts(row: Row) -> bool:
    """Whether all that an entry permits may leave no row in the log."""
    return bool(row.permissions) and {*(row.permissions or ())} <= {"READ_JOBS", "ADMIN_JOBS"}


def sl702(reading: Reading, project: Part) -> Verdicts:
    """An open project is used by origins that no entry covers."""
    if reading.effective(project):
        return
    uncovered = set(reading.uses(project))
    for row, _ in _others(reading, project):
        uncovered -= set(_through(row, reading.uses(project)))
    if uncovered:
        yield "fail", None


def sl703(reading: Reading, project: Part) -> Verdicts:
    """A group entry of whose projects only few came."""
    for row, path in _others(reading, project):
        used, size = _through(row, reading.uses(project)), len(reading.below(path))
        late = any(at > _line(reading) for at in used.values())
        if row.kind != "group" or row.created_at > _line(reading) or not late:
            continue
        if not reading.visible("group", path):
            yield "open", None
        elif size >= MIN_PROJECTS and 100 * len(used) <= MAX_SHARE * size:
            yield "unknown" if _for_artifacts(row) else "fail", row


RULES: Final[dict[str, Judge]] = {
    judge.__name__.upper(): judge
    for judge in (
        sl101, sl102, sl104, sl201, sl202, sl301, sl302, sl303, sl304, sl305, sl306, sl307, sl401,
        sl402, sl403, sl404, sl405, sl406, sl501, sl502, sl503, sl601, sl602, sl701, sl702, sl703,
    )
}  # fmt: skip
"""The rules about a single project, by code."""
CODES: Final = sorted([*RULES, "SL103", "SL901", "SL902"])


def expect(reading: Reading) -> Expected:
    """Work out everything that a scan must give."""
    expected = Expected(enforcement=reading.enforcement())
    expected.unread = len(reading.scanned) - len(reading.readable)
    expected.not_judged = set(_not_judged(reading))
    if expected.enforcement == "off" and "SL103" not in expected.not_judged:
        expected.lines.add("SL103 fail -")
    for project in reading.scanned:
        if project not in reading.readable:
            expected.lines.add(f"SL901 unknown {project['path']}")
            continue
        for code in RULES.keys() - expected.not_judged:
            _judge(code, reading, project, expected)
    if expected.unread:
        expected.lines.add("SL902 unknown -")
    gates = any(line[:5] in SEVERE and " fail " in line for line in expected.lines)
    expected.exit_code = 1 if gates else 3 if expected.unread else 0
    return expected


def _judge(code: str, reading: Reading, project: Part, expected: Expected) -> None:
    for verdict, row in RULES[code](reading, project):
        if verdict == "open":
            expected.open.add((code, project["path"]))
        else:
            words = [code, verdict, project["path"], *([str(row)] if row else [])]
            expected.lines.add(" ".join(words))


def _not_judged(reading: Reading) -> Iterator[str]:
    enforcement = reading.enforcement()
    if not reading.admin or reading.release < Release(17, 6) or enforcement == "unknown":
        yield "SL103"
    if reading.api == "rest":
        yield "SL202"
        if enforcement != "off":
            yield "SL102"
    if not reading.whole_rows:
        yield from ("SL701", "SL702", "SL703")
    else:
        since = reading.log_since()
        if since is None or since > _line(reading):
            yield from ("SL701", "SL703")
    if reading.release < Release(17, 7):
        yield "SL501"
    elif reading.api == "rest":
        yield from ("SL401", "SL406", "SL501", "SL502", "SL503")
    if reading.api == "rest" and reading.release >= Release(19, 0):
        yield "SL602"


def _line(reading: Reading) -> datetime:
    """The moment that divides late uses and entries from old ones."""
    return reading.now - timedelta(days=DAYS)
