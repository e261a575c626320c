"""git-submodules: the repositories that a repository holds as submodules."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from scopelint.access.token_requests import named_project, repository_path
from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import scan_addresses

_URL: Final = re.compile(r"^\s*url\s*=\s*(?P<url>.*)$", re.IGNORECASE)
_SSH: Final = re.compile(
    r"(?:ssh://)?(?:[\w.-]+@)(?P<host>[\w.-]+)(?::(?P<port>[0-9]+)/|:|/)(?P<path>/?[\w./-]+)"
)
_FETCHED: Final = (
    "it is a use only where pipelines fetch submodules: GIT_SUBMODULE_STRATEGY, which may also be set "
    "in GitLab's settings"
)
_BY_SSH: Final = f"{_FETCHED}; by SSH only with GIT_SUBMODULE_FORCE_HTTPS"


class GitSubmodules(Finder):
    """Reads `.gitmodules`; relative addresses are those of Git, seen from the project."""

    name = "git-submodules"
    title = "Git's list of submodules"
    paths = (".gitmodules",)

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield the repository of each submodule that is of the same GitLab."""
        for number, line in file.lines():
            match = _URL.match(line)
            if match is None:
                continue
            url = match["url"].strip().strip('"')
            if url.startswith(("./", "../")):
                yield from _relative(number, url, file)
                continue
            for each in scan_addresses((number, url), file, subject="clone", repositories=True):
                yield replace(each, sends_token=False, note=_FETCHED)
            ssh = _SSH.fullmatch(url)
            if ssh is not None and ssh["host"].lower() == file.site.host:
                yield from _named(number, ssh["path"], _BY_SSH)


def _named(line: int, path: str, note: str, written: str = "") -> Iterator[Reference]:
    path = repository_path(path)[0]
    project = named_project(path)
    if project is not None and project.path is not None:
        yield Reference(line, "clone", (project,), written or path, sends_token=False, note=note)


def _relative(line: int, url: str, file: RepositoryFile) -> Iterator[Reference]:
    """Yield the repository at an address relative to the project's own.

    As git-submodule(1) has it: `../x` is beside the project. One that climbs past the instance's
    first folder is of another place of the same host.
    """
    here = [*urlsplit(file.site.url).path.strip("/").split("/"), *file.project.split("/")]
    here = [part for part in here if part]
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            if not here:
                return
            here.pop()
        url = url.partition("/")[2]
    parts = [*here, *url.strip("/").split("/")]
    root = [part for part in file.site.root.split("/") if part]
    if parts[: len(root)] == root:
        yield from _named(line, "/".join(parts[len(root) :]), _FETCHED, written=url)
