"""CODEOWNERS files as `owners:` of scopelint.yml: each line a pattern of project paths, and owners.

The syntax is GitLab's (docs.gitlab.com, "Syntax of CODEOWNERS file"): sections with default owners,
optional ones, escapes, comments. In a repository such a file is about files inside one project, which
are nobody's projects; so it is a file that speaks of project paths. Of several sections that match,
GitLab asks the owners of each; here the last match of the whole file counts.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from scopelint.globs import fault_of
from scopelint.owners import RESERVED
from scopelint.text import holds_control, shown

_LONGEST: Final = 100
"""Characters of an owner's name."""
_SECTION: Final = re.compile(r"\^?\[(?P<name>[^\]]+)\](?:\[\d+\])?(?P<owners>(?:\s+.*)?)")
_WORDS: Final = re.compile(r"(?:\\.|\S)+")
_OWNER: Final = re.compile(r"@(?!@)\S+|[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True)
class OwnedPattern:
    """A line that was taken."""

    line: int
    """From 1."""
    glob: str
    """Of the full paths of projects."""
    owners: tuple[str, ...]
    """As the file has them; the first one is the owner, all are the contact."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A line, or a part of one, that was not taken."""

    line: int
    why: str
    """A sentence without a full stop."""


def read_codeowners(text: str) -> tuple[list[OwnedPattern], list[Passed]]:
    """Read a file; return the lines that were taken in their order, and what was not, and why."""
    taken: list[OwnedPattern] = []
    passed: list[Passed] = []
    defaults: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        section = _SECTION.fullmatch(content)
        if section is not None:
            defaults, strange = _owners(section["owners"].split())
            passed += (Passed(number, why) for why in strange)
            continue
        pattern, *words = _WORDS.findall(content)
        owners, strange = _owners(words)
        passed += (Passed(number, why) for why in strange)
        found = _glob(pattern)
        if isinstance(found, Passed):
            passed.append(Passed(number, found.why))
        elif owners or defaults:
            taken.append(OwnedPattern(number, found, owners or defaults))
        else:
            passed.append(Passed(number, f"{shown(pattern)} has no owner"))
    return taken, passed


def _owners(words: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the owners among words, and a sentence for each other one."""
    owners, strange = [], []
    for word in words:
        if word.startswith("@@"):
            strange.append(f"{shown(word)} is a role, and each project has other people in it")
        elif not _OWNER.fullmatch(word):
            strange.append(f"{shown(word)} is no owner: one is a @name or an email address")
        elif holds_control(word) or "," in word or len(word) > _LONGEST or word.lower() in RESERVED:
            strange.append(f"{shown(word)} can be no owner's name here")
        else:
            owners.append(word)
    return tuple(owners), strange


def _glob(pattern: str) -> str | Passed:
    """Return the glob of project paths that a pattern stands for, or why there is none.

    A path holds for itself and all below it. One that does not begin with a slash holds anywhere.
    """
    if pattern.startswith("!"):
        return Passed(0, f"{shown(pattern)} takes paths out, which owners: cannot say")
    text = re.sub(r"\\(.)", r"\1", pattern)
    if re.search(r"[\s\[\]#]", text):
        return Passed(0, f"no project's path is like {shown(text)}")
    anchored, path = text.startswith("/"), text.strip("/")
    if not path or path in {"*", "**"}:
        glob = "**"
    elif path.endswith("/*"):
        glob = path  # The projects in a group itself.
    else:
        glob = f"{path.removesuffix('/**')}/**"
    if not anchored and not glob.startswith("**"):
        glob = f"**/{glob}"
    fault = fault_of(glob)
    return glob if fault is None else Passed(0, f"{shown(pattern)}: {fault[0]}")


def owners_text(
    taken: Iterable[OwnedPattern], passed: Iterable[Passed], name: str
) -> Iterator[str]:
    """Yield the lines of `owners:`, with what was not taken in comments; `name` is the file's."""
    yield f"owners:                      # whose a project is, from {name}: the last match counts"
    for each in taken:
        owner, contact = each.owners[0], " ".join(each.owners)
        more = f", contact: {json.dumps(contact)}" if len(each.owners) > 1 else ""
        globs = json.dumps([each.glob])
        yield f"  - {{projects: {globs}, owner: {json.dumps(owner)}{more}}}   # line {each.line}"
    for one in passed:
        yield f"# line {one.line} was not taken: {one.why}"
