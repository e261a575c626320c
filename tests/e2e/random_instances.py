"""Random instance files for the version matrix, made from a seed: the same seed, the same file.

An instance holds only what its GitLab release can hold (permissions from 17.7, self entries from
18.1 and so on), so that one file is one possible GitLab.
"""

import random
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from tests.e2e.reference import Release

Part: TypeAlias = dict[str, Any]

ADMIN, BOT = "glpat-matrix-admin", "glpat-matrix-bot"
OUTSIDE_GROUPS: list[Part] = [
    {"id": 50, "path": "partner", "visibility": "public"},
    {"id": 51, "path": "friends", "visibility": "public"},
    {"id": 52, "path": "hidden", "visibility": "private"},
    {"id": 53, "path": "void", "visibility": "public"},
]
OUTSIDE_PROJECTS: list[Part] = [
    {"id": 501, "path": "partner/sdk", "visibility": "public"},
    {"id": 502, "path": "partner/store", "visibility": "internal", "archived": True},
    {"id": 503, "path": "partner/old-deletion_scheduled-503", "visibility": "public"},
    {"id": 511, "path": "friends/tool", "visibility": "public"},
    {"id": 521, "path": "hidden/secret"},
    {"id": 522, "path": "hidden/gone-deletion_scheduled-522"},
    {"id": 531, "path": "mia/scratch", "visibility": "public"},
    {"id": 532, "path": "mia/diary"},
]
AGES = (2, 30, 120, 400)
"""Days ago; SL701 and SL703 draw the line at 90."""
FEATURES = ("repository", "builds", "container_registry", "releases", "environments", "issues")


def instance(seed: int, release: Release, now: datetime) -> Part:
    """Make an instance of one release as the simulator's file has it; ages count back from `now`."""
    chance = random.Random(f"{seed} {release}")
    calm = seed % 2 == 0 and chance.random() < 0.5
    return _Maker(chance, release, now, calm=calm).make()


