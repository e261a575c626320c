"""What is left out by choice: when GitLab is read (`Filters`), and of a file that was read before.

What is left out is neither judged nor a pass: a third state beside judged and not read. Every
command that takes `--include` and `--exclude` asks here which projects they mean.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from scopelint.globs import GlobSet, matches
from scopelint.owners import UNKNOWN_OWNER, Ownership


@dataclass(frozen=True)
class ProjectChoice:
    """The projects that are meant; without any selector, all of them.

    A selector is a field; `filter_of` decides what they mean together. A project must pass each.
    """

    include: tuple[str, ...] = ()
    """Globs of full paths; where there are some, a project must match one."""
    exclude: tuple[str, ...] = ()
    """Globs of full paths that are left out."""
    owners: tuple[str, ...] = ()
    """Names of owners, or of the parts without a known one; where there are some, one of them must
    own a project, or may own one whose owner cannot be told."""
    ownership: Ownership | None = field(default=None, compare=False, repr=False)
    """Who owns what; there wherever `owners` has names and projects are looked at."""

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude or self.owners)

    @cached_property
    def _globs(self) -> tuple[GlobSet, GlobSet]:
        return GlobSet(self.include), GlobSet(self.exclude)

    def filter_of(self, path: str) -> Literal["include", "exclude", "owner"] | None:
        """Return the first selector that leaves the project at a full path out, None for none."""
        if self.include or self.exclude:
            include, exclude = self._globs
            if include and not include.matches(path):
                return "include"
            if exclude.matches(path):
                return "exclude"
        if self.owners:
            if self.ownership is None:
                raise ValueError("owners are chosen, and nobody said who owns what")
            return None if self.ownership.may_belong_to(path, self.owners) else "owner"
        return None

    def holds(self, path: str) -> bool:
        """Tell whether the project at a full path is meant."""
        return self.filter_of(path) is None

    def surely_holds(self, path: str) -> bool:
        """Tell the same, False where it cannot be told whose the project is."""
        if self.owners and self.ownership is not None:
            part = self.ownership.part_of(path)
            if part == UNKNOWN_OWNER or part not in self.owners:
                return False
        return self.holds(path)

    def words(self) -> Iterator[str]:
        """Yield each selector as it is written on the command line: `--include acme/a,acme/b`."""
        given = (("include", self.include), ("exclude", self.exclude), ("owner", self.owners))
        for name, words in given:
            if words:
                yield f"--{name} {','.join(words)}"

    def without_effect(self, paths: Iterable[str], whole: str) -> list[str]:
        """Return a sentence for each selector that matches none of these full paths.

        `whole` says what they are the projects of: `the targets`.
        """
        given = [("--include", glob) for glob in self.include]
        given += [("--exclude", glob) for glob in self.exclude]
        if not given and not self.owners:
            return []
        paths = list(paths)
        patterns = {p for _, glob in given for p in (glob, f"{glob}/**")}
        found: set[str] = set()
        for path in paths:
            found.update([p for p in patterns - found if matches(p, path)])
        sentences = []
        for option, glob in given:
            below = f"{glob}/**"
            hint = f"; {below} would match what is below it" if below in found else ""
            if glob not in found:
                sentences.append(f"{option} {glob} matches no project of {whole}{hint}")
        if self.ownership is not None:
            parts = set(self.ownership.parts(paths)) if self.owners else set()
            sentences += [
                f"--owner {name} owns no project of {whole}"
                for name in self.owners
                if name not in parts
            ]
        return sentences


ALL_PROJECTS: Final = ProjectChoice()
"""The choice that leaves nothing out."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a collection was asked to read; only collections with equal filters are merged."""

    include: tuple[str, ...] = ()
    """Globs of full paths; where there are some, a project must match one."""
    exclude: tuple[str, ...] = ()
    """Globs of full paths that are left out."""
    archived: Literal["include", "exclude", "only"] = "include"
    usage: bool = False
    """Whether the authentication log is read."""
    chosen: ProjectChoice = ALL_PROJECTS
    """What was chosen of the collection when it was judged; no snapshot holds it."""

    @property
    def choice(self) -> ProjectChoice:
        """The projects that were asked for by path."""
        return ProjectChoice(self.include, self.exclude)

    @property
    def everything(self) -> bool:
        """Whether nothing below the targets was left out."""
        return not self.choice and self.archived == "include" and not self.chosen

    def may_leave_out(self, path: str) -> bool:
        """Tell whether the project at a full path may have been left out, archived or not."""
        named = self.choice.holds(path) and self.chosen.surely_holds(path)
        return not named or self.archived != "include"

    def words(self) -> list[str]:
        """Return what was left out by, in the words of the command line; nothing for everything."""
        archived = [] if self.archived == "include" else [f"--archived {self.archived}"]
        return [*self.choice.words(), *archived, *self.chosen.words()]
