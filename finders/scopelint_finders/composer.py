"""composer: the repositories that Composer takes packages from."""

from collections.abc import Iterator

from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import scan_addresses
from scopelint_finders.quoted import json_texts


class Composer(Finder):
    """Reads `composer.json`."""

    name = "composer"
    title = "projects of Composer"
    paths = ("composer.json",)

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield the package registries and repositories of this GitLab."""
        for keys, line, text in json_texts(file):
            if keys[:1] == ("repositories",) and keys[-1:] == ("url",):
                yield from scan_addresses((line, text), file, subject="clone", repositories=True)
