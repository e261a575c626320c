"""The two pictures of the HTML report: the tree of groups, and which group's tokens reach which.

Both come from the report's overview (outside contract, section 5) and are left out where a report
has none. The tree is drawn by the page's script from `group_rows`; the matrix is a table.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from scopelint.finding import Severity
from scopelint.text import counted, number, shorten_middle, visible

STATIC_GROUPS = 40
"""Groups in the table that stands in for the picture where no script runs."""
FIRST_CELLS = 16
"""Groups a matrix shows at first; more columns than that fit on no screen."""

_LEVELS = tuple(level.value for level in Severity)
_HEATS = 4
_LABEL_COLUMNS = 24


def group_rows(overview: Mapping[str, Any] | None) -> list[list[Any]]:
    """Return each group as `[path, projects, unread, left out, count of each severity …]`.

    Parents come first.
    """
    if not overview:
        return []
    return [
        [visible(group["path"]), group["projects"], group["unread"], group.get("left_out", 0)]
        + [group.get(level, 0) for level in _LEVELS]
        for group in overview["groups"]
    ]


def tree_context(overview: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the rows of the static table: the highest of the groups, in the tree's order."""
    rows = [row for row in group_rows(overview) if row[1]]
    highest = sorted(rows, key=lambda row: (row[0].count("/"), -row[1], row[0]))[:STATIC_GROUPS]
    shown = {row[0] for row in highest}
    return [_group(row) for row in rows if row[0] in shown]


def _group(row: Sequence[Any]) -> dict[str, Any]:
    path, projects, unread, left_out, *numbers = row
    counts = [(level, number) for level, number in zip(_LEVELS, numbers, strict=True) if number]
    if counts:
        nothing = ""
    elif left_out + unread >= projects:
        nothing = "not in this scan" if left_out else "not read"
    else:
        nothing = "none in what was judged" if left_out or unread else "none"
    return {
        "path": path,
        "projects": projects,
        "unread": unread,
        "left_out": left_out,
        "counts": counts,
        "nothing": nothing,
    }


def matrix_context(overview: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the matrix as the template takes it, or None where nothing can be shown.

    `first` holds the groups that reach and are reached most, `whole` all of them, and is None
    where `first` does already.
    """
    reach = (overview or {}).get("reach")
    if not reach or not reach["pairs"]:
        return None
    groups = [visible(path) for path in reach["groups"]]
    pairs = {(origin, target): count for origin, target, count in reach["pairs"]}
    # A report of before had no sizes: then nothing tells what was not looked at.
    sizes = [_Size(*size) for size in reach.get("projects", ())] or [_Size(1, 1, 0)] * len(groups)
    everyone = range(len(groups))
    whole = _matrix(groups, pairs, sizes, everyone)
    if len(groups) <= FIRST_CELLS:
        return {"first": whole, "whole": None, "count": len(groups)}
    weight: Counter[int] = Counter()
    for (origin, target), count in pairs.items():
        if origin != target:
            weight.update({origin: count, target: count})
    busiest = sorted(everyone, key=lambda at: (-weight[at], at))[:FIRST_CELLS]
    first = _matrix(groups, pairs, sizes, sorted(busiest))
    return {"first": first, "whole": whole, "count": len(groups)}


class _Size(NamedTuple):
    """The projects of a group of the matrix: all, those read, and those left out."""

    projects: int
    read: int
    left_out: int

    @property
    def words(self) -> str:
        """Say what of the group was not looked at, empty where all of it was."""
        unread = self.projects - self.read - self.left_out
        parts = [f"{number(self.left_out)} of {counted(self.projects, 'project')} left out"]
        parts = parts if self.left_out else []
        return ", ".join([*parts, f"{number(unread)} not read"] if unread else parts)


def _matrix(
    groups: Sequence[str],
    pairs: Mapping[tuple[int, int], int],
    sizes: Sequence[_Size],
    chosen: Collection[int],
) -> dict[str, Any]:
    cut = _shared([groups[at] for at in chosen])
    most = max((count for pair, count in pairs.items() if set(pair) <= set(chosen)), default=1)
    heads = [
        {
            "path": groups[at],
            "label": shorten_middle(groups[at][cut:], _LABEL_COLUMNS),
            "href": "#" + urlencode({"group": groups[at]}),
            "missing": sizes[at].words,
        }
        for at in chosen
    ]
    rows = [
        [
            _cell(
                pairs.get((origin, target), 0),
                most,
                own=origin == target,
                seen=bool(sizes[target].read),
            )
            for target in chosen
        ]
        for origin in chosen
    ]
    return {"heads": heads, "rows": list(zip(heads, rows, strict=True))}


def _cell(count: int, most: int, *, own: bool, seen: bool) -> tuple[int, str]:
    """Return a cell's number and its classes; `unseen` where no project of the target was read."""
    if not count:
        classes = ("own",) * own + ("unseen",) * (not seen)
        return 0, " ".join(classes)
    heat = 1 + min(_HEATS - 1, int(_HEATS * math.log1p(count) / math.log1p(most)))
    return count, f"heat-{heat}" + (" own" if own else "")


def _shared(paths: Sequence[str]) -> int:
    """Return the length of the whole segments that all paths start with, one at least left."""
    above = [path.split("/")[:-1] for path in (min(paths), max(paths))]
    length = 0
    for one, other in zip(*above, strict=False):
        if one != other:
            break
        length += len(one) + 1
    return length
