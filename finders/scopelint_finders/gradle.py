"""gradle: the repositories that Gradle takes packages from and publishes to."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from scopelint.access.token_requests import JOB_TOKEN, OTHER_TOKEN
from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import Variables, scan_addresses

_GETENV: Final = re.compile(
    r"(?:\$\{\s{0,9})?(?:System\.getenv|providers\.environmentVariable)"
    r"\(\s{0,9}[\"'](?P<name>\w+)[\"']\s{0,9}\)(?:\.get\(\))?\s{0,9}\}?(?:\s{0,9}\+\s{0,9}[\"'])?"
)
_LITERAL: Final = re.compile(
    r"^\s*(?:def|val|var|String|ext\.|const val)\s*(?P<name>\w+)(?:\s*:\s*String)?\s*=\s*[\"'](?P<value>[^\"'$]*)[\"']\s*(?:;\s*)?$"
)
_COMMENT: Final = re.compile(r"^\s*(?://|/?\*)")


class Gradle(Finder):
    """Reads the build scripts of Gradle, in Groovy and in Kotlin."""

    name = "gradle"
    title = "build scripts of Gradle"
    paths = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield the repositories of this GitLab; those below `publishing` are written to."""
        sends = JOB_TOKEN.search(file.text) is not None
        if not sends and OTHER_TOKEN.search(file.text):
            return
        lines = [(number, _GETENV.sub(r"${\g<name>}", line)) for number, line in file.lines()]
        found = (match for _, line in lines if (match := _LITERAL.match(line)) is not None)
        values: dict[str, set[str]] = {}
        for match in found:
            values.setdefault(match["name"], set()).add(match["value"])
        known = {name: min(each) for name, each in values.items() if len(each) == 1}
        variables = Variables(file.project, file.site).with_values(known)
        depth, publishing = 0, None
        for number, line in lines:
            if _COMMENT.match(line):
                continue
            if publishing is None and re.match(r"\s*publishing\b", line):
                publishing = depth
            code = re.sub(r"\$\{[^{}]*\}", "", line)
            depth += code.count("{") - code.count("}")
            writes = publishing is not None
            for each in scan_addresses(
                (number, line),
                file,
                subject="write_packages" if writes else "read_packages",
                variables=variables,
                writes=writes,
            ):
                yield replace(each, sends_token=sends)
            if publishing is not None and depth <= publishing and "}" in line:
                publishing = None
