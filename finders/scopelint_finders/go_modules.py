"""go-modules: the modules that a Go module requires."""

import re
from collections.abc import Iterator
from typing import Final

from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import module_targets

_WORD: Final = re.compile(r"[^\s\"`()]+")
_MAJOR: Final = re.compile(r"/v[0-9]+$")
_VERBS: Final = frozenset({"require", "replace", "exclude", "retract", "module", "tool", "ignore"})
_NOTE: Final = "it is a use where Go asks GitLab itself, not a proxy"


class GoModules(Finder):
    """Reads `go.mod`: the modules of the same host."""

    name = "go-modules"
    title = "Go's list of required modules"
    paths = ("go.mod",)

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield the projects that a required module, or one in its place, may be of."""
        required: dict[str, int] = {}
        replaced: set[str] = set()
        for verb, number, words in _directives(file):
            if verb == "require" and words:
                required.setdefault(words[0], number)
            elif verb == "replace" and "=>" in words:
                place = words.index("=>")
                if place:
                    replaced.add(words[0])
                if words[place + 1 :] and not words[place + 1].startswith("."):
                    yield from _module(words[place + 1], number, file)
        for module, number in required.items():
            if module not in replaced:
                yield from _module(module, number, file)


def _directives(file: RepositoryFile) -> Iterator[tuple[str, int, list[str]]]:
    block = None
    for number, line in file.lines():
        line = line.partition("//")[0]
        words = _WORD.findall(line)
        if block is not None:
            if line.strip() == ")":
                block = None
            elif words:
                yield block, number, words
        elif words and words[0] in _VERBS:
            if line.rstrip().endswith("("):
                block = words[0]
            else:
                yield words[0], number, words[1:]


def _module(module: str, line: int, file: RepositoryFile) -> Iterator[Reference]:
    """Yield the projects that a module may be of.

    The module `example.com/acme/lib/log` is the project `acme/lib/log`, or the folder `log` of
    `acme/lib`; where `.git` stands in it, the repository ends there.
    """
    home = f"{file.site.host}{file.site.root}/"
    if not module.lower().startswith(home):
        return
    path = module[len(home) :]
    repository, ends, _ = path.partition(".git/") if ".git/" in path else path.partition(".git")
    sure = (bool(ends) and path in {f"{repository}.git"}) or ".git/" in path
    targets = module_targets(_MAJOR.sub("", repository if sure else path))
    targets = targets[:1] if sure else targets
    if targets:
        yield Reference(line, "clone", targets, path, sends_token=False, note=_NOTE)
