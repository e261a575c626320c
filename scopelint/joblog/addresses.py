"""The addresses in a log's line: which project each one names, and what a request there asks for."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from scopelint.access.token_requests import (
    URL,
    Address,
    NamedProject,
    image_project,
    named_project,
    read_url,
)

_SSH: Final = re.compile(r"\bgit@[\w.-]+:(?P<path>[\w./-]+?)(?:\.git)?(?=[\s'\"]|$)")
_GO: Final = re.compile(r"(?<![\w/.:@])(?P<host>[\w-]+(?:\.[\w-]+)+)/(?P<path>[\w./-]+?)@v[0-9]")
_CONAN: Final = re.compile(r"@(?P<path>[\w.-]+(?:\+[\w.-]+)+)/\w")
_HOST: Final = r"(?:[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?|[\w-]+:[0-9]+)"
_IMAGES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:denied for|repository \[|docker://|image \"?|permission for \"|push |pull )(?P<image>{_HOST}/[\w./-]+)",
        r"/v2/(?P<path>[\w./-]+?)/(?:manifests|blobs|tags)/",
    )
)
_SECRET: Final = re.compile(
    r"\[(?:MASKED|FILTERED|hidden)\]|\$\{?[A-Z_]*(?:TOKEN|PASSWORD)[A-Z_]*\}?|\*{4,}"
)


def addresses(line: str, methods: tuple[str, ...] = ()) -> Iterator[Address]:
    """Yield the addresses of one line, in their order; `methods` are what the request may use."""
    line = _SECRET.sub("secret", line)
    for match in URL.finditer(line):
        found = read_url(match.group().removeprefix("git+").rstrip(".:"), methods)
        if found is not None:
            yield found
    for match in _SSH.finditer(line):
        yield Address(None, "git", named_project(match["path"]))
    for match in _GO.finditer(line):
        yield Address(f"https://{match['host']}", None, named_project(match["path"]))
    for match in _CONAN.finditer(line):
        yield Address(None, None, named_project(match["path"].replace("+", "/")))


def image_target(lines: Iterable[str], job: NamedProject | None) -> NamedProject | None:
    """Return the project of the first image that these lines name.

    An image below the job's own project is that project's.
    """
    for pattern in _IMAGES:
        for line in lines:
            match = pattern.search(line)
            if match is None:
                continue
            groups = match.groupdict()
            found = (
                named_project(groups["path"])
                if groups.get("path")
                else image_project(groups["image"])
            )
            below = job.path if job is not None else None
            if found is not None and below and (found.path or "").startswith(f"{below}/"):
                return job
            if found is not None:
                return found
    return None
