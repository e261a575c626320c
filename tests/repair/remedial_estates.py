"""Random instances in which rules of every kind with a remedy find something."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from tests.repair import applying

VERSIONS: Final = ("17.11.0", "18.5.0", "19.3.0")
NOW: Final = datetime.now(UTC).replace(microsecond=0)
OLD, YOUNG, LATE = ((NOW - timedelta(days=days)).isoformat() for days in (400, 5, 10))
SUBJECTS: Final = ("acme/web/shop", "acme/web/site", "acme/prod/pay", "acme/lib/deep/one")
"""The projects whose scopes are random."""
_GROUPS: Final = (
    {"group": "acme"},
    {"group": "acme/web"},
    {"group": "acme/lib"},
    {"group": "acme/lib/deep"},
    {"group": "acme/wide"},
    {"group": "acme/empty"},
    {"group": "acme/dead"},
    {"group": "partner"},
)
_PROJECTS: Final = (
    {"project": "acme/lib/core"},
    {"project": "acme/lib/old"},
    {"project": "acme/wide/p3"},
    {"project": "partner/sdk"},
    {"project": "mia/scratch"},
    {"project": "acme/dead/one"},
    {"project": "acme/sandbox/try"},
)
_PERMISSIONS: Final[tuple[list[str] | None, ...]] = (
    None,
    None,
    [],
    ["READ_JOBS"],
    ["READ_PACKAGES", "READ_JOBS"],
)


def estate(seed: int) -> dict[str, Any]:
    """Return a random instance; the same seed gives the same."""
    random = Random(seed)
    version = random.choice(VERSIONS)
    users = [{"username": "bot"}, {"username": "mia"}]
    visibilities = ("private", "internal", "public")
    others = [
        *({"path": f"acme/wide/p{number}"} for number in range(12)),
        {"path": "acme/lib/core"},
        {"path": "acme/lib/old", "archived": True},
        {"path": "acme/dead/one"},
        {"path": "partner/sdk", "visibility": "public"},
        {"path": "mia/scratch", "visibility": "public"},
        {"path": "acme/sandbox/try"},
    ]
    return {
        "gitlab": {"version": version, "enforce_inbound": random.random() < 0.3},
        "users": users,
        "tokens": [{"token": applying.TOKEN, "user": "bot", "scopes": ["api"]}],
        "roles": [{"user": "bot", "on": "acme", "role": "maintainer"}],
        "namespaces": [{"user": "mia"}],
        "groups": [
            {"path": "acme"},
            *(
                {"path": f"acme/{name}"}
                for name in ("web", "lib", "prod", "wide", "empty", "sandbox")
            ),
            {"path": "acme/lib/deep"},
            {"path": "acme/dead", "marked_for_deletion_on": NOW.date().isoformat()},
            {"path": "partner", "visibility": "public"},
        ],
        "projects": [
            *others,
            *(
                {
                    "path": path,
                    "visibility": random.choice(visibilities[:1] * 3 + visibilities),
                    "mirror": random.random() < 0.5,
                    "scope": _scope(path, random, version),
                }
                for path in SUBJECTS
            ),
        ],
    }


def _scope(path: str, random: Random, version: str) -> dict[str, Any]:
    release = tuple(map(int, version.split(".")[:2]))
    rows = random.sample(_GROUPS, random.randint(0, 4)) + random.sample(
        _PROJECTS, random.randint(0, 5)
    )
    origins = [f"acme/wide/p{number}" for number in range(3)] + ["acme/lib/core", "partner/sdk"]
    return {
        "inbound": random.random() < 0.6,
        "outbound": random.random() < 0.4,
        "push": random.random() < 0.5,
        "cross_project_push": release >= (19, 0) and random.random() < 0.5,
        "allowlist": [
            *(_entry(row, random, release) for row in rows),
            *(
                {"project": one, "direction": "outbound"}
                for one in ("acme/lib/core", "acme/lib/old")
                if random.random() < 0.4
            ),
        ],
        "log": [
            {"origin": one, "at": random.choice((LATE, OLD))}
            for one in random.sample(origins, random.randint(0, 3))
            if one != path
        ],
    }


def _entry(row: dict[str, str], random: Random, release: tuple[int, ...]) -> dict[str, Any]:
    entry: dict[str, Any] = {**row, "created_at": random.choice((OLD, OLD, YOUNG))}
    if release >= (17, 9) and (permissions := random.choice(_PERMISSIONS)) is not None:
        entry["permissions"] = permissions
    if "group" in row and random.random() < 0.3:
        entry |= {"added_by": "bot", "autopopulated": True}
    return entry
