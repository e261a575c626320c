"""The two pictures of the HTML page: the tree of groups, and which group's tokens reach which.

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
from scopelint_reports.html_outside import outside_pairs

STATIC_GROUPS = 16
"""Groups in the table that stands in for the picture on phones and where no script runs."""
FIRST_CELLS = 10
"""Groups a matrix shows at first; more columns than that fit on no screen."""
FIRST_OUTSIDE = 8
"""Origins from outside that the matrix begins with."""
STRONGEST = 10
"""Pairs of the list that stands in for the matrix on phones."""

_LEVELS = tuple(level.value for level in Severity)
_HEATS = 4
_LABEL_COLUMNS = 26


def group_rows(overview: Mapping[str, Any] | None, failing: Mapping[str, int]) -> list[list[Any]]:
    """Return each group as `[path, projects, unread, left out, failing, count of each severity …]`.

    `failing` counts the projects below a group that have a new failing finding. Parents come first.
    """
    if not overview:
        return []
    rows = []
    for group in overview["groups"]:
        path = visible(group["path"])
        numbers = (group["projects"], group["unread"], group.get("left_out", 0))
        counts = [group.get(level, 0) for level in _LEVELS]
        rows.append([path, *numbers, failing.get(path, 0), *counts])
    return rows


def tree_context(
    overview: Mapping[str, Any] | None, failing: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the rows of the static table: the highest of the groups, in the tree's order."""
    rows = [row for row in group_rows(overview, failing) if row[1]]
    highest = sorted(rows, key=lambda row: (row[0].count("/"), -row[1], row[0]))[:STATIC_GROUPS]
    shown = {row[0] for row in highest}
    return [_group(row) for row in rows if row[0] in shown]


def _group(row: Sequence[Any]) -> dict[str, Any]:
    path, projects, unread, left_out, failing, *numbers = row
    counts = [(level, number) for level, number in zip(_LEVELS, numbers, strict=True) if number]
    judged = projects - unread - left_out
    if judged <= 0:
        share = "not in this scan" if left_out else "not read"
    elif counts and not failing and any(level != "unknown" for level, _ in counts):
        share = "not listed here"
    else:
        share = f"{number(failing)} of {number(judged)}"
    return {
        "path": path,
        "href": "#" + urlencode({"group": path}),
        "projects": projects,
        "unread": unread,
        "left_out": left_out,
        "share": share,
        "counts": counts,
    }


def matrix_context(overview: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the matrix as the template takes it, or None where nothing can be shown.

    `first` holds the groups that reach and are reached most, `whole` all of them, and is None
    where `first` does already. Both begin with rows of origins from outside. `strongest` lists the
    pairs with the highest numbers.
    """
    reach = (overview or {}).get("reach")
    if not overview or not reach or not (reach["pairs"] or overview.get("outside")):
        return None
    groups = [visible(path) for path in reach["groups"]]
    pairs = {(origin, target): count for origin, target, count in reach["pairs"]}
    outside = outside_pairs(overview)
    if not groups or not (pairs or outside):
        return None
    # A report of before had no sizes: then nothing tells what was not looked at.
    sizes = [_Size(*size) for size in reach.get("projects", ())] or [_Size(1, 1, 0)] * len(groups)
    everyone = range(len(groups))
    made = _Matrix(groups, pairs, sizes, outside)
    few = len(groups) <= FIRST_CELLS and len(outside) <= FIRST_OUTSIDE
    weight: Counter[int] = Counter()
    for (origin, target), count in pairs.items():
        if origin != target:
            weight.update({origin: count, target: count})
    foreign = {at for _, into in outside[:FIRST_OUTSIDE] for at in into}
    busiest = sorted(everyone, key=lambda at: (at not in foreign, -weight[at], at))[:FIRST_CELLS]
    return {
        "first": made.table(sorted(busiest), FIRST_OUTSIDE),
        "whole": None if few else made.table(everyone, len(outside)),
        "count": len(groups),
        "strongest": made.strongest(),
    }


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


class _Matrix(NamedTuple):
    """What a matrix is made of: groups that are reached, and who reaches them."""

    groups: Sequence[str]
    pairs: Mapping[tuple[int, int], int]
    sizes: Sequence[_Size]
    outside: Sequence[tuple[str, Mapping[int, int]]]

    def table(self, chosen: Collection[int], foreign: int) -> dict[str, Any]:
        """Return heads and rows for these groups, the first origins from outside above them."""
        cut = _shared([self.groups[at] for at in chosen])
        inside = [count for pair, count in self.pairs.items() if set(pair) <= set(chosen)]
        most = max(inside, default=1)
        widest = max((max(into.values()) for _, into in self.outside), default=1)
        heads = [
            {
                "path": self.groups[at],
                "label": shorten_middle(self.groups[at][cut:], _LABEL_COLUMNS),
                "href": "#" + urlencode({"group": self.groups[at]}),
                "missing": self.sizes[at].words,
            }
            for at in chosen
        ]
        rows = [
            {
                "path": path,
                "outside": True,
                "href": "#" + urlencode({"from": path}),
                "cells": [self._cell(path, at, into.get(at, 0), widest) for at in chosen],
            }
            for path, into in self.outside[:foreign]
            if any(at in into for at in chosen)
        ]
        rows += [
            {
                "path": self.groups[origin],
                "outside": False,
                "href": "#" + urlencode({"from": self.groups[origin]}),
                "cells": [
                    self._cell(
                        self.groups[origin],
                        target,
                        self.pairs.get((origin, target), 0),
                        most,
                        own=origin == target,
                    )
                    for target in chosen
                ],
            }
            for origin in chosen
        ]
        return {"heads": heads, "rows": rows}

    def _cell(
        self, origin: str, target: int, count: int, most: int, *, own: bool = False
    ) -> dict[str, Any]:
        """Return a cell; its mark has `unseen` where no project of the target was read."""
        seen = bool(self.sizes[target].read)
        heat = 1 + min(_HEATS - 1, int(_HEATS * math.log1p(count) / math.log1p(max(most, 1))))
        marks = [f"heat-{heat}"] if count else []
        marks += ["own"] * own + ["unseen"] * (not count and not seen)
        path = self.groups[target]
        return {
            "count": count,
            "mark": " ".join(marks),
            "href": "#" + urlencode({"from": origin, "group": path}),
            "label": f"{number(count)}, from {origin} into {path}",
        }

    def strongest(self) -> list[dict[str, Any]]:
        """Return the pairs with the highest numbers, those from outside first."""
        foreign = [
            (count, path, self.groups[at])
            for path, into in self.outside
            for at, count in into.items()
        ]
        inside = [
            (count, self.groups[origin], self.groups[target])
            for (origin, target), count in self.pairs.items()
            if origin != target
        ]
        both = [*sorted(foreign, reverse=True)[: STRONGEST // 2], *sorted(inside, reverse=True)]
        return [
            {
                "count": count,
                "origin": origin,
                "target": target,
                "href": "#" + urlencode({"from": origin, "group": target}),
            }
            for count, origin, target in both[:STRONGEST]
        ]


def _shared(paths: Sequence[str]) -> int:
    """Return the length of the whole segments that all paths start with, one at least left."""
    above = [path.split("/")[:-1] for path in (min(paths), max(paths))]
    length = 0
    for one, other in zip(*above, strict=False):
        if one != other:
            break
        length += len(one) + 1
    return length
