"""python-packages: the indexes and repositories that Python packages come from."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from scopelint.access.token_requests import JOB_TOKEN
from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import scan_addresses
from scopelint_finders.quoted import toml_texts

_COMMENT: Final = re.compile(r"(?:^|\s)[#;].*$")
_ABOUT: Final = frozenset({"homepage", "repository", "documentation", "urls", "readme"})
"""Keys whose addresses are for readers."""


class PythonPackages(Finder):
    """Reads requirements, `pyproject.toml`, and the settings of pip, Pipenv and Twine."""

    name = "python-packages"
    title = "requirements, projects and settings of Python packages"
    paths = (
        "pyproject.toml",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-test.txt",
        "requirements/base.txt",
        "requirements/dev.txt",
        "requirements/test.txt",
        "dev-requirements.txt",
        "constraints.txt",
        "setup.cfg",
        "pip.conf",
        "Pipfile",
        "poetry.toml",
        ".pypirc",
    )

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield indexes, and repositories of direct references."""
        sends = JOB_TOKEN.search(file.text) is not None
        found = _toml(file) if file.path.endswith((".toml", "Pipfile")) else _lines(file)
        for each in found:
            yield replace(each, sends_token=each.sends_token or (sends and each.route is not None))


def _toml(file: RepositoryFile) -> Iterator[Reference]:
    for keys, line, text in toml_texts(file):
        if _ABOUT & {*keys[-2:]}:
            continue
        writes = keys[-1:] == ("publish-url",) or keys[:1] == ("repositories",)
        git = keys[-1:] == ("git",) or "git+" in text
        yield from scan_addresses(
            (line, text),
            file,
            subject="clone" if git else "read_packages",
            repositories=git,
            writes=writes,
        )


def _lines(file: RepositoryFile) -> Iterator[Reference]:
    writes = file.path.endswith(".pypirc")
    for number, line in file.lines():
        # A comment begins after a blank: `#egg=x` belongs to its address.
        text = _COMMENT.sub("", line)
        if re.match(r"\s*(?:url|project_urls|download_url)\s*=", text) and not writes:
            continue
        git = "git+" in text
        yield from scan_addresses(
            (number, text),
            file,
            subject="clone" if git else "read_packages",
            repositories=git,
            writes=writes,
        )
