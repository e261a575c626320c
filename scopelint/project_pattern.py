"""Which projects an item of the configuration is for: by path, topic, framework, visibility, age.

A project that GitLab told too little of matches neither surely nor surely not: the answer is None.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Final

from scopelint.globs import GlobSet


@dataclass(frozen=True, slots=True)
class ProjectKind:
    """What a project is chosen by besides its path; None is what was not read."""

    topics: frozenset[str] | None = None
    """In lower case."""
    frameworks: frozenset[str] | None = None
    """The names of its compliance frameworks, in lower case."""
    visibility: str | None = None
    created_at: datetime | None = None

    @property
    def unread(self) -> int:
        """How many of its facts were not read."""
        return [self.topics, self.frameworks, self.visibility, self.created_at].count(None)

    @classmethod
    def of(
        cls,
        topics: Iterable[str] | None,
        frameworks: Iterable[str] | None,
        visibility: str | None,
        created_at: datetime | None,
    ) -> "ProjectKind":
        """Return the kind, the names as GitLab writes them; None is not read."""
        return cls(
            None if topics is None else frozenset(map(str.lower, topics)),
            None if frameworks is None else frozenset(map(str.lower, frameworks)),
            visibility,
            created_at,
        )


NOT_READ: Final = ProjectKind()
"""What is known of a project that was listed and not read."""


@dataclass(frozen=True)
class ProjectPattern:
    """A choice of projects: one must meet everything that is given, by any word of it."""

    globs: GlobSet = field(default_factory=GlobSet)
    """Of full paths; without any, every path matches."""
    topics: frozenset[str] = frozenset()
    """In lower case."""
    frameworks: frozenset[str] = frozenset()
    """In lower case."""
    visibility: frozenset[str] = frozenset()
    created_after: date | None = None
    """The first day (UTC) on which a project may have been made."""

    @cached_property
    def by_path(self) -> bool:
        """Whether the path alone decides."""
        return not (self.topics or self.frameworks or self.visibility or self.created_after)

    def matches(self, path: str, kind: ProjectKind | None) -> bool | None:
        """Tell whether the project at a full path is meant, None where that was not read."""
        if self.globs and not self.globs.matches(path):
            return False
        if self.by_path:
            return True
        answers = [answer for _, answer in self._answers(kind or NOT_READ)]
        if False in answers:
            return False
        return None if None in answers else True

    def unread(self, kind: ProjectKind | None) -> list[str]:
        """Return the keys of what decides and was not read: `topics`."""
        return [name for name, answer in self._answers(kind or NOT_READ) if answer is None]

    def _answers(self, kind: ProjectKind) -> Iterator[tuple[str, bool | None]]:
        if self.topics:
            yield "topics", None if kind.topics is None else bool(self.topics & kind.topics)
        if self.frameworks:
            known = kind.frameworks
            yield "frameworks", None if known is None else bool(self.frameworks & known)
        if self.visibility:
            level = kind.visibility
            yield "visibility", None if level is None else level in self.visibility
        if self.created_after is not None:
            first = datetime.combine(self.created_after, time.min, UTC)
            made = kind.created_at
            yield "created_after", None if made is None else made >= first

    @property
    def text(self) -> str:
        """What it chooses, on one line: `acme/**, topics pci`."""
        return ", ".join((*self.globs.patterns, *self.kind_words())) or "**"

    def kind_words(self) -> Iterator[str]:
        """Yield what is asked besides the path, a key and its words each: `topics pci or sox`."""
        for name in ("topics", "frameworks", "visibility"):
            words: Iterable[str] = getattr(self, name)
            if words:
                yield f"{name} {' or '.join(sorted(words))}"
        if self.created_after is not None:
            yield f"created_after {self.created_after}"


ANY_KIND: Final = ProjectPattern()
"""Matches every project."""
