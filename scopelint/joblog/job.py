"""Which project's job a log is of: what the runner and the clients print of its folders."""

import re
from collections.abc import Sequence
from typing import Final

from scopelint.access.token_requests import NamedProject

_BUILDS: Final = (
    r"(?:/[\w.-]+)*/builds/(?:[A-Za-z0-9_-]{8,10}/[0-9]+/)?(?P<path>[\w.-]+(?:/[\w.-]+)+?)"
)
"""Where a runner checks out: `/builds/GROUP/PROJECT`, on some executors below its own name."""
_ROOT: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:Initialized empty|Reinitialized existing) Git repository in {_BUILDS}/\.git/?$",
        rf"direct dependency of {_BUILDS}$",
        rf"{_BUILDS}/(?:yarn-error\.log|\.npm/|node_modules/|\.terraform/|package(?:-lock)?\.json)",
    )
)
_ANY: Final = re.compile(rf"{_BUILDS}(?=[\s'\":)]|$)")
_NAMED: Final = re.compile(r"job token not allowed from (?P<name>[\w.-]+) to ", re.IGNORECASE)
_SUBMODULE: Final = re.compile(
    r"(?:submodule url for|registered for path) '(?P<below>[^']+)'", re.IGNORECASE
)
_FETCHES: Final = re.compile(r"^(?:Fetching changes|Getting source from Git)")
_PAST_FETCH: Final = re.compile(r"^(?:\$ |\+ |Checking out )|Cloning into|submodule", re.IGNORECASE)


def job_project(lines: Sequence[str], given: str | None) -> NamedProject | None:
    """Return the project whose job it is; `given` is CI_PROJECT_PATH, where it is known.

    None where the log shows only folders that may lie deeper than the project's own.
    """
    if given:
        return NamedProject(path=given)
    for pattern in _ROOT:
        for line in lines:
            match = pattern.search(line)
            if match is not None:
                return NamedProject(path=match["path"])
    return _above_named(lines) or _above_submodule(lines)


def _above_named(lines: Sequence[str]) -> NamedProject | None:
    """Cut a folder where the project begins that GitLab names by its last segment."""
    names = {match["name"] for match in map(_NAMED.search, lines) if match is not None}
    for line in lines:
        for match in _ANY.finditer(line):
            segments = match["path"].split("/")
            for place, segment in enumerate(segments):
                if place and segment in names:
                    return NamedProject(path="/".join(segments[: place + 1]))
    return None


def _above_submodule(lines: Sequence[str]) -> NamedProject | None:
    """Cut a submodule's own path off the folder that it is cloned into."""
    below = {match["below"] for match in map(_SUBMODULE.search, lines) if match is not None}
    for line in lines:
        for match in _ANY.finditer(line):
            for each in below:
                if match["path"].endswith(f"/{each}"):
                    return NamedProject(path=match["path"].removesuffix(f"/{each}"))
    return None


def is_own_fetch(lines: Sequence[str], number: int) -> bool:
    """Tell whether a line was printed while the runner fetched the job's own project."""
    for line in reversed(lines[:number]):
        if _FETCHES.match(line):
            return True
        if _PAST_FETCH.search(line):
            return False
    return False
