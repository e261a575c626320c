"""maven: the repositories that Maven takes packages from and deploys to."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from scopelint.access.token_requests import JOB_TOKEN
from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import Variables, scan_addresses
from scopelint_finders.xml_events import xml_elements

_HOLDERS: Final = frozenset({"repository", "pluginRepository", "snapshotRepository", "mirror"})
_OTHER: Final = re.compile(r"Private-Token|Deploy-Token", re.IGNORECASE)


class Maven(Finder):
    """Reads projects and settings of Maven."""

    name = "maven"
    title = "projects and settings of Maven"
    paths = ("pom.xml", "ci_settings.xml", "settings.xml", ".mvn/settings.xml", ".m2/settings.xml")

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield the repositories of this GitLab; those of `distributionManagement` are written to."""
        elements = list(xml_elements(file))
        properties = {
            each.way[-1]: each.text
            for each in elements
            if each.way[-2:-1] == ("properties",) and each.text
        }
        variables = Variables(file.project, file.site).with_values(properties)
        sends = JOB_TOKEN.search(file.text) is not None
        if not sends and _OTHER.search(file.text):
            return
        for each in elements:
            if each.way[-1] != "url" or not _HOLDERS & {*each.way[-2:-1]}:
                continue
            writes = "distributionManagement" in each.way
            found = scan_addresses(
                (each.line, each.text),
                file,
                subject="write_packages" if writes else "read_packages",
                variables=variables,
                writes=writes,
            )
            for reference in found:
                yield replace(reference, sends_token=sends)
