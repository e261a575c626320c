"""npm: the registries and repositories that npm, Yarn and pnpm take packages from."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from scopelint.access.token_requests import JOB_TOKEN
from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import scan_addresses
from scopelint_finders.quoted import json_texts

_DEPENDENCIES: Final = frozenset(
    [
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
        "resolutions",
        "overrides",
    ]
)
_COMMENT: Final = re.compile(r"^\s*[#;]")
_AUTH: Final = re.compile(
    r":_?(?:auth(?:Token)?|password)\"?\s*[=:\s]\s*\"?(?P<token>[^\s\"]*)", re.IGNORECASE
)
_SHORT: Final = re.compile(r"gitlab:(?P<path>[\w.-]+(?:/[\w.-]+)+)(?:#.*)?")


class Npm(Finder):
    """Reads `package.json`, and the settings of npm and Yarn."""

    name = "npm"
    title = "packages and settings of npm, Yarn and pnpm"
    paths = ("package.json", ".npmrc", ".yarnrc", ".yarnrc.yml")

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield registries that packages come from or go to, and repositories."""
        if file.path.endswith("package.json"):
            yield from _package(file)
        else:
            yield from _settings(file)


def _package(file: RepositoryFile) -> Iterator[Reference]:
    for keys, line, text in json_texts(file):
        if keys[:1] == ("publishConfig",):
            yield from scan_addresses((line, text), file, subject="write_packages", writes=True)
        elif _DEPENDENCIES & {*keys}:
            if file.site.host == "gitlab.com" and (short := _SHORT.fullmatch(text)):
                text = f"git+https://gitlab.com/{short['path']}.git"
            git = text.startswith("git+")
            yield from scan_addresses((line, text), file, subject="clone", repositories=git)


def _settings(file: RepositoryFile) -> Iterator[Reference]:
    sends = JOB_TOKEN.search(file.text) is not None
    for number, line in file.lines():
        if _COMMENT.match(line):
            continue
        auth = _AUTH.search(line)
        # A token that stands there itself is another one: a job's does not live that long.
        if auth is not None and "$" not in auth["token"]:
            continue
        for each in scan_addresses((number, line), file, subject="read_packages"):
            yield replace(each, sends_token=sends)