class _Maker:
    def __init__(
        self, chance: random.Random, release: Release, now: datetime, *, calm: bool
    ) -> None:
        self.chance = chance
        self.release = release
        self.now = now
        self.calm = calm
        # Nothing in the instance gates.
        self.groups = self._groups()
        self.projects = self._projects()

    def make(self) -> Part:
        for project in self.projects:
            if self._one_in(12):
                project["settings_row"] = False
                project["scope"] = {"allowlist": self._allowlist(project)}
                continue
            project["scope"] = self._scope(project)
        return {
            "gitlab": {
                "version": f"{self.release}.0",
                "enforce_inbound": self.release >= Release(17, 6) and self._one_in(3),
            },
            "users": [
                {"username": "root", "admin": True},
                {"username": "bot"},
                {"username": "mia"},
            ],
            "tokens": [
                {"token": ADMIN, "user": "root", "scopes": ["api", "admin_mode"]},
                {"token": BOT, "user": "bot", "scopes": ["read_api"]},
            ],
            "roles": self._roles(),
            "groups": self.groups + OUTSIDE_GROUPS,
            "namespaces": [{"user": "mia"}],
            "projects": self.projects + [dict(project) for project in OUTSIDE_PROJECTS],
        }

    def _one_in(self, number: int) -> bool:
        return self.chance.randrange(number) == 0

    def _groups(self) -> list[Part]:
        paths = ["acme", "acme/web", "acme/lib", "acme/lib/core"]
        more = ("acme/ops", "acme/web/front", "acme/web/front/app", "acme/empty")
        paths += [path for path in more if self._one_in(2) and path.rpartition("/")[0] in paths]
        return [
            {"id": 10 + number, "path": path, "visibility": "public"}
            for number, path in enumerate(paths)
        ]

    def _projects(self) -> list[Part]:
        homes = [group["path"] for group in self.groups if group["path"] != "acme/empty"]
        found = []
        for number in range(101, 101 + self.chance.randint(7, 11)):
            name = f"p{number}" + (f"-deletion_scheduled-{number}" if self._one_in(10) else "")
            found.append(
                {
                    "id": number,
                    "path": f"{self.chance.choice(homes)}/{name}",
                    "visibility": self.chance.choice(["private"] * 3 + ["internal", "public"]),
                    "archived": self._one_in(8),
                    "access_levels": self._levels(),
                    "public_jobs": not self._one_in(4),
                }
            )
            if self._one_in(10):
                found[-1]["marked_for_deletion_on"] = self.now.date() + timedelta(days=20)
        if self._one_in(4):
            found[-1]["fails"] = "always"
        return found

    def _levels(self) -> Part:
        closed = self._one_in(2)
        levels = {
            feature: "private" if closed or self._one_in(3) else "enabled" for feature in FEATURES
        }
        registry = ["disabled", "private", "private", "enabled", "public"]
        return levels | {"package_registry": self.chance.choice(registry)}

    def _roles(self) -> list[Part]:
        roles = [{"user": "bot", "on": "acme", "role": "reporter"}]
        below = [group["path"] for group in self.groups if group["path"].count("/") == 1]
        return roles + [
            {"user": "bot", "on": path, "role": "maintainer"}
            for path in below
            if path == "acme/lib" or not self._one_in(3)
        ]

    def _scope(self, project: Part) -> Part:
        scope: Part = {
            "inbound": self.calm or not self._one_in(3),
            "outbound": self._one_in(6),
            "allowlist": self._allowlist(project),
        }
        if self.release >= Release(17, 2):
            scope["push"] = not self._one_in(3)
        if self.release >= Release(19, 0):
            scope["cross_project_push"] = not self.calm and not self._one_in(3)
        if self.release >= Release(17, 6):
            scope["log"] = self._log(project)
        return scope

    def _allowlist(self, project: Part) -> list[Part]:
        groups = [("group", group["path"]) for group in self.groups + OUTSIDE_GROUPS]
        projects = [("project", each["path"]) for each in self.projects + OUTSIDE_PROJECTS]
        own = ("project", project["path"])
        projects.remove(own)
        if self.calm:
            groups, projects = [], [target for target in projects if target[1].startswith("acme/")]
        number = self.chance.choice([0, 1, 3, 6])
        targets = self.chance.sample(groups, min(number, 3, len(groups))) + self.chance.sample(
            projects, number
        )
        if self.release >= Release(18, 1) and self._one_in(5):
            targets.append(own)
        rows = [self._row(kind, path) for kind, path in targets]
        if self._one_in(8):
            rows.append({"gone": self.chance.choice(["project", "group"])})
        if self._one_in(6):
            target = self.chance.choice([each["path"] for each in self.projects])
            rows.append({"project": target, "direction": "outbound"})
        return rows

    def _row(self, kind: str, path: str) -> Part:
        row: Part = {kind: path, "created_at": self._ago()}
        if self.release >= Release(17, 7):
            row["permissions"] = self._permissions()
            row["autopopulated"] = self._one_in(4)
        return row

    def _permissions(self) -> list[str] | None:
        sets: list[list[str] | None] = [
            None, None, [], ["READ_PACKAGES"], ["READ_PACKAGES", "READ_JOBS"],
            ["ADMIN_PACKAGES"], ["READ_PACKAGES", "ADMIN_PACKAGES"],
        ]  # fmt: skip
        if self.release >= Release(19, 0):
            sets.append(["ADMIN_REPOSITORIES"])
        return self.chance.choice(sets)

    def _log(self, project: Part) -> list[Part]:
        everybody = [each["path"] for each in self.projects + OUTSIDE_PROJECTS]
        everybody.remove(project["path"])
        origins = self.chance.sample(everybody, self.chance.choice([0, 1, 2, 4]))
        if self.release >= Release(18, 1) and self._one_in(2):
            origins.append(project["path"])
        return [{"origin": origin, "at": self._ago()} for origin in origins]

    def _ago(self) -> datetime:
        return self.now - timedelta(days=self.chance.choice(AGES))
