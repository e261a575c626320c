"""The levels of a gitlabform config: which keys hold for a project, and in what order.

As gitlabform's `configuration/groups.py`, `projects.py` and `core.py` have it: `"*"` holds
for all, `x/*` for a group and all below it, any other key with a `*` for the projects whose path
matches it, a path for that project. General levels come first, a group's before its sub-groups'.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from scopelint.policy.merge import (
    Branch,
    Item,
    Replaced,
    StopError,
    Value,
    holds_inherit,
    merge,
    refuse_inherit,
    truthy,
)
from scopelint.yaml import AnyNode, ScalarValue

SECTION = "job_token_scope"
_KEPT = (SECTION, "project")
"""Sections that decide; of the others only an `inherit` does, for gitlabform may stop at it."""


def kind_of_key(key: str) -> str:
    """Return what a key of `projects_and_groups` is: common, group, pattern or project."""
    if key == "*":
        return "common"
    if key.endswith("/*"):
        return "group"
    return "pattern" if "*" in key else "project"


def skipped_by(patterns: Iterable[str], path: str) -> str | None:
    """Return the first item of a skip list that hits a path, None where none does.

    `g/*` is compared as a prefix without its slash, so it hits `g-tools` too: gitlabform's bug.
    """
    item = path.lower()
    for pattern in patterns:
        one = pattern.lower()
        if one == item or (one.endswith("/*") and item.startswith(one[:-2])):
            return pattern
        if "*" in one and _matches(one, item):
            return pattern
    return None


@lru_cache(maxsize=10_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def _matches(pattern: str, item: str) -> bool:
    return _compiled(pattern).match(item) is not None


@dataclass(frozen=True, slots=True)
class SkipList:
    """`skip_projects` or `skip_groups`: its items, or the value that gitlabform crashes on."""

    items: tuple[str, ...] = ()
    broken: AnyNode | None = None

    def hits(self, path: str) -> bool:
        """Tell whether a path is to be skipped; raise StopError where the list is none."""
        if self.broken is not None:
            raise StopError(
                "a skip list without a value stops gitlabform",
                self.broken,
                "Write a list, or remove the key.",
            )
        return skipped_by(self.items, path) is not None


class Levels:
    """The levels of one config; gives the merged config of a project.

    `levels` are the values under `projects_and_groups`. `replaced` is called for every list
    that takes the place of an inherited one.
    """

    def __init__(
        self,
        levels: Mapping[str, Item],
        skip_groups: SkipList,
        replaced: Replaced | None = None,
    ) -> None:
        wanted: set[ScalarValue] = {*_KEPT, "inherit"}
        for item in levels.values():
            if isinstance(item.value, Branch):
                sections = item.value.items.items()
                wanted.update(name for name, each in sections if holds_inherit(each.value))
        values = {key: _only(item.value, wanted) for key, item in levels.items()}
        self._by_lower = {key.lower(): value for key, value in values.items()}
        self._patterns = sorted(
            (
                (len(key.partition("*")[0]), -key.count("*"), key)
                for key in levels
                if kind_of_key(key) == "pattern"
            ),
            reverse=True,
        )
        # What lacks the key has no such level; what has it without a value is another matter.
        self._common: Value = values.get("*", Branch())
        self._skip_groups = skip_groups
        self._replaced = replaced
        self._groups: dict[str, Branch | StopError] = {}

    def config(self, path: str) -> Branch:
        """Return the merged config of the project at a full path; raise StopError."""
        group = self._group(path.rpartition("/")[0])
        project = self._project(path)
        if isinstance(project, Branch) and not project:
            return group
        if not group and truthy(project):
            refuse_inherit(project)
        return merge(group, project, self._replaced)

    def _project(self, path: str) -> Value:
        lower = path.lower()
        exact = self._by_lower.get(lower)
        if exact is not None and truthy(exact):
            return exact
        for _, _, key in self._patterns:
            if _matches(key.lower(), lower):
                return self._by_lower[key.lower()]
        return Branch()

    def _group(self, group: str) -> Branch:
        if group not in self._groups:
            try:
                self._groups[group] = self._merged_group(group)
            except StopError as stop:
                self._groups[group] = stop
        found = self._groups[group]
        if isinstance(found, StopError):
            raise found
        return found

    def _merged_group(self, group: str) -> Branch:
        if self._skip_groups.hits(group):
            return Branch()
        if truthy(self._common):
            refuse_inherit(self._common)
        config = self._own(group) if "/" not in group else self._from_the_top(group)
        if not truthy(self._common) and truthy(config):
            refuse_inherit(config)
        return merge(self._common, config, self._replaced)

    def _from_the_top(self, group: str) -> Value:
        config: Value = Branch()
        parts = group.split("/")
        for end in range(1, len(parts) + 1):
            layer = self._own("/".join(parts[:end]))
            if truthy(layer) and not (truthy(self._common) or truthy(config)):
                refuse_inherit(layer)
            config = merge(config, layer, self._replaced) if truthy(config) else layer
        return config

    def _own(self, group: str) -> Value:
        return self._by_lower.get(f"{group}/*".lower(), Branch())


def _only(value: Value, wanted: set[ScalarValue]) -> Value:
    if not isinstance(value, Branch):
        return value
    items: dict[ScalarValue, Item] = {
        key: item for key, item in value.items.items() if key in wanted
    }
    if value.items and not items:
        # Still a level with something in it: it hides patterns, and counts as one above.
        items = {"": Item(next(iter(value.items.values())).key, Branch())}
    return Branch(value.node, items)
