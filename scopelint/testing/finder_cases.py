"""Cases of finders: a file, and exactly what a finder must say of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from scopelint.access.token_requests import Subject
from scopelint.finder import FileReading, Finder, GitLabSite, Reference
from scopelint.yaml import load, to_python

OUTCOMES = {"names_": "names", "uses_": "uses", "none_": "none", "not_read_": "not read"}
"""What the beginning of a case's name says of the outcome."""


class ExpectedReference(BaseModel):
    """One reference that must be found: line, subject, targets, variable and group must be so.

    The rest is compared where it is given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: int
    subject: Subject
    target: str | None = None
    """A full path, or a number in digits."""
    targets: tuple[str, ...] = ()
    """The same where it is one of several."""
    variable: str | None = None
    group: str | None = None
    written: str | None = None
    package: str | None = None
    permissions: tuple[str, ...] | None = None
    needs_entry: bool | None = None
    sends_token: bool | None = None
    note_has: str = ""

    def matches(self, found: Reference) -> bool:
        """Tell whether this is the reference that was expected."""
        wanted = self.targets or ((self.target,) if self.target is not None else ())
        given = tuple(each.path or str(each.id) for each in found.targets)
        exact = (self.line, self.subject, wanted, self.variable, self.group)
        optional = (
            (self.written, found.written),
            (self.package, found.package),
            (self.permissions, found.permissions),
            (self.needs_entry, found.needs_entry),
            (self.sends_token, found.sends_token),
        )
        return (
            exact == (found.line, found.subject, given, found.variable, found.group)
            and all(wish is None or wish == has for wish, has in optional)
            and self.note_has in found.note
        )


class _FinderBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    path: str | None = None
    """By default the finder's first one."""
    project: str = "acme/web/shop"
    site: str = "https://gitlab.example.com"
    registry: str | None = None
    expect: tuple[ExpectedReference, ...] = ()
    read_next: tuple[str, ...] = ()
    fetches_submodules: bool = False
    not_read: str | None = None
    """A part of the reason."""


@dataclass(frozen=True, slots=True)
class FinderCase:
    """One case of a finder's case file."""

    name: str
    body: _FinderBody

    def read(self, finder: type[Finder], text: str | bytes | None = None) -> FileReading:
        """Return what a finder says of the case's file, or of another text in its place."""
        body = self.body
        return finder().read(
            body.text if text is None else text,
            path=body.path or finder.paths[0],
            project=body.project,
            site=GitLabSite.from_url(body.site, body.registry),
        )


def load_finder_cases(path: Path) -> tuple[FinderCase, ...]:
    """Read a case file; raise ConfigError or ValueError, with the file's name, where it is off."""
    data = to_python(load(path).root)
    if not isinstance(data, dict) or not data:
        raise ValueError(f"{path}: a case file is a mapping of case names to cases")
    cases = []
    for name, body in data.items():
        if not str(name).startswith(tuple(OUTCOMES)):
            raise ValueError(f"{path}: the case name {name!r} starts with none of {[*OUTCOMES]}")
        try:
            cases.append(FinderCase(name, _FinderBody.model_validate(body)))
        except ValueError as error:
            raise ValueError(f"{path}: {name}: {error}") from None
    return tuple(cases)


def check_finder_case(case: FinderCase, finder: type[Finder]) -> None:
    """Run one case; raise AssertionError that lists everything that differs."""
    reading = case.read(finder)
    body = case.body
    outcome = next(said for prefix, said in OUTCOMES.items() if case.name.startswith(prefix))
    problems = _reference_differences(body.expect, reading.references)
    if reading.outcome != outcome:
        problems.append(f"the outcome is {reading.outcome!r}: {reading.not_read or ''}")
    if (body.not_read or "") not in (reading.not_read or ""):
        problems.append(f"not read because {reading.not_read!r}, expected {body.not_read!r} in it")
    if reading.not_read is None and body.read_next != reading.read_next:
        problems.append(f"to be read next: {reading.read_next}, expected {body.read_next}")
    if reading.fetches_submodules is not body.fetches_submodules:
        problems.append(f"fetches submodules: {reading.fetches_submodules}")
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise AssertionError(f"{finder.name}, {case.name}:\n{lines}")


def run_finder_cases(path: Path, finder: type[Finder]) -> int:
    """Run every case of a file and return how many there are.

    Raises one AssertionError that lists what differs in any of them.
    """
    cases = load_finder_cases(path)
    failed = []
    for case in cases:
        try:
            check_finder_case(case, finder)
        except AssertionError as error:
            failed.append(str(error))
    if failed:
        raise AssertionError("\n".join(failed))
    return len(cases)


def _reference_differences(
    expected: Iterable[ExpectedReference], given: Sequence[Reference]
) -> list[str]:
    """Pair each expectation with one reference of its own; name what stays on either side."""
    left = list(given)
    problems = []
    for want in expected:
        match = next((each for each in left if want.matches(each)), None)
        if match is None:
            problems.append(f"missing: {want.model_dump_json(exclude_defaults=True)}")
        else:
            left.remove(match)
    return problems + [f"not expected: {each}" for each in left]
