"""nuget: the sources that .NET takes packages from."""

from collections.abc import Iterator
from dataclasses import replace

from scopelint.access.token_requests import JOB_TOKEN
from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import scan_addresses
from scopelint_finders.xml_events import xml_elements


class Nuget(Finder):
    """Reads the settings of NuGet."""

    name = "nuget"
    title = "settings of NuGet"
    paths = ("NuGet.config", "nuget.config", "NuGet.Config")

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield the package sources of this GitLab."""
        sends = JOB_TOKEN.search(file.text) is not None
        for each in xml_elements(file):
            if each.way[-2:] == ("packageSources", "add"):
                value = each.attributes.get("value", "")
                for found in scan_addresses((each.line, value), file, subject="read_packages"):
                    yield replace(found, sends_token=sends)
