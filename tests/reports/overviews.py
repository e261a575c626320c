"""Overviews (outside contract, section 5) for the tests of what is drawn from them."""

from typing import Any

from tests.reports.build import HTML


def small() -> dict[str, Any]:
    """Make the tree of `build.everything()`: ten teams, one of them with a name that hurts."""
    groups: list[dict[str, Any]] = [
        {"path": "acme", "projects": 42, "unread": 2, "critical": 1, "high": 4, "low": 3},
        {"path": "acme/hurt", "projects": 12, "unread": 0, "high": 3, "low": 2},
        {"path": f"acme/hurt/{HTML}", "projects": 4, "unread": 0, "low": 2},
        {"path": "acme/hurt/quiet", "projects": 6, "unread": 0},
        {"path": "acme/none", "projects": 0, "unread": 0},
        {"path": "acme/team-1", "projects": 10, "unread": 0, "critical": 1, "high": 1},
        {"path": "acme/team-2", "projects": 8, "unread": 0, "medium": 2, "low": 1},
        {"path": "acme/team-3", "projects": 6, "unread": 2, "unknown": 2},
    ]
    pairs = [[0, 1, 24], [1, 1, 90], [2, 0, 5000], [2, 3, 1]]
    return {
        "groups": groups,
        "reach": {"groups": [groups[i]["path"] for i in _CELLS], "pairs": pairs},
    }


_CELLS = (1, 5, 6, 7)


def big(groups: int = 2000, cells: int = 40) -> dict[str, Any]:
    """Make a tree of `groups` groups in ten teams, and a matrix without an empty cell."""
    teams = 10
    below = (groups - 1 - teams) // teams
    rows: list[dict[str, Any]] = [
        {"path": "acme", "projects": 5 * teams * (below + 1), "unread": 9, "high": 40_000}
    ]
    for team in range(teams):
        path = f"acme/team-{team}"
        rows.append({"path": path, "projects": 5 * (below + 1), "unread": 0, "high": 4_000})
        rows += [
            {"path": f"{path}/unit-{unit:03}", "projects": 5, "unread": unit % 7 == 0, "low": unit}
            for unit in range(below)
        ]
    for row in rows:
        row["unread"] = int(row["unread"])
    names = [row["path"] for row in rows if row["path"].count("/") == 2][:cells]
    everyone = range(len(names))
    pairs = [[origin, target, 1 + origin * target] for origin in everyone for target in everyone]
    return {"groups": rows, "reach": {"groups": names, "pairs": pairs}}
