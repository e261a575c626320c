"""The parts of a run: projects of one owner or below one group, and the files of each part.

A part is chosen as `--owner` and `--include` choose one, from a run that was read once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from scopelint.cli.files import Destination
from scopelint.errors import UsageError
from scopelint.filters import ProjectChoice
from scopelint.owners import OwnerRule, check_names, named_owners
from scopelint.paths import is_inside
from scopelint.report import Report

Division = Literal["owner", "group"]
"""What a run is divided by."""
_DIVISIONS: Final[tuple[Division, ...]] = ("owner", "group")
_LONGEST: Final = 80
"""Characters of a part's name in the name of a file."""
_DEVICES: Final = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(\..*)?")
"""Names that Windows takes for devices, with any ending."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a run."""

    name: str
    """An owner's name or a group's full path."""
    file_name: str
    """What stands for it in the name of a file; no two parts of a division share one."""
    chosen: ProjectChoice


def division(path: Path | None) -> Division | None:
    """Return what a report's file name divides the run by, None for a file of the whole."""
    name = path.name if path is not None else ""
    return next((each for each in _DIVISIONS if f"{{{each}}}" in name), None)


def check_divided(
    destinations: Iterable[Destination], chosen: ProjectChoice, owners: Sequence[OwnerRule]
) -> None:
    """Raise UsageError for a file name that the run cannot be divided by."""
    for path in (each.path for each in destinations if each.path is not None):
        by = [each for each in _DIVISIONS if f"{{{each}}}" in path.name]
        if len(by) > 1:
            raise UsageError(f"{path}: a file is of an owner or of a group, not of both")
        if by == ["owner"]:
            _check_named(f"the file {path}", owners)
        if by == ["group"] and chosen.include:
            raise UsageError(
                f"{path}: with --include there is no file for each group",
                hint="Leave --include out, or {group}.",
            )


def check_owners(chosen: ProjectChoice, owners: Sequence[OwnerRule]) -> None:
    """Raise UsageError for names of `--owner` that the configuration does not have."""
    if chosen.owners:
        _check_named("--owner", owners)
    check_names(chosen.owners, [each.name for each in named_owners(owners)])


def _check_named(what: str, owners: Sequence[OwnerRule]) -> None:
    if not owners:
        raise UsageError(
            f"{what} needs owners, and the configuration names none",
            hint="Name them under `owners:` in scopelint.yml, or import them:"
            " scopelint config init --owners CODEOWNERS",
        )


def parts(report: Report, by: Division, chosen: ProjectChoice) -> list[Part]:
    """Return the parts that the projects of a report make, those without a finding too.

    `chosen` is what the report is of.
    """
    paths = list(report.projects or ())
    if by == "owner":
        names = list(report.ownership.parts(paths)) if report.ownership else []
        choices = {
            name: replace(chosen, owners=(name,), ownership=report.ownership) for name in names
        }
    else:
        globs = dict(sorted({_group(path, report.scan.scan.targets) for path in paths}))
        choices = {name: replace(chosen, include=(glob,)) for name, glob in globs.items()}
    files = file_names(choices)
    return [Part(name, files[name], choice) for name, choice in choices.items()]


def _group(path: str, targets: Sequence[str]) -> tuple[str, str]:
    """Return the group directly below the target that holds a project, and a glob of it.

    What lies in the target itself is the target's part; of a whole instance, and of a project that
    is a target, it is the top-level group or namespace.
    """
    root = max((each for each in targets if is_inside(path, each)), key=len, default="")
    if root == path:
        root = ""
    rest = path[len(root) + 1 :] if root else path
    first, below, _ = rest.partition("/")
    if not root:
        return first, f"{first}/**"
    return (f"{root}/{first}", f"{root}/{first}/**") if below else (root, f"{root}/*")


def file_names(names: Iterable[str]) -> Mapping[str, str]:
    """Return for each name what stands for it in a file's name: safe, and of one name alone.

    Two names that a file system may take for the same get a digest each.
    """
    plain = {name: _plain(name) for name in names}
    count = Counter(text.casefold() for text in plain.values())
    found = {
        name: f"{text}-{_digest(name)}" if count[text.casefold()] > 1 else text
        for name, text in plain.items()
    }
    if len({text.casefold() for text in found.values()}) < len(found):
        # Somebody is called as another one's file.
        return {name: f"{text}-{_digest(name)}" for name, text in plain.items()}
    return found


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:12]


def _plain(name: str) -> str:
    """Return a name of letters, digits, dots, hyphens and underscores that is no special file."""
    text = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-.")[:_LONGEST].rstrip("-.")
    return f"_{text}" if not text or _DEVICES.fullmatch(text) else text


def placed(destinations: Iterable[Destination], by: Division, part: Part) -> list[Destination]:
    """Return the reports that are of a part, each with the part's own file."""
    found = []
    for each in destinations:
        if each.path is not None and division(each.path) == by:
            path = each.path.with_name(each.path.name.replace(f"{{{by}}}", part.file_name))
            found.append(Destination(each.reporter, path))
    return found


def of_whole(destinations: Iterable[Destination]) -> list[Destination]:
    """Return the reports that are of the whole run."""
    return [each for each in destinations if division(each.path) is None]


def divisions(destinations: Iterable[Destination]) -> Iterator[Division]:
    """Yield what these reports divide the run by, each once."""
    found = {division(each.path) for each in destinations}
    yield from (by for by in _DIVISIONS if by in found)
